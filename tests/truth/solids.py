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
