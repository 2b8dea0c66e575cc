"""The retry policy and the attribution of failures, without processes."""

from __future__ import annotations

from typing import Any

import pytest

from renderer.farm.attribution import Attribution, Death
from renderer.farm.events import ShotFailed
from renderer.farm.job import Job
from renderer.farm.retries import Retry, RetryPolicy

JOB, ALONE = Job(1, (7, 8)), Job(2, (7,), alone=True)


def failed(device: str = "cuda:0", **more: Any) -> ShotFailed:
    return ShotFailed(shot=7, seconds=1, cause="x", device=device, **more)


def test_rendering_is_tried_twice() -> None:
    policy = RetryPolicy()
    assert policy.after_failure(failed(stage="render"), JOB) == Retry(7, frozenset({"cuda:0"}))
    assert policy.after_failure(failed("cuda:1", stage="render"), ALONE) is None
    assert not policy.attribution.failed_on(7)  # it is the shot


@pytest.mark.parametrize("more", [{"stage": "plan"}, {"stage": "finish"}, {"impossible": True}])
def test_what_would_fail_again_is_tried_once(more: dict[str, Any]) -> None:
    policy = RetryPolicy()
    assert policy.after_failure(failed(**more), JOB) is None
    assert not policy.attribution.failed_on(7)  # no device is suspected for it


@pytest.mark.parametrize("stage", ["plan", "render", "finish"])
def test_want_of_memory_goes_to_a_fresh_process_and_then_to_the_cpu(stage: str) -> None:
    policy = RetryPolicy(cpu_if_lacking=True)
    lacking = failed(stage=stage, memory=True)
    assert policy.after_failure(lacking, JOB) == Retry(7, frozenset({"cuda:0"}))
    assert policy.after_failure(lacking, ALONE) == Retry(7, on_cpu=True)
    assert policy.after_failure(lacking, Job(3, (7,), alone=True, on_cpu=True)) is None


@pytest.mark.parametrize(("device", "allowed"), [("cuda:0", False), ("cpu", True)])
def test_want_of_memory_that_the_cpu_does_not_cure(device: str, allowed: bool) -> None:
    policy = RetryPolicy(cpu_if_lacking=allowed)
    lacking = failed(device, stage="render", memory=True)
    assert policy.after_failure(lacking, JOB) is not None
    assert policy.after_failure(lacking, ALONE) is None


def test_a_shot_that_workers_die_of_alone_is_given_up() -> None:
    policy = RetryPolicy()
    first, second, third = (Death(f"cpu.0#{n}", "cpu", "signal 11") for n in range(3))
    again = policy.after_death(7, first, alone=False)
    assert again == Retry(7)
    assert policy.after_death(7, second, alone=True) == Retry(7, frozenset({"cpu"}))
    assert policy.after_death(7, third, alone=True) == "give up"


def test_one_kill_from_outside_is_no_reason_to_suspect_a_shot() -> None:
    policy = RetryPolicy()
    kill = Death("cpu.0#0", "cpu", "signal 9", outside=True)
    assert policy.after_death(7, kill, alone=False) == "put back"
    assert policy.after_death(7, kill, alone=False) == Retry(7)


def test_attribution() -> None:
    attribution = Attribution()
    kill = Death("cpu.0#0", "cpu", "signal 9", outside=True)
    assert not any(attribution.record_death(7, kill) for _ in range(4))
    assert attribution.record_death(7, kill)  # five kills in one shot are no accident
    assert not attribution.record_death(8, Death("cpu.0#1", "cpu", "signal 11"))
    assert not attribution.record_death(
        8, Death("cpu.0#1", "cpu", "signal 11")
    )  # the same worker twice
    assert attribution.record_death(8, Death("cpu.0#2", "cpu", "signal 11"))
    for shot in (1, 2):
        assert attribution.record_failure(shot, "a")
        assert attribution.record_success(shot, "b") == []
    assert attribution.record_failure(3, "a")
    assert not attribution.record_failure(3, "b")
    attribution.attribute_to_shot(3)  # it fails everywhere: it is not the devices' failure
    assert attribution.unattributed() == frozenset()
    for shot in (4, 5, 6):
        assert attribution.record_failure(shot, "a")
    assert attribution.unattributed() == {"a"}
    assert attribution.record_success(4, "b") == ["a"]
    assert attribution.unattributed() == frozenset()
