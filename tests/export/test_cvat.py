"""CVAT sets, read back by Datumaro and by the rules of CVAT's documentation."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import datumaro as dm
import numpy as np
import numpy.typing as npt
import pytest

from renderer.dataset.layout import DatasetError, Layout
from renderer.errors import UserError
from renderer.export import cvat as writer
from tests.conftest import contents
from tests.dataset.edits import edit, edit_labels
from tests.export.truth import halves, named_boxes, truth, write_split


def shapes(path: Path, kind: str) -> dict[str, list[ElementTree.Element]]:
    root = ElementTree.parse(path).getroot()
    assert (root.tag, root.findtext("version")) == ("annotations", "1.1")
    images = root.findall("image")
    assert [each.get("id") for each in images] == [str(at) for at in range(len(images))]
    for each in images:
        assert (each.get("width"), each.get("height")) == ("64", "48")
        assert {child.tag for child in each} <= {kind}
    return {Path(str(each.get("name"))).stem: list(each) for each in images}


def mask_of(element: ElementTree.Element) -> npt.NDArray[np.bool_]:
    """Decode run lengths by hand: row by row of the box, what is not of the mask first."""
    left, top, width, height = (
        int(str(element.get(key))) for key in ("left", "top", "width", "height")
    )
    values: list[bool] = []
    for at, run in enumerate(str(element.get("rle")).split(", ")):
        values += [at % 2 == 1] * int(run)
    mask = np.zeros((48, 64), bool)
    mask[top : top + height, left : left + width] = np.reshape(values, (height, width))
    return mask


def compare_boxes(dataset: Path, exported: Path) -> int:
    found = {
        stem: [
            (
                str(each.get("label")),
                tuple(float(str(each.get(edge))) for edge in ("xtl", "ytl", "xbr", "ybr")),
            )
            for each in elements
        ]
        for stem, elements in shapes(exported / "annotations.xml", "box").items()
    }
    wanted = named_boxes(truth(dataset))
    assert found == {
        stem: [(name, (x, y, x + w, y + h)) for name, (x, y, w, h) in own]
        for stem, own in wanted.items()
    }
    return sum(map(len, found.values()))


def test_every_box_is_read_back(planted: Layout, tmp_path: Path) -> None:
    summary = write_split(planted.root, "cvat", tmp_path / "cvat", shape="box")
    assert compare_boxes(planted.root, tmp_path / "cvat") == summary.annotations == 11
    assert not summary.left_out


def test_every_mask_is_read_back(planted: Layout, tmp_path: Path) -> None:
    write_split(planted.root, "cvat", tmp_path / "cvat")
    found = shapes(tmp_path / "cvat/annotations.xml", "mask")
    for stem, own in truth(planted.root).items():
        assert [each.get("label") for each in found[stem]] == [each.name for each in own]
        for element, each in zip(found[stem], own, strict=True):
            assert (mask_of(element) == each.mask).all()
            ignored = element.find("attribute[@name='iscrowd']")
            assert ignored is not None
            assert ignored.text == ("true" if each.record["iscrowd"] else "false")


@pytest.mark.parametrize("shape", ["box", "mask"])
def test_datumaro_reads_every_instance(planted: Layout, tmp_path: Path, shape: str) -> None:
    write_split(planted.root, "cvat", tmp_path / "cvat", halves, shape=shape)
    found = dm.Dataset.import_from(str(tmp_path / "cvat"), "cvat")
    wanted, count = truth(planted.root), 0
    names = [each.name for each in found.categories()[dm.AnnotationType.label]]
    assert len(names) == 300
    for item in found:
        assert item.subset == ("val" if (int(item.id) + 1) % 3 == 0 else "train")
        assert item.media.data.shape == (48, 64, 3)
        for given, each in zip(item.annotations, wanted[item.id], strict=True):
            assert names[given.label] == each.name
            assert given.attributes["iscrowd"] == bool(each.record["iscrowd"])
            if shape == "box":
                assert tuple(given.get_bbox()) == each.box
            else:
                assert (given.image.astype(bool) == each.mask).all()
            count += 1
    assert count == 11


def test_the_comparison_sees_half_a_pixel(
    planted: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = writer._box

    def shifted(*given: Any) -> dict[str, str]:
        box = right(*given)
        return {**box, "ytl": f"{float(box['ytl']) + 0.5:.2f}"}

    monkeypatch.setattr(writer, "_box", shifted)
    with pytest.raises(AssertionError):
        test_every_box_is_read_back(planted, tmp_path)


def test_masks_one_pixel_off_are_seen(
    planted: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = writer._mask
    monkeypatch.setattr(writer, "_mask", lambda mask: right(np.roll(mask, 1, 1)))
    with pytest.raises(AssertionError):
        test_every_mask_is_read_back(planted, tmp_path)


def test_labels_make_a_task(planted: Layout, tmp_path: Path) -> None:
    write_split(planted.root, "cvat", tmp_path / "cvat")
    labels = json.loads((tmp_path / "cvat/labels.json").read_text(encoding="utf-8"))
    root = ElementTree.parse(tmp_path / "cvat/annotations.xml").getroot()
    said = [(each.findtext("name"), each.findtext("color")) for each in root.iter("label")]
    assert said == [(each["name"], each["color"]) for each in labels]
    assert said[297] == ("чашка", labels[297]["color"])
    assert said[0][1] == "#f59e0b"


def test_occluded_empty_and_missing(planted: Layout, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(planted.root, copy)

    def change(data: dict[str, Any]) -> None:
        data["annotations"][0]["visibility"] = 0.5
        data["annotations"][1]["segmentation"] = []
        data["categories"][0]["name"] = 'a\n"b" <&>\''

    edit_labels(copy, change)
    summary = write_split(copy, "cvat", tmp_path / "a")
    assert summary.left_out == ("objects whose mask is empty: 1",)
    assert summary.annotations == 10
    first = shapes(tmp_path / "a/annotations.xml", "mask")["00000000"]
    assert [each.get("occluded") for each in first] == ["1", "0"]
    assert first[0].get("label") == 'a\n"b" <&>\''
    edit(copy / "manifest.json", lambda data: data["labels"].pop("mask"))
    with pytest.raises(UserError, match="planted has no mask labels"):
        write_split(copy, "cvat", tmp_path / "b", shape="mask")
    assert write_split(copy, "cvat", tmp_path / "c").annotations == 11
    assert len(shapes(tmp_path / "c/annotations.xml", "box")["00000000"]) == 3
    edit_labels(copy, lambda data: data["categories"][0].update(name="\ufffe"))
    with pytest.raises(DatasetError, match="which XML cannot hold"):
        write_split(copy, "cvat", tmp_path / "d")


def test_the_same_bytes_again(planted: Layout, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_split(planted.root, "cvat", tmp_path / name, halves)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
