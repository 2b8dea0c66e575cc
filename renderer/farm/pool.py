"""A pool of one process: it may crash, hang or be killed, and costs what it was doing only."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from typing import Any

from pebble import ProcessPool

from renderer.errors import UnavailableError

# A pool takes two, and Python a page of memory for each.
_LOCKS = 4


def spawn_pool(initializer: Callable[..., Any], *arguments: Any) -> ProcessPool:
    """Return a pool of one process that is spawned, never forked: bpy does not survive a fork.

    Raises:
        UnavailableError: this system gives processes no locks; one sentence.

    """
    context = multiprocessing.get_context("spawn")
    try:
        # The pool makes its own with the first task, where an error could be anybody's.
        [context.RLock() for _ in range(_LOCKS)].clear()
    except OSError as error:
        raise UnavailableError(
            f"/dev/shm cannot be written ({error.strerror or error}), and processes have their "
            "locks there: mount it with some room (docker run --shm-size 64m), or ask whoever runs "
            "this machine"
        ) from None
    return ProcessPool(max_workers=1, context=context, initializer=initializer, initargs=arguments)
