"""Whether a record agrees with what it was made of: its picture and its shot. Labels have checks of
their own (``truth/kinds``).

Each function yields what is wrong, to follow the name of the image or annotation in a sentence.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from renderer.colour.luma import LUMA
from renderer.dataset.coco import image_record
from renderer.dataset.picture import decode_picture
from renderer.dataset.records import PICTURE, FileRecord, ImageRecord
from renderer.dataset.run_file import StoredRecipe
from renderer.shot.shot import ImageOf, RenderState, Shot
from renderer.truth.kind import Record

# The last bits of matrix products differ between processors.
_BITS = 1e-9
# Brightness is written to 4 digits.
_BRIGHTNESS = 6e-5


def image_problems(image: ImageRecord, shot: Shot, of: ImageOf) -> Iterator[str]:
    """Compare an image's record with the one its shot gives."""
    picture = FileRecord(path=of.file_name, blake2b="")
    made = image_record(shot, of, {PICTURE: picture}, 0.0, ()).model_dump(mode="json")
    found = image.model_dump(mode="json")
    del made["brightness"], made["warnings"], made["files"], made["dropped"]
    camera = made.pop("camera")
    for key, value in made.items():
        if not _same(found[key], value):
            yield f"{key} is {found[key]}, its shot says {value}"
    for key, value in camera.items():
        if not _same(found["camera"][key], value):
            yield f"camera.{key} is not that of its shot"
    if image.files[PICTURE].path != of.file_name:
        yield f"files.picture.path is {image.files[PICTURE].path}, its shot says {of.file_name}"


def effect_problems(shot: Shot, recipe: StoredRecipe) -> Iterator[str]:
    """Tell of what a shot has had done that its recipe does not ask for."""
    asked = _mapping(recipe.get("effects"))
    if shot.scenario is not None:
        scenario = _mapping(_mapping(recipe.get("scenarios")).get(shot.scenario))
        asked = asked | _mapping(_mapping(scenario.get("override")).get("effects"))
    for state in shot.effects:
        if asked.get(state.effect) in (None, False):
            yield f"its shot has the effect {state.effect}, and its recipe has not"


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _same(found: Any, made: Any) -> bool:
    """Compare what was read from JSON with what was computed."""
    found, made = _plain(found), _plain(made)
    return bool(found == made) or _close(found, made)


def _plain(value: Any) -> Any:
    """Return what JSON gives back of a value."""
    if isinstance(value, np.ndarray):
        return value.round(12).tolist()
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _close(found: Any, made: Any) -> bool:
    if isinstance(made, list):
        return (
            isinstance(found, list)
            and len(found) == len(made)
            and all(_close(*each) for each in zip(found, made, strict=True))
        )
    return (
        isinstance(made, float)
        and type(found) in (int, float)
        and math.isclose(found, made, rel_tol=_BITS, abs_tol=_BITS)
    )


def picture_problems(
    content: bytes, image: Record, shot: Shot | None, of: ImageOf | None
) -> Iterator[str]:
    """Compare a picture's file with its record."""
    try:
        picture = decode_picture(io.BytesIO(content))
    except ValueError as error:
        yield str(error)
        return
    width, height = picture.size
    expected = frame_size(image, of)
    if (width, height) != expected:
        yield f"the picture is {width}x{height} pixels, and should be {expected[0]}x{expected[1]}"
    if shot is not None:
        counts = np.reshape(picture.histogram(), (3, 256))
        brightness = float((counts @ np.arange(256) / (255 * width * height)) @ LUMA)
        if abs(image["brightness"] - brightness) > _slack(shot.render):
            yield f"brightness is {image['brightness']}, its picture's is {brightness:.4f}"


def _slack(render: RenderState) -> float:
    """Return by how much the brightness of the file may differ from that of what was encoded.

    Measured on plain colours, noise and photos: lossy encoders move it by up to 0.009 from quality
    50, and by up to 0.08 below.
    """
    if render.format == "png" or (render.format == "webp" and render.quality == 100):
        return _BRIGHTNESS
    return 0.02 if render.quality >= 50 else 0.1


def frame_size(image: Record, of: ImageOf | None) -> tuple[int, int]:
    """Return the width and height that an image should have."""
    return (image["width"], image["height"]) if of is None else of.view.camera.resolution


def category_problems(record: Record, names: dict[int, str]) -> Iterator[str]:
    """Look an annotation's category up."""
    if record["category_id"] not in names:
        yield f"category_id is the unknown category {record['category_id']}"


def shot_problems(
    record: Record, shot: Shot, names: dict[int, str], declared: Sequence[str]
) -> Iterator[str]:
    """Compare an annotation with the entry of its object in the shot.

    Args:
        record: the annotation.
        shot: the shot.
        names: category names by id as instances.json has them.
        declared: category names in the order of their ids as the manifest has them.

    """
    entry = next((each for each in shot.objects if each.instance == record["instance"]), None)
    if entry is None:
        yield f"instance is {record['instance']}, and its shot has no such object"
        return
    number = record["category_id"]
    # By either name: where a category is called otherwise in the manifest, that is told once.
    by_manifest = declared[number - 1] if 0 < number <= len(declared) else None
    if number in names and entry.category not in (names[number], by_manifest):
        yield f"category_id is {number} ({names[number]}), its shot says {entry.category}"
    if not _same(record["asset"], entry.file):
        yield f"asset is {record['asset']}, its shot says {entry.file}"
