"""Models that stay in Blender from shot to shot: the least recently used go first."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property

import bpy

from renderer.asset import BLEND, AssetCache

# Of decoded textures, which a GPU has to hold beside the scene.
_TEXTURE_BYTES = 2 << 30
# The kinds of data a model brings with it.
_SHARED = ("meshes", "materials", "images", "textures", "node_groups")


@dataclass(frozen=True)
class _Model:
    """A model in memory: its meshes, and all that came with it."""

    meshes: list[bpy.types.Mesh]
    blocks: list[bpy.types.ID]

    @cached_property
    def texture_bytes(self) -> int:
        """What its textures take in the engine, which keeps them for as long as the model stays."""
        images = [block for block in self.blocks if isinstance(block, bpy.types.Image)]
        return sum(
            image.size[0] * image.size[1] * 4 * (4 if image.is_float else 1) for image in images
        )


class ResidentModels:
    """The models of a cache that are in memory."""

    def __init__(self, cache: AssetCache, keep: int) -> None:
        """Keep so many models; fewer where their textures are large."""
        self._cache, self._keep = cache, keep
        self._kept: OrderedDict[str, _Model] = OrderedDict()

    def meshes(self, key: str) -> list[bpy.types.Mesh]:
        """Return the meshes of a model by its key in the cache, loaded where it is not there."""
        if key not in self._kept:
            before = {name: set(getattr(bpy.data, name)) for name in _SHARED}
            path = self._cache.entry(key) / BLEND
            with bpy.data.libraries.load(str(path), link=False) as (stored, wanted):
                wanted.meshes = list(stored.meshes)
            # A reference to the file stays behind; nothing is linked to it.
            bpy.data.batch_remove(list(bpy.data.libraries))
            fresh = [
                block for name in _SHARED for block in set(getattr(bpy.data, name)) - before[name]
            ]
            self._kept[key] = _Model(list(wanted.meshes), fresh)
        self._kept.move_to_end(key)
        return self._kept[key].meshes

    def drop(self, in_use: set[str]) -> None:
        """Forget the models used longest ago, beyond the number and the memory that are kept."""
        held = sum(model.texture_bytes for model in self._kept.values())
        for key in list(self._kept):
            if len(self._kept) <= self._keep and held <= _TEXTURE_BYTES:
                return
            if key not in in_use:
                model = self._kept.pop(key)
                held -= model.texture_bytes
                bpy.data.batch_remove(model.blocks)
