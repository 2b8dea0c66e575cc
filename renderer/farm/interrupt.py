"""SIGINT and SIGTERM in two stages: the first winds a run down, the second stops it at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

from renderer.errors import UserError

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class RunStoppedError(UserError):
    """The run was asked to stop; ``signal`` is by what, ``at_once`` whether twice."""

    def __init__(self, number: int, at_once: bool) -> None:
        super().__init__(number, at_once)
        self.signal, self.at_once = number, at_once
        self.exit_code = 128 + number

    def __str__(self) -> str:
        return f"stopped by {signal.Signals(self.signal).name}"


@dataclass
class Interrupts:
    """The signals that have come."""

    count: int = 0
    signal: int = 0

    def record(self, number: int, interrupted: FrameType | None = None) -> None:
        """Record one signal; a signal handler."""
        del interrupted
        self.count += 1
        self.signal = number


@contextmanager
def interrupts() -> Iterator[Interrupts]:
    """Collect SIGINT and SIGTERM inside the block (in the main thread) and do nothing else."""
    received = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    before = {number: signal.signal(number, received.record) for number in _SIGNALS}
    try:
        yield received
    except RunStoppedError:
        # One more signal to a run that is ending would only cut its messages short.
        for number in before:
            signal.signal(number, signal.SIG_IGN)
        raise
    except BaseException:
        _restore(before)
        raise
    else:
        _restore(before)


def _restore(handlers: dict[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)
