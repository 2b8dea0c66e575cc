"""Make the .blend files of the cases: ``python make_blends.py FOLDER`` (a process of its own)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import bpy


def cube(
    name: str, place: tuple[float, float, float] = (0, 0, 0.5), side: float = 1.0
) -> bpy.types.Object:
    """A cube in the scene's own collection."""
    bpy.ops.mesh.primitive_cube_add(size=side, location=place)
    item = bpy.context.object
    item.name = item.data.name = name
    return item


def in_collection(item: bpy.types.Object, name: str) -> bpy.types.Collection:
    """Move an object into a new collection of the scene."""
    group = bpy.data.collections.new(name)
    bpy.context.scene.collection.children.link(group)
    for other in list(item.users_collection):
        other.objects.unlink(item)
    group.objects.link(item)
    return group


def coll_instance() -> None:
    """A collection that is not in the scene, instanced at x = 10 and 12."""
    item = cube("leaf")
    group = in_collection(item, "parts")
    bpy.context.scene.collection.children.unlink(group)
    for x in (10, 12):
        empty = bpy.data.objects.new("place", None)
        empty.instance_type, empty.instance_collection = "COLLECTION", group
        empty.location.x = x
        bpy.context.scene.collection.objects.link(empty)


def hidden_coll() -> None:
    """A 6 m rig widget in a collection that renders do not show."""
    cube("body")
    in_collection(cube("widget", side=6), "widgets").hide_render = True


def excluded() -> None:
    """The same, in a collection that the view layer leaves out."""
    cube("body")
    in_collection(cube("widget", side=6), "widgets")
    bpy.context.view_layer.layer_collection.children["widgets"].exclude = True


def hidden_instancer() -> None:
    """An instancer that renders do not show, and so none of what it instances."""
    cube("body")
    group = in_collection(cube("leaf", (5, 0, 0.5)), "parts")
    bpy.context.scene.collection.children.unlink(group)
    empty = bpy.data.objects.new("place", None)
    empty.instance_type, empty.instance_collection, empty.hide_render = "COLLECTION", group, True
    bpy.context.scene.collection.objects.link(empty)


def viewport_hidden() -> None:
    """A body that only the viewport hides."""
    cube("body").hide_viewport = True


def layer_off() -> None:
    """A second view layer that is not rendered, and alone has a 6 m widget."""
    cube("body")
    in_collection(cube("widget", side=6), "widgets")
    scene = bpy.context.scene
    other = scene.view_layers.new("other")
    scene.view_layers[0].layer_collection.children["widgets"].exclude = True
    other.use = False


def two_scenes() -> None:
    """An old version in a scene that is not the active one."""
    cube("body")
    scene = bpy.context.scene
    old = cube("old", (5, 0, 0.5))
    scene.collection.objects.unlink(old)
    bpy.data.scenes.new("a first scene").collection.objects.link(old)


def subsurf_render() -> None:
    """A cube that is subdivided in renders only: 0.84 m across then."""
    modifier = cube("body").modifiers.new("smooth", "SUBSURF")
    modifier.levels, modifier.render_levels = 0, 3


def modifier_off() -> None:
    """A modifier that renders leave out."""
    modifier = cube("body").modifiers.new("row", "ARRAY")
    modifier.count, modifier.show_render = 4, False


def camera_invisible() -> None:
    """A shadow caster that the camera does not see."""
    cube("body")
    cube("blocker", side=6).visible_camera = False


def multi_uv() -> None:
    """Two parts whose UV layers have other names, each with a texture: yellow left, blue right."""
    for number, names in enumerate((("UVChannel_1", "UVChannel_2"), ("map1", "lightmap"))):
        item = cube(f"p{number}", (1.4 * number, 0, 0.5))
        item.data.uv_layers[0].name = names[0]
        for corner in item.data.uv_layers[0].data:
            corner.uv = (0.25, 0.5)
        second = item.data.uv_layers.new(name=names[1])
        for corner in second.data:
            corner.uv = (0.75, 0.5)
        item.data.uv_layers.active_index = 0
        item.data.uv_layers[0].active_render = True
        image = bpy.data.images.new(f"i{number}", 64, 64)
        left, right = (0.9, 0.9, 0, 1), (0, 0, 0.9, 1)
        image.pixels = ([*left] * 32 + [*right] * 32) * 64
        image.pack()
        material = bpy.data.materials.new(f"m{number}")
        material.use_nodes = True
        texture = material.node_tree.nodes.new("ShaderNodeTexImage")
        texture.image = image
        shader = material.node_tree.nodes["Principled BSDF"]
        material.node_tree.links.new(texture.outputs["Color"], shader.inputs["Base Color"])
        item.data.materials.append(material)


def _paint(name: str, color: tuple[float, float, float, float]) -> bpy.types.Material:
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    material.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = color
    return material


def object_materials() -> None:
    """Two objects of one mesh, each with a material of its own: red left, green right."""
    first = cube("first")
    first.data.materials.append(None)
    second = bpy.data.objects.new("second", first.data)
    second.location = (1.4, 0, 0.5)
    bpy.context.scene.collection.objects.link(second)
    for item, color in ((first, (0.8, 0, 0, 1)), (second, (0, 0.8, 0, 1))):
        item.material_slots[0].link = "OBJECT"
        item.material_slots[0].material = _paint(item.name, color)


