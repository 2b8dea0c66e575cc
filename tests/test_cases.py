"""Small inputs that once gave a wrong label, size or look without a word: what is right for each."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from renderer.asset import AssetCache, AssetSource
from renderer.farm.asset_import import import_models
from renderer.plan import Planner
from renderer.shot.frame import Frame
from renderer.shot.shot import Shot
from renderer.truth.view import ViewTruth
from tests import shapes
from tests.cases.make_blends import CASES
from tests.truth.labelled import Label, labels_of, problems_of

HERE = Path(__file__).parent / "cases"
BLUE = np.array([0.0296, 0.0296, 1.0])


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory, cache: AssetCache) -> Path:
    """A folder of all cases, imported in one go."""
    folder = tmp_path_factory.mktemp("cases")
    shutil.copytree(HERE, folder, dirs_exist_ok=True)
    subprocess.run(
        [sys.executable, str(HERE / "make_blends.py"), str(folder)], check=True, capture_output=True
    )
    models = [*folder.glob("*.gltf"), *folder.glob("*.blend"), *folder.glob("*/*.obj")]
    _, errors = import_models(map(AssetSource, models), cache)
    assert not errors
    assert len(models) == len(CASES) + 2 + 11 + 2  # linked and parts, glTF, OBJ
    return folder


Rendered = tuple[Shot, Frame, list[Label]]


@pytest.fixture
def render(
    cases: Path, make_planner: Callable[..., Planner], scene_renderer: Any, cache: AssetCache
) -> Callable[..., Rendered]:
    """Render one image as the cases do: from the front, white light, a plain backdrop; its scene
    must agree with its labels."""

    def take(
        *objects: dict[str, Any], camera: dict[str, Any] | None = None, **more: Any
    ) -> Rendered:
        planner = make_planner(
            {
                "name": "case",
                "images": 1,
                "objects": [{"category": "thing", "yaw_deg": 0, **each} for each in objects],
                "camera": {
                    "resolution": [96, 72],
                    "orbit": {"azimuth_deg": 0, "elevation_deg": 0, "fill": 0.8},
                    **(camera or {}),
                },
                "lighting": {"world": {"color": "#ffffff"}, "lights": []},
                "background": {"color": "#3030ff", "shadows": False},
                "render": {"samples": 4, "denoise": False, "view_transform": "Standard"},
                "accept": {"min_visibility": 0, "max_truncation": 1},
                **more,
            },
            cases,
        )
        shot = planner.shot(0)
        frame = scene_renderer.render(shot)[0]
        truth = ViewTruth.of(shot, shot.views[0].camera, cache, frame)
        labels = labels_of(truth)
        assert not problems_of(truth)
        return shot, frame, labels

    return take


def _facts(cases: Path, cache: AssetCache, name: str) -> Any:
    source = AssetSource(cases / name)
    known, errors = import_models([source], cache)
    assert not errors
    return known[source]


# Pixels of a sheet or cube of 1 m at 0.8 of the frame: 58 x 58; half of it is 58 x 29.
FULL, HALF = 3364, 1682


@pytest.mark.parametrize(
    ("name", "area"),
    [
        ("uv0_control.gltf", HALF),
        ("uv1_uv0opaque.gltf", HALF),
        ("unlit_mask.gltf", HALF),
        ("textrans.gltf", HALF),
        ("nearest_mask.gltf", 2523),
        ("mapd2/q.obj", 1740),  # opacity rises over a texel: half of one is seen
        ("mix_shader.blend", HALF),
        ("node_group.blend", HALF),
        ("less_than.blend", HALF),
    ],
)
def test_amodal_masks_have_the_holes_of_cutouts(
    render: Callable[..., Rendered], cases: Path, cache: AssetCache, name: str, area: int
) -> None:
    _, frame, (label,) = render({"asset": name})
    assert label.area == area
    assert label.visibility == 1
    assert label.amodal.sum() == area
    # And what stands before it hides that much of it: a solid sheet over the lower half.
    traceable = _facts(cases, cache, name).ray_traceable
    assert traceable == (not frame.silhouettes)


@pytest.mark.parametrize("name", ["uv1_uv0opaque.gltf", "unlit_mask.gltf"])
def test_what_hides_a_cutout_and_what_is_beyond_the_frame(
    render: Callable[..., Rendered], name: str
) -> None:
    """A cube before the right half of the lower half; the rest is solid on the right alone."""
    camera = {"orbit": {"azimuth_deg": 0, "elevation_deg": 0, "distance_m": 6}}
    front = {"asset": "cube1.gltf", "size_m": 0.5, "position_m": [0.25, -1, 0]}
    _, _, labels = render({"asset": name, "position_m": [0, 0, 0]}, front, camera=camera)
    sheet = next(label for label in labels if label.entry.instance == 1)
    hidden = int((sheet.amodal & ~sheet.visible).sum())
    assert 0.4 < hidden / sheet.amodal.sum() < 0.75
    assert sheet.truncation == 0
    # At 1 m the sheet is 133 pixels across, in a frame of 96 x 72; its right half counts.
    near = {"orbit": {"azimuth_deg": 0, "elevation_deg": 0, "distance_m": 1}}
    _, _, (beyond,) = render({"asset": name}, camera=near)
    side = 96 / 36 * 50
    left, _, width, height = beyond.amodal_box
    assert left == 48
    assert (width, height) == (pytest.approx(side / 2, abs=1), pytest.approx(side, abs=1))
    assert beyond.area == 48 * 72
    assert beyond.truncation == pytest.approx(1 - 48 * 72 / (side * side / 2), abs=0.01)


@pytest.mark.parametrize(
    ("name", "size", "low"),
    [
        ("coll_instance.blend", (3, 1, 1), 9.5),
        ("hidden_coll.blend", (1, 1, 1), -0.5),
        ("excluded.blend", (1, 1, 1), -0.5),
        ("hidden_instancer.blend", (1, 1, 1), -0.5),
        ("viewport_hidden.blend", (1, 1, 1), -0.5),
        ("layer_off.blend", (1, 1, 1), -0.5),
        ("two_scenes.blend", (1, 1, 1), -0.5),
        ("subsurf_render.blend", (0.84, 0.84, 0.84), -0.42),
        ("modifier_off.blend", (1, 1, 1), -0.5),
        ("camera_invisible.blend", (1, 1, 1), -0.5),
        ("linked.blend", (1, 1, 1), -0.5),
        ("nodevis.gltf", (1, 1, 1), -0.5),
        ("zero_node.gltf", (1, 1, 1), -0.5),
    ],
)
def test_a_file_means_what_blender_would_render(
    cases: Path, cache: AssetCache, name: str, size: tuple[float, ...], low: float
) -> None:
    facts = _facts(cases, cache, name)
    assert facts.size_m == pytest.approx(size, abs=2e-3)
    assert facts.minimum[0] == pytest.approx(low, abs=2e-3)
    if name == "camera_invisible.blend":
        assert any("blocker is not visible to the camera" in each for each in facts.warnings)


def test_a_missing_library_is_refused(cases: Path, cache: AssetCache, tmp_path: Path) -> None:
    shutil.copy(cases / "linked.blend", tmp_path)
    known, (error,) = import_models([AssetSource(tmp_path / "linked.blend")], cache)
    assert not known
    assert "links to parts.blend, which is not there" in str(error)


def test_zero_area_decides_no_size(render: Callable[..., Rendered]) -> None:
    shot, _, (label,) = render({"asset": "zero_node.gltf", "size_m": 0.3})
    assert shot.objects[0].scale == pytest.approx(0.3)
    assert label.box == (19, 7, 58, 58)


def test_lens_ratio_below_one_millimetre(render: Callable[..., Rendered]) -> None:
    orbit = {"azimuth_deg": 0, "elevation_deg": 0, "distance_m": 6}
    for focal, sensor in ((2.0, 1.0), (1.0, 0.5), (1.0, 0.5001)):
        lens = {"focal_length_mm": focal, "sensor_width_mm": sensor, "orbit": orbit}
        _, _, (label,) = render({"asset": "cube1.gltf"}, camera=lens)
        assert label.area == 1156
        assert label.visibility == 1


def test_world_coordinates_far_from_the_origin(render: Callable[..., Rendered]) -> None:
    orbit = {"orbit": {"azimuth_deg": 30, "elevation_deg": 20, "fill": 0.7}}
    _, near, (here,) = render({"asset": "cube03.gltf", "position_m": [0, 0, 0]}, camera=orbit)
    for place in ([10_000, 0, 0], [500_000, 4_600_000, 0], [-3e6, 5e6, 8e5]):
        _, frame, (label,) = render({"asset": "cube03.gltf", "position_m": place}, camera=orbit)
        assert (label.visible != here.visible).sum() <= 2
        assert label.visibility > 0.999
        assert np.abs(frame.color - near.color).mean() < 2e-3


def test_any_size_of_a_thing_looks_the_same(render: Callable[..., Rendered]) -> None:
    orbit = {"orbit": {"azimuth_deg": 30, "elevation_deg": 20, "fill": 0.7}}
    lamp = {"world": {"color": "#404040"}, "lights": [{"type": "area", "azimuth_deg": 30}]}
    _, usual, (here,) = render({"asset": "cube1.gltf", "size_m": 1}, camera=orbit, lighting=lamp)
    for size in (1e-7, 1e-4, 1e5, 1e8):
        _, frame, (label,) = render(
            {"asset": "cube1.gltf", "size_m": size}, camera=orbit, lighting=lamp
        )
        assert (label.visible != here.visible).sum() <= 2
        assert np.abs(frame.color - usual.color).mean() < 2e-3


def test_nothing_near_is_clipped(render: Callable[..., Rendered]) -> None:
    """5 cm, 0.4 m before the camera, and 60 m behind it at 770 m."""
    _, _, labels = render(
        {"asset": "cube1.gltf", "size_m": 0.05, "position_m": [0.05, -399.6, 29.975]},
        {"asset": "cube1.gltf", "size_m": 60, "position_m": [0, 370, 0]},
        camera={"orbit": {"azimuth_deg": 0, "elevation_deg": 0, "distance_m": 400}},
    )
    assert [label.area for label in labels] == [1212, 100]
    assert [label.visibility for label in labels] == [1, 1]


def test_a_hair_before_the_lens(render: Callable[..., Rendered]) -> None:
    """0.1 micrometres, 0.8 before the camera, in a scene of a metre."""
    camera = {"orbit": {"azimuth_deg": 0, "elevation_deg": 0, "distance_m": 2}}
    tiny = {"asset": "cube1.gltf", "size_m": 1e-7, "position_m": [1e-7, -3.4999984, 0.5]}
    table = {"asset": "cube1.gltf", "position_m": [0, 0, 0]}
    shot, _, labels = render(tiny, table, camera=camera)
    nearest = next(label for label in labels if label.entry.instance == 1)
    assert nearest.visibility > 0.999
    assert nearest.area > 50
    assert shot.radius_m > 0.5


def test_near_and_far_in_one_picture(render: Callable[..., Rendered]) -> None:
    """5 cm, 0.4 m before the camera, whose subject's centre is 400 km away: coordinates about that
    centre come in steps of 3 cm."""
    _, _, labels = render(
        {"asset": "cube1.gltf", "size_m": 0.05, "position_m": [0.05, -399_999.6, 29_999.975]},
        {"asset": "cube1.gltf", "size_m": 60_000, "position_m": [0, 370_000, 0]},
        camera={"orbit": {"azimuth_deg": 0, "elevation_deg": 0, "distance_m": 400_000}},
    )
    near = next(label for label in labels if label.entry.instance == 1)
    assert near.area == pytest.approx(1212, abs=40)  # the same, seen from a hair's breadth away
    assert near.visibility > 0.999


@pytest.mark.parametrize("engine", ["cycles", "eevee"])
@pytest.mark.parametrize("background", [{"floor": "plain"}, {"color": "#3030ff"}])
def test_a_floor_hides_what_is_below_it(
    render: Callable[..., Rendered], engine: str, background: dict[str, Any]
) -> None:
    """A cube of 1 m, 0.6 m of which are in the floor, from 20 degrees above."""
    if engine == "eevee" and "color" in background:
        pytest.skip("only Cycles has a floor that is nothing but shadows")
    camera = {"orbit": {"azimuth_deg": 0, "elevation_deg": 20, "distance_m": 5}}
    options = {"samples": 4, "denoise": False, "engine": engine}
    _, _, (label,) = render(
        {"asset": "cube1.gltf", "position_m": [0, 0, -0.6]},
        camera=camera,
        background=background,
        render=options,
    )
    # Rows of the front's upper and lower edge: both at y = -0.5, z = 0.4 and 0.
    from_above = np.radians(20)
    rows = []
    for z in (0.4, 0.0):
        y, up = -0.5, z + 0.1  # about the subject's centre at z = -0.1
        depth = 5 + y * np.cos(from_above) - up * np.sin(from_above)
        rows.append(36 - 96 / 36 * 50 * (up * np.cos(from_above) + y * np.sin(from_above)) / depth)
    assert label.box[1] + label.box[3] == pytest.approx(rows[1], abs=1.01)
    assert label.visibility < 0.75
    assert label.amodal_box[3] > label.box[3] + 10


def test_an_object_far_from_its_own_origin(render: Callable[..., Rendered], cases: Path) -> None:
    """A box 50 km from the origin of its file is labelled and lit like one that is not; its corners
    are rounded to 4 mm there."""
    points, faces = shapes.box((0.6, 0.4, 0.8))
    shapes.write_ply(cases / "here.ply", points, faces)
    shapes.write_ply(cases / "there.ply", points + [50_000.0, -30_000.0, 0], faces)
    camera = {"orbit": {"azimuth_deg": 30, "elevation_deg": 20, "fill": 0.7}}
    _, near, (here,) = render({"asset": "here.ply"}, camera=camera)
    _, far, (there,) = render({"asset": "there.ply"}, camera=camera)
    assert (here.visible != there.visible).sum() <= 30
    assert there.visibility > 0.995
    assert np.abs(near.color - far.color).mean() < 1e-2


def test_an_object_below_a_pixel_has_no_label(render: Callable[..., Rendered]) -> None:
    _, _, labels = render(
        {"asset": "cube1.gltf", "size_m": 1e-5, "position_m": [0.013, -1, 0.3]},
        {"asset": "cube1.gltf", "position_m": [0, 0, 0]},
    )
    assert [label.entry.instance for label in labels] == [2]


def test_looks_survive_joining(render: Callable[..., Rendered]) -> None:
    camera = {"orbit": {"azimuth_deg": 20, "elevation_deg": 20, "fill": 0.8}}
    _, one, _ = render({"asset": "mix_vcol.gltf"}, camera=camera)
    _, other, _ = render({"asset": "mix_vcol2.gltf"}, camera=camera)
    # The order of a file's nodes changes nothing but where rays begin.
    assert np.abs(one.color - other.color).mean() < 2e-3
    red, green, _ = one.color[one.index == 1][:, :3].mean(axis=0)
    assert green > 0.8 * red  # one part is red, the other of green vertex colours
    _, frame, (label,) = render({"asset": "multi_uv.blend"}, camera=camera)
    shown = frame.color[label.visible][:, :3]
    # Yellow all over, but for what shines: no part lost its layer, and its texture turned blue.
    assert (shown[:, 2] < shown[:, 0]).all()


def test_every_object_has_its_own_material(render: Callable[..., Rendered]) -> None:
    _, frame, (label,) = render({"asset": "object_materials.blend"})
    left, right = np.hsplit(frame.color[..., :3] * label.visible[..., None], 2)
    assert left[..., 0].sum() > 10 * left[..., 1].sum()
    assert right[..., 1].sum() > 10 * right[..., 0].sum()


def test_a_pattern_follows_its_own_part(render: Callable[..., Rendered]) -> None:
    """From the front each cube shows 2 x 2 fields of one size, both the same."""
    _, frame, (label,) = render({"asset": "own_patterns.blend"})
    reddish = frame.color[..., 0] > frame.color[..., 1]
    x, y, width, height = label.box
    part = round(width / 2.4)
    one = reddish[y : y + height, x : x + part]
    other = reddish[y : y + height, x + width - part : x + width]
    assert (one != other).mean() < 0.12  # perspective shows a bit of either inner side
    quarters = [one[: height // 2 - 1, : part // 2 - 2], one[height // 2 + 1 :, : part // 2 - 2]]
    assert {bool(each.mean() > 0.5) for each in quarters} == {True, False}
    assert all(each.mean() < 0.05 or each.mean() > 0.95 for each in quarters)


@pytest.mark.parametrize("engine", ["eevee", "workbench"])
def test_engines_without_an_index_pass_have_the_same_masks(
    render: Callable[..., Rendered], engine: str
) -> None:
    front = {"asset": "cube1.gltf", "size_m": 0.5, "position_m": [0.25, -1, 0]}
    both = ({"asset": "mix_shader.blend", "position_m": [0, 0, 0]}, front)
    options = {"samples": 1, "denoise": False}
    _, cycles, labels = render(*both, render=options)
    _, frame, others = render(*both, render={**options, "engine": engine})
    assert set(cycles.silhouettes) == set(frame.silhouettes) == {1}
    for label, other in zip(labels, others, strict=True):
        assert (label.visible != other.visible).sum() <= 2
        assert (label.amodal != other.amodal).sum() <= 2


def test_material_library_of_the_model_s_own_name(
    render: Callable[..., Rendered], cases: Path, cache: AssetCache, tmp_path: Path
) -> None:
    _, frame, (label,) = render({"asset": "pair/chair.obj"})
    red, green, blue = frame.color[label.visible][:, :3].mean(axis=0)
    assert green > 20 * max(red, blue)
    facts = _facts(cases, cache, "pair/chair.obj")
    assert facts.warnings == ("material file untitled.mtl is missing: chair.mtl is used",)
    shutil.copytree(cases / "pair", tmp_path / "pair")
    assert _facts(tmp_path, cache, "pair/chair.obj").key == facts.key
    (tmp_path / "pair" / "chair.mtl").write_text("newmtl paint\nKd 0.8 0 0\n")
    assert _facts(tmp_path, cache, "pair/chair.obj").key != facts.key


def test_infinite_light_is_repaired(render: Callable[..., Rendered], cases: Path) -> None:
    _, frame, _ = render(
        {"asset": "cube1.gltf"},
        lighting={"world": {"hdri": str(cases / "inf.exr"), "rotation_deg": 0}, "lights": []},
        background={"world": True},
    )
    assert np.isfinite(frame.color).all()
    assert 0.5 < frame.color[..., :3].mean() < 2


def test_textures_with_infinite_pixels_are_repaired(
    render: Callable[..., Rendered], cases: Path, cache: AssetCache
) -> None:
    """The HDRI, put onto a model as its colour."""
    (cases / "hot.mtl").write_text("newmtl m\nmap_Kd inf.exr\n")
    corners = "v -.5 0 0\nv .5 0 0\nv .5 1 0\nv -.5 1 0\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\n"
    (cases / "hot.obj").write_text(f"mtllib hot.mtl\n{corners}usemtl m\nf 1/1 2/2 3/3 4/4\n")
    _, frame, (label,) = render({"asset": "hot.obj"})
    assert np.isfinite(frame.color).all()
    assert frame.color[label.visible].mean() > 0.1
    said = " ".join(_facts(cases, cache, "hot.obj").warnings)
    assert "inf.exr has pixels that are not numbers" in said
