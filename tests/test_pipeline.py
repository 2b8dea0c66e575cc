"""The pipeline: order, bounds and failures, with frames that cost nothing to render."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import renderer.pipeline
from renderer.dataset.layout import Layout
from renderer.pipeline import Pipeline
from renderer.plan import Planner
from renderer.shot.frame import Frame
from renderer.shot.shot import Shot
from tests import shapes

Maker = Callable[..., Planner]
BALL = {
    "name": "t",
    "images": 100,
    "objects": [{"asset": "ball.ply", "category": "ball"}],
    "camera": {"resolution": [64, 48]},
    "background": {"color": "white", "shadows": False},
    "render": {"denoise": False},
}


class GreyRenderer:
    """Renders grey, and counts how often and how much of it is in use at most."""

    def __init__(self) -> None:
        self.rendered: list[int] = []
        self.frames: list[Any] = []
        self.most = 0

    def render(self, shot: Shot) -> tuple[Frame, ...]:
        import weakref

        self.rendered.append(shot.index)
        frames = tuple(Frame(np.full((48, 64, 4), 0.5, np.float32)) for _ in shot.views)
        self.frames += [weakref.ref(frame.color) for frame in frames]
        self.most = max(self.most, sum(each() is not None for each in self.frames))
        return frames


@pytest.fixture
def planner(plain_planner: Maker) -> Planner:
    return plain_planner(BALL, ball=shapes.sphere(rings=12))


def test_lines_keep_their_order_and_bytes(planner: Planner, tmp_path: Path) -> None:
    one = list(Pipeline(planner, GreyRenderer(), Layout(tmp_path / "one")).run(range(12)))
    many = list(
        Pipeline(planner, GreyRenderer(), Layout(tmp_path / "many"), finishers=4).run(range(12))
    )
    assert [line["index"] for line in many] == list(range(12))
    assert one == many
    pictures = sorted((tmp_path / "one" / "images").iterdir())
    assert len(pictures) == 12
    for path in pictures:
        assert path.read_bytes() == (tmp_path / "many" / "images" / path.name).read_bytes()


def test_finishers_work_side_by_side(
    planner: Planner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four of them finish four shots in the time of one; the first to end is not the first out."""
    meet = threading.Barrier(4, timeout=30)

    def slow(*arguments: Any) -> Any:
        meet.wait()
        return real(*arguments)

    real = renderer.pipeline.develop
    monkeypatch.setattr(renderer.pipeline, "develop", slow)
    lines = list(Pipeline(planner, GreyRenderer(), Layout(tmp_path), finishers=4).run(range(8)))
    assert [line.get("failed") for line in lines] == [None] * 8


def test_frames_in_memory_are_bounded(
    planner: Planner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*arguments: Any) -> Any:
        time.sleep(0.02)
        return real(*arguments)

    real = renderer.pipeline.develop
    monkeypatch.setattr(renderer.pipeline, "develop", slow)
    frame = 48 * 64 * 4 * 4
    for finishers, most_bytes, wanted in ((1, 1 << 30, 3), (4, 2 * frame, 4), (4, 1, 3)):
        grey = GreyRenderer()
        pipeline = Pipeline(planner, grey, Layout(tmp_path), finishers, most_bytes)
        assert len(list(pipeline.run(range(12)))) == 12
        assert grey.most <= wanted, (finishers, most_bytes)


def test_what_fails_in_finishing_is_not_rendered_again(
    planner: Planner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(shot: Shot, *arguments: Any) -> Any:
        if shot.index == 2:
            raise ArithmeticError("no picture")
        return real(shot, *arguments)

    real = renderer.pipeline.develop
    monkeypatch.setattr(renderer.pipeline, "develop", broken)
    grey = GreyRenderer()
    lines = list(Pipeline(planner, grey, Layout(tmp_path), finishers=2).run(range(5)))
    assert grey.rendered == [0, 1, 2, 3, 4]
    assert [line["index"] for line in lines if "failed" in line] == [2]
    assert lines[2]["stage"] == "finish"
    assert lines[2]["failed"] == "ArithmeticError: no picture"
