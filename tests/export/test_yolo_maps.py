"""YOLO depth and semantic maps, read by Pillow and compared to what was planted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from renderer.dataset.layout import DatasetError, Layout
from renderer.export import yolo_depth, yolo_semantic
from renderer.truth.raster import encode_exr, encode_flat_png, encode_png
from tests.dataset.edits import edit_labels
from tests.export import yolo
from tests.export.planted import HEIGHT, WIDTH, Planted, boxes, make
from tests.export.yolo_sets import SIDES, add_files, add_kind, coco_of, copy_of, write_set

Depth = npt.NDArray[np.float32]
IMAGES = 7
# Metres, and what they are in millimetres.
KNOWN = {
    0.0001: 1,
    0.25: 250,
    1.0004: 1000,
    1.0006: 1001,
    65.535: 65535,
    65.536: 0,
    131.072: 0,
    np.inf: 0,
}


def depth_of(number: int) -> Depth:
    """A map (h, w) with each known depth in its first row, and a slope below."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    depth = (0.5 + number / 7 + x / 10 + y / 50).astype(np.float32)
    depth[0, : len(KNOWN)] = list(KNOWN)
    return depth


def with_depth(planted: Layout, root: Path, scale: float | None = None) -> Layout:
    """The planted dataset with depth in EXR, or in PNG of a scale."""
    layout = copy_of(planted, root)
    maps = {number: depth_of(number) for number in range(1, IMAGES + 1)}
    if scale is None:
        add_kind(layout, "depth", format="exr", scale=0.001)
        add_files(layout, "depth", "exr", {key: encode_exr(each) for key, each in maps.items()})
        return layout
    add_kind(layout, "depth", format="png16", scale=scale)
    steps = {
        key: np.where(np.isfinite(each) & (each / scale <= 65535), np.rint(each / scale), 0)
        for key, each in maps.items()
    }
    content = {key: encode_png(each.astype(np.uint16)) for key, each in steps.items()}
    add_files(layout, "depth", "png", content)
    return layout


def compare_depth(data: Path, sides: tuple[str, ...] = ("train",)) -> int:
    told = yolo.read_yaml(data)
    assert told["names"] == {0: "depth"}
    assert (told["nc"], told["depth_scale"]) == (1, 1000)
    count = 0
    for side in sides:
        for path in yolo.pictures(data, side):
            with Image.open(yolo.beside(path, "depth", ".png")) as image:
                assert image.mode == "I;16"
                steps = np.asarray(image)
            assert steps[0, : len(KNOWN)].tolist() == list(KNOWN.values())
            truth = depth_of(int(path.stem) + 1)
            truth[~np.isfinite(truth) | (truth > 65.5355)] = 0
            assert np.abs(steps / told["depth_scale"] - truth)[1:].max() <= 0.000501
            count += 1
    return count


def test_depth_is_read_back(planted: Layout, tmp_path: Path) -> None:
    layout = with_depth(planted, tmp_path / "set")
    summary = write_set(layout, "yolo-depth", tmp_path / "depth")
    assert compare_depth(tmp_path / "depth/data.yaml") == IMAGES
    assert (summary.images, summary.annotations) == (IMAGES, 0)
    (said,) = [line for line in summary.left_out if line.startswith("depth beyond")]
    assert said.startswith("depth beyond 65.535 m: 14 pixels of 7 images are 0")
    write_set(layout, "yolo-depth", tmp_path / "sides", SIDES)
    assert compare_depth(tmp_path / "sides/data.yaml", SIDES) == IMAGES


def test_depth_of_png_is_read_by_its_scale(planted: Layout, tmp_path: Path) -> None:
    layout = with_depth(planted, tmp_path / "set", scale=0.01)
    summary = write_set(layout, "yolo-depth", tmp_path / "depth", depth_scale=256)
    told = yolo.read_yaml(tmp_path / "depth/data.yaml")
    with Image.open(tmp_path / "depth/depth/00000000.png") as image:
        metres = np.asarray(image) / told["depth_scale"]
    truth = depth_of(1)
    assert np.abs(metres - truth)[1:].max() <= 0.005 + 0.5 / 256 + 1e-6
    assert metres[0, 6] == pytest.approx(131.07, abs=0.003)  # which 256 reaches
    assert metres[0, 7] == 0
    assert not any("depth beyond" in line for line in summary.left_out)


