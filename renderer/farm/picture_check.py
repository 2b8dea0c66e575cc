"""Photos and HDRIs a recipe names: opened before anything is rendered, so that the broken are told.

They are read by the OpenImageIO in bpy's wheel, which is what Blender reads them with; it needs no
bpy. Backdrops are mixed in by OpenCV, which must know their format, too.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from renderer.recipe.scenarios import files_of
from renderer.values.files import CALIBRATION, HDRI, HDRI_SUFFIXES, MODEL
from renderer.values.key import KeyPath

# How many files of one key are named; the rest are counted.
_MOST = 20


@dataclass(frozen=True)
class Broken:
    """What is wrong with the files of one key.

    Attributes:
        key: the way to it.
        sentences: one a file, the first ones.
        every: none of the key's files can be used.

    """

    key: KeyPath
    sentences: list[str]
    every: bool


def broken_pictures(recipe: BaseModel, folder: Path, photos: int) -> list[Broken]:
    """Return what is wrong with the photos and HDRIs of a recipe.

    Args:
        recipe: the recipe, or a part of one.
        folder: what its paths are relative to.
        photos: of a pattern's photos, how many are decoded to the end; of the others only the
            beginning is read. HDRIs are few, and always decoded.

    """
    found = []
    pictures = [each for each in files_of(recipe) if each.kind not in (MODEL, CALIBRATION)]
    reader = _reader() if pictures else None
    for each in pictures if reader is not None else []:
        names = each.files(folder)
        whole = len(names) if each.kind == HDRI else photos
        jobs = [(folder / name, at < whole, each.kind.by_us) for at, name in enumerate(names)]
        with _without_stderr(), ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
            faults = list(pool.map(lambda job: _fault(reader, *job), jobs))
        said = [f"{name} {why}" for name, why in zip(names, faults, strict=True) if why]
        if said:
            more = [f"and {len(said) - _MOST} more of its files cannot be read"]
            shown = said[:_MOST] + (more if len(said) > _MOST else [])
            found.append(Broken(each.key, shown, every=len(said) == len(names)))
    return found


def _fault(reader: Any, path: Path, whole: bool, by_us: bool) -> str:
    """Return what is wrong with a picture file, or nothing."""
    import cv2

    try:
        if path.stat().st_size == 0:
            return "is empty (0 bytes)"
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    picture = reader.ImageInput.open(str(path))
    if picture is None:
        reader.geterror()  # else it is printed at the end
    if picture is None or (by_us and not cv2.haveImageReader(str(path))):
        kind = "an HDRI" if path.suffix.lower() in HDRI_SUFFIXES else "an image"
        return f"cannot be read: it is damaged or not {kind}"
    if whole and (picture.read_image(0, 0, 0, 3, "uint8") is None or _is_cut(picture.geterror())):
        return "is damaged: only its beginning can be read"
    return ""


def _is_cut(said: str) -> bool:
    """Tell whether a picture that was read lacks its end; many good photos get lesser remarks."""
    return any(words in said for words in ("Premature end", "premature end", "Read error"))


@lru_cache(maxsize=1)
def _reader() -> Any:
    """Return OpenImageIO's module out of bpy's wheel, or None where there is none to be loaded."""
    from renderer.colour.view_transform import blender_data

    found = sorted(
        blender_data().parent.glob("python/lib/*/site-packages/OpenImageIO/OpenImageIO.c*")
    )
    if not found:
        return None
    spec = importlib.util.spec_from_file_location("OpenImageIO", found[0])
    assert spec is not None
    assert spec.loader is not None
    try:
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    except ImportError:  # a library of the system is missing: said where Blender is needed
        return None
    return module


@contextmanager
def _without_stderr() -> Iterator[None]:
    """Throw away what is written to file descriptor 2 inside the block: libpng's remarks."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
