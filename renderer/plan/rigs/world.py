"""Worlds that rigs fill a scene with."""

from __future__ import annotations

from renderer.colour.temperature import blackbody
from renderer.effects.draws import Draws
from renderer.shot.scene import Vector, WorldState


def hdri_world(
    name: str, strength: float, draws: Draws, temperature_k: float | None = None
) -> WorldState:
    """Return the world of a bundled HDRI, turned any way, with the tint of a temperature."""
    return WorldState(
        hdri=name,
        file=None,
        color=None,
        strength=strength,
        rotation_deg=360 * draws.unit("rotation_deg"),
        tint=None if temperature_k is None else blackbody(temperature_k),
    )


def plain_world(color: Vector, strength: float) -> WorldState:
    """Return a world of one linear colour."""
    return WorldState(hdri=None, file=None, color=color, strength=strength, rotation_deg=0.0)
