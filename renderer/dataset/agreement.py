"""Whether a record agrees with what it was made of: its picture, its masks, its shot, its scene.

Each function yields what is wrong, to follow the name of the image or annotation in a sentence.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from renderer.colour.luma import LUMA
from renderer.dataset.coco import image_record, unseen_warning
from renderer.dataset.picture import decode_picture
from renderer.dataset.records import PICTURE, FileRecord, ImageRecord
from renderer.dataset.stored import Stored as Record
from renderer.shot.camera import Camera
from renderer.shot.shot import ImageOf, RenderState, Shot
from renderer.truth import Label, tight_box
from renderer.truth.label import Casting, pose
from renderer.truth.mask import Box, Mask

# The last bits of matrix products differ between processors.
_BITS = 1e-9
# Shares are written to 6 digits, brightness to 4.
_SHARE, _BRIGHTNESS = 1e-6, 6e-5
# By how many pixels float32 moves an outline in the engine.
_OUTLINE_PX = 0.01
# By what share of a depth it moves a surface.
_TIE = 1e-5


@dataclass(frozen=True)
class Seen:
    """An annotation and its masks (h, w), decoded; ``sound`` where the three agree."""

    record: Record
    visible: Mask
    amodal: Mask
    sound: bool


def image_problems(image: ImageRecord, shot: Shot, of: ImageOf) -> Iterator[str]:
    """Compare an image's record with the one its shot gives."""
    picture = FileRecord(path=of.file_name, blake2b="")
    made = image_record(shot, of, {PICTURE: picture}, 0.0, ()).model_dump(mode="json")
    found = image.model_dump(mode="json")
    del made["brightness"], made["warnings"], made["files"]
    camera = made.pop("camera")
    for key, value in made.items():
        if not _same(found[key], value):
            yield f"{key} is {found[key]}, its shot says {value}"
    for key, value in camera.items():
        if not _same(found["camera"][key], value):
            yield f"camera.{key} is not that of its shot"
    if image.files[PICTURE].path != of.file_name:
        yield f"files.picture.path is {image.files[PICTURE].path}, its shot says {of.file_name}"


