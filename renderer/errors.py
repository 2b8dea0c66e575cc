"""Errors of the user's making, or of the machine's: what becomes one sentence and an exit code.

Every error that somebody can do something about derives from ``UserError``, and its message says
what, where and what to do. Any other exception is a defect of orbitset, and is reported as one
(``commands/terminal.py``).
"""

from __future__ import annotations


class UserError(ValueError):
    """What was asked for cannot be used; the message is one sentence."""

    exit_code = 2

    def sentences(self) -> list[str]:
        """Return what to tell, one sentence a thing that is wrong."""
        return [str(self)]


class UnavailableError(UserError, RuntimeError):
    """What was asked for is good, and cannot be done here or now, but perhaps later."""

    exit_code = 1


class ExtensionError(UnavailableError):
    """Code of another package fails, and the message says whose; the cause is what it raised."""
