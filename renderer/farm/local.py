"""The local engine: one supervised worker process on this machine.

The worker is a process of its own (spawned, never forked: bpy does not survive a fork), so that a
crash of Blender costs the shot it happened in and nothing else.
"""

from __future__ import annotations

import multiprocessing
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from concurrent.futures.process import BrokenProcessPool

from pebble import ProcessExpired, ProcessPool

from renderer.blender.quiet import tail
from renderer.farm.journal import Event, Follower
from renderer.farm.worker import WorkerSetup, begin, render_chunk

# A shot that two workers died in, while it was the only one they had, is given up.
_MOST_DEATHS = 2
_LOOK_EVERY_S = 0.1
# A worker that says nothing for this long hangs; no sane shot takes so long.
_SILENCE_LIMIT_S = 3600.0

Watch = Callable[[Event], None]
Chunk = tuple[int, ...]


def chunks_of(pending: list[int], size: int) -> list[Chunk]:
    """Return the pending shots in chunks of consecutive work."""
    return [tuple(pending[at : at + size]) for at in range(0, len(pending), size)]


def render_all(setup: WorkerSetup, chunks: list[Chunk], watch: Watch) -> None:
    """Render every chunk; ``watch`` is told each event (start, done, failed, died).

    When a worker dies, the shots of its chunk are rendered one by one, because two are in the works
    at a time and only a shot alone can be blamed.

    Raises:
        OSError: a part or an image could not be written (a full disk, say).
        RuntimeError: no worker can be started at all; holds Blender's last words.

    """
    follower = Follower(setup.journal)
    queue, deaths = deque(chunks), dict[int, int]()
    pool = _new_pool(setup)
    try:
        while queue:
            chunk = queue.popleft()
            given_up: dict[int, str] = {}
            if len(chunk) == 1 and deaths.get(chunk[0], 0) >= _MOST_DEATHS:
                given_up[chunk[0]] = f"the render process died in it {_MOST_DEATHS} times"
            cause = _run_chunk(pool, setup, chunk, given_up, follower, watch)
            if cause is None:
                continue
            watch({"event": "died", "shots": list(chunk), "cause": cause})
            queue.extendleft((index,) for index in reversed(chunk))
            if len(chunk) == 1:
                deaths[chunk[0]] = deaths.get(chunk[0], 0) + 1
            pool.stop()
            pool.join()
            pool = _new_pool(setup)
    finally:
        pool.stop()
        pool.join()


def _new_pool(setup: WorkerSetup) -> ProcessPool:
    context = multiprocessing.get_context("spawn")
    return ProcessPool(max_workers=1, context=context, initializer=begin, initargs=(setup,))


def _run_chunk(
    pool: ProcessPool,
    setup: WorkerSetup,
    chunk: Chunk,
    given_up: dict[int, str],
    follower: Follower,
    watch: Watch,
) -> str | None:
    """Render one chunk; return None, or how its worker died.

    Raises RuntimeError when the worker did not even start: the next one would not either.
    """
    spoke = False
    try:
        future = pool.schedule(render_chunk, args=(setup, chunk, given_up))
        for event in _events(future, follower):
            spoke = True
            watch(event)
        future.result()
    except CancelledError:
        return f"silent for {_SILENCE_LIMIT_S:.0f} s"
    except (ProcessExpired, BrokenProcessPool) as error:
        code = getattr(error, "exitcode", None)
        if not spoke:
            raise RuntimeError(f"the render process did not start: {tail(setup.log)}") from None
        return f"signal {-code}" if isinstance(code, int) and code < 0 else f"exit code {code}"
    return None


def _events(future: Future[int], follower: Follower) -> Iterator[Event]:
    """Yield what the worker journals until its chunk ends, and the last of it."""
    heard = time.monotonic()
    while True:
        ended = future.done()
        for event in follower.news():
            heard = time.monotonic()
            yield event
        if ended:
            return
        if time.monotonic() - heard > _SILENCE_LIMIT_S:
            future.cancel()
        time.sleep(_LOOK_EVERY_S)
