"""What tells one machine's processes from another's."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from renderer.dataset.storage import machine_name


def test_a_container_with_process_numbers_of_its_own_is_another_machine() -> None:
    """Two containers on the host's network have its name, and both a process 7."""
    ask = "from renderer.dataset.storage import machine_name; print(machine_name())"
    inside = subprocess.run(
        ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c", ask],
        capture_output=True,
        text=True,
        check=False,
    )
    if inside.returncode:
        pytest.skip(f"no namespaces here: {inside.stderr.strip()}")
    assert machine_name().startswith(socket.gethostname())
    assert inside.stdout.strip().startswith(socket.gethostname())
    assert inside.stdout.strip() != machine_name()
