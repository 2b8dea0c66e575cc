"""Models as people have them: every format, missing textures, odd units, broken files."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from renderer.asset import ALPHA_THRESHOLD, AssetCache, AssetFacts, AssetSource
from renderer.blender.formats import SUFFIXES
from renderer.farm.asset_import import import_models
from renderer.farm.versions import library_versions
from renderer.values.files import MODEL_SUFFIXES
from tests import shapes
from tests.conftest import shared

# Makes one textured box of 0.6 x 0.4 x 0.8 m with a camera and a light, in a format of its own.
_EXPORT = """
import bpy, sys
path, texture = sys.argv[1:3]
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.mesh.primitive_cube_add(size=1, location=(0, 0, 0.4), scale=(0.6, 0.4, 0.8))
box = bpy.context.object
bpy.ops.object.transform_apply(location=True, scale=True)
bpy.ops.mesh.primitive_uv_sphere_add(radius=0.1, location=(0, 0, 0.9))
material = bpy.data.materials.new("paint"); material.use_nodes = True
image = material.node_tree.nodes.new("ShaderNodeTexImage")
image.image = bpy.data.images.load(texture)
shader = material.node_tree.nodes["Principled BSDF"]
material.node_tree.links.new(image.outputs["Color"], shader.inputs["Base Color"])
box.data.materials.append(material)
bpy.ops.object.camera_add(location=(0, -9, 0)); bpy.ops.object.light_add(type="POINT", location=(0, 0, 50))
bpy.context.preferences.filepaths.use_scripts_auto_execute = False
text = bpy.data.texts.new("evil.py"); text.use_module = True
text.write("open(%r, 'w').write('ran')" % (path + ".ran"))
exporters = {
    "glb": lambda: bpy.ops.export_scene.gltf(filepath=path, export_format="GLB", export_cameras=True, export_lights=True),
    "gltf": lambda: bpy.ops.export_scene.gltf(filepath=path, export_format="GLTF_SEPARATE", export_draco_mesh_compression_enable=True),
    "obj": lambda: bpy.ops.wm.obj_export(filepath=path, path_mode="RELATIVE"),
    "fbx": lambda: bpy.ops.export_scene.fbx(filepath=path, path_mode="COPY", embed_textures=True),
    "usdc": lambda: bpy.ops.wm.usd_export(filepath=path),
    "usdz": lambda: bpy.ops.wm.usd_export(filepath=path),
    "ply": lambda: bpy.ops.wm.ply_export(filepath=path),
    "stl": lambda: bpy.ops.wm.stl_export(filepath=path),
    "dae": lambda: bpy.ops.wm.collada_export(filepath=path),
    "blend": lambda: bpy.ops.wm.save_as_mainfile(filepath=path),
}
exporters[path.rsplit(".", 1)[1]]()
"""
FORMATS = ("glb", "gltf", "obj", "fbx", "usdc", "usdz", "ply", "stl", "dae", "blend")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder a format, each with the model as that format stores it."""
    root = tmp_path_factory.mktemp("formats")
    texture = root / "paint.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (16, 16, 3), dtype=np.uint8)).save(
        texture
    )
    for kind in FORMATS:
        if kind == "dae" and library_versions()["bpy"].startswith("5."):
            continue
        (root / kind).mkdir()
        subprocess.run(
            [sys.executable, "-c", _EXPORT, str(root / kind / f"model.{kind}"), str(texture)],
            check=True,
            capture_output=True,
        )
    return root


def take(cache: AssetCache, *paths: Path, **overrides: str) -> dict[str, AssetFacts | str]:
    """Facts or the refusal of each file, by name."""
    sources = [AssetSource(path, **overrides) for path in paths]
    known, errors = import_models(sources, cache)
    outcome: dict[str, AssetFacts | str] = {s.path.name: facts for s, facts in known.items()}
    for path in paths:
        outcome.setdefault(path.name, next((str(e) for e in errors if str(path) in str(e)), "?"))
    return outcome


