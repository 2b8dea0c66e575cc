"""Sharpening in the camera."""
