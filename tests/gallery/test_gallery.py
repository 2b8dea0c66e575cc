"""docs/effects.md has a picture of each effect, made from settings that a recipe may have."""

from __future__ import annotations

import re

import pytest
from PIL import Image

from renderer.registry import EFFECTS
from tests.conftest import REPOSITORY
from tests.gallery.rows import PANELS, PICTURES, Row, rows

_MOST_BYTES = 5_000_000


def test_every_effect_has_a_row() -> None:
    keys = {row.key for row in rows()}
    assert {f"effects.{name}" for name in EFFECTS.names()} <= keys


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_every_row_has_recipes_and_its_picture(row: Row) -> None:
    recipes = [row.recipe(panel).model_dump_json() for panel in PANELS]
    assert len(set(recipes)) == 3
    with Image.open(PICTURES / f"{row.name}.jpg") as picture:
        assert picture.width % len(PANELS) == 0


def test_the_page_shows_them_all_and_they_are_small() -> None:
    page = (REPOSITORY / "docs" / "effects.md").read_text()
    shown = set(re.findall(r"\(gallery/(\w+)\.jpg\)", page))
    there = {path.stem for path in PICTURES.glob("*.jpg")}
    assert shown == there == {row.name for row in rows()}
    assert sum(path.stat().st_size for path in PICTURES.iterdir()) <= _MOST_BYTES
