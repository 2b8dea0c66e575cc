"""BOP sets, read by the format's documentation and compared with cv2's own projection."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from renderer.asset import AssetCache
from renderer.asset.cache import FACTS
from renderer.dataset.layout import DatasetError, Layout
from renderer.dataset.validation import Validation
from renderer.export.bop.mesh import diameter
from renderer.export.check import check_exports
from renderer.export.models import ModelMissingError
from renderer.export.write import export
from renderer.farm.asset_import import default_cache
from renderer.recipe.exports import export_of
from tests import shapes
from tests.conftest import contents, put_solid
from tests.export.cast import LEVEL, SIZE, K, Scene, Thing, make, pitched, write, yaw

Array = np.ndarray
# A brick off its origin and turned, another of half the size, and a ball before the first.
STILL_LIFE = Scene(
    [
        Thing("brick", (-0.1, 1.5, 0.0), yaw(35)),
        Thing("brick", (0.3, 1.2, -0.1), yaw(-60), scale=0.5),
        Thing("ball", (0.0, 1.0, 0.1), scale=0.3),
    ],
    cameras=[LEVEL, pitched(6)],
)


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def read_ply(path: Path) -> tuple[Array, Array, Array]:
    """Points, normals and faces of an ASCII PLY."""
    head, _, body = path.read_text().partition("end_header\n")
    assert head.startswith("ply\nformat ascii 1.0\n")
    count = int(head.split("element vertex ")[1].split()[0])
    rows = body.splitlines()
    table = np.array([row.split() for row in rows[:count]], float)
    faces = np.array([row.split() for row in rows[count:]], int)
    assert len(faces) == int(head.split("element face ")[1].split()[0])
    assert (faces[:, 0] == 3).all()
    return table[:, :3], table[:, 3:], faces[:, 1:]


def projected(points: Array, turn: Any, shift: Any, camera: Any) -> Array:
    matrix, turning = np.array(camera, float).reshape(3, 3), np.array(turn, float).reshape(3, 3)
    found, _ = cv2.projectPoints(
        np.ascontiguousarray(points, float),
        cv2.Rodrigues(turning)[0],
        np.array(shift, float),
        matrix,
        None,
    )
    return found[:, 0]


def compare(layout: Layout, cache: AssetCache, exported: Path, folder: str = "train_pbr") -> int:
    """Compare every instance of one scene with the COCO file; return how many there are."""
    coco, models = COCO(layout.instances), read(layout.manifest)["assets"]
    scene = exported / folder / "000000"
    cameras, poses, infos = (
        read(scene / f"scene_{name}.json") for name in ("camera", "gt", "gt_info")
    )
    count = 0
    for number, image in enumerate(coco.imgs.values()):
        camera, key = cameras[str(number)], str(number)
        records = [each for each in coco.imgToAnns[image["id"]] if not each["iscrowd"]]
        assert len(poses[key]) == len(infos[key]) == len(records)
        for at, record in enumerate(records):
            pose, info = poses[key][at], infos[key][at]
            points, _, _ = read_ply(exported / f"models/obj_{pose['obj_id']:06d}.ply")
            own = cache.geometry(models[record["asset"]]["digest"]).vertices * record["scale"]
            # COCO's keypoints and OpenCV have pixel centres at whole numbers.
            right = (
                projected(
                    own.astype(float),
                    record["cam_R_m2c"],
                    record["cam_t_m2c"],
                    image["camera"]["K"],
                )
                - 0.5
            )
            found = projected(points, pose["cam_R_m2c"], pose["cam_t_m2c"], camera["cam_K"])
            assert np.abs(found - right).max() < 0.01
            name = f"{number:06d}_{at:06d}.png"
            for kind, segmentation, box in (
                ("mask", "amodal_segmentation", "bbox_obj"),
                ("mask_visib", "segmentation", "bbox_visib"),
            ):
                mask = cv2.imread(str(scene / kind / name), cv2.IMREAD_UNCHANGED)
                assert mask.dtype == np.uint8
                assert (mask == 255 * coco_mask.decode(record[segmentation])).all()
                if record["truncation"] == 0 or kind == "mask_visib":
                    rows, columns = mask.nonzero()
                    low, high = (columns.min(), rows.min()), (columns.max(), rows.max())
                    assert info[box] == [*low, high[0] - low[0], high[1] - low[1]]
            assert info["px_count_visib"] == record["area"]
            count += 1
    return count


@pytest.fixture(scope="module")
def still_life(tmp_path_factory: pytest.TempPathFactory, solid_cache: AssetCache) -> Layout:
    return make(tmp_path_factory.mktemp("bop") / "set", solid_cache, [STILL_LIFE], depth=True)


def test_every_instance_is_read_back(
    still_life: Layout, solid_cache: AssetCache, tmp_path: Path
) -> None:
    done = write(still_life, "bop", tmp_path / "bop", solid_cache)
    assert compare(still_life, solid_cache, tmp_path / "bop") == done.annotations == 6
    told = "\n".join(done.left_out)
    assert "symmetries" in told
    assert "colours and textures" in told


def test_planted_cases_are_read_back(planted: Layout, tmp_path: Path) -> None:
    done = write(planted, "bop", tmp_path / "bop", default_cache())
    assert compare(planted, default_cache(), tmp_path / "bop") == done.annotations == 10
    told = read(tmp_path / "bop/objects.json")
    names = [each["name"] for each in COCO(planted.instances).cats.values()]
    assert told["1"]["categories"] == [
        names[number - 1] for number in (1, 2, 3, 4, 5, 6, 150, 298, 299, 300)
    ]


def test_the_comparison_sees_half_a_pixel(
    still_life: Layout, solid_cache: AssetCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("renderer.export.bop.scenes.at_whole_pixels", lambda matrix: matrix)
    write(still_life, "bop", tmp_path / "bop", solid_cache)
    with pytest.raises(AssertionError):
        compare(still_life, solid_cache, tmp_path / "bop")


def test_a_corner_lands_on_a_pixel_centre(tmp_path: Path) -> None:
    """The cube's nearest corner stands where the ray of the middle of pixel (30, 40) goes, for BOP
    and for COCO's keypoints.
    """
    solid_cache, (points, faces) = AssetCache(tmp_path / "cache"), shapes.box((0.4, 0.4, 0.4))
    put_solid(solid_cache, "cube", points - (0, 0, 0.2), faces)
    facts = json.loads((path := solid_cache.entry("cube") / FACTS).read_text())
    named = {"names": ["corner"], "flips": [0]}
    facts["keypoints"] = {"named": named, "positions": [(-0.2, -0.2, 0.2)], "inside_m": [0]}
    path.write_text(json.dumps(facts))
    (fx, _, cx), (_, fy, cy), _ = K
    corner = 1.5 * np.array([(30.5 - cx) / fx, 1.0, -(40.5 - cy) / fy])
    cube = Thing("cube", tuple(corner + (0.2, 0.2, -0.2)))
    layout = make(tmp_path / "set", solid_cache, [Scene([cube])], keypoints=True)
    (record,) = COCO(layout.instances).anns.values()
    assert record["keypoints"] == pytest.approx((30, 40, 2), abs=1e-6)
    write(layout, "bop", tmp_path / "bop", solid_cache)
    scene = tmp_path / "bop/train_pbr/000000"
    pose, camera = read(scene / "scene_gt.json")["0"][0], read(scene / "scene_camera.json")["0"]
    points, _, _ = read_ply(tmp_path / f"bop/models/obj_{pose['obj_id']:06d}.ply")
    found = projected(points, pose["cam_R_m2c"], pose["cam_t_m2c"], camera["cam_K"])
    assert np.abs(found - (30, 40)).max(axis=1).min() < 1e-6


def test_models_are_in_millimetres_about_their_middle(
    still_life: Layout, solid_cache: AssetCache, tmp_path: Path
) -> None:
    write(still_life, "bop", tmp_path / "bop", solid_cache)
    told, info = read(tmp_path / "bop/objects.json"), read(tmp_path / "bop/models/models_info.json")
    # Models stand by their names: ball, brick; the second size of a brick is two higher.
    assert [(key, told[key]["asset"], told[key]["scale"]) for key in told] == [
        ("1", "ball.ply", 0.3),
        ("2", "brick.ply", 1.0),
        ("4", "brick.ply", 0.5),
    ]
    assert told["2"]["origin_m"] == pytest.approx((0.13, 0, 0.15))
    assert told["2"]["categories"] == ["brick"]
    for key, size in (("2", (200, 500, 300)), ("4", (100, 250, 150))):
        assert [info[key][f"size_{axis}"] for axis in "xyz"] == pytest.approx(size, abs=1e-4)
        assert [info[key][f"min_{axis}"] for axis in "xyz"] == pytest.approx(
            [-side / 2 for side in size], abs=1e-4
        )
        assert info[key]["diameter"] == pytest.approx(np.linalg.norm(size), abs=1e-4)
    points, normals, faces = read_ply(tmp_path / "bop/models/obj_000002.ply")
    # Three right angles meet at each corner.
    assert np.abs(normals - np.sign(points) / np.sqrt(3)).max() < 1e-5
    a, b, c = (points[faces[:, at]] for at in range(3))
    assert np.einsum("ij,ij->i", np.cross(b - a, c - a), a).min() > 0  # outwards


def test_the_diameter_is_that_of_all_pairs() -> None:
    random = np.random.default_rng(3)
    for points in (
        random.normal(size=(400, 3)),
        random.normal(size=(700, 3)) * (5, 1, 0.1) + 100,
        (ball := random.normal(size=(900, 3))) / np.linalg.norm(ball, axis=1, keepdims=True),
        np.zeros((1, 3)),
    ):
        apart = np.linalg.norm(points[:, None] - points[None], axis=2).max()
        assert diameter(points) == pytest.approx(apart, rel=1e-12)


def test_depth_is_that_of_the_surface(solid_cache: AssetCache, tmp_path: Path) -> None:
    """A cube before a level camera: its face is 1.3 m away, and nothing is beside it."""
    layout = make(tmp_path / "set", solid_cache, [Scene([Thing("cube", (0, 1.5, 0))])], depth=True)
    write(layout, "bop", tmp_path / "bop", solid_cache)
    scene = tmp_path / "bop/train_pbr/000000"
    camera, (info,) = (read(scene / f"scene_{name}.json")["0"] for name in ("camera", "gt_info"))
    depth = cv2.imread(str(scene / "depth/000000.png"), cv2.IMREAD_UNCHANGED)
    assert depth.dtype == np.uint16
    mask = cv2.imread(str(scene / "mask/000000_000000.png"), cv2.IMREAD_UNCHANGED) > 0
    assert camera["depth_scale"] == 0.1
    assert set(depth[mask]) == {13_000}
    assert not depth[~mask].any()
    assert info["px_count_valid"] == info["px_count_all"] == mask.sum()
    assert info["visib_fract"] == 1


def test_depth_that_16_bits_do_not_hold_is_refused(solid_cache: AssetCache, tmp_path: Path) -> None:
    things = [Thing("cube", (-0.3, 2, 0)), Thing("cube", (0, 7.2, 0), scale=2)]
    layout = make(tmp_path / "set", solid_cache, [Scene(things)], depth={"format": "exr"})
    with pytest.raises(
        DatasetError, match=r"depth up to 6.8 m, .* reach 6.5535 m: raise the option"
    ):
        write(layout, "bop", tmp_path / "a", solid_cache)
    write(layout, "bop", tmp_path / "b", solid_cache, depth_scale=0.2)
    far = cv2.imread(str(tmp_path / "b/train_pbr/000000/depth/000000.png"), cv2.IMREAD_UNCHANGED)
    assert far.max() == 34_000
    done = write(layout, "bop", tmp_path / "c", solid_cache, depth_limit_m=3)
    near = cv2.imread(str(tmp_path / "c/train_pbr/000000/depth/000000.png"), cv2.IMREAD_UNCHANGED)
    assert 17_000 < near.max() <= 30_000
    assert (near > 0).sum() < (far > 0).sum()
    assert any("depth_limit_m" in each and each.endswith(": 1") for each in done.left_out)


def test_what_is_beyond_the_frame_is_hidden_to_bop(solid_cache: AssetCache, tmp_path: Path) -> None:
    """A ball whose middle is on the left edge."""
    (fx, _, cx), _, _ = K
    ball = Thing("ball", (-1.5 * cx / fx, 1.5, 0))
    layout = make(tmp_path / "set", solid_cache, [Scene([ball])])
    write(layout, "bop", tmp_path / "bop", solid_cache)
    (record,) = COCO(layout.instances).anns.values()
    (info,) = read(tmp_path / "bop/train_pbr/000000/scene_gt_info.json")["0"]
    assert record["visibility"] == 1
    assert info["visib_fract"] == pytest.approx(0.5, abs=0.04)
    assert info["visib_fract"] == pytest.approx(
        info["px_count_visib"] / info["px_count_all"], abs=1e-3
    )
    x, _, w, _ = info["bbox_obj"]
    assert x < -10
    assert x + w == info["bbox_visib"][0] + info["bbox_visib"][2]


def test_sizes_without_end_are_refused(solid_cache: AssetCache, tmp_path: Path) -> None:
    scenes = [Scene([Thing("cube", (0, 2, 0), scale=1 - at / 100)]) for at in range(4)]
    layout = make(tmp_path / "set", solid_cache, scenes)
    with pytest.raises(DatasetError, match=r"cube.ply is there in more than 3 sizes"):
        write(layout, "bop", tmp_path / "a", solid_cache, most_sizes=3)
    write(layout, "bop", tmp_path / "b", solid_cache, most_sizes=4)
    assert len(list((tmp_path / "b/models").glob("*.ply"))) == 4


def test_what_bop_cannot_say_is_refused(solid_cache: AssetCache, tmp_path: Path) -> None:
    cube = [Thing("cube", (0, 1.5, 0))]
    lens = {"model": "brown", "coefficients": (0.1, 0.0, 0.0, 0.0)}
    bent = make(tmp_path / "bent", solid_cache, [Scene(cube, distortion=lens)])
    with pytest.raises(DatasetError, match="a lens that bends, and BOP knows pinholes only"):
        write(bent, "bop", tmp_path / "a", solid_cache)
    sizes = make(tmp_path / "sizes", solid_cache, [Scene(cube), Scene(cube, size=(64, 48))])
    with pytest.raises(DatasetError, match="64x48 pixels and others 96x72"):
        write(sizes, "bop", tmp_path / "b", solid_cache)
    with pytest.raises(
        ModelMissingError, match=r"cube\.ply as it was rendered is not in the cache"
    ):
        write(sizes, "bop", tmp_path / "c", AssetCache(tmp_path / "empty"))


def test_an_unknown_category_or_no_size_is_refused(
    still_life: Layout, solid_cache: AssetCache, tmp_path: Path
) -> None:
    for at, wrong in enumerate(({"category_id": 9}, {"scale": 0.0}, {"scale": -1.0})):

        def change(sample: Any, wrong: Any = wrong) -> Any:
            records = tuple(each.model_copy(update=wrong) for each in sample.annotations)
            return replace(sample, annotations=records)

        with pytest.raises(DatasetError, match="annotation 1 has the category"):
            write(still_life, "bop", tmp_path / str(at), solid_cache, change)


def test_ignored_objects_are_left_out(
    still_life: Layout, solid_cache: AssetCache, tmp_path: Path
) -> None:
    def change(sample: Any) -> Any:
        first, *others = sample.annotations
        return replace(sample, annotations=(first.model_copy(update={"iscrowd": 1}), *others))

    done = write(still_life, "bop", tmp_path / "bop", solid_cache, change)
    assert done.annotations == 4
    assert "objects to be ignored, which BOP cannot say (they are in the pictures): 2" in (
        done.left_out
    )
    scene = tmp_path / "bop/train_pbr/000000"
    assert len(read(scene / "scene_gt.json")["0"]) == 2
    assert len(list((scene / "mask").iterdir())) == 4


def test_sides_and_scenes(solid_cache: AssetCache, tmp_path: Path) -> None:
    """Both views of a shot stay in a scene; of test images it is told what is to be found."""
    cubes = [Thing("cube", (0, 1.5, 0)), Thing("cube", (0.1, 2.5, 0), scale=0.5)]
    scenes = [Scene(cubes, cameras=[LEVEL, pitched(5)]) for _ in range(5)]
    layout = make(tmp_path / "set", solid_cache, scenes)
    sides = ("train", "train", "train", "val", "test")

    def change(sample: Any) -> Any:
        return replace(sample, split=sides[sample.image.shot])

    write(
        layout,
        "bop",
        tmp_path / "bop",
        solid_cache,
        change,
        ("train", "val", "test"),
        scene_images=3,
    )
    found = {
        str(path.parent.relative_to(tmp_path / "bop")): len(read(path))
        for path in sorted((tmp_path / "bop").rglob("scene_gt.json"))
    }
    assert found == {
        "test/000000": 2,
        "train_pbr/000000": 2,
        "train_pbr/000001": 2,
        "train_pbr/000002": 2,
        "val/000000": 2,
    }
    # The smaller cube is all but hidden behind the larger.
    assert read(tmp_path / "bop/test_targets_bop24.json") == [
        {"scene_id": 0, "im_id": 0},
        {"scene_id": 0, "im_id": 1},
    ]
    infos = read(tmp_path / "bop/test/000000/scene_gt_info.json")
    poses = read(tmp_path / "bop/test/000000/scene_gt.json")
    wanted = [
        {"scene_id": 0, "im_id": image, "obj_id": pose["obj_id"], "inst_count": 1}
        for image in range(2)
        for pose, info in zip(poses[str(image)], infos[str(image)], strict=True)
        if info["visib_fract"] >= 0.1
    ]
    assert read(tmp_path / "bop/test_targets_bop19.json") == wanted
    assert len(wanted) >= 2


def test_webp_becomes_png(solid_cache: AssetCache, tmp_path: Path) -> None:
    layout = make(tmp_path / "set", solid_cache, [Scene([Thing("cube", (0, 1.5, 0))])], "webp")
    write(layout, "bop", tmp_path / "bop", solid_cache)
    picture = cv2.imread(str(tmp_path / "bop/train_pbr/000000/rgb/000000.png"))
    assert picture.shape == (*SIZE[::-1], 3)
    assert (picture == (30, 20, 10)).all()


def test_a_rendered_set_is_written_with_the_cache_s_models(
    crowd: Path, cache: AssetCache, tmp_path: Path
) -> None:
    choice = export_of({"format": "bop"})
    done = export(Layout(crowd), choice, tmp_path / "a", cache=cache)
    assert any(
        each.startswith("depth, which the dataset has not") for each in done.facts["left_out"]
    )
    export(Layout(crowd), choice, tmp_path / "b", cache=cache)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    camera = read(tmp_path / "a/camera.json")
    assert (camera["cx"], camera["cy"]) == (47.5, 35.5)
    with pytest.raises(ModelMissingError):
        export(Layout(crowd), choice, tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_validation_compares_where_models_are_at_hand(planted: Layout, tmp_path: Path) -> None:
    shutil.copytree(planted.root, tmp_path / "set")
    layout = Layout(tmp_path / "set")
    export(layout, export_of({"format": "bop"}), layout.exports / "bop", cache=default_cache())
    for cache, notes in ((default_cache(), 0), (None, 1)):
        result = Validation()
        check_exports(layout, result, cache)
        assert not result.findings
        assert len(list(result.notes())) == notes
    assert "exports/bop was not compared: the model box.ply" in next(result.notes())
    path = layout.exports / "bop/models/obj_000001.ply"
    path.write_text(path.read_text().replace("300", "301", 1))
    result = Validation()
    check_exports(layout, result, default_cache())
    assert result.findings == ["exports/bop/models/obj_000001.ply is not what the dataset says"]
