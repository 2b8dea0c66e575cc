"""KITTI sets, read by the devkit's rules and two other readers, and compared with figures on paper."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from renderer.asset import AssetCache
from renderer.dataset.layout import DatasetError, Layout
from renderer.export.models import ModelMissingError
from tests.export.cast import SIZE, K, Scene, Thing, make, pitched, write, yaw

Array = np.ndarray
# Half the brick's sides, and where its middle is.
_HALF, _MIDDLE = np.array([0.1, 0.25, 0.15]), np.array([0.13, 0, 0.15])
_CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
_ANNOUNCED = ("truncated", "occluded", "alpha", "rotation_y", "dimensions", "location")


@dataclass(frozen=True)
class Line:
    """The columns of a label, by the names of the devkit's readme."""

    type: str
    truncated: float
    occluded: int
    alpha: float
    box: tuple[float, ...]
    size: tuple[float, ...]
    place: tuple[float, ...]
    rotation: float


def read(path: Path) -> list[Line]:
    found = []
    for text in path.read_text(encoding="utf-8").splitlines():
        name, truncated, occluded, *rest = text.split()
        alpha, *numbers = map(float, rest)
        assert len(numbers) == 11
        box, size, place = (tuple(numbers[at : at + n]) for at, n in ((0, 4), (4, 3), (7, 3)))
        found.append(
            Line(name, float(truncated), int(occluded), alpha, box, size, place, numbers[-1])
        )
    return found


def corners_of(line: Line) -> Array:
    """As the devkit's computeBox3D: (8, 3) in the labels' axes."""
    height, width, length = line.size
    c, s = math.cos(line.rotation), math.sin(line.rotation)
    turn = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    own = [
        [x * length / 2, y * height, z * width / 2]
        for x in (-1, 1)
        for y in (-1, 0)
        for z in (-1, 1)
    ]
    return np.array(own) @ turn.T + line.place


def projection(path: Path) -> Array:
    rows = dict(line.split(": ") for line in path.read_text().splitlines())
    assert list(rows) == ["P0", "P1", "P2", "P3", "R0_rect", "Tr_velo_to_cam", "Tr_imu_to_velo"]
    return np.array(rows["P2"].split(), float).reshape(3, 4)


def to_pixels(points: Array, matrix: Array) -> Array:
    found = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return found[:, :2] / found[:, 2:]


def bricks(*azimuths: float) -> list[Thing]:
    """Bricks two metres away and off the axis, turned by some degrees."""
    return [
        Thing("brick", (-0.6 + 0.4 * at, 2.0, -0.2), yaw(degrees))
        for at, degrees in enumerate(azimuths)
    ]


def compare(layout: Layout, exported: Path, things: list[Thing], camera: Array) -> None:
    """Compare the corners of boxes in the picture with cv2's projection of the solids'."""
    matrix = projection(exported / "training/calib/000000.txt")
    (image,) = COCO(layout.instances).imgs.values()
    lines = read(exported / "training/label_2/000000.txt")
    assert len(lines) == len(things)
    for line, thing in zip(lines, things, strict=True):
        points = (_CORNERS * _HALF + _MIDDLE) @ thing.to_world[:3, :3].T + thing.at
        right, _ = cv2.projectPoints(
            points,
            cv2.Rodrigues(camera[:3, :3])[0],
            camera[:3, 3],
            np.array(image["camera"]["K"]) - [[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]],
            None,
        )
        found = to_pixels(corners_of(line), matrix)
        apart = np.linalg.norm(found[:, None] - right[:, 0][None], axis=2)
        assert apart.min(axis=0).max() < 0.01
        assert apart.min(axis=1).max() < 0.01


@pytest.mark.parametrize("azimuth", [0, 70, 180, 250])
def test_alpha_by_hand(solid_cache: AssetCache, tmp_path: Path, azimuth: int) -> None:
    """A brick to the right of the axis; its front (-y) faces the camera at azimuth 0."""
    brick = Thing("brick", (0.5, 2.0, 0.0), yaw(azimuth))
    layout = make(tmp_path / "set", solid_cache, [Scene([brick])])
    write(layout, "kitti", tmp_path / "kitti", solid_cache)
    (line,) = read(tmp_path / "kitti/training/label_2/000000.txt")
    a = math.radians(azimuth)
    middle = (0.5 + 0.13 * math.cos(a), 2 + 0.13 * math.sin(a))
    # Facing the camera is against z, which a turn of +90 degrees about down makes of x; seen from
    # above the world turns the other way than y, which points down.
    rotation = math.remainder(math.pi / 2 - a, math.tau)
    assert math.remainder(line.rotation - rotation, math.tau) == pytest.approx(0, abs=1e-5)
    alpha = math.remainder(rotation - math.atan2(*middle), math.tau)
    assert math.remainder(line.alpha - alpha, math.tau) == pytest.approx(0, abs=1e-5)
    # Its bottom is at the camera's height, and its top 0.3 m above.
    assert line.place == pytest.approx((middle[0], 0, middle[1]), abs=1e-5)
    assert line.size == pytest.approx((0.3, 0.2, 0.5), abs=1e-5)


