"""Fixtures of the export tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from renderer.asset import AssetCache
from tests import shapes
from tests.conftest import put_solid
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
