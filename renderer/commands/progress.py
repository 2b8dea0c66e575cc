"""Progress of a run: a live bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from renderer.commands.terminal import err, in_bytes, warn
from renderer.dataset.manifest import spans
from renderer.farm import events
from renderer.farm.event_text import cause_kind
from renderer.farm.events import Event
from renderer.farm.job import slot_of

# Without a terminal (a log file, CI) a line at most this often.
_LINE_EVERY_S = 20.0
# More slots than this do not fit a line; the heartbeats in the journal have them all.
_SLOTS = 4
# Kinds of failures that are told as they happen.
_KINDS = 5


class RunProgress:
    """Shows done, failed, images per second and the time left."""

    def __init__(self, total: int, quiet: bool) -> None:
        """Prepare for ``total`` images; ``quiet`` shows nothing."""
        self._total, self._quiet = total, quiet
        self._done = self._failed = 0
        self._counted: set[int] = set()
        self._kinds: set[str] = set()
        self._slots: Counter[str] = Counter()
        self._begun = self._printed = time.monotonic()
        self._live = err.is_terminal and not quiet
        self._bar = Progress(
            TextColumn("rendering"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[failed]}", style="red", markup=False),
            TextColumn("{task.fields[rate]}", markup=False),
            TimeElapsedColumn(),
            TextColumn("ETA"),
            TimeRemainingColumn(),
            console=err,
        )
        self._task = self._bar.add_task("", total=total, failed="", rate="")

    def __enter__(self) -> Self:
        """Show the bar."""
        if self._live:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar down."""
        if self._live:
            self._bar.stop()
        elif not self._quiet and self._counted:
            self._line()

    def handle(self, event: Event) -> None:
        """Show one event of the run."""
        if not self._quiet and (said := _sentence(event) or self._new_failure(event)):
            warn(said)
        match event:
            case events.ShotFailed(again=True):
                return
            case events.ShotDone() | events.ShotFailed():
                self._count(event.shot, isinstance(event, events.ShotDone), slot_of(event.worker))
            case events.ShotQuarantined():
                self._count(event.shot, False, "")

    def _count(self, shot: int, done: bool, slot: str) -> None:
        """Count a shot, once: it is rendered again where its worker dies before its part."""
        if shot in self._counted:
            return
        self._counted.add(shot)
        if slot:
            self._slots[slot] += 1
        self._done += done
        self._failed += not done
        if self._live:
            self._bar.update(
                self._task,
                completed=self._done + self._failed,
                failed=f"{self._failed} failed" if self._failed else "",
                rate=self._rate(),
            )
        elif not self._quiet and time.monotonic() - self._printed > _LINE_EVERY_S:
            self._line()

    def _new_failure(self, event: Event) -> str:
        """Return the sentence for a failure of a kind that has not been told yet."""
        if not isinstance(event, events.ShotFailed) or event.again or len(self._kinds) >= _KINDS:
            return ""
        kind = cause_kind(event.cause)
        if kind in self._kinds:
            return ""
        self._kinds.add(kind)
        more = "; others are told at the end" if len(self._kinds) == _KINDS else ""
        return f"shot {event.shot} failed: {event.cause}{more}"

    def _rate(self) -> str:
        seconds = max(time.monotonic() - self._begun, 1e-3)
        whole = pace((self._done + self._failed) / seconds)
        if len(self._slots) < 2:
            return whole
        each = ", ".join(
            f"{slot} {pace(count / seconds)}"
            for slot, count in sorted(self._slots.items())[:_SLOTS]
        )
        more = ", ..." if len(self._slots) > _SLOTS else ""
        return f"{whole} ({each}{more})"

    def _line(self) -> None:
        self._printed = time.monotonic()
        left = self._total - self._done - self._failed
        rate = (self._done + self._failed) / max(self._printed - self._begun, 1e-3)
        eta = f", {left / rate:.0f} s left" if rate and left else ""
        failed = f", {self._failed} failed" if self._failed else ""
        err.print(f"rendered {self._done} of {self._total}{failed}, {self._rate()}{eta}")


def pace(rate: float) -> str:
    """Return images a second for people, who like numbers above one."""
    return f"{rate:.2f} images/s" if rate >= 1 or not rate else f"{1 / rate:.1f} s/image"


def _sentence(event: Event) -> str:
    """Return the sentence for what an operator should know of, or nothing."""
    match event:
        case events.WorkerLost():
            where = f"in {_shots(event.shots)} on {event.device}" if event.shots else "idle"
            return f"a render process was lost {where} ({event.cause}); another takes its place"
        case events.ShotQuarantined():
            return f"shot {event.shot} is given up: {event.cause}"
        case events.DeviceSetAside():
            return f"{event.device} is set aside: {event.cause}"
        case events.RunPaused():
            return _pause(event)
        case events.RunResumed():
            return "there is room on the disk again: going on"
        case events.RunStopping():
            return "stopping after the shots that are rendering; once more to stop at once"
    return ""


def _pause(event: events.RunPaused) -> str:
    free, kept = in_bytes(event.free), in_bytes(event.reserve)
    if event.free >= event.reserve:
        return f"paused: the disk is full ({free} free); it goes on when there is room"
    return (
        f"paused: the disk has {free} free and {kept} are kept (--min-free-gb); it goes on "
        "when there is room"
    )


def _shots(shots: Sequence[int]) -> str:
    listed = spans(shots)
    more = ", ..." if len(listed) > 3 else ""
    return f"shot{'s' if len(shots) > 1 else ''} {', '.join(listed[:3])}{more}"
