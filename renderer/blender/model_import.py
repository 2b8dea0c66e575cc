"""Import a model into the cache: its meshes in metres and Z up, its geometry, its facts."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix

from renderer.asset import (
    BLEND,
    FACTS,
    GEOMETRY,
    AssetCache,
    AssetError,
    AssetFacts,
    AssetSource,
)
from renderer.asset.guess import (
    HUGE_M,
    TINY_M,
    UNITLESS,
    Y_UP_FORMATS,
    axis_in_file,
    guess_unit,
    guess_up_axis,
)
from renderer.asset.keypoints import sidecar_of
from renderer.blender.bake import TO_MODEL, bake
from renderer.blender.deformed import deform_meshes
from renderer.blender.dependencies import dependencies, material_libraries, opened_files
from renderer.blender.formats import SUFFIXES, import_file
from renderer.blender.keypoints import doubtful_points, marked_points
from renderer.blender.materials import repair_textures, unify_materials
from renderer.blender.model_geometry import ModelGeometry, matrix_of, model_geometry
from renderer.blender.rendered_parts import rendered_parts
from renderer.recipe.keypoints import keypoints_of

# A mesh whose middle is so many times its size from the origin is moved there.
_FAR = 10.0
_METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001, "in": 0.0254, "ft": 0.3048}
# Rotations (degrees, about x then z) that bring the named axis of the file up, where the importer
# has put it: formats without axes of their own are taken as Y up (OBJ) or Z up (PLY, STL).
_TO_UP = {
    "x": Matrix.Rotation(np.radians(-90), 4, "Y"),
    "-x": Matrix.Rotation(np.radians(90), 4, "Y"),
    "y": Matrix.Rotation(np.radians(90), 4, "X"),
    "-y": Matrix.Rotation(np.radians(-90), 4, "X"),
    "z": Matrix.Identity(4),
    "-z": Matrix.Rotation(np.radians(180), 4, "X"),
}


def import_model(source: AssetSource, cache: AssetCache) -> AssetFacts:
    """Import a model into the cache.

    Resets Blender: call it in a process that renders nothing else.

    Raises:
        AssetError: the file is missing, damaged, empty, or not usable; names the file and why.

    """
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if source.path.stat().st_size == 0:
        raise AssetError(f"{source.path} is empty (0 bytes)")
    if source.path.suffix.lower() == ".obj":
        _check_obj_numbers(source.path)
    with opened_files() as opened:
        warnings = import_file(source.path.absolute())
    used = dependencies(source.path, opened)
    needed = source.dependencies([*used, sidecar_of(source.path.absolute())])
    key = source.key(needed)
    textures, more = repair_textures(source.path.parent)
    warnings += more
    warnings += unify_materials()
    to_model = _overrides(source)
    keypoints, more = keypoints_of(source, marked_points(to_model))
    warnings += more
    parts, more = rendered_parts()
    warnings += more
    meshes, more = bake(source.path, parts)
    warnings += more
    for mesh in meshes:
        _bring_to_model_frame(mesh, to_model)
    if source.deform is not None:
        deform_meshes(meshes, source.deform)
    model = model_geometry(source.path, meshes)
    warnings += model.warnings
    if keypoints is not None:
        warnings += doubtful_points(keypoints, model.geometry)
    facts = _facts(source, key, model, meshes, len(parts), textures, warnings, to_model)
    facts = facts.model_copy(update={"keypoints": keypoints})
    with cache.writing(key) as folder:
        model.geometry.save(folder / GEOMETRY)
        _write_blend(meshes, folder / BLEND)
        (folder / FACTS).write_text(facts.model_dump_json(indent=1), encoding="utf-8")
    cache.record_dependencies(source, needed)
    return facts


def _bring_to_model_frame(mesh: bpy.types.Mesh, to_model: Matrix) -> None:
    """Turn and scale a mesh to the model frame; one that keeps a place of its own by its place."""
    own = matrix_of(mesh)
    if np.array_equal(own, np.eye(4)):
        mesh.transform(to_model)
        _bring_to_origin(mesh)
    else:
        mesh[TO_MODEL] = (np.array(to_model, np.float64) @ own).ravel().tolist()


def _bring_to_origin(mesh: bpy.types.Mesh) -> None:
    """Move a mesh that is far from the origin there, and keep its place in its matrix: kilometres
    away float32 leaves the engine no detail.
    """
    points = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", points)
    points = points.reshape(-1, 3)
    low, high = points.min(0), points.max(0)
    middle = (low + high) / 2
    if not np.isfinite(middle).all() or np.abs(middle).max() <= _FAR * (high - low).max():
        return
    mesh.transform(Matrix.Translation(-middle))
    place = np.eye(4)
    place[:3, 3] = middle
    mesh[TO_MODEL] = place.ravel().tolist()


def _overrides(source: AssetSource) -> Matrix:
    """Return what takes the importer's coordinates to the model frame: unit and up axis."""
    matrix = Matrix.Identity(4)
    if source.up_axis is not None:
        if source.path.suffix.lower() in Y_UP_FORMATS:  # undo the importer's turn
            matrix = Matrix.Rotation(np.radians(-90), 4, "X")
        matrix = _TO_UP[source.up_axis] @ matrix
    if source.unit is not None:
        matrix = Matrix.Scale(_METRES[source.unit], 4) @ matrix
    return matrix


