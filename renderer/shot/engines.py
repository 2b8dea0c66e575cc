"""What each render engine can do, as far as anybody but its own room needs to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EngineName = Literal["cycles", "eevee", "workbench"]


@dataclass(frozen=True)
class Capabilities:
    """What an engine can do.

    Attributes:
        shadow_catcher: a floor that is invisible but for the shadows on it.
        noisy: its picture has the noise of path tracing, which a denoiser takes away.
        named_device: the device it renders on is chosen and has a name; else it is whatever
            OpenGL there is.
        lit: its picture shows the light of lamps and world; else surfaces are shaded without any.
        passes: what it can tell of a view beside the picture where a label kind asks for it.
        camera: what its camera has that effects need: ``lens`` (an aperture), ``shutter``.

    """

    shadow_catcher: bool
    noisy: bool
    named_device: bool
    lit: bool
    passes: tuple[str, ...] = ()
    camera: tuple[str, ...] = ()


_CAPABILITIES: dict[EngineName, Capabilities] = {
    "cycles": Capabilities(
        shadow_catcher=True,
        noisy=True,
        named_device=True,
        lit=True,
        passes=("surface_color",),
        camera=("lens", "shutter"),
    ),
    "eevee": Capabilities(shadow_catcher=False, noisy=False, named_device=False, lit=True),
    "workbench": Capabilities(shadow_catcher=False, noisy=False, named_device=False, lit=False),
}


def capabilities(engine: EngineName) -> Capabilities:
    """Return what an engine can do."""
    return _CAPABILITIES[engine]
