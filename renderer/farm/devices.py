"""Which devices this machine has, without importing bpy here."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

from renderer.blender.libraries import forget_inherited_paths
from renderer.farm.environment import files_in, prepare_environment

# A machine without any of these has no GPU that Cycles could use, and need not be asked for 2 s.
_SIGNS = ("dev/nvidia0", "dev/nvidiactl", "dev/kfd", "dev/dxg", "dev/dri")
_LIMIT_S = 120.0


def list_devices() -> list[tuple[str, str]]:
    """Return (back end, name) of the CPU and every GPU that Blender finds; empty if it crashes.

    Blender is asked in a process of its own: a broken driver may crash it, and this process must
    never import bpy.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory(prefix="orbitset-devices-") as scratch:
        process = context.Process(target=_send_devices, args=(sender, scratch))
        process.start()
        sender.close()
        try:
            found: list[tuple[str, str]] = receiver.recv() if receiver.poll(_LIMIT_S) else []
        except EOFError:
            found = []
        process.kill()
        process.join(5)  # a driver may hold it in the kernel
    return found


def _send_devices(sender: Connection, scratch: str) -> None:
    from renderer.blender.native_output import discard_output

    prepare_environment(files_in(scratch))
    forget_inherited_paths()
    with discard_output():
        from renderer.blender.device import available_devices

        devices = [(device.backend, device.name) for device in available_devices()]
    sender.send(devices)


def gpus_here(root: Path = Path("/")) -> list[str]:
    """Return the GPUs of this machine as ``optix:0``, ``optix:1``, ``cuda:0`` and so on."""
    if root == Path("/") and not any((root / sign).exists() for sign in _SIGNS):
        return []
    return number_devices([backend for backend, _ in list_devices()])


def number_devices(backends: list[str]) -> list[str]:
    """Return each back end's devices with a number, the CPU left out."""
    counted: Counter[str] = Counter()
    named = []
    for backend in backends:
        if backend != "CPU":
            named.append(f"{backend.lower()}:{counted[backend]}")
            counted[backend] += 1
    return named
