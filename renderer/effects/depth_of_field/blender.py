"""An aperture for Blender's camera."""

from __future__ import annotations

from collections.abc import Callable

import bpy

# Blender takes no smaller number.
_LEAST_FSTOP = 0.01


def open_lens(lens: bpy.types.Camera, aperture: float, distance: float) -> Callable[[], None]:
    """Give a camera an aperture of some diameter that is sharp at a distance, both in Blender's
    units; return what closes it.

    Blender's radius is its focal length in thousandths over twice the f-number, so that the number
    is what follows. Only the ratio of focal length and sensor is seen, both of which may grow.
    """
    given = lens.sensor_width, lens.lens
    fstop = lens.lens * 1e-3 / aperture
    larger = max(1.0, _LEAST_FSTOP / fstop)
    lens.sensor_width, lens.lens = given[0] * larger, given[1] * larger
    lens.dof.use_dof = True
    lens.dof.aperture_fstop = fstop * larger
    lens.dof.focus_distance = distance
    lens.dof.aperture_blades = 0

    def close() -> None:
        lens.dof.use_dof = False
        lens.sensor_width, lens.lens = given

    return close
