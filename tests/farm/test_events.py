"""Events in journals: lines as they have always been written are read; strange ones are not."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from renderer.farm import events
from renderer.farm.event_text import event_line
from renderer.farm.events import read_event
from renderer.farm.journal import Journal, read_run_journal

_FROM = {"job": 3, "worker": "cpu.0#1", "device": "cpu", "sharing": 2}
_LOST = {"shots": [4, 5], "cause": "signal 11", "worker": "cpu.0#1", "device": "cpu", "log": "x"}
# As journals had them before there were classes, and the sentence of each.
LINES: list[tuple[dict[str, Any], str]] = [
    (
        {
            "event": "begin",
            "host": "h",
            "pid": 7,
            "command": ["a", "b"],
            "images": 9,
            "shard": None,
            "pending": 8,
            "slots": ["cpu.0", "cpu.1"],
            "threads": [1],
        },
        "begins 8 of 9 shots on cpu.0, cpu.1, h (process 7)",
    ),
    ({"event": "hello", **_FROM, "pid": 7}, "starts (process 7)"),
    ({"event": "broken", **_FROM, "cause": "no", "explained": True}, "cannot start: no"),
    ({"event": "chunk", **_FROM, "shots": [4, 5, 7]}, "begins a job of shots 4-5, 7"),
    ({"event": "start", **_FROM, "shot": 4}, "begins shot 4"),
    ({"event": "done", **_FROM, "shot": 4, "seconds": 1.5}, "has finished shot 4 in 1.50 s"),
    (
        {
            "event": "failed",
            **_FROM,
            "shot": 4,
            "seconds": 1,
            "cause": "no light",
            "memory": False,
            "impossible": False,
            "again": False,
        },
        "failed at shot 4: no light",
    ),
    ({"event": "part", **_FROM, "shots": [4]}, "has written the part of shot 4"),
    ({"event": "died", **_LOST}, "died in shots 4-5: signal 11"),
    ({"event": "hung", **_LOST}, "was killed in shots 4-5: signal 11"),
    (
        {"event": "recycled", "worker": "cpu.0#1", "cause": "4 images"},
        "is replaced by a fresh process after 4 images",
    ),
    ({"event": "quarantined", "shot": 4, "cause": "x"}, "gives up shot 4: x"),
    ({"event": "set aside", "device": "cuda:0", "cause": "x"}, "sets cuda:0 aside: x"),
    ({"event": "paused", "free": 5_000_000, "reserve": 1}, "pauses: 5 MB of disk are free"),
    ({"event": "resumed", "free": 5_000_000, "reserve": 1}, "goes on: 5 MB of disk are free"),
    (
        {"event": "stopping", "running": 2},
        "was asked to stop; the shots that are rendering are finished",
    ),
    ({"event": "end", "how": "finished"}, "ends: finished"),
    (
        {
            "event": "heartbeat",
            "images_per_s": {"cpu.0": 0.5},
            "cpu_percent": 93.2,
            "memory_percent": 41,
            "gpus": [_GPU := {"percent": 9, "memory_mib": 1}],
        }
        | {"gpus": [{**_GPU, "memory_total_mib": 2}]},
        "images: cpu.0 0.50/s; CPU 93 %, GPU 9 %, memory 41 %",
    ),
]
BY_NAME = {line["event"]: line for line, _ in LINES}


def read(folder: Path, *lines: dict[str, Any]) -> list[events.Event]:
    path = folder / "run-1.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return [event for _, event in read_run_journal(path)]


@pytest.mark.parametrize(("line", "text"), LINES, ids=list(BY_NAME))
def test_a_line_is_read_said_and_written_again(
    tmp_path: Path, line: dict[str, Any], text: str
) -> None:
    (event,) = read(tmp_path, {"time": 1_700_000_000.25, **line})
    assert event_line(event).endswith(f"  {text}")
    journal = Journal(tmp_path / "again.jsonl")
    journal.write(event)
    written = json.loads((tmp_path / "again.jsonl").read_text())
    assert list(written)[:2] == ["time", "event"]
    new = {"stage": "render"} if line["event"] == "failed" else {}
    assert written == {"time": 1_700_000_000.25, **line, **new}


STRANGE: list[tuple[str, str, Any]] = [
    *[("end", "time", value) for value in (-1, 1e11, 1e300, "now", None, True, float("nan"))],
    *[("begin", "pid", value) for value in (0, -1, 2**31, 1.5, "7", True)],
    *[("begin", "command", value) for value in ([], "x", [1], None)],
    *[("begin", "shard", value) for value in (1, {})],
    *[("begin", key, value) for key in ("pending", "images") for value in (-1, 1.0, 2**63)],
    *[("begin", "slots", value) for value in ("cpu", [1])],
    *[("done", "shot", value) for value in (-1, 1.5, "1", [1], True, 2**63, None)],
    *[("done", "seconds", value) for value in ("1", 1e15, -1e15, float("inf"), True)],
    *[("done", "sharing", value) for value in (0, 1.0, "1")],
    *[("done", "device", value) for value in (1, None, ["cpu"])],
    *[("chunk", "shots", value) for value in (7, ["a"], [-1], None)],
    *[("died", "shots", value) for value in (7, [1.5])],
    *[("failed", "cause", value) for value in (1, None)],
    ("failed", "stage", "lunch"),
    *[("heartbeat", "images_per_s", value) for value in ([1], {"cpu": "x"}, {"cpu": 1e15})],
    *[("heartbeat", "cpu_percent", value) for value in ("x", 1e15)],
    *[("heartbeat", "gpus", value) for value in (3, [3], [{}], [{"memory_mib": 1}])],
    *[("paused", "free", value) for value in (None, "x", 1e15)],
    *[("end", "event", value) for value in ("party", ["end"], None, 1)],
]


@pytest.mark.parametrize(("name", "key", "value"), STRANGE)
def test_a_strange_value_makes_no_event(tmp_path: Path, name: str, key: str, value: Any) -> None:
    good = {"time": 1, **BY_NAME[name]}
    assert len(read(tmp_path, good, {**good, key: value}, good)) == 2


@pytest.mark.parametrize(
    ("name", "key"),
    [
        *[(name, "time") for name in BY_NAME],
        *[("begin", key) for key in ("host", "pid", "shard", "command", "pending", "images")],
        *[(name, key) for name in ("done", "failed") for key in ("shot", "device", "seconds")],
        *[(name, "cause") for name in ("failed", "died", "hung", "quarantined", "recycled")],
        *[("chunk", "shots"), ("start", "shot"), ("hello", "pid"), ("paused", "free")],
    ],
)
def test_a_line_that_lacks_something_is_no_event(tmp_path: Path, name: str, key: str) -> None:
    good = {"time": 1, **BY_NAME[name]}
    assert read(tmp_path, {k: v for k, v in good.items() if k != key}) == []


@pytest.mark.parametrize(
    "line", [b"", b"{", b"[]", b"7", b'{"event":"end"', b'{"how":"\xff"}', b"[" * 100_000, b"{}"]
)
def test_what_is_no_event(line: bytes) -> None:
    assert read_event(line) is None


def test_names_that_are_no_utf8_are_written_all_the_same(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.yaml")
    line = {**BY_NAME["begin"], "command": ("orbitset", name), "slots": (), "threads": ()}
    journal = Journal(tmp_path / "run.jsonl")
    journal.write(events.RunBegan.model_validate(line))
    (written,) = (tmp_path / "run.jsonl").read_bytes().splitlines()
    assert json.loads(written)["command"] == ["orbitset", "caf?.yaml"]


def test_events_of_a_shot() -> None:
    assert events.ShotStarted(shot=4).concerns(4)
    assert events.PartWritten(shots=(3, 4)).concerns(4)
    assert not events.PartWritten(shots=(3,)).concerns(4)
    assert not events.RunEnded(how="finished").concerns(4)
