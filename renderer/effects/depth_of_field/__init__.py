"""Depth of field."""
