"""The Shot: one scene, fully decided. Frozen, JSON-serialisable, stored with the dataset.

A shot gives an image for each of its views and variants: one path trace a view, and of it any
number of variants.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    SerializeAsAny,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from renderer.errors import UserError
from renderer.registry import EFFECTS
from renderer.shot.camera import View
from renderer.shot.scene import BackgroundState, Frozen, Instance, Lamp, Vector, WorldState

_RARE = ("scenario", "goals")
_SUFFIXES = {"png": "png", "jpeg": "jpg", "webp": "webp"}


class EffectState(Frozen):
    """What an effect does in one shot; every effect has its own kind, told apart by the name."""

    effect: str


def _to_state(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    name = value.get("effect")
    if name not in EFFECTS.names():
        raise UserError(f"there is no effect {name!r} here: install the package that it comes from")
    return EFFECTS.get(name).State.model_validate(value)


AnyEffectState = Annotated[SerializeAsAny[EffectState], BeforeValidator(_to_state)]


class Variant(Frozen):
    """One picture of several that are made of the same light.

    Attributes:
        gains: linear Rec.709 factors of the light of each group of lamps, by its name; none leaves
            the light as it is.
        effects: what is done to this picture instead of what the shot's effects of the same names
            do; of the stages linear, sensor and display, which need no other render.
        background: what stands behind instead: another colour or photo.

    """

    gains: tuple[tuple[str, Vector], ...] = ()
    effects: tuple[AnyEffectState, ...] = ()
    background: BackgroundState | None = None


class RenderState(Frozen):
    """Engine settings, and what is made of the picture."""

    engine: Literal["cycles", "eevee", "workbench"]
    samples: int
    seed: int
    denoise: bool
    max_bounces: int
    view_transform: str
    format: Literal["png", "jpeg", "webp"]
    quality: int


@dataclass(frozen=True)
class ImageOf:
    """One image of a shot.

    Attributes:
        id: its COCO id: (shot * views + view) * variants + variant + 1.
        view: which camera it is seen with.
        variant: which light and development it has, and its place among the variants.
        stem: its files' names without folder and suffix.
        file_name: the picture's path below the dataset's folder.

    """

    id: int
    view: View
    variant: Variant
    number: int
    stem: str
    file_name: str


class Shot(Frozen):
    """One scene. ``radius_m`` and ``center`` are the subject's bounding sphere, ``scenario`` the
    recipe's that it is of, ``goals`` which band or cell of each goal it is to be in.
    """

    index: int
    scenario: str | None = None
    goals: dict[str, str] = Field(default_factory=dict)
    attempts: int
    center: Vector
    radius_m: float
    objects: tuple[Instance, ...]
    world: WorldState
    lamps: tuple[Lamp, ...]
    background: BackgroundState
    effects: tuple[AnyEffectState, ...] = ()
    render: RenderState
    views: tuple[View, ...]
    variants: tuple[Variant, ...] = (Variant(),)

    @model_serializer(mode="wrap")
    def _without_what_is_not(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out scenario and goals where there are none: most recipes have none."""
        found: dict[str, Any] = dump(self)
        return {k: value for k, value in found.items() if k not in _RARE or value}

    @property
    def images(self) -> Iterator[ImageOf]:
        """Its images: the variants of its first view, then those of the next."""
        several_views, several_variants = len(self.views) > 1, len(self.variants) > 1
        for at, view in enumerate(self.views):
            for number, variant in enumerate(self.variants):
                stem = f"{self.index:08d}"
                stem += f"-{view.name}" if several_views else ""
                stem += f"-{number:02d}" if several_variants else ""
                yield ImageOf(
                    id=(self.index * len(self.views) + at) * len(self.variants) + number + 1,
                    view=view,
                    variant=variant,
                    number=number,
                    stem=stem,
                    file_name=f"images/{stem}.{_SUFFIXES[self.render.format]}",
                )
