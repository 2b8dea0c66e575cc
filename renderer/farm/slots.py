"""Device slots: which processes render on what, and how each is pinned before bpy is imported."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from renderer.errors import UnavailableError, UserError

# What makes a process see one device only, by Cycles back end. The driver reads it when it is first
# called, so it must be set before bpy is imported.
VISIBILITY = {
    "OPTIX": "CUDA_VISIBLE_DEVICES",
    "CUDA": "CUDA_VISIBLE_DEVICES",
    "HIP": "HIP_VISIBLE_DEVICES",
    "ONEAPI": "ONEAPI_DEVICE_SELECTOR",
}
# Fastest first.
BACKENDS = ("OPTIX", "CUDA", "HIP", "ONEAPI", "METAL")
# Scene set-up is serial, so that processes of one thread beat one process of many: by a quarter to
# a third at 96x72 and 1 sample, by a tenth at 320x240 and 4, by little at 640x480 and 8, on two
# cores (tests/benchmarks/farm.py). Each takes 0.6 GB or more: on large machines they get four each.
_MOST_SINGLE = 4
# Fewer shots a process than this are done sooner than another Blender has started.
_WORTH_STARTING = 16
_MANY = 1 << 30


@dataclass(frozen=True)
class Slot:
    """A place for one process.

    Attributes:
        name: of the slot, ``optix:0.1`` (the second process on it).
        device: ``cpu`` or ``optix:0``.
        threads: CPU threads of Cycles and of everything else in the process.
        cores: the CPU cores it may use; empty for any.

    """

    name: str
    device: str
    threads: int
    cores: tuple[int, ...] = ()

    @property
    def backend(self) -> str:
        """The Cycles back end, ``cpu``, ``optix`` and so on."""
        return self.device.partition(":")[0]

    def environment(self, present: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that pin a process to the slot.

        Devices count from 0 among those that ``present`` lets this process see (a scheduler such as
        Slurm may already have chosen some).
        """
        chosen: dict[str, str] = {"OMP_NUM_THREADS": str(self.threads)}
        backend, _, number = self.device.partition(":")
        variable = VISIBILITY.get(backend.upper())
        if variable is None:
            return chosen
        if backend == "oneapi":
            return {**chosen, variable: f"level_zero:{number}"}
        given = [part.strip() for part in present.get(variable, "").split(",") if part.strip()]
        chosen[variable] = given[int(number)] if given else number
        if variable == "CUDA_VISIBLE_DEVICES":
            # CUDA counts fastest first unless told; Cycles and nvidia-smi count by PCI bus.
            chosen["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
        return chosen


def make_slots(
    wanted: str,
    found: Sequence[str],
    per_device: int = 0,
    threads: int = 0,
    cores: Sequence[int] = (),
    quota: int = 0,
    shots: int = _MANY,
) -> list[Slot]:
    """Return the slots for a choice of devices.

    Args:
        wanted: ``auto`` (every GPU of the fastest back end, else the CPU), ``cpu``, a back end
            (``optix``), or a list of devices: ``0,1``, ``optix:0``, ``cuda:1,cpu``.
        found: the GPUs here, ``optix:0`` and so on.
        per_device: processes a device; 0 for the default.
        threads: CPU threads a process; 0 shares the cores out evenly.
        cores: the CPU cores that may be used; those this process may use if not given.
        quota: how many cores' time may be spent, where that is less: then no process is pinned to
            cores, because others with such a quota would choose the same ones.
        shots: how many there are to render: for a few it does not pay to start many processes.

    Raises:
        UserError: not a device; one sentence.
        UnavailableError: a device that is not there (now: a driver may have failed).

    """
    cores = cores or sorted(os.sched_getaffinity(0))
    usable = min(quota or len(cores), len(cores))
    devices = _devices(wanted, found)
    names: list[tuple[str, str]] = []
    for device in devices:
        count = per_device or (_cpu_processes(usable, shots) if device == "cpu" else 1)
        names += [(f"{device}.{number}", device) for number in range(count)]
    share = max(1, usable // len(names))
    pinned = len(names) > 1 and usable == len(cores)
    slots = []
    for number, (name, device) in enumerate(names):
        own = tuple(cores[number * share : (number + 1) * share]) if pinned else ()
        slots.append(Slot(name, device, threads or share, own))
    return slots


def _devices(wanted: str, found: Sequence[str]) -> list[str]:
    fastest = next((b.lower() for b in BACKENDS if _of(found, b.lower())), None)
    if wanted == "auto":
        return _of(found, fastest) if fastest else ["cpu"]
    devices: list[str] = []
    for part in (piece.strip().lower() for piece in wanted.split(",")):
        if part == "cpu":
            devices.append(part)
        elif part.isdigit():
            devices.append(_there(f"{fastest or 'gpu'}:{part}", part, found))
        elif part.upper() in BACKENDS:
            own = _of(found, part)
            devices += own or [_there(f"{part}:0", part, found)]
        elif part.partition(":")[0].upper() in BACKENDS and part.partition(":")[2].isdigit():
            devices.append(_there(part, part, found))
        else:
            raise UserError(
                f"--devices: '{part}' is no device: give auto, cpu, a number, or "
                "optix, cuda, hip, oneapi or metal with or without :number"
            )
    twice = next((device for device in devices if devices.count(device) > 1), None)
    if twice:
        raise UserError(f"--devices: {twice} is named twice; for more processes, --per-device 2")
    return devices


def _cpu_processes(cores: int, shots: int) -> int:
    count = cores if cores <= _MOST_SINGLE else max(_MOST_SINGLE, cores // 4)
    return max(1, min(count, shots // _WORTH_STARTING))


def _of(found: Sequence[str], backend: str) -> list[str]:
    return [device for device in found if device.partition(":")[0] == backend]


def _there(device: str, part: str, found: Sequence[str]) -> str:
    if device not in found:
        listed = ", ".join([*found, "cpu"])
        raise UnavailableError(
            f"--devices: there is no device {part} here (there is {listed}); see orbitset doctor"
        )
    return device
