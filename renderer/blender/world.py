"""The world: HDRIs of known mean radiance, one colour, or Blender's own sky."""

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
from renderer.shot.scene import FileRef, SkyState, Vector, WorldLayer, WorldState

# Side of the map Cycles samples the HDRI by. Its default rebuilds the map at full size whenever
# the world changes (0.69 s a frame); this size costs a few ms for about 10 % more noise.
_MAP_RESOLUTION = 512
_KEEP = 8
# The sky that knows the sun's elevation, and its key for dust; both have other names from 5.0 on.
_NEW = bpy.app.version >= (5, 0, 0)
_SKY, _DUST = ("MULTIPLE_SCATTERING", "aerosol_density") if _NEW else ("NISHITA", "dust_density")
# The horizon is as soft as that, as the sine of an angle.
_HORIZON = 0.01


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
        self._directions = tree.nodes.new("ShaderNodeTexCoord").outputs["Generated"]
        self._made: list[bpy.types.Node] = []
        tree.links.new(self._directions, self._turn.inputs["Vector"])
        tree.links.new(self._turn.outputs["Vector"], self._picture.inputs["Vector"])
        tree.links.new(self._background.outputs["Background"], self._output.inputs["Surface"])

    def set(self, state: WorldState) -> None:
        """Bring the world to a state."""
        color = self._background.inputs["Color"]
        for link in list(color.links):
            self._tree.links.remove(link)
        for node in self._made:
            self._tree.nodes.remove(node)
        self._made.clear()
        strength = state.strength
        self.warnings = ()
        if state.sky is not None:
            self._tree.links.new(self._tinted(self._sky(state.sky), state.tint), color)
        elif state.mix:
            self._tree.links.new(self._tinted(self._mixed(state.mix), state.tint), color)
        elif state.color is not None:
            color.default_value = (*_times(state.color, state.tint), 1.0)
        else:
            hdri = self._image(state.hdri, state.file)
            self._picture.image, self.warnings = hdri.image, hdri.warnings
            self._turn.inputs["Rotation"].default_value[2] = math.radians(state.rotation_deg)
            self._tree.links.new(self._tinted(self._picture.outputs["Color"], state.tint), color)
            strength /= hdri.mean
        self._background.inputs["Strength"].default_value = strength

    def _node(self, kind: str) -> bpy.types.Node:
        """Return a new node, which is there for one state."""
        node = self._tree.nodes.new(kind)
        self._made.append(node)
        return node

    def _tinted(self, color: bpy.types.NodeSocket, tint: Vector | None) -> bpy.types.NodeSocket:
        if tint is None:
            return color
        times = self._node("ShaderNodeVectorMath")
        times.operation = "MULTIPLY"
        times.inputs[1].default_value = tint
        self._tree.links.new(color, times.inputs[0])
        return times.outputs["Vector"]

    def _mixed(self, layers: tuple[WorldLayer, ...]) -> bpy.types.NodeSocket:
        """Return the sum of several HDRIs, each of mean radiance 1 times its factors."""
        total = None
        for layer in layers:
            hdri = self._image(layer.hdri, layer.file)
            self.warnings += tuple(each for each in hdri.warnings if each not in self.warnings)
            picture, turn = self._node("ShaderNodeTexEnvironment"), self._node("ShaderNodeMapping")
            picture.image = hdri.image
            turn.inputs["Rotation"].default_value[2] = math.radians(layer.rotation_deg)
            self._tree.links.new(self._directions, turn.inputs["Vector"])
            self._tree.links.new(turn.outputs["Vector"], picture.inputs["Vector"])
            add = self._node("ShaderNodeVectorMath")
            add.operation = "MULTIPLY_ADD"
            add.inputs[1].default_value = [each / hdri.mean for each in layer.color]
            self._tree.links.new(picture.outputs["Color"], add.inputs[0])
            if total is not None:
                self._tree.links.new(total, add.inputs[2])
            total = add.outputs["Vector"]
        assert total is not None
        return total

    def _sky(self, state: SkyState) -> bpy.types.NodeSocket:
        """Return the sky without the sun's disc, which is a lamp: sampled as part of the world it
        would be noise. Below the horizon there is the ground.
        """
        sky = self._node("ShaderNodeTexSky")
        sky.sky_type = _SKY
        sky.sun_disc = False
        sky.sun_elevation = math.radians(state.sun_elevation_deg)
        # Blender counts from the world's y axis clockwise, we from its opposite anticlockwise.
        sky.sun_rotation = math.radians((180.0 - state.sun_azimuth_deg) % 360.0)
        setattr(sky, _DUST, state.haze)
        parts, above = self._node("ShaderNodeSeparateXYZ"), self._node("ShaderNodeMapRange")
        above.inputs["From Min"].default_value = -_HORIZON
        above.inputs["From Max"].default_value = _HORIZON
        self._tree.links.new(self._directions, parts.inputs["Vector"])
        self._tree.links.new(parts.outputs["Z"], above.inputs["Value"])
        mix = self._node("ShaderNodeMix")
        mix.data_type = "RGBA"
        # Sockets of a color Mix node share names across types: 0 is its factor, 6 and 7 its two
        # colours, output 2 the mixed one.
        mix.inputs[6].default_value = (*state.ground, 1.0)
        self._tree.links.new(above.outputs["Result"], mix.inputs[0])
        self._tree.links.new(sky.outputs["Color"], mix.inputs[7])
        return mix.outputs[2]

    def _image(self, hdri: str | None, file: FileRef | None) -> _Hdri:
        if file is not None:
            path = self._folder / file.path
        else:
            path = Path(bpy.utils.system_resource("DATAFILES")) / "studiolights" / "world"
            path /= f"{hdri}.exr"
        key = file.digest if file is not None else str(path)
        if key not in self._images:
            name = file.path if file is not None else str(hdri)
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


def _times(color: Vector, factors: Vector | None) -> Vector:
    if factors is None:
        return color
    return color[0] * factors[0], color[1] * factors[1], color[2] * factors[2]
