"""Light in Cycles: exposure of rigs, patterns nobody sees, mixed HDRIs, the sky, panels."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from renderer.colour.daylight import daylight
from renderer.colour.luma import LUMA
from renderer.imaging.develop import develop
from renderer.plan import Planner
from renderer.shot.scene import SkyState, WorldState
from renderer.shot.shot import Shot

Maker = Callable[..., Planner]
RIGS = ("window", "office", "sun_sky", "night", "tent", "studio", "hdri")
SCENE: dict[str, Any] = {
    "name": "light",
    "images": 8,
    "seed": 4,
    "objects": [
        {"asset": "box.ply", "category": "box"},
        {"asset": "ball.ply", "category": "ball", "scale": 0.3},
    ],
    "camera": {"resolution": [64, 48]},
    "background": {"floor": {"material": "plain", "color": "lightgrey"}},
    "render": {"samples": 4},
}
EMPTY: dict[str, Any] = {
    **SCENE,
    "objects": [{"asset": "box.ply", "category": "b", "count": 0}],
    "background": {"floor": {"material": "plain", "color": "white", "roughness": 1}},
    "camera": {"resolution": [32, 24], "orbit": {"elevation_deg": 89}},
    "render": {"samples": 64, "max_bounces": 0, "denoise": False},
}


def picture(shot: Shot, renderer: Any, planner: Planner) -> np.ndarray:
    return develop(shot, next(iter(shot.images)), renderer.render(shot)[0], planner.folder)


@pytest.mark.parametrize("rig", RIGS)
def test_no_picture_of_a_rig_is_black_or_blown(
    make_planner: Maker, scene_renderer: Any, rig: str
) -> None:
    planner = make_planner({**SCENE, "lighting": {"rig": rig}})
    darkest = 0.12 if rig == "night" else 0.28
    for index in range(8):
        luma = picture(planner.shot(index), scene_renderer, planner) @ LUMA / 255
        assert darkest < luma.mean() < 0.82, index
        assert (luma > 0.98).mean() < 0.05, index
        assert (luma < 0.02).mean() < 0.25, index


def test_a_rig_leaves_no_trace(make_planner: Maker, scene_renderer: Any) -> None:
    """What was rendered before changes no byte, with skies, patterns and mixes among it."""
    import bpy

    kinds = ("lights", "meshes", "collections", "objects", "images")
    planner = make_planner({**SCENE, "lighting": {"rig": {"choice": list(RIGS)}}})
    leafy = make_planner({**SCENE, "lighting": {"rig": {"name": "sun_sky", "pattern": "leaves"}}})
    shots = [planner.shot(index) for index in range(8)] + [leafy.shot(0)]
    before = [scene_renderer.render(shot)[0].color for shot in shots]
    counts = {kind: len(getattr(bpy.data, kind)) for kind in kinds}
    for at in (8, 3, 7, 0, 8):
        assert np.array_equal(scene_renderer.render(shots[at])[0].color, before[at]), at
    assert {kind: len(getattr(bpy.data, kind)) for kind in kinds} == counts


def test_lamps_have_one_order_whatever_was_there_before(
    make_planner: Maker, scene_renderer: Any
) -> None:
    """Of lamps that were made anew in each shot, one picture in thirty had other noise."""
    windows = make_planner({**SCENE, "lighting": {"rig": "window"}})
    skies = make_planner({**SCENE, "lighting": {"rig": "sun_sky"}})
    shots = [planner.shot(index) for planner in (windows, skies) for index in range(5)]
    first: dict[int, Any] = {}
    for turn in range(4):
        for at in sorted(range(len(shots)), key=lambda at: at * (3, 7, 9, 1)[turn] % 10):
            color = scene_renderer.render(shots[at])[0].color
            assert np.array_equal(color, first.setdefault(at, color.copy())), (turn, at)


@pytest.mark.parametrize("kind", ["blinds", "window", "leaves"])
def test_a_pattern_is_in_no_label_and_no_view(
    make_planner: Maker, scene_renderer: Any, kind: str
) -> None:
    """It stands right before the camera, and all there is of it is its shadow."""
    lighting = {
        "world": {"color": "white", "strength": 0.2},
        "lights": [
            {"type": "sun", "strength": 1, "size": 0.05, "key_angle_deg": 0, "distance": 1.5},
            {"strength": 0.3},
        ],
    }
    plain = make_planner({**SCENE, "lighting": lighting})
    lighting["lights"][0]["pattern"] = kind  # type: ignore[index]
    planner = make_planner({**SCENE, "lighting": lighting})
    a, b = (scene_renderer.render(each.shot(1))[0] for each in (plain, planner))
    assert np.array_equal(a.index, b.index)
    assert np.array_equal(a.passes["albedo"], b.passes["albedo"])
    light, shaded = a.color[..., 1], b.color[..., 1]
    assert shaded.mean() < 0.9 * light.mean()
    # The other lamp and most of the world are not held up.
    assert np.percentile(shaded / light, 2) > 0.1


def test_mixed_hdris_add_up(make_planner: Maker, scene_renderer: Any) -> None:
    def seen(world: dict[str, Any]) -> np.ndarray:
        data = {**EMPTY, "background": {"world": True}, "lighting": {"world": world, "lights": []}}
        data["camera"] = {"resolution": [32, 24], "orbit": {"elevation_deg": 5}}
        return np.asarray(scene_renderer.render(make_planner(data).shot(0))[0].color[..., :3])

    parts = [
        {"hdri": "city", "rotation_deg": 10},
        {"hdri": "forest", "rotation_deg": 200, "temperature_k": 3000},
    ]
    mix = [{**part, "weight": weight} for part, weight in zip(parts, (1, 3), strict=True)]
    mixed = seen({"mix": mix, "strength": 2})
    expected = 2 * (0.25 * seen(parts[0]) + 0.75 * seen(parts[1]))
    assert mixed == pytest.approx(expected, rel=2e-3, abs=1e-4)


def sky(elevation_deg: float, azimuth_deg: float, haze: float, strength: float) -> WorldState:
    state = SkyState(
        sun_elevation_deg=elevation_deg, sun_azimuth_deg=azimuth_deg, haze=haze, ground=(0, 0, 0)
    )
    return WorldState(
        hdri=None, file=None, color=None, strength=strength, rotation_deg=0, sky=state
    )


def test_the_sky_glows_where_its_sun_stands(make_planner: Maker, scene_renderer: Any) -> None:
    """The camera at azimuth 0 looks towards 180: at its left is 270, at its right 90."""
    data = {**EMPTY, "background": {"world": True}, "lighting": {"lights": []}}
    data["camera"] = {
        "resolution": [32, 24],
        "focal_length_mm": 18,
        "orbit": {"azimuth_deg": 0, "elevation_deg": 0},
    }
    shot = make_planner(data).shot(0)

    def seen(azimuth: float) -> np.ndarray:
        world = sky(12, azimuth, 2, 0.1)
        return np.asarray(
            scene_renderer.render(shot.model_copy(update={"world": world}))[0].color[:8, :, 1]
        )

    assert seen(180).mean() > 1.5 * seen(0).mean()
    left, right = seen(225), seen(135)
    assert left[:, :8].mean() > 1.3 * left[:, -8:].mean()
    assert right[:, -8:].mean() > 1.3 * right[:, :8].mean()


def paper(shot: Shot, renderer: Any) -> np.ndarray:
    """The light (3,) of the middle of an empty floor, of that of a white world of strength 1."""
    white = WorldState(hdri=None, file=None, color=(1, 1, 1), strength=1, rotation_deg=0)
    plain = shot.model_copy(update={"world": white, "lamps": ()})
    seen, of = (
        renderer.render(each)[0].color[9:15, 12:20, :3].mean(axis=(0, 1)) for each in (shot, plain)
    )
    return np.asarray(seen / of)


@pytest.mark.parametrize(("elevation", "haze"), [(14.0, 0.6), (45.0, 5.0)])
def test_the_sky_is_as_bright_as_the_plan_takes_it(
    make_planner: Maker, scene_renderer: Any, elevation: float, haze: float
) -> None:
    shot = make_planner({**EMPTY, "lighting": {"lights": []}}).shot(0)
    shot = shot.model_copy(update={"world": sky(elevation, 40, haze, 1.0), "lamps": ()})
    expected = np.array(daylight(elevation, haze)[0]) / math.pi
    assert paper(shot, scene_renderer) == pytest.approx(expected, rel=0.08)


@pytest.mark.parametrize(
    "rig", [{"name": "office", "fill": 0}, {"name": "sun_sky", "elevation_deg": 90, "sun": 1}]
)
def test_a_rig_lights_paper_as_its_strength_says(
    make_planner: Maker, scene_renderer: Any, rig: dict[str, Any]
) -> None:
    """Where all of it comes from above, that is: straight below the sun, and below panels."""
    data = {**EMPTY, "lighting": {"rig": {**rig, "strength": 0.8, "pattern": "none"}}}
    if rig["name"] == "office":
        del data["lighting"]["rig"]["pattern"]
    shot = make_planner(data).shot(0)
    assert paper(shot, scene_renderer) @ LUMA == pytest.approx(0.8, rel=0.12)
