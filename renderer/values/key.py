"""The way to a key in a recipe."""

from __future__ import annotations

KeyPath = tuple[str | int, ...]
