"""The program on odd machines: streams that are closed or full, foreign locales, no home.

Each is a real process, started as a shell, a batch system or a container may start it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CROWD, REPOSITORY, contents, write_recipe

NAMES = ("чашка", "杯子", "mug 😀", "tasse é")
TINY: dict[str, Any] = {
    **CROWD,
    "name": "tiny",
    "images": 1,
    "objects": [{**CROWD["objects"][0], "category": name, "count": 1} for name in NAMES],
    "camera": {"resolution": [48, 36]},
    "lighting": {"world": {"color": "white"}, "lights": []},
    "background": {"color": "white"},
    "render": {"samples": 1, "denoise": False},
}
ON_CPU = ("--devices", "cpu", "--per-device", "1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, solids: Path) -> Path:
    """A folder with a tiny recipe, whose model has been imported."""
    folder = tmp_path_factory.mktemp("machines")
    write_recipe(folder, TINY, solids)
    shutil.copy(folder / "box.ply", folder / "кубик.ply")
    odd = {**TINY, "objects": [{"asset": "кубик.ply", "category": NAMES[0]}]}
    (folder / "чашка.yaml").write_text(json.dumps(odd, ensure_ascii=False), encoding="utf-8")
    assert shell(folder, "recipe check recipe.yaml").returncode == 0
    assert shell(folder, f"render recipe.yaml -o there {' '.join(ON_CPU)}").returncode == 0
    return folder


def shell(
    folder: Path, arguments: str, redirected: str = "", before: str = "", **variables: str | None
) -> subprocess.CompletedProcess[bytes]:
    """Run the program by a shell, with redirections and changed variables (None: unset)."""
    environment = {**os.environ, **{key: value for key, value in variables.items() if value}}
    for key, value in variables.items():
        if value is None:
            environment.pop(key, None)
    command = f"exec {before} {sys.executable} {REPOSITORY / 'cli.py'} {arguments} {redirected}"
    return subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        cwd=folder,
        env=environment,
        timeout=300,
        check=False,
    )


CLOSED = ("<&-", ">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-")
FULL = (">/dev/full", "2>/dev/full", ">/dev/full 2>/dev/full")


@pytest.mark.parametrize("redirected", [*CLOSED, *FULL])
@pytest.mark.parametrize(
    "arguments",
    ["doctor", "recipe check recipe.yaml", "dataset validate there --json", "--help", "--version"],
)
def test_streams(folder: Path, arguments: str, redirected: str) -> None:
    """A closed stream is nobody's trouble; what does not fit into stdout is an error."""
    result = shell(folder, arguments, redirected)
    lost = redirected.startswith(">/dev/full")
    assert result.returncode == (1 if lost else 0), result.stderr
    assert b"Traceback" not in result.stdout + result.stderr
    assert b"Exception ignored" not in result.stderr
    if redirected == ">/dev/full":
        assert result.stderr.decode().splitlines()[-1] == (
            "error: stdout cannot be written: No space left on device"
        )
    if ">" not in redirected:
        assert result.stdout


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_error_keeps_its_exit_code(folder: Path, unbuffered: str) -> None:
    for redirected in (*CLOSED, *FULL):
        result = shell(folder, "dataset validate none", redirected, PYTHONUNBUFFERED=unbuffered)
        assert result.returncode == 2


@pytest.mark.parametrize("redirected", ["<&- >&- 2>&-", ">&-", ">/dev/full 2>/dev/full"])
def test_a_dataset_is_the_same_without_streams(
    folder: Path, tmp_path: Path, redirected: str
) -> None:
    """Blender prints from C to file descriptor 1: into no file of ours that has its number."""
    result = shell(
        folder, f"render recipe.yaml -o {tmp_path / 'out'} {' '.join(ON_CPU)}", redirected
    )
    assert result.returncode == (1 if "full" in redirected else 0)
    assert contents(tmp_path / "out") == contents(folder / "there")
    logs = list((tmp_path / "out" / "logs").glob("blender-*.log"))
    assert len(logs) == 1


def test_a_reader_that_leaves(folder: Path) -> None:
    for arguments in ("recipe show recipe.yaml", "recipe schema", "--help"):
        result = shell(folder, arguments, "| true")
        assert b"Traceback" not in result.stderr
        assert b"Exception ignored" not in result.stderr


LOCALES: dict[str, dict[str, str | None]] = {
    "C": {"LC_ALL": "C"},
    "none": {"LC_ALL": None, "LANG": None, "LC_CTYPE": None},
    "C as it was": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "Latin-1": {"LC_ALL": "en_US.ISO-8859-1", "PYTHONUTF8": "0"},
}
# Of the standard streams alone: files are written as elsewhere.
TERMINALS: dict[str, dict[str, str | None]] = {
    "Latin-1 terminal": {"PYTHONIOENCODING": "latin-1"},
    "strict ASCII terminal": {"PYTHONIOENCODING": "ascii:strict"},
}


