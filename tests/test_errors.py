"""What becomes a sentence and what does not: errors of the user's making, and defects of ours."""

from __future__ import annotations

import ast
import importlib
import os
import pickle
import pkgutil
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import renderer
from renderer.commands.app import app
from renderer.commands.terminal import errors_as_sentences
from renderer.dataset.layout import Layout
from renderer.errors import UnavailableError, UserError
from renderer.farm.interrupt import RunStoppedError
from renderer.pipeline import Pipeline
from renderer.plan import Planner
from renderer.shot.frame import Frame
from renderer.shot.shot import Shot
from tests import shapes
from tests.conftest import REPOSITORY

# Raised for a caller of our own, who asks for what there cannot be.
OURS = {
    "renderer/dataset/validate.py",
    "renderer/truth/mask.py",
}
# How to make one of each class that is not made of one sentence.
MADE: dict[str, tuple[Any, ...]] = {
    "RecipeError": ([],),
    "SourceError": ("no", (1, 2), ("a", 0)),
    "DiskError": (28, "No space left on device", "/x"),
    "RunStoppedError": (15, True),
}


def kinds(base: type[UserError] = UserError) -> Iterator[type[UserError]]:
    yield base
    for kind in base.__subclasses__():
        yield from kinds(kind)


@pytest.fixture(scope="module")
def every_kind() -> list[type[UserError]]:
    for module in pkgutil.walk_packages(renderer.__path__, "renderer."):
        if not module.name.startswith("renderer.blender.") or "libraries" in module.name:
            importlib.import_module(module.name)
    return list(dict.fromkeys(kinds()))


def test_every_kind_of_error_is_known_and_has_an_exit_code(
    every_kind: list[type[UserError]],
) -> None:
    names = {kind.__name__ for kind in every_kind}
    assert names >= {"AssetError", "PlanError", "RunError", "RunBusyError", "AssembleError"}
    assert names >= {"DatasetError", "RecipeError", "MissingLibrariesError", *MADE}
    for kind in every_kind:
        error = kind(*MADE.get(kind.__name__, ("one sentence",)))
        assert error.exit_code in (1, 2, 143), kind
        again = pickle.loads(pickle.dumps(error))  # it may come from another process
        assert type(again) is kind
        assert str(again) == str(error)
        assert again.exit_code == error.exit_code
        assert vars(again) == vars(error)


def test_every_kind_becomes_sentences(
    every_kind: list[type[UserError]], capsys: pytest.CaptureFixture[str]
) -> None:
    for kind in every_kind:
        error = kind(*MADE.get(kind.__name__, ("one sentence",)))
        with pytest.raises(typer.Exit) as ended, errors_as_sentences():
            raise error
        assert ended.value.exit_code == error.exit_code
        said = capsys.readouterr().err
        assert said == "".join(f"error: {each}\n" for each in error.sentences())


def test_only_errors_with_the_base_class_are_raised_for_users() -> None:
    """A plain ValueError or RuntimeError is a defect to whoever runs the program."""
    for path in (REPOSITORY / "renderer").rglob("*.py"):
        name = path.relative_to(REPOSITORY).as_posix()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                raised = ast.unparse(node.exc.func)
                if raised in ("ValueError", "RuntimeError", "Exception", "KeyError"):
                    assert name in OURS, f"{name}:{node.lineno}"


def test_a_stop_says_by_what() -> None:
    assert RunStoppedError(2, False).exit_code == 130
    assert str(RunStoppedError(15, True)) == "stopped by SIGTERM"
    assert isinstance(UnavailableError("x"), RuntimeError)


DEFECT = """
import sys, renderer.{module} as module
def broken(*arguments, **named):
    raise {error}
module.{name} = broken
from renderer.commands.app import main
sys.argv = ["orbitset", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize(
    ("error", "module", "name", "arguments"),
    [
        ("KeyError('x')", "recipe", "load_recipe", ["recipe", "check", "r.yaml"]),
        ("ValueError('no such thing')", "recipe", "recipe_schema", ["recipe", "schema"]),
        ("RuntimeError('odd')", "commands.doctor", "_memory", ["doctor", "--json"]),
        ("AssertionError()", "farm.status", "run_status", ["farm", "status", "."]),
    ],
)
def test_a_defect_asks_for_a_report(
    tmp_path: Path, error: str, module: str, name: str, arguments: list[str]
) -> None:
    code = DEFECT.format(error=error, module=module, name=name)
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        cwd=tmp_path,
        check=False,
    )
    assert result.returncode == 70
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    kind = error.partition("(")[0]
    assert line.startswith(f"error: this is a defect of orbitset {renderer.__version__} ({kind}")
    log = Path(re.search(r"please report it, with the log (\S+)$", line)[1])  # type: ignore[index]
    assert log.parent == tmp_path
    told = log.read_text()
    assert "Traceback (most recent call last)" in told
    assert f"in broken\n    raise {error}" in told or kind in told
    assert f"orbitset {' '.join(arguments)}" in told


def test_a_defect_where_no_log_can_be_written() -> None:
    """Files may have no bytes at all: then the traceback itself is printed."""
    code = DEFECT.format(error="KeyError('x')", module="recipe", name="recipe_schema")
    result = subprocess.run(
        [sys.executable, "-c", code, "recipe", "schema"],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
        check=False,
    )
    assert result.returncode == 70
    assert "please report it, with this:" in result.stderr
    assert result.stderr.rstrip().endswith("KeyError: 'x'")


def test_a_defect_under_a_test_runner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("renderer.recipe.recipe_schema", lambda: {}["x"])
    result = CliRunner().invoke(app, ["recipe", "schema"])
    assert result.exit_code == 70
    assert "this is a defect of orbitset" in result.stderr
    (log,) = tmp_path.glob("orbitset-defect-*.log")
    assert "KeyError: 'x'" in log.read_text()


def test_a_shot_that_fails_by_a_defect_leaves_its_traceback_in_the_log(
    plain_planner: Callable[..., Planner], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A worker's stderr is its log. What is the user's to mend is told without one."""

    @dataclass
    class Broken:
        error: Exception

        def render(self, shot: Shot) -> Frame:
            raise self.error

    planner = plain_planner(
        {
            "name": "t",
            "images": 1,
            "objects": [{"asset": "box.ply", "category": "box"}],
            "lighting": {"world": {"color": "white"}},
        },
        box=shapes.box((1.0, 1.0, 1.0)),
    )
    causes = {
        "KeyError: 'x'": KeyError("x"),
        "photo.jpg cannot be read": UnavailableError("photo.jpg cannot be read"),
    }
    for cause, error in causes.items():
        (line,) = Pipeline(planner, Broken(error), Layout(tmp_path)).run([0])
        assert line["failed"] == cause
        said = capfd.readouterr().err
        assert ("in render" in said and "Traceback" in said) == isinstance(error, KeyError)
