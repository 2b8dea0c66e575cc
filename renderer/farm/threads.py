"""As many threads in this process as it was given, in every pool of every library.

Most libraries obey a variable (``environment.py``), and Cycles a setting. TBB, which Blender,
Embree, USD and OIDN share, obeys neither: it counts the cores that the process may use when it is
first asked for work. A cap that comes later (as Cycles sets one) leaves the workers that there are
spinning: one process of one thread kept two cores busy.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

# What is asked of libraries that are loaded already: symbols by library, each under all its names.
_BLAS = [
    f"{prefix}openblas_set_num_threads{suffix}"
    for prefix in ("", "scipy_")
    for suffix in ("", "64_")
]
_TBB = ["_ZN3tbb6detail2r115max_concurrencyEPKNS0_2d115task_arena_baseE"]
_EXR = [f"_ZN7Imf_3_{minor}20setGlobalThreadCountEi" for minor in range(10)]


@contextlib.contextmanager
def few_cores(threads: int) -> Iterator[None]:
    """Have the libraries that are first used inside the block see no more than so many cores.

    Afterwards all threads may use all cores again: which of them are idle, the kernel knows.
    """
    cores = os.sched_getaffinity(0)
    with contextlib.suppress(OSError):  # forbidden: then the variables have to do
        os.sched_setaffinity(0, sorted(cores)[:threads])
    try:
        yield
    finally:
        for task in os.listdir("/proc/self/task"):
            with contextlib.suppress(OSError):  # it has just ended
                os.sched_setaffinity(int(task), cores)


def cap_pools(threads: int) -> None:
    """Hold the pools of all libraries that are loaded to so many threads; call it inside
    ``few_cores``, after the import of bpy.
    """
    if "cv2" in sys.modules:
        sys.modules["cv2"].setNumThreads(threads)
    for path in loaded_libraries(r"openblas"):
        _call(path, _BLAS, ctypes.c_int(1))
    for path in loaded_libraries(r"libOpenEXR\b"):
        _call(path, _EXR, ctypes.c_int(threads))
    for path in loaded_libraries(r"libtbb\b"):
        _call(path, _TBB, ctypes.c_void_p(None))  # to be asked is enough: it counts cores once


def loaded_libraries(name: str) -> list[Path]:
    """Return the shared libraries in this process whose file names begin so (a pattern)."""
    lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="surrogateescape")
    files = {Path(line.split(maxsplit=5)[5]) for line in lines.splitlines() if ".so" in line}
    return sorted(path for path in files if re.match(rf"(lib\w*)?{name}", path.name))


def _call(library: Path, names: Sequence[str], argument: Any) -> None:
    """Call the functions of a library that it has of some."""
    with contextlib.suppress(OSError):  # replaced on the disk since it was loaded
        loaded = ctypes.CDLL(str(library))
        for name in names:
            if hasattr(loaded, name):
                getattr(loaded, name)(argument)
