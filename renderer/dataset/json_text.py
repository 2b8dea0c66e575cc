"""JSON of a dataset, which may come from anywhere: what other readers or our own would choke on is
refused, in one sentence.
"""

from __future__ import annotations

import json
import math
import re
from typing import IO, Any, NoReturn

import numpy as np

from renderer.errors import UserError

# Our own files go seven deep.
_DEEPEST = 64
_OTHER_BYTES = bytes(set(range(256)) - set(b"[]{}"))
_STEPS = np.zeros(256, np.int64)
_STEPS[list(b"[{")], _STEPS[list(b"]}")] = 1, -1
_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")


class TooDeepError(UserError):
    """Lists in lists in lists: to parse them would need a stack or memory without end."""


class _Depth:
    """Counts the open lists and objects of a JSON text that comes in blocks."""

    def __init__(self) -> None:
        self._open, self._in_text, self._escaped = 0, False, False

    def follow(self, block: bytes) -> None:
        """Take in the next block. Raises TooDeepError."""
        if not block:
            return
        # Its first byte may belong to the backslash that ended the block before.
        bare = block[self._escaped :].replace(b"\\\\", b"")
        self._escaped = bare.endswith(b"\\")
        pieces = bare.replace(b'\\"', b"").split(b'"')
        brackets = b"".join(pieces[self._in_text :: 2]).translate(None, _OTHER_BYTES)
        self._in_text ^= len(pieces) % 2 == 0
        if brackets:
            depths = self._open + np.cumsum(_STEPS[np.frombuffer(brackets, np.uint8)])
            self._open = int(depths[-1])
            if depths.max() > _DEEPEST:
                raise TooDeepError(f"it is nested more than {_DEEPEST} deep")


class ShallowFile:
    """A file of JSON that ends in an error where it is nested too deeply: ijson would keep a path
    to every open list, in memory that grows with the square of their number.
    """

    def __init__(self, file: IO[bytes]) -> None:
        """Read a file from where it is."""
        self._file, self._depth = file, _Depth()

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes. Raises TooDeepError."""
        block = self._file.read(size)
        self._depth.follow(block)
        return block


def loads(content: bytes) -> Any:
    """Return what a JSON text in UTF-8 says.

    Raises:
        ValueError: it is no JSON, is nested too deeply, or has NaN, a number beyond all floats or
            half a character in it.

    """
    text = content.decode()
    _Depth().follow(content)
    value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    if _HALF_CHARACTER.search(text):  # or a whole one, of two halves
        try:
            dumps(value).encode()
        except UnicodeEncodeError:
            raise UserError("it has half a character (a lone surrogate) in it") from None
    return value


def _refuse(name: str) -> NoReturn:
    raise UserError(f"{name} is no number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise UserError(f"the number {text[:40]} is too large")
    return value


def dumps(value: Any) -> str:
    """Return compact JSON; NaN is refused because other readers would choke on it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
