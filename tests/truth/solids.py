"""Three solids whose depth and normals are known on paper."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from renderer.truth.view import ViewTruth
from tests.truth.formulas import box_truth, dome_truth, sheet_truth

SIZE = 96, 72
SCENE: dict[str, Any] = {
    "name": "solids",
    "images": 3,
    "camera": {"resolution": SIZE, "orbit": {"fill": 0.6, "roll_deg": 20}},
    "background": {"color": "black", "shadows": False},
}
SOLIDS = {"box.ply": box_truth, "sheet.ply": sheet_truth, "dome.ply": dome_truth}
Make = Callable[..., ViewTruth]
# Upright sheets from back to front: how far towards the camera, to the right, up, and how large.
STACK = ((0.0, 0.0, 0.0, 2.0), (1.0, 0.4, 0.3, 1.0), (2.0, 0.7, -0.1, 0.8), (3.0, -0.9, 0.5, 0.5))
FRONTAL = {
    "resolution": SIZE,
    "orbit": {"azimuth_deg": 0, "elevation_deg": 0, "distance_m": 8, "roll_deg": 0},
}
