"""Colours that a lens magnifies differently."""
