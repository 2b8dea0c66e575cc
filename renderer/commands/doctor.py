"""orbitset doctor: can this machine render, and what to do where it cannot."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from renderer.commands.terminal import FAILED, headed, out, print_json
from renderer.errors import UserError


@dataclass(frozen=True)
class Finding:
    """One thing looked at; ``cure`` says what to do where it is not ``good``."""

    what: str
    state: str
    good: bool
    cure: str = ""


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Check Python, bpy, system libraries, render devices, memory and disk.

    Example: `orbitset doctor`
    """
    findings = [_python(), _bpy(), _libraries()]
    if all(finding.good for finding in findings):
        findings += _devices()
    findings += [_memory(), _disk(), _cache()]
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark, style = ("ok ", "green") if finding.good else ("BAD", "bold red")
            out.print(headed(mark, style, f"{finding.what}: {finding.state}"))
            if finding.cure:
                out.print(f"     {finding.cure}")
    if not all(finding.good for finding in findings):
        raise typer.Exit(FAILED)


def _python() -> Finding:
    good = sys.version_info[:2] == (3, 11)
    cure = "" if good else "bpy 4.5 has wheels for Python 3.11 only: make a venv with python3.11"
    return Finding("Python", platform.python_version(), good, cure)


def _bpy() -> Finding:
    if importlib.util.find_spec("bpy") is None:
        return Finding("bpy", "not installed", False, "pip install 'bpy~=4.5.0' with Python 3.11")
    version = importlib.metadata.version("bpy")
    good = version.startswith(("4.5.", "5.0."))
    cure = "" if good else "orbitset is tested with bpy 4.5 and 5.0: pip install 'bpy~=4.5.0'"
    return Finding("bpy", version, good, cure)


def _libraries() -> Finding:
    from renderer.blender.libraries import LIBRARIES, install_line, missing_libraries

    if not sys.platform.startswith("linux"):
        return Finding("system libraries", "nothing to check on this system", True)
    missing = missing_libraries()
    if missing:
        cure = f"as root: {install_line(missing)}"
        return Finding("system libraries", f"missing {', '.join(missing)}", False, cure)
    return Finding("system libraries", f"all {len(LIBRARIES)} found", True)


def _devices() -> list[Finding]:
    from renderer.farm.devices import list_devices

    found = list_devices()
    if not found:
        cure = "import bpy fails or crashes: run python -c 'import bpy' to see why"
        return [Finding("devices", "Blender did not start", False, cure)]
    gpus = sorted({backend for backend, _ in found} - {"CPU"})
    findings = [Finding(f"device {backend}", name, True) for backend, name in found]
    if not gpus:
        findings.append(
            Finding(
                "GPU",
                "none found for OPTIX, CUDA, HIP, ONEAPI or METAL: rendering on the CPU",
                True,
                "" if not shutil.which("nvidia-smi") else "nvidia-smi is there: is the driver?",
            )
        )
    return findings


def _memory() -> Finding:
    from renderer.farm.machine import usable_cores, usable_memory

    total, cores = usable_memory() / 2**30, usable_cores()
    good = total >= 2
    cure = "" if good else "Blender wants 2 GiB"
    return Finding("machine", f"{cores} cores, {total:.1f} GiB of memory for us", good, cure)


def _cache() -> Finding:
    from renderer.asset import default_cache_folder

    try:
        there = folder = default_cache_folder()
    except UserError as error:
        return Finding("model cache", "none", False, str(error))
    while not there.exists():
        there = there.parent
    good = os.access(there, os.W_OK | os.X_OK) and there.is_dir()
    cure = "" if good else "it cannot be written: set ORBITSET_CACHE to another folder"
    return Finding("model cache", str(folder), good, cure)


def _disk() -> Finding:
    free = shutil.disk_usage(".").free / 1e9
    good = free >= 2
    cure = "" if good else "a 640x480 PNG takes about 0.5 MB: make room or use another disk"
    return Finding("free disk here", f"{free:.1f} GB", good, cure)
