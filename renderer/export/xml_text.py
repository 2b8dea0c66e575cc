"""Elements of XML, and names that they cannot hold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from renderer.dataset.layout import DatasetError

# What XML 1.0 has no way to write, and \r, which every reader takes for \n.
_IMPOSSIBLE = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def must_fit_xml(names: Iterable[str]) -> None:
    """Make sure that names are read back as they are.

    Raises:
        DatasetError: one has a character that XML cannot hold.

    """
    for name in names:
        if found := _IMPOSSIBLE.search(name):
            raise DatasetError(
                f"{name[:80]!r} has the character {found[0]!r}, which XML cannot hold: name it "
                "otherwise"
            )


def add(parent: Element, tag: str, text: object = "") -> Element:
    """Add an element with a text; return it."""
    child = SubElement(parent, tag)
    child.text = str(text)
    return child


def to_bytes(element: Element, level: int = 0) -> bytes:
    """Return an element in UTF-8, a line each and indented as so many levels deep.

    UTF-8 is what XML is in where nothing else is said.
    """
    indent(element, " " * 2, level)
    return ("  " * level + tostring(element, "unicode") + "\n").encode()