def test_every_format(cache: AssetCache, exported: Path) -> None:
    paths = [path for kind in FORMATS for path in exported.glob(f"{kind}/model.{kind}")]
    assert len(paths) >= 9
    for name, facts in take(cache, *paths).items():
        assert isinstance(facts, AssetFacts), facts
        # One mesh of both parts: no camera at -9 m, no lamp at 50 m; metres, Z up.
        assert facts.size_m == pytest.approx((0.6, 0.4, 1.0), abs=1e-3), name
        assert facts.minimum[2] == pytest.approx(0, abs=1e-3), name
        geometry = cache.geometry(facts.key)
        assert len(geometry.triangles) > 12 + 100
        if facts.format not in ("ply", "stl"):
            assert len(facts.textures) == 1, name
        assert not any("missing" in warning for warning in facts.warnings), (name, facts.warnings)
    assert not (exported / "blend" / "model.blend.ran").exists()


def test_suffixes_are_the_recipes() -> None:
    assert set(MODEL_SUFFIXES) == SUFFIXES


def test_same_content_is_imported_once(cache: AssetCache, exported: Path, tmp_path: Path) -> None:
    original = AssetSource(exported / "obj" / "model.obj")
    seen: list[AssetSource] = []
    import_models([original], cache, seen.append)
    import_models([original], cache, seen.append)
    assert len(seen) <= 1
    copy = AssetSource(tmp_path / "elsewhere" / "model.obj")
    shutil.copytree(exported / "obj", copy.path.parent)
    shutil.copy(exported / "paint.png", tmp_path)
    assert cache.find(copy) == cache.find(original) is not None
    # A texture or material file is part of the content, wherever the model names it.
    library = copy.path.with_suffix(".mtl")
    library.write_text(library.read_text() + "\n# changed\n")
    assert cache.find(copy) is None
    assert take(cache, copy.path)["model.obj"].key != cache.find(original)  # type: ignore[union-attr]
    (tmp_path / "paint.png").write_bytes(b"other")
    assert cache.find(copy) is None


# A model that keeps the name of its texture where no search in its bytes finds it.
_HIDDEN_NAMES = """
import bpy, sys
folder, kind = sys.argv[1:3]
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.mesh.primitive_cube_add(size=1)
material = bpy.data.materials.new("paint"); material.use_nodes = True
image = material.node_tree.nodes.new("ShaderNodeTexImage")
image.image = bpy.data.images.load(folder + "/a skin (1).png")
shader = material.node_tree.nodes["Principled BSDF"]
material.node_tree.links.new(image.outputs["Color"], shader.inputs["Base Color"])
bpy.context.object.data.materials.append(material)
path = folder + "/model." + kind
if kind == "blend":
    bpy.ops.wm.save_as_mainfile(filepath=path, compress=True)
elif kind == "usdc":
    bpy.ops.wm.usd_export(filepath=path)
else:
    bpy.ops.export_scene.gltf(filepath=path, export_format="GLTF_SEPARATE", export_keep_originals=True)
"""


_EXPORT_FBX = 'bpy.ops.export_scene.fbx(filepath=path, path_mode="RELATIVE")'


@pytest.mark.parametrize("kind", ["blend", "usdc", "gltf"])
def test_a_changed_texture_is_a_changed_model(cache: AssetCache, tmp_path: Path, kind: str) -> None:
    texture = tmp_path / "a skin (1).png"
    Image.new("RGB", (8, 8), "red").save(texture)
    subprocess.run(
        [sys.executable, "-c", _HIDDEN_NAMES, str(tmp_path), kind], check=True, capture_output=True
    )
    source = AssetSource(tmp_path / f"model.{kind}")
    before = take(cache, source.path)[source.path.name]
    assert isinstance(before, AssetFacts)
    assert len(before.textures) == 1
    found = list(tmp_path.rglob("*.png"))
    assert cache.find(source) == before.key
    for path in found:  # USD's exporter copies the texture into a folder of its own
        Image.new("RGB", (8, 8), "green").save(path)
    assert cache.find(source) is None
    after = take(cache, source.path)[source.path.name]
    assert isinstance(after, AssetFacts)
    assert after.key != before.key
    for path in found:
        path.unlink()
    assert cache.find(source) is None
    bare = take(cache, source.path)[source.path.name]
    assert isinstance(bare, AssetFacts)
    said = " ".join(bare.warnings)
    assert "missing or damaged" in said or "without an image" in said  # USD names none


