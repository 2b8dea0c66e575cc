"""Shapes without a label among the objects."""
