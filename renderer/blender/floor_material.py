"""Materials for floors: procedural wood, concrete, marble, fabric and plain, and tiled images.

Each material has three named nodes that are set for each shot: ``tiles`` (how often the pattern
repeats), ``tint`` (a colour multiplied in, or for a plain floor the colour) and ``shader``.
"""

from __future__ import annotations

from collections.abc import Callable

import bpy

Tree = bpy.types.NodeTree
Rgba = tuple[float, float, float, float]


def _start(name: str, bump: float) -> tuple[bpy.types.Material, Tree]:
    """Return a material whose tint node feeds the shader and whose bump node waits for a height."""
    material = bpy.data.materials.new(f"floor.{name}")
    material.use_nodes = True
    tree = material.node_tree
    shader = tree.nodes["Principled BSDF"]
    shader.name = "shader"
    coordinates = tree.nodes.new("ShaderNodeTexCoord")
    tiles = tree.nodes.new("ShaderNodeMapping")
    tiles.name = "tiles"
    tint = tree.nodes.new("ShaderNodeMix")
    tint.name, tint.data_type, tint.blend_type = "tint", "RGBA", "MULTIPLY"
    # A color Mix node has sockets of several types under one name: 0 is the factor, 6 and 7 its
    # two colours, output 2 the mixed one.
    tint.inputs[0].default_value = 0.0
    bumps = tree.nodes.new("ShaderNodeBump")
    bumps.name = "bumps"
    bumps.inputs["Strength"].default_value = bump
    tree.links.new(coordinates.outputs["Object"], tiles.inputs["Vector"])
    tree.links.new(tint.outputs[2], shader.inputs["Base Color"])
    if bump:
        tree.links.new(bumps.outputs["Normal"], shader.inputs["Normal"])
    return material, tree


def _noise(
    tree: Tree, scale: float, detail: float, stretch: Rgba | None = None
) -> bpy.types.NodeSocket:
    noise = tree.nodes.new("ShaderNodeTexNoise")
    noise.inputs["Scale"].default_value = scale
    noise.inputs["Detail"].default_value = detail
    source = tree.nodes["tiles"].outputs["Vector"]
    if stretch is not None:
        mapping = tree.nodes.new("ShaderNodeMapping")
        mapping.inputs["Scale"].default_value = stretch[:3]
        tree.links.new(source, mapping.inputs["Vector"])
        source = mapping.outputs["Vector"]
    tree.links.new(source, noise.inputs["Vector"])
    return noise.outputs[0]


def _ramp(
    tree: Tree, value: bpy.types.NodeSocket, stops: list[tuple[float, Rgba]]
) -> bpy.types.NodeSocket:
    ramp = tree.nodes.new("ShaderNodeValToRGB")
    elements = ramp.color_ramp.elements
    while len(elements) < len(stops):
        elements.new(0.5)
    for element, (place, color) in zip(elements, stops, strict=True):
        element.position, element.color = place, color
    tree.links.new(value, ramp.inputs["Fac"])
    return ramp.outputs["Color"]


def _finish(tree: Tree, color: bpy.types.NodeSocket, height: bpy.types.NodeSocket | None) -> None:
    tree.links.new(color, tree.nodes["tint"].inputs[6])
    if height is not None:
        tree.links.new(height, tree.nodes["bumps"].inputs["Height"])


def _wood() -> bpy.types.Material:
    material, tree = _start("wood", 0.08)
    planks = tree.nodes.new("ShaderNodeTexBrick")
    planks.offset, planks.squash = 0.37, 1.0
    for key, value in (
        ("Scale", 1.0),
        ("Mortar Size", 0.006),
        ("Brick Width", 2.4),
        ("Row Height", 0.36),
    ):
        planks.inputs[key].default_value = value
    planks.inputs["Color1"].default_value = (0.62, 0.62, 0.62, 1)
    planks.inputs["Color2"].default_value = (1.0, 1.0, 1.0, 1)
    planks.inputs["Mortar"].default_value = (0.1, 0.1, 0.1, 1)
    tree.links.new(tree.nodes["tiles"].outputs["Vector"], planks.inputs["Vector"])
    grain = _noise(tree, 3.0, 8.0, (0.6, 9.0, 1.0, 1.0))
    color = _ramp(
        tree,
        grain,
        [
            (0.3, (0.17, 0.075, 0.03, 1)),
            (0.52, (0.33, 0.17, 0.075, 1)),
            (0.72, (0.46, 0.27, 0.13, 1)),
        ],
    )
    shade = tree.nodes.new("ShaderNodeMix")
    shade.data_type, shade.blend_type = "RGBA", "MULTIPLY"
    shade.inputs[0].default_value = 1.0
    tree.links.new(color, shade.inputs[6])
    tree.links.new(planks.outputs["Color"], shade.inputs[7])
    _finish(tree, shade.outputs[2], grain)
    return material


def _concrete() -> bpy.types.Material:
    material, tree = _start("concrete", 0.12)
    color = _ramp(
        tree,
        _noise(tree, 4.0, 15.0),
        [
            (0.25, (0.27, 0.265, 0.255, 1)),
            (0.5, (0.34, 0.335, 0.32, 1)),
            (0.75, (0.40, 0.395, 0.38, 1)),
        ],
    )
    _finish(tree, color, _noise(tree, 60.0, 8.0))
    return material


def _marble() -> bpy.types.Material:
    material, tree = _start("marble", 0.0)
    wave = tree.nodes.new("ShaderNodeTexWave")
    for key, value in (
        ("Scale", 0.8),
        ("Distortion", 14.0),
        ("Detail", 6.0),
        ("Detail Scale", 1.4),
    ):
        wave.inputs[key].default_value = value
    tree.links.new(tree.nodes["tiles"].outputs["Vector"], wave.inputs["Vector"])
    color = _ramp(
        tree,
        wave.outputs["Fac"],
        [(0.0, (0.34, 0.34, 0.36, 1)), (0.12, (0.66, 0.65, 0.64, 1)), (0.5, (0.76, 0.75, 0.73, 1))],
    )
    _finish(tree, color, None)
    return material


def _fabric() -> bpy.types.Material:
    material, tree = _start("fabric", 0.35)
    weave = tree.nodes.new("ShaderNodeTexWave")
    weave.inputs["Scale"].default_value = 26.0
    weave.inputs["Distortion"].default_value = 1.2
    tree.links.new(tree.nodes["tiles"].outputs["Vector"], weave.inputs["Vector"])
    color = _ramp(
        tree,
        _noise(tree, 40.0, 4.0),
        [(0.3, (0.36, 0.37, 0.40, 1)), (0.7, (0.52, 0.53, 0.56, 1))],
    )
    _finish(tree, color, weave.outputs["Fac"])
    return material


def _plain() -> bpy.types.Material:
    material, tree = _start("plain", 0.0)
    white = tree.nodes.new("ShaderNodeRGB")
    white.outputs[0].default_value = (0.8, 0.8, 0.8, 1)
    _finish(tree, white.outputs[0], None)
    return material


def image_material(image: bpy.types.Image) -> bpy.types.Material:
    """Return a material that repeats an image."""
    material, tree = _start("image", 0.0)
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image = image
    tree.links.new(tree.nodes["tiles"].outputs["Vector"], node.inputs["Vector"])
    _finish(tree, node.outputs["Color"], None)
    return material


MATERIALS: dict[str, Callable[[], bpy.types.Material]] = {
    "wood": _wood,
    "concrete": _concrete,
    "marble": _marble,
    "fabric": _fabric,
    "plain": _plain,
}
