"""What becomes of objects that show too little of themselves to learn from."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from renderer.values.distribution import Strict

Fate = Literal["drop", "ignore", "keep"]


class LabelPolicy(Strict):
    """From how little of itself an object has a label, and what becomes of those with less."""

    min_visible_px: int = Field(
        0, strict=True, ge=0, description="An object with fewer visible pixels is below."
    )
    min_visibility: float = Field(
        0.0,
        strict=True,
        ge=0,
        le=1,
        description="An object of whose part in the frame a smaller share is visible is below. "
        "Needs amodal labels.",
    )
    below: Fate = Field(
        "drop",
        description="What becomes of objects below either: drop (no annotation, void in semantic "
        "and panoptic maps), ignore (annotated with iscrowd 1) or keep.",
    )

    @property
    def asks(self) -> bool:
        """Whether any object may be dropped or ignored."""
        return self.below != "keep" and (self.min_visible_px > 0 or self.min_visibility > 0)

    def fate(self, pixels: int, visibility: float) -> Fate:
        """Return what becomes of an object.

        Args:
            pixels: how many of it are visible.
            visibility: as amodal labels write it; where there are none it does not matter.

        """
        below = pixels < self.min_visible_px or visibility < self.min_visibility
        return self.below if below else "keep"
