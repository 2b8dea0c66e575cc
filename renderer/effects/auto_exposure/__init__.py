"""Exposure as a camera meters it."""
