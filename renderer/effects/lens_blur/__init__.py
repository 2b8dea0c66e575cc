"""Blur of a lens in focus."""
