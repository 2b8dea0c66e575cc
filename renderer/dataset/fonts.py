"""Lines of text on pictures, in any script: each character in a font that has it.

Fonts are looked for in Pillow, then among those that Blender brings along (most scripts), then on
the system. What none of them has is never drawn as an empty box: see ``label_of``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import ImageDraw, ImageFont, features

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

# No character, now and for ever: what a font shows for it, it shows for all that it has not.
_NO_CHARACTER = "\U0010fffe"
# Its glyphs are frames with the name of the script in them.
_FRAMES = "lastresort"
_PROBE_SIZE = 20
_JOINERS = "\u200c\u200d"
# A picture has room for far less.
_LONGEST = 200


@dataclass(frozen=True)
class Line:
    """A line of text as it will be drawn: pieces of one font each, in pixels from the left end of
    its baseline.
    """

    pieces: tuple[tuple[str, Font], ...]
    width: float
    top: float
    bottom: float

    def draw(self, pen: ImageDraw.ImageDraw, x: float, baseline: float, ink: str) -> None:
        """Draw it."""
        for text, font in self.pieces:
            pen.text((x, baseline), text, fill=ink, font=font, anchor="ls")
            x += font.getlength(text)


def line(size: float, *texts: str) -> Line:
    """Return a line of texts one behind the other, in a size. All are at least as high as ``Åg``.

    A character that no font has becomes ``?``.
    """
    merged = list[tuple[str, Path | None]]()
    for piece, path in (each for text in texts for each in _pieces(text[:_LONGEST])):
        before = merged.pop()[0] if merged and merged[-1][1] == path else ""
        merged.append((before + piece, path))
    pieces = tuple((piece, _load(path, size)) for piece, path in merged)
    boxes = [
        font.getbbox(piece, anchor="ls") for piece, font in (("Åg", _load(None, size)), *pieces)
    ]
    width = sum(font.getlength(piece) for piece, font in pieces)
    return Line(pieces, width, min(box[1] for box in boxes), max(box[3] for box in boxes))


def plain(text: str) -> str:
    """Return a text as one line: without control characters, and no more of it than can be seen."""
    kept = (
        char
        for char in unicodedata.normalize("NFC", " ".join(text[: 4 * _LONGEST].split()))
        # Joiners shape emoji and words; what turns the direction of others is left out.
        if char in _JOINERS or unicodedata.category(char) not in ("Cc", "Cf", "Cs")
    )
    return "".join(kept)[:_LONGEST]


def label_of(number: int, name: str) -> str:
    """Return a category's name as it can be drawn, or ``category 3`` where no font has it."""
    text = plain(name)
    return text if text.strip(f"{_JOINERS} ") and drawable(text) else f"category {number}"


def undrawable(names: dict[int, str]) -> list[str]:
    """Return one sentence, or none, of the categories that ``label_of`` shows by their number."""
    shown = [number for number, name in names.items() if label_of(number, name) != plain(name)]
    if not shown:
        return []
    listed = ", ".join(map(str, shown[:5])) + (", ..." if len(shown) > 5 else "")
    many = len(shown) > 1
    return [
        f"no font here has the characters of categor{'ies' if many else 'y'} {listed}: "
        f"{'they are' if many else 'it is'} labelled by number (install a font such as Noto Sans)"
    ]


def drawable(text: str) -> bool:
    """Tell whether there are fonts for all of a text, and it can be shaped as its script needs."""
    shaped = features.check("raqm") or not any(map(_needs_shaping, text))
    return shaped and all(_font_of(cluster) is not _NOWHERE for cluster in _clusters(text))


def _needs_shaping(char: str) -> bool:
    """Tell whether a character runs to the left, or is drawn on or around another."""
    kind = unicodedata.category(char)
    runs_left = unicodedata.bidirectional(char) in ("R", "AL")
    return runs_left or (kind in ("Mn", "Mc") and not _is_invisible(char))


def _is_invisible(char: str) -> bool:
    """Tell whether a character only changes how others look: a joiner, or a choice of variant."""
    return char in _JOINERS or "\ufe00" <= char <= "\ufe0f"


def _clusters(text: str) -> list[str]:
    """Return the characters of a text, each with the marks on it, which must be of its font."""
    found: list[str] = []
    for char in text:
        if found and (char in _JOINERS or unicodedata.category(char).startswith("M")):
            found[-1] += char
        else:
            found.append(char)
    return found


def _pieces(text: str) -> Iterator[tuple[str, Path | None]]:
    """Yield the pieces of a text and their fonts, as few as can be."""
    for path in _fonts_at_hand():
        if _covers(path, text):
            yield text, path
            return
    piece, font = "", None
    for cluster in _clusters(text):
        its = font if piece and cluster == " " else _font_of(cluster)
        if its is _NOWHERE:
            cluster, its = "?", None
        if piece and its != font:
            yield piece, font
            piece = ""
        piece, font = piece + cluster, its
    if piece:
        yield piece, font


# Stands for no font at all; None for Pillow's own.
_NOWHERE = Path()


@lru_cache(maxsize=4096)
def _font_of(cluster: str) -> Path | None:
    """Return the first font that has a character and its marks."""
    for path in _fonts_at_hand():
        if _covers(path, cluster):
            return path
    return next((path for path in _system_fonts() if _covers(path, cluster)), _NOWHERE)


def _fonts_at_hand() -> Iterator[Path | None]:
    """Yield Pillow's own font, and only then look for Blender's."""
    yield None
    yield from _blender_fonts()


def _covers(path: Path | None, text: str) -> bool:
    return all(char == " " or _is_invisible(char) or _has(path, char) for char in text)


@lru_cache(maxsize=65536)
def _has(path: Path | None, char: str) -> bool:
    try:
        font, missing = _probe(path)
        return bytes(font.getmask(char)) != missing
    except (OSError, ValueError):  # a font of bitmaps, or none at all
        return False


@lru_cache(maxsize=1024)
def _probe(path: Path | None) -> tuple[Font, bytes]:
    """Return a font that shows each character alone (shaped, a mark would get something to stand
    on), and what it shows for those that it has not.
    """
    font = _load(path, _PROBE_SIZE)
    if isinstance(font, ImageFont.FreeTypeFont):
        font = font.font_variant(layout_engine=ImageFont.Layout.BASIC)
    return font, bytes(font.getmask(_NO_CHARACTER))


@lru_cache(maxsize=256)
def _load(path: Path | None, size: float) -> Font:
    return ImageFont.load_default(size) if path is None else ImageFont.truetype(path, size)


@lru_cache(maxsize=1)
def _blender_fonts() -> tuple[Path, ...]:
    from renderer.colour.view_transform import blender_data

    try:
        found = sorted((blender_data() / "fonts").glob("*"))
    except RuntimeError:  # no bpy: on a machine that only looks at datasets
        return ()
    # Proportional ones first, where several have a character.
    return tuple(sorted((p for p in found if _FRAMES not in p.name.lower()), key=_is_mono))


def _is_mono(path: Path) -> bool:
    return "mono" in path.name.lower()


@lru_cache(maxsize=1)
def _system_fonts() -> tuple[Path, ...]:
    """Return the system's fonts; they may be thousands."""
    from matplotlib.font_manager import findSystemFonts

    return tuple(sorted((Path(path) for path in findSystemFonts()), key=lambda p: (_is_mono(p), p)))
