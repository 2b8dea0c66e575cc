"""The system libraries bpy is linked to: found missing before the import of bpy fails."""

from __future__ import annotations

import ctypes

# Library → Debian/Ubuntu package. bpy's wheel needs them even without a screen.
LIBRARIES = {
    "libX11.so.6": "libx11-6",
    "libXrender.so.1": "libxrender1",
    "libXfixes.so.3": "libxfixes3",
    "libXi.so.6": "libxi6",
    "libXxf86vm.so.1": "libxxf86vm1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libSM.so.6": "libsm6",
    "libICE.so.6": "libice6",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libgomp.so.1": "libgomp1",
}


class MissingLibrariesError(RuntimeError):
    """bpy cannot be imported here; the message names what to install."""


def missing_libraries() -> list[str]:
    """Return the names of needed libraries that cannot be loaded."""
    missing = []
    for name in LIBRARIES:
        try:
            ctypes.CDLL(name)
        except OSError:
            missing.append(name)
    return missing


def install_line(missing: list[str]) -> str:
    """Return the one command that installs missing libraries on Debian and Ubuntu."""
    packages = " ".join(LIBRARIES[name] for name in missing)
    return f"apt-get install -y --no-install-recommends {packages}"


def require_libraries() -> None:
    """Raise MissingLibrariesError where bpy could not be imported."""
    import sys

    if not sys.platform.startswith("linux"):
        return
    missing = missing_libraries()
    if missing:
        raise MissingLibrariesError(
            f"Blender needs {', '.join(missing)}, which this machine lacks: run "
            f"`{install_line(missing)}` as root (or ask whoever runs this machine)"
        )
