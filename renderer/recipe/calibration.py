"""Calibration files: the intrinsics of a real camera, as OpenCV, ROS and COLMAP write them.

OpenCV and ROS put the centre of the first pixel at (0, 0), COLMAP and we at (0.5, 0.5): their
principal points are half a pixel apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from renderer.errors import UserError
from renderer.recipe.lens import LensModel

_MOST_BYTES = 1_000_000
# No pixel is so far from another.
_LARGEST = 1e9
# COLMAP's camera models (src/colmap/sensor/models.h): how many of the parameters are focal lengths;
# behind them stand the principal point's two, and the rest is distortion.
_COLMAP_FOCALS = {
    "SIMPLE_PINHOLE": 1,
    "PINHOLE": 2,
    "SIMPLE_RADIAL": 1,
    "RADIAL": 1,
    "OPENCV": 2,
    "FULL_OPENCV": 2,
    "OPENCV_FISHEYE": 2,
    "SIMPLE_RADIAL_FISHEYE": 1,
    "RADIAL_FISHEYE": 1,
}
# How many coefficients OpenCV's models have: Brown's, and a fisheye's.
_BROWN_COUNTS, _FISHEYE_COUNT = (4, 5, 8), 4
# What ROS and others call a fisheye.
_FISHEYE_NAMES = ("equidistant", "fisheye", "kannala_brandt", "kannala_brandt4")
_MATRIX_NAMES = ("camera_matrix", "cameraMatrix", "Camera_Matrix", "K", "M", "M1")
# And whatever has "dist" in it: unknown by its name, distortion would be left out unsaid.
_DISTORTION_NAMES = ("D", "D1")
_SIZE_NAMES = (("image_width", "image_height"), ("image_Width", "image_Height"))


@dataclass(frozen=True)
class Calibration:
    """A camera, in pixels whose centres lie at integer + 0.5.

    Attributes:
        fx: focal length along the rows.
        fy: focal length along the columns.
        cx: the principal point's column.
        cy: the principal point's row.
        resolution: width and height of the pictures it is for, where the file says so.
        lens: model of its distortion; None for a pinhole.
        coefficients: of the model, in OpenCV's order.

    """

    fx: float
    fy: float
    cx: float
    cy: float
    resolution: tuple[int, int] | None
    lens: LensModel | None = None
    coefficients: tuple[float, ...] = ()


def read_calibration(path: Path, camera: int | None = None) -> Calibration:
    """Return what a file says of a camera.

    Args:
        path: OpenCV's or ROS's YAML, or COLMAP's ``cameras.txt``.
        camera: which of COLMAP's cameras, by its id; needed where there are several.

    Raises:
        UserError: it cannot be read, or holds something else; follows the file's name.

    """
    try:
        state = path.stat()
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror or error}") from None
    return _read(path, camera, (state.st_mtime_ns, state.st_size))


@lru_cache(maxsize=16)
def _read(path: Path, camera: int | None, _state: tuple[int, int]) -> Calibration:
    """Read a file once while it stays as it is: a check asks for it often, and each shot."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UserError("is not a text file in UTF-8") from None
    if len(content) > _MOST_BYTES:
        raise UserError(f"has more than {_MOST_BYTES:,} bytes: leave only the camera in it")
    if path.suffix.lower() == ".txt":
        return _colmap(text, camera)
    if camera is not None:
        raise UserError("has one camera: leave camera out, which is for COLMAP's cameras.txt")
    return _opencv(text)


def _camera(
    values: tuple[Any, ...],
    resolution: tuple[int, int] | None,
    coefficients: list[Any],
    fisheye: bool,
) -> Calibration:
    """Look at what was read. Raises UserError."""
    numbers = [*values, *coefficients]
    if not all(type(each) in (int, float) and abs(each) < _LARGEST for each in numbers):
        raise UserError("has something else than numbers where the camera's parameters should be")
    fx, fy, cx, cy = (float(each) for each in values)
    if min(fx, fy) <= 0:
        raise UserError(f"has a focal length that is not above 0 ({fx:g}, {fy:g})")
    return Calibration(fx, fy, cx, cy, resolution, *_distortion(coefficients, fisheye))


def _distortion(
    coefficients: list[Any], fisheye: bool
) -> tuple[LensModel | None, tuple[float, ...]]:
    """Return what bends, of coefficients in OpenCV's order. A fisheye with none is no pinhole."""
    last = max((at for at, each in enumerate(coefficients, start=1) if each), default=0)
    if fisheye:
        if last > _FISHEYE_COUNT:
            raise UserError(f"has a fisheye of more than {_FISHEYE_COUNT} coefficients")
        padded = [*coefficients, 0, 0, 0, 0][:_FISHEYE_COUNT]
        return "fisheye", tuple(map(float, padded))
    if last == 0:
        return None, ()
    count = next((each for each in _BROWN_COUNTS if each >= last), None)
    if count is None:
        raise UserError(
            f"has distortion beyond the first {_BROWN_COUNTS[-1]} coefficients (thin prism or "
            "tilt), which pictures do not have: calibrate without them"
        )
    padded = [*coefficients, *[0] * count][:count]
    return "brown", tuple(map(float, padded))


