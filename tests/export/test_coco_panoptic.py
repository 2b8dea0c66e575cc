"""Panoptic sets, read back by panopticapi, Datumaro and by hand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import datumaro as dm
import numpy as np
import pytest
from panopticapi.evaluation import PQStat, pq_compute_single_core
from PIL import Image

from renderer.dataset.layout import DatasetError, Layout
from renderer.errors import UserError
from renderer.export import coco_panoptic as writer
from tests.dataset.edits import edit, edit_labels
from tests.export.planted import HEIGHT, WIDTH, Planted, boxes, make
from tests.export.truth import halves, truth, write_split


def compare(dataset: Path, exported: Path, side: str = "default", background: bool = False) -> int:
    """Compare PNGs, JSON and the dataset's masks, both ways; return how many objects there are."""
    wanted, count = truth(dataset), 0
    said = json.loads((exported / f"annotations/panoptic_{side}.json").read_text())
    categories = {each["id"]: each for each in said["categories"]}
    for entry in said["annotations"]:
        png = Image.open(exported / f"annotations/panoptic_{side}" / entry["file_name"])
        assert (png.mode, png.size) == ("RGB", (WIDTH, HEIGHT))
        ids = np.asarray(png).astype(np.int64) @ [1, 256, 65536]
        segments = {each["id"]: each for each in entry["segments_info"]}
        assert len(segments) == len(entry["segments_info"])
        assert set(np.unique(ids)) - {0} == set(segments)
        own = wanted[Path(entry["file_name"]).stem]
        covered = np.zeros(ids.shape, bool)
        for each in own:
            number = each.record["instance"]
            category = categories[segments[number]["category_id"]]
            assert (category["name"], category["isthing"]) == (each.name, 1)
            assert segments[number]["iscrowd"] == each.record["iscrowd"]
            assert segments[number]["area"] == each.mask.sum()
            assert tuple(segments[number]["bbox"]) == each.box
            assert ((ids == number) == each.mask).all()
            covered |= each.mask
            count += 1
        rest = segments.get(65536)
        assert (rest is not None) == background
        if rest is not None:
            assert categories[rest["category_id"]]["isthing"] == 0
            assert ((ids == rest["id"]) == ~covered).all()
            assert rest["area"] == (~covered).sum()
    return count


def quality(exported: Path) -> dict[str, Any]:
    path = exported / "annotations/panoptic_default"
    said = json.loads(path.with_suffix(".json").read_text())
    categories = {each["id"]: each for each in said["categories"]}
    pairs = [(each, each) for each in said["annotations"]]
    stat = PQStat()
    stat += pq_compute_single_core(0, pairs, str(path), str(path), categories)
    found: dict[str, Any] = stat.pq_average(categories, isthing=None)[0]
    return found


def test_every_object_is_a_segment_and_the_other_way(planted: Layout, tmp_path: Path) -> None:
    summary = write_split(planted.root, "coco-panoptic", tmp_path / "p")
    assert compare(planted.root, tmp_path / "p") == 11 == summary.annotations
    found = quality(tmp_path / "p")
    assert (found["pq"], found["n"]) == (1, 10)  # one of the eleven is to be ignored


def test_background_may_be_stuff(planted: Layout, tmp_path: Path) -> None:
    summary = write_split(planted.root, "coco-panoptic", tmp_path / "p", background="стол")
    assert compare(planted.root, tmp_path / "p", background=True) == 11 == summary.annotations
    assert (quality(tmp_path / "p")["pq"], quality(tmp_path / "p")["n"]) == (1, 11)
    with pytest.raises(UserError, match="杯子 is a category of objects"):
        write_split(planted.root, "coco-panoptic", tmp_path / "q", background="杯子")
    copy = tmp_path / "copy"
    shutil.copytree(planted.root, copy)
    edit(copy / "manifest.json", lambda data: data["labels"].update(panoptic={"background": "x"}))
    edit_labels(copy, lambda data: [each.update(segments_info=[]) for each in data["images"]])
    write_split(copy, "coco-panoptic", tmp_path / "r")
    assert compare(copy, tmp_path / "r", background=True) == 11


def test_datumaro_reads_every_segment(planted: Layout, tmp_path: Path) -> None:
    write_split(planted.root, "coco-panoptic", tmp_path / "p", halves)
    wanted = truth(planted.root)
    assert compare(planted.root, tmp_path / "p", "train") + (
        compare(planted.root, tmp_path / "p", "val")
    ) == sum(map(len, wanted.values()))
    found = dm.Dataset.import_from(str(tmp_path / "p"), "coco_panoptic")
    names = [each.name for each in found.categories()[dm.AnnotationType.label]]
    for item in found:
        assert item.subset in ("train", "val")
        masks = {each.id: each for each in item.annotations}
        for each in wanted[item.id]:
            number = each.record["instance"]
            assert names[masks[number].label] == each.name
            assert (masks[number].image.astype(bool) == each.mask).all()


