"""What a user's variables and home folder hold for Blender, OpenColorIO and others changes nothing."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from renderer.colour.view_transform import blender_data
from renderer.dataset.layout import Layout
from renderer.dataset.parts import PartIndex
from renderer.farm.environment import files_in, pack_call, prepare_environment, thread_caps
from tests.conftest import contents, orbitset, write_recipe

ONE_SLOT = ("--devices", "cpu", "--per-device", "1")
VERSION = blender_data().parent.name  # 4.5
# A texture and a photo go through colour management, the picture through a view transform.
SHINY = {
    "name": "shiny",
    "images": 2,
    "objects": [{"asset": "sheet.obj", "category": "sheet", "size_m": 0.5}],
    "camera": {"resolution": [64, 48]},
    "lighting": {"world": {"hdri": "studio"}},
    "background": {"image": "photo.png"},
    "render": {"samples": 1, "view_transform": "AgX"},
}


@pytest.fixture(scope="module")
def recipe(solids: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from PIL import Image

    folder = tmp_path_factory.mktemp("recipe")
    path = write_recipe(folder, SHINY, solids)
    Image.linear_gradient("L").convert("RGB").save(folder / "photo.png")
    Image.radial_gradient("L").convert("RGB").save(folder / "skin.png")
    (folder / "sheet.mtl").write_text("newmtl skin\nmap_Kd skin.png\n")
    (folder / "sheet.obj").write_text(
        "mtllib sheet.mtl\nv 0 0 0\nv 1 0 0\nv 1 1 1\nv 0 1 1\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\n"
        "usemtl skin\nf 1/1 2/2 3/3 4/4\n"
    )
    return path


def rendered(recipe: Path, folder: Path, **variables: str) -> tuple[dict[str, bytes], list[bytes]]:
    """The dataset's files, and those that the import has left in a fresh cache."""
    environment = {**os.environ, "ORBITSET_CACHE": str(folder / "cache"), **variables}
    result = orbitset("render", recipe, "-o", folder / "out", *ONE_SLOT, env=environment)
    assert result.returncode == 0, result.stderr
    assert not PartIndex(Layout(folder / "out")).failed()
    kept = sorted((folder / "cache").rglob("*.json")) + sorted((folder / "cache").rglob("*.npz"))
    assert len(kept) >= 2
    return contents(folder / "out"), [path.read_bytes() for path in kept]


@pytest.fixture(scope="module")
def plain(recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> object:
    return rendered(recipe, tmp_path_factory.mktemp("plain"))


def other_colours(folder: Path) -> Path:
    """Blender's own colour configuration, but that textures are read as if they were no colours."""
    shutil.copytree(blender_data() / "colormanagement", folder / "colormanagement")
    config = folder / "colormanagement" / "config.ocio"
    text = config.read_text()
    changed = text.replace("  default_byte: sRGB\n", "  default_byte: Non-Color\n")
    assert changed != text
    config.write_text(changed)
    return config


def test_another_colour_configuration(plain: object, recipe: Path, tmp_path: Path) -> None:
    config = other_colours(tmp_path)
    views = {"OCIO_ACTIVE_VIEWS": "Raw", "OCIO_ACTIVE_DISPLAYS": "None"}
    assert rendered(recipe, tmp_path, OCIO=str(config), **views) == plain


def test_a_colour_configuration_that_is_not_there(
    plain: object, recipe: Path, tmp_path: Path
) -> None:
    assert rendered(recipe, tmp_path, OCIO="/nowhere/config.ocio") == plain


def test_variables_of_many_libraries(plain: object, recipe: Path, tmp_path: Path) -> None:
    """Scripts of a studio's, a kernel without AVX2, a denoiser's device, limits of decoders."""
    scripts, ran = tmp_path / "scripts", tmp_path / "ran"
    (scripts / "startup").mkdir(parents=True)
    (scripts / "startup" / "studio.py").write_text(
        f"open({str(ran)!r}, 'w')\n"
        "import bpy\nbpy.types.Scene.resolution_x = None\n"
        "def register(): pass\ndef unregister(): pass\n"
    )
    other_colours(tmp_path / "user" / "datafiles")
    variables = {
        "BLENDER_SYSTEM_SCRIPTS": str(scripts),
        "BLENDER_USER_RESOURCES": str(tmp_path / "user"),
        "BLENDER_USER_DATAFILES": str(tmp_path / "user" / "datafiles"),
        "CYCLES_CPU_NO_AVX2": "1",
        "CYCLES_OIDN_CUSTOM_WEIGHTS": "/nowhere",
        "OIDN_DEFAULT_DEVICE": "cuda",
        "OIDN_DEVICE_CPU": "0",
        "OPENCV_IO_MAX_IMAGE_PIXELS": "16",
        "OPENIMAGEIO_OPTIONS": "limits:resolution=4",
        "PXR_PLUGINPATH_NAME": "/nowhere",
        "MATERIALX_SEARCH_PATH": "/nowhere",
        "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3",
        "OPENBLAS_CORETYPE": "Prescott",
    }
    assert rendered(recipe, tmp_path, **variables) == plain
    assert not ran.exists()


@pytest.mark.parametrize("variable", ["HOME", "XDG_CONFIG_HOME"])
def test_blenders_files_in_a_home_folder(
    plain: object, recipe: Path, tmp_path: Path, variable: str
) -> None:
    """A colour configuration there comes before Blender's own; no variable has to name it."""
    inner = ".config/blender" if variable == "HOME" else "blender"
    other_colours(tmp_path / "home" / inner / VERSION / "datafiles")
    assert rendered(recipe, tmp_path, **{variable: str(tmp_path / "home")}) == plain


def test_what_chooses_a_device_stays() -> None:
    kept = {
        "PATH": "/bin",
        "PYTHONPATH": "/x",
        "ORBITSET_CACHE": "/x",
        "CUDA_VISIBLE_DEVICES": "1",
        "HIP_VISIBLE_DEVICES": "1",
        "ONEAPI_DEVICE_SELECTOR": "level_zero:1",
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "AWS_REGION": "x",
        "HDRI": "x",
        "USDT": "x",
    }
    environ = {**kept, "OCIO": "x", "OCIO_ACTIVE_VIEWS": "x", "BLENDER_ANYTHING": "x"}
    prepare_environment({"TMPDIR": "/tmp"}, environ)
    assert environ == {**kept, "TMPDIR": "/tmp"}


def test_a_process_has_its_variables_before_any_library(tmp_path: Path) -> None:
    """What is spawned unpickles its first argument first: nothing of it may load numpy."""
    import subprocess

    packed = pack_call(print, "called")
    script = (
        "import sys\n"
        "from renderer.farm.environment import call_prepared\n"
        "assert not {'numpy', 'cv2', 'bpy', 'scipy'} & set(sys.modules)\n"
        f"call_prepared({ {**thread_caps(3), **files_in(str(tmp_path))}!r}, {packed!r})\n"
        "import os; print(os.environ['OPENBLAS_NUM_THREADS'], os.environ['OMP_NUM_THREADS'])\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert run.stdout == "called\n1 3\n", run.stderr
