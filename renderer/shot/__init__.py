"""The Shot: a scene as plain data, fully decided. It knows no recipe and no Blender."""
