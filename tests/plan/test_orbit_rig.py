"""A row of views along the orbit: where they stand, what they see, and how they are called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from renderer.dataset.coco import image_record
from renderer.dataset.records import FileRecord
from renderer.plan import Planner
from renderer.shot.camera import View
from renderer.shot.shot import Shot
from tests import shapes

Maker = Callable[..., Planner]
SIZE = (160, 120)


@pytest.fixture
def shot_of(plain_planner: Maker) -> Callable[..., Shot]:
    def build(rig: dict[str, Any], index: int = 0, **orbit: Any) -> Shot:
        planner = plain_planner(
            {
                "name": "row",
                "images": 9,
                "objects": [
                    {"asset": "box.ply", "category": "box", "position_m": [2, -1, 0]},
                    {"asset": "box.ply", "category": "box", "position_m": [3, 0, 0]},
                ],
                "camera": {"resolution": SIZE, "orbit": orbit, "rig": {"orbit": rig}},
                "background": {"color": "black", "shadows": False},
                "accept": {"min_visibility": 0},
            },
            box=shapes.box((0.6, 0.4, 0.8)),
        )
        return planner.shot(index)

    return build


def corners(shot: Shot) -> np.ndarray:
    """(n, 3) those of the boxes, in the world."""
    box = np.array([[x, y, z, 1] for x in (-0.3, 0.3) for y in (-0.2, 0.2) for z in (0, 0.8)])
    return np.concatenate([(box @ np.array(each.model_to_world).T)[:, :3] for each in shot.objects])


def pixels(shot: Shot, view: View) -> np.ndarray:
    """(n, 2) where the corners are, by K and the pose alone."""
    seen = corners(shot) @ np.array(view.camera.world_to_camera)[:3, :3].T
    seen = (seen + np.array(view.camera.world_to_camera)[:3, 3]) @ np.array(view.camera.K).T
    assert (seen[:, 2] > 0).all()
    return seen[:, :2] / seen[:, 2:]


def middle(shot: Shot) -> np.ndarray:
    found = corners(shot)
    return (found.min(0) + found.max(0)) / 2


def test_an_open_row(shot_of: Callable[..., Shot]) -> None:
    """From the orbit's azimuth over the span, both ends in it; each view has its own place."""
    shot = shot_of({"steps": 4, "span_deg": 30}, azimuth_deg=350, elevation_deg=25)
    assert [view.name for view in shot.views] == ["00", "01", "02", "03"]
    assert [view.azimuth_deg for view in shot.views] == pytest.approx([350, 0, 10, 20])
    assert [view.elevation_deg for view in shot.views] == [25] * 4
    assert [view.next for view in shot.views] == ["01", "02", "03", None]
    away = np.array([view.camera.position - middle(shot) for view in shot.views])
    assert np.linalg.norm(away, axis=1) == pytest.approx(np.linalg.norm(away[0]))
    azimuths = np.degrees(np.arctan2(away[:, 0], -away[:, 1])) % 360
    assert (azimuths + 180) % 360 == pytest.approx([170, 180, 190, 200])
    heights = np.degrees(np.arctan2(away[:, 2], np.hypot(away[:, 0], away[:, 1])))
    assert heights == pytest.approx([25] * 4)


def test_a_full_circle_does_not_repeat_its_first_view(shot_of: Callable[..., Shot]) -> None:
    shot = shot_of({"steps": 8, "span_deg": 360}, azimuth_deg=10)
    assert [view.azimuth_deg for view in shot.views] == pytest.approx(np.arange(8) * 45 + 10)
    assert shot.views[-1].next == "00"


@pytest.mark.parametrize("framing", [[0, 0], [0.6, -1]])
@pytest.mark.parametrize("fill", [0.4, 1.0])
def test_nothing_is_cut_off_in_any_view(
    shot_of: Callable[..., Shot], fill: float, framing: list[float]
) -> None:
    """The widest view reaches as far from the centre as fill says, and no other farther."""
    rig = {"steps": 12, "span_deg": 360}
    shot = shot_of(rig, fill=fill, framing=framing, roll_deg=12, elevation_deg=20)
    size = np.array(SIZE)
    center = size / 2 * (1 + np.array(framing) * (1 - fill))
    reach = [np.abs(pixels(shot, view) - center).max(0) / (size / 2) for view in shot.views]
    assert np.max(reach) == pytest.approx(fill, abs=1e-6)
    for view in shot.views:
        found = pixels(shot, view)
        assert (found >= -1e-6).all()
        assert (found <= size + 1e-6).all()


def test_a_given_distance_is_that_of_all(shot_of: Callable[..., Shot]) -> None:
    shot = shot_of({"steps": 3, "span_deg": 90}, distance_m=7)
    for view in shot.views:
        assert np.linalg.norm(view.camera.position - middle(shot)) == pytest.approx(7)


def test_the_span_may_be_drawn_and_stays_with_its_shot(shot_of: Callable[..., Shot]) -> None:
    rig = {"steps": 3, "span_deg": {"uniform": [20, 40]}}
    spans = set()
    for index in range(3):
        shot = shot_of(rig, index)
        assert shot == shot_of(rig, index)
        first, _, last = (view.azimuth_deg for view in shot.views)
        spans.add(round((last - first) % 360, 6))
    assert len(spans) == 3
    assert all(20 <= each <= 40 for each in spans)


def test_its_images_are_linked_and_say_where_they_were_seen_from(
    shot_of: Callable[..., Shot],
) -> None:
    shot = shot_of({"steps": 3, "span_deg": 30}, index=2, azimuth_deg=5)
    assert Shot.model_validate_json(shot.model_dump_json()) == shot
    picture = {"picture": FileRecord(path="a.png", blake2b="0")}
    records = [image_record(shot, each, picture, 0.5, ()) for each in shot.images]
    assert [record.id for record in records] == [7, 8, 9]
    assert [record.file_name for record in records] == [
        f"images/00000002-{name}.png" for name in ("00", "01", "02")
    ]
    assert [record.azimuth_deg for record in records] == pytest.approx([5, 20, 35])
    assert all(record.views == {"00": 7, "01": 8, "02": 9} for record in records)
    assert [record.view for record in records] == ["00", "01", "02"]
