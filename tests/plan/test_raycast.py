"""Ray casting: depths against formulas, cutouts, far cameras, models far from their origin."""

from __future__ import annotations

import numpy as np
import pytest

from renderer.asset import Cutout, Geometry, Step
from renderer.geometry.projection import pixel_rays
from renderer.geometry.raycast import Tracer
from tests import shapes

# Blender's glTF importer cuts at 0.5 by 1 - (alpha < 0.5).
GLTF_MASK = (Step("LESS_THAN", 0.5, False, False), Step("SUBTRACT", 1.0, True, False))
NO_FACES = np.empty((0, 3), np.int32)


def tracer(points: np.ndarray, faces: np.ndarray, **more: object) -> Tracer:
    points = np.asarray(points, np.float32)
    return Tracer(Geometry(points, faces, points, NO_FACES, **more))  # type: ignore[arg-type]


def at(x: float, y: float, z: float, scale: float = 1.0) -> np.ndarray:
    matrix = np.diag([scale, scale, scale, 1.0])
    matrix[:3, 3] = (x, y, z)
    return matrix


def test_depth_of_a_sphere() -> None:
    """Along direction d the ball at c is met at t = d.c - sqrt((d.c)^2 - |d|^2 (|c|^2 - r^2)), /|d|^2."""
    solid = tracer(*shapes.sphere(rings=200))
    K = np.array([[100.0, 0, 50], [0, 100, 50], [0, 0, 1]])
    columns, rows = (grid.ravel() + 0.5 for grid in np.meshgrid(np.arange(100.0), np.arange(100.0)))
    rays = pixel_rays(columns, rows, K)
    center = np.array([0.2, -0.1, 4.0])
    found = solid.depth(at(*center), rays)
    dot, length = rays @ center, (rays**2).sum(1)
    inside = dot**2 - length * (center @ center - 1)
    truth = np.where(inside > 0, (dot - np.sqrt(np.maximum(inside, 0))) / length, np.inf)
    sure = np.abs(inside) > 0.02
    assert np.isfinite(found[sure]).tolist() == np.isfinite(truth[sure]).tolist()
    both = sure & np.isfinite(truth)
    assert found[both] == pytest.approx(truth[both], abs=1e-3)


@pytest.mark.parametrize("distance", [3.0, 300.0, 30_000.0])
def test_cutouts_at_any_distance(distance: float) -> None:
    """A sheet whose left half is transparent, a millimetre-like step before an opaque one."""
    sheet, faces = shapes.plane(2.0, 2.0)
    both = np.concatenate([sheet, sheet + np.array([0, 0.01, 0])])
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)[faces]
    alpha = np.zeros((8, 8), np.uint8)
    alpha[:, 4:] = 255
    solid = tracer(
        both,
        np.concatenate([faces, faces + 4]),
        cutouts=(Cutout(alpha, GLTF_MASK),),
        cutout_of=np.array([0, 0, -1, -1], np.int32),
        uv=np.concatenate([uv, uv]),
    )
    # The sheet stands in XZ; the camera looks along +Y: camera x = X, y = 1 - Z, z = Y + distance.
    pose = np.array([[1.0, 0, 0, 0], [0, 0, -1, 1], [0, 1, 0, distance], [0, 0, 0, 1]])
    rays = np.array([[-0.5 / distance, 0, 1], [0.5 / distance, 0, 1]])
    left, right = solid.depth(pose, rays)
    assert right == pytest.approx(distance, rel=1e-6)
    assert left == pytest.approx(distance + 0.01, rel=1e-6)
    assert left > right or distance > 10_000


def test_steps_on_a_texture_s_opacity() -> None:
    alpha = np.full((4, 4), 128, np.uint8)
    middle = np.array([[0.5, 0.5]], np.float32)

    def opacity(*steps: Step) -> float:
        return float(Cutout(alpha, steps).opacity(middle)[0])

    assert opacity() == pytest.approx(128 / 255)
    assert opacity(Step("MULTIPLY", 0.5, False, False)) == pytest.approx(64 / 255)
    assert opacity(*GLTF_MASK) == 1
    below = Step("LESS_THAN", 0.6, False, False)
    assert opacity(below) == 1
    assert opacity(below, Step("SUBTRACT", 1.0, True, False)) == 0
    assert opacity(below, Step("SUBTRACT", 1.5, False, True)) == 0  # clamped
    assert opacity(Step("GREATER_THAN", 0.6, True, False)) == 1  # 0.6 > opacity
    assert opacity(Step("ROUND", 0.0, False, False)) == 1


def test_nearest_texel() -> None:
    alpha = np.array([[0, 255], [255, 0]], np.uint8)
    uv = np.array([[0.49, 0.49], [0.51, 0.49], [-0.49, 1.51], [1.01, 0.01]], np.float32)
    assert Cutout(alpha, closest=True).opacity(uv).tolist() == [0, 1, 0, 0]
    assert Cutout(alpha).opacity(uv)[0] == pytest.approx(0.5, abs=0.02)


def test_scaled_far_and_unused_corners() -> None:
    points, faces = shapes.box()
    points = np.concatenate([points + 5000.0, [[np.nan] * 3]])
    depth = tracer(points, faces).depth(at(-2500, -2500, -2500 + 7, 0.5), np.array([[0.0, 0, 1]]))
    assert depth == pytest.approx([7.0], abs=1e-3)
