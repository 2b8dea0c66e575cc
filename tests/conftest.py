"""Fixtures shared by all rooms: solids on disk, one cache, one scene renderer a session."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

# Before anything reads it: tests never touch the user's cache.
_CACHE = tempfile.TemporaryDirectory(prefix="orbitset-test-cache-")
os.environ["ORBITSET_CACHE"] = _CACHE.name

from renderer.asset import AssetCache, AssetFacts, Geometry  # noqa: E402
from renderer.asset.cache import FACTS, GEOMETRY  # noqa: E402
from renderer.farm.asset_import import default_cache, import_models, recipe_keys  # noqa: E402
from renderer.plan import Planner, asset_sources  # noqa: E402
from renderer.recipe import Recipe  # noqa: E402
from tests import shapes  # noqa: E402

REPOSITORY = Path(__file__).parent.parent
SHARED = REPOSITORY.parent / "shared" / "assets"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the farm: one of its tests takes more than a minute, most of it waiting, and would
    be left alone at the end.
    """
    items.sort(key=lambda item: "farm" not in item.path.parts)


@pytest.fixture(scope="session")
def solids(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with box.ply, ball.ply (radius 1), fine_ball.ply and sheet.ply."""
    folder = tmp_path_factory.mktemp("solids")
    shapes.write_ply(folder / "box.ply", *shapes.box((0.6, 0.4, 0.8)))
    shapes.write_ply(folder / "ball.ply", *shapes.sphere(rings=24))
    shapes.write_ply(folder / "fine_ball.ply", *shapes.sphere(rings=400))
    shapes.write_ply(folder / "sheet.ply", *shapes.plane(1.0, 1.0))
    return folder


@pytest.fixture(scope="session")
def cache() -> AssetCache:
    """The session's cache."""
    return default_cache()


@pytest.fixture(scope="session")
def make_planner(cache: AssetCache, solids: Path) -> Callable[..., Planner]:
    """A planner of a recipe given as a mapping, models imported; paths relative to ``solids``."""

    def make(data: dict[str, Any], folder: Path = solids) -> Planner:
        recipe = Recipe.model_validate(data, context={"folder": folder})
        sources = asset_sources(recipe, folder)
        known, errors = import_models([s for each in sources for s in each.values()], cache)
        assert not errors
        return Planner(recipe, folder, cache, recipe_keys(sources, known))

    return make


@pytest.fixture
def plain_planner(tmp_path: Path) -> Callable[..., Planner]:
    """A planner of solids put into a cache by hand: no Blender, milliseconds."""
    return planner_of_solids(AssetCache(tmp_path / "cache"), tmp_path)


def planner_of_solids(own: AssetCache, folder: Path) -> Callable[..., Planner]:
    """Makes planners of solids (points, faces and perhaps keypoints), of which those that a recipe
    names are put into a cache.
    """

    def make(data: dict[str, Any], **solids: tuple[Any, ...]) -> Planner:
        recipe = Recipe.model_validate(data)
        keys = list[dict[str, str]]()
        for each in (recipe, *recipe.by_scenario.values()):
            keys += [{spec.asset: Path(spec.asset).stem} for spec in each.objects]
            keys += [{} for _ in (*each.effects.on, "furniture", "walls")]  # which bring none
        for name in {name for each in keys for name in each.values()}:
            if not own.has(name):
                put_solid(own, name, *solids[name])
        return Planner(recipe, folder, own, tuple(keys))

    return make


def put_solid(own: AssetCache, name: str, points: Any, faces: Any, keypoints: Any = None) -> None:
    """Put a solid into a cache by hand, its name for a key."""
    from scipy.spatial import ConvexHull

    points = np.asarray(points, np.float32)
    hull = ConvexHull(points.astype(float)) if np.ptp(points, axis=0).min() > 0 else None
    corners = points if hull is None else points[hull.vertices]
    facts = AssetFacts(
        key=name,
        file=f"{name}.ply",
        format="ply",
        faces=len(faces),
        parts=1,
        materials=(),
        textures=(),
        minimum=tuple(points.min(0).tolist()),
        maximum=tuple(points.max(0).tolist()),
        source_to_model=tuple(tuple(row) for row in np.eye(4).tolist()),
        guessed_up_axis="z",
        guessed_unit="m",
        warnings=(),
        keypoints=keypoints,
    )
    with own.writing(name) as folder:
        Geometry(points, faces, corners, np.empty((0, 3), np.int32)).save(folder / GEOMETRY)
        (folder / FACTS).write_text(facts.model_dump_json())


@pytest.fixture(scope="session")
def scene_renderer(cache: AssetCache, solids: Path) -> Any:
    """The one scene renderer of the session, on the CPU."""
    from renderer.blender.scene_renderer import SceneRenderer

    return SceneRenderer(cache, solids, "cpu")


def shared(*parts: str) -> Path:
    """A path among the real models and broken files, or skip where they are not at hand."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip("the shared models are not beside this checkout")
    return path


CROWD: dict[str, Any] = {
    "name": "crowd",
    "seed": 5,
    "images": 8,
    "objects": [
        {"asset": "box.ply", "category": "box", "count": {"integers": [1, 2]}},
        {"asset": "ball.ply", "category": "ball", "scale": {"uniform": [0.2, 0.4]}},
    ],
    "camera": {"resolution": [96, 72]},
    "lighting": {"world": {"choice": [{"hdri": "studio"}, {"color": "random"}]}},
    "background": {"choice": [{"color": "random"}, {"floor": "wood"}, {"world": True}]},
    "render": {"samples": 2},
}


def write_recipe(folder: Path, data: dict[str, Any], solids: Path) -> Path:
    """Write a recipe beside copies of the solids."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("box.ply", "ball.ply", "sheet.ply"):
        (folder / name).write_bytes((solids / name).read_bytes())
    path = folder / "recipe.yaml"
    path.write_text(json.dumps(data))
    return path


def orbitset(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the program as a user does, in a process of its own."""
    command = [sys.executable, str(REPOSITORY / "cli.py"), *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, **options
    )


def contents(dataset: Path) -> dict[str, bytes]:
    """Every file of a dataset but the working files: what must not depend on how it was made."""
    return {
        str(path.relative_to(dataset)): path.read_bytes()
        for path in sorted(dataset.rglob("*"))
        if path.is_file() and path.relative_to(dataset).parts[0] not in ("parts", "logs")
    }


@pytest.fixture(scope="session")
def crowd(tmp_path_factory: pytest.TempPathFactory, solids: Path) -> Path:
    """A dataset of eight small images, rendered once; do not write into it."""
    folder = tmp_path_factory.mktemp("crowd")
    result = orbitset("render", write_recipe(folder, CROWD, solids), "-o", folder / "out")
    assert result.returncode == 0, result.stderr
    return folder / "out"
