"""The images of a shot: ids, names, and variants that share one render and its labels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from renderer.dataset.layout import Layout
from renderer.effects.exposure.effect import ExposureState
from renderer.errors import UnavailableError
from renderer.imaging import develop
from renderer.pipeline import Pipeline
from renderer.plan import Planner
from renderer.shot.frame import Frame
from renderer.shot.shot import Shot, Variant
from tests import shapes

Maker = Callable[..., Planner]
STEREO = {
    "name": "t",
    "images": 9,
    "objects": [{"asset": "ball.ply", "category": "ball"}],
    "camera": {"resolution": [64, 48], "rig": {"stereo": {"baseline_m": 0.1}}},
    "background": {"color": "black", "shadows": False},
    "render": {"denoise": False},
}


@pytest.fixture
def planner(plain_planner: Maker) -> Planner:
    return plain_planner(STEREO, ball=shapes.sphere(rings=12))


def test_ids_and_names(planner: Planner) -> None:
    """id = (shot * views + view) * variants + variant + 1: none twice, none left out."""
    shots = [
        planner.shot(index).model_copy(update={"variants": (Variant(),) * 3}) for index in range(4)
    ]
    images = [image for shot in shots for image in shot.images]
    assert [image.id for image in images] == list(range(1, 25))
    assert [image.file_name for image in shots[1].images] == [
        "images/00000001-left-00.png",
        "images/00000001-left-01.png",
        "images/00000001-left-02.png",
        "images/00000001-right-00.png",
        "images/00000001-right-01.png",
        "images/00000001-right-02.png",
    ]
    assert (24 - 1) // 3 % 2 == 1  # the last is of the second view
    assert images[-1].view.name == "right"
    (alone,) = planner.shot(7).model_copy(update={"views": planner.shot(7).views[:1]}).images
    assert (alone.id, alone.file_name) == (8, "images/00000007.png")


class Grey:
    """Renders one grey a view, and counts."""

    def __init__(self) -> None:
        self.renders = 0

    def render(self, shot: Shot) -> tuple[Frame, ...]:
        self.renders += 1
        return tuple(Frame(np.full((48, 64, 4), 0.1, np.float32)) for _ in shot.views)


class Bracketed:
    """Plans three exposures of each shot."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._planner, name)

    def shot(self, index: int) -> Shot:
        stops = [Variant(effects=(ExposureState(stops=each),)) for each in (-1.0, 0.0, 1.0)]
        return self._planner.shot(index).model_copy(update={"variants": tuple(stops)})


def test_variants_share_a_render_and_its_labels(planner: Planner, tmp_path: Path) -> None:
    grey, plan = Grey(), Bracketed(planner)
    assert Shot.model_validate_json(plan.shot(0).model_dump_json()) == plan.shot(0)
    (line,) = Pipeline(plan, grey, Layout(tmp_path)).run([0])  # type: ignore[arg-type]
    assert grey.renders == 1
    assert [each["image"]["id"] for each in line["images"]] == [1, 2, 3, 4, 5, 6]
    left, right = line["images"][:3], line["images"][3:]
    for view in (left, right):
        assert all(each["annotations"] == view[0]["annotations"] for each in view)
    assert left[0]["annotations"] != right[0]["annotations"]
    assert left[2]["image"]["views"] == {"left": 3, "right": 6}
    shown = [
        int(np.asarray(Image.open(tmp_path / each["image"]["file_name"]))[0, 0, 0]) for each in left
    ]
    assert shown == sorted(set(shown))


def test_other_light_is_refused(planner: Planner) -> None:
    shot = planner.shot(0)
    lit = shot.model_copy(update={"variants": (Variant(gains=(("key", (2.0, 1.0, 1.0)),)),)})
    image = next(iter(lit.images))
    with pytest.raises(UnavailableError, match="light groups"):
        develop(lit, image, Frame(np.zeros((48, 64, 4), np.float32)), Path())
