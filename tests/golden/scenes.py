"""The four scenes: their first plans, and two small images of each."""

from __future__ import annotations

import json
import platform
from pathlib import Path

from renderer.commands.import_progress import load_planner
from renderer.dataset.layout import Layout
from renderer.pipeline import Pipeline
from renderer.plan import Planner
from renderer.recipe import load_recipe

HERE = Path(__file__).parent
SCENES = HERE.parent.parent / "scenes"
NAMES = ("clutter", "extremes", "quickstart", "turntable")
PLANS, IMAGES = 12, 2


def planner(name: str) -> Planner:
    """The planner of a scene."""
    return load_planner(load_recipe(SCENES / f"{name}.yaml"), quiet=True)[0]


def plans(name: str) -> str:
    """The first plans of a scene, one JSON line each."""
    of = planner(name)
    return "".join(of.shot(index).model_dump_json() + "\n" for index in range(PLANS))


def render(name: str, folder: Path) -> str:
    """Render two images of a scene at a tenth of its size; return their part lines."""
    from renderer.blender.scene_renderer import SceneRenderer

    of = planner(name)
    camera = of.recipe.camera.model_copy(update={"resolution": (96, 72)})
    small = of.recipe.render.model_copy(update={"samples": 4})
    recipe = of.recipe.model_copy(update={"camera": camera, "render": small})
    of = Planner(recipe, of.folder, of.cache, of.keys)
    scene_renderer = SceneRenderer(of.cache, of.folder, "cpu")
    lines = Pipeline(of, scene_renderer, Layout(folder)).run(range(IMAGES))
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)


def processor() -> str:
    """The processor's name: the last bits of a picture may differ between two kinds."""
    info = Path("/proc/cpuinfo")
    named = [line for line in info.read_text().splitlines() if line.startswith("model name")]
    return named[0].partition(":")[2].strip() if named else platform.processor()
