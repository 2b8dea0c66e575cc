"""Passes + triangles → exact labels of a shot's views, a file for each kind.

This room's own modules are not imported here: a recipe asks the kinds what it may say, and needs no
arrays for that.
"""
