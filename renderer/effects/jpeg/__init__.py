"""Losses of JPEG."""
