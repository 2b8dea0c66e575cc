"""Shots that kill or hang their workers: put on record with all that is known, not repeated."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from renderer.dataset.layout import Layout
from renderer.dataset.parts import write_part
from renderer.dataset.storage import write_atomic
from renderer.farm.attribution import Death
from renderer.pipeline import quarantined_line


def quarantine(
    layout: Layout, shot: int, plan: dict[str, Any] | None, deaths: list[Death], session_number: int
) -> str:
    """Record a shot as given up; return the cause in one sentence.

    ``logs/quarantine/`` keeps its Shot (where it came as far as being planned), each death, and
    the end of Blender's output.

    Raises:
        DiskError: it cannot be written.

    """
    causes = list(dict.fromkeys(death.cause for death in deaths))
    cause = f"{len(deaths)} render processes were lost in it ({'; '.join(causes)})"
    record = {"index": shot, "cause": cause, "shot": plan, "deaths": [asdict(d) for d in deaths]}
    write_atomic(record_of(layout, shot), (json.dumps(record, indent=1) + "\n").encode())
    write_part(layout, [quarantined_line(shot, plan, cause)], session_number)
    return cause


def record_of(layout: Layout, shot: int) -> Path:
    """Return where the record of a quarantined shot lies."""
    return layout.file(f"logs/quarantine/{shot:08d}.json")
