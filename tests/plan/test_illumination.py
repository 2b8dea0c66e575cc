"""Light: rigs by name, where lamps stand about the camera, patterns, mixed HDRIs."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from renderer.colour.daylight import daylight
from renderer.geometry.light_pattern import blinds, border, leaves, units, window
from renderer.plan import Planner
from renderer.plan.rigs.panel import Panel
from renderer.recipe import RecipeError, load_recipe
from renderer.recipe.lighting import Lighting
from renderer.recipe.rigs import default_rig
from renderer.shot.shot import Shot
from tests import shapes
from tests.conftest import REPOSITORY

SOLIDS = {"box": shapes.box((0.6, 0.4, 0.8))}
RIGS = ("window", "office", "sun_sky", "night", "tent", "studio", "hdri")
Maker = Callable[..., Planner]


def recipe(lighting: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    data = {
        "name": "t",
        "images": 100,
        "objects": [{"asset": "box.ply", "category": "box"}],
        "background": {"color": "white"},
        **more,
    }
    return data if lighting is None else data | {"lighting": lighting}


@pytest.mark.parametrize("rig", RIGS)
def test_a_rig_is_pure_and_survives_json(plain_planner: Maker, rig: str) -> None:
    first, second = (plain_planner(recipe({"rig": rig}), **SOLIDS) for _ in range(2))
    for index in (5, 0, 99, 5):
        shot = first.shot(index)
        assert shot.model_dump_json() == second.shot(index).model_dump_json()
        assert Shot.model_validate_json(shot.model_dump_json()) == shot
    assert first.shot(1).world != first.shot(2).world or first.shot(1).lamps != first.shot(2).lamps


@pytest.mark.parametrize("rig", RIGS)
def test_a_rig_changes_nothing_but_light(plain_planner: Maker, rig: str) -> None:
    plain = plain_planner(recipe({"world": {"color": "white"}}), **SOLIDS)
    rigged = plain_planner(recipe({"rig": rig}), **SOLIDS)
    for index in range(5):
        a, b = plain.shot(index), rigged.shot(index)
        light = {"world": b.world, "lamps": b.lamps}
        assert a.model_copy(update=light) == b


@pytest.mark.parametrize("rig", RIGS)
def test_a_rig_lights_a_thimble_as_a_sofa(plain_planner: Maker, rig: str) -> None:
    """Watts go with the square of lengths, and nothing else changes."""
    small, large = (
        plain_planner(
            recipe(
                {"rig": rig},
                objects=[{"asset": "box.ply", "category": "box", "size_m": size, "yaw_deg": 0}],
            ),
            **SOLIDS,
        ).shot(2)
        for size in (0.02, 2.0)
    )
    assert small.world == large.world
    for a, b in zip(small.lamps, large.lamps, strict=True):
        factor = 1 if a.type == "sun" else 100.0
        assert b.power == pytest.approx(a.power * factor**2, rel=1e-6)
        assert b.size == pytest.approx(a.size * factor, rel=1e-6)
        assert b.direction == pytest.approx(a.direction, abs=1e-6)


def test_a_recipe_that_says_nothing_of_light_has_any_rig(plain_planner: Maker) -> None:
    lights = plain_planner(recipe(None), **SOLIDS)
    shots = [lights.shot(index) for index in range(60)]
    assert sum(shot.world.sky is not None for shot in shots) in range(3, 20)
    assert {shot.world.hdri for shot in shots} >= {"interior", "studio"}
    assert len({len(shot.lamps) for shot in shots}) > 4
    assert len(default_rig().choice) == len(RIGS)


def test_one_key_of_light_brings_the_other_as_ever(plain_planner: Maker) -> None:
    shot = plain_planner(recipe({"lights": {"count": 0}}), **SOLIDS).shot(0)
    assert (shot.world.hdri, shot.world.strength, shot.lamps) == ("studio", 0.8, ())
    shot = plain_planner(recipe({"world": {"color": "white"}}), **SOLIDS).shot(0)
    assert [(lamp.type, lamp.pattern) for lamp in shot.lamps] == [("area", None)]


@pytest.mark.parametrize(("angle", "way"), [(0, -1.0), (180, 1.0)])
def test_the_key_angle_is_the_cameras(plain_planner: Maker, angle: float, way: float) -> None:
    """Light from behind the subject shines towards the camera, from wherever that looks."""
    for lighting in (
        {"lights": {"key_angle_deg": angle, "elevation_deg": 0}},
        {"rig": {"name": "sun_sky", "key_angle_deg": angle, "elevation_deg": 2, "sun": 1}},
    ):
        planner = plain_planner(recipe(lighting), **SOLIDS)
        for index in range(6):
            shot = planner.shot(index)
            to_camera = shot.views[0].camera.position - np.array(shot.center)
            level = to_camera[:2] / np.linalg.norm(to_camera[:2])
            assert level @ shot.lamps[0].direction[:2] == pytest.approx(way, abs=2e-3)


def test_ninety_degrees_are_at_the_cameras_right(plain_planner: Maker) -> None:
    lighting = {"lights": {"key_angle_deg": 90, "elevation_deg": 0}}
    shot = plain_planner(recipe(lighting), **SOLIDS).shot(3)
    right = shot.views[0].camera.pose[0, :3]
    # About the subject, which need not be in the middle of the frame.
    assert right @ shot.lamps[0].direction == pytest.approx(-1, abs=1e-3)


def test_a_panel_gives_the_light_of_a_disc_on_its_axis() -> None:
    """A disc's irradiance at a distance d on its axis is L pi R2 / (R2 + d2), on paper; a small
    panel's that of its area, a large one's less than the inverse square says.
    """
    for side, distance in ((0.1, 2.0), (2.0, 3.0)):
        panel = Panel((0, 0, distance), (0, 0, -1), side, side)
        radius2 = side * side / math.pi
        radiance = 1 / (math.pi * side * side)
        expected = radiance * math.pi * radius2 / (radius2 + distance**2)
        assert panel.irradiance((0, 0, 0), (0, 0, 1)) == pytest.approx(expected, rel=0.01)
    behind = Panel((0, 0, 2), (0, 0, 1), 1, 1)
    assert behind.irradiance((0, 0, 0), (0, 0, 1)) == 0


def test_daylight_is_redder_and_weaker_when_the_sun_is_low() -> None:
    (low_sky, low), (high_sky, high) = daylight(5, 1), daylight(60, 1)
    assert low[0] < high[0]
    assert low[2] / low[0] < 0.3 < high[2] / high[0]
    assert sum(low_sky) < sum(high_sky)
    for haze in (0.1, 3.0, 10.0):  # at the marks, and beyond them
        assert daylight(90, haze) == daylight(95, haze)
        assert daylight(0.5, haze) == daylight(2, haze)
    clear, hazy = daylight(30, 0.5), daylight(30, 8)
    assert sum(clear[1]) / sum(clear[0]) > 3 * sum(hazy[1]) / sum(hazy[0])


def area(pieces: list[np.ndarray]) -> float:
    rolled = [(piece, np.roll(piece, -1, axis=0)) for piece in pieces]
    return sum(abs(float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum())) / 2 for a, b in rolled)


def covered(pieces: list[np.ndarray], width: float, height: float) -> float:
    """The share of an opening that pieces cover, by filling polygons on a grid."""
    import cv2

    canvas = np.zeros((1000, 1000), np.uint8)
    for piece in pieces:
        pixels = (piece / [width, height] + 0.5) * 1000
        cv2.fillConvexPoly(canvas, np.round(pixels).astype(np.int32), 1)
    return float(canvas.mean())


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_patterns_let_the_share_of_light_through_that_they_say(share: float) -> None:
    assert area(blinds(3, 2, 10, share)) == pytest.approx(6 * (1 - share))
    assert covered(window(3, 2, 3, share), 3, 2) == pytest.approx(1 - share, abs=0.01)
    thrown = [covered(leaves(3, 2, 400, share, seed), 3, 2) for seed in range(16)]
    assert np.mean(thrown) == pytest.approx(1 - share, abs=0.08)
    assert len(set(thrown)) == 16
    assert area(border(3, 2, 5)) == pytest.approx(13 * 12 - 6)


def test_leaves_lie_where_they_do_with_any_numpy() -> None:
    """Against splitmix64 in Python's own integers."""
    whole = 2**64 - 1
    for seed, salt, at in ((7, 0, 0), (2**31 - 1, 5, 40)):
        state = ((seed * 6 + salt) * 0xD1342543DE82EF95 + (at + 1) * 0x9E3779B97F4A7C15) & whole
        state = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & whole
        state = ((state ^ state >> 27) * 0x94D049BB133111EB) & whole
        assert units(seed, salt, 41)[at] == ((state ^ state >> 31) >> 11) / 2**53


