"""What ``orbitset dataset export`` tells of an export: how far it is, and what came of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from renderer.commands.terminal import err, in_bytes, out, visible, warn

if TYPE_CHECKING:
    from renderer.export.write import Exported

# Without a terminal (a log file, CI) a line at most this often.
_LINE_EVERY_S = 20.0
# Classes that are shown, the most frequent ones.
_CLASSES = 5


def print_result(done: Exported, dry_run: bool) -> None:
    """Say what was written, or would be, in a table; what is left out goes to stderr."""
    facts = done.facts
    written, given = facts["annotations"], sum(facts["objects"].values())
    objects = f"{written} objects" if written == given else f"{written} of their {given} objects"
    what = f"{facts['images']} images with {objects}"
    if dry_run:
        out.print(f"would write {what} ({in_bytes(done.bytes)}) to {done.root}")
    else:
        out.print(f"{what} in {done.root}")
    _print_table(facts)
    for each in facts["left_out"]:
        warn(f"left out: {each}")


def _print_table(facts: dict[str, Any]) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("", "images", "objects", "share"):
        table.add_column(name, justify="right" if name else "left")
    for name, side in facts["splits"].items():
        share = f"{side['images'] / max(facts['images'], 1):.4f} of {side['share']:g}"
        table.add_row(visible(name), str(side["images"]), str(side["annotations"]), share)
    given = sum(facts["objects"].values())
    table.add_row("all", str(facts["images"]), str(given), "", end_section=True)
    counts = sorted(facts["objects"].items(), key=lambda each: (-each[1], int(each[0])))
    for number, count in counts[:_CLASSES]:
        table.add_row(visible(facts["categories"].get(number, number)), "", str(count), "")
    if more := counts[_CLASSES:]:
        rest = sum(count for _, count in more)
        table.add_row(f"{len(more)} more classes", "", str(rest), "")
    out.print(table)


class Progress:
    """Shows on a terminal how far an export is, and elsewhere now and then in a line."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self._bar = Bar(
            "exporting", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=err
        )
        self._task = self._bar.add_task("", total=None)
        self._spoke = time.monotonic()

    def __enter__(self) -> Progress:
        if err.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if err.is_terminal:
            self._bar.stop()

    def watch(self, done: int, total: int) -> None:
        """Take note that an image is done."""
        if err.is_terminal:
            self._bar.update(self._task, completed=done, total=total)
        elif time.monotonic() - self._spoke > _LINE_EVERY_S:
            self._spoke = time.monotonic()
            err.print(f"exported {done} of {total} images")
