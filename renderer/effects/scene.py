"""A scene as effects have it: while it is planned, and while it stands in Blender."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from renderer.asset import Geometry
from renderer.shot.camera import Camera, View
from renderer.shot.scene import Instance, Vector

Array = npt.NDArray[np.float64]


class SceneDraft(Protocol):
    """The objects of a shot before its pose is accepted. World: metres, Z up, floor at z = 0."""

    @property
    def objects(self) -> Sequence[Instance]:
        """What is placed so far, with what effects have added."""

    @property
    def center(self) -> Vector:
        """The middle of the subject, which is what the recipe's ``objects`` have placed."""

    @property
    def radius_m(self) -> float:
        """The radius of the subject about its middle, in metres."""

    @property
    def sensor_width_mm(self) -> float:
        """How wide the camera's sensor is; 36 where a recipe does not say."""

    @property
    def views(self) -> Sequence[View]:
        """The cameras."""

    def slots(self, instance: int) -> int:
        """Return how many materials an object's model has."""

    def hull(self, instance: int) -> Array:
        """Return the corners (n, 3) of an object's convex hull in the world."""

    @property
    def models(self) -> Sequence[str]:
        """The names of the models that the effect brings."""

    def geometry(self, model: str) -> Geometry:
        """Return triangles and hull, in its own frame, of a model that the effect brings."""

    def clear_of_cameras(self, hull: Array) -> bool:
        """Tell whether a hull (n, 3) in the world is all before or all behind every camera: what
        is neither may hold a camera, and no pose with it is accepted.
        """

    def add(
        self,
        model: str,
        model_to_world: Array,
        category: str | None = None,
        bound: bool = True,
    ) -> Instance:
        """Place one more object; only effects of the stage ``scene`` may.

        Poses are accepted or not with it there. It changes neither the framing nor the subject.

        Args:
            model: the name of a model that the effect brings.
            model_to_world: (4, 4) rotation, uniform scale and translation.
            category: one of the recipe's, or of the effect's own; None: it has no label, and hides
                what is behind it.
            bound: whether a pose is accepted only where enough of it is seen, if it has a category.

        """


class RenderScene(Protocol):
    """The scene of a shot in Blender. All that is changed of it, or made, has to be undone, but for
    materials that ``materials`` has given.
    """

    @property
    def scene(self) -> Any:
        """The ``bpy.types.Scene``."""

    @property
    def units_per_m(self) -> float:
        """How many of Blender's units a metre of the shot is: tiny scenes are rendered enlarged."""

    def objects(self, instance: int) -> Sequence[Any]:
        """Return the ``bpy.types.Object`` of an instance, one a mesh of its model."""

    def materials(self, instance: int) -> Sequence[Any]:
        """Return the ``bpy.types.Material`` of an instance, with their node groups its own to
        change: other instances of the model keep theirs, and they are gone after the shot.
        """


@dataclass(frozen=True)
class RenderView:
    """A view as it is about to be rendered.

    Attributes:
        camera: the view's.
        scale: Blender's units a metre.

    """

    camera: Camera
    scale: float