@pytest.fixture(scope="module")
def named(folder: Path) -> Path:
    """A dataset whose names no narrow encoding can spell."""
    out = folder / "набор"
    assert shell(folder, f"render чашка.yaml -o {out} {' '.join(ON_CPU)}").returncode == 0
    return out


@pytest.mark.parametrize("locale", LOCALES)
def test_a_dataset_is_the_same_in_any_locale(
    folder: Path, named: Path, tmp_path: Path, locale: str
) -> None:
    out = tmp_path / "набор"
    arguments = f"render чашка.yaml -o {out} {' '.join(ON_CPU)}"
    result = shell(folder, arguments, **LOCALES[locale])
    assert result.returncode == 0, result.stderr
    assert b"Traceback" not in result.stderr
    assert contents(out) == contents(named)
    names = json.loads((out / "annotations" / "instances.json").read_text(encoding="utf-8"))
    assert [category["name"] for category in names["categories"]] == [NAMES[0]]


@pytest.mark.parametrize("locale", [*LOCALES, *TERMINALS])
def test_locales(folder: Path, named: Path, locale: str) -> None:
    """Any name can be printed, and JSON is JSON."""
    variables = {**LOCALES, **TERMINALS}[locale]
    said = {}
    for arguments in (
        "recipe check чашка.yaml",
        f"dataset validate {named}",
        f"dataset statistics {named}",
        f"farm log {named}",
        "recipe check нет.yaml",
    ):
        result = shell(folder, arguments, **variables)
        assert result.returncode == (2 if "нет" in arguments else 0), result.stderr
        assert b"Traceback" not in result.stderr
        said[arguments] = result.stdout
    shown = said[f"dataset statistics {named}"]
    spelled = NAMES[0].encode("unicode_escape")
    assert NAMES[0].encode() in shown or spelled in shown
    for arguments in (
        f"dataset statistics {named} --json",
        "recipe show чашка.yaml",
        f"farm log {named} --json --last 1",
        "recipe check нет.yaml --json",
    ):
        result = shell(folder, arguments, **variables)
        told = json.loads(result.stdout.decode("utf-8"))  # ASCII is UTF-8, too
        assert (
            NAMES[0] in str(told)
            or "набор" in str(told)
            or "нет" in str(told)
            or "end" in told.values()
        )


def without_passwd() -> str:
    """What runs a program as a user with a number and no name, or skip."""
    if not shutil.which("unshare"):
        pytest.skip("there is no unshare here")
    prefix = "unshare --user --map-user=54321 --map-group=54321"
    tried = subprocess.run([*prefix.split(), "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("user namespaces are not allowed here")
    return prefix


@pytest.mark.parametrize("home", [None, "", "none", "/proc"])
def test_a_user_without_a_home(folder: Path, tmp_path: Path, home: str | None) -> None:
    before = without_passwd()
    variables: dict[str, str | None] = {
        "ORBITSET_CACHE": None,
        "XDG_CACHE_HOME": None,
        "MPLCONFIGDIR": None,
        "TMPDIR": str(tmp_path),
        "HOME": str(tmp_path / home) if home else home,
    }
    set_home = 'env HOME=""' if home == "" else ""
    own = tmp_path / "orbitset-54321"
    for arguments in ("doctor", f"render recipe.yaml -o {tmp_path / 'out'} {' '.join(ON_CPU)}"):
        result = shell(folder, arguments, before=f"{set_home} {before}", **variables)
        assert result.returncode == 0, result.stderr + result.stdout
        said = result.stderr.decode()
        assert f"imported models are kept in {own}, which may not last; set ORBITSET_CACHE" in said
        assert "Traceback" not in said
        assert said.count("warning:") == 1
    assert (own / ".cache" / "orbitset" / "assets").is_dir()
    assert own.stat().st_mode & 0o777 == 0o700


def test_a_user_without_a_home_who_says_where(folder: Path, tmp_path: Path) -> None:
    result = shell(
        folder,
        "recipe check recipe.yaml",
        before=without_passwd(),
        HOME=None,
        TMPDIR=str(tmp_path),
        ORBITSET_CACHE=str(tmp_path / "models"),
    )
    assert result.returncode == 0, result.stderr
    assert b"warning" not in result.stderr
    assert (tmp_path / "models" / "assets").is_dir()


def test_a_home_that_somebody_else_has_made(folder: Path, tmp_path: Path) -> None:
    """A link to elsewhere in a folder that everybody may write to is not followed."""
    (tmp_path / "orbitset-54321").symlink_to(folder)
    result = shell(
        folder,
        "recipe check recipe.yaml",
        before=without_passwd(),
        HOME=None,
        ORBITSET_CACHE=None,
        TMPDIR=str(tmp_path),
    )
    assert result.returncode == 1
    (line,) = result.stderr.decode().splitlines()
    assert line.startswith("error: this user has no home folder, and ")
    assert "set HOME and ORBITSET_CACHE" in line
