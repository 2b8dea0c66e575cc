"""Recipes and models by chance: ``python -m tests.fuzz --seed 1``; what goes wrong is printed.

Draws recipes from the schema, plans each and renders some, and mutates small model files. The same
seed gives the same recipes and mutations; a number printed here can be looked at with ``--show``.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from itertools import chain
from pathlib import Path

from renderer.asset import AssetCache
from renderer.blender.native_output import discard_output
from renderer.farm.asset_import import import_models
from tests.fuzz import models, recipes


def main() -> int:
    """Run it; the exit code is 1 where something went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--recipes", type=int, default=2000)
    parser.add_argument("--rendered", type=int, default=200)
    parser.add_argument("--mutations", type=int, default=300)
    parser.add_argument("--show", type=int, help="print the recipe of this number, and stop")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="orbitset-fuzz-") as scratch:
        folder = Path(scratch)
        place = recipes.PlanContext(folder, AssetCache(folder / "cache"))
        if options.show is not None:
            print(json.dumps(recipes.drawn(place, options.seed, options.show), indent=1))
            return 0
        _, errors = import_models(place.sources(), place.cache)
        assert not errors
        from renderer.blender.scene_renderer import SceneRenderer

        found = 0
        with discard_output():
            scene_renderer = SceneRenderer(place.cache, folder, "cpu")
        by_recipes = recipes.findings(
            place, scene_renderer, options.seed, options.recipes, options.rendered
        )
        by_models = models.findings(place, scene_renderer, options.seed, options.mutations)
        kinds = chain(
            (("recipe", *each) for each in by_recipes), (("model", *e) for e in by_models)
        )
        while True:
            with discard_output():
                each = next(kinds, None)
            if each is None:
                break
            found += 1
            print("{} {}: {}".format(*each), flush=True)
    print(
        f"seed {options.seed}: {options.recipes} recipes, {options.rendered} of them rendered, "
        f"{options.mutations} mutations of models: {found} went wrong"
    )
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
