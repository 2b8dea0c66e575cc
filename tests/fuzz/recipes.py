"""Recipes by chance: each plans, or fails with sentences; each that is rendered validates."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from renderer.asset import AssetCache, AssetSource
from renderer.commands.origin import origin_of
from renderer.dataset.assemble import assemble
from renderer.dataset.layout import Layout
from renderer.dataset.parts import write_part
from renderer.dataset.validate import validate
from renderer.farm.asset_import import import_models
from renderer.farm.run import Run
from renderer.pipeline import Pipeline
from renderer.plan import PlanError, Planner, asset_sources
from renderer.recipe import RecipeError, load_recipe, recipe_schema
from renderer.shot.shot import Shot
from tests import shapes
from tests.fuzz.schema import Drawer

CASES = Path(__file__).parents[1] / "cases"
# Planning takes milliseconds; crowds of thousands of objects, seconds.
_PLAN_LIMIT_S = 60.0


class PlanContext:
    """A folder with the files that recipes draw from, and their models in a cache."""

    def __init__(self, folder: Path, cache: AssetCache) -> None:
        """Write the files and import the models."""
        self.folder, self.cache = folder, cache
        shapes.write_ply(folder / "box.ply", *shapes.box((0.6, 0.4, 0.8)))
        shapes.write_ply(folder / "ball.ply", *shapes.sphere(rings=8))
        shapes.write_ply(folder / "sheet.ply", *shapes.plane(1.0, 1.0))
        for name in ("unlit_mask.gltf", "uv1_uv0opaque.gltf", "mix_vcol.gltf", "inf.exr"):
            shutil.copy(CASES / name, folder)
        Image.linear_gradient("L").convert("RGB").save(folder / "photo.jpg")
        models = sorted([*folder.glob("*.ply"), *folder.glob("*.gltf")])
        self.files = {
            "asset": [path.name for path in models] + ["*.ply"],
            "image": ["photo.jpg", "*.jpg"],
            "hdri": ["studio", "night", "inf.exr"],
        }

    def planner(self, path: Path) -> tuple[Planner, Run, str]:
        """Return the planner of a recipe file, its run, and its text; raises what a user sees."""
        loaded = load_recipe(path)
        sources = asset_sources(loaded.recipe, loaded.folder)
        known, errors = import_models([s for each in sources for s in each.values()], self.cache)
        if errors:
            raise errors[0]
        run = Run(loaded.recipe, loaded.folder, Layout(self.folder / "out"), self.cache, known)
        return run.planner, run, loaded.text

    def sources(self) -> list[AssetSource]:
        """Return the models."""
        return [AssetSource(self.folder / name) for name in self.files["asset"] if "*" not in name]


def drawn(place: PlanContext, seed: int, number: int) -> dict[str, Any]:
    """Return the recipe of a number: the same for the same seed."""
    chance = random.Random(f"{seed}/{number}")
    schema = recipe_schema()
    data: dict[str, Any] = Drawer(schema, chance, place.files).draw(schema)
    data |= {"name": f"fuzz-{number}", "images": 1, "objects": data["objects"] or [{}]}
    camera = data.setdefault("camera", {})
    camera["resolution"] = [32, 24]
    render = data.setdefault("render", {})
    render["samples"] = chance.choice((1, 2))
    render["engine"] = chance.choices(("cycles", "workbench", "eevee"), (90, 8, 2))[0]
    if chance.random() < 0.7:  # the stricter rules leave little to render
        data["accept"] = {"min_visibility": 0, "max_truncation": 1, "tries": 3}
    for each in data["objects"]:
        if chance.random() < 0.7:
            each["count"] = chance.choice((0, 1, 2, {"integers": [0, 3]}))
    return data


def plan(place: PlanContext, seed: int, number: int) -> tuple[Shot | None, Run | None, str]:
    """Return (shot, run, what is wrong); neither shot nor fault where it fails in sentences."""
    path = place.folder / "recipe.yaml"
    path.write_text(json.dumps(drawn(place, seed, number)), encoding="utf-8")
    begin = time.monotonic()
    try:
        planner, run, _ = place.planner(path)
        shot: Shot | None = planner.shot(0)
        Shot.model_validate_json(shot.model_dump_json())  # type: ignore[union-attr]
    except (RecipeError, PlanError) as error:
        said = str(error)
        bare = [line for line in said.splitlines() if len(line) < 15]
        return None, None, f"no sentence: {said}" if bare or "Traceback" in said else ""
    except Exception as error:
        return None, None, f"{type(error).__name__}: {error}"
    spent = time.monotonic() - begin
    slow = f"took {spent:.0f} s to plan" if spent > _PLAN_LIMIT_S else ""
    return shot, run, slow


def render(scene_renderer: Any, run: Run) -> str:
    """Render a planned recipe's one image and return what validation finds, or nothing."""
    shutil.rmtree(run.layout.root, ignore_errors=True)
    try:
        run.claim(origin_of(run.folder / "recipe.yaml", {}))
        lines = list(Pipeline(run.planner, scene_renderer, run.layout).run([0]))
        write_part(run.layout, lines, 1)
        assemble(run.layout)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if "failed" in lines[0]:
        return f"failed: {lines[0]['failed']}"
    return "; ".join(validate(run.layout, run.cache).findings)


def findings(
    place: PlanContext, scene_renderer: Any, seed: int, count: int, rendered: int
) -> Iterator[tuple[int, str]]:
    """Yield the number of each recipe that goes wrong, and how."""
    left = rendered
    for number in range(count):
        shot, run, wrong = plan(place, seed, number)
        if not wrong and shot is not None and run is not None and left:
            left -= 1
            wrong = render(scene_renderer, run)
        if wrong:
            yield number, wrong
    if left:
        yield -1, f"only {rendered - left} of {rendered} recipes could be rendered"
