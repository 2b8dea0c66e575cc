"""The Shot: one scene, fully decided. Frozen, JSON-serialisable, stored with the dataset."""

from __future__ import annotations

from typing import Literal

from renderer.shot.camera import CameraPose
from renderer.shot.scene import BackgroundState, Frozen, Instance, Lamp, Vector, WorldState


class RenderState(Frozen):
    """Engine settings and development of the picture."""

    engine: Literal["cycles", "eevee", "workbench"]
    samples: int
    seed: int
    denoise: bool
    max_bounces: int
    view_transform: str
    exposure: float
    white_balance_k: float | None
    format: Literal["png", "jpeg", "webp"]
    quality: int


class Shot(Frozen):
    """One image. ``radius_m`` and ``center`` are the subject's bounding sphere."""

    index: int
    attempts: int
    center: Vector
    radius_m: float
    camera: CameraPose
    objects: tuple[Instance, ...]
    world: WorldState
    lamps: tuple[Lamp, ...]
    background: BackgroundState
    render: RenderState

    @property
    def file_name(self) -> str:
        """The image's path below the dataset's folder."""
        return image_name(self.index, self.render.format)


def image_name(index: int, format: Literal["png", "jpeg", "webp"]) -> str:
    """Return the path of an image below the dataset's folder."""
    suffix = {"png": "png", "jpeg": "jpg", "webp": "webp"}[format]
    return f"images/{index:08d}.{suffix}"