def test_a_pattern_stands_between_lamp_and_subject(plain_planner: Maker) -> None:
    for kind in ("blinds", "window", "leaves"):
        lights = {"type": {"choice": ["sun", "spot"]}, "pattern": kind}
        planner = plain_planner(recipe({"lights": lights}), **SOLIDS)
        for index in range(6):
            shot = planner.shot(index)
            (lamp,) = shot.lamps
            assert lamp.pattern is not None
            center, along = np.array(lamp.pattern.center), np.array(lamp.direction)
            away = np.array(shot.center) - center
            assert away @ along > 1.4 * shot.radius_m
            assert np.cross(away, along) == pytest.approx([0, 0, 0], abs=1e-9)
            right, up = np.array(lamp.pattern.right), np.array(lamp.pattern.up)
            assert [right @ up, right @ along, up @ along] == pytest.approx([0, 0, 0], abs=1e-9)
            assert [right @ right, up @ up] == pytest.approx([1, 1])
            assert (lamp.pattern.border == 0) == (kind == "leaves")


def test_weights_of_mixed_hdris_are_shares(plain_planner: Maker) -> None:
    mix = [{"hdri": "city", "weight": 3}, {"hdri": "night", "temperature_k": 3000}]
    world = plain_planner(recipe({"world": {"mix": mix}}), **SOLIDS).shot(0).world
    assert [layer.hdri for layer in world.mix] == ["city", "night"]
    assert world.mix[0].color == (0.75, 0.75, 0.75)
    red, green, blue = world.mix[1].color
    assert red > green > blue
    assert 0.2126 * red + 0.7152 * green + 0.0722 * blue == pytest.approx(0.25, abs=1e-3)


