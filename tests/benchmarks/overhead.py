"""What a labelled image costs over a bare render: ``python -m tests.benchmarks.overhead``.

In one process and in turns, the same shots are (a) taken through the whole pipeline: planned,
rendered, developed, labelled, encoded and written; (b) rendered by nothing but
``bpy.ops.render.render`` of the same scene. The ratio of their wall times is what counts, at
640x480 and 16 samples, with 1 and with 20 objects, the denoiser in neither.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from renderer.blender.native_output import discard_output
from renderer.dataset.layout import Layout
from renderer.farm.asset_import import default_cache, import_models, recipe_keys
from renderer.pipeline import Pipeline
from renderer.plan import Planner, asset_sources
from renderer.recipe import Recipe

ASSETS = Path(__file__).parents[2] / "assets" / "models"


def recipe_for(objects: int, samples: int) -> Recipe:
    """One product, or twenty of four kinds, on a floor under an HDRI and an area light."""
    models = [
        ("market_mug/model.gltf", {"size_m": 0.12}),
        ("ycb_005_tomato_soup_can/textured.obj", {"up_axis": "z"}),
        ("ycb_003_cracker_box/textured.obj", {"up_axis": "z"}),
        ("ycb_011_banana/textured_simple.obj", {"up_axis": "z"}),
    ]
    kinds = models[: 1 if objects == 1 else 4]
    return Recipe.model_validate(
        {
            "name": "overhead",
            "images": 10_000,
            "objects": [
                {
                    "asset": str(ASSETS / file),
                    "category": file.split("/")[0],
                    "count": objects // len(kinds),
                    **more,
                }
                for file, more in kinds
            ],
            "accept": {"min_visibility": 0.01},
            "background": {"floor": "plain"},
            "render": {"samples": samples, "denoise": False},
        }
    )


@contextmanager
def unhooked() -> Iterator[None]:
    """Take our capture off Cycles for a while: a bare render reads no passes."""
    import cycles

    hooked = cycles.CyclesRender.render
    cycles.CyclesRender.render = hooked.wrapped
    try:
        yield
    finally:
        cycles.CyclesRender.render = hooked


def measure(objects: int, rounds: int, per_round: int, samples: int) -> dict[str, Any]:
    """Return seconds an image of both ways and their ratio, by rounds."""
    recipe = recipe_for(objects, samples)
    cache, sources = default_cache(), asset_sources(recipe, Path("/"))
    known, errors = import_models([s for each in sources for s in each.values()], cache)
    assert not errors, errors
    planner = Planner(recipe, Path("/"), cache, recipe_keys(sources, known))
    import bpy

    from renderer.blender.scene_renderer import SceneRenderer

    ours, bare = [], []
    with tempfile.TemporaryDirectory() as folder, discard_output():
        scene_renderer = SceneRenderer(cache, Path("/"), "cpu")
        pipeline = Pipeline(planner, scene_renderer, Layout(Path(folder)))
        list(pipeline.run(range(2)))  # warm up
        for number in range(rounds):
            indices = range(2 + number * per_round, 2 + (number + 1) * per_round)
            begin = time.perf_counter()
            lines = list(pipeline.run(indices))
            ours.append((time.perf_counter() - begin) / per_round)
            assert all(each["annotations"] for line in lines for each in line["images"])
            spent = 0.0
            with unhooked():
                for index in indices:
                    scene_renderer.set(planner.shot(index))
                    begin = time.perf_counter()
                    bpy.ops.render.render()
                    spent += time.perf_counter() - begin
            bare.append(spent / per_round)
    ratios = [a / b for a, b in zip(ours, bare, strict=True)]
    return {
        "objects": objects,
        "ours_s": statistics.mean(ours),
        "bare_s": statistics.mean(bare),
        "ratio": sum(ours) / sum(bare),
        "ratio_min": min(ratios),
        "ratio_max": max(ratios),
    }


def main() -> None:
    """Print both ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, nargs="+", default=[1, 20])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--per-round", type=int, default=6)
    parser.add_argument("--samples", type=int, default=16)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = []
    for objects in options.objects:
        found.append(measure(objects, options.rounds, options.per_round, options.samples))
    if options.json:
        print(json.dumps(found, indent=1))
        return
    for row in found:
        print(
            f"{row['objects']:>2} objects: {row['ours_s']:.2f} s an image, bare {row['bare_s']:.2f} s, "
            f"ratio {row['ratio']:.3f} (rounds {row['ratio_min']:.3f} to {row['ratio_max']:.3f})"
        )


if __name__ == "__main__":
    main()
