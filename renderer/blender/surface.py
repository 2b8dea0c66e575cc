"""The materials of an import: missing textures named and never magenta, cutouts found."""

from __future__ import annotations

import os
from pathlib import Path

import bpy
import numpy as np

from renderer.asset import ALPHA_THRESHOLD, Cutout

_UNKNOWN_OPACITY = (
    "material {} has an opacity that is not one texture: its amodal mask takes it as solid"
)
_GREY = (0.6, 0.6, 0.6, 1.0)


def mend_textures(folder: Path) -> tuple[list[str], list[str]]:
    """Check every image the materials use, and take out those that cannot be read.

    A missing image would be rendered magenta; without its node the surface keeps its plain colour.

    Args:
        folder: the model's folder; images from elsewhere are named in a warning.

    Returns:
        (names of the textures that are used, warnings).

    """
    used: dict[str, None] = {}
    warnings: dict[str, None] = {}
    trees = [material.node_tree for material in bpy.data.materials if material.node_tree]
    for tree in [*trees, *bpy.data.node_groups]:
        for node in list(tree.nodes):
            if node.type != "TEX_IMAGE":
                continue
            image = node.image
            if image is None:
                tree.nodes.remove(node)
                continue
            name = Path(image.filepath.replace("\\", "/")).name or image.name
            outside = _outside(image, folder)
            if not _readable(image):
                warnings[
                    f"texture {name} is missing or damaged: its surface has a plain colour"
                ] = None
                tree.nodes.remove(node)
                continue
            used[name] = None
            if outside:
                warnings[f"texture {name} comes from outside the model's folder: {outside}"] = None
    return list(used), list(warnings)


def _readable(image: bpy.types.Image) -> bool:
    if image.source == "GENERATED":
        return True
    if image.source != "FILE":
        return False  # UDIM tiles, sequences and movies cannot be packed into the cache
    return image.size[0] > 0 and image.size[1] > 0 and len(image.pixels) > 0


def _outside(image: bpy.types.Image, folder: Path) -> str | None:
    """Return the path of an image that lies on disk outside a folder, or None."""
    if image.packed_file is not None or not image.filepath:
        return None
    path = Path(bpy.path.abspath(image.filepath)).resolve()
    inside = path.is_relative_to(folder.resolve())
    return None if inside else Path(os.path.relpath(path.parent, folder.resolve())).as_posix()


def paint_bare(mesh: bpy.types.Mesh) -> None:
    """Give a mesh without materials one: its vertex colours if it has any, else a neutral grey."""
    if any(material is not None for material in mesh.materials):
        return
    material = bpy.data.materials.new("surface")
    material.use_nodes = True
    shader = material.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = _GREY
    shader.inputs["Roughness"].default_value = 0.6
    if mesh.color_attributes:
        colour = material.node_tree.nodes.new("ShaderNodeVertexColor")
        colour.layer_name = mesh.color_attributes[0].name
        material.node_tree.links.new(colour.outputs["Color"], shader.inputs["Base Color"])
    mesh.materials.clear()
    mesh.materials.append(material)


def find_cutouts(mesh: bpy.types.Mesh) -> tuple[dict[int, Cutout], list[str]]:
    """Return the cutout of each material slot whose opacity comes from an image, and warnings."""
    cutouts: dict[int, Cutout] = {}
    warnings: list[str] = []
    for slot, material in enumerate(mesh.materials):
        if material is None or material.node_tree is None:
            continue
        shader = next((n for n in material.node_tree.nodes if n.type == "BSDF_PRINCIPLED"), None)
        if shader is None:
            continue
        if any(node.type == "BSDF_TRANSPARENT" for node in material.node_tree.nodes):
            warnings.append(_UNKNOWN_OPACITY.format(material.name))
            continue
        alpha = shader.inputs["Alpha"]
        if not alpha.is_linked:
            if alpha.default_value < ALPHA_THRESHOLD:
                warnings.append(
                    f"material {material.name} is invisible (opacity {alpha.default_value:g})"
                )
            continue
        cutout = _cutout(alpha)
        if cutout is None:
            warnings.append(_UNKNOWN_OPACITY.format(material.name))
        else:
            cutouts[slot] = cutout
    return cutouts, warnings


def _cutout(socket: bpy.types.NodeSocket) -> Cutout | None:
    """Follow an alpha socket back to one image, through a factor or glTF's cutoff.

    The glTF importer writes MASK mode as 1 - (alpha < cutoff) and a factor as a multiplication.
    """
    factor, cutoff = 1.0, None
    for _ in range(8):
        if not socket.is_linked:
            return None
        node = socket.links[0].from_node
        if node.type == "TEX_IMAGE" and node.image is not None:
            if node.extension != "REPEAT" or not _plain_uv(node):
                return None
            use_alpha = socket.links[0].from_socket.name == "Alpha"
            return Cutout(_opacity(node.image, use_alpha), factor, cutoff)
        if node.type != "MATH":
            return None
        linked = [item for item in node.inputs[:2] if item.is_linked]
        values = [item.default_value for item in node.inputs[:2] if not item.is_linked]
        if len(linked) != 1:
            return None
        if node.operation == "MULTIPLY":
            factor *= values[0]
        elif node.operation in ("LESS_THAN", "GREATER_THAN"):
            cutoff = values[0]
        elif node.operation == "ROUND":
            cutoff = 0.5
        elif node.operation != "SUBTRACT":
            return None
        socket = linked[0]
    return None


def _plain_uv(node: bpy.types.Node) -> bool:
    """Tell whether an image is looked up at the mesh's own texture coordinates."""
    vector = node.inputs["Vector"]
    return not vector.is_linked or vector.links[0].from_node.type == "UVMAP"


def _opacity(image: bpy.types.Image, use_alpha: bool) -> np.ndarray:
    width, height = image.size
    pixels = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(pixels)
    pixels = pixels.reshape(height, width, 4)
    values = pixels[..., 3] if use_alpha else pixels[..., 0]
    return np.round(np.clip(values, 0, 1) * 255).astype(np.uint8)
