"""Renders textured models in turns: ``python -m tests.blender.residency FOLDER CACHE``.

A process of its own, since each scene renderer resets Blender. Prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from renderer.asset import AssetCache, AssetSource
from renderer.farm.asset_import import import_models, recipe_keys
from renderer.plan import Planner, asset_sources
from renderer.recipe import Recipe
from renderer.shot.shot import Shot

MODELS = ("uv0_control.gltf", "nearest_mask.gltf", "textrans.gltf")


def planned(folder: Path, cache: AssetCache) -> list[Shot]:
    """One image of each model alone, on a floor that it lights and shades."""
    shots = []
    for name in MODELS:
        recipe = Recipe.model_validate(
            {
                "name": "r",
                "images": 1,
                "objects": [{"asset": name, "category": "thing"}],
                "camera": {"resolution": [64, 48]},
                "background": {"floor": "plain"},
                "render": {"samples": 4, "denoise": False},
            }
        )
        known, errors = import_models([AssetSource(folder / name)], cache)
        assert not errors
        keys = recipe_keys(asset_sources(recipe, folder), known)
        shots.append(Planner(recipe, folder, cache, keys).shot(0))
    return shots


def loaded_by(scene_renderer: Any, shots: list[Shot]) -> tuple[list[Any], int]:
    """Return the frames of some shots, and how many images Cycles says that it loads for them."""
    sys.stdout.flush()
    with tempfile.TemporaryFile() as said:
        kept = os.dup(1)
        os.dup2(said.fileno(), 1)
        try:
            frames = [scene_renderer.render(shot)[0] for shot in shots]
        finally:
            os.dup2(kept, 1)
            os.close(kept)
        said.seek(0)
        return frames, said.read().count(b"Loading")


def main(folder: Path, cache: AssetCache) -> dict[str, Any]:
    """Render in turns, with all models kept and with one."""
    from renderer.blender import resident as module
    from renderer.blender.scene_renderer import SceneRenderer

    shots = planned(folder, cache)
    alone = [loaded_by(SceneRenderer(cache, folder, "cpu"), [shot])[0][0] for shot in shots]
    scene_renderer = SceneRenderer(cache, folder, "cpu")
    _, first = loaded_by(scene_renderer, shots)
    frames, again = loaded_by(scene_renderer, shots)
    equal = [
        np.array_equal(mine, theirs)
        for frame, other in zip(frames, alone, strict=True)
        for mine, theirs in (
            (frame.color, other.color),
            (frame.index, other.index),
            *((frame.passes[name], other.passes[name]) for name in ("albedo", "normal")),
        )
    ]
    forgetful = SceneRenderer(cache, folder, "cpu", keep_models=1)
    loaded_by(forgetful, shots)
    _, dropped = loaded_by(forgetful, shots[:1])
    module._TEXTURE_BYTES = 0
    forgetful = SceneRenderer(cache, folder, "cpu")
    loaded_by(forgetful, shots)
    _, over_budget = loaded_by(forgetful, shots[:1])
    return {
        "first": first,
        "again": again,
        "equal": equal,
        "dropped": dropped,
        "over_budget": over_budget,
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), AssetCache(Path(sys.argv[2])))))
