"""What Blender would render of the open file: its own render dependency graph is asked.

Which view layers, collections, objects, modifiers and instances count is a question with dozens
of flags (hide_render, exclude, render levels, instancers, particles). Blender answers it itself
when it hands the graph to a render engine, so the file is "rendered" by an engine that only looks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import bpy
from mathutils import Matrix

_SURFACES = ("MESH", "CURVE", "SURFACE", "FONT", "META")
# What has a look but no faces, and so can have no mask.
_FACELESS = {
    "CURVES": "hair curves",
    "POINTCLOUD": "a point cloud",
    "VOLUME": "a volume",
    "GREASEPENCIL": "grease pencil strokes",
    "GPENCIL": "grease pencil strokes",
}


@dataclass(frozen=True)
class Part:
    """One object or instance as it is rendered: a mesh of its own, and its place in the world."""

    mesh: bpy.types.Mesh
    matrix: Matrix


@dataclass
class _Findings:
    parts: list[Part] = field(default_factory=list)
    warnings: dict[str, None] = field(default_factory=dict)
    seen: set[object] = field(default_factory=set)
    error: Exception | None = None


def rendered_parts() -> tuple[list[Part], list[str]]:
    """Return every part with faces that a render of the active scene shows, and warnings of what
    is shown but cannot be taken along.

    Several view layers that render are taken together, each object once.
    """
    findings = _Findings()
    engine = _inspecting_engine(findings)
    bpy.utils.register_class(engine)
    try:
        _render_with(engine.bl_idname)
    finally:
        # A Python engine that is still registered keeps the process from ending (bpy 4.5).
        bpy.utils.unregister_class(engine)
    if findings.error is not None:
        raise findings.error
    return findings.parts, list(findings.warnings)


def _inspecting_engine(findings: _Findings) -> type[bpy.types.RenderEngine]:
    class InspectingEngine(bpy.types.RenderEngine):
        bl_idname = "ORBITSET_INSPECT"
        bl_label = "orbitset"

        def render(self, depsgraph: bpy.types.Depsgraph) -> None:
            try:
                _inspect(depsgraph, findings)
            except Exception as error:  # Blender would print it and go on
                findings.error = error

    return InspectingEngine


def _render_with(engine: str) -> None:
    scene = bpy.context.scene
    render = scene.render
    if scene.camera is None:  # no render without one
        camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
        scene.collection.objects.link(camera)
        scene.camera = camera
    render.engine = engine
    render.resolution_x = render.resolution_y = 8
    render.resolution_percentage = 100
    render.use_compositing = render.use_sequencer = render.use_multiview = False
    render.use_motion_blur = render.use_border = False
    bpy.ops.render.render()


def _inspect(depsgraph: bpy.types.Depsgraph, findings: _Findings) -> None:
    layer = depsgraph.view_layer
    for instance in depsgraph.object_instances:
        item = instance.object
        name = item.original.name
        _warn_of_hair(item, name, findings)
        if not instance.show_self:
            continue
        if item.type in _FACELESS:
            findings.warnings[f"{name} is {_FACELESS[item.type]}, which is left out"] = None
        if item.type not in _SURFACES:
            continue
        holder = instance.parent if instance.is_instance else item
        hidden = _why_left_out(item, holder, layer)
        if hidden:
            findings.warnings[f"{name} {hidden} in its file: it is left out"] = None
            continue
        key = (item.original, holder.original, tuple(instance.persistent_id))
        if key in findings.seen:
            continue
        findings.seen.add(key)
        mesh = bpy.data.meshes.new_from_object(
            item, preserve_all_data_layers=True, depsgraph=depsgraph
        )
        if len(mesh.polygons) == 0:
            bpy.data.meshes.remove(mesh)
            continue
        _take_materials(mesh, item, layer)
        findings.parts.append(Part(mesh, instance.matrix_world.copy()))


def _take_materials(
    mesh: bpy.types.Mesh, item: bpy.types.Object, layer: bpy.types.ViewLayer
) -> None:
    """Give a mesh the materials that its object has in place of the mesh's own, and those that the
    view layer has in place of all.
    """
    for at, slot in enumerate(item.material_slots):
        if slot.link == "OBJECT" and at < len(mesh.materials):
            mesh.materials[at] = slot.material.original if slot.material else None
    if layer.material_override is not None:
        mesh.materials.clear()
        mesh.materials.append(layer.material_override)


def _why_left_out(
    item: bpy.types.Object, holder: bpy.types.Object, layer: bpy.types.ViewLayer
) -> str | None:
    """Return why the camera does not see an object as it is, to follow its name, or None."""
    if not item.visible_camera or holder.original.indirect_only_get(view_layer=layer):
        return "is not visible to the camera"
    if item.is_holdout or holder.original.holdout_get(view_layer=layer):
        return "is a holdout"
    if item.is_shadow_catcher:
        return "is a shadow catcher"
    return None


def _warn_of_hair(item: bpy.types.Object, name: str, findings: _Findings) -> None:
    for system in item.particle_systems:
        if system.settings.type == "HAIR" and system.settings.render_type == "PATH":
            findings.warnings[f"{name} has particle hair, which is left out"] = None
