"""Every model and recipe at hand, the way a user meets them: ``python -m tests.every_model PATH...``.

Each model file below the given folders, and each recipe, is rendered by the program itself (one
image of 96x72), and what comes out is validated. A file may be refused with one sentence that names
it, or be rendered to a dataset that ``dataset validate`` finds nothing wrong with; everything else
(a traceback, another exit code, a wrong label) is listed, and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from renderer.values.files import MODEL_SUFFIXES

_REPOSITORY = Path(__file__).parent.parent
_LIMIT_S = 300


@dataclass(frozen=True)
class Outcome:
    """What became of one file: ``trouble`` is empty where that is as it should be."""

    name: str
    code: int
    said: list[str]
    warnings: list[str]
    trouble: str


def inputs(paths: list[Path]) -> Iterator[Path]:
    """Yield the models and recipes among files and folders."""
    for path in paths:
        below = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (each for each in below if each.suffix.lower() in (*MODEL_SUFFIXES, ".yaml"))


def recipe_of(model: Path, folder: Path) -> Path:
    """Write the shortest recipe of a model, with a small frame."""
    path = folder / "recipe.yaml"
    recipe = {
        "name": "every-model",
        "images": 1,
        "objects": [{"asset": str(model.resolve()), "category": "thing"}],
        "camera": {"resolution": [96, 72]},
        "render": {"samples": 2},
    }
    path.write_text(json.dumps(recipe), encoding="utf-8")
    return path


def run(*words: object) -> tuple[int, str]:
    """Run the program; return its exit code and what it said."""
    command = [sys.executable, str(_REPOSITORY / "cli.py"), *map(str, words)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return 124, f"not done within {_LIMIT_S} s"
    return done.returncode, done.stdout + done.stderr


def try_out(path: Path) -> Outcome:
    """Render and validate one file."""
    with tempfile.TemporaryDirectory(prefix="orbitset-every-") as scratch:
        folder = Path(scratch)
        recipe = path if path.suffix == ".yaml" else recipe_of(path, folder)
        out = folder / "out"
        code, text = run("render", recipe, "-o", out, "--devices", "cpu", "--per-device", 1)
        said = [line for line in text.splitlines() if line.startswith(("error:", "warning:"))]
        trouble, warnings = "", list[str]()
        if "Traceback" in text or code not in (0, 1, 2):
            trouble = f"exit code {code}: {text.strip()[-500:]}"
        elif code == 2 and len(said) != 1:
            trouble = f"refused without one sentence: {text.strip()[-500:]}"
        elif code == 1:
            trouble = f"its image failed: {said}"
        elif code == 0:
            warnings = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["warnings"]
            valid, findings = run("dataset", "validate", out)
            trouble = findings.strip()[-500:] if valid else ""
        return Outcome(f"{path.parent.name}/{path.name}", code, said, warnings, trouble)


def main() -> int:
    """Try all; print a line a file and what is wrong; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", type=Path, nargs="+")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    with ThreadPoolExecutor(options.jobs) as pool:
        outcomes = []
        for outcome in pool.map(try_out, inputs(options.paths)):
            outcomes.append(outcome)
            state = "WRONG" if outcome.trouble else "refused" if outcome.code else "valid"
            print(f"{state:8}{outcome.name}", flush=True)
            for line in [outcome.trouble] if outcome.trouble else outcome.warnings + outcome.said:
                print(f"        {line}")
    wrong = sum(bool(outcome.trouble) for outcome in outcomes)
    refused = sum(outcome.code == 2 for outcome in outcomes)
    print(f"{len(outcomes)} files: {refused} refused, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
