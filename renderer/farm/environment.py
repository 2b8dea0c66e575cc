"""The variables of the processes that import models and render: nothing of the user's that would
change a model or a picture, and a cap on the threads of every library.

Libraries read them when they are loaded, and a spawned process loads numpy as soon as it unpickles
its first argument. So what a process is to do reaches it packed, and this module, which needs
nothing but Python, sets the variables before it unpacks.
"""

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

# Whoever sets these means another program, or Blender as it is used by hand; here two machines
# would make different pictures of one recipe, and a model imported under one of them would serve
# runs without it. What chooses a GPU, its driver or a cache of kernels is none of them.
_FOREIGN = re.compile(
    r"""(
    OCIO                                    # another colour configuration, its views
    | BLENDER | CYCLES                      # scripts, data files, kernels of one's own
    | OIDN | EMBREE | TBB | OSL | MATERIALX
    | OPENIMAGEIO | OIIO | OPENEXR | BLOSC  # plug-ins and options of image files
    | PXR | AR | HD | NDR | PCP | SDF | SDR | TF | USD | USDGEOM | USDIMAGING  # USD's
    | OPENCV | OPENBLAS | NPY               # other decoders, other instructions
    )(_\w+)?""",
    re.VERBOSE,
)


def thread_caps(threads: int) -> dict[str, str]:
    """Return the variables that hold the libraries of a process to so many threads.

    Linear algebra gets one: ours is of 4x4 matrices, and OpenBLAS spins its threads on them.
    """
    one = (
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    )
    several = (
        "OMP_NUM_THREADS",
        "OIDN_NUM_THREADS",
        "OPENCV_FOR_THREADS_NUM",
        "OPENIMAGEIO_THREADS",
        "LP_NUM_THREADS",  # Mesa's, where EEVEE draws without a GPU
    )
    # OIDN would pin its threads to the first cores, those of every process to the same ones.
    return {
        **dict.fromkeys(one, "1"),
        **dict.fromkeys(several, str(threads)),
        "OIDN_SET_AFFINITY": "0",
    }


def files_in(folder: str) -> dict[str, str]:
    """Return the variables that have bpy keep its files in a folder that somebody removes, and find
    no files of the user's: not even a colour configuration under ``~/.config/blender``.

    bpy makes a folder at every start, and a process that is killed leaves it behind.
    """
    return {"TMPDIR": folder, "BLENDER_USER_RESOURCES": folder}


def prepare_environment(
    own: Mapping[str, str], environ: MutableMapping[str, str] = os.environ
) -> None:
    """Take every foreign variable out of an environment, and put a process's own in."""
    for name in [name for name in environ if _FOREIGN.fullmatch(name)]:
        del environ[name]
    environ.update(own)


def pack_call(function: Callable[..., Any], *arguments: Any) -> bytes:
    """Return a call that ``call_prepared`` makes in another process."""
    return pickle.dumps((function, arguments))


def call_prepared(own: Mapping[str, str], packed: bytes, *more: Any) -> Any:
    """Settle this process's environment, then unpack a call and make it, with more arguments."""
    prepare_environment(own)
    function, arguments = pickle.loads(packed)
    return function(*arguments, *more)
