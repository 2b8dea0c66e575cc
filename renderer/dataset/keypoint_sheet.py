"""A picture of a model from six sides with rulers, to read coordinates of points off and to see
where its named points are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from renderer.asset import Geometry
from renderer.asset.keypoints import Vector
from renderer.dataset.fonts import line, plain
from renderer.dataset.model_views import SIDES, ModelView
from renderer.geometry.raycast import Tracer
from renderer.geometry.spread import spread_points

Array = npt.NDArray[np.float64]
Box = tuple[float, float, float, float]

_SIDE, _RULER, _TITLE, _GAP, _HEAD = 520, 70, 30, 14, 44
_COLUMNS = 3
# The model's longest side takes this share of a view.
_FILL = 0.86
_INK, _FAINT, _GRID = "#0f172a", "#64748b", "#cbd5e1"
# How much of the grid is seen over the model.
_OVER = 0.3
_AXES = {"x": "#dc2626", "y": "#16a34a", "z": "#2563eb"}
_NAMED, _CANDIDATE = "#ea580c", "#7c3aed"
# A surface hides a point of this sheet if it lies before it by more of the model's longest side.
_TOLERANCE = 0.005
_ROW, _LETTERS = 20, 14
# Of so many times more corners than are asked for those in sight are taken.
_SPARE = 4
# No corner is proposed so near to a point, as a share of the longest side.
_NEAR = 0.03
# A longer name is cut off beside its point; the list below has it.
_LONGEST = 18


@dataclass(frozen=True)
class SheetPoint:
    """A point to draw.

    Attributes:
        label: what it is called.
        at: metres in the model frame.
        named: it is a point of the model, and no mere suggestion.
        inside_m: how far below the surface it may lie.

    """

    label: str
    at: Vector
    named: bool = True
    inside_m: float = 0.0


def keypoint_sheet(
    title: str,
    geometry: Geometry,
    points: Sequence[SheetPoint],
    lines: Sequence[tuple[int, int]] = (),
) -> Image.Image:
    """Return the picture.

    Args:
        title: the line above it.
        geometry: the model.
        points: what to draw on it; named ones are hollow where the model hides them, others are
            left out there.
        lines: pairs of indices into ``points`` that are joined.

    """
    width = _GAP + _COLUMNS * (_SIDE + _RULER + _GAP)
    cell = _SIDE + _RULER + _TITLE
    rows = -(-len(SIDES) // _COLUMNS)
    listed = list(_listed(points))
    per_column = -(-len(listed) // _COLUMNS)
    height = _HEAD + rows * (cell + _GAP) + per_column * _ROW + _GAP
    sheet = Image.new("RGB", (width, height), "white")
    line(20, plain(title)).draw(ImageDraw.Draw(sheet), _GAP, 30, _INK)
    corners = geometry.vertices[np.unique(geometry.triangles)].astype(np.float64)
    low, high = corners.min(axis=0), corners.max(axis=0)
    scale, tracer = _FILL * _SIDE / float((high - low).max()), Tracer(geometry)
    for number, side in enumerate(SIDES):
        view = ModelView(side, (low + high) / 2, scale, _SIDE)
        drawn = _panel(view, tracer, geometry, points, lines)
        x = _GAP + number % _COLUMNS * (_SIDE + _RULER + _GAP)
        sheet.paste(drawn, (x, _HEAD + number // _COLUMNS * (cell + _GAP)))
    pen, top = ImageDraw.Draw(sheet), _HEAD + rows * (cell + _GAP)
    for at, (text, ink) in enumerate(listed):
        x = _GAP + at // per_column * (_SIDE + _RULER + _GAP)
        line(_LETTERS, text).draw(pen, x, top + at % per_column * _ROW + _ROW - 5, ink)
    return sheet


def in_metres(at: Sequence[float]) -> str:
    """Return coordinates as a keypoint file has them: ``[0.04, 0, 0.1]``."""
    return f"[{', '.join(f'{value:.10g}' for value in at)}]"


def _listed(points: Sequence[SheetPoint]) -> Iterator[tuple[str, str]]:
    """Yield text and ink of each line of the list below the views."""
    for point in points:
        inside = f", inside_m: {point.inside_m:g}" if point.inside_m else ""
        text = f"{plain(point.label)}: {in_metres(point.at)}{inside}"
        yield text, _NAMED if point.named else _CANDIDATE


def _panel(
    view: ModelView,
    tracer: Tracer,
    geometry: Geometry,
    points: Sequence[SheetPoint],
    lines: Sequence[tuple[int, int]],
) -> Image.Image:
    """Return one view with its title, rulers and points."""
    shaded = view.picture(tracer, geometry)
    picture = Image.fromarray(shaded)
    _draw_grid(picture, view, (shaded == 255).all(axis=2))
    if points:
        _draw_points(ImageDraw.Draw(picture), view, tracer, points, lines)
    panel = Image.new("RGB", (_SIDE + _RULER, _SIDE + _RULER + _TITLE), "white")
    panel.paste(picture, (_RULER, _TITLE))
    pen = ImageDraw.Draw(panel)
    pen.rectangle((_RULER, _TITLE, _RULER + _SIDE - 1, _TITLE + _SIDE - 1), outline=_FAINT)
    line(16, _title(view)).draw(pen, _RULER, _TITLE - 9, _INK)
    _draw_rulers(panel, view)
    return panel


def _title(view: ModelView) -> str:
    into = view.side.turn[2]
    axis = "xyz"[int(np.abs(into).argmax())]
    return f"{view.side.name}, seen from {'+' if into.sum() < 0 else '-'}{axis}"


def _ticks(view: ModelView, axis: str) -> Iterator[tuple[float, float]]:
    """Yield the round values of an axis in a view, and how far from its middle each is along it."""
    column, sign = "xyz".index(axis[-1]), -1 if axis.startswith("-") else 1
    half = view.size / 2 / view.scale
    step = _round_step(2 * half / 11)
    middle = float(view.middle[column])
    for number in range(math.ceil((middle - half) / step), math.floor((middle + half) / step) + 1):
        yield number * step, sign * (number * step - middle) * view.scale


def _round_step(length: float) -> float:
    """Return the first of 1, 2 and 5 times a power of ten that is no shorter than a length."""
    power = 10.0 ** math.floor(math.log10(length))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= length * (1 - 1e-9))


def _draw_grid(picture: Image.Image, view: ModelView, paper: npt.NDArray[np.bool_]) -> None:
    """Draw lines through the ticks, fainter over the model; those of the origin in the colour of
    their axis.
    """
    grid, drawn = Image.new("RGB", picture.size), Image.new("L", picture.size)
    inks, lines = ImageDraw.Draw(grid), ImageDraw.Draw(drawn)
    for axis, upright in ((view.side.right, True), (view.side.up, False)):
        other = (view.side.up if upright else view.side.right)[-1]
        for value, along in _ticks(view, axis):
            ink = _AXES[other] if value == 0 else _GRID
            at = round(view.size / 2 + (along if upright else -along))
            ends = (at, 0, at, view.size) if upright else (0, at, view.size, at)
            inks.line(ends, fill=ink)
            lines.line(ends, fill=255)
    cover = np.asarray(drawn) * np.where(paper, 1.0, _OVER)
    picture.paste(grid, mask=Image.fromarray(cover.astype(np.uint8)))


def _draw_rulers(panel: Image.Image, view: ModelView) -> None:
    """Write the ticks' values below and to the left of a view, and which axis runs where."""
    pen, bottom = ImageDraw.Draw(panel), _TITLE + _SIDE
    for value, along in _ticks(view, view.side.right):
        x = _RULER + view.size / 2 + along
        pen.line((x, bottom, x, bottom + 5), fill=_FAINT)
        text = line(12, f"{value:.6g}")
        text.draw(pen, min(x, panel.width - text.width / 2) - text.width / 2, bottom + 18, _FAINT)
    for value, along in _ticks(view, view.side.up):
        y = _TITLE + view.size / 2 - along
        pen.line((_RULER - 5, y, _RULER, y), fill=_FAINT)
        text = line(12, f"{value:.6g}")
        text.draw(pen, _RULER - 8 - text.width, y + 4, _FAINT)
    across, up = view.side.right, view.side.up
    name = _axis_name(across, "to the right")
    panel.paste(name, (_RULER + (_SIDE - name.width) // 2, bottom + 24))
    name = _axis_name(up, "upwards").rotate(90, expand=True)
    panel.paste(name, (0, _TITLE + (_SIDE - name.height) // 2))


def _axis_name(axis: str, where: str) -> Image.Image:
    """Return what is written along a ruler."""
    name = axis[-1]
    text = line(14, f"{name} in metres, {'rises' if axis == name else 'falls'} {where}")
    picture = Image.new("RGB", (math.ceil(text.width), 20), "white")
    text.draw(ImageDraw.Draw(picture), 0, 15, _AXES[name])
    return picture


def _draw_points(
    pen: ImageDraw.ImageDraw,
    view: ModelView,
    tracer: Tracer,
    points: Sequence[SheetPoint],
    lines: Sequence[tuple[int, int]],
) -> None:
    """Draw points and lines between them on a view, each point with its label beside it."""
    at = np.array([point.at for point in points], np.float64)
    longest = _FILL * view.size / view.scale
    places = view.place(at)
    inside = np.array([point.inside_m for point in points])
    hidden = view.hidden(tracer, at, _TOLERANCE * longest + inside)
    for a, b in lines:
        pen.line((*places[a], *places[b]), fill=_NAMED, width=2)
    taken: list[Box] = [(x - 5, y - 5, x + 5, y + 5) for x, y in places]
    for point, (x, y), away in zip(points, places.tolist(), hidden.tolist(), strict=True):
        if point.named:
            fill = "white" if away else _NAMED
            pen.ellipse((x - 5, y - 5, x + 5, y + 5), fill=fill, outline=_NAMED, width=2)
        elif away:
            continue
        else:
            diamond = [(x, y - 5), (x + 5, y), (x, y + 5), (x - 5, y)]
            pen.polygon(diamond, fill=_CANDIDATE, outline="white")
        _draw_label(pen, point, (x, y), taken, view.size)


def _draw_label(
    pen: ImageDraw.ImageDraw,
    point: SheetPoint,
    place: tuple[float, float],
    taken: list[Box],
    size: int,
) -> None:
    """Write a point's label beside it, where it hides least of what is drawn."""
    cut = point.label if len(point.label) <= _LONGEST else f"{point.label[: _LONGEST - 1]}…"
    text = line(12, plain(cut))
    wide, high = text.width + 4, text.bottom - text.top + 2
    x, y = place
    spots = [
        *((x + 7, y - high / 2), (x - 7 - wide, y - high / 2)),
        *((x - wide / 2, y - 8 - high), (x - wide / 2, y + 8)),
        *((x + 5, y - 5 - high), (x + 5, y + 5)),
        *((x - 5 - wide, y - 5 - high), (x - 5 - wide, y + 5)),
    ]
    boxes = [(left, top, left + wide, top + high) for left, top in spots]
    left, top, right, bottom = min(boxes, key=lambda box: _cost(box, taken, size))
    taken.append((left, top, right, bottom))
    pen.rectangle((left, top, right, bottom), fill="white")
    ink = _NAMED if point.named else _CANDIDATE
    text.draw(pen, left + 2, top + 1 - text.top, ink)


def _cost(box: Box, taken: Sequence[Box], size: int) -> float:
    """Return how much of what is there a label hides (square pixels), and of itself is cut off."""
    left, top, right, bottom = box
    cost = 0.0
    for x0, y0, x1, y1 in taken:
        cost += max(min(right, x1) - max(left, x0), 0) * max(min(bottom, y1) - max(top, y0), 0)
    shown = max(min(right, size) - max(left, 0), 0) * max(min(bottom, size) - max(top, 0), 0)
    return cost + 10 * ((right - left) * (bottom - top) - shown)


def candidates(geometry: Geometry, count: int, there: Sequence[Vector] = ()) -> list[Vector]:
    """Return corners of the model's surface that lie far from each other, and from points that are
    there already, and are seen from one of the six sides; rounded to a ten-thousandth of the
    model's longest side or less.
    """
    corners = geometry.vertices[np.unique(geometry.triangles)].astype(np.float64)
    low, high = corners.min(axis=0), corners.max(axis=0)
    longest, tracer = float((high - low).max()), Tracer(geometry)
    some = spread_points(corners, _SPARE * count)
    seen = np.zeros(len(some), np.bool_)
    for side in SIDES:
        view = ModelView(side, (low + high) / 2, _FILL * _SIDE / longest, _SIDE)
        seen |= ~view.hidden(tracer, some, _TOLERANCE * longest)
    for point in there:
        seen &= np.linalg.norm(some - point, axis=1) > _NEAR * longest
    if not seen.any() or not count:
        return []
    digits = max(0, 4 - math.floor(math.log10(longest)))
    chosen = spread_points(some[seen], count).round(digits) + 0.0
    return [(x, y, z) for x, y, z in chosen.tolist()]
