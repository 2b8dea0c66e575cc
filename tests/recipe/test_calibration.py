"""Calibration files against OpenCV's own writer and COLMAP's documented lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from renderer.errors import UserError
from renderer.farm.preview_images import smaller
from renderer.recipe import Recipe, RecipeError, load_recipe
from renderer.recipe.calibration import read_calibration

K = np.array([[812.5, 0, 321.25], [0, 790.75, 238.5], [0, 0, 1]])


def by_opencv(path: Path, matrix: np.ndarray = K, distortion: Any = None, **more: Any) -> Path:
    file = cv2.FileStorage(str(path), cv2.FileStorage_WRITE)
    for key, value in more.items():
        file.write(key, value)
    file.write("camera_matrix", matrix)
    if distortion is not None:
        file.write("distortion_coefficients", np.array(distortion, float))
    file.release()
    return path


def test_opencv(tmp_path: Path) -> None:
    path = by_opencv(
        tmp_path / "c.yaml", distortion=[0, 0, 0, 0, 0], image_width=640, image_height=480
    )
    read = read_calibration(path)
    # OpenCV counts from the centre of the first pixel, we from its corner.
    assert (read.fx, read.fy, read.cx, read.cy) == (812.5, 790.75, 321.75, 239.0)
    assert read.resolution == (640, 480)
    assert read_calibration(by_opencv(tmp_path / "d.yml")).resolution is None


def test_ros(tmp_path: Path) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text(
        "image_width: 800\nimage_height: 600\ncamera_name: left\n"
        "camera_matrix:\n  rows: 3\n  cols: 3\n  data: [700, 0, 399.5, 0, 701, 299.5, 0, 0, 1]\n"
        "distortion_model: plumb_bob\n"
        "distortion_coefficients: {rows: 1, cols: 5, data: [0, 0, 0, 0, 0]}\n"
    )
    read = read_calibration(path)
    assert (read.fx, read.fy, read.cx, read.cy) == (700, 701, 400, 300)
    assert read.resolution == (800, 600)


COLMAP = """# Camera list with one line of data per camera:
#   CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]
# Number of cameras: 3
1 SIMPLE_PINHOLE 3072 2304 2559.81 1536 1152
2 PINHOLE 3072 2304 2560.56 2561.5 1530.25 1150
7 SIMPLE_RADIAL 3072 2304 2559.69 1536 1152 -0.0218531
"""


def test_colmap(tmp_path: Path) -> None:
    path = tmp_path / "cameras.txt"
    path.write_text(COLMAP)
    one, two = read_calibration(path, 1), read_calibration(path, 2)
    assert (one.fx, one.fy, one.cx, one.cy) == (2559.81, 2559.81, 1536, 1152)
    assert (two.fx, two.fy, two.cx, two.cy) == (2560.56, 2561.5, 1530.25, 1150)
    assert one.resolution == two.resolution == (3072, 2304)
    with pytest.raises(UserError, match="several cameras \\(1, 2, 7\\): say which"):
        read_calibration(path)
    with pytest.raises(UserError, match="has no camera 3"):
        read_calibration(path, 3)
    seven = read_calibration(path, 7)
    assert (seven.lens, seven.coefficients) == ("brown", (-0.0218531, 0, 0, 0))
    assert (one.lens, two.lens) == (None, None)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("c.yaml", "a: [1, 2", "is no YAML"),
        ("c.yaml", "a: 1", "has no camera matrix"),
        ("c.yaml", "K: [1, 0, 2]", "is not \\[fx"),
        ("c.yaml", "K: [1, 0.1, 2, 0, 1, 2, 0, 0, 1]", "skew"),
        ("c.yaml", "K: [.nan, 0, 2, 0, 1, 2, 0, 0, 1]", "else than numbers"),
        ("c.yaml", "K: [-5, 0, 2, 0, 5, 2, 0, 0, 1]", "not above 0"),
        ("c.yaml", f"K: [5, 0, 2, 0, 5, 2, 0, 0, 1]\nD: {[0.1] * 12}", "thin prism"),
        (
            "c.yaml",
            f"K: [5, 0, 2, 0, 5, 2, 0, 0, 1]\ndistortion_model: equidistant\nD: {[0.1] * 5}",
            "a fisheye of more than 4",
        ),
        ("c.yaml", "a: &a [1]\nb: [*a, *a]", "aliases"),
        ("c.yaml", "K: &k [5, 0, 2, 0, 5, 2, 0, 0, 1]\nM: *k", "aliases"),
        ("c.yaml", "K: [5, 0, 2, 0, 5, 2, 0, 0, 1]\nK: [9, 0, 2, 0, 9, 2, 0, 0, 1]", "K twice"),
        ("c.yaml", f"K: [1{400 * '0'}, 0, 2, 0, 5, 2, 0, 0, 1]", "else than numbers"),
        ("c.yaml", f"K: [5, 0, 2, 0, 5, 2, 0, 0, 1]\n#{1_000_000 * ' '}", "1,000,000 bytes"),
        ("cameras.txt", f"{9999 * 'x'}\n" * 99 + "1 PINHOLE 640 480 50 50 32 240", "no cameras"),
        ("cameras.txt", f"# {999_970 * 'x'}\n1 PINHOLE 640 480 50 50 32 240.55", "1,000,000 bytes"),
        ("c.yaml", "K: !!python/object/apply:os.system ['true']", "is no YAML"),
        ("cameras.txt", "hello", "no cameras.txt"),
        ("cameras.txt", "1 PINHOLE 640 480 500 500 x 240", "lacks numbers"),
        ("cameras.txt", "1 PINHOLE 640 480 500 500 320", "lacks numbers"),
        ("cameras.txt", "1 FOV 640 480 500 500 320 240 0", "of the model FOV"),
        ("cameras.txt", "1 PINHOLE -640 480 500 500 320 240", "picture size"),
    ],
)
def test_what_is_no_calibration(tmp_path: Path, name: str, text: str, says: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=says):
        read_calibration(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c.yaml", "# Tom & *Jerry*\nname: 'a & b'\nK: [5, 0, 2, 0, 5, 1, 0, 0, 1]"),
        ("c.yaml", "\ufeff%YAML:1.0\n---\nK: [5, 0, 2, 0, 5, 1, 0, 0, 1]"),
        ("c.yaml", "K: [5, 0, 2, 0, 5, 1, 0, 0, 1]\ndistortion_model: plumb_bob\nD: [0, 0]"),
        ("cameras.txt", "\ufeff  # cameras\n \n1 PINHOLE 6 4 5 5 2.5 1.5"),
    ],
)
def test_what_is_one_all_the_same(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    read = read_calibration(tmp_path / name)
    assert (read.fx, read.fy, read.cx, read.cy) == (5, 5, 2.5, 1.5)


RECIPE = """name: t
images: 3
objects: [{asset: box.ply, category: box}]
camera:
"""


def load(folder: Path, solids: Path, camera: str) -> Recipe:
    (folder / "box.ply").write_bytes((solids / "box.ply").read_bytes())
    (folder / "recipe.yaml").write_text(RECIPE + camera)
    return load_recipe(folder / "recipe.yaml").recipe


@pytest.mark.parametrize(
    ("name", "text", "lens"),
    [
        ("c.yaml", "D: [0.1, 0, 0, 0]", ("brown", (0.1, 0, 0, 0))),
        (
            "c.yaml",
            "distortion_coeffs: [[0.1, 0.2, 0.3, 0.4, 0.5]]",
            ("brown", (0.1, 0.2, 0.3, 0.4, 0.5)),
        ),
        ("c.yaml", f"D: {[0.1] * 8 + [0] * 6}", ("brown", (0.1,) * 8)),
        (
            "c.yaml",
            "distortion_model: equidistant\nD: [0.1, 0.2, 0.3, 0.4]",
            ("fisheye", (0.1, 0.2, 0.3, 0.4)),
        ),
        ("c.yaml", "fisheye_model: 1\nD: [0, 0, 0, 0]", ("fisheye", (0, 0, 0, 0))),
        ("cameras.txt", "1 RADIAL 6 4 5 3 2 0.1 0.2", ("brown", (0.1, 0.2, 0, 0))),
        ("cameras.txt", "1 OPENCV 6 4 5 5 3 2 0.1 0.2 0.3 0.4", ("brown", (0.1, 0.2, 0.3, 0.4))),
        (
            "cameras.txt",
            "1 FULL_OPENCV 6 4 5 5 3 2 .1 .2 .3 .4 .5 .6 .7 .8",
            ("brown", (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)),
        ),
        (
            "cameras.txt",
            "1 OPENCV_FISHEYE 6 4 5 5 3 2 0.1 0.2 0.3 0.4",
            ("fisheye", (0.1, 0.2, 0.3, 0.4)),
        ),
        ("cameras.txt", "1 SIMPLE_RADIAL_FISHEYE 6 4 5 3 2 0", ("fisheye", (0, 0, 0, 0))),
    ],
)
def test_distortion(tmp_path: Path, name: str, text: str, lens: tuple[str, Any]) -> None:
    """OpenCV's orders, and COLMAP's models (src/colmap/sensor/models.h), of which none is longer."""
    matrix = "" if name == "cameras.txt" else "K: [5, 0, 2, 0, 5, 2, 0, 0, 1]\n"
    (tmp_path / name).write_text(matrix + text)
    read = read_calibration(tmp_path / name)
    assert (read.lens, read.coefficients) == lens


def test_the_files_size_is_the_resolution(tmp_path: Path, solids: Path) -> None:
    by_opencv(tmp_path / "c.yaml", image_width=320, image_height=240)
    assert load(tmp_path, solids, "  intrinsics: {file: c.yaml}").camera.resolution == (320, 240)
    smaller = "  resolution: [160, 120]\n  intrinsics: {file: c.yaml}"
    assert load(tmp_path, solids, smaller).camera.resolution == (160, 120)


@pytest.mark.parametrize("size", [(8, 300), (300, 8), (2000, 9), (96, 64), (640, 480)])
def test_a_preview_has_the_same_view(tmp_path: Path, solids: Path, size: tuple[int, int]) -> None:
    """Also of slim pictures and of small ones, and with the longest lens."""
    width, height = size
    camera = f"  resolution: [{width}, {height}]\n  intrinsics: {{fx: 100_000}}"
    small = smaller(load(tmp_path, solids, camera), 1, 240, 1).camera.resolution
    assert min(small) >= 8
    assert small[0] / small[1] == pytest.approx(width / height, rel=1 / min(small))


@pytest.mark.parametrize(
    ("camera", "line", "says"),
    [
        ("  resolution: [200, 200]\n  intrinsics: {file: c.yaml}", 4, "other proportions"),
        ("  focal_length_mm: 35\n  intrinsics: {fx: 500}", 4, "not both"),
        ("  intrinsics: {fx: 500, file: c.yaml}", 5, "either fx or file"),
        ("  intrinsics: {fx: 500, camera: 3}", 5, "for a file of COLMAP"),
        ("  intrinsics: {fx: 101_000}", 4, "at most 100,000 pixels"),
        ("  intrinsics: {fx: 1000, fy: 2}", 4, "at most 200 times the other"),
        ("  intrinsics: {file: bent.yaml}\n  distortion: {brown: {k1: 0.1}}", 4, "leave out dist"),
        ("  distortion: {}", 4, "either brown or fisheye"),
        ("  focal_length_mm: 20\n  distortion: {brown: {k1: -0.5}}", 4, "folds back within"),
        ("  focal_length_mm: 8\n  distortion: {fisheye: {}}", 4, "half of all around"),
        ("  intrinsics: {file: gone.yaml}", 5, "no such file"),
        ("  intrinsics: {file: '*.yaml'}", 5, "names one file"),
        ("  rig: {stereo: {baseline_m: 0}}", 5, "1e-09"),
        ("  rig: {}", 4, "either stereo or orbit"),
        (
            "  rig: {stereo: {baseline_m: 0.1}, orbit: {steps: 3, span_deg: 9}}",
            4,
            "either stereo or",
        ),
        ("  rig: {orbit: {steps: 1, span_deg: 30}}", 5, "2"),
        ("  rig: {orbit: {steps: 101, span_deg: 30}}", 5, "100"),
        ("  rig: {orbit: {steps: 3, span_deg: 361}}", 5, "at 360 or less"),
        ("  rig: {orbit: {steps: 3, span_deg: 0}}", 5, "above 0"),
        ("  rig: {orbit: {steps: 3}}", 5, "is required"),
        (
            "  resolution: [4096, 4096]\n  rig: {orbit: {steps: 9, span_deg: 9}}",
            4,
            "more than 134 million pixels",
        ),
    ],
)
def test_located_errors(tmp_path: Path, solids: Path, camera: str, line: int, says: str) -> None:
    by_opencv(tmp_path / "c.yaml", image_width=320, image_height=240)
    by_opencv(tmp_path / "bent.yaml", distortion=[0.1, 0, 0, 0], image_width=320, image_height=240)
    with pytest.raises(RecipeError) as caught:
        load(tmp_path, solids, camera)
    problem = caught.value.problems[0]
    assert says in str(problem), problem
    assert line <= problem.position.line <= line + 1
