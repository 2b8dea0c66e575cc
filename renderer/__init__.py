"""orbitset: labelled image datasets rendered with Blender, from a recipe."""

__version__ = "0.2.0"
