"""Fixtures of the export tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from renderer.asset import AssetCache
from renderer.dataset.layout import Layout
from renderer.registry import LABEL_KINDS
from tests import shapes
from tests.conftest import CROWD, orbitset, put_solid, write_recipe
from tests.export.planted import planted as planted


@pytest.fixture
def copy(crowd: Path, tmp_path: Path) -> Path:
    """A copy of the rendered dataset, to be damaged."""
    shutil.copytree(crowd, tmp_path / "copy")
    return tmp_path / "copy"


@pytest.fixture(scope="session")
def solid_cache(tmp_path_factory: pytest.TempPathFactory) -> AssetCache:
    """A cache with a cube of 0.4 m, a brick of 0.2 x 0.5 x 0.3 m whose origin is 0.13 m beside its
    middle, and a ball of radius 0.2 m.
    """
    cache = AssetCache(tmp_path_factory.mktemp("solids") / "cache")
    cube, faces = shapes.box((0.4, 0.4, 0.4))
    put_solid(cache, "cube", cube - (0, 0, 0.2), faces)
    brick, faces = shapes.box((0.2, 0.5, 0.3))
    put_solid(cache, "brick", brick + (0.13, 0, 0), faces)
    put_solid(cache, "ball", *shapes.sphere(0.2, rings=16))
    return cache


@pytest.fixture(scope="session")
def everything(tmp_path_factory: pytest.TempPathFactory, solids: Path) -> Layout:
    """A rendered dataset with every label kind, three scenes of two views: any format will do.

    Do not write into it.
    """
    folder = tmp_path_factory.mktemp("everything")
    data = {
        **CROWD,
        "name": "everything",
        "images": 3,
        "camera": {"resolution": [64, 48], "rig": {"orbit": {"steps": 2, "span_deg": 20}}},
        "background": {"color": "#808080", "shadows": False},  # no floor too far for 16 bits
        "render": {"samples": 1},
        "labels": dict.fromkeys(LABEL_KINDS.names(), True),
    }
    recipe = write_recipe(folder, data, solids)
    for name, side in (("box", 0.4), ("ball", 1.0)):
        points = {"top": [0, 0, side], "bottom": [0, 0, -side]}
        text = yaml.safe_dump({"points": points, "skeleton": [["top", "bottom"]]})
        (folder / f"{name}.keypoints.yaml").write_text(text)
    done = orbitset("render", recipe, "-o", folder / "out")
    assert done.returncode == 0, done.stderr
    return Layout(folder / "out")
