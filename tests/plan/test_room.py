"""Rooms: walls, floors and tables on paper, in the rays and in Cycles; around every camera."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from renderer.plan import Planner
from renderer.recipe import Recipe
from renderer.shot.ground import BELOW
from renderer.shot.shot import Shot
from renderer.truth.view import ViewTruth

Maker = Callable[..., Planner]
TOPS = {"table": 0.6, "table_square": 1.0, "table_round": 1.0}


def scene(**room: Any) -> dict[str, Any]:
    return {
        "name": "t",
        "images": 40,
        "objects": [
            {"asset": "box.ply", "category": "box", "count": 2},
            {"asset": "ball.ply", "category": "ball", "scale": 0.3},
        ],
        "camera": {
            "resolution": [96, 72],
            "focal_length_mm": 24,
            "orbit": {"elevation_deg": {"uniform": [5, 40]}},
        },
        "background": {"room": room},
        "render": {"samples": 4, "denoise": False},
    }


def planes(shot: Shot) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Of each wall and the floor a point (3,) and the unit normal (3,) in the world."""
    found = {}
    for each in shot.background.room:
        if each.part != "table":
            matrix = np.array(shot.objects[each.instance - 1].model_to_world)
            found[each.instance] = matrix[:3, 3], matrix[:3, 2] / np.linalg.norm(matrix[:3, 2])
    return found


def corners(planner: Planner, shot: Shot) -> np.ndarray:
    """The hull corners (n, 3) of all that is no part of the room, in the world."""
    parts = {each.instance for each in shot.background.room}
    found = []
    for entry in shot.objects:
        if entry.instance not in parts:
            matrix = np.array(entry.model_to_world)
            hull = planner.cache.geometry(entry.asset).hull
            found.append(hull @ matrix[:3, :3].T + matrix[:3, 3])
    return np.concatenate(found)


def test_depth_and_normals_of_walls_are_those_of_planes(make_planner: Maker) -> None:
    planner = make_planner(scene(table=0))
    walls_seen = 0
    for index in range(6):
        shot = planner.shot(index)
        camera = shot.views[0].camera
        truth = ViewTruth.of(shot, camera, planner.cache)
        y, x = np.mgrid[:72, :96] + 0.5
        rays = camera.rays(x.ravel(), y.ravel())
        rotation = camera.pose[:3, :3]
        for instance, (point, normal) in planes(shot).items():
            mine = (truth.index == instance).ravel()
            walls_seen += int(mine.any())
            if not mine.any():
                continue
            towards = rotation @ normal
            depth = (rotation @ (point - camera.position)) @ towards / (rays[mine] @ towards)
            assert truth.depth.ravel()[mine] == pytest.approx(depth, rel=2e-5)
            assert np.abs(truth.normal.reshape(-1, 3)[mine] - towards).max() < 1e-4
            # No other plane is nearer, but where a wall ends.
            for other, (there, facing) in planes(shot).items():
                along = rays[mine] @ (rotation @ facing)
                with np.errstate(divide="ignore"):
                    nearer = (there - camera.position) @ facing / along
                before = (nearer > 0) & (nearer < depth * (1 - 1e-5))
                assert other == instance or not before.any()
    assert walls_seen > 12


def test_a_room_is_around_every_camera_and_thing(make_planner: Maker) -> None:
    data = scene()
    data["effects"] = {"distractors": {"count": 12}}
    planner = make_planner(data)
    tables = 0
    for index in range(12):
        shot = planner.shot(index)
        points = np.vstack([corners(planner, shot), shot.views[0].camera.position])
        for instance, (point, normal) in planes(shot).items():
            entry = shot.objects[instance - 1]
            assert entry.category is None
            assert ((points - point) @ normal).min() > -2 * BELOW * shot.radius_m
        for each in shot.background.room:
            if each.part == "table":
                tables += 1
                entry = shot.objects[each.instance - 1]
                own = np.c_[points[:-1], np.ones(len(points) - 1)]
                on_top = (own @ np.linalg.inv(np.array(entry.model_to_world)).T)[:, :3]
                model = entry.file.rsplit(".", 1)[1]
                assert (np.abs(on_top[:, 0]) < 0.5).all()
                assert (np.abs(on_top[:, 1]) < TOPS[model] / 2).all()
                assert on_top[:, 2].min() == pytest.approx(0, abs=1e-3)
                if model == "table_round":
                    assert np.linalg.norm(on_top[:, :2], axis=1).max() < 0.5
    assert 1 <= tables <= 11


def test_objects_are_those_without_a_room(make_planner: Maker) -> None:
    with_room, plain = (
        make_planner(scene()),
        make_planner({**scene(), "background": {"world": True}}),
    )
    for index in range(4):
        one, other = with_room.shot(index), plain.shot(index)
        assert one.objects[: len(other.objects)] == other.objects
        assert (one.views, one.center, one.radius_m) == (other.views, other.center, other.radius_m)
        assert "room" not in other.model_dump_json()
        assert Shot.model_validate_json(one.model_dump_json()) == one


def test_cycles_meets_what_rays_meet(make_planner: Maker, scene_renderer: Any) -> None:
    planner = make_planner(scene(distance=2))
    for index in range(3):
        shot = planner.shot(index)
        frame = scene_renderer.render(shot)[0]
        cast = ViewTruth.of(shot, shot.views[0].camera, planner.cache)
        assert (cast.index != frame.index).mean() < 0.005
        labelled = ViewTruth.of(shot, shot.views[0].camera, planner.cache, frame).labelled
        assert {each.category for each in labelled} == {"box", "ball"}
        assert frame.color[..., :3].min() >= 0
        assert np.median(frame.color[frame.index > 3][:, :3]) > 0.005  # light comes in


def test_nothing_of_it_is_left(make_planner: Maker, scene_renderer: Any) -> None:
    import bpy

    room, plain = (
        make_planner(scene(table=1)),
        make_planner({**scene(), "background": {"world": True}}),
    )
    before = scene_renderer.render(plain.shot(0))[0].color
    first = scene_renderer.render(room.shot(0))[0].color
    count = len(bpy.data.materials)
    assert np.array_equal(scene_renderer.render(plain.shot(0))[0].color, before)
    assert np.array_equal(scene_renderer.render(room.shot(0))[0].color, first)
    assert len(bpy.data.materials) == count


def test_what_does_not_go_together_is_refused() -> None:
    for background, said in (
        ({"room": {}, "floor": "wood"}, "leave out floor"),
        ({"room": {}, "color": "red"}, "leave out color"),
        ({"floor": {"finish": "wood", "material": "wood"}}, "one of material, image and finish"),
        ({"floor": {"finish": "wood", "color": "red"}}, "keys of finish"),
        ({"floor": {"finish": "velvet"}}, "velvet|wood"),
    ):
        with pytest.raises(ValidationError, match=said):
            Recipe.model_validate({**scene(), "background": background})
    good = {**scene(), "background": {"room": {"walls": "tile"}, "world": True}}
    assert Recipe.model_validate(good).background.room.walls.family == "tile"  # type: ignore[union-attr]
