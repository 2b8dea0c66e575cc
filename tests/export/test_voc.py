"""VOC sets, read back by supervision, Datumaro, labelformat and by the devkit's own rules."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import datumaro as dm
import numpy as np
import pytest
import supervision as sv
from labelformat.formats import PascalVOCObjectDetectionInput
from PIL import Image

from renderer.dataset.layout import DatasetError, Layout
from renderer.export import voc as writer
from tests.conftest import contents
from tests.dataset.edits import edit_labels
from tests.export.planted import SCENES, Planted, boxes, make
from tests.export.truth import Box, Instance, halves, named_boxes, truth, write_split

FEW = tuple(f"thing {number}" for number in range(5)) + ("чашка", "杯子", "tasse é")


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """The planted scenes with eight categories, for which VOC's pictures have room."""
    scenes = [
        [Planted(each.category % 8 + 1, each.mask, each.whole, each.iscrowd) for each in scene]
        for scene in SCENES
    ]
    return make(tmp_path_factory.mktemp("few") / "set", scenes, FEW)


def by_the_devkit(root: Path) -> dict[str, list[tuple[str, Box]]]:
    """Read names and boxes by the rules of VOC's devkit: pixels from 1, the last one inside."""
    found: dict[str, list[tuple[str, Box]]] = {}
    for line in (root / "ImageSets/Main/trainval.txt").read_text(encoding="utf-8").splitlines():
        tree = ElementTree.parse(root / f"Annotations/{line}.xml").getroot()
        assert (root / "JPEGImages" / str(tree.findtext("filename"))).is_file()
        found[line] = []
        for each in tree.iter("object"):
            left, top, right, bottom = (
                int(str(each.findtext(f"bndbox/{edge}")))
                for edge in ("xmin", "ymin", "xmax", "ymax")
            )
            box = (left - 1, top - 1, right - left + 1, bottom - top + 1)
            found[line].append((str(each.findtext("name")), box))
    return found


def by_supervision(root: Path) -> dict[str, list[tuple[str, Box]]]:
    dataset = sv.DetectionDataset.from_pascal_voc(
        str(root / "JPEGImages"), str(root / "Annotations")
    )
    return {
        Path(path).stem: [
            (dataset.classes[number], (x, y, right - x, bottom - y))
            for number, (x, y, right, bottom) in zip(
                seen.class_id.tolist(), seen.xyxy.tolist(), strict=True
            )
        ]
        for path, _, seen in dataset
    }


@pytest.mark.parametrize("read", [by_the_devkit, by_supervision])
def test_every_instance_is_read_back(planted: Layout, tmp_path: Path, read: Any) -> None:
    summary = write_split(planted.root, "voc", tmp_path / "voc")
    wanted = named_boxes(truth(planted.root))
    assert read(tmp_path / "voc") == wanted
    assert summary.annotations == sum(map(len, wanted.values())) == 11
    told = "\n".join(summary.left_out)
    assert "VOC has room for 254 categories, and there are 300" in told
    assert not (tmp_path / "voc/SegmentationClass").exists()


@pytest.mark.parametrize("read", [by_the_devkit, by_supervision])
def test_the_comparison_sees_half_a_pixel(
    planted: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Any
) -> None:
    right = writer._corners

    def shifted(*given: Any) -> dict[str, Any]:
        corners = right(*given)
        return {**corners, "xmax": corners["xmax"] + 0.5}

    monkeypatch.setattr(writer, "_corners", shifted)
    with pytest.raises((AssertionError, ValueError)):
        test_every_instance_is_read_back(planted, tmp_path, read)


def test_labelformat_reads_every_corner(planted: Layout, tmp_path: Path) -> None:
    """It takes VOC's numbers for continuous ones, and so lies a pixel right and below."""
    write_split(planted.root, "voc", tmp_path / "voc")
    wanted = truth(planted.root)
    names = ",".join(sorted({each.name for own in wanted.values() for each in own}))
    reader = PascalVOCObjectDetectionInput(tmp_path / "voc/Annotations", names)
    found = {
        Path(label.image.filename).stem: [
            (each.category.name, (each.box.xmin, each.box.ymin, each.box.xmax, each.box.ymax))
            for each in label.objects
        ]
        for label in reader.get_labels()
    }
    assert found == {
        stem: [(each.name, _corners(each)) for each in own] for stem, own in wanted.items()
    }


def _corners(each: Instance) -> Box:
    x, y, w, h = each.box
    return x + 1, y + 1, x + w, y + h


