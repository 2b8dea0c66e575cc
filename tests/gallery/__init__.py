"""The pictures of docs/effects.md: each effect off, mild and strong."""
