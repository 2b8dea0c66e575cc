"""The page on which format to take names each, and none that there is not."""

from __future__ import annotations

import re

from renderer.registry import FORMATS
from tests.conftest import REPOSITORY

PAGE = REPOSITORY / "docs/choosing-a-format.md"


def test_every_format_has_a_use() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:2] == "| "]
    named = {name for row in rows for name in re.findall(r"`([a-z0-9-]+)`", row.split("|")[2])}
    assert set(FORMATS.names()) <= named
