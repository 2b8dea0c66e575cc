"""A comparison as one self-contained page, and as plain data."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import jinja2

from renderer.dataset.compare.comparison import Comparison, Row
from renderer.dataset.compare.plots import OURS, REAL, plot
from renderer.dataset.compare.response import dotted


def page(comparison: Comparison) -> bytes:
    """Return the page: HTML that needs neither network nor script."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rows = comparison.rows
    # Two ends of a bar for each row, on a scale of floors that is even in its logarithm.
    longest = max([row.difference.ratio for row in rows if math.isfinite(row.difference.ratio)])
    text = environment.get_template("compare.html.j2").render(
        comparison=comparison,
        rows=[(row, _reach(row.difference.ratio, longest)) for row in rows],
        plots=[(row, plot(row)) for row in rows],
        differing=[row for row in rows if row.difference.differs],
        ours_colour=OURS,
        real_colour=REAL,
    )
    return text.encode()


def _reach(ratio: float, longest: float) -> float:
    """Return how long a bar is, in percent."""
    return round(100 * math.log1p(ratio) / math.log1p(max(longest, 3.0)), 1)


def as_data(comparison: Comparison) -> dict[str, Any]:
    """Return plain data, for ``--json``."""
    return {
        "images": len(comparison.ours.images),
        "real_images": len(comparison.real.images),
        "remarks": comparison.remarks,
        "measures": [_row(row) for row in comparison.rows],
    }


def _row(row: Row) -> dict[str, Any]:
    of, advice = row.difference, row.advice
    fitted = advice.fitted if advice else None
    return {
        "measure": row.measure.name,
        "unit": row.measure.unit,
        "differs": of.differs,
        "distance": round(of.distance, 5),
        "interval": [round(of.low, 5), round(of.high, 5)],
        "floor": round(of.floor, 5),
        "ratio": round(of.ratio, 3),
        "chance": round(of.chance, 4),
        "spread": round(of.spread, 5),
        "median": round(row.median_ours, 5),
        "real_median": round(row.median_real, 5),
        "advice": advice.text if advice else None,
        "key": fitted.key if fitted else None,
        "values": {dotted(path): value for path, value in fitted.values} if fitted else {},
        "distance_with_it": round(fitted.after, 5) if fitted else None,
    }
