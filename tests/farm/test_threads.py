"""Processes as the farm starts them: how many threads each library in them has by its own word."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from renderer.dataset.layout import Layout
from renderer.farm import asset_import, worker
from renderer.farm.local import LocalExecutor
from renderer.farm.machine import usable_cores
from renderer.farm.slots import Slot, make_slots
from renderer.farm.threads import few_cores, loaded_libraries
from renderer.farm.worker import WorkerSetup
from renderer.plan import Planner
from tests.conftest import CROWD, REPOSITORY, write_recipe

Maker = Callable[..., Planner]
_BLAS = (
    "openblas_get_num_threads",
    "openblas_get_num_threads64_",
    "scipy_openblas_get_num_threads",
)
_TBB = "_ZN3tbb6detail2r115max_concurrencyEPKNS0_2d115task_arena_baseE"


def asked(pattern: str, *names: str) -> dict[str, int]:
    """What each loaded library of a kind answers."""
    answers = {}
    for path in loaded_libraries(pattern):
        library = ctypes.CDLL(str(path))
        for name in names:
            if hasattr(library, name):
                answers[path.name] = int(getattr(library, name)(None))
    return answers


def figures() -> dict[str, Any]:
    """Work with every library in this process, then ask each."""
    import cv2
    import numpy as np
    import pyoidn
    import scipy.linalg

    picture = np.random.default_rng(0).random((120, 160, 3), np.float32)
    scipy.linalg.inv(np.eye(300) + picture[0, 0, 0])
    cv2.resize(picture, (640, 480))
    pyoidn.denoise(picture, quality="fast")
    with pyoidn.Device() as device:
        device.commit()
        oidn = device.get_int("numThreads")
    return {
        "cores": len(os.sched_getaffinity(0)),
        "blas": asked("openblas", *_BLAS),
        "tbb": asked(r"libtbb\b", _TBB),
        "cv2": cv2.getNumThreads(),
        "oidn": oidn,
        "mesa": os.environ["LP_NUM_THREADS"],
    }


def render_and_ask(planner: Planner) -> dict[str, Any]:
    """Render a shot of about a second; tell how many cores that has kept busy as well."""
    shot = planner.shot(0)
    begun, spent = time.monotonic(), time.process_time()
    worker._renderers["cpu"].render(shot)
    busy = (time.process_time() - spent) / (time.monotonic() - begun)
    alive = {len(os.sched_getaffinity(int(task))) for task in os.listdir("/proc/self/task")}
    return {**figures(), "busy": busy, "cores of any thread": alive}


def test_a_worker_of_one_thread_has_one_in_every_pool(make_planner: Maker, tmp_path: Path) -> None:
    """On any number of cores, as under a container's quota of one."""
    planner = make_planner({**CROWD, "render": {"samples": 300}})
    layout = Layout(tmp_path / "out")
    layout.parts.mkdir(parents=True)
    setup = WorkerSetup(planner, layout, tmp_path / "blender.log")
    executor = LocalExecutor(setup, [Slot("cpu.0", "cpu", 1)], tmp_path)
    try:
        process = executor._processes[0]
        found = process.pool.schedule(render_and_ask, args=(planner,)).result(120)
    finally:
        executor.close()
    cores = len(os.sched_getaffinity(0))
    assert len(found["blas"]) == 3  # numpy's, scipy's, OpenCV's
    assert set(found["blas"].values()) == {1}
    assert len(found["tbb"]) >= 2  # Blender's and OIDN's, Embree's
    assert set(found["tbb"].values()) == {1}
    assert (found["cv2"], found["oidn"], found["mesa"]) == (1, 1, "1")
    assert found["busy"] < 1.3
    # They are few, but not tied to the cores that they were counted on.
    assert (found["cores"], found["cores of any thread"]) == (cores, {cores})


def test_a_quota_leaves_a_process_unpinned_with_as_many_threads() -> None:
    (slot,) = make_slots("cpu", [], per_device=1, cores=range(64), quota=1)
    assert (slot.threads, slot.cores) == (1, ())
    assert {s.threads for s in make_slots("cpu", [], per_device=3, cores=range(64), quota=6)} == {2}


def test_importing_spins_no_linear_algebra(solids: Path, tmp_path: Path) -> None:
    from renderer.asset import AssetCache, AssetSource

    cache, source = AssetCache(tmp_path / "cache"), AssetSource(solids / "box.ply")
    pool = asset_import._new_pool(str(tmp_path))
    try:
        assert asset_import._import_one(pool, source, cache)
        found = pool.schedule(figures).result(120)
    finally:
        pool.stop()
        pool.join()
    assert set(found["blas"].values()) == {1}
    assert max(found["tbb"].values()) <= usable_cores()
    assert found["cv2"] <= usable_cores()


def test_libraries_loaded_before_are_capped_too(tmp_path: Path) -> None:
    """A script of the user's may have imported them; the process that it starts imports it again."""
    script = tmp_path / "script.py"
    script.write_text(
        "import cv2, numpy, scipy.linalg\n"
        "from renderer.farm.threads import cap_pools, few_cores\n"
        "from tests.farm.test_threads import _BLAS, asked\n"
        "with few_cores(1): cap_pools(1)\n"
        "print(cv2.getNumThreads(), set(asked('openblas', *_BLAS).values()))\n"
    )
    environment = {
        **os.environ,
        "OPENBLAS_NUM_THREADS": "2",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    run = subprocess.run(
        [sys.executable, script], env=environment, capture_output=True, text=True, check=False
    )
    assert run.stdout == "1 {1}\n", run.stderr


def test_few_cores_are_given_back_to_every_thread() -> None:
    before, ready, over = os.sched_getaffinity(0), threading.Event(), threading.Event()
    seen: list[set[int]] = []

    def wait() -> None:
        seen.append(os.sched_getaffinity(0))
        ready.set()
        over.wait()
        seen.append(os.sched_getaffinity(0))

    born_inside = threading.Thread(target=wait)
    with few_cores(1):
        born_inside.start()
        ready.wait()
    over.set()
    born_inside.join()
    assert len(seen[0]) == 1
    assert seen[1] == os.sched_getaffinity(0) == before


@pytest.mark.parametrize("options", ["ro", "nr_blocks=1"])
def test_no_room_for_locks_is_one_sentence(solids: Path, tmp_path: Path, options: str) -> None:
    recipe = write_recipe(tmp_path / "r", CROWD, solids)
    command = f"{sys.executable} {REPOSITORY}/cli.py render {recipe} -o {tmp_path}/out"
    script = f"mount -t tmpfs -o {options} none /dev/shm || exit 77; {command} --devices cpu"
    environment = {**os.environ, "ORBITSET_CACHE": str(tmp_path / "cache")}
    run = subprocess.run(
        ["unshare", "-m", "sh", "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode == 77 or "unshare" in run.stderr:
        pytest.skip("no mount namespaces here (not root)")
    assert run.returncode == 1
    assert "error: /dev/shm cannot be written" in run.stderr
    assert "Traceback" not in run.stderr
