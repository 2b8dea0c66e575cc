"""Passes → picture: denoise, composite, view transform, encode. No Blender needed."""

from renderer.imaging.develop import develop
from renderer.imaging.encode import encode

__all__ = ["develop", "encode"]
