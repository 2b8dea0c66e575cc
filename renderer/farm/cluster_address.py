"""Connect to a Ray cluster by its address, or say in one sentence that none answers."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from pathlib import Path

from renderer.errors import UserError
from renderer.farm.task import last_line

# The server that Ray starts for each client sometimes dies at once (2.60: gRPC and fork).
_CONNECTS = 3


def connect(address: str) -> None:
    """Connect this process to a cluster.

    Raises:
        UserError: there is none at the address.

    """
    import ray

    _check_listening(address)

    before = signal.getsignal(signal.SIGTERM)
    try:
        for attempt in range(1, _CONNECTS + 1):
            try:
                ray.init(address=address, log_to_driver=False, configure_logging=False)
                return
            except Exception as error:
                if attempt == _CONNECTS or "://" not in address:
                    said = last_line(error)
                    raise UserError(
                        f"--cluster {address}: no cluster answers there ({said})"
                    ) from None
    finally:
        with contextlib.suppress(ValueError):  # not in the main thread
            signal.signal(signal.SIGTERM, before)  # ray.init puts its own in its place


def _check_listening(address: str) -> None:
    """Raise UserError where nobody listens; Ray itself would try for minutes."""
    noted = address
    if address == "auto":  # as Ray looks for it
        note = Path(os.environ.get("RAY_TMPDIR", "/tmp")) / "ray" / "ray_current_cluster"
        noted = os.environ.get("RAY_ADDRESS") or (
            note.read_text(encoding="utf-8") if note.exists() else ""
        )
    host, _, port = noted.strip().rpartition("//")[2].rpartition(":")
    if not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except OSError as error:
        said = f"{host}:{port}: {error.strerror or error}"
        raise UserError(f"--cluster {address}: no cluster answers there ({said})") from None
