"""What an export says of itself: its README's figures, and that its lines of code run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from renderer.dataset.layout import Layout
from renderer.export.write import export
from renderer.farm.asset_import import default_cache
from renderer.recipe.exports import export_of
from renderer.registry import FORMATS
from tests.dataset.edits import edit_labels

SPLIT = {"split": {"train": 0.5, "val": 0.3, "test": 0.2}}


def write(layout: Layout, name: str, target: Path, **options: Any) -> str:
    choice = export_of({"format": name, **options})
    export(layout, choice, target, cache=default_cache())
    return (target / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("options", [{}, SPLIT], ids=["whole", "split"])
@pytest.mark.parametrize("name", FORMATS.names())
def test_its_lines_of_code_load_it(
    everything: Layout, tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    text = write(everything, name, tmp_path / name, **options)
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path / name,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip(), "they show nothing"


@pytest.mark.parametrize("name", FORMATS.names())
def test_it_says_what_the_files_are_and_what_they_mean(
    everything: Layout, tmp_path: Path, name: str
) -> None:
    text = write(everything, name, tmp_path / name)
    for head in ("What is in it", "Units and axes", "What is left out", "How to load it"):
        assert f"\n## {head}\n" in text, head
    facts = json.loads((tmp_path / name / "export.json").read_text())
    for sentence in facts["left_out"]:
        assert sentence in text.replace("\\", "")
    assert "{" not in re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)


def test_its_figures_are_those_of_the_files(planted: Layout, tmp_path: Path) -> None:
    text = write(planted, "yolo", tmp_path / "yolo", **SPLIT)
    for side, share in SPLIT["split"].items():
        images = len(list((tmp_path / "yolo/images" / side).iterdir()))
        assert re.search(rf"\| {side} \| {images} \| {images / 7:.4f} \| {share} \|", text)
    assert "7 images with 10 annotations (1 more are left out)" in text
    labels = json.loads(planted.instances.read_text())
    counts = Counter(each["category_id"] for each in labels["annotations"])
    for record in labels["categories"][:39]:
        assert f"| {record['id']} | {record['name']} | {counts[record['id']]} |" in text
    assert "And 250 more that are not as frequent" in text


def test_names_from_anywhere_are_shown_as_they_are(copy: Path, tmp_path: Path) -> None:
    name = "a|b <script> [x](http://y) `c`\n# d"
    edit_labels(copy, lambda data: data["categories"][0].update(name=name))
    text = write(Layout(copy), "yolo", tmp_path / "yolo")
    assert r"| 1 | a\|b \<script\> \[x\](http://y) \`c\` \# d |" in text