def test_missing_texture_is_named_and_never_magenta(
    cache: AssetCache, exported: Path, tmp_path: Path, scene_renderer: object
) -> None:
    shutil.copytree(exported / "gltf", tmp_path / "m")
    for image in (tmp_path / "m").glob("*.png"):
        image.unlink()
    facts = take(cache, tmp_path / "m" / "model.gltf")["model.gltf"]
    assert isinstance(facts, AssetFacts)
    assert facts.textures == ()
    assert any("paint" in warning and "missing or damaged" in warning for warning in facts.warnings)
    from renderer.plan import Planner
    from renderer.recipe import Recipe

    recipe = Recipe.model_validate(
        {
            "name": "t",
            "images": 1,
            "objects": [{"asset": "model.gltf", "category": "m"}],
            "camera": {"resolution": [64, 48]},
            "render": {"samples": 4, "denoise": False},
            "background": {"color": "black", "shadows": False},
        }
    )
    planner = Planner(recipe, tmp_path / "m", cache, ({"model.gltf": facts.key},))
    frame = scene_renderer.render(planner.shot(0))[0]  # type: ignore[attr-defined]
    red, green, blue = frame.color[..., :3][frame.index > 0].mean(axis=0)
    assert green > 0.5 * max(red, blue) > 0.01


def test_texture_outside_the_folder_is_named(
    cache: AssetCache, exported: Path, tmp_path: Path
) -> None:
    shutil.copytree(exported / "obj", tmp_path / "m")
    shutil.copy(exported / "paint.png", tmp_path / "paint.png")
    facts = take(cache, tmp_path / "m" / "model.obj")["model.obj"]
    assert isinstance(facts, AssetFacts)
    assert any("paint.png comes from outside the model's folder: .." in w for w in facts.warnings)


def test_a_texture_that_turns_up_is_found(cache: AssetCache, tmp_path: Path) -> None:
    """FBX's importer looks for it in every folder below the model."""
    texture = tmp_path / "a skin (1).png"
    Image.new("RGB", (8, 8), "red").save(texture)
    script = _HIDDEN_NAMES.replace("bpy.ops.wm.usd_export(filepath=path)", _EXPORT_FBX)
    subprocess.run(
        [sys.executable, "-c", script.replace('"usdc"', '"fbx"'), str(tmp_path), "fbx"],
        check=True,
        capture_output=True,
    )
    source = AssetSource(tmp_path / "model.fbx")
    texture.rename(tmp_path / "kept.bin")
    bare = take(cache, source.path)["model.fbx"]
    assert isinstance(bare, AssetFacts)
    assert bare.textures == ()
    assert cache.find(source) == bare.key
    (tmp_path / "other.png").write_bytes(b"")  # looked for anew, and the same model
    assert cache.find(source) is None
    again = take(cache, source.path)["model.fbx"]
    assert isinstance(again, AssetFacts)
    assert again.key == bare.key
    (tmp_path / "maps" / "2k").mkdir(parents=True)
    (tmp_path / "kept.bin").rename(tmp_path / "maps" / "2k" / texture.name)
    found = take(cache, source.path)["model.fbx"]
    assert isinstance(found, AssetFacts)
    assert len(found.textures) == 1


def test_a_usd_stage_that_lacks_a_part_is_refused(cache: AssetCache, tmp_path: Path) -> None:
    part = """#usda 1.0
def Mesh "{name}"{more}
{{
    point3f[] points = [(0, 0, 0), (1, 0, 0), (0, 1, 0)]
    int[] faceVertexCounts = [3]
    int[] faceVertexIndices = [0, 1, 2]
}}
"""
    whole = part.format(name="whole", more=" (prepend references = @part.usda@</part>)")
    (tmp_path / "whole.usda").write_text(whole)
    outcome = take(cache, tmp_path / "whole.usda")["whole.usda"]
    assert isinstance(outcome, str)
    assert "part.usda, which is not there" in outcome
    (tmp_path / "part.usda").write_text(part.format(name="part", more=""))
    facts = take(cache, tmp_path / "whole.usda")["whole.usda"]
    assert isinstance(facts, AssetFacts)
    (tmp_path / "part.usda").write_text(
        part.format(name="part", more="").replace("1, 0, 0", "2, 0, 0")
    )
    assert cache.find(AssetSource(tmp_path / "whole.usda")) is None


