"""Ray casting with Embree: depth along camera rays to a model's surface, cutouts respected.

Rays are taken into the model frame, so the acceleration structure of a model is built once in a
process and serves every image it appears in.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from embreex import rtcore_scene
from embreex.mesh_construction import TriangleMesh

from renderer.asset import ALPHA_THRESHOLD, AssetCache, Geometry

Array = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]
_Faces = tuple[npt.NDArray[np.int32], Floats]

MISS = np.float32(np.inf)
# Embree's distance to nothing.
_NOTHING = np.float32(1e37)
# The unit box's corners are sqrt(3) from its middle; no surface is farther.
_REACH = 1.75
# Sheets of a cutout model that one ray may pass before we call it a miss (foliage stacks deep).
MOST_SHEETS = 64


@dataclass(frozen=True)
class Hits:
    """What n rays meet first.

    Attributes:
        depth: (n,) float32, metres along the view axis, infinite for nothing.
        face: (n,) int32, index into the model's triangles, -1 for nothing.
        barycentric: (n, 2) float32, the weights of the triangle's second and third corner.

    """

    depth: Floats
    face: npt.NDArray[np.int32]
    barycentric: Floats


class Tracer:
    """The surface of one model, ready for rays."""

    def __init__(self, geometry: Geometry) -> None:
        """Build the acceleration structure.

        The model is moved and scaled to the unit ball about its middle: Embree works in float32,
        and a model 5 km from its origin would otherwise lose its shape.
        """
        corners = geometry.vertices.astype(np.float64)
        used = corners[np.unique(geometry.triangles)]
        low, high = used.min(0), used.max(0)
        self._middle = (low + high) / 2
        self._unit = max(float((high - low).max()) / 2, 1e-30)
        self._geometry = geometry
        vertices = ((corners - self._middle) / self._unit).astype(np.float32)
        # Apart: a decal with holes may lie in the very plane of what shows through them.
        holed = np.zeros(len(geometry.triangles), np.bool_)
        if geometry.cutout_of is not None:
            holed = geometry.cutout_of >= 0
        self._holed = np.flatnonzero(holed)
        self._whole = np.flatnonzero(~holed)
        self._solids = _scene(vertices, geometry.triangles[~holed])
        self._sheets = _scene(vertices, geometry.triangles[holed])

    def depth(self, model_to_camera: Array, directions: Array) -> Floats:
        """Return the depth (n,) of the first surface along each ray, or infinity.

        Args:
            model_to_camera: (4, 4) rotation, uniform scale and translation.
            directions: (n, 3) in the camera frame with z = 1, so that ray parameters are depths
                in metres along the view axis. One that is no number meets nothing.

        """
        return self._trace(model_to_camera, directions, None)

    def hits(self, model_to_camera: Array, directions: Array) -> Hits:
        """Return the depths, as ``depth`` does, and where on the surface they are."""
        count = len(directions)
        faces = np.full(count, -1, np.int32), np.zeros((count, 2), np.float32)
        return Hits(self._trace(model_to_camera, directions, faces), *faces)

    def _trace(self, model_to_camera: Array, directions: Array, faces: _Faces | None) -> Floats:
        if len(directions) == 0:
            return np.empty(0, np.float32)
        lost = np.isnan(directions[:, 2])
        if lost.any():
            depth = np.full(len(directions), MISS, np.float32)
            some = None if faces is None else (faces[0][~lost], faces[1][~lost])
            depth[~lost] = self._trace(model_to_camera, directions[~lost], some)
            if faces is not None and some is not None:
                faces[0][~lost], faces[1][~lost] = some
            return depth
        turn = model_to_camera[:3, :3]
        # Of a rotation and uniform scale the inverse is the transpose by the scale squared:
        # no need to solve for it, as numpy does through OpenBLAS.
        scaled = turn / (turn[:, 0] @ turn[:, 0])
        origin = (-model_to_camera[:3, 3] @ scaled - self._middle) / self._unit
        rays = directions @ scaled / self._unit
        # Start each ray where it may first meet the unit box, in float64: from a camera hundreds of
        # model sizes away, float32 would round the surface's detail off.
        length = np.linalg.norm(rays, axis=1, keepdims=True)
        unit_rays = rays / length
        start = np.maximum(-(unit_rays @ origin)[:, None] - _REACH, 0.0)
        origins = np.ascontiguousarray(origin + start * unit_rays, np.float32)
        found = self._first_opaque(origins, np.ascontiguousarray(unit_rays, np.float32), faces)
        depth = (start[:, 0] + found) / length[:, 0]
        return np.where(found < _NOTHING / 2, depth, MISS).astype(np.float32)

    def _first_opaque(self, origins: Floats, rays: Floats, faces: _Faces | None) -> Floats:
        result = np.full(len(rays), _NOTHING, np.float32)
        if self._solids is not None and faces is None:
            result = np.asarray(self._solids.run(origins, rays, query="DISTANCE"), np.float32)
        elif self._solids is not None and faces is not None:
            hit = self._solids.run(origins, rays, output=1)
            result = np.asarray(hit["tfar"], np.float32)
            met = hit["primID"] >= 0
            faces[0][met] = self._whole[hit["primID"][met]]
            faces[1][met] = np.column_stack([hit["u"], hit["v"]])[met]
        if self._sheets is not None:
            self._pass_sheets(self._sheets, origins, rays, result, faces)
        return result

    def _pass_sheets(
        self, scene: Any, origins: Floats, rays: Floats, result: Floats, faces: _Faces | None
    ) -> None:
        """Bring distances (n,) to solids down to those of sheets that are not see-through."""
        travelled = np.zeros(len(rays), np.float32)
        going = np.arange(len(rays))
        for _ in range(MOST_SHEETS):
            here = origins[going] + travelled[going, None] * rays[going]
            hit = scene.run(np.ascontiguousarray(here), rays[going], output=1)
            travelled[going] += hit["tfar"]
            met = (hit["primID"] >= 0) & (travelled[going] < result[going])
            going, hit = going[met], {key: value[met] for key, value in hit.items()}
            if len(going) == 0:
                break
            face = self._holed[hit["primID"]]
            solid = self._is_solid(face, hit["u"], hit["v"])
            result[going[solid]] = travelled[going[solid]]
            if faces is not None:
                faces[0][going[solid]] = face[solid]
                faces[1][going[solid]] = np.column_stack([hit["u"], hit["v"]])[solid]
            going = going[~solid]
            # Step past the sheet; 1e-5 of the model's half size is far below its detail.
            travelled[going] += 1e-5
            if len(going) == 0:
                break

    def _is_solid(self, face: npt.NDArray[np.int64], u: Floats, v: Floats) -> npt.NDArray[np.bool_]:
        shape = self._geometry
        assert shape.cutout_of is not None
        assert shape.uv is not None
        which = shape.cutout_of[face]
        corner = shape.uv[face]
        uv = (
            (1 - u - v)[:, None] * corner[:, 0]
            + u[:, None] * corner[:, 1]
            + v[:, None] * corner[:, 2]
        )
        solid = np.zeros(len(face), np.bool_)
        for at, cutout in enumerate(shape.cutouts):
            mine = which == at
            if mine.any():
                solid[mine] = cutout.opacity(uv[mine]) >= ALPHA_THRESHOLD
        return solid


def _scene(vertices: Floats, triangles: npt.NDArray[np.int32]) -> Any:
    """Return Embree's scene of some triangles, or None for none."""
    if len(triangles) == 0:
        return None
    scene = rtcore_scene.EmbreeScene()
    TriangleMesh(scene, vertices, np.ascontiguousarray(triangles))
    return scene


def tracer_for(cache: AssetCache, key: str) -> Tracer:
    """Return the tracer of a cached model; the last few are kept in memory."""
    return _tracer(str(cache.folder), key, cache)


@lru_cache(maxsize=48)
def _tracer(_folder: str, key: str, cache: AssetCache) -> Tracer:
    return Tracer(cache.geometry(key))