def own_patterns() -> None:
    """Two cubes whose checkers follow each by itself: 2 x 2 x 2 fields, also on the larger one."""
    material = _paint("checkers", (1, 1, 1, 1))
    tree = material.node_tree
    checker = tree.nodes.new("ShaderNodeTexChecker")
    checker.inputs["Scale"].default_value = 2
    checker.inputs["Color1"].default_value = (0.8, 0, 0, 1)
    checker.inputs["Color2"].default_value = (0, 0.8, 0, 1)
    tree.links.new(checker.outputs["Color"], tree.nodes["Principled BSDF"].inputs["Base Color"])
    for number, x in enumerate((0, 1.4)):
        cube(f"p{number}", (x, 0, 0.5)).data.materials.append(material)


def _glass(fill: Callable[[bpy.types.NodeTree], None], name: str) -> None:
    """An upright sheet of 1 x 1 m, of which the left half is see-through."""
    bpy.ops.mesh.primitive_plane_add(size=1, rotation=(1.5707963, 0, 0), location=(0, 0, 0.5))
    item = bpy.context.object
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    fill(material.node_tree)
    item.data.materials.append(material)


def _right_half(tree: bpy.types.NodeTree) -> bpy.types.NodeSocket:
    """1 where x of the texture coordinates is above a half, by nodes that rays cannot follow."""
    coordinates = tree.nodes.new("ShaderNodeTexCoord")
    parts = tree.nodes.new("ShaderNodeSeparateXYZ")
    above = tree.nodes.new("ShaderNodeMath")
    above.operation = "GREATER_THAN"
    above.inputs[1].default_value = 0.5
    tree.links.new(coordinates.outputs["UV"], parts.inputs[0])
    tree.links.new(parts.outputs[0], above.inputs[0])
    return above.outputs[0]


def mix_shader() -> None:
    """Opacity by a mix with a transparent shader."""

    def fill(tree: bpy.types.NodeTree) -> None:
        mix, clear = (
            tree.nodes.new("ShaderNodeMixShader"),
            tree.nodes.new("ShaderNodeBsdfTransparent"),
        )
        tree.links.new(_right_half(tree), mix.inputs[0])
        tree.links.new(clear.outputs[0], mix.inputs[1])
        tree.links.new(tree.nodes["Principled BSDF"].outputs[0], mix.inputs[2])
        tree.links.new(mix.outputs[0], tree.nodes["Material Output"].inputs[0])

    _glass(fill, "mix")


def node_group() -> None:
    """Alpha from inside a node group."""

    def fill(tree: bpy.types.NodeTree) -> None:
        inner = bpy.data.node_groups.new("halves", "ShaderNodeTree")
        inner.interface.new_socket("Alpha", in_out="OUTPUT", socket_type="NodeSocketFloat")
        end = inner.nodes.new("NodeGroupOutput")
        inner.links.new(_right_half(inner), end.inputs[0])
        group = tree.nodes.new("ShaderNodeGroup")
        group.node_tree = inner
        tree.links.new(group.outputs[0], tree.nodes["Principled BSDF"].inputs["Alpha"])

    _glass(fill, "group")


def less_than() -> None:
    """A cutoff the other way round, which looks much like glTF's."""

    def fill(tree: bpy.types.NodeTree) -> None:
        texture = tree.nodes.new("ShaderNodeTexImage")
        image = texture.image = bpy.data.images.new("alpha", 64, 64, alpha=True)
        image.pixels = ([1, 1, 1, 1] * 32 + [1, 1, 1, 0] * 32) * 64
        image.pack()
        below = tree.nodes.new("ShaderNodeMath")
        below.operation = "LESS_THAN"
        below.inputs[1].default_value = 0.5
        tree.links.new(texture.outputs["Alpha"], below.inputs[0])
        tree.links.new(below.outputs[0], tree.nodes["Principled BSDF"].inputs["Alpha"])

    _glass(fill, "less")


CASES = (
    coll_instance,
    hidden_coll,
    excluded,
    hidden_instancer,
    viewport_hidden,
    layer_off,
    two_scenes,
    subsurf_render,
    modifier_off,
    camera_invisible,
    multi_uv,
    object_materials,
    own_patterns,
    mix_shader,
    node_group,
    less_than,
)


def main(folder: Path) -> None:
    """Write a file a case, and one that links its parts from another."""
    for make in CASES:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        make()
        bpy.ops.wm.save_as_mainfile(filepath=str(folder / f"{make.__name__}.blend"))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    cube("body")
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "parts.blend"))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    with bpy.data.libraries.load(str(folder / "parts.blend"), link=True, relative=True) as (
        _,
        wanted,
    ):
        wanted.objects = ["body"]
    bpy.context.scene.collection.objects.link(wanted.objects[0])
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "linked.blend"))
    bpy.ops.file.make_paths_relative()
    bpy.ops.wm.save_mainfile()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
