"""Fixtures of the export tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.export.planted import planted as planted


@pytest.fixture
def copy(crowd: Path, tmp_path: Path) -> Path:
    """A copy of the rendered dataset, to be damaged."""
    shutil.copytree(crowd, tmp_path / "copy")
    return tmp_path / "copy"
