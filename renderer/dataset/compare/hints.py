"""Where to look when no value of a key can be told."""

from __future__ import annotations

# By measure: what raises it, and what lowers it.
_HINTS = {
    "size": ("raise camera.orbit.fill", "lower camera.orbit.fill"),
    "aspect": (
        "boxes are too high: look at objects[].orientation, camera.orbit.elevation_deg and which "
        "models there are",
        "boxes are too wide: look at objects[].orientation, camera.orbit.elevation_deg and which "
        "models there are",
    ),
    "place_x": ("raise camera.orbit.framing[0]", "lower camera.orbit.framing[0]"),
    "place_y": ("raise camera.orbit.framing[1]", "lower camera.orbit.framing[1]"),
    "count": ("raise objects[].count", "lower objects[].count"),
    "overlap": (
        "lower arrangement.gap, or camera.orbit.elevation_deg",
        "raise arrangement.gap, or camera.orbit.elevation_deg",
    ),
    "brightness": ("raise effects.exposure.stops", "lower effects.exposure.stops"),
    "contrast": (
        "raise lighting.lights.strength against lighting.world.strength",
        "raise lighting.world.strength against lighting.lights.strength",
    ),
    "saturation": (
        "take more colourful models and backgrounds, or render.view_transform: Standard",
        "take less colourful models and backgrounds, or render.view_transform: AgX",
    ),
    "temperature": (
        "raise effects.white_balance.temperature_k",
        "lower effects.white_balance.temperature_k",
    ),
    "sharpness": (
        "take finer textures and backgrounds, or raise render.samples",
        "pictures are too sharp: blur is missing",
    ),
    "noise": ("raise effects.sensor_noise.shot", "lower effects.sensor_noise.shot"),
    "compression": ("write output.format: jpeg and lower output.quality", "raise output.quality"),
}


def hint(name: str, towards: float) -> str:
    """Return where to look for a measure; ``towards`` is above 0 where it is to be raised."""
    up, down = _HINTS[name]
    return up if towards >= 0 else down
