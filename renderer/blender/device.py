"""Which hardware Cycles may use: the CPU or any of its GPU back ends."""

from __future__ import annotations

from dataclasses import dataclass

import bpy

from renderer.errors import UserError
from renderer.shot.engines import EngineName, capabilities

# Fastest first; a machine has one or two of them.
BACKENDS = ("OPTIX", "CUDA", "HIP", "ONEAPI", "METAL")


@dataclass(frozen=True)
class Device:
    """One device as Cycles lists it; ``backend`` is CPU or one of ``BACKENDS``."""

    backend: str
    name: str


def available_devices() -> list[Device]:
    """Return the CPU and every GPU of every back end this Blender was built with.

    Each back end's are in its own order, which is the one its drivers count in; two cards of one
    kind have one name.
    """
    preferences = _preferences()
    found = [Device("CPU", device.name) for device in preferences.get_devices_for_type("CPU")]
    for backend in BACKENDS:
        try:
            listed = preferences.get_devices_for_type(backend)
        except (ValueError, TypeError):
            continue
        found += [Device(backend, item.name) for item in listed if item.type == backend]
    return found


def use_device(backend: str) -> str:
    """Make Cycles render on ``auto`` (the best there is), ``cpu`` or a named back end.

    Returns the back end in use. Raises UserError when the named one has no device here.
    """
    wanted = backend.upper()
    preferences = _preferences()
    there = {device.backend for device in available_devices()}
    if wanted == "AUTO":
        wanted = next((name for name in BACKENDS if name in there), "CPU")
    if wanted != "CPU" and wanted not in there:
        raise UserError(
            f"no {backend} device was found here (there is {', '.join(sorted(there))}); "
            "see orbitset doctor"
        )
    preferences.compute_device_type = "NONE" if wanted == "CPU" else wanted
    for device in preferences.devices:
        device.use = device.type == wanted
    bpy.context.scene.cycles.device = "CPU" if wanted == "CPU" else "GPU"
    return wanted


def _preferences() -> bpy.types.AddonPreferences:
    preferences = bpy.context.preferences.addons["cycles"].preferences
    preferences.refresh_devices()
    return preferences


def back_end(engine: EngineName, device: str) -> str:
    """Return what a recipe's engine renders on: Cycles on its device, the others on whatever OpenGL
    is here, which has no name before they have drawn something.
    """
    if capabilities(engine).named_device:
        return device
    import gpu

    try:
        return f"OpenGL, {gpu.platform.renderer_get()}"
    except SystemError:
        return ""