def test_the_comparison_of_depth_sees_a_shift(
    planted: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = with_depth(planted, tmp_path / "set")
    monkeypatch.setattr(yolo_depth, "encode_png", lambda steps: encode_png(np.roll(steps, 1, 1)))
    write_set(layout, "yolo-depth", tmp_path / "depth")
    with pytest.raises(AssertionError):
        compare_depth(tmp_path / "depth/data.yaml")


def test_damaged_depth_is_refused(planted: Layout, tmp_path: Path) -> None:
    layout = with_depth(planted, tmp_path / "set")
    (layout.root / "depth/00000001.exr").write_bytes(b"v/1\x01")
    with pytest.raises(DatasetError, match="depth file of image 2 is wrong"):
        write_set(layout, "yolo-depth", tmp_path / "depth")
    edit_labels(layout.root, lambda data: data["images"][0]["files"].pop("depth"))
    with pytest.raises(DatasetError, match="image 1 has no depth file"):
        write_set(layout, "yolo-depth", tmp_path / "other")


def few_classes(planted: Layout, root: Path, names: int = 254) -> Layout:
    """The planted dataset with so many categories; ids stay, the highest become low."""
    layout = copy_of(planted, root)

    def change(data: dict[str, Any]) -> None:
        names_of = {each["id"]: each["name"] for each in data["categories"]}
        used = sorted({each["category_id"] for each in data["annotations"]})
        others = [number for number in names_of if number not in used]
        kept = sorted([*used, *others[: names - len(used)]])
        data["categories"] = [{"id": number, "name": names_of[number]} for number in kept]

    edit_labels(layout.root, change)
    return layout


def compare_classes(layout: Layout, data: Path, sides: tuple[str, ...] = ("train",)) -> int:
    told, truth, count = yolo.read_yaml(data), coco_of(layout), 0
    assert told["masks_dir"] == "masks"
    assert told["names"][0] == "background"
    for side in sides:
        for path in yolo.pictures(data, side):
            with Image.open(yolo.beside(path, told["masks_dir"], ".png")) as image:
                assert image.mode == "L"
                assert image.size == (WIDTH, HEIGHT)
                found = np.asarray(image)
            free = found != 255
            for record in truth[path.name]:
                assert {told["names"][value] for value in found[record["mask"]]} == {record["name"]}
                free &= ~record["mask"]
                count += 1
            assert not found[free].any()
    return count


def test_classes_are_read_back(planted: Layout, tmp_path: Path) -> None:
    layout = few_classes(planted, tmp_path / "set")
    summary = write_set(layout, "yolo-semantic", tmp_path / "sem")
    assert compare_classes(layout, tmp_path / "sem/data.yaml") == 10
    assert "objects that are to be ignored (iscrowd 1), whose pixels are 255: 1" in summary.left_out
    with Image.open(tmp_path / "sem/masks/00000006.png") as image:
        assert (np.asarray(image) == 255).sum() == 9
        assert (np.asarray(image)[8:11, 40:43] == 255).all()
    with Image.open(tmp_path / "sem/masks/00000005.png") as image:
        assert not np.asarray(image).any()
    write_set(layout, "yolo-semantic", tmp_path / "sides", SIDES)
    assert compare_classes(layout, tmp_path / "sides/data.yaml", SIDES) == 10
    largest = max(yolo.read_yaml(tmp_path / "sem/data.yaml")["names"])
    assert largest == 254


def test_the_comparison_of_classes_sees_a_shift(
    planted: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout, right = few_classes(planted, tmp_path / "set"), encode_flat_png
    monkeypatch.setattr(yolo_semantic, "encode_flat_png", lambda found: right(np.roll(found, 1, 1)))
    write_set(layout, "yolo-semantic", tmp_path / "sem")
    with pytest.raises(AssertionError):
        compare_classes(layout, tmp_path / "sem/data.yaml")


def test_more_classes_than_a_byte_has_are_refused(planted: Layout, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="300 categories, and a map of yolo-semantic has room"):
        write_set(planted, "yolo-semantic", tmp_path / "sem")
    with pytest.raises(DatasetError, match="255 categories"):
        write_set(few_classes(planted, tmp_path / "set", 255), "yolo-semantic", tmp_path / "b")


@pytest.mark.parametrize("bits", [8, 16])
def test_dropped_objects_are_void(tmp_path: Path, bits: int) -> None:
    """Their pixels are in the semantic map alone; without one they would pass for background."""
    layout = make(tmp_path / "set", [(Planted(1, boxes((2, 2, 5, 5))),)])

    def change(data: dict[str, Any]) -> None:
        data["categories"] = data["categories"][:3]
        data["images"][0]["dropped"] = {"thing 2": 1}

    edit_labels(layout.root, change)
    with pytest.raises(DatasetError, match="image 1 shows objects without an annotation"):
        write_set(layout, "yolo-semantic", tmp_path / "without")
    values = np.zeros((HEIGHT, WIDTH), np.uint8 if bits == 8 else np.uint16)
    values[2:7, 2:7], values[20:22, 30:33] = 1, 2**bits - 1
    add_kind(layout, "semantic")
    add_files(layout, "semantic", "png", {1: cv2.imencode(".png", values)[1].tobytes()})
    write_set(layout, "yolo-semantic", tmp_path / "with")
    with Image.open(tmp_path / "with/masks/00000000.png") as image:
        found = np.asarray(image)
    assert (found[20:22, 30:33] == 255).all()
    assert (found == 255).sum() == 6
    assert (found == 1).sum() == 25
    (layout.root / "semantic/00000000.png").write_bytes(b"no")
    with pytest.raises(DatasetError, match="semantic file of image 1 is wrong"):
        write_set(layout, "yolo-semantic", tmp_path / "damaged")
