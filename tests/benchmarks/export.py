"""Memory and time of exporting many records.

``python -m tests.benchmarks.export [SIZE ...]``, by default 10,000 and 100,000 records: a dataset of
small pictures that are all links to a few files, written in every format that it has the labels for,
in a split by models, and compared again as ``dataset validate`` does. Each step runs in a process of
its own, whose CPU time and peak memory the kernel tells. Exit code 1 where ten times the records take
more than 12 times as long, or 30 MB more.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from renderer.asset import AssetCache
from renderer.dataset.assemble import assemble
from renderer.dataset.layout import Layout
from renderer.dataset.manifest import read_manifest
from renderer.dataset.validation import Validation
from renderer.export.check import check_exports
from renderer.export.write import export, exports_folder
from renderer.recipe.exports import export_of, format_of
from renderer.registry import FORMATS
from tests import shapes
from tests.benchmarks import records
from tests.conftest import put_solid

_MOST_GROWTH_MB = 30
# What is compared again is a matter of files, not of formats: of many small ones and of few large.
_COMPARED = ("yolo", "webdataset")
_VIEWS = 5  # of each shot: one format is of sequences
_SPLIT, _CHECK = "in a split", "check"
# What is measured besides every format as it is unless said.
_SIDES = {"train": 0.8, "val": 0.1, "test": 0.1}
_MORE: dict[str, dict[str, Any]] = {
    _SPLIT: {"format": "yolo", "split": _SIDES, "by": "asset"},
    "hf-parquet": {"format": "hf", "layout": "parquet"},
}


def step(name: str, root: Path) -> None:
    """Do one step in this process and print what it took."""
    layout, cache = Layout(root), AssetCache(root.parent / "cache")
    if name == _CHECK:
        validation = Validation()
        check_exports(layout, validation, cache)
        assert not validation.findings, validation.findings[:3]
    else:
        choice = export_of(_MORE.get(name, {"format": name}))
        export(layout, choice, exports_folder(layout, format_of(choice)), cache=cache)
    print(json.dumps({"seconds": time.process_time(), "peak_mb": records.peak_mb()}))


def applying(layout: Layout) -> list[str]:
    """The formats that the dataset has the labels for, those that are compared last."""
    kinds = set(read_manifest(layout).labels)
    names = [name for name, form in FORMATS.all().items() if set(form.needs) <= kinds]
    return sorted(names, key=lambda name: name in _COMPARED)


def measure(size: int) -> dict[str, dict[str, Any]]:
    """Export a dataset of so many records in every format."""

    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "data"
        records.make(root, size, _VIEWS)
        put_solid(AssetCache(root.parent / "cache"), "thing", *shapes.box((0.6, 0.4, 0.8)))
        assemble(Layout(root))
        (model,) = read_manifest(Layout(root)).assets.values()
        put_solid(AssetCache(root.parent / "cache"), model.digest, *shapes.box())
        for name in (*_MORE, *applying(Layout(root)), _CHECK):
            command = [sys.executable, "-m", "tests.benchmarks.export", name, str(root)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found[name] = took = json.loads(done.stdout)
            print(
                f"{size:>9,} records, {name:<14} {took['seconds']:7.1f} s "
                f"({took['seconds'] / size * 1e6:.0f} us a record), peak {took['peak_mb']:.0f} MB",
                flush=True,
            )
            if name not in (*_COMPARED, _CHECK):
                shutil.rmtree(root / "exports")
    return found


def main(sizes: list[int]) -> None:
    """Measure every size, and compare the largest to the smallest."""
    found = [measure(size) for size in sizes]
    times = sizes[-1] / sizes[0]
    good = all(
        found[-1][name]["seconds"] <= 1.2 * times * found[0][name]["seconds"]
        and found[-1][name]["peak_mb"] <= found[0][name]["peak_mb"] + _MOST_GROWTH_MB
        for name in found[0]
    )
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    if len(sys.argv) == 3 and not sys.argv[1].isdigit():
        step(sys.argv[1], Path(sys.argv[2]))
    else:
        main([int(size) for size in sys.argv[1:]] or [10_000, 100_000])
