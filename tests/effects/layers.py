"""Pictures of two layers, and the one that a camera would see of them."""

from __future__ import annotations

import numpy as np

from renderer.effects import Picture


def two_layers(front: np.ndarray, behind: np.ndarray, cover: np.ndarray, seed: int = 0) -> Picture:
    """A picture of lights (h, w, 3) and coverage (h, w)."""
    color = np.dstack([front * cover[..., None], cover]).astype(np.float32)
    return Picture(color, behind.astype(np.float32), seed)


def fused(picture: Picture) -> np.ndarray:
    """The light (h, w, 3) of both layers, by the formula of compositing."""
    assert picture.backdrop is not None
    cover = picture.cover.astype(float)
    return picture.straight * cover + picture.backdrop * (1 - cover)


def disc(height: int, width: int, radius: float) -> np.ndarray:
    """Coverage (h, w) of a soft-edged disc in the middle."""
    y, x = np.mgrid[:height, :width]
    away = np.hypot(y - (height - 1) / 2, x - (width - 1) / 2)
    return np.clip(radius + 0.5 - away, 0, 1)


def textured(height: int, width: int, seed: int) -> np.ndarray:
    """Light (h, w, 3) in 0.1..1 with structure of a few pixels."""
    random = np.random.default_rng(seed)
    coarse = random.uniform(0.1, 1, (height // 4 + 1, width // 4 + 1, 3))
    return np.repeat(np.repeat(coarse, 4, 0), 4, 1)[:height, :width]