def _check_obj_numbers(path: Path) -> None:
    """Refuse an OBJ with corners that are not numbers: Blender 4.5 reads them as 0 without a word.

    Raises:
        AssetError: names the file and the line.

    """
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.startswith(b"v ") and (b"nan" in line.lower() or b"inf" in line.lower()):
                raise AssetError(f"{path}:{number}: a corner is not a number (NaN or infinite)")


def _facts(
    source: AssetSource,
    key: str,
    model: ModelGeometry,
    meshes: list[bpy.types.Mesh],
    parts: int,
    textures: list[str],
    warnings: list[str],
    to_model: Matrix,
) -> AssetFacts:
    geometry = model.geometry
    low, high = geometry.hull.min(0).astype(float), geometry.hull.max(0).astype(float)
    suffix = source.path.suffix.lower()
    longest = float((high - low).max())
    unit = "m" if source.unit is not None else guess_unit(longest, suffix in UNITLESS)
    # Only formats without axes of their own are doubted. A Z-up OBJ comes in with its Z at -Y.
    up_axis = guess_up_axis(geometry.hull, "-y") if suffix in UNITLESS else "z"
    warnings = [*warnings, *_doubts(source, meshes, low, high, unit, up_axis, textures)]
    return AssetFacts(
        key=key,
        file=source.path.name,
        format=suffix[1:],
        faces=sum(len(mesh.polygons) for mesh in meshes),
        parts=parts,
        materials=tuple(
            dict.fromkeys(material.name for mesh in meshes for material in mesh.materials)
        ),
        textures=tuple(textures),
        minimum=tuple(low),
        maximum=tuple(high),
        source_to_model=tuple(tuple(row) for row in to_model),
        guessed_up_axis=axis_in_file(up_axis, source),
        guessed_unit=source.unit or unit,
        warnings=tuple(dict.fromkeys(warnings)),
        ray_traceable=model.ray_traceable,
    )


def _doubts(
    source: AssetSource,
    meshes: list[bpy.types.Mesh],
    low: np.ndarray,
    high: np.ndarray,
    unit: str,
    up_axis: str,
    textures: list[str],
) -> list[str]:
    found = []
    longest = float((high - low).max())
    if longest < TINY_M or longest > HUGE_M:
        hint = f"the file may be in {unit}: " if unit != "m" else ""
        found.append(f"is {longest:.3g} m long ({hint}set unit or size_m on the object)")
    elif unit != "m":
        found.append(f"is {longest:.3g} m long, the file may be in {unit} (set unit or size_m)")
    away = float(np.abs((low + high) / 2).max())
    if away > 100 * longest:
        found.append(f"lies {away:.3g} m from its own origin, its fine detail is rounded")
    if up_axis != "z" and source.up_axis is None:
        turned = axis_in_file(up_axis, source)
        found.append(f"seems to lie on its side (if so, set up_axis: {turned})")
    if not textures:
        spare = [path.name for path in _images_beside(source.path)]
        if spare and not any(mesh.color_attributes for mesh in meshes):
            found.append(f"names no texture, though {', '.join(spare[:3])} lies beside it")
    if source.path.suffix.lower() == ".obj":
        found += _missing_libraries(source.path)
    return found


def _images_beside(path: Path) -> list[Path]:
    """Return the images beside a model that has its folder to itself and keeps textures apart."""
    if path.suffix.lower() in (".glb", ".usdz", ".blend"):
        return []
    beside = sorted(path.parent.iterdir())
    if sum(item.suffix.lower() in SUFFIXES for item in beside) > 1:
        return []
    return [item for item in beside if item.suffix.lower() in (".png", ".jpg", ".jpeg")]


def _missing_libraries(path: Path) -> list[str]:
    """Name the MTL files an OBJ asks for that are not there; the one of its own name stands in."""
    *named, own = material_libraries(path)
    missing = [library.name for library in named if not library.is_file()]
    if not named and not own.is_file() and _names_materials(path):
        return ["names materials, and no file of them: surfaces are plain"]
    if own.is_file():
        return [f"material file {name} is missing: {own.name} is used" for name in missing]
    return [f"material file {name} is missing: surfaces are plain" for name in missing]


def _names_materials(path: Path) -> bool:
    with path.open("rb") as file:
        return any(line.startswith(b"usemtl") for line in file)


def _write_blend(meshes: list[bpy.types.Mesh], path: Path) -> None:
    # Linked data would be written as a link to a file that may be elsewhere tomorrow.
    for kind in ("materials", "node_groups", "images", "textures"):
        for block in list(getattr(bpy.data, kind)):
            if block.library is not None:
                block.make_local()
    for image in bpy.data.images:
        if image.users and image.packed_file is None and image.source == "FILE":
            image.pack()
    bpy.data.libraries.write(str(path), set(meshes), fake_user=False, compress=False)
