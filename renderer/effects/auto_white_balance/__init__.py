"""White balance as a camera guesses it."""
