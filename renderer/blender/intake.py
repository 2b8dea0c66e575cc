"""Import a model into the cache: one mesh object in metres and Z up, its geometry, its facts."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix
from scipy.spatial import ConvexHull, QhullError

from renderer.asset import (
    BLEND,
    FACTS,
    GEOMETRY,
    AssetCache,
    AssetError,
    AssetFacts,
    AssetSource,
    Geometry,
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
from renderer.blender.bake import bake
from renderer.blender.formats import SUFFIXES, import_file
from renderer.blender.surface import find_cutouts, mend_textures, paint_bare

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
_SMALLEST_M, _LARGEST_M = 1e-5, 1e5


def take_in(source: AssetSource, key: str, cache: AssetCache) -> AssetFacts:
    """Import a model into the cache under its key.

    Resets Blender: call it in a process that renders nothing else.

    Raises:
        AssetError: the file is missing, damaged, empty, or not usable; names the file and why.

    """
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if source.path.stat().st_size == 0:
        raise AssetError(f"{source.path} is empty (0 bytes)")
    if source.path.suffix.lower() == ".obj":
        _check_obj_numbers(source.path)
    import_file(source.path)
    textures, warnings = mend_textures(source.path.parent)
    joined, parts = bake(source.path)
    mesh = joined.data
    to_model = _overrides(source)
    mesh.transform(to_model)
    paint_bare(mesh)
    cutouts, more = find_cutouts(mesh)
    warnings += more
    geometry = _geometry(source.path, mesh, cutouts)
    facts = _facts(source, key, geometry, mesh, parts, textures, warnings, to_model)
    with cache.writing(key) as folder:
        geometry.save(folder / GEOMETRY)
        _write_blend(joined, folder / BLEND)
        (folder / FACTS).write_text(facts.model_dump_json(indent=1), encoding="utf-8")
    return facts


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


def _geometry(path: Path, mesh: bpy.types.Mesh, cutouts: dict) -> Geometry:
    mesh.calc_loop_triangles()
    vertices = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", vertices)
    vertices = vertices.reshape(-1, 3)
    triangles = np.empty(len(mesh.loop_triangles) * 3, np.int32)
    mesh.loop_triangles.foreach_get("vertices", triangles)
    triangles = triangles.reshape(-1, 3)
    used = vertices[np.unique(triangles)]
    _check_numbers(path, used)
    hull, hull_faces = _hull(used)
    if not cutouts:
        return Geometry(vertices, triangles, hull, hull_faces)
    slots = np.empty(len(triangles), np.int32)
    mesh.loop_triangles.foreach_get("material_index", slots)
    order = {slot: at for at, slot in enumerate(cutouts)}
    which = np.array([order.get(int(slot), -1) for slot in slots], np.int32)
    loops = np.empty(len(triangles) * 3, np.int32)
    mesh.loop_triangles.foreach_get("loops", loops)
    uv = np.zeros((len(mesh.loops), 2), np.float32)
    rendered = next((layer for layer in mesh.uv_layers if layer.active_render), None)
    if rendered is not None:
        flat = np.empty(len(mesh.loops) * 2, np.float32)
        rendered.uv.foreach_get("vector", flat)
        uv = flat.reshape(-1, 2)
    return Geometry(
        vertices,
        triangles,
        hull,
        hull_faces,
        tuple(cutouts.values()),
        which,
        np.ascontiguousarray(uv[loops].reshape(-1, 3, 2)),
    )


def _check_obj_numbers(path: Path) -> None:
    """Refuse an OBJ with corners that are not numbers: Blender 4.5 reads them as 0 without a word.

    Raises:
        AssetError: names the file and the line.

    """
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.startswith(b"v ") and (b"nan" in line.lower() or b"inf" in line.lower()):
                raise AssetError(f"{path}:{number}: a corner is not a number (NaN or infinite)")


def _check_numbers(path: Path, used: np.ndarray) -> None:
    broken = int((~np.isfinite(used).all(axis=1)).sum())
    if broken:
        raise AssetError(f"{path} has {broken} corners that are not numbers (NaN or infinite)")
    size = used.astype(np.float64).max(0) - used.astype(np.float64).min(0)
    longest = float(size.max())
    if longest == 0 or np.sort(size)[1] <= 1e-6 * longest:
        raise AssetError(f"{path} has no area: all its faces collapse to a line or a point")
    if not _SMALLEST_M <= longest <= _LARGEST_M:
        raise AssetError(
            f"{path} is {longest:.3g} m long, which is no size of a thing: set unit on the object"
        )


def _hull(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the convex hull's corners and outward faces; of a flat model all its points."""
    points64 = points.astype(np.float64)
    try:
        hull = ConvexHull(points64)
    except QhullError:
        return np.unique(points, axis=0), np.empty((0, 3), np.int32)
    corners = hull.vertices
    place = np.full(len(points), -1)
    place[corners] = np.arange(len(corners))
    faces = place[hull.simplices]
    a, b, c = np.moveaxis(points64[hull.simplices], 1, 0)
    inward = np.einsum("ij,ij->i", np.cross(b - a, c - a), hull.equations[:, :3]) < 0
    faces[inward] = faces[inward][:, ::-1]
    return points[corners], faces.astype(np.int32)


def _facts(
    source: AssetSource,
    key: str,
    geometry: Geometry,
    mesh: bpy.types.Mesh,
    parts: int,
    textures: list[str],
    warnings: list[str],
    to_model: Matrix,
) -> AssetFacts:
    low, high = geometry.hull.min(0).astype(float), geometry.hull.max(0).astype(float)
    suffix = source.path.suffix.lower()
    longest = float((high - low).max())
    unit = "m" if source.unit is not None else guess_unit(longest, suffix in UNITLESS)
    # Only formats without axes of their own are doubted. A Z-up OBJ comes in with its Z at -Y.
    up_axis = guess_up_axis(geometry.hull, "-y") if suffix in UNITLESS else "z"
    warnings = [*warnings, *_doubts(source, mesh, low, high, unit, up_axis, textures)]
    return AssetFacts(
        key=key,
        file=source.path.name,
        format=suffix[1:],
        faces=len(mesh.polygons),
        parts=parts,
        materials=tuple(material.name for material in mesh.materials if material),
        textures=tuple(textures),
        minimum=tuple(low),
        maximum=tuple(high),
        source_to_model=tuple(tuple(row) for row in to_model),
        guessed_up_axis=axis_in_file(up_axis, source),
        guessed_unit=source.unit or unit,
        warnings=tuple(warnings),
    )


def _doubts(
    source: AssetSource,
    mesh: bpy.types.Mesh,
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
        if spare and not mesh.color_attributes:
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
    """Name the MTL files an OBJ asks for that are not there."""
    missing = []
    with path.open("rb") as file:
        for line in file:
            if line.startswith(b"mtllib "):
                name = line[7:].decode("utf-8", "replace").strip()
                if name and not (path.parent / name).is_file():
                    missing.append(f"material file {name} is missing: surfaces are plain")
    return missing


def _write_blend(item: bpy.types.Object, path: Path) -> None:
    for image in bpy.data.images:
        if image.users and image.packed_file is None and image.source == "FILE":
            image.pack()
    item.animation_data_clear()
    bpy.data.libraries.write(str(path), {item}, fake_user=False, compress=False)
