"""Slots: which devices are chosen, and what pins a process to one of them."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from renderer.farm.devices import number_devices
from renderer.farm.machine import usable_cores, usable_memory
from renderer.farm.slots import make_slots

TWO = ["optix:0", "optix:1", "cuda:0", "cuda:1"]


def names(wanted: str, found: list[str], **more: object) -> list[str]:
    return [slot.name for slot in make_slots(wanted, found, cores=range(8), **more)]  # type: ignore[arg-type]


def test_devices_are_numbered_by_back_end() -> None:
    assert number_devices(["CPU", "CUDA", "CUDA", "OPTIX", "OPTIX"]) == [
        "cuda:0",
        "cuda:1",
        "optix:0",
        "optix:1",
    ]


def test_auto_takes_every_gpu_of_the_fastest_back_end_else_the_cpu() -> None:
    assert names("auto", TWO) == ["optix:0.0", "optix:1.0"]
    assert names("auto", ["cuda:0", "hip:0"]) == ["cuda:0.0"]
    assert names("auto", []) == ["cpu.0", "cpu.1", "cpu.2", "cpu.3"]
    assert names("auto", [], shots=40) == ["cpu.0", "cpu.1"]
    assert names("auto", [], shots=8) == ["cpu.0"]
    assert names("optix", TWO) == ["optix:0.0", "optix:1.0"]


def test_chosen_devices() -> None:
    assert names("1", TWO) == ["optix:1.0"]
    assert names("0,1", TWO) == ["optix:0.0", "optix:1.0"]
    assert names("cuda:1,cpu", TWO, shots=16) == ["cuda:1.0", "cpu.0"]
    assert names("optix:0", TWO, per_device=3) == ["optix:0.0", "optix:0.1", "optix:0.2"]


@pytest.mark.parametrize(
    ("wanted", "found", "said"),
    [
        ("2", TWO, "there is no device 2 here (there is optix:0, optix:1, cuda:0, cuda:1, cpu)"),
        ("0", [], "there is no device 0 here (there is cpu)"),
        ("hip:0", TWO, "there is no device hip:0 here"),
        ("warp", TWO, "'warp' is no device"),
        ("optix:x", TWO, "'optix:x' is no device"),
        ("0,optix:0", TWO, "optix:0 is named twice; for more processes, --per-device 2"),
        ("cpu,cpu", TWO, "cpu is named twice"),
    ],
)
def test_devices_that_are_not_there(wanted: str, found: list[str], said: str) -> None:
    with pytest.raises((ValueError, RuntimeError), match="--devices: ") as caught:
        make_slots(wanted, found)
    assert said in str(caught.value)


def test_each_process_sees_one_device() -> None:
    first, second = make_slots("optix", TWO, cores=range(8))
    assert first.environment({})["CUDA_VISIBLE_DEVICES"] == "0"
    assert second.environment({})["CUDA_VISIBLE_DEVICES"] == "1"
    assert second.environment({})["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
    assert second.backend == "optix"
    (hip,) = make_slots("hip:1", ["hip:0", "hip:1"])
    assert hip.environment({})["HIP_VISIBLE_DEVICES"] == "1"
    (intel,) = make_slots("oneapi:1", ["oneapi:0", "oneapi:1"])
    assert intel.environment({})["ONEAPI_DEVICE_SELECTOR"] == "level_zero:1"
    (cpu,) = make_slots("cpu", TWO, shots=1)
    assert set(cpu.environment({})) == {"OMP_NUM_THREADS"}


def test_devices_a_batch_system_has_chosen_are_kept_to() -> None:
    """Slurm gave this job the GPUs 4 and 6 of its node: device 1 is GPU 6."""
    _, second = make_slots("cuda", ["cuda:0", "cuda:1"])
    assert second.environment({"CUDA_VISIBLE_DEVICES": "4,6"})["CUDA_VISIBLE_DEVICES"] == "6"
    uuids = {"CUDA_VISIBLE_DEVICES": "GPU-aa, GPU-bb"}
    assert second.environment(uuids)["CUDA_VISIBLE_DEVICES"] == "GPU-bb"


def test_cores_are_shared_out_evenly() -> None:
    slots = make_slots("cpu", [], per_device=2, cores=[0, 1, 2, 3, 8, 9])
    assert [slot.cores for slot in slots] == [(0, 1, 2), (3, 8, 9)]
    assert [slot.threads for slot in slots] == [3, 3]
    (alone,) = make_slots("cpu", [], per_device=1, cores=[0, 1, 2, 3])
    assert (alone.threads, alone.cores) == (4, ())
    many = make_slots("cpu", [], per_device=3, cores=[0, 1])
    assert [slot.threads for slot in many] == [1, 1, 1]
    assert make_slots("cpu", [], threads=5, cores=[0, 1])[0].threads == 5


def test_a_quota_counts_and_nobody_is_pinned_then() -> None:
    """A pod that may spend 2 of 64 cores' time: its neighbours would choose the same two."""
    slots = make_slots("cpu", [], cores=range(64), quota=2)
    assert [(slot.threads, slot.cores) for slot in slots] == [(1, ()), (1, ())]


def test_limits_of_a_container_are_those_of_the_machine(tmp_path: Path) -> None:
    """Files as Docker and Slurm leave them: version 2 in a namespace, version 1 with a path."""
    (tmp_path / "proc" / "self").mkdir(parents=True)
    groups = tmp_path / "proc" / "self" / "cgroup"
    cgroup = tmp_path / "sys" / "fs" / "cgroup"
    (cgroup / "memory" / "slurm" / "job_7" / "step_0").mkdir(parents=True)
    groups.write_text("0::/not/seen/from/here\n")
    assert usable_memory(tmp_path) == psutil.virtual_memory().total
    (cgroup / "memory.max").write_text("max\n")
    (cgroup / "cpu.max").write_text("max 100000\n")
    assert usable_memory(tmp_path) == psutil.virtual_memory().total
    assert usable_cores(tmp_path) == len(os.sched_getaffinity(0))
    (cgroup / "memory.max").write_text("1073741824\n")
    (cgroup / "cpu.max").write_text("50000 100000\n")
    assert (usable_memory(tmp_path), usable_cores(tmp_path)) == (1 << 30, 1)
    groups.write_text("9:memory:/slurm/job_7/step_0\n")
    (cgroup / "memory" / "slurm" / "job_7" / "memory.limit_in_bytes").write_text("536870912\n")
    assert usable_memory(tmp_path) == 1 << 29
