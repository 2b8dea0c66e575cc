"""Charts of the report as inline SVG, drawn by matplotlib, with fixed ids so that bytes repeat."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

from renderer.dataset.statistics import Histogram, Statistics

_INK, _FAINT, _BAR = "#6b7280", "#d1d5db", "#0d9488"
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "orbitset",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.edgecolor": _FAINT,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def charts(statistics: Statistics) -> list[tuple[str, str, str]]:
    """Return (title, explanation, svg) of every chart but that of the categories: their names may
    be in any script, and the page has the browser's fonts for them (``largest_bars``).

    What no label kind of the dataset tells has no chart.
    """
    chosen = [
        (
            "Views",
            "images by the camera's azimuth and elevation",
            _svg(lambda ax: _views(ax, statistics), 2.6),
        ),
        (
            "Object size",
            "square root of the share of the image an object covers",
            _svg(lambda ax: _bars(ax, statistics.size, "relative size", "objects")),
        ),
        (
            "Object position",
            "centres of boxes in the frame",
            _svg(lambda ax: _position(ax, statistics), 2.9),
        ),
        (
            "Visibility",
            "visible share of each object within the frame",
            _svg(lambda ax: _bars(ax, statistics.visibility, "visible share", "objects")),
        ),
        (
            "Truncation",
            "share of each object beyond the frame",
            _svg(lambda ax: _bars(ax, statistics.truncation, "share outside", "objects")),
        ),
        (
            "Brightness",
            "mean luma of each image",
            _svg(lambda ax: _bars(ax, statistics.brightness, "brightness", "images")),
        ),
        (
            "Objects per image",
            "",
            _svg(lambda ax: _per_image(ax, statistics)),
        ),
    ]
    return [each for each in chosen if each[0] not in _without_data(statistics)]


def _without_data(statistics: Statistics) -> set[str]:
    """Return the charts that would be empty though there are objects."""
    untold: set[str] = set()
    if statistics.annotations and not statistics.size.counts.any():
        untold |= {"Object size", "Object position"}
    if statistics.annotations and not statistics.visibility.counts.any():
        untold |= {"Visibility", "Truncation"}
    return untold


def largest_bars(counts: Counter[str]) -> list[tuple[str, int, float]]:
    """Return name, count and length (percent) of a bar for each of the 20 largest counts."""
    most = counts.most_common(20)
    return [(name, count, round(100 * count / most[0][1], 2)) for name, count in most]


def _svg(draw: Callable[[Axes], None], height: float = 2.5) -> str:
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.6, height))
        # Counts are written short (12k), so that they fit: to have the margins measured takes as
        # long as all the drawing.
        figure.subplots_adjust(left=0.14, right=0.97, bottom=0.48 / height, top=1 - 0.1 / height)
        draw(figure.add_subplot())
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    # Matplotlib's own metadata names outside addresses; the page is to name none.
    return re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)


def _bars(ax: Axes, histogram: Histogram, xlabel: str, ylabel: str) -> None:
    edges = histogram.edges
    ax.bar(
        edges[:-1], histogram.counts, width=np.diff(edges), align="edge", color=_BAR, linewidth=0
    )
    ax.set_xlim(histogram.low, histogram.high)
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    _counts(ax.yaxis, 5)


def _counts(axis: Axis, most: int) -> None:
    """Have an axis tell whole counts."""
    axis.set_major_locator(MaxNLocator(most, integer=True))
    axis.set_major_formatter(EngFormatter(sep=""))


def _per_image(ax: Axes, statistics: Statistics) -> None:
    counts = statistics.objects_per_image
    ax.bar(list(counts), list(counts.values()), color=_BAR, width=0.8)
    ax.set_xlabel("objects")
    ax.set_ylabel("images")
    if counts:  # of one bar alone, whole numbers would be no ticks
        ax.set_xlim(min(counts) - 1.5, max(counts) + 1.5)
    _counts(ax.xaxis, 8)
    _counts(ax.yaxis, 5)


def _scale(ax: Axes, shown: ScalarMappable) -> None:
    """Put a scale of whole counts beside a map."""
    bar = ax.figure.colorbar(shown, ax=ax, shrink=0.9)
    _counts(bar.ax.yaxis, 5)
    bar.outline.set_visible(False)


def _views(ax: Axes, statistics: Statistics) -> None:
    seen = np.flatnonzero(statistics.views.any(axis=1))
    low, high = (int(seen[0]), int(seen[-1]) + 1) if len(seen) else (6, 12)
    shown = ax.pcolormesh(
        np.arange(25) * 15,
        np.arange(low, high + 1) * 15 - 90,
        statistics.views[low:high],
        cmap="GnBu",
        vmin=0,
        edgecolors="white",
        linewidth=0.5,
    )
    ax.set_xticks(range(0, 361, 90))
    ax.set_yticks(np.arange(low, high + 1) * 15 - 90)
    ax.set_xlabel("azimuth °")
    ax.set_ylabel("elevation °")
    _scale(ax, shown)


def _position(ax: Axes, statistics: Statistics) -> None:
    shown = ax.imshow(statistics.center, cmap="GnBu", vmin=0, extent=(0, 1, 1, 0), aspect=0.75)
    ax.set_xticks([0, 0.5, 1])
    ax.set_yticks([0, 0.5, 1])
    _scale(ax, shown)