# A sheet of 1 x 1 m in the XZ plane whose texture has a round hole, as a leaf or a fence has.
_CUTOUT = """
import bpy, sys
path, texture, mask = sys.argv[1], sys.argv[2], sys.argv[3] == "mask"
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.mesh.primitive_plane_add(size=1, rotation=(1.5707963, 0, 0))
material = bpy.data.materials.new("leaf"); material.use_nodes = True
image = material.node_tree.nodes.new("ShaderNodeTexImage"); image.image = bpy.data.images.load(texture)
shader = material.node_tree.nodes["Principled BSDF"]; links = material.node_tree.links
links.new(image.outputs["Color"], shader.inputs["Base Color"])
if mask:
    cut = material.node_tree.nodes.new("ShaderNodeMath"); cut.operation = "GREATER_THAN"
    cut.inputs[1].default_value = 0.5
    links.new(image.outputs["Alpha"], cut.inputs[0]); links.new(cut.outputs[0], shader.inputs["Alpha"])
else:
    links.new(image.outputs["Alpha"], shader.inputs["Alpha"])
bpy.context.object.data.materials.append(material)
bpy.ops.export_scene.gltf(filepath=path, export_format="GLB")
"""


@pytest.mark.parametrize("mode", ["blend", "mask"])
def test_cutouts_are_holes_for_both_ray_casters(
    cache: AssetCache, tmp_path: Path, scene_renderer: object, mode: str
) -> None:
    y, x = np.mgrid[:64, :64]
    leaf = np.full((64, 64, 4), 200, np.uint8)
    leaf[..., 3] = np.clip((np.hypot(x - 31.5, y - 31.5) - 16) * 40 + 128, 0, 255)
    Image.fromarray(leaf).save(tmp_path / "leaf.png")
    subprocess.run(
        [
            sys.executable,
            "-c",
            _CUTOUT,
            str(tmp_path / "leaf.glb"),
            str(tmp_path / "leaf.png"),
            mode,
        ],
        check=True,
        capture_output=True,
    )
    facts = take(cache, tmp_path / "leaf.glb")["leaf.glb"]
    assert isinstance(facts, AssetFacts)
    assert len(cache.geometry(facts.key).cutouts) == 1, facts.warnings
    from renderer.plan import Planner
    from renderer.recipe import Recipe
    from renderer.truth.view import ViewTruth
    from tests.truth.labelled import labels_of

    recipe = Recipe.model_validate(
        {
            "name": "t",
            "images": 1,
            "objects": [{"asset": "leaf.glb", "category": "leaf", "yaw_deg": 0}],
            "camera": {
                "resolution": [120, 120],
                "orbit": {"azimuth_deg": 0, "elevation_deg": 0, "fill": 0.8},
            },
            "background": {"color": "black", "shadows": False},
            "render": {"samples": 1, "denoise": False},
        }
    )
    planner = Planner(recipe, tmp_path, cache, ({"leaf.glb": facts.key},))
    shot = planner.shot(0)
    frame = scene_renderer.render(shot)[0]  # type: ignore[attr-defined]
    cast = ViewTruth.of(shot, shot.views[0].camera, cache).index
    # Of some 200 pixels along the hole, where the two read the texture's last bits differently.
    assert (cast != frame.index).sum() <= 8
    (label,) = labels_of(ViewTruth.of(shot, shot.views[0].camera, cache, frame))
    side = 0.8 * 120
    # The radius at which the opacity (rising by 40/255 a texel) passes the threshold.
    threshold = 0.5 if mode == "mask" else ALPHA_THRESHOLD
    hole = np.pi * ((16 + (threshold * 255 - 128) / 40) / 64 * side) ** 2
    assert label.area == pytest.approx(side**2 - hole, rel=0.02)
    assert label.visibility > 0.999
    assert not label.visible[60, 60]


