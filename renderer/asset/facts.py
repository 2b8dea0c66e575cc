"""What is known of a model without Blender: the facts of an import, as JSON."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from renderer.asset.keypoints import ModelKeypoints
from renderer.errors import UserError

Vector = tuple[float, float, float]
Matrix4 = tuple[
    tuple[float, float, float, float],
    tuple[float, float, float, float],
    tuple[float, float, float, float],
    tuple[float, float, float, float],
]

# A surface hides what is behind it, and belongs to its object, from this opacity on. Cycles'
# pass_alpha_threshold and our rays use the same figure, so that cutouts agree in both.
ALPHA_THRESHOLD = 0.1


class AssetFacts(BaseModel):
    """The facts of one imported model.

    The model frame is the asset's own: authored origin, Z up, metres. ``minimum`` and ``maximum``
    are its axis-aligned bounds in that frame. ``source_to_model`` (4x4, row-major) takes the
    coordinates Blender's importer gives without overrides to the model frame. Where rays cannot
    follow its opacity exactly it is not ``ray_traceable``: the engine renders it by itself for its
    amodal mask. ``keypoints`` are its named points, where it has some.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    file: str
    format: str
    faces: int
    parts: int
    materials: tuple[str, ...]
    textures: tuple[str, ...]
    minimum: Vector
    maximum: Vector
    source_to_model: Matrix4
    guessed_up_axis: str
    guessed_unit: str
    warnings: tuple[str, ...]
    ray_traceable: bool = True
    keypoints: ModelKeypoints | None = None

    @property
    def size_m(self) -> Vector:
        """Extent along x, y and z in metres."""
        x, y, z = (hi - lo for lo, hi in zip(self.minimum, self.maximum, strict=True))
        return x, y, z

    @property
    def longest_m(self) -> float:
        """The longest side in metres."""
        return max(self.size_m)


class AssetError(UserError):
    """A model that cannot be used; the message is one sentence that names the file."""
