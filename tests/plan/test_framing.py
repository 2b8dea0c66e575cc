"""The camera: exact fill and framing, orbit axes, and projection against an independent formula."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderer.geometry.projection import project, view_matrix
from renderer.plan.framing import FrameTangents, orbit_rotation, place_at_distance, solve_fill

angle = st.floats(-180, 180)
shift = st.floats(-300, 300)


def intrinsics(width: int, height: int, focal: float, fy: float = 1, dx: float = 0, dy: float = 0):
    """K of a lens on 36 mm, its pixels fy times as high as wide, its axis off the middle."""
    f = focal / 36 * width
    return np.array([[f, 0, width / 2 + dx], [0, f * fy, height / 2 + dy], [0, 0, 1]])


@settings(max_examples=200, deadline=None)
@given(
    angle,
    st.floats(-89, 89),
    angle,
    st.floats(0.05, 1.0),
    st.floats(-1, 1),
    st.floats(-1, 1),
    # Wider lenses may find a corner beside the camera before the fill is reached; the planner
    # rejects such poses.
    st.floats(40, 300),
    st.integers(0, 10_000),
    st.floats(0.7, 2),
    shift,
    shift,
)
def test_fill_and_framing_are_exact(
    azimuth: float,
    elevation: float,
    roll: float,
    fill: float,
    x: float,
    y: float,
    focal: float,
    seed: int,
    fy: float,
    dx: float,
    dy: float,
) -> None:
    """The projected box spans `fill` of the tighter side and lies where `framing` says."""
    resolution = (640, 480)
    points = np.random.default_rng(seed).normal(size=(40, 3)) * [1, 0.5, 2] + [3, -1, 0.4]
    K = intrinsics(*resolution, focal, fy, dx, dy)
    rotation = orbit_rotation(azimuth, elevation, roll)
    position = solve_fill(points, rotation, FrameTangents.of(resolution, K), (fill, fill), (x, y))
    projected = project(points, K, view_matrix(rotation, position))
    assert projected[:, 2].min() > 0
    low, high = projected[:, :2].min(0), projected[:, :2].max(0)
    spans = (high - low) / resolution
    assert spans.max() == pytest.approx(fill, abs=1e-9)
    free = np.array(resolution) - (high - low)
    assert (low + high) / 2 == pytest.approx(
        np.array(resolution) / 2 + np.array([x, y]) * free / 2, abs=1e-5
    )


def test_orbit_axes() -> None:
    """Azimuth 0 looks along +Y from -Y; 90 stands on +X; 90 degrees up looks down."""
    assert orbit_rotation(0, 0, 0) == pytest.approx(np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]]))
    assert orbit_rotation(90, 0, 0)[2] == pytest.approx([-1, 0, 0])
    assert orbit_rotation(0, 90, 0)[2] == pytest.approx([0, 0, -1])
    # Rolled clockwise by 90 degrees, the camera's right points down.
    assert orbit_rotation(0, 0, 90)[0] == pytest.approx([0, 0, -1])
    for angles in ((10, 20, 30), (-100, -60, 170)):
        rotation = orbit_rotation(*angles)
        assert rotation @ rotation.T == pytest.approx(np.eye(3))
        assert np.linalg.det(rotation) == pytest.approx(1)


def test_distance_and_center() -> None:
    K = intrinsics(640, 480, 50)
    rotation = orbit_rotation(30, 20, 5)
    center = np.array([0.3, -2, 1.0])
    position = place_at_distance(center, rotation, FrameTangents.of((640, 480), K), 4.0, (0, 0))
    assert np.linalg.norm(position - center) == pytest.approx(4)
    position = place_at_distance(center, rotation, FrameTangents.of((640, 480), K), 4.0, (0.5, -1))
    assert project(center[None], K, view_matrix(rotation, position))[0] == pytest.approx(
        [480, 0, 4]
    )


def test_distance_off_the_axis() -> None:
    """The centre appears in the middle of the frame, wherever the principal point is."""
    K, rotation = intrinsics(640, 480, 50, 1.5, 90, -40), orbit_rotation(30, 20, 5)
    center, frame = np.array([0.3, -2, 1.0]), FrameTangents.of((640, 480), K)
    position = place_at_distance(center, rotation, frame, 4.0, (0, 0))
    assert project(center[None], K, view_matrix(rotation, position))[0] == pytest.approx(
        [320, 240, 4]
    )


def test_projection_is_opencvs() -> None:
    K = intrinsics(800, 600, 35)
    rotation = orbit_rotation(33, 12, 7)
    view = view_matrix(rotation, np.array([2.0, -5.0, 1.5]))
    points = np.random.default_rng(0).normal(size=(20, 3))
    theirs, _ = cv2.projectPoints(points, cv2.Rodrigues(view[:3, :3])[0], view[:3, 3], K, None)
    assert project(points, K, view)[:, :2] == pytest.approx(theirs[:, 0], abs=1e-6)
