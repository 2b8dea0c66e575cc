"""The local engine: one supervised worker process on this machine.

The worker is a process of its own (spawned, never forked: bpy does not survive a fork), so that a
crash of Blender costs the shot it happened in and nothing else.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future

from pebble import ProcessExpired, ProcessPool

from renderer.blender.quiet import tail
from renderer.farm.journal import Event, Follower
from renderer.farm.worker import WorkerSetup, begin, render_chunk

# A shot that two workers died in is given up.
_MOST_DEATHS = 2
_LOOK_EVERY_S = 0.1

Watch = Callable[[Event], None]


def chunks_of(pending: list[int], size: int) -> list[tuple[int, ...]]:
    """Return the pending shots in chunks of consecutive work."""
    return [tuple(pending[at : at + size]) for at in range(0, len(pending), size)]


def render_all(setup: WorkerSetup, chunks: list[tuple[int, ...]], watch: Watch) -> None:
    """Render every chunk; ``watch`` is told each event (start, done, failed, died).

    Raises:
        OSError: a part or an image could not be written (a full disk, say).
        RuntimeError: no worker can be started at all.

    """
    context = multiprocessing.get_context("spawn")
    follower = Follower(setup.journal)
    deaths: dict[int, int] = {}
    given_up: dict[int, str] = {}
    pool = ProcessPool(max_workers=1, context=context, initializer=begin, initargs=(setup,))
    try:
        for chunk in chunks:
            while True:
                mine = {index: given_up[index] for index in chunk if index in given_up}
                future = pool.schedule(render_chunk, args=(setup, chunk, mine))
                running: int | None = None
                for event in _events(future, follower):
                    if event["event"] == "start":
                        running = event["shot"]
                    watch(event)
                try:
                    future.result()
                    break
                except (ProcessExpired, CancelledError) as error:
                    _note_death(error, running, deaths, given_up, setup, watch)
    except BaseException:
        pool.stop()
        raise
    finally:
        pool.close()
        pool.join()


def _events(future: Future[int], follower: Follower) -> Iterator[Event]:
    """Yield what the worker journals until its chunk ends, and the last of it."""
    while True:
        ended = future.done()
        yield from follower.news()
        if ended:
            return
        time.sleep(_LOOK_EVERY_S)


def _note_death(
    error: BaseException,
    running: int | None,
    deaths: dict[int, int],
    given_up: dict[int, str],
    setup: WorkerSetup,
    watch: Watch,
) -> None:
    """Count a worker's death against the shot it was in; give the shot up at the second.

    Raises RuntimeError for a worker that died before any shot: the next one would as well.
    """
    code = getattr(error, "exitcode", None)
    how = f"signal {-code}" if isinstance(code, int) and code < 0 else f"exit code {code}"
    last = tail(setup.log)
    if running is None:
        raise RuntimeError(f"the render process did not start ({how}); its last words:\n{last}")
    deaths[running] = deaths.get(running, 0) + 1
    watch({"event": "died", "shot": running, "cause": how})
    if deaths[running] >= _MOST_DEATHS:
        words = last.splitlines()[-1] if last else ""
        given_up[running] = f"the render process died in it twice ({how}); last: {words}"
