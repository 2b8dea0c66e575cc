"""Render the pictures: ``python -m tests.gallery [NAME ...]``, all of them where none is named."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from renderer.farm.recipe_assets import planner_of, prepare_assets
from renderer.recipe import Recipe
from tests.gallery.rows import PANELS, PICTURES, SCENE, rows

_LINE = 18


def main() -> None:
    """Write the pictures to docs/gallery."""
    parser = argparse.ArgumentParser(prog="python -m tests.gallery")
    parser.add_argument("names", nargs="*", help="pictures; all of them where none is named")
    parser.add_argument("--out", type=Path, default=PICTURES)
    chosen = parser.parse_args()
    table = {row.name: row for row in rows()}
    unknown = [name for name in chosen.names if name not in table]
    if unknown:
        parser.error(f"no picture is called {', '.join(unknown)}; there are {', '.join(table)}")
    from renderer.blender.scene_renderer import SceneRenderer
    from renderer.farm.asset_import import default_cache

    chosen.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        renderer = SceneRenderer(default_cache(), SCENE.parent, "cpu")
        made: dict[str, Image.Image] = {}
        for name in chosen.names or table:
            recipes = [table[name].recipe(panel) for panel in PANELS]
            for recipe in recipes:
                # Of most effects the scene without is the same.
                key = recipe.model_dump_json()
                if key not in made:
                    made[key] = _render(recipe, renderer, Path(folder) / str(len(made)))
            panels = [made[recipe.model_dump_json()] for recipe in recipes]
            _beside_each_other(panels).save(chosen.out / f"{name}.jpg", quality=88)
            print(chosen.out / f"{name}.jpg", flush=True)


def _render(recipe: Recipe, renderer: Any, out: Path) -> Image.Image:
    from renderer.blender.native_output import discard_output
    from renderer.dataset.layout import Layout
    from renderer.pipeline import Pipeline

    planner = planner_of(recipe, SCENE.parent, prepare_assets(recipe, SCENE.parent))
    with discard_output():
        list(Pipeline(planner, renderer, Layout(out)).run(range(1)))
    (path,) = sorted((out / "images").iterdir())
    return Image.open(path).convert("RGB")


def _beside_each_other(panels: list[Image.Image]) -> Image.Image:
    """Return the panels in a row, what each shows written above it."""
    width, height = panels[0].size
    sheet = Image.new("RGB", (len(panels) * width, height + _LINE), "white")
    draw = ImageDraw.Draw(sheet)
    for at, (panel, name) in enumerate(zip(panels, PANELS, strict=True)):
        sheet.paste(panel, (at * width, _LINE))
        draw.text((at * width + 6, 3), name, fill="black")
    return sheet


if __name__ == "__main__":
    main()
