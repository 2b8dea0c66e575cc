"""Rays, projection, rotations and outlines: what every room needs of geometry, once."""
