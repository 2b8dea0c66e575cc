"""Motion blur."""
