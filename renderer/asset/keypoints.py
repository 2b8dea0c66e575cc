"""The named points of a category's models."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class KeypointSet(BaseModel):
    """Which points the objects of a category have.

    Attributes:
        names: of the points, in their order.
        skeleton: pairs of indices into ``names``, from 0, that a line joins.
        flips: for each point the index of the one that it becomes in a mirrored picture.

    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: tuple[str, ...]
    skeleton: tuple[tuple[int, int], ...] = ()
    flips: tuple[int, ...]
