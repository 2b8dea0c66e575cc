"""The scene renderer: a shot looks the same whatever was rendered before it, and nothing piles up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from renderer.plan import Planner

Maker = Callable[..., Planner]
MIXED = {
    "name": "t",
    "images": 40,
    "objects": [
        {
            "asset": "b*.ply",
            "category": "thing",
            "count": {"integers": [1, 4]},
            "scale": {"uniform": [0.3, 1]},
        },
    ],
    "camera": {"resolution": [64, 48]},
    "lighting": {
        "world": {"choice": [{"hdri": "studio"}, {"hdri": "night"}, {"color": "random"}]},
        "lights": {
            "count": {"integers": [0, 4]},
            "type": {"choice": ["area", "point", "sun", "spot"]},
        },
    },
    "background": {
        "choice": [
            {"color": "random"},
            {"color": "white", "shadows": False},
            {"world": True},
            {
                "floor": {
                    "material": {"choice": ["wood", "concrete", "marble", "fabric", "plain"]},
                    "color": "random",
                }
            },
            {"world": True, "floor": "marble"},
        ]
    },
    "render": {"samples": 2},
}


def test_a_shot_alone_gives_the_same_bytes(make_planner: Maker, scene_renderer: Any) -> None:
    """Promise 2: what was rendered before leaves no trace, in any pass."""
    from renderer.blender.scene_renderer import SceneRenderer

    planner = make_planner(MIXED)
    shots = [planner.shot(index) for index in range(12)]
    in_a_row = [scene_renderer.render(shot)[0] for shot in shots]
    assert max(len(shot.lamps) for shot in shots) >= 3
    for index in (11, 3, 7, 0):
        again = scene_renderer.render(shots[index])[0]
        assert np.array_equal(again.color, in_a_row[index].color), index
        assert np.array_equal(again.index, in_a_row[index].index), index
        assert again.passes.keys() == {"albedo", "normal"}
        for name, rows in again.passes.items():
            assert np.array_equal(rows, in_a_row[index].passes[name]), (index, name)
    fresh = SceneRenderer(planner.cache, planner.folder, "cpu")
    alone = fresh.render(shots[5])[0]
    assert np.array_equal(alone.color, in_a_row[5].color)
    # Resetting Blender made the session's scene renderer useless: give it the new scene's attributes.
    scene_renderer.__dict__.update(fresh.__dict__)


def test_nothing_piles_up(make_planner: Maker, scene_renderer: Any) -> None:
    """Data-blocks after 30 mixed shots are those after 15."""
    import bpy

    planner = make_planner(MIXED)
    kinds = [name for name in dir(bpy.data) if hasattr(getattr(bpy.data, name), "remove")]

    def counts() -> dict[str, int]:
        return {kind: len(getattr(bpy.data, kind)) for kind in kinds}

    for index in range(15):
        scene_renderer.set(planner.shot(index))
    before = counts()
    for index in range(15, 30):
        scene_renderer.set(planner.shot(index))
    after = counts()
    changing = {"objects", "materials"}  # lamps stay, as many as most shots need
    assert {k: v for k, v in after.items() if k not in changing} == {
        k: v for k, v in before.items() if k not in changing
    }
    assert after["materials"] <= before["materials"] + 5  # the floors not seen yet
    assert after["objects"] - after["lights"] < 15


def test_models_are_dropped_when_there_are_many(
    make_planner: Maker, cache: Any, solids: Any, scene_renderer: Any
) -> None:
    import bpy

    from renderer.blender.scene_renderer import SceneRenderer

    planner = make_planner(MIXED)
    small = SceneRenderer(cache, solids, "cpu", keep_models=1)
    for index in range(10):
        small.set(planner.shot(index))
        in_use = {entry.asset for entry in planner.shot(index).objects}
        models = [mesh for mesh in bpy.data.meshes if mesh.name.startswith("model")]
        assert len(models) <= max(1, len(in_use))
    assert len(bpy.data.libraries) == 0
    scene_renderer.__dict__.update(SceneRenderer(cache, solids, "cpu").__dict__)


def test_samples_changed_alone_take_effect(make_planner: Maker, scene_renderer: Any) -> None:
    """Cycles ignores settings changed between renders unless told (bpy 4.5)."""
    empty = {
        "objects": [{"asset": "box.ply", "category": "b", "count": 0}],
        "background": {"floor": "plain"},
    }
    lit = {"world": {"hdri": "studio"}, "lights": []}
    planner = make_planner({**MIXED, **empty, "lighting": lit, "render": {"samples": 1}})
    shot = planner.shot(0)
    coarse = scene_renderer.render(shot)[0].color[..., 1]
    many = shot.render.model_copy(update={"samples": 256})
    fine = scene_renderer.render(shot.model_copy(update={"render": many}))[0].color[..., 1]
    again = scene_renderer.render(shot)[0].color[..., 1]

    def noise(image: np.ndarray) -> float:
        return float(np.abs(np.diff(image, axis=1)).mean())

    assert noise(fine) < 0.5 * noise(coarse)
    assert np.array_equal(coarse, again)


def test_lamps_are_never_in_the_picture(make_planner: Maker, scene_renderer: Any) -> None:
    """A wall of light right behind the object, seen by nothing but the object."""
    for kind in ("area", "point", "spot"):
        planner = make_planner(
            {
                **MIXED,
                "camera": {
                    "resolution": [64, 48],
                    "orbit": {"azimuth_deg": 0, "elevation_deg": 20},
                },
                "lighting": {
                    "world": {"color": "black"},
                    "lights": {
                        "type": kind,
                        "azimuth_deg": 180,
                        "elevation_deg": -10,
                        "distance": 2,
                        "size": 5,
                        "strength": 9,
                    },
                },
                "background": {"color": "black", "shadows": False},
                "render": {"samples": 4, "denoise": False},
            }
        )
        frame = scene_renderer.render(planner.shot(0))[0]
        covered = cv2.dilate((frame.index > 0).astype(np.uint8), np.ones((7, 7), np.uint8))
        far = covered == 0
        assert far.mean() > 0.1
        assert frame.color[far].max() < 0.05
        assert frame.color[..., :3].max() > 0.1
