"""A rendered dataset: COCO tools accept it, validation proves it and finds every kind of damage."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from renderer.asset import AssetCache
from renderer.dataset.layout import Layout
from renderer.dataset.report import read_statistics, write_report
from renderer.dataset.validate import validate
from tests.conftest import contents


@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_evaluated_against_itself_is_perfect(crowd: Path, kind: str) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(crowd / "annotations" / "instances.json"))
        found = [{**record, "score": 1.0} for record in truth.dataset["annotations"]]
        evaluation = COCOeval(truth, truth.loadRes(found), kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    assert evaluation.stats[0] == 1.0
    assert len(truth.getImgIds()) == 8
    for record in truth.dataset["annotations"]:
        mask = truth.annToMask(record)
        assert mask.sum() == record["area"]
        rows, columns = np.nonzero(mask)
        assert record["bbox"] == [
            columns.min(),
            rows.min(),
            np.ptp(columns) + 1,
            np.ptp(rows) + 1,
        ]


def test_layout_and_extras(crowd: Path) -> None:
    """Key by key."""
    names = {path.name for path in crowd.iterdir()}
    assert names == {
        *("images", "annotations", "shots.jsonl", "manifest.json", "report.html", "parts", "logs")
    }
    data = json.loads((crowd / "annotations" / "instances.json").read_text())
    for image in data["images"]:
        assert set(image["camera"]) == {"K", "world_to_camera", "distortion"}
        assert np.array(image["camera"]["K"]).shape == (3, 3)
        assert {"shot", "scenario", "group"} <= set(image)
        with Image.open(crowd / image["file_name"]) as picture:
            assert picture.size == (image["width"], image["height"])
            assert np.array(picture).std() > 3
    for record in data["annotations"]:
        assert {
            *("cam_R_m2c", "cam_t_m2c", "visibility", "truncation", "amodal_bbox"),
            *("amodal_segmentation", "asset", "instance"),
        } <= set(record)
        assert record["cam_t_m2c"][2] > 0
    manifest = json.loads((crowd / "manifest.json").read_text())
    for asset in manifest["assets"].values():
        assert np.array(asset["source_to_model"]).shape == (4, 4)
    assert len((crowd / "shots.jsonl").read_text().splitlines()) == 8


def test_whole_dataset_is_valid(crowd: Path, cache: AssetCache) -> None:
    result = validate(Layout(crowd), cache)
    assert result.findings == []
    assert (result.images, result.scenes) == (8, 8)


def edit(name: str) -> Callable[[Path, Callable[[Any], None]], None]:
    def apply(root: Path, change: Callable[[Any], None]) -> None:
        data = json.loads((root / name).read_text())
        change(data)
        (root / name).write_text(json.dumps(data))

    return apply


labels, manifest = edit("annotations/instances.json"), edit("manifest.json")


def first(data: Any) -> Any:
    return data["annotations"][0]


DAMAGE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "image lost": (lambda r: (r / "images/00000003.png").unlink(), "cannot be read"),
    "image cut": (
        lambda r: (r / "images/00000003.png").write_bytes(
            (r / "images/00000003.png").read_bytes()[:200]
        ),
        "is not the image that was rendered",
    ),
    "images swapped": (
        lambda r: shutil.copy(r / "images/00000001.png", r / "images/00000002.png"),
        "its digest differs",
    ),
    "box moved": (lambda r: labels(r, lambda d: first(d)["bbox"].__setitem__(0, 1)), "bbox is"),
    "area wrong": (lambda r: labels(r, lambda d: first(d).update(area=3)), "area is 3"),
    "visibility wrong": (
        lambda r: labels(r, lambda d: first(d).update(visibility=0.123)),
        "visibility is 0.123",
    ),
    "mask of another": (
        lambda r: labels(
            r,
            lambda d: first(d).update(
                {
                    k: d["annotations"][-1][k]
                    for k in ("segmentation", "amodal_segmentation", "bbox", "area", "visibility")
                }
            ),
        ),
        "disagree with the scene",
    ),
    "mask damaged": (
        lambda r: labels(r, lambda d: first(d)["segmentation"].update(size=[1, 1])),
        "cannot be decoded",
    ),
    "category unknown": (
        lambda r: labels(r, lambda d: first(d).update(category_id=9)),
        "unknown category 9",
    ),
    "pose not a rotation": (
        lambda r: labels(r, lambda d: first(d)["cam_R_m2c"].__setitem__(0, [1, 1, 1])),
        "not a rotation",
    ),
    "annotation lost": (
        lambda r: labels(r, lambda d: d["annotations"].pop(1)),
        "annotation ids jump",
    ),
    "last annotation lost": (
        lambda r: labels(r, lambda d: d["annotations"].pop()),
        "manifest.json says",
    ),
    "image record lost": (
        lambda r: labels(r, lambda d: d["images"].pop()),
        "belongs to image 8, which is not there",
    ),
    "labels cut": (
        lambda r: (r / "annotations/instances.json").write_text(
            (r / "annotations/instances.json").read_text()[:-2000]
        ),
        "is damaged: parse error",
    ),
    "labels lost": (lambda r: (r / "annotations/instances.json").unlink(), "is not finished"),
    "shots lost": (lambda r: (r / "shots.jsonl").unlink(), "shots.jsonl is missing"),
    "images missing from the count": (
        lambda r: manifest(r, lambda d: d["recipe"].update(images=9)),
        "1 of 9 shots",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_found(crowd: Path, cache: AssetCache, tmp_path: Path, damage: str) -> None:
    shutil.copytree(crowd, tmp_path / "d")
    damage_it, expected = DAMAGE[damage]
    damage_it(tmp_path / "d")
    findings = validate(Layout(tmp_path / "d"), cache).findings
    assert any(expected in finding for finding in findings), findings


def test_statistics_count_what_is_there(crowd: Path) -> None:
    data = json.loads((crowd / "annotations" / "instances.json").read_text())
    found = read_statistics(Layout(crowd))
    assert found.images == 8
    total = len(data["annotations"])
    assert found.annotations == total == sum(found.per_category.values())
    for histogram in (found.size, found.visibility, found.truncation):
        assert histogram.counts.sum() == total
    assert found.center.sum() == total
    assert found.views.sum() == found.brightness.counts.sum() == 8
    balls = sum(record["category_id"] == 2 for record in data["annotations"])
    assert found.per_category["ball"] == balls == 8


def test_report_is_one_page_that_repeats(crowd: Path, tmp_path: Path) -> None:
    page = (crowd / "report.html").read_text()
    for outside in ("http://", "https://", "<link", 'src="/'):
        assert outside not in page.replace("http://www.w3.org", "")
    assert page.count("data:image/jpeg;base64") == 8
    shutil.copytree(crowd, tmp_path / "d")
    write_report(Layout(tmp_path / "d"))
    assert contents(tmp_path / "d") == contents(crowd)
