"""Keypoint sets, read back by pycocotools and Datumaro, and scored by COCOeval."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import datumaro as dm
import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from renderer.asset.keypoints import KeypointSet
from renderer.dataset.layout import DatasetError, Layout
from renderer.export import coco_keypoints as writer
from tests.dataset.edits import edit, edit_labels
from tests.export.truth import halves, write_split

CUP = KeypointSet(names=("обод", "handle", "foot"), skeleton=((0, 1), (1, 2)), flips=(0, 2, 1))
POINTS = {1: CUP, 150: CUP, 6: CUP, 7: CUP}
# Continuous coordinates of each object's points, from the corner of its box.
_AT = ((2.5, 3.5), (7.25, 1.0))


def planted_points(record: dict[str, Any]) -> list[float]:
    """The keypoints of an object as COCO has them: two points, and one beyond the picture."""
    x, y = record["bbox"][:2]
    visible = [(x + dx - 0.5, y + dy - 0.5, 1 + at) for at, (dx, dy) in enumerate(_AT)]
    return [value for point in (*visible, (0, 0, 0)) for value in point]


@pytest.fixture
def cups(planted: Layout, tmp_path: Path) -> Path:
    """The planted dataset with keypoints of some categories."""
    root = tmp_path / "cups"
    shutil.copytree(planted.root, root)
    edit(root / "manifest.json", lambda data: data["labels"].update(keypoints={}))

    def add(data: dict[str, Any]) -> None:
        for record in data["annotations"]:
            record.update(keypoints=[], num_keypoints=0, keypoints_cam=[])
            if record["category_id"] in POINTS:
                record.update(keypoints=planted_points(record), num_keypoints=2)
                record["keypoints_cam"] = [[0.0, 0.0, 1.0]] * 3
        for category in data["categories"]:
            if category["id"] in POINTS:
                category.update(keypoints=CUP.names, skeleton=[[1, 2], [2, 3]], flip_idx=CUP.flips)

    edit_labels(root, add)
    return root


def similarities(truth: COCO, found: COCO, sigmas: Path) -> list[float]:
    """OKS of each object of a set against that of another, as COCOeval computes it."""
    said = json.loads(sigmas.read_text(encoding="utf-8"))["sigmas"]
    results = truth.loadRes([{**each, "score": 1.0} for each in found.anns.values()])
    evaluation = COCOeval(truth, results, "keypoints")
    evaluation.params.kpt_oks_sigmas = np.array(said["thing 0"])
    evaluation.evaluate()
    return [float(each.max()) for each in evaluation.ious.values() if len(each)]


def test_points_are_read_back_and_score_one(cups: Path, tmp_path: Path) -> None:
    summary = write_split(cups, "coco-keypoints", tmp_path / "k", keypoints=POINTS)
    coco = COCO(tmp_path / "k/annotations/person_keypoints_default.json")
    own = COCO(cups / "annotations/instances.json")
    assert summary.annotations == len(coco.anns) == 4
    assert summary.left_out == ("objects whose model or category has no keypoints: 7",)
    assert summary.images == len(coco.imgs) == 7
    for key, record in coco.anns.items():
        assert {name: own.anns[key][name] for name in record} == record
        # Continuous coordinates are half a pixel more than COCO's indices.
        points = np.reshape(record["keypoints"], (3, 3))
        x, y = record["bbox"][:2]
        assert (points[:2, :2] + 0.5 == np.array(_AT) + (x, y)).all()
        assert points[:, 2].tolist() == [1, 2, 0]
        assert record["num_keypoints"] == 2
    for category in coco.cats.values():
        assert category["keypoints"] == list(CUP.names)
        assert category["skeleton"] == [[1, 2], [2, 3]]
        assert category["flip_idx"] == [0, 2, 1]
    # One of the four is to be ignored; it has a score all the same.
    assert similarities(coco, coco, tmp_path / "k/sigmas.json") == [1.0] * 4
    evaluation = COCOeval(
        coco, coco.loadRes([{**each, "score": 1.0} for each in coco.anns.values()]), "keypoints"
    )
    evaluation.params.kpt_oks_sigmas = np.full(3, 0.05)
    evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0, 1e10]], ["all"]
    evaluation.evaluate()
    evaluation.accumulate()
    precision = evaluation.eval["precision"]
    assert precision[precision > -1].min() == pytest.approx(1)


def test_half_a_pixel_lowers_the_score(
    cups: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = writer._entry

    def shifted(record: Any, head: Any) -> dict[str, Any]:
        entry = right(record, head)
        points = np.reshape(entry["keypoints"], (-1, 3)) + [0.5, 0, 0]
        return {**entry, "keypoints": points.ravel().tolist()}

    write_split(cups, "coco-keypoints", tmp_path / "right", keypoints=POINTS)
    monkeypatch.setattr(writer, "_entry", shifted)
    write_split(cups, "coco-keypoints", tmp_path / "k", keypoints=POINTS)
    sides = [
        COCO(tmp_path / name / "annotations/person_keypoints_default.json")
        for name in ("right", "k")
    ]
    found = similarities(*sides, tmp_path / "k/sigmas.json")
    areas = [each["area"] for each in sides[0].anns.values()]
    # By hand: exp(-d^2 / (2 area (2 sigma)^2)), with d half a pixel and sigma 0.05.
    assert found == pytest.approx([np.exp(-0.25 / (2 * area * 0.01)) for area in areas], rel=1e-6)
    assert max(found) < 0.98
    (tmp_path / "again").mkdir()
    with pytest.raises(AssertionError):
        test_points_are_read_back_and_score_one(cups, tmp_path / "again")


def test_datumaro_reads_every_point(cups: Path, tmp_path: Path) -> None:
    write_split(cups, "coco-keypoints", tmp_path / "k", halves, POINTS)
    found = dm.Dataset.import_from(str(tmp_path / "k"), "coco_person_keypoints")
    own = COCO(cups / "annotations/instances.json")
    names = [each.name for each in found.categories()[dm.AnnotationType.label]]
    count = 0
    for item in found:
        assert item.subset in ("train", "val")
        assert item.media.data.shape == (48, 64, 3)
        for each in item.annotations:
            if each.type == dm.AnnotationType.points:
                record = own.anns[each.id]
                points = np.reshape(record["keypoints"], (3, 3))
                assert np.reshape(each.points, (3, 2)).tolist() == points[:, :2].tolist()
                assert [v.value for v in each.visibility] == points[:, 2].tolist()
                assert names[each.label] == own.cats[record["category_id"]]["name"]
                count += 1
    assert count == 4


def test_what_has_no_points_is_refused(cups: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no category of planted has keypoints"):
        write_split(cups, "coco-keypoints", tmp_path / "a")
    edit_labels(cups, lambda data: data["annotations"][1].update(keypoints=[]))
    summary = write_split(cups, "coco-keypoints", tmp_path / "c", keypoints=POINTS)
    assert summary.left_out == ("objects whose model or category has no keypoints: 8",)
    edit_labels(cups, lambda data: data["annotations"][0].update(keypoints=[1, 2, 2]))
    with pytest.raises(DatasetError, match="annotation 1 has 1 keypoints, and its category 3"):
        write_split(cups, "coco-keypoints", tmp_path / "b", keypoints=POINTS)
