"""COCO sets, read back by four readers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import datumaro as dm
import pytest
import supervision as sv
from labelformat.formats import COCOObjectDetectionInput
from pycocotools.coco import COCO

from renderer.dataset.layout import DatasetError, Layout
from renderer.export.coco_file import CocoFile
from renderer.export.write import export
from renderer.recipe.exports import export_of
from tests.conftest import contents
from tests.dataset.edits import edit_labels
from tests.export.truth import halves, named_boxes, truth, write_split


def records(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_records_are_the_datasets_own(planted: Layout, tmp_path: Path) -> None:
    done = export(planted, export_of({"format": "coco"}), tmp_path / "coco")
    own = records(planted.instances)
    found = records(tmp_path / "coco/annotations/instances_default.json")
    assert done.facts["annotations"] == len(own["annotations"])
    assert not done.facts["left_out"]
    assert {key: found[key] for key in ("info", "licenses", "categories", "annotations")} == {
        key: own[key] for key in ("info", "licenses", "categories", "annotations")
    }
    for image, before in zip(found["images"], own["images"], strict=True):
        assert {**image, "file_name": before["file_name"]} == before
        assert (tmp_path / "coco/images" / image["file_name"]).read_bytes() == (
            planted.root / before["file_name"]
        ).read_bytes()


def test_splits_part_the_records(crowd: Path, tmp_path: Path) -> None:
    summary = write_split(crowd, "coco", tmp_path / "coco", halves)
    own = records(crowd / "annotations/instances.json")
    sides = {
        name: records(tmp_path / f"coco/annotations/instances_{name}.json")
        for name in ("train", "val")
    }
    assert summary.images == len(own["images"])
    for key in ("images", "annotations"):
        ids = [each["id"] for side in sides.values() for each in side[key]]
        assert sorted(ids) == [each["id"] for each in own[key]]
    for name, side in sides.items():
        assert {each["image_id"] for each in side["annotations"]} <= {
            each["id"] for each in side["images"]
        }
        for image in side["images"]:
            assert (image["id"] % 3 == 0) == (name == "val")
            assert image["files"]["picture"]["path"] == f"images/{name}/{image['file_name']}"
            assert (tmp_path / "coco" / image["files"]["picture"]["path"]).is_file()


@pytest.mark.parametrize("split", [False, True])
def test_datumaro_reads_every_instance(planted: Layout, tmp_path: Path, split: bool) -> None:
    write_split(planted.root, "coco", tmp_path / "coco", halves if split else lambda _: "")
    wanted = truth(planted.root)
    found = dm.Dataset.import_from(str(tmp_path / "coco"), "coco_instances")
    names = [each.name for each in found.categories()[dm.AnnotationType.label]]
    count = 0
    for item in found:
        assert item.subset in (("train", "val") if split else ("default",))
        assert item.media.data.shape == (48, 64, 3)
        boxes = {a.id: a for a in item.annotations if a.type == dm.AnnotationType.bbox}
        masks = {a.id: a for a in item.annotations if a.type == dm.AnnotationType.mask}
        assert len(boxes) == len(wanted[item.id])
        for each in wanted[item.id]:
            box, mask = boxes[each.record["id"]], masks[each.record["id"]]
            assert (names[box.label], tuple(box.get_bbox())) == (each.name, each.box)
            assert box.attributes["is_crowd"] == bool(each.record["iscrowd"])
            assert (mask.image.astype(bool) == each.mask).all()
            count += 1
    assert count == 11


def test_supervision_and_labelformat_read_every_instance(planted: Layout, tmp_path: Path) -> None:
    write_split(planted.root, "coco", tmp_path / "coco")
    wanted = truth(planted.root)
    labels = tmp_path / "coco/annotations/instances_default.json"
    found = sv.DetectionDataset.from_coco(str(tmp_path / "coco/images"), str(labels), True)
    assert len(found) == len(wanted)
    for path, _, seen in found:
        own = wanted[Path(path).stem]
        names = [found.classes[number] for number in seen.class_id]
        assert names == [each.name for each in own]
        for box, mask, each in zip(
            seen.xyxy, () if seen.mask is None else seen.mask, own, strict=True
        ):
            x, y, w, h = each.box
            assert box.tolist() == [x, y, x + w, y + h]
            assert (mask == each.mask).all()
    others = {
        Path(label.image.filename).stem: [
            (each.category.name, (each.box.xmin, each.box.ymin, each.box.xmax, each.box.ymax))
            for each in label.objects
        ]
        for label in COCOObjectDetectionInput(labels).get_labels()
    }
    assert others == {
        stem: [(name, (x, y, x + w, y + h)) for name, (x, y, w, h) in boxes]
        for stem, boxes in named_boxes(wanted).items()
    }


def test_the_comparison_sees_half_a_pixel(
    planted: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = CocoFile.add_annotation

    def shifted(self: CocoFile, record: Mapping[str, Any]) -> None:
        x, *others = record["bbox"]
        right(self, {**record, "bbox": [x + 0.5, *others]})

    monkeypatch.setattr(CocoFile, "add_annotation", shifted)
    with pytest.raises(AssertionError):
        test_supervision_and_labelformat_read_every_instance(planted, tmp_path)


def test_files_of_label_kinds_go_along(copy: Path, tmp_path: Path) -> None:
    (copy / "depth").mkdir()
    (copy / "depth/a.png").write_bytes(b"1")
    file = {"path": "depth/a.png", "blake2b": "0"}
    edit_labels(copy, lambda data: data["images"][2]["files"].update(depth=file))
    write_split(copy, "coco", tmp_path / "coco", halves)
    assert (tmp_path / "coco/depth/val/a.png").samefile(copy / "depth/a.png")
    image = COCO(tmp_path / "coco/annotations/instances_val.json").imgs[3]
    assert image["files"]["depth"]["path"] == "depth/val/a.png"


def test_an_unknown_category_is_refused(copy: Path, tmp_path: Path) -> None:
    edit_labels(copy, lambda data: data["annotations"][0].update(category_id=9))
    with pytest.raises(DatasetError, match="the unknown category 9"):
        write_split(copy, "coco", tmp_path / "coco")


def test_the_same_bytes_again(planted: Layout, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_split(planted.root, "coco", tmp_path / name, halves)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
