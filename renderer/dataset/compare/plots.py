"""Plots of a comparison as inline SVG: both sets side by side, one plot a measure."""

from __future__ import annotations

import io
import re

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from renderer.dataset.compare.comparison import Row
from renderer.dataset.report.charts import STYLE

OURS, REAL = "#0d9488", "#f97316"


def plot(row: Row) -> str:
    """Return the histograms of a measure in both sets."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.6, 2.3), layout="constrained")
        _histograms(figure.add_subplot(), row)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    # Matplotlib's own metadata names outside addresses; the page is to name none.
    return re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)


def _histograms(ax: Axes, row: Row) -> None:
    ours, real = row.ours.values, row.real.values
    both = np.concatenate([ours, real])
    low, high = np.percentile(both, [0.5, 99.5])
    if row.measure.name == "count":
        edges = np.arange(np.floor(both.min()) - 0.5, np.ceil(min(both.max(), high + 3)) + 1)
    else:
        high = max(high, low + row.measure.step)
        edges = np.linspace(low, high, 33)
    for values, colour in ((real, REAL), (ours, OURS)):
        inside = np.clip(values, edges[0], edges[-1])
        share = np.histogram(inside, edges)[0] / len(values) * 100
        ax.stairs(share, edges, fill=True, color=colour, alpha=0.35, linewidth=0)
        ax.stairs(share, edges, color=colour, linewidth=1.3)
    ax.set_xlabel(row.measure.unit)
    ax.set_ylabel("%")
    ax.set_ylim(bottom=0)
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=row.measure.name == "count"))
    ax.yaxis.set_major_locator(MaxNLocator(4, integer=True))
