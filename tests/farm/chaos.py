"""A scheduler whose shots misbehave: ``python -m tests.farm.chaos RECIPE OUT [--harmless]``.

All is the product's own but the planner, which has faults at three shots: one segfaults while it is
being finished, one hangs, one raises. With --harmless all three only raise.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from renderer.commands.execute import execute, finish_run
from renderer.commands.import_progress import import_with_progress
from renderer.commands.origin import origin_of
from renderer.commands.terminal import errors_as_sentences
from renderer.dataset.layout import Layout
from renderer.farm.run import Run
from renderer.farm.scheduler import FarmOptions
from renderer.plan import PlanError, Planner
from renderer.recipe import load_recipe
from renderer.shot.shot import Shot

SEGFAULTS, HANGS, RAISES = 23, 91, 150
HANG_LIMIT_S = 4.0
# The variable that names the file where a worker that hangs leaves its number.
HANGING = "ORBITSET_TEST_HANGING"


class CrashingShot(Shot):
    """A shot that kills its process when its picture is about to be written."""

    @property
    def images(self) -> Any:
        os.kill(os.getpid(), signal.SIGSEGV)
        raise AssertionError


@dataclass(frozen=True)
class FaultyPlanner(Planner):
    """Plans like another, with faults."""

    harmless: bool = False

    def shot(self, index: int) -> Shot:
        if index in (SEGFAULTS, HANGS, RAISES) and (self.harmless or index == RAISES):
            raise PlanError(f"image {index} cannot be planned")
        if index == HANGS:
            Path(os.environ[HANGING]).write_text(str(os.getpid()))
            time.sleep(3600)
        shot = super().shot(index)
        return CrashingShot.model_validate(shot.model_dump()) if index == SEGFAULTS else shot


@dataclass(frozen=True)
class FaultyRun(Run):
    harmless: bool = False

    @property
    def planner(self) -> Any:
        good = super().planner
        return FaultyPlanner(good.recipe, good.folder, good.cache, good.keys, self.harmless)


def main(recipe: Path, out: Path, harmless: bool) -> None:
    with errors_as_sentences():
        loaded = load_recipe(recipe)
        assets = import_with_progress(loaded.recipe, loaded.folder, quiet=True)
        run = FaultyRun(
            loaded.recipe, loaded.folder, Layout(out), assets.cache, assets.known, harmless=harmless
        )
        options = FarmOptions(devices="cpu", per_device=2, shot_timeout_s=HANG_LIMIT_S)
        with run.locked():
            run.claim(origin_of(recipe, {}))
            execute(run, run.pending(), options, quiet=False)
            finish_run(run, as_json=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), "--harmless" in sys.argv)
