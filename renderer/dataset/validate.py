"""Prove that a dataset is whole, and that its labels agree with its images and its scenes."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import ijson
import numpy as np
from PIL import Image

from renderer.asset import AssetCache
from renderer.dataset.layout import Layout
from renderer.dataset.manifest import read_manifest
from renderer.dataset.read import read_categories, read_pairs
from renderer.dataset.segmentation import to_mask
from renderer.plan import Shot
from renderer.truth import Labeller, tight_box

Record = dict[str, Any]
_MOST_FINDINGS = 1000


@dataclass
class Validation:
    """The outcome: what was looked at and what is wrong (each finding one sentence)."""

    images: int = 0
    annotations: int = 0
    scenes: int = 0
    findings: list[str] = field(default_factory=list)
    dropped: int = 0

    def add(self, finding: str) -> None:
        """Keep a finding; past a thousand only count them."""
        if len(self.findings) < _MOST_FINDINGS:
            self.findings.append(finding)
        else:
            self.dropped += 1


def validate(
    layout: Layout,
    cache: AssetCache | None,
    every: int = 1,
) -> Validation:
    """Check a dataset, streaming.

    Args:
        layout: the dataset.
        cache: with the imported models, the masks of each ``every``-th image are ray cast anew
            from its Shot and compared; without, that is left out.
        every: see ``cache``.

    """
    result = Validation()
    try:
        manifest = read_manifest(layout)
        names = read_categories(layout)
    except FileNotFoundError as error:
        result.add(
            f"{error.filename or error} is missing: the run is not finished (run the same command "
            "again)"
        )
        return result
    except (ValueError, ijson.JSONError) as error:
        result.add(f"manifest.json or instances.json cannot be read: {_flat(error)}")
        return result
    shots = _shots(layout, result)
    last_image = last_annotation = 0
    try:
        for image, annotations in read_pairs(layout):
            if image["id"] <= last_image:  # merge writes them in order, so twice is out of order
                result.add(f"image id {image['id']} stands twice or out of order")
            last_image = image["id"]
            _check_image(layout, image, result)
            masks = _check_annotations(image, annotations, names, result)
            for record in annotations:
                if record["id"] != last_annotation + 1:
                    result.add(f"annotation ids jump from {last_annotation} to {record['id']}")
                last_annotation = record["id"]
            shot = next(shots, None)
            while shot is not None and shot["index"] < image["shot"]:
                shot = next(shots, None)
            if shot is None or shot["index"] != image["shot"]:
                result.add(f"{image['file_name']}: shots.jsonl lacks its shot {image['shot']}")
            elif cache is not None and result.images % every == 0:
                _check_scene(cache, Shot.model_validate(shot), image, masks, result)
            result.images += 1
    except (KeyError, TypeError, ValueError, ijson.JSONError) as error:
        result.add(f"instances.json is damaged after image {result.images}: {_flat(error)}")
    result.annotations = last_annotation
    _check_counts(manifest, result)
    return result


def _flat(error: Exception) -> str:
    """Return an error's text on one line (ijson draws arrows below its own)."""
    return " ".join(str(error).split()) or type(error).__name__


def _shots(layout: Layout, result: Validation) -> Iterator[Record]:
    try:
        with layout.shots.open(encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)
    except FileNotFoundError:
        result.add("shots.jsonl is missing")
    except ValueError as error:
        result.add(f"shots.jsonl is damaged: {error}")


def _check_image(layout: Layout, image: Record, result: Validation) -> None:
    name = image["file_name"]
    try:
        content = (layout.root / name).read_bytes()
    except OSError as error:
        result.add(f"{name} cannot be read: {error.strerror or error}")
        return
    if hashlib.blake2b(content, digest_size=16).hexdigest() != image["blake2b"]:
        result.add(f"{name} is not the image that was rendered (its digest differs)")
    try:
        with Image.open(io.BytesIO(content)) as picture:
            picture.load()
            size = picture.size
    except (OSError, SyntaxError) as error:
        result.add(f"{name} cannot be decoded: {error}")
        return
    if size != (image["width"], image["height"]):
        result.add(
            f"{name} is {size[0]}x{size[1]}, its label says {image['width']}x{image['height']}"
        )


