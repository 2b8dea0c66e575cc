"""Label kinds side by side: a row an image, a column a panel, so that no map hides the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from renderer.dataset.fonts import line, plain
from renderer.dataset.layout import Layout
from renderer.dataset.overlay import draw_overlay, stored_image
from renderer.dataset.picture import open_picture
from renderer.dataset.records import AnnotationRecord, ImageRecord
from renderer.errors import UserError
from renderer.recipe.problem import did_you_mean
from renderer.registry import LABEL_KINDS
from renderer.truth.kind import LabelKind

ALL = "all"
_PICTURE = "picture"
# Narrower panels hide what they show; two of them need no more room than this.
_SHEET_WIDTH, _LEAST_WIDTH, _MOST_WIDTH = 1600, 320, 640
_GAP, _HEAD, _CAPTION, _LETTERS = 10, 30, 26, 16
_GROUND, _INK, _TITLE = "#14181f", "#cbd5e1", "#f8fafc"


@dataclass(frozen=True)
class Panel:
    """One column: the picture with some label kinds drawn over it, or with one in its place.

    Attributes:
        title: what stands above the column.
        kinds: the kinds that are drawn, none for the picture as it is.

    """

    title: str
    kinds: tuple[str, ...]


def chosen_kinds(labels: str, there: Sequence[str]) -> list[str]:
    """Return the label kinds that a text names with commas between them: ``depth,mask``, ``all``.

    Args:
        labels: the text.
        there: the kinds that the dataset has.

    Raises:
        UserError: one is unknown, not in the dataset, or cannot be seen.

    """
    named = list(dict.fromkeys(name.strip() for name in labels.split(",") if name.strip()))
    if not named:
        raise UserError(f"--labels names no label kind: the dataset has {_listed(there)}")
    if ALL in named:
        return [name for name in there if name in LABEL_KINDS.names() and _is_seen(name)]
    for name in named:
        _must_be_seen(name, there)
    return named


def _must_be_seen(name: str, there: Sequence[str]) -> None:
    known = LABEL_KINDS.names()
    if name not in known and name in there:
        raise UserError(f"--labels {name}: its package is not installed here")
    if name not in known:
        raise UserError(
            f"--labels {name}: there is no such label kind{did_you_mean(name, (*known, ALL))}; the "
            f"dataset has {_listed(there)}"
        )
    if name not in there:
        raise UserError(
            f"--labels {name}: the dataset has no {name}, but {_listed(there)}; a recipe asks for "
            f"it with `labels: {{{name}: true}}`"
        )
    if not _is_seen(name):
        raise UserError(f"--labels {name}: it draws nothing")


def _listed(there: Sequence[str]) -> str:
    return ", ".join(there) or "no labels"


def _is_seen(name: str) -> bool:
    """Tell whether a kind draws anything."""
    return type(LABEL_KINDS.get(name)).draw is not LabelKind.draw


def panels_of(kinds: Sequence[str], grid: bool) -> tuple[Panel, ...]:
    """Return the columns that show some label kinds.

    A kind that writes files is a map of the whole picture, and has a column of its own; the others
    are drawn over the picture, one over the other.

    Args:
        kinds: their names.
        grid: whether each has a column of its own, and the picture without any another.

    """
    alone = [name for name in kinds if grid or LABEL_KINDS.get(name).files]
    over = tuple(name for name in kinds if name not in alone)
    return (Panel(", ".join(over) or _PICTURE, over), *(Panel(name, (name,)) for name in alone))


def draw_panels(
    layout: Layout,
    image: ImageRecord,
    annotations: Sequence[AnnotationRecord],
    names: dict[int, str],
    panels: Sequence[Panel],
    width: int,
) -> list[Image.Image]:
    """Return an image of a dataset as each panel shows it, in a width.

    Raises:
        DatasetError: labels cannot be decoded, or are not there.

    """
    picture, stored = open_picture(layout, image), stored_image(layout, image, annotations)
    return [
        draw_overlay(picture, annotations, names, panel.kinds, width, stored) for panel in panels
    ]


def panel_width(count: int) -> int:
    """Return how wide each of ``count`` panels is on a sheet."""
    fitting = (_SHEET_WIDTH - _GAP * (count + 1)) // count
    return min(max(fitting, _LEAST_WIDTH), _MOST_WIDTH)


def panel_sheet(
    panels: Sequence[Panel], rows: Sequence[tuple[str, Sequence[Image.Image]]]
) -> Image.Image:
    """Return one image: titles above, and a row with its caption for each image.

    Args:
        panels: the columns.
        rows: a caption and the drawn panels of each image, all of one width.

    """
    cell = max(drawn[0].width for _, drawn in rows)  # a very slim picture is narrower
    heights = [drawn[0].height + _CAPTION + _GAP for _, drawn in rows]
    size = len(panels) * (cell + _GAP) + _GAP, _HEAD + sum(heights) + _GAP
    sheet = Image.new("RGB", size, _GROUND)
    pen = ImageDraw.Draw(sheet)
    for at, panel in enumerate(panels):
        title = _within(plain(panel.title), cell - 4)
        line(_LETTERS, title).draw(pen, _left(at, cell) + 2, _HEAD - 8, _TITLE)
    top = _HEAD
    for (caption, drawn), height in zip(rows, heights, strict=True):
        for at, picture in enumerate(drawn):
            sheet.paste(picture, (_left(at, cell), top))
        below = top + drawn[0].height
        line(14, plain(caption)).draw(pen, _GAP + 2, below + 4 + 13, _INK)
        top += height
    return sheet


def _within(title: str, width: int) -> str:
    """Return as much of a title as fits into a width."""
    kept = len(title)
    while kept > 1 and line(_LETTERS, title[:kept], "…" if kept < len(title) else "").width > width:
        kept -= 1
    return title if kept == len(title) else f"{title[:kept]}…"


def _left(at: int, cell: int) -> int:
    return _GAP + at * (cell + _GAP)
