"""What textures cost once they are loaded: ``python -m tests.benchmarks.residency MODELS``.

In one process and in turns, the same shots of all models with a texture of 1,000 pixels or more
are rendered (a) as the models are, (b) with the textures taken out of their files. Each shot has
about half of the models, so that models leave the scene and come back. 240x180 pixels, 1 sample, no
denoiser; the time is that of ``SceneRenderer.render`` alone, after some shots to load everything. Where
textures stay on the device, the ratio of (a) to (b) is what looking them up costs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from renderer.asset import BLEND
from renderer.asset.cache import AssetCache
from renderer.blender.native_output import discard_output
from renderer.farm.asset_import import default_cache, import_models, recipe_keys
from renderer.plan import Planner, asset_sources
from renderer.recipe import Recipe
from renderer.values.files import MODEL_SUFFIXES

_LARGE = 1000
# Saves a model of the cache without its textures; prints the longest side of the largest one.
_STRIP = """
import bpy, sys
stored_in, target = sys.argv[1:3]
bpy.ops.wm.read_factory_settings(use_empty=True)
with bpy.data.libraries.load(stored_in, link=False) as (stored, wanted):
    wanted.meshes = list(stored.meshes)
for mesh in wanted.meshes:
    bpy.context.scene.collection.objects.link(bpy.data.objects.new(mesh.name, mesh))
largest = max((max(image.size) for image in bpy.data.images), default=0)
for material in bpy.data.materials:
    for node in list(material.node_tree.nodes if material.node_tree else ()):
        if node.type == "TEX_IMAGE":
            material.node_tree.nodes.remove(node)
bpy.ops.wm.save_as_mainfile(filepath=target)
print("LARGEST", largest)
"""


def textured_models(folder: Path, most: int, cache: AssetCache, bare: Path) -> dict[Path, Path]:
    """Return models with large textures, each with a file of it without them."""
    files = [path for path in sorted(folder.glob("*/*")) if path.suffix.lower() in MODEL_SUFFIXES]
    found: dict[Path, Path] = {}
    for path in files:
        (source,) = asset_sources(_recipe([path]), Path("/"))[0].values()
        known, _ = import_models([source], cache)
        if source not in known or len(found) == most:
            continue
        target = bare / f"{path.parent.name}.blend"
        stored = cache.entry(known[source].key) / BLEND
        said = subprocess.run(
            [sys.executable, "-c", _STRIP, str(stored), str(target)],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        if int(said.rsplit("LARGEST", 1)[1].split()[0]) >= _LARGE:
            found[path] = target
    return found


def _recipe(models: list[Path]) -> Recipe:
    count = 1 if len(models) == 1 else {"integers": [0, 1]}
    return Recipe.model_validate(
        {
            "name": "residency",
            "images": 10_000,
            "objects": [
                {"asset": str(path), "category": f"c{at}", "count": count, "size_m": 0.2}
                for at, path in enumerate(models)
            ],
            "camera": {"resolution": [240, 180]},
            "accept": {"min_visibility": 0, "max_truncation": 1},
            "background": {"color": "#808080", "shadows": False},
            "render": {"samples": 1, "denoise": False},
        }
    )


def seconds_a_shot(models: list[Path], cache: AssetCache, warm: int, shots: int) -> float:
    """Return the mean time of ``SceneRenderer.render``."""
    from renderer.blender.scene_renderer import SceneRenderer

    recipe = _recipe(models)
    sources = asset_sources(recipe, Path("/"))
    known, errors = import_models([s for each in sources for s in each.values()], cache)
    assert not errors, errors
    planner = Planner(recipe, Path("/"), cache, recipe_keys(sources, known))
    planned = [planner.shot(index) for index in range(warm + shots)]
    with discard_output():
        scene_renderer = SceneRenderer(cache, Path("/"), "cpu")
        for shot in planned[:warm]:
            scene_renderer.render(shot)[0]
        begin = time.perf_counter()
        for shot in planned[warm:]:
            scene_renderer.render(shot)[0]
        return (time.perf_counter() - begin) / shots


def main() -> None:
    """Print both times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder of model folders")
    parser.add_argument("--models", type=int, default=13, help="how many of them at the most")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--warm", type=int, default=12)
    parser.add_argument("--shots", type=int, default=24)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cache = default_cache()
    with tempfile.TemporaryDirectory() as folder:
        pairs = textured_models(options.folder.resolve(), options.models, cache, Path(folder))
        times: list[list[float]] = [[], []]
        for _ in range(options.rounds):
            for models, spent in zip((list(pairs), list(pairs.values())), times, strict=True):
                spent.append(seconds_a_shot(models, cache, options.warm, options.shots))
    with_textures, without = (sum(spent) / len(spent) for spent in times)
    row = {
        "models": len(pairs),
        "with_s": with_textures,
        "without_s": without,
        "ratio": with_textures / without,
        "ratios": [a / b for a, b in zip(*times, strict=True)],
    }
    if options.json:
        print(json.dumps(row, indent=1))
        return
    rounds = ", ".join(f"{ratio:.2f}" for ratio in row["ratios"])
    print(
        f"{len(pairs)} models: {with_textures:.3f} s a shot with textures, {without:.3f} s without, "
        f"ratio {row['ratio']:.2f} (rounds {rounds})"
    )


if __name__ == "__main__":
    main()
