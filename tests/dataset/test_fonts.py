"""Names in any script: drawn with characters, or by the category's number, and never as boxes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont, features

from renderer.dataset import fonts
from renderer.dataset.overlay import draw_overlay
from renderer.truth.mask import encode_rle
from tests.conftest import orbitset
from tests.dataset.test_untrusted_content import rename

SCRIPTS = {
    "latin": "Ünïcødé Łódź",
    "cyrillic": "чашка",
    "greek": "φλιτζάνι",
    "han": "杯子",
    "japanese": "コップ",
    "korean": "컵",
    "arabic": "كوب",
    "hebrew": "כוס",
    "hindi": "कप",
    "thai": "ถ้วย",
    "emoji": "🫖",
    "mixed": "mug ☕ 杯",
}
SCRIPTS |= {"a mark": "q\u0303\u0301", "a variant": "☕\ufe0f", "a sequence": "👩\u200d🚀"}
SHAPED = ("arabic", "hebrew", "thai", "a mark")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine without a font but Pillow's own."""
    monkeypatch.setattr(fonts, "_blender_fonts", tuple)
    monkeypatch.setattr(fonts, "_system_fonts", tuple)
    fonts._font_of.cache_clear()
    yield
    fonts._font_of.cache_clear()


def glyph(char: str, font: Any) -> bytes:
    alone = font.font_variant(layout_engine=ImageFont.Layout.BASIC)
    return bytes(alone.getmask(char))


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_character_is_drawn_in_a_font_that_has_it(script: str) -> None:
    if script in SHAPED and not features.check("raqm"):
        pytest.skip("this Pillow cannot shape the script")
    name = SCRIPTS[script]
    assert fonts.label_of(3, name) == name
    assert fonts.undrawable({3: name}) == []
    made = fonts.line(20, name, ", vis. 87%")
    assert "".join(text for text, _ in made.pieces) == f"{name}, vis. 87%"
    for text, font in made.pieces:
        for char in set(text) - set(" \u200d\ufe0f"):
            assert glyph(char, font) != glyph("\U0010fffe", font), (char, font)


def test_what_no_font_has_is_called_by_its_number(bare: None) -> None:
    names = {1: "mug", 2: "杯子", 3: "كوب", 4: "\u200b\n", 5: "ok 🫖"}
    assert [fonts.label_of(*each) for each in names.items()] == [
        *("mug", "category 2", "category 3", "category 4", "category 5")
    ]
    (said,) = fonts.undrawable(names)
    assert said.startswith("no font here has the characters of categories 2, 3, 4, 5: they are")
    mask = np.zeros((72, 96), bool)
    mask[30:40, 40:52] = True
    record = {"category_id": 2, "bbox": [40, 30, 12, 10], "visibility": 0.874}
    record["segmentation"] = encode_rle(mask)
    grey = Image.new("RGB", (96, 72), "#808080")
    by_name, by_number = (draw_overlay(grey, [record], {2: n}) for n in ("杯子", "category 2"))
    assert by_name.tobytes() == by_number.tobytes()


def test_scripts_that_need_shaping_are_not_drawn_without_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    check = features.check
    monkeypatch.setattr(features, "check", lambda what: what != "raqm" and check(what))
    assert [fonts.label_of(1, name) for name in ("كوب", "कपि", "杯子", "mug")] == [
        *("category 1", "category 1", "杯子", "mug")
    ]


def test_names_of_one_line() -> None:
    assert fonts.plain("cafe\u0301") == "caf\u00e9"
    assert fonts.plain("a\n\tb\x1b[31m\u202ec\0 \ud800d") == "a b[31mc d"
    assert len(fonts.plain("é" * 10**6)) == 200
    made = fonts.line(20, fonts.plain("a" * 10**6))
    assert made.width < 10_000


def test_a_line_is_as_wide_and_high_as_it_is_drawn() -> None:
    for name in SCRIPTS.values():
        made = fonts.line(20, name)
        canvas = Image.new("L", (500, 100))
        made.draw(ImageDraw.Draw(canvas), 50, 50, "white")
        rows, columns = np.nonzero(np.array(canvas))
        assert 50 + made.top <= rows.min()
        assert rows.max() < 50 + made.bottom
        assert columns.min() >= 46
        assert columns.max() < 50 + made.width + 4


def test_show_warns_once(copy: Path, tmp_path: Path) -> None:
    rename(copy, "\U00010380\u0f40")  # Ugaritic and Tibetan
    assert orbitset("dataset", "merge", copy).returncode == 0
    result = orbitset("dataset", "show", copy, "-o", tmp_path / "sheet.png")
    assert result.returncode == 0
    assert result.stderr.count("warning: no font here has the characters of category 2") == 1
    data = json.loads((copy / "annotations/instances.json").read_text())
    assert data["categories"][1]["name"] == "\U00010380\u0f40"
