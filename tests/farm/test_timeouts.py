"""Who hangs, told by clocks that the test sets."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from renderer.farm import timeouts
from renderer.farm.chunks import chunk_size
from renderer.farm.job import Job, Running
from renderer.farm.timeouts import HangDetector, ShotTimeout


@dataclass
class Clock:
    now: float = 1000.0

    def monotonic(self) -> float:
        return self.now


@dataclass
class Cluster:
    """An executor of which only this matters: one node is lost, and one is set aside."""

    start_timeout_s: float = 50.0
    gone: set[str] = field(default_factory=set)

    def devices(self) -> set[str]:
        return {"good"}

    def lost(self, device: str) -> bool:
        return device in self.gone


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timeouts, "time", clock)
    return clock


def look(clock: Clock, running: Running, seconds: float, executor: Cluster) -> list[Running]:
    """Look ten times a second for so long."""
    watch = HangDetector(executor, ShotTimeout(fixed=10.0), clock.now)  # type: ignore[arg-type]
    found = []
    for _ in range(round(seconds * 10)):
        clock.now += 0.1
        found += watch.hanging([running])
    return found


def test_one_that_hangs_on_a_device_that_was_set_aside_is_found(clock: Clock) -> None:
    running = Running(Job(1, (1,)), last_event=clock.now, device="set aside", begun=True)
    assert not look(clock, running, 9.9, Cluster())
    assert look(clock, running, 1.0, Cluster()) == [running]  # once
    assert running.hung == "hung: no event for 10 s"


def test_a_job_whose_node_is_lost_is_waited_for(clock: Clock) -> None:
    running = Running(Job(1, (1,)), last_event=clock.now, device="node", begun=True)
    assert not look(clock, running, 60.0, Cluster(gone={"node"}))


def test_one_that_does_not_start(clock: Clock) -> None:
    running = Running(Job(1, (1,)), last_event=clock.now)
    assert not look(clock, running, 49.0, Cluster())
    assert look(clock, running, 2.0, Cluster()) == [running]
    # A cluster's task waits for as long as it likes, but not once its process has spoken.
    waiting = Running(Job(2, (2,)), last_event=clock.now)
    assert not look(clock, waiting, 2000.0, Cluster(start_timeout_s=float("inf")))
    waiting.tries = 1
    assert look(clock, waiting, 1.0, Cluster(start_timeout_s=float("inf"))) == [waiting]


def test_what_the_scheduler_missed_while_it_was_stopped_counts_for_nothing(clock: Clock) -> None:
    running = Running(Job(1, (1,)), last_event=clock.now, device="good", begun=True)
    watch = HangDetector(Cluster(), ShotTimeout(fixed=10.0), clock.now)  # type: ignore[arg-type]
    clock.now += 3600.0  # Ctrl-Z, a hanging disk
    assert not list(watch.hanging([running]))
    clock.now += 4.0
    assert not list(watch.hanging([running]))
    clock.now += 4.0
    assert list(watch.hanging([running])) == [running]


def test_a_job_that_a_cluster_begins_over_and_over_is_taken_apart(clock: Clock) -> None:
    running = Running(Job(1, (1, 2)), last_event=clock.now, device="good", tries=6)
    assert look(clock, running, 0.1, Cluster()) == [running]
    assert running.begun
    assert running.hung == "lost 5 times with its process"


def test_chunks_are_a_minutes_work_and_shrink_towards_the_end() -> None:
    assert chunk_size(10_000, 4, 0.0) == 4
    assert chunk_size(10_000, 4, 1.0) == 60
    assert chunk_size(10_000, 4, 0.01) == 256
    assert chunk_size(80, 4, 1.0) == 10
    assert chunk_size(8, 4, 1.0) == 2  # two seconds' work at least
    assert chunk_size(1, 4, 100.0) == 1
    assert chunk_size(50, 1, 1.0) == 50


def test_timeout_is_learnt() -> None:
    timeout = ShotTimeout()
    assert timeout.seconds() == 3600
    for seconds in (10.0, 12.0, 11.0, 500.0):
        timeout.learn(seconds)
    assert timeout.median == 11.5
    assert timeout.seconds() == 230
    fast = ShotTimeout()
    for _ in range(5):
        fast.learn(0.1)
    assert fast.seconds() == 120
    assert ShotTimeout(7.0).seconds() == 7
