"""The world: an HDRI of known mean radiance, or one colour."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from renderer.blender.materials import repair_pixels
from renderer.colour.luma import LUMA
from renderer.errors import UnavailableError
from renderer.shot.scene import WorldState

# Side of the map Cycles samples the HDRI by. Its default rebuilds the map at full size whenever
# the world changes (0.69 s a frame); this size costs a few ms for about 10 % more noise.
_MAP_RESOLUTION = 512
_KEEP = 8


@dataclass(frozen=True)
class _Hdri:
    """An image, its mean radiance, and what is to be known of it."""

    image: bpy.types.Image
    mean: float
    warnings: tuple[str, ...] = ()


class SceneWorld:
    """The scene's one world, set anew for each shot."""

    def __init__(self, scene: bpy.types.Scene, folder: Path) -> None:
        """Make the world; ``folder`` is what HDRI files are relative to."""
        self._folder = folder
        self._images: OrderedDict[str, _Hdri] = OrderedDict()
        self.warnings: tuple[str, ...] = ()
        world = bpy.data.worlds.new("world")
        world.use_nodes = True
        world.cycles.sampling_method = "MANUAL"
        world.cycles.sample_map_resolution = _MAP_RESOLUTION
        scene.world = world
        self._tree = tree = world.node_tree
        tree.nodes.clear()
        self._output = tree.nodes.new("ShaderNodeOutputWorld")
        self._background = tree.nodes.new("ShaderNodeBackground")
        self._picture = tree.nodes.new("ShaderNodeTexEnvironment")
        self._turn = tree.nodes.new("ShaderNodeMapping")
        coordinates = tree.nodes.new("ShaderNodeTexCoord")
        tree.links.new(coordinates.outputs["Generated"], self._turn.inputs["Vector"])
        tree.links.new(self._turn.outputs["Vector"], self._picture.inputs["Vector"])
        tree.links.new(self._background.outputs["Background"], self._output.inputs["Surface"])

    def set(self, state: WorldState) -> None:
        """Bring the world to a state."""
        color = self._background.inputs["Color"]
        for link in list(color.links):
            self._tree.links.remove(link)
        strength = state.strength
        self.warnings = ()
        if state.color is not None:
            color.default_value = (*state.color, 1.0)
        else:
            hdri = self._image(state)
            self._picture.image, self.warnings = hdri.image, hdri.warnings
            self._turn.inputs["Rotation"].default_value[2] = math.radians(state.rotation_deg)
            self._tree.links.new(self._picture.outputs["Color"], color)
            strength /= hdri.mean
        self._background.inputs["Strength"].default_value = strength

    def _image(self, state: WorldState) -> _Hdri:
        if state.file is not None:
            path = self._folder / state.file.path
        else:
            path = Path(bpy.utils.system_resource("DATAFILES")) / "studiolights" / "world"
            path /= f"{state.hdri}.exr"
        key = state.file.digest if state.file is not None else str(path)
        if key not in self._images:
            name = state.file.path if state.file is not None else str(state.hdri)
            self._images[key] = self._load(path, name)
            if len(self._images) > _KEEP:
                _, oldest = self._images.popitem(last=False)
                bpy.data.images.remove(oldest.image)
        self._images.move_to_end(key)
        return self._images[key]

    def _load(self, path: Path, name: str) -> _Hdri:
        image = bpy.data.images.load(str(path))
        if image.size[0] == 0:
            bpy.data.images.remove(image)
            raise UnavailableError(f"HDRI {name} cannot be read: it is damaged or not an image")
        repaired = repair_pixels(image)
        mean = mean_radiance(image)
        if mean <= 0:
            bpy.data.images.remove(image)
            raise UnavailableError(f"HDRI {name} gives no light: it is black all over")
        if not repaired:  # what was repaired is in memory alone
            image.buffers_free()
            return _Hdri(image, mean)
        what = f"HDRI {name} has pixels that are not numbers (infinite or NaN): they are mended"
        return _Hdri(image, mean, (what,))


def mean_radiance(image: bpy.types.Image) -> float:
    """Return an equirectangular HDRI's mean luminance over the sphere, rows by solid angle; its
    pixels are numbers.
    """
    width, height = image.size
    pixels = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(pixels)
    rows = pixels.reshape(height, width, 4)[..., :3].mean(axis=1, dtype=np.float64)
    luminance = rows @ LUMA
    weight = np.cos((np.arange(height) + 0.5) / height * np.pi - np.pi / 2)
    return float((luminance * weight).sum() / weight.sum())
