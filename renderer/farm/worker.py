"""The worker process: a Blender stage that renders chunks and writes their parts."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from renderer.blender.libraries import forget_inherited_paths
from renderer.dataset.layout import Layout
from renderer.dataset.parts import Line, write_part
from renderer.farm.journal import Journal
from renderer.pipeline import Camera, Pipeline, failed_line
from renderer.plan import Planner


@dataclass(frozen=True)
class WorkerSetup:
    """What a worker needs to begin."""

    planner: Planner
    layout: Layout
    device: str
    threads: int

    @property
    def journal(self) -> Path:
        """Where workers tell what they do."""
        return self.layout.logs / "run.jsonl"

    @property
    def log(self) -> Path:
        """Where Blender's own output goes."""
        return self.layout.logs / "blender.log"


_stages: dict[int, Camera] = {}


def begin(setup: WorkerSetup) -> None:
    """Start Blender in this process; called once, before any chunk."""
    from renderer.blender.quiet import redirect_output

    redirect_output(setup.log)
    _die_with_parent()
    forget_inherited_paths()
    from renderer.blender.stage import Stage

    _stages[os.getpid()] = Stage(
        setup.planner.cache, setup.planner.folder, setup.device, setup.threads
    )


def _die_with_parent() -> None:
    """Have Linux kill this process when its supervisor is killed: an orphan would go on rendering
    beside the run that resumes.
    """
    if sys.platform.startswith("linux"):
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def render_chunk(setup: WorkerSetup, indices: tuple[int, ...], given_up: dict[int, str]) -> int:
    """Render the shots of one chunk and write its part; return how many failed.

    Args:
        setup: what ``begin`` was called with.
        indices: the shots.
        given_up: shots not to try again because they killed workers, with the cause.

    """
    journal = Journal(setup.journal)
    # The sign that the worker lives: planning, which may crash as well, begins before any "start".
    journal.write("chunk", shots=list(indices))
    pipeline = Pipeline(setup.planner, _stages[os.getpid()], setup.layout)

    def started(index: int) -> None:
        journal.write("start", shot=index)

    def lines() -> Iterator[Line]:
        for index, cause in given_up.items():
            yield failed_line(index, None, cause)
        yield from pipeline.run([index for index in indices if index not in given_up], started)

    kept: list[Line] = []
    for line in lines():
        kept.append(line)
        if "failed" in line:
            journal.write("failed", shot=line["index"], cause=line["failed"])
        else:
            journal.write("done", shot=line["index"])
    write_part(setup.layout, sorted(kept, key=lambda line: int(line["index"])))
    return sum("failed" in line for line in kept)
