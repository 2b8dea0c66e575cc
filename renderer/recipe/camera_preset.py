"""Kinds of cameras by name: the effects that each stands for.

Ranges, not one device: a preset is a population of cameras of a kind, one drawn for each image.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

CameraPreset = Literal["none", "phone", "webcam", "industrial", "dslr"]


def _normal(mean: float, deviation: float) -> dict[str, Any]:
    """Return a bell cut off at two deviations."""
    ends = {"min": mean - 2 * deviation, "max": mean + 2 * deviation}
    return {"normal": [mean, deviation], **ends}


# A small sensor and much development: little light, denoised and sharpened, lively colours.
_PHONE: dict[str, dict[str, Any]] = {
    "lens_blur": {"sigma_px": {"uniform": [0.4, 0.8]}},
    "chromatic_aberration": {
        "red_px": {"uniform": [-0.4, 0.6]},
        "blue_px": {"uniform": [-0.6, 0.4]},
    },
    "vignetting": {"strength": {"uniform": [0.05, 0.25]}},
    "auto_exposure": {"share": {"uniform": [0.4, 0.8]}, "error_stops": _normal(0.1, 0.3)},
    "sensor_noise": {"shot": 0.015, "read": 0.002, "iso": {"loguniform": [50.0, 1600.0]}},
    "auto_white_balance": {
        "share": {"uniform": [0.2, 0.6]},
        "error_mired": _normal(0, 15),
        "tint": _normal(0, 0.02),
    },
    "color_response": {
        "hue_deg": _normal(0, 3),
        "saturation": {"uniform": [1.0, 1.3]},
        "crosstalk": 0.05,
        "contrast": {"uniform": [0.0, 0.2]},
    },
    "sharpening": {"amount": {"uniform": [0.5, 1.2]}, "sigma_px": {"uniform": [0.7, 1.2]}},
    "jpeg": {"quality": {"uniform": [80.0, 95.0]}, "subsampling": 420},
}
# A plastic lens and a cheap sensor, plainly interpolated, behind a narrow cable.
_WEBCAM: dict[str, dict[str, Any]] = {
    "lens_blur": {"sigma_px": {"uniform": [0.7, 1.5]}},
    "chromatic_aberration": {
        "red_px": {"uniform": [-1.0, 1.2]},
        "blue_px": {"uniform": [-1.2, 1.0]},
    },
    "vignetting": {"strength": {"uniform": [0.15, 0.45]}},
    "auto_exposure": {"share": {"uniform": [0.5, 1.0]}, "error_stops": _normal(0.2, 0.45)},
    "sensor_noise": {"shot": 0.015, "read": 0.004, "iso": {"loguniform": [200.0, 3200.0]}},
    "bayer": {},
    "auto_white_balance": {
        "share": {"uniform": [0.2, 0.9]},
        "error_mired": _normal(0, 30),
        "tint": _normal(0, 0.04),
    },
    "color_response": {
        "hue_deg": _normal(0, 5),
        "saturation": {"uniform": [0.65, 1.1]},
        "crosstalk": 0.08,
        "contrast": {"uniform": [-0.1, 0.25]},
        "black": {"uniform": [0.0, 0.06]},
    },
    "sharpening": {"amount": {"uniform": [0.6, 1.8]}, "sigma_px": {"uniform": [0.8, 1.6]}},
    "jpeg": {
        "quality": {"uniform": [50.0, 85.0]},
        "subsampling": {"choice": [420, 422]},
    },
}
# Fixed exposure and balance, set up by hand for the place; nothing sharpened, nothing lost.
_INDUSTRIAL: dict[str, dict[str, Any]] = {
    "lens_blur": {"sigma_px": {"uniform": [0.3, 0.8]}},
    "chromatic_aberration": {
        "red_px": {"uniform": [-0.4, 0.5]},
        "blue_px": {"uniform": [-0.5, 0.4]},
    },
    "vignetting": {"strength": {"uniform": [0.05, 0.3]}},
    "auto_exposure": {"share": 0.0, "error_stops": _normal(0, 0.25)},
    "sensor_noise": {"shot": 0.012, "read": 0.002, "iso": {"loguniform": [100.0, 400.0]}},
    "bayer": {},
    "auto_white_balance": {"share": 0.0, "error_mired": _normal(0, 10), "tint": _normal(0, 0.02)},
    "color_response": {
        "hue_deg": _normal(0, 3),
        "saturation": {"uniform": [0.7, 1.0]},
        "crosstalk": 0.06,
        "contrast": {"uniform": [-0.15, 0.05]},
    },
}
# A large sensor behind good glass.
_DSLR: dict[str, dict[str, Any]] = {
    "lens_blur": {"sigma_px": {"uniform": [0.25, 0.55]}},
    "chromatic_aberration": {
        "red_px": {"uniform": [-0.3, 0.4]},
        "blue_px": {"uniform": [-0.4, 0.3]},
    },
    "vignetting": {"strength": {"uniform": [0.05, 0.35]}},
    "auto_exposure": {"share": {"uniform": [0.3, 0.7]}, "error_stops": _normal(0, 0.3)},
    "sensor_noise": {"shot": 0.005, "read": 0.0007, "iso": {"loguniform": [100.0, 3200.0]}},
    "auto_white_balance": {
        "share": {"uniform": [0.2, 0.6]},
        "error_mired": _normal(0, 10),
        "tint": _normal(0, 0.015),
    },
    "color_response": {
        "hue_deg": _normal(0, 2),
        "saturation": {"uniform": [0.95, 1.15]},
        "crosstalk": 0.04,
        "contrast": {"uniform": [0.0, 0.15]},
    },
    "sharpening": {"amount": {"uniform": [0.2, 0.7]}, "sigma_px": {"uniform": [0.6, 1.0]}},
    "jpeg": {"quality": {"uniform": [90.0, 98.0]}, "subsampling": {"choice": [444, 422]}},
}

PRESETS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "none": {},
    "phone": _PHONE,
    "webcam": _WEBCAM,
    "industrial": _INDUSTRIAL,
    "dslr": _DSLR,
}


def with_preset(recipe: Any) -> Any:
    """Return a recipe's plain data with the effects of its camera's preset below its own: what it
    writes of an effect goes before, key by key. What is no recipe is returned as it is.
    """
    camera = recipe.get("camera") if isinstance(recipe, dict) else None
    name = camera.get("preset") if isinstance(camera, dict) else None
    effects = recipe.get("effects", {}) if isinstance(recipe, dict) else None
    below = PRESETS.get(name) if isinstance(name, str) else None
    if not below or not isinstance(effects, dict):
        return recipe
    merged = {key: dict(value) for key, value in below.items()}
    for key, value in effects.items():
        merged[key] = {**merged.get(key, {}), **value} if isinstance(value, dict) else value
    return {**recipe, "effects": merged}