def _colmap(text: str, camera: int | None) -> Calibration:
    lines = [line.split() for line in text.splitlines()]
    lines = [line for line in lines if line and not line[0].startswith("#")]
    wanted = [line for line in lines if camera is None or line[0] == str(camera)]
    if not lines or not all(len(line) > 4 and line[0].isdigit() for line in lines):
        raise UserError("is no cameras.txt of COLMAP (lines of CAMERA_ID MODEL WIDTH HEIGHT ...)")
    ids = ", ".join(line[0] for line in lines[:10])
    if not wanted:
        raise UserError(f"has no camera {camera}: it has {ids}")
    if len(wanted) > 1:
        raise UserError(f"has several cameras ({ids}): say which with intrinsics.camera")
    _, model, *rest = wanted[0]
    focals = _COLMAP_FOCALS.get(model)
    if focals is None:
        known = ", ".join(_COLMAP_FOCALS)
        raise UserError(f"has a camera of the model {model}, and known are {known}")
    try:
        width, height, *parameters = (float(each) for each in rest)
        (fx, *more), (cx, cy, *distortion) = parameters[:focals], parameters[focals:]
    except ValueError:
        raise UserError(f"lacks numbers for its camera {wanted[0][0]}") from None
    size, fisheye = _size(width, height), "FISHEYE" in model
    return _camera((fx, more[0] if more else fx, cx, cy), size, distortion, fisheye)


def _size(width: Any, height: Any) -> tuple[int, int]:
    if not all(type(each) in (int, float) and 0 < each < 1e6 for each in (width, height)):
        raise UserError(f"has a picture size that is none ({width} x {height})")
    return int(width), int(height)


class _Loader(yaml.SafeLoader):
    """YAML as OpenCV writes it: plain, but for matrices that have a tag; each key once."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Refuse aliases, of which a small file could make a huge one."""
        if self.check_event(yaml.AliasEvent):
            raise UserError("has aliases, which no calibration needs")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuse a key that stands twice: which of both is meant nobody knows."""
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if twice := [key for key in dict.fromkeys(keys) if keys.count(key) > 1]:
            raise UserError(f"has {twice[0]} twice")
        return super().construct_mapping(node, deep)


def _matrix(loader: _Loader, node: yaml.MappingNode) -> Any:
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:opencv-matrix", _matrix)


def _opencv(text: str) -> Calibration:
    # OpenCV's header is no directive of YAML's.
    body = text.partition("\n")[2] if text.startswith("%YAML:") else text
    try:
        data = yaml.load(body, _Loader)
    except UserError:
        raise
    except (yaml.YAMLError, ValueError, RecursionError):
        raise UserError("is no YAML as OpenCV or ROS write it") from None
    found = dict(_named(data, _MATRIX_NAMES)) if isinstance(data, dict) else {}
    if not found:
        names = ", ".join(_MATRIX_NAMES[:4])
        raise UserError(f"has no camera matrix (a key {names})")
    matrix = _numbers(next(iter(found.values())))
    if len(matrix) != 9 or matrix[3] or list(matrix[6:]) != [0, 0, 1]:
        raise UserError("has a camera matrix that is not [fx, 0, cx, 0, fy, cy, 0, 0, 1]")
    if matrix[1]:
        raise UserError("has a camera matrix with skew, which pictures do not have")
    sizes = [
        _size(data[wide], data[high]) for wide, high in _SIZE_NAMES if wide in data and high in data
    ]
    bent = [value for key, value in data.items() if _is_distortion(key, value)]
    distortion = [number for value in bent for number in _numbers(value)]
    fx, _, cx, _, fy, cy, *_ = matrix
    size = sizes[0] if sizes else None
    read = _camera((fx, fy, cx, cy), size, distortion, _is_fisheye(data))
    return replace(read, cx=read.cx + 0.5, cy=read.cy + 0.5)


def _is_fisheye(data: dict[Any, Any]) -> bool:
    """Tell whether the coefficients are a fisheye's: as ROS names the model, or as OpenCV's own
    calibration program flags it.
    """
    named = str(data.get("distortion_model", "")).lower() in _FISHEYE_NAMES
    return named or data.get("fisheye_model") in (1, True)


def _named(data: dict[Any, Any], names: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for name in names:
        if name in data:
            yield name, data[name]


def _is_distortion(key: Any, value: Any) -> bool:
    """Tell whether a key names coefficients, and not the model that they are of."""
    named = key in _DISTORTION_NAMES or "dist" in str(key).lower()
    return named and isinstance(value, dict | list)


def _numbers(value: Any) -> list[Any]:
    """Return a matrix's numbers row by row: of a mapping with data, of rows, or of a flat list."""
    if isinstance(value, dict):
        value = value.get("data")
    if not isinstance(value, list):
        raise UserError("has a matrix without data")
    return [each for row in value for each in (row if isinstance(row, list) else [row])]