def test_unit_and_up_axis(cache: AssetCache, tmp_path: Path) -> None:
    """A Z-up OBJ in millimetres, as laser scanners write them."""
    points, faces = shapes.box((60.0, 40.0, 80.0))
    lines = [f"v {x} {y} {z}" for x, y, z in points] + [
        f"f {a + 1} {b + 1} {c + 1}" for a, b, c in faces
    ]
    (tmp_path / "scan.obj").write_text("\n".join(lines))
    plain = take(cache, tmp_path / "scan.obj")["scan.obj"]
    assert isinstance(plain, AssetFacts)
    assert plain.size_m == pytest.approx((60, 80, 40))
    assert plain.guessed_unit == "cm"
    assert any("m long" in warning for warning in plain.warnings)
    facts = take(cache, tmp_path / "scan.obj", unit="mm", up_axis="z")["scan.obj"]
    assert isinstance(facts, AssetFacts)
    assert facts.size_m == pytest.approx((0.06, 0.04, 0.08))
    assert facts.minimum == pytest.approx((-0.03, -0.02, 0), abs=1e-6)
    assert not facts.warnings
    turn = np.array(facts.source_to_model)[:3, :3] * 1000
    assert turn @ turn.T == pytest.approx(np.eye(3), abs=1e-5)
    for axis, expected in (
        ("x", (0.08, 0.04, 0.06)),
        ("-y", (0.06, 0.08, 0.04)),
        ("-z", (0.06, 0.04, 0.08)),
    ):
        turned = take(cache, tmp_path / "scan.obj", unit="mm", up_axis=axis)["scan.obj"]
        assert isinstance(turned, AssetFacts)
        assert turned.size_m == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("zero.glb", b"", "is empty (0 bytes)"),
        ("text.fbx", b"hello", "cannot be imported"),
        ("cut.glb", b"glTF\x02\x00\x00\x00\xff\x00\x00\x00", "cannot be imported"),
        ("points.obj", b"v 0 0 0\nv 1 0 0\nv 0 1 0\n", "has no faces"),
        (
            "nan.obj",
            b"v 0 0 nan\nv 1 0 0\nv 0 1 0\nf 1 2 3\n",
            "nan.obj:1: a corner is not a number",
        ),
        ("line.obj", b"v 0 0 0\nv 1 0 0\nv 2 0 0\nf 1 2 3\n", "has no area"),
        ("huge.obj", b"v 0 0 0\nv 1e9 0 0\nv 0 1e9 0\nf 1 2 3\n", "which is no size of a thing"),
    ],
)
def test_broken_files_are_refused(
    cache: AssetCache, tmp_path: Path, name: str, content: bytes, expected: str
) -> None:
    (tmp_path / name).write_bytes(content)
    outcome = take(cache, tmp_path / name)[name]
    assert isinstance(outcome, str)
    assert expected in outcome
    assert str(tmp_path / name) in outcome
    assert "\n" not in outcome


def test_every_broken_file_at_hand(cache: AssetCache) -> None:
    """Refused with one sentence that names the file, or loaded whole, with finite geometry."""
    paths = [path for path in sorted(shared("broken").iterdir()) if path.suffix.lower() in SUFFIXES]
    assert len(paths) > 100
    refused = 0
    for name, outcome in take(cache, *paths).items():
        if isinstance(outcome, str):
            refused += 1
            assert name in outcome
            assert "\n" not in outcome
            assert "Traceback" not in outcome
        else:
            geometry = cache.geometry(outcome.key)
            assert np.isfinite(geometry.hull).all()
            assert 1e-5 <= outcome.longest_m <= 1e5
            if "far_from_origin" in name:
                assert any("from its own origin" in warning for warning in outcome.warnings)
            if "missing_mtl" in name:
                assert any("is missing" in warning for warning in outcome.warnings)
    assert refused > 60
