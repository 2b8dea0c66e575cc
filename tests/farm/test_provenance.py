"""What images were rendered with: noted, and not mixed unless told to."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from renderer.dataset.layout import Layout
from renderer.dataset.provenance import Provenance, note_provenance
from renderer.farm.task import _check_node
from renderer.farm.versions import equipment, library_versions
from renderer.farm.worker import WorkerSetup
from renderer.plan import Planner
from tests.conftest import contents, orbitset, write_recipe

SMALL = {
    "name": "small",
    "seed": 5,
    "images": 2,
    "objects": [{"asset": "box.ply", "category": "box"}],
    "camera": {"resolution": [48, 36]},
    "background": {"image": "photo.png"},
    "render": {"samples": 1},
}
ONE_SLOT = ("--devices", "cpu", "--per-device", "1")
TOLD = "go on as it was begun, choose a new folder, or say --allow-mixed"


@pytest.fixture(scope="module")
def begun(solids: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a recipe, and a run of it that has made the first of its images."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("begun")
    recipe = write_recipe(folder, SMALL, solids)
    Image.linear_gradient("L").save(folder / "photo.png")
    result = render(folder, "--images", "1")
    assert result.returncode == 0, result.stderr
    assert recipe.exists()
    return folder


@pytest.fixture
def run(begun: Path, tmp_path: Path) -> Path:
    """A copy of it, to be gone on with."""
    return Path(shutil.copytree(begun, tmp_path / "copy"))


def render(folder: Path, *more: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    recipe, out = folder / "recipe.yaml", folder / "out"
    return orbitset("render", recipe, "-o", out, *ONE_SLOT, *more, env=environment)


def edit_run(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "out" / "parts" / "run.json"
    state = json.loads(path.read_text())
    change(state)
    path.write_text(json.dumps(state))


def manifest_of(folder: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((folder / "out" / "manifest.json").read_text())
    return manifest


def test_a_manifest_says_what_a_dataset_was_rendered_with(begun: Path) -> None:
    manifest = manifest_of(begun)
    assert manifest["versions"] == library_versions()
    assert set(manifest["versions"]) >= {"orbitset", "bpy", "numpy", "opencv-python", "pyoidn"}
    assert "unknown" not in manifest["versions"].values()
    assert (manifest["backends"], manifest["mixed"]) == (["CPU"], [])


def test_another_version_than_the_run_was_begun_with(run: Path) -> None:
    edit_run(run, lambda state: state["head"]["versions"].update(numpy="1.26.3"))
    now, before = library_versions()["numpy"], contents(run / "out")
    refused = render(run)
    assert refused.returncode == 2
    said = f"{run / 'out'} was begun otherwise (numpy 1.26.3 became {now})"
    assert f"{said}, and images of both may differ: {TOLD}" in refused.stderr
    assert contents(run / "out") == before
    allowed = render(run, "--allow-mixed")
    assert allowed.returncode == 0, allowed.stderr
    manifest = manifest_of(run)
    assert manifest["images"] == 2
    assert manifest["mixed"] == [f"numpy 1.26.3 and {now}"]
    assert manifest["versions"]["numpy"] == "1.26.3"  # what it was begun with
    assert manifest["warnings"][-1].endswith(f"mixed: numpy 1.26.3 and {now}")
    assert f"mixed: numpy 1.26.3 and {now}" in (run / "out" / "report.html").read_text()
    assert orbitset("dataset", "validate", run / "out").returncode == 0


@pytest.mark.parametrize("library", ["numpy", "opencv-python", "pillow", "bpy", "embreex"])
def test_another_version_that_is_installed(run: Path, library: str) -> None:
    """As its own record in the environment tells it."""
    record = run / "site" / f"{library.replace('-', '_')}-0.0.1.dist-info"
    record.mkdir(parents=True)
    (record / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {library}\nVersion: 0.0.1\n")
    paths = os.pathsep.join([str(run / "site"), os.environ.get("PYTHONPATH", "")])
    refused = render(run, PYTHONPATH=paths)
    assert refused.returncode == 2, refused.stderr
    assert f"({library} {library_versions()[library]} became 0.0.1)" in refused.stderr
    # A run that is through mixes nothing.
    finished = render(run, "--images", "1", PYTHONPATH=paths)
    assert finished.returncode == 0, finished.stderr
    assert manifest_of(run)["mixed"] == []


def test_another_back_end(run: Path) -> None:
    out = Layout(run / "out")
    for note in out.parts.glob("rendered-with.*"):
        note.unlink()
    note_provenance(out, library_versions(), "OPTIX")
    refused = render(run)
    assert refused.returncode == 2
    assert "was begun otherwise (rendered on OPTIX, now CPU), and images" in refused.stderr
    retried = orbitset("farm", "retry", run / "out", *ONE_SLOT)
    assert "nothing has failed: only merging" in retried.stderr  # nothing to mix
    assert "otherwise" not in retried.stderr
    allowed = render(run, "--allow-mixed")
    assert allowed.returncode == 0, allowed.stderr
    assert manifest_of(run)["backends"] == ["CPU", "OPTIX"]
    assert manifest_of(run)["mixed"] == ["rendered on CPU and OPTIX"]


def test_another_opengl_is_found_by_the_worker(solids: Path, tmp_path: Path) -> None:
    """Only who has drawn something knows what it was drawn with."""
    data = {**SMALL, "background": {"color": "#3030ff"}}
    data["render"] = {"samples": 1, "engine": "workbench"}
    write_recipe(tmp_path, data, solids)
    assert render(tmp_path, "--images", "1").returncode == 0
    (backend,) = manifest_of(tmp_path)["backends"]
    assert backend.startswith("OpenGL, ")
    out = Layout(tmp_path / "out")
    (note,) = out.parts.glob("rendered-with.*")
    note.unlink()
    note_provenance(out, library_versions(), "OpenGL, another")
    refused = render(tmp_path)
    assert refused.returncode != 0
    assert f"(rendered on OpenGL, another, now {backend})" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert manifest_of(tmp_path)["images"] == 1
    assert render(tmp_path, "--allow-mixed").returncode == 0


def test_a_run_of_an_older_orbitset(run: Path) -> None:
    def age(state: dict[str, Any]) -> None:
        del state["head"]["versions"], state["files"]
        state["fingerprint"] = "0" * 32

    edit_run(run, age)
    for note in (run / "out" / "parts").glob("rendered-with.*"):
        note.unlink()
    status = orbitset("farm", "status", run / "out")
    assert status.returncode == 0, status.stderr
    merged = orbitset("dataset", "merge", run / "out")
    assert merged.returncode == 0, merged.stderr
    assert set(manifest_of(run)["versions"]) == {"orbitset", "bpy"}
    refused = render(run)
    assert refused.returncode == 2
    assert "was begun by an older orbitset, which did not note the versions" in refused.stderr
    allowed = render(run, "--allow-mixed")
    assert allowed.returncode == 0, allowed.stderr
    now = library_versions()["numpy"]
    assert f"numpy {now} and of an unknown version" in manifest_of(run)["mixed"]
    changed = {**SMALL, "seed": 6}
    (run / "recipe.yaml").write_text(json.dumps(changed))
    other = render(run, "--allow-mixed")
    assert "another recipe (seed: 5 became 6)" in other.stderr


def test_files_that_changed_are_named(run: Path) -> None:
    from PIL import Image

    Image.radial_gradient("L").save(run / "photo.png")
    refused = render(run, "--allow-mixed")
    assert refused.returncode == 2
    assert "was begun with other asset files (photo.png): choose a new folder" in refused.stderr


def test_joined_outputs_are_rendered_alike(run: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(run, tmp_path / "other"))
    edit_run(other, lambda state: state["head"]["versions"].update(pillow="1.0"))
    both = (run / "out", other / "out", "-o", tmp_path / "joined")
    refused = orbitset("dataset", "merge", *both)
    assert refused.returncode == 2
    pillow = library_versions()["pillow"]
    assert (
        f"was rendered otherwise than {run / 'out'} (pillow {pillow} became 1.0)" in refused.stderr
    )
    assert not (tmp_path / "joined").exists()
    joined = orbitset("dataset", "merge", *both, "--allow-mixed")
    assert joined.returncode == 0, joined.stderr


def test_a_damaged_note_is_said(run: Path) -> None:
    (run / "out" / "parts" / "rendered-with.0.json").write_text('{"versions": 1}')
    result = orbitset("dataset", "merge", run / "out")
    assert result.returncode == 2
    assert "rendered-with.0.json is damaged: it has a wrong versions" in result.stderr


def test_a_node_with_other_versions_is_not_fit(
    make_planner: Callable[..., Planner], tmp_path: Path
) -> None:
    planner = make_planner({**SMALL, "background": {"color": "#3030ff"}})
    layout = Layout(tmp_path)
    layout.parts.mkdir()
    layout.run.write_text("{}")
    own = equipment(planner.recipe, planner.folder)
    setup = WorkerSetup(planner, layout, tmp_path / "log", equipment=own)
    _check_node(setup)
    other = replace(own, versions={**own.versions, "scipy": "1.0"})
    with pytest.raises(ValueError, match=r"has scipy \S+, the scheduler 1\.0"):
        _check_node(replace(setup, equipment=other))
    _check_node(replace(setup, equipment=other, allow_mixed=True))


@pytest.mark.parametrize(
    ("there", "now", "changes"),
    [
        ((), ("CPU",), []),
        (("CPU",), ("CPU",), []),
        (("OPTIX",), ("CPU",), ["rendered on OPTIX, now CPU"]),
        (("CPU",), ("OPTIX",), ["rendered on CPU, now OPTIX"]),
        # Both together are somebody's choice, and either of them goes on with it.
        (("OPTIX",), ("CPU", "OPTIX"), []),
        (("CPU", "OPTIX"), ("CPU",), []),
        (("CPU", "OPTIX"), ("CPU", "OPTIX"), []),
        (("OPTIX",), ("CPU", "HIP"), ["rendered on OPTIX, now CPU and HIP"]),
    ],
)
def test_which_back_ends_go_on_with_which(
    there: tuple[str, ...], now: tuple[str, ...], changes: list[str]
) -> None:
    present = Provenance(({"numpy": "1"},), frozenset(there))
    assert present.changes({"numpy": "1"}, now) == changes
