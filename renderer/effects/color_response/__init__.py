"""Colours and tones as a camera renders them."""
