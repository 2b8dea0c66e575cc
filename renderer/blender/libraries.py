"""The system libraries bpy is linked to: found missing before the import of bpy fails.

Also a program that needs nothing but Python, for ``make`` on a fresh machine: with ``--install`` it
installs what is missing (as root on Debian and Ubuntu), or prints the line that would.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys

from renderer.errors import UserError

# Library → Debian/Ubuntu package (12 and 22.04 names). bpy's wheel needs them even without a
# screen; EGL is for EEVEE and Workbench.
LIBRARIES = {
    "libX11.so.6": "libx11-6",
    "libXrender.so.1": "libxrender1",
    "libXfixes.so.3": "libxfixes3",
    "libXi.so.6": "libxi6",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libSM.so.6": "libsm6",
    "libICE.so.6": "libice6",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libgthread-2.0.so.0": "libglib2.0-0",  # of opencv-python, not of bpy
}


class MissingLibrariesError(UserError):
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
    if not sys.platform.startswith("linux"):
        return
    missing = missing_libraries()
    if missing:
        raise MissingLibrariesError(
            f"Blender needs {', '.join(missing)}, which this machine lacks: run "
            f"`{install_line(missing)}` as root (or ask whoever runs this machine)"
        )


def forget_inherited_paths() -> None:
    """Take bpy's script folders off the import path.

    A process spawned from one that has imported bpy (a notebook, a test) inherits them, and finds
    in them half of a bpy before the real one.
    """
    inner = os.path.join("bpy", "")
    sys.path[:] = [path for path in sys.path if f"{os.sep}{inner}" not in path]


def main(arguments: list[str]) -> int:
    """Report missing libraries, and with ``--install`` get them; return the exit code."""
    if not sys.platform.startswith("linux"):
        return 0
    missing = missing_libraries()
    if not missing:
        return 0
    line = install_line(missing)
    can_install = "--install" in arguments and os.geteuid() == 0 and shutil.which("apt-get")
    if not can_install:
        print(f"Blender needs {', '.join(missing)}, which are missing. As root, run:\n  {line}")
        return 1
    print(f"installing {', '.join(missing)}")
    # A container's package lists are often empty; a failed update shows in the install.
    subprocess.run(["apt-get", "update", "-qq"], check=False)
    return subprocess.run(line.split(), check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
