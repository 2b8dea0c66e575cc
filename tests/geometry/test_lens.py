"""Lenses that bend, against OpenCV's forward models: rays, boxes, and the pinhole they are made of."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from renderer.geometry.distortion import Distortion, LensError
from renderer.geometry.overscan import inner_frame, overscan, through_lens
from renderer.geometry.projection import outline, pixel_rays
from renderer.shot.camera import Camera

SIZE = 320, 240
LENSES = {
    "barrel": (Distortion(model="brown", coefficients=(-0.32, 0.11, 0.002, -0.003, 0.0)), 200.0),
    "pincushion": (Distortion(model="brown", coefficients=(0.18, 0.05, -0.002, 0.001, 0)), 260.0),
    "rational": (
        Distortion(model="brown", coefficients=(0.9, 0.1, 0.0, 0.0, 0.01, 1.2, 0.3, 0.02)),
        190.0,
    ),
    "fisheye": (Distortion(model="fisheye", coefficients=(0.05, -0.01, 0.003, -0.001)), 180.0),
    "equidistant": (Distortion(model="fisheye", coefficients=(0.0, 0.0, 0.0, 0.0)), 150.0),
}


def matrix(focal: float) -> np.ndarray:
    return np.array([[focal, 0, 163.2], [0, focal * 1.02, 117.4], [0, 0, 1]])


def by_opencv(
    points: np.ndarray,
    K: np.ndarray,  # noqa: N803
    lens: Distortion,
) -> np.ndarray:
    """Pixel positions (n, 2) of points (n, 3) in the camera's frame."""
    project = cv2.fisheye.projectPoints if lens.model == "fisheye" else None
    given, still = np.asarray(points, float).reshape(-1, 1, 3), np.zeros(3)
    if project is not None:
        found, _ = project(given, still, still, K, np.array(lens.coefficients))
    else:
        found, _ = cv2.projectPoints(given, still, still, K, np.array(lens.coefficients))
    return np.asarray(found).reshape(-1, 2)


def rows(K: np.ndarray) -> tuple[tuple[float, ...], ...]:  # noqa: N803
    return tuple(tuple(map(float, row)) for row in K)


@pytest.mark.parametrize("name", LENSES)
def test_rays_go_where_opencv_brings_them_from(name: str) -> None:
    """Every pixel centre of the frame, its corners as well."""
    lens, focal = LENSES[name]
    K, (width, height) = matrix(focal), SIZE
    columns, rows_ = (each.ravel() for each in np.meshgrid(np.arange(width), np.arange(height)))
    for shift in (0.0, 0.5, 1.0):
        rays = pixel_rays(columns + shift, rows_ + shift, K, lens)
        back = by_opencv(rays, K, lens)
        assert np.abs(back - np.column_stack([columns, rows_]) - shift).max() < 1e-6
    # Before the fold only: what is farther out comes back to the frame, and is not meant.
    assert not lens.folds(rays[:, :2]).any()


def test_where_no_ray_comes_from_there_is_none() -> None:
    """r (1 - 0.3 r^2) is at most 0.7027, at r = 1.0541."""
    lens, K = Distortion(model="brown", coefficients=(-0.3, 0, 0, 0)), matrix(100.0)
    x = np.array([0.5, 0.70, 0.7026, 0.7028, 0.9, 5.0])
    rays = pixel_rays(163.2 + 100 * x, np.full(6, 117.4), K, lens)
    assert np.isnan(rays[3:]).all()
    assert rays[:3, 0] * (1 - 0.3 * rays[:3, 0] ** 2) == pytest.approx(x[:3], abs=1e-8)
    assert (rays[:3, 0] < 1.0541).all()
    flat = Distortion(model="fisheye", coefficients=(0, 0, 0, 0))
    rays = pixel_rays(163.2 + 100 * np.array([1.5, 1.58, 3.0]), np.full(3, 117.4), K, flat)
    assert rays[0, 0] == pytest.approx(np.tan(1.5), rel=1e-9)
    assert np.isnan(rays[1:]).all()


@pytest.mark.parametrize("name", LENSES)
def test_an_outline_holds_all_of_a_box(name: str) -> None:
    """Points all over a box's edges, the corners of which are not enough."""
    lens, focal = LENSES[name]
    K = matrix(focal)
    corners = np.array([[x, y, z] for x in (-0.9, 0.9) for y in (-0.6, 0.5) for z in (1.2, 1.8)])
    edges = np.concatenate(
        [
            a + np.linspace(0, 1, 500)[:, None] * (b - a)
            for at, a in enumerate(corners)
            for b in corners[at + 1 :]
        ]
    )
    found = outline(corners, K, np.eye(4), lens)
    pixels = by_opencv(edges, K, lens)
    assert np.abs(found[:, :2].min(0) - pixels.min(0)).max() < 0.1
    assert np.abs(found[:, :2].max(0) - pixels.max(0)).max() < 0.1
    assert (found[:, 2].min(), found[:, 2].max()) == (1.2, 1.8)
    if name == "barrel":  # an edge bulges beyond its ends
        assert pixels.max(0)[0] > by_opencv(corners, K, lens).max(0)[0] + 0.5


