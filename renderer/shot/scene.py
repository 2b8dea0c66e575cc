"""What a shot shows, as plain data: objects, light, and what stands behind.

World: metres, Z up, right-handed. Matrices 4x4 row-major as nested tuples. Colours: linear Rec.709
for light, display sRGB for what the camera sees directly (a backdrop).
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from renderer.asset import Matrix4
from renderer.values.finish import FinishState

Vector = tuple[float, float, float]
Matrix3 = tuple[Vector, Vector, Vector]


class Frozen(BaseModel):
    """Base of everything in a Shot."""

    model_config = ConfigDict(frozen=True)


class FileRef(Frozen):
    """A file by its path as the recipe gives it, and a digest of its bytes."""

    path: str
    digest: str


class Instance(Frozen):
    """One object. ``model_to_world`` is rotation, uniform ``scale`` and translation. One without a
    category has no label: it hides what is behind it, and that is all.
    """

    instance: int
    category: str | None
    asset: str
    file: str
    scale: float
    model_to_world: Matrix4


class WorldState(Frozen):
    """Light from all around: an HDRI (bundled name or file), or one linear colour."""

    hdri: str | None
    file: FileRef | None
    color: Vector | None
    strength: float
    rotation_deg: float


class Lamp(Frozen):
    """One lamp, aimed along ``direction``. Power in watts (a sun: W/m2), size in metres (a sun:
    its angular diameter in degrees).
    """

    type: Literal["area", "point", "sun", "spot"]
    position: Vector
    direction: Vector
    power: float
    color: Vector
    size: float
    spot_deg: float


class FloorState(Frozen):
    """A visible floor at z = 0 with a procedural material, an image texture or a finish."""

    material: str
    image: FileRef | None
    tile_m: float
    color: Vector | None
    roughness: float
    # Left out where there is none, as of the room below: shots that were stored stay what they are.
    finish: FinishState | None = Field(None, exclude_if=lambda value: value is None)


class RoomPart(Frozen):
    """A wall, floor or table: an instance without a category, and its surface."""

    instance: int
    part: Literal["floor", "wall", "table"]
    finish: FinishState


class BackgroundState(Frozen):
    """What stands behind: a display-sRGB colour, a photo, or the world (both None), and the parts
    of a room that is around the objects.
    """

    color: Vector | None
    image: FileRef | None
    crop: tuple[float, float]
    mirrored: bool
    shadows: bool
    floor: FloorState | None
    room: tuple[RoomPart, ...] = Field((), exclude_if=lambda value: not value)


def to_matrix4(values: object) -> Matrix4:
    """Return a nested tuple of floats from any 4x4 array, rounded to a picometre: the last bits of
    matrix products differ between processors, and plans may not.
    """
    rows = [tuple(round(float(cell), 12) for cell in row) for row in values]  # type: ignore[attr-defined]
    return tuple(rows)  # type: ignore[return-value]
