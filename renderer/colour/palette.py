"""One colour a category, the same in overlays and in the report."""

from __future__ import annotations

# Tableau's and Okabe-Ito's strong hues: apart for colour-blind eyes, bright on photos.
_PALETTE = (
    "#f59e0b",
    "#0ea5e9",
    "#22c55e",
    "#ec4899",
    "#8b5cf6",
    "#ef4444",
    "#14b8a6",
    "#eab308",
    "#6366f1",
    "#f97316",
    "#84cc16",
    "#06b6d4",
)


def colour_of(category_id: int) -> str:
    """Return ``#rrggbb`` for a category."""
    return _PALETTE[(category_id - 1) % len(_PALETTE)]
