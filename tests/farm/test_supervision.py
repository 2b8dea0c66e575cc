"""Supervision by real processes whose planner misbehaves on one device; devices here are all CPUs
under other names, pinned to a core each, which is how a planner can tell where it is.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest

from renderer.dataset.layout import Layout
from renderer.dataset.parts import PartIndex
from renderer.farm import slot_process
from renderer.farm.attribution import Death
from renderer.farm.base_event import BaseEvent
from renderer.farm.disk import DiskWatch
from renderer.farm.events import (
    DeviceSetAside,
    Event,
    JobStarted,
    ShotDone,
    ShotFailed,
    ShotQuarantined,
    ShotStarted,
    WorkerHung,
    WorkerRecycled,
    WorkerStarted,
)
from renderer.farm.job import Job
from renderer.farm.local import LocalExecutor
from renderer.farm.memory import out_of_memory
from renderer.farm.slots import Slot
from renderer.farm.supervisor import Supervisor
from renderer.farm.timeouts import ShotTimeout
from renderer.farm.worker import WorkerSetup
from renderer.plan import Planner
from renderer.shot.shot import Shot
from tests.conftest import CROWD

Maker = Callable[..., Planner]
E = TypeVar("E", bound=BaseEvent)
TINY = {**CROWD, "images": 12, "camera": {"resolution": [64, 48]}, "render": {"samples": 1}}


def only(kind: type[E], events: Iterable[Event]) -> list[E]:
    return [event for event in events if isinstance(event, kind)]


@dataclass(frozen=True)
class FaultyPlanner(Planner):
    """A planner of shots that go wrong in ways given by ``fault``."""

    fault: str = ""

    def shot(self, index: int) -> Shot:
        device = os.environ["TEST_DEVICE"]
        once = Path(os.environ["TEST_ONCE"])
        if self.fault == "bad device" and device == "cpu:0":
            while len(list(once.parent.glob("bad-*"))) < 3 and not once.exists():
                time.sleep(0.01)  # so that the other one gets enough to fail
        if self.fault == "bad device" and device == "cpu:1":
            (once.parent / f"bad-{index}").touch()
            return UnrenderableShot.model_validate(super().shot(index).model_dump())
        shot = super().shot(index)
        if self.fault == "render once" and index == 5 and not once.exists():
            once.touch()
            return UnrenderableShot.model_validate(shot.model_dump())
        if self.fault == "render" and index == 5:
            return UnrenderableShot.model_validate(shot.model_dump())
        if self.fault == "finish" and index == 5:
            return UnfinishableShot.model_validate(shot.model_dump())
        if self.fault == "plan" and index == 5:
            raise RuntimeError("no plan")
        if self.fault == "environment":
            raise RuntimeError(f"{device} {sorted(os.sched_getaffinity(0))}")
        if self.fault == "large" and index % 4 == 1 and device != "spare":
            return LargeShot.model_validate(shot.model_dump())
        if self.fault == "slow once" and index == 5 and not once.exists():
            once.touch()
            time.sleep(3600)
        return shot


class UnrenderableShot(Shot):
    """A shot that raises while it is rendered."""

    def __getattribute__(self, name: str) -> Any:
        if name == "lamps":  # which nobody but the stage looks at
            raise RuntimeError("CUDA error: an illegal memory access was encountered")
        return super().__getattribute__(name)


class UnfinishableShot(Shot):
    """A shot that raises when its picture is about to be written."""

    @property
    def images(self) -> Any:
        raise RuntimeError("no picture")


class LargeShot(Shot):
    """A shot that no GPU's memory holds."""

    @property
    def images(self) -> Any:
        raise RuntimeError("System is out of GPU memory")


@dataclass(frozen=True)
class PinnedSlot(Slot):
    def environment(self, present: Any) -> dict[str, str]:
        named = {"TEST_DEVICE": "spare" if self.device == "cpu" else self.device}
        return {**super().environment(present), **named}


