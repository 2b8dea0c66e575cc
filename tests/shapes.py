"""Simple solids as PLY files and as arrays: the ground truth of the analytic tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
Faces = npt.NDArray[np.int32]


def box(size: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> tuple[Points, Faces]:
    """A box from (-sx/2, -sy/2, 0) to (sx/2, sy/2, sz), quads as two triangles."""
    sx, sy, sz = size
    corners = np.array(
        [[x, y, z] for z in (0, sz) for y in (-sy / 2, sy / 2) for x in (-sx / 2, sx / 2)]
    )
    quads = [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)]
    faces = [tri for a, b, c, d in quads for tri in ((a, b, c), (a, c, d))]
    return corners, np.array(faces, np.int32)


def sphere(radius: float = 1.0, rings: int = 16) -> tuple[Points, Faces]:
    """A UV sphere about the origin whose corners lie on the sphere."""
    segments = 2 * rings
    rows = []
    for ring in range(1, rings):
        polar = np.pi * ring / rings
        turn = 2 * np.pi * np.arange(segments) / segments
        flat = np.sin(polar)
        rows.append(
            np.column_stack(
                [flat * np.cos(turn), flat * np.sin(turn), np.full(segments, np.cos(polar))]
            )
        )
    points = np.concatenate([[[0, 0, 1]], *rows, [[0, 0, -1]]]) * radius
    faces = []
    last = len(points) - 1
    for at in range(segments):
        after = (at + 1) % segments
        faces.append((0, 1 + at, 1 + after))
        bottom = 1 + (rings - 2) * segments
        faces.append((last, bottom + after, bottom + at))
        for ring in range(rings - 2):
            a, b = 1 + ring * segments + at, 1 + ring * segments + after
            faces += [(a, a + segments, b), (b, a + segments, b + segments)]
    return points, np.array(faces, np.int32)


def plane(width: float = 1.0, height: float = 1.0) -> tuple[Points, Faces]:
    """An upright rectangle in the XZ plane, standing on z = 0."""
    x = width / 2
    return (
        np.array([[-x, 0, 0], [x, 0, 0], [x, 0, height], [-x, 0, height]], float),
        np.array([[0, 1, 2], [0, 2, 3]], np.int32),
    )


def write_ply(path: Path, points: Points, faces: Faces) -> Path:
    """Write a solid; PLY keeps Z up and metres as they are."""
    lines = [
        "ply",
        "format ascii 1.0",
        f"element vertex {len(points)}",
        "property float x",
        "property float y",
        "property float z",
        f"element face {len(faces)}",
        "property list uchar int vertex_indices",
        "end_header",
        *(f"{x:.9g} {y:.9g} {z:.9g}" for x, y, z in points),
        *(f"3 {a} {b} {c}" for a, b, c in faces),
    ]
    path.write_text("\n".join(lines) + "\n")
    return path
