"""The materials of an import: missing textures named and never magenta, missing materials added."""

from __future__ import annotations

import os
from pathlib import Path

import bpy
import numpy as np

# No light is so strong, and sums of such numbers leave float32.
_LARGEST = 1e12
_GREY = (0.6, 0.6, 0.6, 1.0)


def repair_textures(folder: Path) -> tuple[list[str], list[str]]:
    """Check every image the materials use, and take out those that cannot be read.

    A missing image would be rendered magenta; without its node the surface keeps its plain colour.

    Args:
        folder: the model's folder; images from elsewhere are named in a warning.

    Returns:
        (names of the textures that are used, warnings).

    """
    used: dict[str, None] = {}
    warnings: dict[str, None] = {}
    trees = [(each.name, each.node_tree) for each in bpy.data.materials if each.node_tree]
    for owner, tree in [*trees, *((group.name, group) for group in bpy.data.node_groups)]:
        for node in list(tree.nodes):
            if node.type != "TEX_IMAGE":
                continue
            image = node.image
            if image is None:
                if any(socket.is_linked for socket in node.outputs):
                    warnings[f"{owner} has a texture without an image: it has a plain colour"] = (
                        None
                    )
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
            if repair_pixels(image):
                warnings[f"texture {name} has pixels that are not numbers: they are mended"] = None
            if outside:
                warnings[f"texture {name} comes from outside the model's folder: {outside}"] = None
    return list(used), list(warnings)


def unify_materials() -> list[str]:
    """Make materials look alike in every engine, and return warnings of what cannot be shown.

    EEVEE would leave out the backs of faces, which labels have; displacement would move faces away
    from where labels know them.
    """
    warnings = []
    for material in bpy.data.materials:
        material.use_backface_culling = False
        tree = material.node_tree
        output = tree and tree.get_output_node("CYCLES")
        if not output:
            continue
        if output.inputs["Displacement"].is_linked and material.displacement_method != "BUMP":
            material.displacement_method = "BUMP"
            warnings.append(f"{material.name} has displacement, which is shown as bumps only")
        if output.inputs["Volume"].is_linked and not output.inputs["Surface"].is_linked:
            warnings.append(f"{material.name} is a volume without a surface: it has no mask")
    return warnings


def repair_pixels(image: bpy.types.Image) -> int:
    """Make every pixel of a float image a number, and return how many were none.

    One infinite pixel (a sun beyond what half floats hold) or NaN blackens all it lights: infinity
    becomes the largest number that the image has, NaN becomes black.
    """
    if not image.is_float:
        return 0
    pixels = np.empty(len(image.pixels), np.float32)
    image.pixels.foreach_get(pixels)
    wrong = ~(np.abs(pixels) < _LARGEST)  # NaN is not less than anything
    if not wrong.any():
        return 0
    finite = pixels[~wrong]
    largest = float(finite.max()) if len(finite) else 0.0
    pixels[wrong] = np.where(pixels[wrong] > 0, largest, 0.0)
    image.pixels.foreach_set(pixels)
    image.pack()
    return int(wrong.reshape(-1, image.channels).any(axis=1).sum())


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


def add_missing_materials(mesh: bpy.types.Mesh) -> None:
    """Give a mesh's slots without a material one: its vertex colours if it has any, else a neutral
    grey. Before it is joined to others, whose materials it would take.
    """
    if all(mesh.materials) and len(mesh.materials):
        return
    material = bpy.data.materials.new("surface")
    material.use_nodes = True
    shader = material.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = _GREY
    shader.inputs["Roughness"].default_value = 0.6
    if mesh.color_attributes:
        color = material.node_tree.nodes.new("ShaderNodeVertexColor")
        color.layer_name = mesh.color_attributes[0].name
        material.node_tree.links.new(color.outputs["Color"], shader.inputs["Base Color"])
    if not len(mesh.materials):
        mesh.materials.append(material)
    for slot, present in enumerate(mesh.materials):
        if present is None:
            mesh.materials[slot] = material
