"""How opaque each material of a model is, as far as rays can follow it exactly.

Rays look one texture up and apply a chain of sums to it. Whatever else decides a surface's opacity
(mixed shaders, node groups, procedural textures, vertex colours, …) is not guessed at: such a model
is rendered by itself for its amodal mask.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import bpy
import numpy as np

from renderer.asset import ALPHA_THRESHOLD, Cutout
from renderer.asset.geometry import Step
from renderer.colour.luma import LUMA

# Shaders that let no camera ray through: refraction bends light, but the surface is met all the
# same (Cycles counts transparent closures alone, pass_alpha_threshold).
_SOLID_SHADERS = {
    *("BSDF_DIFFUSE", "BSDF_GLOSSY", "BSDF_GLASS", "BSDF_REFRACTION", "BSDF_TRANSLUCENT"),
    *("BSDF_TOON", "BSDF_SHEEN", "BSDF_METALLIC", "SUBSURFACE_SCATTERING", "EMISSION"),
}


class Opacity(Enum):
    """What rays may take a material for, where it is no ``Cutout``."""

    SOLID = "solid"
    INVISIBLE = "invisible"
    ENGINE = "engine"


@dataclass(frozen=True)
class TextureLookup:
    """A cutout, and the UV layer (by name; empty for the rendered one) it is looked up by."""

    cutout: Cutout
    uv_layer: str


def opacity_of(
    material: bpy.types.Material | None, mesh: bpy.types.Mesh
) -> Opacity | TextureLookup:
    """Return how opaque a material is on a mesh, and never a guess."""
    if material is None or not material.use_nodes or material.node_tree is None:
        return Opacity.SOLID
    output = material.node_tree.get_output_node("CYCLES")
    if output is None or not output.inputs["Surface"].is_linked:
        return Opacity.ENGINE
    return _shader(_source(output.inputs["Surface"]), mesh)


def _source(socket: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
    """Return the output that feeds a linked input, past reroutes."""
    link = socket.links[0]
    while link.from_node.type == "REROUTE" and link.from_node.inputs[0].is_linked:
        link = link.from_node.inputs[0].links[0]
    return link.from_socket


def _shader(output: bpy.types.NodeSocket, mesh: bpy.types.Mesh) -> Opacity | TextureLookup:
    node = output.node
    if node.mute:
        return Opacity.ENGINE
    if node.type in _SOLID_SHADERS:
        return Opacity.SOLID
    if node.type == "BSDF_PRINCIPLED":
        return _alpha(node.inputs["Alpha"], mesh)
    if node.type in ("MIX_SHADER", "ADD_SHADER"):
        shaders = [socket for socket in node.inputs if socket.type == "SHADER"]
        if all(
            socket.is_linked and _shader(_source(socket), mesh) is Opacity.SOLID
            for socket in shaders
        ):
            return Opacity.SOLID
    return Opacity.ENGINE


def _alpha(socket: bpy.types.NodeSocket, mesh: bpy.types.Mesh) -> Opacity | TextureLookup:
    if not socket.is_linked:
        seen = min(socket.default_value, 1.0) >= ALPHA_THRESHOLD
        return Opacity.SOLID if seen else Opacity.INVISIBLE
    steps: list[Step] = []
    for _ in range(16):
        output = _source(socket)
        node = output.node
        if node.mute:
            return Opacity.ENGINE
        if node.type == "TEX_IMAGE":
            return _lookup(node, output.name, mesh, tuple(reversed(steps))) or Opacity.ENGINE
        found = _step(node) if node.type == "MATH" else None
        if found is None:
            return Opacity.ENGINE
        step, socket = found
        steps.append(step)
        if not socket.is_linked:
            return Opacity.ENGINE
    return Opacity.ENGINE


def _step(node: bpy.types.Node) -> tuple[Step, bpy.types.NodeSocket] | None:
    """Return what a Math node does to its one linked input, or None where rays cannot follow."""
    if node.operation == "ROUND":
        return Step("ROUND", 0.0, False, node.use_clamp), node.inputs[0]
    if node.operation not in ("MULTIPLY", "ADD", "SUBTRACT", "LESS_THAN", "GREATER_THAN"):
        return None
    first, second = node.inputs[0], node.inputs[1]
    if first.is_linked == second.is_linked:
        return None
    linked, constant = (first, second) if first.is_linked else (second, first)
    step = Step(node.operation, constant.default_value, constant is first, node.use_clamp)
    return step, linked


def _lookup(
    node: bpy.types.Node, output: str, mesh: bpy.types.Mesh, steps: tuple[Step, ...]
) -> TextureLookup | None:
    image = node.image
    layer = _uv_layer(node, mesh)
    if image is None or layer is None or image.source not in ("FILE", "GENERATED"):
        return None
    if node.extension != "REPEAT" or node.projection != "FLAT" or image.is_float:
        return None
    if node.interpolation not in ("Linear", "Closest"):
        return None
    if output == "Alpha":
        # PREMUL and NONE change what Cycles reads as alpha.
        if image.alpha_mode not in ("STRAIGHT", "CHANNEL_PACKED"):
            return None
        texels = _pixels(image)[..., 3]
    else:
        # Of colour data Cycles converts the texels first, which only plain numbers survive exactly.
        if image.colorspace_settings.name != "Non-Color":
            return None
        texels = _pixels(image)
        if (texels[..., 3] < 1).any():
            return None
        texels = texels[..., :3] @ LUMA
    levels = np.round(np.clip(texels, 0, 1) * 255).astype(np.uint8)
    return TextureLookup(Cutout(levels, steps, node.interpolation == "Closest"), layer)


def _uv_layer(node: bpy.types.Node, mesh: bpy.types.Mesh) -> str | None:
    """Return which UV layer an image is looked up by, or None for other coordinates."""
    rendered = next((layer.name for layer in mesh.uv_layers if layer.active_render), None)
    vector = node.inputs["Vector"]
    if not vector.is_linked:
        return rendered
    source = _source(vector).node
    if source.type != "UVMAP" or source.mute or source.from_instancer:
        return None
    name = source.uv_map or rendered
    return name if name in mesh.uv_layers else None


def _pixels(image: bpy.types.Image) -> np.ndarray:
    width, height = image.size
    flat = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(flat)
    return flat.reshape(height, width, 4)
