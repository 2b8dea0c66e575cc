"""What the farm costs and what slots bring: ``python -m tests.benchmarks.farm [--shots 200]``.

1. The scheduler's own cost at shots of about a second: how long its worker waited between jobs, and
   the CPU time of the scheduler's process, each as a share of the wall time. Exit code 1 above 2 %.
2. Images a second of 1 slot with 1 thread, 2 slots with 1 thread each (threads pinned to a core
   each), and 1 slot with all threads, for small and large shots; the efficiency is that of 2 slots
   over 1. Measured while all slots render: starting Blender is left out.
3. On a machine with GPUs: images a second for 1, 2 and 4 processes a GPU.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import Any

from renderer.asset import AssetCache
from renderer.dataset.layout import Layout
from renderer.farm.asset_import import default_cache, import_models, recipe_keys
from renderer.farm.devices import gpus_here, list_devices
from renderer.farm.disk import DiskWatch
from renderer.farm.events import Event, JobStarted, ShotDone
from renderer.farm.local import LocalExecutor
from renderer.farm.slots import Slot, make_slots
from renderer.farm.supervisor import Supervisor
from renderer.farm.worker import WorkerSetup
from renderer.plan import Planner, asset_sources
from renderer.recipe import Recipe

REPOSITORY = Path(__file__).parent.parent.parent
_MOST = 0.02
# Resolution, samples, and how many images are enough to see.
_SIZES = (((96, 72), 1, 200), ((320, 240), 4, 20), ((640, 480), 8, 8))


def planner_of(resolution: tuple[int, int], samples: int, images: int) -> Planner:
    """A mug on a floor under an HDRI, denoised as by default."""
    recipe = Recipe.model_validate(
        {
            "name": "bench",
            "images": images,
            "objects": [{"asset": "assets/models/market_mug/model.gltf", "category": "mug"}],
            "camera": {"resolution": list(resolution)},
            "lighting": {"world": {"hdri": "studio"}},
            "render": {"samples": samples},
        }
    )
    cache: AssetCache = default_cache()
    sources = asset_sources(recipe, REPOSITORY)
    known, errors = import_models([s for each in sources for s in each.values()], cache)
    assert not errors, errors
    return Planner(recipe, REPOSITORY, cache, recipe_keys(sources, known))


def run(planner: Planner, slots: list[Slot], images: int) -> list[Event]:
    """Render some images; return all events."""
    events: list[Event] = []
    with tempfile.TemporaryDirectory(prefix="orbitset-bench-") as scratch:
        layout, spool = Layout(Path(scratch) / "out"), Path(scratch) / "spool"
        spool.mkdir()
        setup = WorkerSetup(planner, layout, Path(scratch) / "blender.log")
        executor = LocalExecutor(setup, slots, spool)
        watch = DiskWatch(layout.root, 0)
        Supervisor(executor, layout, deque(range(images)), events.append, watch).run()
    return events


def rate(events: list[Event]) -> float:
    """Images a second while every worker renders."""
    times: dict[str, list[float]] = {}
    for event in events:
        if isinstance(event, ShotDone):
            times.setdefault(event.worker, []).append(event.time)
    begin, end = max(t[0] for t in times.values()), min(t[-1] for t in times.values())
    return sum(begin < when <= end for t in times.values() for when in t) / (end - begin)


def scheduler_cost(shots: int) -> bool:
    planner = planner_of((320, 240), 8, shots)
    before = resource.getrusage(resource.RUSAGE_SELF)
    events = run(planner, make_slots("cpu", [], per_device=1), shots)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    done = [event for event in events if isinstance(event, ShotDone)]
    begun = next(event.time for event in events if isinstance(event, JobStarted))
    wall = max(event.time for event in events) - begun
    busy = sum(event.seconds for event in done)
    jobs = sum(isinstance(event, JobStarted) for event in events)
    waited = (wall - busy) / wall
    print(
        f"{len(done)} shots of {busy / len(done):.2f} s in {jobs} jobs: the worker waited "
        f"{waited:.2%} of {wall:.0f} s; the scheduler's CPU time is {cpu / wall:.2%} of it",
        flush=True,
    )
    return waited <= _MOST


def scaling(resolution: tuple[int, int], samples: int, images: int, rounds: int) -> None:
    planner = planner_of(resolution, samples, images)
    cores = sorted(os.sched_getaffinity(0))
    one = [Slot("cpu.0", "cpu", 1, (cores[0],))]
    two = [Slot(f"cpu.{n}", "cpu", 1, (core,)) for n, core in enumerate(cores[:2])]
    whole = make_slots("cpu", [], per_device=1)
    # Twice and interleaved: this is how a machine that gets slower shows.
    found = [
        [rate(run(planner, slots, images)) for slots in (one, two, whole)] for _ in range(rounds)
    ]
    single, double, threaded = (max(column) for column in zip(*found, strict=True))
    print(
        f"{resolution[0]}x{resolution[1]}, {samples} samples: 1 slot of 1 thread {single:.2f}, "
        f"2 slots of 1 thread {double:.2f} (efficiency {double / single / 2:.0%}), "
        f"1 slot of {len(cores)} threads {threaded:.2f} images/s",
        flush=True,
    )


def gpus(devices: list[str]) -> None:
    named = [(backend, name) for backend, name in list_devices() if backend != "CPU"]
    planner = planner_of((640, 480), 16, 400)
    for processes in (1, 2, 4):
        slots = make_slots(devices[0], devices, per_device=processes)
        begun = time.perf_counter()
        events = run(planner, slots, 400)
        took = time.perf_counter() - begun
        print(
            f"{named[0][1]}, {processes} processes: {rate(events):.2f} images/s "
            f"({took:.0f} s for 400 with start-up)",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shots", type=int, default=200, help="of part 1; 0 leaves it out")
    parser.add_argument("--rounds", type=int, default=2, help="of part 2")
    options: Any = parser.parse_args()
    good = scheduler_cost(options.shots) if options.shots else True
    for resolution, samples, images in _SIZES:
        scaling(resolution, samples, images, options.rounds)
    found = [device for device in gpus_here() if device.endswith(":0")]
    gpus(found) if found else print("no GPU here")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