@dataclass
class Farm:
    """A supervisor over two "devices" of one process each."""

    planner: Planner
    root: Path
    events: list[Event]

    def executor(self, fault: str, slots: int) -> LocalExecutor:
        good = self.planner
        faulty = FaultyPlanner(good.recipe, good.folder, good.cache, good.keys, fault)
        layout = Layout(self.root / "out")
        spool = self.root / "spool"
        spool.mkdir()
        setup = WorkerSetup(faulty, layout, layout.logs / "blender.log")
        cores = sorted(os.sched_getaffinity(0))
        places: list[Slot] = [
            PinnedSlot(f"cpu:{n}.0", f"cpu:{n}", 1, (cores[n % len(cores)],)) for n in range(slots)
        ]
        return LocalExecutor(setup, places, spool)

    def run(self, fault: str, slots: int = 2, **options: Any) -> PartIndex:
        executor = self.executor(fault, slots)
        layout = executor.base.layout
        supervisor = Supervisor(
            executor,
            layout,
            deque(range(self.planner.recipe.images)),
            self.events.append,
            DiskWatch(layout.root, 0),
            **options,
        )
        supervisor.run()
        return PartIndex(layout)

    def told(self, kind: type[E]) -> list[E]:
        return only(kind, self.events)


@pytest.fixture
def farm(make_planner: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Farm:
    monkeypatch.setenv("TEST_ONCE", str(tmp_path / "once"))
    monkeypatch.setenv("TEST_DEVICE", "spare")
    return Farm(make_planner(TINY), tmp_path, [])


def test_a_process_is_pinned_to_its_slot(farm: Farm) -> None:
    """Told from inside the processes: each has the variables and the core of its slot."""
    farm.run("environment", chunk=1)
    cores = sorted(os.sched_getaffinity(0))
    said = {event.device: event.cause for event in farm.told(ShotFailed)}
    assert said == {
        f"cpu:{n}": f"RuntimeError: cpu:{n} [{cores[n % len(cores)]}]" for n in range(2)
    }


def test_a_device_that_fails_what_others_can_is_set_aside(farm: Farm) -> None:
    index = farm.run("bad device", chunk=1)
    assert index.done() == set(range(12))
    assert not index.failed()
    assert [event.device for event in farm.told(DeviceSetAside)] == ["cpu:1"]
    failed = farm.told(ShotFailed)
    assert {event.device for event in failed} == {"cpu:1"}
    assert all(event.again for event in failed)
    assert 3 <= len(failed) <= 6


@pytest.mark.parametrize("slots", [1, 2])
def test_rendering_that_fails_once_is_tried_again(farm: Farm, slots: int) -> None:
    """On another device where there is one, else on the same."""
    index = farm.run("render once", slots=slots)
    assert index.done() == set(range(12))
    assert not index.failed()
    (failed,) = farm.told(ShotFailed)
    assert (failed.shot, failed.stage, failed.again) == (5, "render", True)
    (done,) = [event for event in farm.told(ShotDone) if event.shot == 5]
    assert (done.device == failed.device) == (slots == 1)
    assert [event.shots for event in farm.told(JobStarted) if 5 in event.shots][1:] == [(5,)]
    parts = (farm.root / "out" / "parts").glob("0*.jsonl")
    lines = [json.loads(line) for path in parts for line in path.read_text().splitlines()]
    # The failure is in a part, too, and counts for nothing beside the success.
    assert sorted("failed" in line for line in lines if line["index"] == 5) == [False, True]


@pytest.mark.parametrize("slots", [1, 2])
def test_rendering_that_fails_twice_is_recorded(farm: Farm, slots: int) -> None:
    index = farm.run("render", slots=slots)
    assert (index.done(), index.failed()) == (set(range(12)) - {5}, {5})
    failed = farm.told(ShotFailed)
    assert [(event.shot, event.stage, event.again) for event in failed] == [
        (5, "render", True),
        (5, "render", False),
    ]
    assert len({event.device for event in failed}) == slots
    assert not farm.told(DeviceSetAside)


@pytest.mark.parametrize("slots", [1, 2])
@pytest.mark.parametrize(
    ("stage", "cause"),
    [("plan", "RuntimeError: no plan"), ("finish", "RuntimeError: no picture")],
)
def test_what_fails_while_planned_or_finished_is_not_rendered_again(
    farm: Farm, slots: int, stage: str, cause: str
) -> None:
    index = farm.run(stage, slots=slots)
    assert (index.done(), index.failed()) == (set(range(12)) - {5}, {5})
    (failed,) = farm.told(ShotFailed)
    assert (failed.shot, failed.stage, failed.cause, failed.again) == (5, stage, cause, False)
    assert [event.shot for event in farm.told(ShotStarted)].count(5) == 1
    (line,) = [line for line in index.lines() if "failed" in line]
    assert (line["stage"], line["failed"]) == (stage, cause)


@pytest.mark.parametrize("slots", [1, 2])
def test_what_a_gpu_does_not_hold_goes_to_the_cpu_if_allowed(farm: Farm, slots: int) -> None:
    index = farm.run("large", slots=slots, cpu_if_lacking=True)
    assert index.done() == set(range(12))
    assert {event.cause for event in farm.told(WorkerRecycled)} == {"out of memory"}
    assert not farm.told(DeviceSetAside)  # it is not the GPU's failure, what no GPU can do
    spare = {event.shot for event in farm.told(ShotDone) if event.worker.startswith("cpu.")}
    assert spare == {1, 5, 9}


def test_what_a_gpu_does_not_hold_fails_with_that_cause_otherwise(farm: Farm) -> None:
    index = farm.run("large", slots=1)
    assert index.failed() == {1, 5, 9}
    causes = {line["failed"] for line in index.lines() if "failed" in line}
    assert causes == {"RuntimeError: System is out of GPU memory"}


def test_a_hung_worker_is_replaced_and_its_shots_go_on(farm: Farm) -> None:
    index = farm.run("slow once", shot_timeout=ShotTimeout(10.0))
    assert index.done() == set(range(12))
    (hung,) = farm.told(WorkerHung)
    assert hung.cause == "hung: no event for 10 s"
    assert 5 in hung.shots
    assert not farm.told(ShotQuarantined)


def test_a_process_that_cannot_be_killed_is_given_up(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that is stuck in the kernel with its GPU: the run goes on, and ends, without it."""
    monkeypatch.setattr(slot_process, "_GONE_WITHIN_S", 1.0)
    before = set(multiprocessing.active_children())
    with monkeypatch.context() as unkillable:
        unkillable.setattr(os, "kill", lambda pid, number: None)
        index = farm.run("slow once", shot_timeout=ShotTimeout(8.0))
        left = set(multiprocessing.active_children()) - before
        stuck = [event.pid for event in farm.told(WorkerStarted) if psutil.pid_exists(event.pid)]
    try:
        assert index.done() == set(range(12))
        assert [event.cause for event in farm.told(WorkerHung)] == ["hung: no event for 8 s"]
        # Python waits at its end for these: children it knows of, threads that are no daemons.
        assert stuck
        assert not left
        others = set(threading.enumerate()) - {threading.main_thread()}
        assert all(thread.daemon for thread in others)
    finally:
        for pid in stuck:
            os.kill(pid, signal.SIGKILL)


def test_closing_does_not_wait_for_a_process_that_cannot_be_killed(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slot_process, "_GONE_WITHIN_S", 1.0)
    before = set(multiprocessing.active_children())
    executor = farm.executor("slow once", slots=1)
    assert executor.submit(Job(1, (5,)))
    events: list[Event] = []
    while not only(ShotStarted, events):
        events += executor.poll(0.1).events
    pid = next(event.pid for event in only(WorkerStarted, events))
    with monkeypatch.context() as unkillable:
        unkillable.setattr(os, "kill", lambda pid, number: None)
        executor.close()
        left = set(multiprocessing.active_children()) - before
        there = psutil.pid_exists(pid)
    os.kill(pid, signal.SIGKILL)
    assert there
    assert not left


def test_workers_make_room_for_fresh_ones(make_planner: Maker, tmp_path: Path) -> None:
    planner = make_planner(TINY)
    layout = Layout(tmp_path / "out")
    (tmp_path / "spool").mkdir()
    setup = WorkerSetup(planner, layout, layout.logs / "blender.log", most_images=4)
    events: list[Event] = []
    executor = LocalExecutor(setup, [Slot("cpu.0", "cpu", 1)], tmp_path / "spool")
    watch = DiskWatch(layout.root, 0)
    Supervisor(executor, layout, deque(range(12)), events.append, watch, chunk=2).run()
    assert PartIndex(layout).done() == set(range(12))
    pids = [event.pid for event in only(WorkerStarted, events)]
    assert len(set(pids)) == len(pids) == 3
    retired = [event.cause for event in only(WorkerRecycled, events)]
    assert retired == ["4 images"] * 3


def test_memory_beyond_its_share_retires_a_worker(make_planner: Maker, tmp_path: Path) -> None:
    planner = make_planner({**TINY, "images": 2})
    layout = Layout(tmp_path / "out")
    (tmp_path / "spool").mkdir()
    setup = WorkerSetup(planner, layout, layout.logs / "blender.log", most_bytes=1 << 20)
    events: list[Event] = []
    executor = LocalExecutor(setup, [Slot("cpu.0", "cpu", 1)], tmp_path / "spool")
    Supervisor(executor, layout, deque(range(2)), events.append, DiskWatch(layout.root, 0)).run()
    (retired, *_) = [event.cause for event in only(WorkerRecycled, events)]
    assert retired.endswith("GiB resident")


def test_a_worker_that_cannot_start_is_no_endless_loop(make_planner: Maker, tmp_path: Path) -> None:
    layout = Layout(tmp_path / "out")
    (tmp_path / "spool").mkdir()
    setup = WorkerSetup(make_planner(TINY), layout, layout.logs / "blender.log")
    executor = LocalExecutor(setup, [Slot("metal:0.0", "metal:0", 1)], tmp_path / "spool")
    supervisor = Supervisor(
        executor, layout, deque(range(2)), lambda _: None, DiskWatch(layout.root, 0)
    )
    with pytest.raises(
        RuntimeError, match=r"did not start: no metal device was found here [^\n]*doctor$"
    ):
        supervisor.run()


@pytest.mark.parametrize(
    ("said", "lacking"),
    [
        ("RuntimeError: Error: System is out of GPU memory", True),
        ("Out of memory in CUDA queue enqueue (integrator_intersect_closest)", True),
        ("numpy.core._exceptions._ArrayMemoryError: Unable to allocate 8.00 GiB", True),
        ("MemoryError: std::bad_alloc", True),
        ("RuntimeError: CUDA_ERROR_OUT_OF_MEMORY", True),
        ("FileNotFoundError: memory.png", False),
        ("no pose was accepted in 100 tries", False),
    ],
)
def test_messages_that_tell_of_memory(said: str, lacking: bool) -> None:
    assert out_of_memory(said) is lacking


def test_quarantine_names_are_read_back(tmp_path: Path) -> None:
    from renderer.farm.quarantine import quarantine, record_of

    layout = Layout(tmp_path)
    deaths = [Death("cpu.0#0", "cpu", "signal 11", "last words"), Death("cpu.0#1", "cpu", "hung")]
    cause = quarantine(layout, 3, {"index": 3}, deaths, 0)
    assert cause == "2 render processes were lost in it (signal 11; hung)"
    assert PartIndex(layout).quarantined() == PartIndex(layout).failed() == {3}
    assert json.loads(record_of(layout, 3).read_text())["deaths"][0]["log"] == "last words"