def test_datumaro_reads_boxes_flags_and_masks(few: Layout, tmp_path: Path) -> None:
    summary = write_split(few.root, "voc", tmp_path / "voc", halves)
    assert not summary.left_out
    wanted = truth(few.root)
    found = dm.Dataset.import_from(str(tmp_path / "voc"), "voc")
    names = [each.name for each in found.categories()[dm.AnnotationType.label]]
    assert names[:9] == ["background", *FEW]
    seen = 0
    for item in found:
        own = wanted[item.id]
        assert item.subset == ("val" if (int(item.id) + 1) % 3 == 0 else "train")
        given = [each for each in item.annotations if each.type == dm.AnnotationType.bbox]
        assert len(given) == len(own)
        for box, each in zip(given, own, strict=True):
            left, top, right, bottom = _corners(each)
            assert names[box.label] == each.name
            assert tuple(box.points) == (left, top, right, bottom)
            assert box.attributes["difficult"] == bool(each.record["iscrowd"])
            assert box.attributes["truncated"] == (
                each.record["amodal_bbox"] != each.record["bbox"]
            )
            assert not box.attributes["occluded"]
        masks = {
            each.group: each for each in item.annotations if each.type == dm.AnnotationType.mask
        }
        for number, each in enumerate(own, start=1):
            if each.record["iscrowd"]:
                continue
            assert names[masks[number].label] == each.name
            assert (masks[number].image.astype(bool) == each.mask).all()
            seen += 1
    assert seen == 10


def test_pictures_of_classes_and_objects(few: Layout, tmp_path: Path) -> None:
    write_split(few.root, "voc", tmp_path / "voc")
    listed = (tmp_path / "voc/ImageSets/Segmentation/trainval.txt").read_text().split()
    assert listed == [f"{number:08d}" for number in range(7)]
    for stem, own in truth(few.root).items():
        classes, objects = (
            Image.open(tmp_path / f"voc/{folder}/{stem}.png")
            for folder in ("SegmentationClass", "SegmentationObject")
        )
        # VOC's colours: aeroplane is dark red, tvmonitor blue, what is ignored sand.
        palette = np.reshape(classes.getpalette(), (256, 3))
        assert palette[[1, 20, 255]].tolist() == [[128, 0, 0], [0, 64, 128], [224, 224, 192]]
        expected_classes, expected = np.zeros((48, 64)), np.zeros((48, 64))
        for number, each in enumerate(own, start=1):
            ignored = each.record["iscrowd"]
            expected_classes[each.mask] = 255 if ignored else FEW.index(each.name) + 1
            expected[each.mask] = 255 if ignored else number
        assert (np.asarray(classes) == expected_classes).all()
        assert (np.asarray(objects) == expected).all()


def test_masks_that_cannot_be_said_are_counted(tmp_path: Path) -> None:
    places = [(x, y, 1, 1) for y in range(0, 40, 2) for x in range(0, 60, 2)][:255]
    scenes = [[Planted(1, boxes(place)) for place in places], [Planted(2, boxes(places[0]))], []]
    dataset = make(tmp_path / "many", scenes, FEW)
    edit_labels(dataset.root, lambda data: data["images"][1].update(dropped={"thing 0": 2}))
    summary = write_split(dataset.root, "voc", tmp_path / "voc")
    assert [each.rpartition(": ")[2] for each in summary.left_out] == ["1", "1"]
    told = "\n".join(summary.left_out)
    assert "images with more than 254 objects" in told
    assert "too little of which is seen" in told
    listed = (tmp_path / "voc/ImageSets/Segmentation/trainval.txt").read_text().split()
    assert listed == ["00000002"]
    assert named_boxes(truth(dataset.root)) == by_the_devkit(tmp_path / "voc")


def test_names_that_others_cannot_read(few: Layout, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(few.root, copy)
    edit_labels(copy, lambda data: data["categories"][0].update(name='a:b & <"c">'))
    summary = write_split(copy, "voc", tmp_path / "a")
    assert "labelmap.txt" in summary.left_out[0]
    assert (
        by_the_devkit(tmp_path / "a") == named_boxes(truth(copy)) == by_supervision(tmp_path / "a")
    )
    edit_labels(copy, lambda data: data["categories"][0].update(name="bell\a"))
    with pytest.raises(DatasetError, match="which XML cannot hold"):
        write_split(copy, "voc", tmp_path / "b")


def test_the_same_bytes_again(few: Layout, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_split(few.root, "voc", tmp_path / name, halves)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