def test_what_the_lens_does_not_show_has_no_outline() -> None:
    lens, K = Distortion(model="brown", coefficients=(-0.3, 0, 0, 0)), matrix(100.0)
    corners = np.array([[x, y, 1.0] for x in (0.2, 1.2) for y in (-0.2, 0.2)])
    assert outline(corners, K, np.eye(4), lens)[:, 2].min() <= 0
    assert outline(corners * (0.5, 1, 1), K, np.eye(4), lens)[:, 2].min() == 1
    behind = corners * (0.5, 1, 1) * [[1, 1, 1], [1, 1, 1], [1, 1, -1], [1, 1, -1]]
    assert outline(behind, K, np.eye(4), lens)[:, 2].min() <= 0


@pytest.mark.parametrize("name", LENSES)
def test_the_pinhole_sees_all_of_the_frame(name: str) -> None:
    """And hardly more: its border is where an interpolation of the frame's border reads."""
    lens, focal = LENSES[name]
    K, (width, height) = matrix(focal), SIZE
    wider = overscan(rows(K), SIZE, lens)
    inner = np.array(wider.K)
    across, down = np.linspace(0, width, 500), np.linspace(0, height, 500)
    columns = np.concatenate([across, across, 0 * down, 0 * down + width])
    rows_ = np.concatenate([0 * across, 0 * across + height, down, down])
    rays = pixel_rays(columns, rows_, K, lens)
    pixels = rays[:, :2] * inner.diagonal()[:2] + inner[:2, 2]
    assert pixels.min() > 4
    assert (pixels.max(0) < np.array(wider.resolution) - 4).all()
    assert pixels.min() < 7
    low, high = inner_frame(rows(K), SIZE, lens)
    for x in (low[0], high[0]):
        for y in (low[1], high[1]):
            seen = by_opencv(np.array([[x, y, 1.0]]), K, lens)[0]
            assert (seen > -0.01).all()
            assert (seen < np.array(SIZE) + 0.01).all()


@pytest.mark.parametrize("name", LENSES)
def test_a_picture_is_bent_as_opencv_says(name: str) -> None:
    """Small spots stand where their rays fall, to a fiftieth of a pixel, and keep their light."""
    lens, focal = LENSES[name]
    K, (width, height) = matrix(focal), SIZE
    wider = overscan(rows(K), SIZE, lens)
    inner = np.array(wider.K)
    grid = np.array([[x, y] for x in (3.3, 80.6, 160, 316.8) for y in (4.1, 120.3, 235.4)])
    rays = pixel_rays(*grid.T, K, lens)
    centres = rays[:, :2] * inner.diagonal()[:2] + inner[:2, 2]
    picture = np.full((wider.resolution[1], wider.resolution[0], 4), 0.25, np.float32)
    y, x = np.mgrid[: wider.resolution[1], : wider.resolution[0]] + 0.5
    for column, row in centres:
        far = (x - column) ** 2 + (y - row) ** 2
        picture[..., 1] += np.exp(-far / (2 * 1.6**2)).astype(np.float32)
    made = through_lens(picture, rows(K), SIZE, lens)
    assert made.shape == (height, width, 4)
    assert made[..., 0] == pytest.approx(0.25, abs=1e-6)
    assert made.min() >= 0.25 - 1e-6
    assert made.max() <= picture.max()
    v, u = np.mgrid[:height, :width] + 0.5
    for column, row in grid:
        near = np.hypot(u - column, v - row) < 3
        weight = np.where(near, made[..., 1] - 0.25, 0)
        whole = 6 < column < width - 6 and 6 < row < height - 6
        if whole:
            middle = [(each * weight).sum() / weight.sum() for each in (u, v)]
            assert middle == pytest.approx([column, row], abs=0.05)


def test_lenses_that_are_refused() -> None:
    K = rows(matrix(200.0))
    with pytest.raises(LensError, match="folds back within the frame"):
        overscan(K, SIZE, Distortion(model="brown", coefficients=(-0.5, 0, 0, 0)))
    with pytest.raises(LensError, match="folds back within the frame"):
        overscan(K, SIZE, Distortion(model="fisheye", coefficients=(-0.6, 0, 0, 0)))
    with pytest.raises(LensError, match="sees so wide"):
        overscan(rows(matrix(133.0)), SIZE, Distortion(model="fisheye", coefficients=(0, 0, 0, 0)))


def test_rays_that_are_kept_are_those_that_are_made() -> None:
    lens, focal = LENSES["barrel"]
    camera = Camera(
        resolution=SIZE,
        K=rows(matrix(focal)),
        distortion=lens,
        world_to_camera=rows(np.eye(4)),
    )
    columns, rows_ = (np.arange(600) % side + 0.5 for side in SIZE)
    for shift in (0.0, 0.25):
        made = pixel_rays(columns + shift, rows_, matrix(focal), lens)
        assert np.array_equal(camera.rays(columns + shift, rows_), made)
    beyond = np.where(columns == 7.5, -0.5, columns)
    assert np.array_equal(
        camera.rays(beyond, rows_), pixel_rays(beyond, rows_, matrix(focal), lens)
    )
