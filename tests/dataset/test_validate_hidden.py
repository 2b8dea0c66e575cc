"""Validation of what is beyond the frame, hidden, lossy or failed; a dataset without Blender."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from renderer.asset import AssetCache
from renderer.commands.app import app
from renderer.dataset.layout import Layout
from renderer.dataset.validate import validate
from renderer.geometry.crop import Crop
from renderer.plan import Planner
from renderer.truth.mask import encode_rle, to_mask
from tests.dataset.edits import (
    Change,
    add,
    edit_labels,
    image,
)
from tests.dataset.without_blender import dataset_of

Make = Callable[..., tuple[Layout, AssetCache]]


@pytest.fixture
def make(plain_planner: Callable[..., Planner], tmp_path: Path) -> Make:
    def build(breaks: frozenset[int] = frozenset(), **output: Any) -> tuple[Layout, AssetCache]:
        return dataset_of(plain_planner, tmp_path / "made", breaks, output=output)

    return build


def most_cut(data: Any) -> Any:
    """The record with half of itself beyond the frame, or nearly."""
    return min(data["annotations"], key=lambda record: abs(record["truncation"] - 0.5))


def lose_hidden(record: Any) -> None:
    """Take the inside off the hidden part of an amodal mask: its box stays what it is."""
    height, width = record["segmentation"]["size"]
    amodal = to_mask(record["amodal_segmentation"], height, width)
    x, y, w, h = Crop.whole(amodal).box
    inside = np.zeros_like(amodal)
    inside[y + 1 : y + h - 1, x + 1 : x + w - 1] = True
    amodal &= to_mask(record["segmentation"], height, width) | ~inside
    record["amodal_segmentation"] = encode_rle(amodal)
    record["visibility"] = round(record["area"] / int(amodal.sum()), 6)


HIDDEN: dict[str, tuple[Change, str]] = {
    "truncation more": (lambda d: add("truncation", step=0.02)(most_cut(d)), "truncation is "),
    "truncation less": (lambda d: add("truncation", step=-0.02)(most_cut(d)), "truncation is "),
    **{
        f"amodal_bbox {at} {step}": (
            lambda d, at=at, step=step: add("amodal_bbox", at, step=step)(most_cut(d)),
            "amodal_bbox is ",
        )
        for at in range(4)
        for step in (2, -2)
    },
    "amodal mask": (
        lambda d: lose_hidden(min(d["annotations"], key=lambda record: record["visibility"])),
        "pixels of its amodal mask disagree with the scene of its shot",
    ),
}


@pytest.mark.parametrize("case", HIDDEN)
def test_what_is_beyond_the_frame_or_hidden_is_cast_anew(make: Make, case: str) -> None:
    layout, cache = make()
    data = json.loads(layout.instances.read_text())
    assert 0.3 < most_cut(data)["truncation"] < 0.7
    assert min(record["visibility"] for record in data["annotations"]) < 0.8
    whole = validate(layout, cache)
    assert (whole.findings, whole.scenes, whole.unchecked) == ([], 6, 0)
    change, expected = HIDDEN[case]
    edit_labels(layout.root, change)
    (finding,) = validate(layout, cache).findings
    assert ": annotation " in finding
    assert expected in finding


def test_what_is_beyond_the_frame_without_models(make: Make) -> None:
    layout, _ = make()
    assert validate(layout, None).findings == []
    edit_labels(layout.root, lambda d: most_cut(d).update(amodal_bbox=[-50, 5, 60, 5]))
    (finding,) = validate(layout, None).findings
    assert "amodal_bbox is [-50, 5, 60, 5], and does not hold all of its amodal mask" in finding
    edit_labels(layout.root, lambda d: most_cut(d).update(amodal_bbox=[-50, -50, 300, 300]))
    assert validate(layout, None).findings == []  # only its scene tells
    edit_labels(layout.root, lambda d: most_cut(d).update(truncation=0))
    (finding,) = validate(layout, None).findings
    assert "truncation is 0.0, its amodal_bbox reaches beyond the frame" in finding


@pytest.mark.parametrize(
    ("format", "quality"), [("jpeg", 1), ("jpeg", 92), ("webp", 50), ("webp", 100)]
)
def test_brightness_of_lossy_pictures(make: Make, format: str, quality: int) -> None:
    layout, _ = make(format=format, quality=quality)
    assert validate(layout, None).findings == []
    step = 0.001 if (format, quality) == ("webp", 100) else 0.15
    edit_labels(layout.root, image(add("brightness", step=step)))
    (finding,) = validate(layout, None).findings
    assert "brightness is " in finding


def test_it_says_what_it_did_not_look_at(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout, _ = make(breaks=frozenset({1, 4}))
    monkeypatch.setenv("ORBITSET_CACHE", str(tmp_path / "elsewhere"))
    command = ["dataset", "validate", str(layout.root)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"valid: 4 images and {validate(layout, None).annotations} annotations agree; 0 scenes ray "
        "cast anew",
        "2 shots failed and are recorded as such",
        "4 scenes were not checked: their models are not in the cache (ORBITSET_CACHE); run "
        "orbitset recipe check there, or the render again",
    ]
    told = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)
    assert told["valid"] is True
    assert (told["failed"], told["scenes_recast"], told["scenes_unchecked"]) == (2, 0, 4)
    told = json.loads(CliRunner().invoke(app, [*command, "--json", "--scenes", "0"]).stdout)
    assert told["scenes_unchecked"] == 0


def test_no_image_at_all_is_a_finding(make: Make) -> None:
    layout, _ = make(breaks=frozenset(range(6)))
    result = CliRunner().invoke(app, ["dataset", "validate", str(layout.root)])
    assert result.exit_code == 1
    assert result.stderr.splitlines() == ["wrong: there is no image: all 6 shots failed"]
    assert "6 shots failed and are recorded as such" in result.stdout