@pytest.mark.parametrize(
    ("lighting", "error"),
    [
        ("{rig: windo}", 'lighting.rig: "windo" is not one of .*did you mean `window`'),
        ("{rig: {name: night, cout: 2}}", "lighting.rig.cout: unknown key .did you mean `count`"),
        ("{rig: {choice: [night, nite]}}", r"lighting.rig.choice\[1\]: \"nite\" is not one of"),
        ("{rig: {name: night, fill: 2}}", "lighting.rig.fill: .*within \\[0, 1\\]"),
        ("{rig: {count: 2}}", "lighting.rig: .*a rig has a name, one of window"),
        ("{rig: night, world: {color: white}}", "lighting: .*write rig, or world and lights"),
        ("{lights: {azimuth_deg: 1, key_angle_deg: 2}}", r"azimuth_deg or key_angle_deg, not both"),
        ("{lights: {pattern: bars}}", "lighting.lights.pattern.*is not one of"),
        ("{world: {mix: [{hdri: city}]}}", "lighting.world.mix: "),
        ("{world: {mix: [{hdri: city}, {hdri: nght}]}}", r"mix\[1\].hdri: .*did you mean `night`"),
        ("{world: {hdri: city, color: white}}", "either hdri, mix or color"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, lighting: str, error: str) -> None:
    shapes.write_ply(tmp_path / "box.ply", *SOLIDS["box"])
    path = tmp_path / "r.yaml"
    path.write_text(
        "name: t\nimages: 1\nobjects: [{asset: box.ply, category: b}]\n" + f"lighting: {lighting}\n"
    )
    with pytest.raises(RecipeError, match=f"r.yaml:4:.*{error}"):
        load_recipe(path)


def test_an_engine_without_light_has_no_rigs(tmp_path: Path) -> None:
    shapes.write_ply(tmp_path / "box.ply", *SOLIDS["box"])
    path = tmp_path / "r.yaml"
    head = "name: t\nimages: 1\nobjects: [{asset: box.ply, category: b}]\n"
    for lighting, key in (
        ("{rig: night}", "rig"),
        ("{lights: {pattern: leaves}}", "lights.pattern"),
    ):
        for engine, good in (("workbench", False), ("eevee", True)):
            path.write_text(f"{head}lighting: {lighting}\nrender: {{engine: {engine}}}\n")
            if good:
                load_recipe(path)
                continue
            with pytest.raises(RecipeError, match=f"r.yaml:4:.*lighting.{key}: .*shows no light"):
                load_recipe(path)
    path.write_text(f"{head}render: {{engine: workbench}}\n")
    load_recipe(path)


def test_a_lighting_survives_json() -> None:
    for said in ({}, {"rig": {"choice": ["night", "tent"]}}, {"lights": {"pattern": "blinds"}}):
        lighting = Lighting.model_validate(said)
        assert Lighting.model_validate_json(lighting.model_dump_json()) == lighting
    with pytest.raises(ValidationError):
        Lighting.model_validate({"rig": 3})


def test_the_page_has_every_rig_with_its_keys_and_its_examples_are_good() -> None:
    import re

    import yaml

    page = (REPOSITORY / "docs" / "light.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| (`.*) \|$", page, re.MULTILINE))
    assert tuple(rows) == RIGS
    for rig in default_rig().choice:
        for key in type(rig).model_fields.keys() - {"name", "azimuth_deg", "key_angle_deg"}:
            assert f"`{key}`" in rows[rig.name], (rig.name, key)
    examples = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        Lighting.model_validate(yaml.safe_load(example)["lighting"])
