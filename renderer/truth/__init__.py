"""Passes + triangles → masks, boxes, visibility, truncation, poses: exact labels of a shot."""

from renderer.truth.label import Label, Labeller
from renderer.truth.mask import encode_rle, tight_box
from renderer.truth.polygon import mask_to_polygons

__all__ = ["Label", "Labeller", "encode_rle", "mask_to_polygons", "tight_box"]
