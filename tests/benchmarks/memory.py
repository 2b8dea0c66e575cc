"""Does memory grow? ``python -m tests.benchmarks.memory`` renders 500 shots with changing models.

The models of ``assets/models`` take turns, with more of them than the scene renderer keeps, under changing
worlds, lamps and floors. Resident memory is read every 25 shots; what counts is the slope over the
second half, when every cache has filled.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import psutil

from renderer.blender.native_output import discard_output
from renderer.dataset.layout import Layout
from renderer.farm.asset_import import default_cache, import_models, recipe_keys
from renderer.pipeline import Pipeline
from renderer.plan import Planner, asset_sources
from renderer.recipe import Recipe

ROOT = Path(__file__).parents[2]


def main() -> None:
    """Print resident memory over the run and its slope."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shots", type=int, default=500)
    parser.add_argument("--keep-models", type=int, default=6)
    options = parser.parse_args()
    recipe = Recipe.model_validate(
        {
            "name": "memory",
            "images": options.shots,
            "objects": [
                {"asset": "assets/models/*/*.gltf", "category": "a", "size_m": 0.3},
                {"asset": "assets/models/*/*.obj", "category": "b", "size_m": 0.3},
            ],
            "camera": {"resolution": [64, 48]},
            "lighting": {
                "world": {"choice": [{"hdri": "studio"}, {"hdri": "night"}, {"color": "random"}]},
                "lights": {"count": {"integers": [0, 3]}},
            },
            "background": {
                "choice": [
                    {"floor": {"material": {"choice": ["wood", "marble"]}, "color": "random"}},
                    {"image": "assets/backgrounds/*.jpg"},
                    {"floor": {"image": "assets/floors/*.jpg"}},
                ]
            },
            "render": {"samples": 1},
            "accept": {"min_visibility": 0},
        },
        context={"folder": ROOT},
    )
    cache, sources = default_cache(), asset_sources(recipe, ROOT)
    known, errors = import_models([s for each in sources for s in each.values()], cache)
    assert not errors, errors
    planner = Planner(recipe, ROOT, cache, recipe_keys(sources, known))
    from renderer.blender.scene_renderer import SceneRenderer

    process, seen = psutil.Process(), []
    with tempfile.TemporaryDirectory() as folder:
        with discard_output():
            scene_renderer = SceneRenderer(cache, ROOT, "cpu", keep_models=options.keep_models)
        pipeline = Pipeline(planner, scene_renderer, Layout(Path(folder)))
        lines = pipeline.run(range(options.shots))
        for number in range(options.shots):
            with discard_output():
                line = next(lines)
            assert "failed" not in line, line
            if number % 25 == 24:
                seen.append(process.memory_info().rss / 2**20)
                print(f"{number + 1:>4} shots: {seen[-1]:.0f} MiB", flush=True)
    late = np.array(seen[len(seen) // 2 :])
    slope = np.polyfit(np.arange(len(late)) * 25, late, 1)[0] if len(late) > 1 else 0.0
    print(
        f"second half: {slope * 100:+.1f} MiB per 100 shots, between {late.min():.0f} and {late.max():.0f}"
    )
    sys.exit(0 if slope * 100 < 5 else 1)


if __name__ == "__main__":
    main()
