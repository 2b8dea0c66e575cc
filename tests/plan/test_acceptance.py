"""Which poses are accepted at the limits of a recipe, and what is said where none is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from renderer.plan import PlanError, Planner
from tests import shapes

Maker = Callable[..., Planner]
SOLIDS = {"box": shapes.box((1.0, 1.0, 1.0)), "ball": shapes.sphere(rings=12)}
# Its lowest point is at the height of its place; the box's middle is at 0.5.
WITHIN = {"asset": "ball.ply", "category": "ball", "scale": 0.1, "position_m": [0, 0, 0.4]}
CRATE = {"asset": "box.ply", "category": "crate", "position_m": [0, 0, 0]}


def recipe(*objects: dict[str, Any], **more: Any) -> dict[str, Any]:
    orbit = more.pop("orbit", {"azimuth_deg": 0, "elevation_deg": 0})
    camera = {"resolution": [96, 72], "orbit": orbit, "focal_length_mm": more.pop("focal", 50)}
    plain = {"name": "t", "images": 1, "background": {"color": "white", "shadows": False}}
    return {**plain, "objects": list(objects), "camera": camera, **more}


def refusal(plain_planner: Maker, data: dict[str, Any]) -> str:
    with pytest.raises(PlanError) as refused:
        plain_planner(data, **SOLIDS).shot(0)
    return str(refused.value)


def test_an_object_inside_another_is_allowed_at_0(plain_planner: Maker) -> None:
    free = recipe(CRATE, WITHIN, accept={"min_visibility": 0})
    assert [entry.category for entry in plain_planner(free, **SOLIDS).shot(0).objects] == [
        "crate",
        "ball",
    ]
    said = refusal(plain_planner, recipe(CRATE, WITHIN, accept={"min_visibility": 0.01}))
    assert said == (
        "image 0: no pose was accepted in 50 tries; most often (50x) ball is hidden: lower "
        "accept.min_visibility, move the objects apart (position_m) or widen camera.orbit"
    )


def test_an_object_outside_the_frame_is_allowed_at_1(plain_planner: Maker) -> None:
    aside = {**WITHIN, "position_m": [30, 0, 0]}
    orbit = {"azimuth_deg": 0, "elevation_deg": 0, "distance_m": 4, "framing": [0.5, 0]}
    at_one = recipe(CRATE, aside, orbit=orbit, accept={"max_truncation": 1})
    assert len(plain_planner(at_one, **SOLIDS).shot(0).objects) == 2
    said = refusal(
        plain_planner, recipe(CRATE, aside, orbit=orbit, accept={"max_truncation": 0.99})
    )
    assert said.endswith(
        "is outside the frame: raise camera.orbit.distance_m, bring camera.orbit.framing "
        "nearer to 0 or raise accept.max_truncation"
    )


def test_an_object_behind_the_camera_is_outside_the_frame(plain_planner: Maker) -> None:
    """The camera looks at the middle of both, from between them."""
    behind = {**WITHIN, "position_m": [0, -10, 0]}
    orbit = {"azimuth_deg": 0, "elevation_deg": 0, "distance_m": 1}
    at_one = recipe(CRATE, behind, orbit=orbit, accept={"max_truncation": 1})
    shot = plain_planner(at_one, **SOLIDS).shot(0)
    assert [entry.category for entry in shot.objects] == ["crate", "ball"]
    said = refusal(plain_planner, recipe(CRATE, behind, orbit=orbit))
    assert "ball is outside the frame: raise camera.orbit.distance_m or" in said


@pytest.mark.parametrize(
    ("orbit", "remedy"),
    [
        ({"distance_m": 0.2}, "raise camera.orbit.distance_m, or choose a longer"),
        ({"fill": 1, "azimuth_deg": 45}, None),
    ],
)
def test_a_camera_in_an_object(
    plain_planner: Maker, orbit: dict[str, Any], remedy: str | None
) -> None:
    data = recipe(CRATE, orbit={"elevation_deg": 0, **orbit}, accept={"max_truncation": 1})
    if remedy is None:
        assert plain_planner(data, **SOLIDS).shot(0)
    else:
        said = refusal(plain_planner, data)
        assert "the camera is inside or before crate: " in said
        assert remedy in said


@pytest.mark.parametrize(
    ("background", "remedy"),
    [
        ({"floor": "wood"}, "raise camera.orbit.elevation_deg, or leave out background.floor"),
        ({"color": "white"}, "raise camera.orbit.elevation_deg, or set background.shadows: false"),
        ({"choice": [{"floor": "plain"}]}, "or leave out background.floor"),
    ],
)
def test_a_camera_below_the_floor(
    plain_planner: Maker, background: dict[str, Any], remedy: str
) -> None:
    data = recipe(CRATE, orbit={"elevation_deg": -30}, background=background)
    said = refusal(plain_planner, data)
    assert "(50x) the camera is below the floor: " in said
    assert said.endswith(remedy)


def test_what_helps_where_objects_have_no_places(plain_planner: Maker) -> None:
    """A wall of a box before a small ball, wherever the ball slides to."""
    wall = {"asset": "box.ply", "category": "wall", "scale": 50}
    data = recipe(
        {**WITHIN, "position_m": None, "category": "odd (name)"},
        wall,
        orbit={"azimuth_deg": 0, "elevation_deg": 0},
        accept={"min_visibility": 1, "tries": 3},
        seed=3,
    )
    refused = 0
    for seed in range(20):
        try:
            plain_planner({**data, "seed": seed}, **SOLIDS).shot(0)
        except PlanError as error:
            refused += 1
            assert (
                "odd (name) is hidden: lower accept.min_visibility, widen arrangement.gap"
                in str(error)
            )
            assert str(error).endswith("widen camera.orbit or raise accept.tries")
    assert refused


def test_nothing_is_said_to_be_lowered_below_its_limit(plain_planner: Maker) -> None:
    """At the limits of accept only the camera can be to blame."""
    free = {"min_visibility": 0, "max_truncation": 1, "tries": 5}
    for orbit in ({"distance_m": 0.3}, {"elevation_deg": -40}):
        data = recipe(CRATE, WITHIN, orbit=orbit, accept=free, background={"floor": "wood"})
        said = refusal(plain_planner, data)
        assert "accept." not in said
        assert "raise camera.orbit." in said
