"""Procedural surfaces: wood, fabric, concrete, metal, plastic and tile."""
