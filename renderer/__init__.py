"""orbitset: labelled image datasets rendered with Blender, from a recipe."""

__version__ = "0.3.0"