def unseen_problems(image: ImageRecord, shot: Shot, labelled: Set[int]) -> Iterator[str]:
    """Tell of objects that have no annotation while the image does not say so."""
    for entry in shot.objects:
        if entry.category is None or entry.instance in labelled:
            continue
        if unseen_warning(entry.category) not in image.warnings:
            yield f"object {entry.instance} ({entry.category}) has no annotation"


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
    record: Record, shot: Shot, camera: Camera, names: dict[int, str], declared: list[str]
) -> Iterator[str]:
    """Compare an annotation with the entry of its object in the shot.

    Args:
        record: the annotation.
        shot: the shot.
        camera: the one of its cameras.
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
    for key, value in (("iscrowd", 0), ("scale", entry.scale), ("asset", entry.file)):
        if not _same(record[key], value):
            yield f"{key} is {record[key]}, its shot says {value}"
    rotation, translation = pose(camera, entry)
    if not _same(record["cam_R_m2c"], rotation):
        found = np.array(record["cam_R_m2c"])
        turned = np.abs(found @ found.T - np.eye(3)).max() < 1e-5
        yield f"cam_R_m2c is not {'that of its shot' if turned else 'a rotation'}"
    if not _same(record["cam_t_m2c"], translation):
        yield "cam_t_m2c is not that of its shot"


def mask_problems(record: Record, mask: Mask, amodal: Mask) -> Iterator[str]:
    """Compare an annotation with its masks: as much as can be told without the models."""
    if not mask.any():
        yield "its mask is empty"
        return
    area, inside = int(mask.sum()), int(amodal.sum())
    if area != record["area"]:
        yield f"area is {record['area']}, its mask has {area} pixels"
    box = tight_box(mask)
    if box != record["bbox"]:
        yield f"bbox is {list(record['bbox'])}, its mask's is {list(box)}"
    lacking = bool((mask & ~amodal).any())
    if lacking:
        yield "its amodal mask lacks visible pixels"
    visibility = area / max(inside, 1)
    if abs(visibility - record["visibility"]) > _SHARE:
        yield f"visibility is {record['visibility']}, its masks say {visibility:.6f}"
    if not lacking:
        whole = box if area == inside else tight_box(amodal)
        yield from _beyond_problems(record, (mask.shape[1], mask.shape[0]), whole, inside)


def _beyond_problems(
    record: Record, frame: tuple[int, int], inner: Box, inside: int
) -> Iterator[str]:
    """Compare the amodal box with that of the amodal mask, which ends at the frame, and truncation
    with both.
    """
    (width, height), (left, top, wide, high) = frame, inner
    x, y, w, h = found = record["amodal_bbox"]
    if x >= 0 and y >= 0 and x + w <= width and y + h <= height:
        if (x, y, w, h) != inner:
            yield f"amodal_bbox is {list(found)}, its amodal mask's is {list(inner)}"
        elif record["truncation"] != 0:
            yield f"truncation is {record['truncation']}, its amodal_bbox is all in the frame"
    elif x > left or y > top or x + w < left + wide or y + h < top + high:
        yield f"amodal_bbox is {list(found)}, and does not hold all of its amodal mask"
    elif not 1 / (inside + 1) - _SHARE <= record["truncation"] < 1:
        yield f"truncation is {record['truncation']}, its amodal_bbox reaches beyond the frame"


def scene_problems(casting: Casting, seen: list[Seen]) -> Iterator[tuple[Record | None, str]]:
    """Compare an image's masks with those that ray casting its scene gives, and where they agree
    what is hidden or beyond the frame too; yield the annotation or None with what is wrong.
    """
    index = casting.index()
    stored = np.zeros_like(index)
    for each in seen:
        stored[each.visible] = each.record["instance"]
    wrong = int(_wrong(casting, index, stored).sum())
    if wrong > _few((stored > 0).sum()):
        yield None, f"{wrong} mask pixels disagree with the scene of its shot"
        return
    labels = {label.entry.instance: label for label in casting.labels(stored)}
    for each in seen:
        label = labels.get(each.record["instance"])
        if each.sound and label is not None:
            for problem in _hidden_problems(each, label, casting):
                yield each.record, problem


def _wrong(casting: Casting, index: npt.NDArray[np.int32], stored: npt.NDArray[np.int32]) -> Mask:
    """Tell (h, w) which pixels belong to something else than the scene says.

    What has no label claims no pixel: where it is in front, nothing is stored. An object whose
    opacity rays cannot follow may have holes: through it anything may be seen that is behind it. A
    centre that an outline runs through may fall to either side of it.
    """
    bare = [each.entry.instance for each in casting.objects if each.entry.category is None]
    wrong = _without(bare, index) != stored
    loose = [each for each in casting.objects if not each.exact]
    if loose:
        behind = _without(bare, casting.index(only_exact=True))
        veiled = np.isin(index, [each.entry.instance for each in loose])
        wrong &= ~(veiled & (stored == behind))
        for each in loose:
            claimed = 0 if each.entry.instance in bare else each.entry.instance
            wrong &= ~((stored == claimed) & each.silhouette.mask)
    rows, columns = np.nonzero(wrong)
    if len(rows):
        depths = np.stack(casting.close_by(columns, rows, _OUTLINE_PX))
        instances = np.array([*(each.entry.instance for each in casting.objects), 0])
        instances = _without(bare, instances)
        claimed = stored[rows, columns][None] == instances[:, None]
        own = np.where(claimed[:, None], depths, np.inf).min(axis=0)
        nearest = depths.min(axis=0)
        # Of surfaces in one place either may be the first; nothing is in front of nothing.
        first = claimed.any(axis=0) & (own <= nearest * (1 + _TIE))
        nothing = (stored[rows, columns] == 0) & ~np.isfinite(nearest)
        wrong[rows, columns] = ~(first & np.isfinite(own) | nothing).any(axis=0)
    return np.asarray(wrong, np.bool_)


def _without(instances: list[int], index: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Return an index of instances with 0 in the place of some."""
    return np.where(np.isin(index, instances), np.int32(0), index)


def _hidden_problems(seen: Seen, label: Label, casting: Casting) -> Iterator[str]:
    at = next(n for n, each in enumerate(casting.objects) if each.entry is label.entry)
    exact, record = casting.objects[at].exact, seen.record
    differ = seen.amodal != label.amodal if exact else seen.amodal & ~label.amodal
    rows, columns = np.nonzero(differ)
    if len(rows):
        hit = np.isfinite(casting.close_by(columns, rows, _OUTLINE_PX)[at])
        differ[rows, columns] = (hit != seen.amodal[rows, columns]).all(axis=0)
    wrong = int(differ.sum())
    if wrong > _few(label.amodal.sum()):
        yield f"{wrong} pixels of its amodal mask disagree with the scene of its shot"
    x, y, w, h = found = record["amodal_bbox"]
    left, top, width, height = label.amodal_box
    # Outwards, and where all of the outline is known inwards, too.
    edges = np.array([left - x, top - y, x + w - left - width, y + h - top - height])
    # Rounding on an outline may move an edge to the next pixel.
    if (np.abs(edges) if exact else edges).max() > max(1, max(width, height) / 1000):
        yield f"amodal_bbox is {list(found)}, its scene's is {list(label.amodal_box)}"
    pixels = label.amodal.sum() / (1 - label.truncation)
    if exact and abs(record["truncation"] - label.truncation) * pixels > _few(pixels):
        yield f"truncation is {record['truncation']}, its scene's is {label.truncation:.6f}"


def _few(pixels: float) -> float:
    """Return how many of some pixels may differ: one in 1,000, which only rounding on an outline
    does.
    """
    return max(2.0, pixels / 1000)
