"""Roughness of what models bring."""
