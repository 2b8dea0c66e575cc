"""The shaders that Cycles' session keeps."""

from __future__ import annotations

import bpy

# Of materials that are gone; so many cost a shot a few milliseconds, and a new session textures
# that are decoded anew.
_MOST_GONE = 1000


class SessionShaders:
    """Counts the materials that Cycles' session has seen.

    It keeps a shader of every one, also when the material is gone, and compiles them all where one
    changes (bpy 4.5): shots would take ever longer.
    """

    def __init__(self) -> None:
        """Begin with a session that has seen none."""
        self._seen: set[int] = set()
        self._here = 0

    def note(self) -> None:
        """Take note of the materials that there are now."""
        here = [material.session_uid for material in bpy.data.materials]
        self._seen.update(here)
        self._here = len(here)

    @property
    def outgrown(self) -> bool:
        """Whether a new session is worth its while."""
        return len(self._seen) - self._here > _MOST_GONE

    def restart(self) -> None:
        """Take note that there is a new session."""
        self._seen.clear()