def _check_annotations(
    image: Record, annotations: list[Record], names: dict[int, str], result: Validation
) -> dict[int, Any]:
    """Check each annotation by itself and against the others; return the masks by instance."""
    height, width = image["height"], image["width"]
    taken = np.zeros((height, width), np.bool_)
    masks: dict[int, Any] = {}
    for record in annotations:
        where = f"{image['file_name']}: annotation {record['id']}"
        if record["category_id"] not in names:
            result.add(f"{where} has the unknown category {record['category_id']}")
        try:
            mask = to_mask(record["segmentation"], height, width)
            amodal = to_mask(record["amodal_segmentation"], height, width)
        except (ValueError, TypeError) as error:
            result.add(f"{where}: its segmentation cannot be decoded ({error})")
            continue
        masks[record["instance"]] = mask
        for problem in _problems(record, mask, amodal):
            result.add(f"{where}: {problem}")
        if (taken & mask).any():
            result.add(f"{where}: its mask overlaps another object's")
        taken |= mask
    return masks


def _problems(record: Record, mask: Any, amodal: Any) -> Iterator[str]:
    if not mask.any():
        yield "its mask is empty"
        return
    if int(mask.sum()) != record["area"]:
        yield f"area is {record['area']}, its mask has {int(mask.sum())} pixels"
    if list(tight_box(mask)) != [round(n) for n in record["bbox"]]:
        yield f"bbox is {record['bbox']}, its mask's is {list(tight_box(mask))}"
    if (mask & ~amodal).any():
        yield "its amodal mask lacks visible pixels"
    visibility = mask.sum() / max(amodal.sum(), 1)
    if abs(visibility - record["visibility"]) > 1e-5:
        yield f"visibility is {record['visibility']}, its masks say {visibility:.6f}"
    if not 0 <= record["truncation"] < 1:
        yield f"truncation is {record['truncation']}"
    rotation = np.array(record["cam_R_m2c"])
    if rotation.shape != (3, 3) or np.abs(rotation @ rotation.T - np.eye(3)).max() > 1e-5:
        yield "cam_R_m2c is not a rotation"
    if record["cam_t_m2c"][2] != record["cam_t_m2c"][2] or len(record["cam_t_m2c"]) != 3:
        yield "cam_t_m2c is not a translation"


def _check_scene(
    cache: AssetCache, shot: Shot, image: Record, masks: dict[int, Any], result: Validation
) -> None:
    """Ray cast a shot's masks anew and compare: at most one pixel in 1,000 may differ, which only
    rounding on an outline does.
    """
    if not all(cache.has(entry.asset) for entry in shot.objects):
        return
    result.scenes += 1
    index = Labeller(cache).visible_index(shot)
    stored = np.zeros_like(index)
    for instance, mask in masks.items():
        stored[mask] = instance
    wrong = int((index != stored).sum())
    if wrong > max(2, 0.001 * (stored > 0).sum()):
        result.add(f"{image['file_name']}: {wrong} mask pixels disagree with the scene of its shot")


def _check_counts(manifest: Record, result: Validation) -> None:
    if result.images != manifest["images"]:
        result.add(
            f"instances.json has {result.images} images, manifest.json says {manifest['images']}"
        )
    if result.annotations != manifest["annotations"]:
        result.add(
            f"instances.json has {result.annotations} annotations, manifest.json says "
            f"{manifest['annotations']}"
        )
    wanted = manifest["recipe"]["images"]
    if manifest["images"] + len(manifest["failed"]) != wanted:
        missing = wanted - manifest["images"] - len(manifest["failed"])
        result.add(f"{missing} of {wanted} images are neither rendered nor recorded as failed")