def test_boxes_land_on_the_objects(solid_cache: AssetCache, tmp_path: Path) -> None:
    things = bricks(10, 100, 200, 300)
    camera = pitched(0)
    layout = make(tmp_path / "set", solid_cache, [Scene(things, [camera])])
    done = write(layout, "kitti", tmp_path / "kitti", solid_cache)
    assert not done.left_out
    compare(layout, tmp_path / "kitti", things, camera)


def test_the_comparison_sees_half_a_pixel(
    solid_cache: AssetCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    things, camera = bricks(10, 100), pitched(0)
    layout = make(tmp_path / "set", solid_cache, [Scene(things, [camera])])
    monkeypatch.setattr("renderer.export.kitti_labels.at_whole_pixels", lambda matrix: matrix)
    write(layout, "kitti", tmp_path / "kitti", solid_cache)
    with pytest.raises(AssertionError):
        compare(layout, tmp_path / "kitti", things, camera)


def test_what_is_tilted_is_flagged_or_levelled(solid_cache: AssetCache, tmp_path: Path) -> None:
    """The camera looks down by 25 degrees, as from an orbit."""
    things = [Thing("brick", (-0.4, 2.0, -1.2), yaw(30)), Thing("brick", (0.2, 2.2, -1), yaw(-80))]
    camera = pitched(25)
    layout = make(tmp_path / "set", solid_cache, [Scene(things, [camera])])
    done = write(layout, "kitti", tmp_path / "a", solid_cache)
    lines = read(tmp_path / "a/training/label_2/000000.txt")
    assert [line.type for line in lines] == ["DontCare"] * 2
    assert lines[0].place == (-1000,) * 3
    (told,) = done.left_out
    assert "tilted more than 2 degrees against the camera" in told
    assert "option level" in told
    assert told.endswith(": 2")
    done = write(layout, "kitti", tmp_path / "b", solid_cache, level=True)
    assert not done.left_out
    compare(layout, tmp_path / "b", things, camera)
    first, second = read(tmp_path / "b/training/label_2/000000.txt")
    assert first.place[1] == pytest.approx(1.2, abs=1e-5)  # below the camera
    assert math.remainder(second.rotation - first.rotation, math.tau) == pytest.approx(
        math.radians(110), abs=1e-5
    )
    # A tilt that is asked for is passed over: the box stands upright before the camera.
    write(layout, "kitti", tmp_path / "c", solid_cache, max_tilt_deg=30)
    with pytest.raises(AssertionError):
        compare(layout, tmp_path / "c", things, camera)


def test_columns_of_what_is_hidden_or_beyond(solid_cache: AssetCache, tmp_path: Path) -> None:
    """A ball before a brick, and one whose middle is on the frame's left edge."""
    (fx, _, cx), _, _ = K
    things = [
        Thing("brick", (0, 2, 0)),
        Thing("ball", (0.1, 1.4, 0.1), scale=0.5),
        Thing("ball", (-1.5 * cx / fx, 1.5, 0)),
    ]
    layout = make(tmp_path / "set", solid_cache, [Scene(things)])
    write(layout, "kitti", tmp_path / "kitti", solid_cache)
    lines = read(tmp_path / "kitti/training/label_2/000000.txt")
    for line, record in zip(lines, COCO(layout.instances).anns.values(), strict=True):
        whole = coco_mask.decode(record["amodal_segmentation"])
        rows, columns = whole.nonzero()
        assert line.box == (columns.min(), rows.min(), columns.max(), rows.max())
        assert line.truncated == pytest.approx(record["truncation"], abs=1e-5)
    assert [line.occluded for line in lines] in ([1, 0, 0], [2, 0, 0])
    assert lines[2].truncated == pytest.approx(0.5, abs=0.04)


def test_sides_have_lists(solid_cache: AssetCache, tmp_path: Path) -> None:
    layout = make(tmp_path / "set", solid_cache, [Scene(bricks(0))] * 4)
    write(layout, "kitti", tmp_path / "a", solid_cache)
    assert (tmp_path / "a/ImageSets/trainval.txt").read_text() == "000000\n000001\n000002\n000003\n"
    sides = ("train", "test", "val", "train")

    def change(sample: Any) -> Any:
        return replace(sample, split=sides[sample.image.shot])

    write(layout, "kitti", tmp_path / "b", solid_cache, change, ("train", "val", "test"))
    lists = {path.stem: path.read_text().split() for path in (tmp_path / "b/ImageSets").iterdir()}
    assert lists == {"train": ["000000", "000003"], "val": ["000002"], "test": ["000001"]}
    for folder, numbers in (("training", [0, 2, 3]), ("testing", [1])):
        for kind in ("image_2", "label_2", "calib"):
            found = sorted(path.stem for path in (tmp_path / "b" / folder / kind).iterdir())
            assert found == [f"{number:06d}" for number in numbers]


def test_what_kitti_cannot_say_is_refused(solid_cache: AssetCache, tmp_path: Path) -> None:
    lens = {"model": "brown", "coefficients": (0.1, 0.0, 0.0, 0.0)}
    bent = make(tmp_path / "bent", solid_cache, [Scene(bricks(0), distortion=lens)])
    with pytest.raises(DatasetError, match="KITTI knows pinholes only"):
        write(bent, "kitti", tmp_path / "a", solid_cache)
    layout = make(tmp_path / "set", solid_cache, [Scene(bricks(0))])
    with pytest.raises(ModelMissingError, match=r"no boxes3d labels, .* not in the cache"):
        write(layout, "kitti", tmp_path / "b")


def with_boxes(sample: Any) -> Any:
    """A sample of planted cases, with a box in space for each."""
    annotations = tuple(
        record.model_copy(update={"box3d_center": record.cam_t_m2c, "box3d_size": (0.6, 0.4, 0.8)})
        for record in sample.annotations
    )
    return replace(sample, annotations=annotations)


def test_two_other_readers(planted: Layout, tmp_path: Path) -> None:
    from datumaro import Dataset
    from labelformat.formats.kitti import KittiObjectDetectionInput

    coco = COCO(planted.instances)
    done = write(planted, "kitti", tmp_path / "kitti", None, with_boxes, level=True)
    root = tmp_path / "kitti/training"
    assert done.left_out == ("objects to be ignored, which are DontCare: 1",)
    names = {key: cat["name"].replace(" ", "_") for key, cat in coco.cats.items()}

    def right(image: dict[str, Any]) -> list[tuple[str, list[float]]]:
        found = []
        for record in coco.imgToAnns[image["id"]]:
            rows, columns = coco_mask.decode(record["amodal_segmentation"]).nonzero()
            box = [columns.min(), rows.min(), columns.max(), rows.max()]
            name = "DontCare" if record["iscrowd"] else names[record["category_id"]]
            found.append((name, box))
        return found

    one = Dataset.import_from(str(root), "kitti3d")
    labels = one.categories()[next(iter(one.categories()))]
    items = {item.id: item for item in one}
    assert len(items) == len(coco.imgs)
    for image in coco.imgs.values():
        item = items[f"{image['id'] - 1:06d}"]
        found = [
            (labels[each.label].name, [each.x, each.y, each.x + each.w, each.y + each.h])
            for each in item.annotations
        ]
        assert found == right(image)
        assert all(each.attributes.keys() >= set(_ANNOUNCED) for each in item.annotations)
    other = KittiObjectDetectionInput(
        root / "label_2", ",".join([*names.values(), "DontCare"]), "../image_2"
    )
    by_name = {each.image.filename: each.objects for each in other.get_labels()}
    for image in coco.imgs.values():
        found = [
            (each.category.name, [each.box.xmin, each.box.ymin, each.box.xmax, each.box.ymax])
            for each in by_name[f"{image['id'] - 1:06d}.png"]
        ]
        assert found == right(image)


def test_pictures_are_png(solid_cache: AssetCache, tmp_path: Path) -> None:
    layout = make(tmp_path / "set", solid_cache, [Scene(bricks(0))], "jpeg")
    write(layout, "kitti", tmp_path / "kitti", solid_cache)
    picture = cv2.imread(str(tmp_path / "kitti/training/image_2/000000.png"))
    assert picture.shape == (*SIZE[::-1], 3)
    assert np.abs(picture.astype(int) - (30, 20, 10)).max() <= 2


def test_names_that_would_be_the_same_are_refused() -> None:
    from renderer.export.kitti import _type_names

    assert _type_names({1: "a b", 2: "c"}) == {1: "a_b", 2: "c"}
    with pytest.raises(DatasetError, match="would be 'a_b' in KITTI, which is 'a_b', too"):
        _type_names({1: "a b", 2: "a_b"})
    with pytest.raises(DatasetError, match="a word of its own: rename it"):
        _type_names({1: "DontCare"})
