"""The truth of one view: a G-buffer that is made as the label kinds ask for it.

The instance of a pixel is the engine's own index pass where that is exact (Cycles writes it at the
pixel's centre), and ray casting of the same triangles otherwise; depth and normals are always ray
cast, so that any engine at any number of samples has the same. Where the two ways differ by
rounding, on an outline, the index says whose the pixel is, and depth and normal are those of what
the ray meets.

Opacity that rays cannot follow (facts.ray_traceable) is the engine's to tell: it gives the
outlines, and such an object has a depth where the engine's index shows it and no other pixel. That
depth is the object's first surface as if it were solid: too near where its see-through part lies
before another part of its own. ``warnings`` says so for the kinds that write it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from renderer.asset import AssetCache
from renderer.geometry.crop import Crop, Part, places_of
from renderer.geometry.raycast import tracer_for
from renderer.geometry.silhouette import Silhouette
from renderer.shot.camera import Camera
from renderer.shot.frame import Frame
from renderer.shot.ground import has_floor
from renderer.shot.scene import Instance
from renderer.shot.shot import Shot
from renderer.truth.ray_casting import FirstHit, RayCasting
from renderer.truth.whole import Whole

Floats = npt.NDArray[np.float32]
Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

_RAYS = 1 << 18


@dataclass(frozen=True)
class Faces:
    """Where on a model's surface each pixel centre's ray ends.

    Attributes:
        face: (h, w) int32, index into the triangles of the model, -1 on the floor or nothing.
        barycentric: (h, w, 2) float32, the weights of the triangle's second and third corner.

    """

    face: Ints
    barycentric: Floats


@dataclass(frozen=True)
class ViewTruth:
    """One view of a shot; see the module for where each thing comes from.

    Attributes:
        casting: what rays say of it.
        given: (h, w) int32 instance of each pixel by who knows it exactly; None asks the rays.
        outlines: by instance, those of the objects that rays cannot follow, as far as known.
        dropped: instances of objects with a category that have no label all the same.
        ignored: instances of objects whose label is to be ignored (COCO's ``iscrowd``).
        categories: names of all categories of the dataset, in the order of their ids.
        passes: by name, (h, w, channels) float32, what only the engine knows; none by rays alone.

    """

    casting: RayCasting
    given: Ints | None = None
    outlines: Mapping[int, Silhouette] = field(default_factory=dict)
    dropped: frozenset[int] = frozenset()
    ignored: frozenset[int] = frozenset()
    categories: tuple[str, ...] = ()
    passes: Mapping[str, Floats] = field(default_factory=dict)

    @staticmethod
    def of(
        shot: Shot,
        camera: Camera,
        cache: AssetCache,
        frame: Frame | None = None,
        categories: Sequence[str] = (),
    ) -> ViewTruth:
        """Return the truth of a view.

        Args:
            shot: the shot.
            camera: the camera of the view.
            cache: where the shot's models are.
            frame: what the engine gave of the view; None where there is only the shot.
            categories: the names of all categories of the dataset, in the order of their ids.

        """
        casting, categories = RayCasting(shot, camera, cache), tuple(categories)
        if frame is None:
            return ViewTruth(casting, categories=categories)
        return ViewTruth(
            casting,
            frame.index,
            frame.silhouettes,
            categories=categories,
            passes=frame.passes,
        )

    @property
    def shot(self) -> Shot:
        """The shot."""
        return self.casting.shot

    @property
    def camera(self) -> Camera:
        """The camera of the view."""
        return self.casting.camera

    @property
    def invisible_floor(self) -> bool:
        """Whether there is a floor of which only the shadows on it are seen."""
        return has_floor(self.shot) and self.shot.background.floor is None

    @cached_property
    def index(self) -> Ints:
        """(h, w) int32, the instance whose surface the pixel centre's ray meets first, 0 for none;
        objects without a category are in it.
        """
        return self._first.instance if self.given is None else self.given

    @property
    def depth(self) -> Floats:
        """(h, w) float32, metres along the view axis of the surface that the pixel centre's ray
        meets first, floor and unlabelled objects included; infinite for nothing.
        """
        return self._first.depth

    @cached_property
    def normal(self) -> Floats:
        """(h, w, 3) float32, the unit normal of the same surface in the camera's frame, towards the
        camera; 0 for nothing. It is that of the flat triangle: the cache knows of no shading.
        """
        height, width = self.index.shape
        normal = np.zeros((height, width, 3), np.float32)
        if has_floor(self.shot):
            up = self.camera.pose[:3, 2]
            above = self.camera.position[2] > 0
            on_floor = (self._first.instance == 0) & np.isfinite(self.depth)
            normal[on_floor] = up if above else -up
        for entry, part, mine in self.met():
            geometry = self.casting.cache.geometry(entry.asset)
            faces, which = np.unique(self.faces.face[part][mine], return_inverse=True)
            a, b, c = np.moveaxis(geometry.vertices[geometry.triangles[faces]].astype(float), 1, 0)
            flat = np.cross(b - a, c - a) @ self.casting.to_camera(entry)[:3, :3].T
            found = (flat / np.linalg.norm(flat, axis=1, keepdims=True))[which]
            rows, columns = np.nonzero(mine)
            rays = self.camera.rays(columns + part[1].start + 0.5, rows + part[0].start + 0.5)
            away = np.einsum("ij,ij->i", found, rays) > 0
            normal[part][mine] = np.where(away[:, None], -found, found)
        return normal

    @cached_property
    def faces(self) -> Faces:
        """Where on the models' surfaces the rays end."""
        height, width = self.index.shape
        face = np.full((height, width), -1, np.int32)
        barycentric = np.zeros((height, width, 2), np.float32)
        for entry, part, mine in self.met():
            tracer = tracer_for(self.casting.cache, entry.asset)
            to_camera = self.casting.to_camera(entry)
            rows, columns = np.nonzero(mine)
            rows, columns = rows + part[0].start, columns + part[1].start
            for at in range(0, len(rows), _RAYS):
                y, x = rows[at : at + _RAYS], columns[at : at + _RAYS]
                hits = tracer.hits(to_camera, self.camera.rays(x + 0.5, y + 0.5))
                face[y, x], barycentric[y, x] = hits.face, hits.barycentric
        return Faces(face, barycentric)

    def model_points(self, entry: Instance, part: Part, mine: Mask) -> Array:
        """Return (n, 3) the model coordinates of an object's surface where rays end on it; the
        arguments are what ``met`` gives.
        """
        geometry = self.casting.cache.geometry(entry.asset)
        corners = geometry.triangles[self.faces.face[part][mine]]
        second, third = self.faces.barycentric[part][mine].astype(np.float64).T[..., None]
        a, b, c = (geometry.vertices[corners[:, at]].astype(np.float64) for at in range(3))
        return np.asarray(a + second * (b - a) + third * (c - a), np.float64)

    @cached_property
    def labelled(self) -> tuple[Instance, ...]:
        """The objects that get a label: those with a category and at least one pixel, but for those
        that are dropped.
        """
        return tuple(entry for entry in self.shown if entry.instance not in self.dropped)

    @cached_property
    def shown(self) -> tuple[Instance, ...]:
        """The objects with a category and at least one pixel."""
        return tuple(
            entry for entry in self.shot.objects if entry.category is not None and self.shows(entry)
        )

    def shows(self, entry: Instance) -> bool:
        """Tell whether an object has a pixel."""
        return entry.instance in self._places

    def warnings(self, what: str) -> list[str]:
        """Return what is to be known of depth or normals (``what``), each a sentence: which objects
        in sight may have those of a see-through part.
        """
        untraceable = [
            entry.category or "an unlabelled object"
            for entry in self.shot.objects
            if not self.casting.follows(entry) and self.shows(entry)
        ]
        return [
            f"{what} of {name} may be that of a see-through part: rays cannot follow its opacity"
            for name in dict.fromkeys(untraceable)
        ]

    def visible(self, entry: Instance) -> Crop:
        """Return the pixels of an object."""
        part = self._places.get(entry.instance)
        if part is None:
            return Crop(np.zeros((0, 0), np.bool_), 0, 0, self.camera.resolution)
        mask = self.index[part] == entry.instance
        return Crop(mask, part[1].start, part[0].start, self.camera.resolution)

    def silhouette(self, entry: Instance) -> Silhouette:
        """Return the outline of an object by itself: by who knows it, else as if it were solid."""
        given = self.outlines.get(entry.instance)
        return self.casting.silhouette(entry) if given is None else given

    def whole(self, entry: Instance) -> Whole:
        """Return an object with at least one pixel as if nothing were before it."""
        if entry.instance not in self._wholes:
            made = Whole.of(self.visible(entry), self.silhouette(entry))
            self._wholes[entry.instance] = made
        return self._wholes[entry.instance]

    def category_id(self, entry: Instance) -> int:
        """Return the id, from 1, of the category of an object that has one."""
        return self.categories.index(entry.category or "") + 1

    def exact(self, entry: Instance) -> bool:
        """Tell whether an object's outline is known exactly."""
        return entry.instance in self.outlines or self.casting.follows(entry)

    def seen(self, index: Ints, outlines: Mapping[int, Silhouette]) -> ViewTruth:
        """Return the truth of the same view by another index and other outlines; what rays have
        said already is not asked again.
        """
        return replace(self, given=index, outlines=outlines)

    def with_fates(self, dropped: Iterable[int], ignored: Iterable[int]) -> ViewTruth:
        """Return the truth of the same view with some objects dropped and others ignored."""
        return replace(self, dropped=frozenset(dropped), ignored=frozenset(ignored))

    @cached_property
    def _wholes(self) -> dict[int, Whole]:
        return {}

    def met(self) -> list[tuple[Instance, Part, Mask]]:
        """Return each object that rays meet, with the part of the frame that it is in and its
        pixels (h, w) there.
        """
        places = places_of(self._first.instance)
        return [
            (
                entry,
                places[entry.instance],
                self._first.instance[places[entry.instance]] == entry.instance,
            )
            for entry in self.shot.objects
            if entry.instance in places
        ]

    @cached_property
    def _first(self) -> FirstHit:
        return self.casting.first(self.given)

    @cached_property
    def _places(self) -> dict[int, Part]:
        return places_of(self.index)