def test_more_segments_than_a_byte_holds(tmp_path: Path) -> None:
    places = [(x, y, 1, 1) for y in range(0, 40, 2) for x in range(0, 60, 2)]
    scene = tuple(Planted(at % 300 + 1, boxes(place)) for at, place in enumerate(places))
    dataset = make(tmp_path / "many", [scene, ()])
    write_split(dataset.root, "coco-panoptic", tmp_path / "p")
    assert compare(dataset.root, tmp_path / "p") == 600
    ids = np.asarray(Image.open(tmp_path / "p/annotations/panoptic_default/00000000.png"))
    assert ids[..., 1].max() == 2


@pytest.mark.parametrize("axis", [0, 1])
def test_the_comparison_sees_a_pixel(
    planted: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, axis: int
) -> None:
    right = writer.encode_id_png
    monkeypatch.setattr(writer, "encode_id_png", lambda ids: right(np.roll(ids, 1, axis)))
    write_split(planted.root, "coco-panoptic", tmp_path / "p")
    with pytest.raises(AssertionError):
        compare(planted.root, tmp_path / "p")


def test_dropped_objects_are_void(planted: Layout, tmp_path: Path) -> None:
    """Not knowing where they are, all that no object has is void; semantic labels know."""
    copy = tmp_path / "copy"
    shutil.copytree(planted.root, copy)
    edit_labels(
        copy,
        lambda data: [each.update(dropped={"thing 0": 1}) for each in data["images"]],
    )
    summary = write_split(copy, "coco-panoptic", tmp_path / "a", background="table")
    assert compare(copy, tmp_path / "a") == 11
    assert any("it is void" in each and each.endswith(": 7") for each in summary.left_out)

    (copy / "semantic").mkdir()
    dropped = boxes((60, 0, 3, 3))
    for image in json.loads((copy / "annotations/instances.json").read_text())["images"]:
        Image.fromarray(np.where(dropped, 65535, 0).astype(np.uint16)).save(
            copy / f"semantic/{image['id']}.png"
        )

    def name_them(data: dict[str, Any]) -> None:
        for each in data["images"]:
            each["files"]["semantic"] = {"path": f"semantic/{each['id']}.png", "blake2b": "0"}

    edit_labels(copy, name_them)
    summary = write_split(copy, "coco-panoptic", tmp_path / "b", background="table")
    assert not summary.left_out
    png = Image.open(tmp_path / "b/annotations/panoptic_default/00000005.png")
    ids = np.asarray(png).astype(int) @ [1, 256, 65536]
    assert ((ids == 0) == dropped).all()


def test_pixels_of_two_objects_are_refused(tmp_path: Path) -> None:
    scene = (Planted(1, boxes((0, 0, 5, 5))), Planted(2, boxes((4, 4, 5, 5))))
    dataset = make(tmp_path / "twice", [scene])
    with pytest.raises(DatasetError, match="mask of annotation 2 has pixels that another object"):
        write_split(dataset.root, "coco-panoptic", tmp_path / "p")


def test_panoptic_labels_know_the_background(tmp_path: Path) -> None:
    dataset = make(tmp_path / "one", [(Planted(1, boxes((0, 0, 5, 5))),)])
    (dataset.root / "panoptic").mkdir()
    dropped = boxes((20, 20, 3, 3))
    ids = np.where(boxes((0, 0, 5, 5)), 1, np.where(dropped, 0, 65536))
    channels = [ids & 255, ids >> 8 & 255, ids >> 16]
    Image.fromarray(np.dstack(channels).astype(np.uint8)).save(dataset.root / "panoptic/1.png")

    def change(data: dict[str, Any]) -> None:
        (image,) = data["images"]
        image["files"]["panoptic"] = {"path": "panoptic/1.png", "blake2b": "0"}
        image["segments_info"] = [{"id": 1, "instance": 1}, {"id": 65536, "instance": 0}]
        image["dropped"] = {"thing 1": 1}

    edit_labels(dataset.root, change)
    write_split(dataset.root, "coco-panoptic", tmp_path / "p", background="table")
    png = Image.open(tmp_path / "p/annotations/panoptic_default/00000000.png")
    assert (np.asarray(png).astype(int) @ [1, 256, 65536] == ids).all()
    edit_labels(dataset.root, lambda data: data["annotations"][0].update(instance=65536))
    with pytest.raises(DatasetError, match="annotation 1 is instance 65536 of its shot"):
        write_split(dataset.root, "coco-panoptic", tmp_path / "q")
