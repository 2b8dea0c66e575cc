"""What a shot shows, as plain data: objects, light, and what stands behind.

World: metres, Z up, right-handed. Matrices 4x4 row-major as nested tuples. Colours: linear Rec.709
for light, display sRGB for what the camera sees directly (a backdrop).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from renderer.asset import Matrix4
from renderer.values.finish import FinishState

Vector = tuple[float, float, float]
Matrix3 = tuple[Vector, Vector, Vector]
# Written only where it is there: a dataset that lacks it has the bytes that it always had.
_UNLESS_NONE = Field(exclude_if=lambda value: value is None)


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


class WorldLayer(Frozen):
    """One of several HDRIs (bundled name or file); ``color`` is its share of the light, by channel,
    as linear factors.
    """

    hdri: str | None
    file: FileRef | None
    rotation_deg: float
    color: Vector


class SkyState(Frozen):
    """Blender's own sky without the sun's disc, over level ground.

    Attributes:
        sun_elevation_deg: how high the sun stands.
        sun_azimuth_deg: where, counted as an orbit's.
        haze: dust in the air; 1 is a clear day.
        ground: what is seen below the horizon, in the sky's own units.

    """

    sun_elevation_deg: float
    sun_azimuth_deg: float
    haze: float
    ground: Vector


class WorldState(Frozen):
    """Light from all around: an HDRI (bundled name or file), or one linear colour; else several
    HDRIs mixed, or a sky. ``tint`` are linear factors. A strength of 1 gives HDRIs a mean radiance
    of 1; a sky's is a factor of Blender's own.
    """

    hdri: str | None
    file: FileRef | None
    color: Vector | None
    strength: float
    rotation_deg: float
    tint: Annotated[Vector | None, _UNLESS_NONE] = None
    mix: Annotated[tuple[WorldLayer, ...], Field(exclude_if=lambda value: not value)] = ()
    sky: Annotated[SkyState | None, _UNLESS_NONE] = None


class PatternState(Frozen):
    """What a lamp shines through: pieces that hide it, in a plane. Seen by no camera.

    Attributes:
        kind: the shape of its pieces.
        center: its middle, in metres.
        right: unit vector along its width.
        up: unit vector along its height.
        width: of the opening, in metres.
        height: of the opening, in metres.
        border: how far the wall around the opening reaches beyond it, in metres; 0 for none.
        pieces: slats, panes a side, or leaves.
        open: the share of the opening that lets light through.
        seed: for where leaves are.

    """

    kind: Literal["blinds", "window", "leaves"]
    center: Vector
    right: Vector
    up: Vector
    width: float
    height: float
    border: float
    pieces: int
    open: float
    seed: int


class Lamp(Frozen):
    """One lamp, aimed along ``direction``. Power in watts (a sun: W/m2), size in metres (a sun:
    its angular diameter in degrees). An area lamp is a disc; with a ``height`` it is a rectangle,
    ``size`` wide, whose upper edge is level but for ``turn_deg`` about its direction.
    """

    type: Literal["area", "point", "sun", "spot"]
    position: Vector
    direction: Vector
    power: float
    color: Vector
    size: float
    spot_deg: float
    height: Annotated[float | None, _UNLESS_NONE] = None
    turn_deg: Annotated[float | None, _UNLESS_NONE] = None
    pattern: Annotated[PatternState | None, _UNLESS_NONE] = None


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
