"""What stands behind the objects in the picture: a colour, or a photo cut to the frame."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from renderer.errors import UnavailableError
from renderer.shot.scene import BackgroundState

Floats = npt.NDArray[np.float32]


def backdrop(state: BackgroundState, folder: Path, resolution: tuple[int, int]) -> Floats | None:
    """Return the backdrop (h, w, 3) in display sRGB 0..1, or None where the world is seen.

    A photo keeps its shape: the largest cut of the frame's proportions, at a place the shot says.

    Raises:
        UnavailableError: the photo cannot be read; names it.

    """
    import cv2  # takes as long to import as all of this room

    width, height = resolution
    if state.color is not None:
        return np.broadcast_to(np.array(state.color, np.float32), (height, width, 3))
    if state.image is None:
        return None
    photo = _photo(folder, state.image.path)
    rows, columns = photo.shape[:2]
    scale = max(width / columns, height / rows)
    cut_w, cut_h = min(round(width / scale), columns), min(round(height / scale), rows)
    x = int(state.crop[0] * (columns - cut_w + 1))
    y = int(state.crop[1] * (rows - cut_h + 1))
    cut = photo[y : y + cut_h, x : x + cut_w]
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    fitted = cv2.resize(cut, (width, height), interpolation=method)
    if state.mirrored:
        fitted = fitted[:, ::-1]
    return np.ascontiguousarray(fitted, np.float32) / np.float32(255)


@lru_cache(maxsize=16)
def _photo(folder: Path, path: str) -> npt.NDArray[np.uint8]:
    import cv2  # takes as long to import as all of this room

    data = np.fromfile(folder / path, np.uint8)
    photo = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if photo is None:
        raise UnavailableError(
            f"background image {path} cannot be read: it is damaged or not an image"
        )
    return np.ascontiguousarray(photo[..., ::-1])
