"""Plain data as YAML writes it on one line."""

from __future__ import annotations

from typing import Any


def flow(value: Any) -> str:
    """Return numbers, words, and lists and mappings of them, as YAML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return f"{value:.12g}" if isinstance(value, float) else str(value)
