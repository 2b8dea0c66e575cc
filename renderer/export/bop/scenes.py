"""The scene folders of a BOP dataset: images with their cameras, poses, masks and depth."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from renderer.dataset.layout import DatasetError
from renderer.dataset.records import AnnotationRecord
from renderer.export.bop.depth import depth_steps, farthest_m, read_depth
from renderer.export.bop.objects import Objects, lines
from renderer.export.bop.targets import TestTargets
from renderer.export.pinhole import at_whole_pixels, pinhole
from renderer.export.png_picture import take_picture
from renderer.export.sample import Sample
from renderer.export.target import Target
from renderer.truth.kinds.amodal import AmodalFields
from renderer.truth.kinds.box import BoxFields
from renderer.truth.kinds.mask import MaskFields
from renderer.truth.kinds.pose import PoseFields
from renderer.truth.mask import to_mask
from renderer.truth.raster import encode_png

Mask = npt.NDArray[np.bool_]
Shorts = npt.NDArray[np.uint16]

IGNORED = "objects to be ignored, which BOP cannot say (they are in the pictures)"
CUT = "images with depth beyond the option depth_limit_m, which is 0 there as if not measured"

_MM = 1000.0
_MASK_SETTINGS = (
    *(cv2.IMWRITE_PNG_COMPRESSION, 4),
    *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_DEFAULT),
)


@dataclass(frozen=True)
class SceneRules:
    """What holds for all scenes of an export.

    Attributes:
        scene_images: the most images of a scene.
        depth_scale: millimetres a step of a depth image.
        depth_limit_m: beyond it there is no depth; None for no limit.
        depth_options: those of the dataset's depth labels; None where there are none.

    """

    scene_images: int
    depth_scale: float
    depth_limit_m: float | None
    depth_options: dict[str, Any] | None


@dataclass
class _Scene:
    """A scene that is open: by image what its JSON files will say."""

    number: int = 0
    cameras: dict[str, Any] = field(default_factory=dict)
    poses: dict[str, Any] = field(default_factory=dict)
    infos: dict[str, Any] = field(default_factory=dict)


class Side:
    """The scenes of one side of a split, as they are written."""

    def __init__(
        self,
        folder: str,
        rules: SceneRules,
        objects: Objects,
        target: Target,
        left_out: Counter[str],
        test: TestTargets | None,
    ) -> None:
        """Begin a side.

        Args:
            folder: where its scenes lie.
            rules: what holds for all of them.
            objects: gives models their numbers.
            target: takes the files.
            left_out: counts what cannot be said.
            test: takes what is to be found in test images; None on other sides.

        """
        self._folder, self._rules, self._objects = folder, rules, objects
        self._target, self._left_out, self._test = target, left_out, test
        self._scene, self._shot, self._images_of_shot = _Scene(), -1, 0

    def add(self, sample: Sample) -> int:
        """Write an image; return how many objects it has."""
        self._make_room(sample.image.shot)
        scene = self._scene
        number = len(scene.cameras)
        place = f"{self._folder}/{scene.number:06d}"
        take_picture(self._target, f"{place}/rgb/{number:06d}", sample, keep=(".png", ".jpg"))
        depth = self._write_depth(sample, f"{place}/depth/{number:06d}.png")
        kept = [record for record in sample.annotations if not record.iscrowd]
        self._left_out[IGNORED] += len(sample.annotations) - len(kept)
        poses, infos = [], []
        for at, record in enumerate(kept):
            whole, visible = _masks(sample, record)
            for kind, mask in (("mask", whole), ("mask_visib", visible)):
                self._target.write(f"{place}/{kind}/{number:06d}_{at:06d}.png", _encode(mask))
            poses.append(_pose(record, self._objects))
            infos.append(_info(record, whole, visible, depth))
        scene.cameras[str(number)] = _camera(sample, self._rules.depth_scale)
        scene.poses[str(number)], scene.infos[str(number)] = poses, infos
        if self._test is not None:
            self._test.add(scene.number, number, poses, infos)
        return len(kept)

    def finish(self) -> None:
        """Write the JSON files of the scene that is open."""
        scene = self._scene
        if not scene.cameras:
            return
        place = f"{self._folder}/{scene.number:06d}"
        self._target.write(f"{place}/scene_camera.json", lines(scene.cameras))
        self._target.write(f"{place}/scene_gt.json", lines(scene.poses))
        self._target.write(f"{place}/scene_gt_info.json", lines(scene.infos))
        self._scene = _Scene(scene.number + 1)

    def _make_room(self, shot: int) -> None:
        """Begin a new scene where the open one is full, or would be before the shot's end: the
        images of one shot stay together, as far as a scene has room for them.
        """
        most = self._rules.scene_images
        if shot != self._shot:
            if len(self._scene.cameras) + self._images_of_shot > most:
                self.finish()
            self._shot, self._images_of_shot = shot, 0
        if len(self._scene.cameras) >= most:
            self.finish()
        self._images_of_shot += 1

    def _write_depth(self, sample: Sample, name: str) -> Shorts | None:
        rules = self._rules
        if rules.depth_options is None:
            return None
        depth = read_depth(sample, rules.depth_options)
        steps = depth_steps(depth, rules.depth_scale, rules.depth_limit_m)
        if steps is None:
            far = float(depth[np.isfinite(depth)].max())
            raise DatasetError(
                f"image {sample.image.id} has depth up to {far:.4g} m, and BOP's 16 bits in steps "
                f"of {rules.depth_scale:g} mm reach {farthest_m(rules.depth_scale):g} m: raise the "
                "option depth_scale, or say with depth_limit_m from where on nothing is measured"
            )
        if rules.depth_limit_m is not None:
            cut = np.isfinite(depth) & (depth > rules.depth_limit_m)
            self._left_out[CUT] += bool(cut.any())
        self._target.write(name, encode_png(steps))
        return steps


def _masks(sample: Sample, record: AnnotationRecord) -> tuple[Mask, Mask]:
    """Return the masks (h, w) of the whole of an object and of what is seen of it."""
    assert isinstance(record, AmodalFields)  # the format needs these kinds
    assert isinstance(record, MaskFields)
    size = sample.image.height, sample.image.width
    try:
        return to_mask(record.amodal_segmentation, *size), to_mask(record.segmentation, *size)
    except ValueError as error:
        raise DatasetError(
            f"annotation {record.id} has a damaged mask ({error}): orbitset dataset validate tells "
            "more"
        ) from None


def _encode(mask: Mask) -> bytes:
    done, content = cv2.imencode(".png", mask.astype(np.uint8) * 255, _MASK_SETTINGS)
    assert done
    return content.tobytes()


def _camera(sample: Sample, depth_scale: float) -> dict[str, Any]:
    camera = sample.image.camera
    world = np.array(camera.world_to_camera)
    return {
        "cam_K": _row_by_row(at_whole_pixels(pinhole(sample, "BOP"))),
        "depth_scale": depth_scale,
        "cam_R_w2c": _row_by_row(world[:3, :3]),
        "cam_t_w2c": (world[:3, 3] * _MM).round(9).tolist(),
    }


def _pose(record: AnnotationRecord, objects: Objects) -> dict[str, Any]:
    """Return the pose of an object: BOP's origin is the middle of the model's box."""
    assert isinstance(record, PoseFields)  # the format needs that kind
    model = objects.of(record)
    turn, origin = np.array(record.cam_R_m2c), np.array(record.cam_t_m2c)
    at = origin + turn @ (record.scale * model.middle)
    return {
        "cam_R_m2c": _row_by_row(turn),
        "cam_t_m2c": (at * _MM).round(9).tolist(),
        "obj_id": model.obj_id,
    }


def _info(
    record: AnnotationRecord, whole: Mask, visible: Mask, depth: Shorts | None
) -> dict[str, Any]:
    """Return figures as bop_toolkit's calc_gt_info has them; its boxes end at their last pixels."""
    assert isinstance(record, AmodalFields)  # the format needs these kinds
    assert isinstance(record, BoxFields)
    boxes = [record.amodal_bbox, record.bbox]
    x, y, w, h = ([box[at] for box in boxes] for at in range(4))
    all_pixels = round(int(whole.sum()) / max(1 - record.truncation, 1e-6))
    return {
        "bbox_obj": [x[0], y[0], w[0] - 1, h[0] - 1],
        "bbox_visib": [x[1], y[1], w[1] - 1, h[1] - 1],
        "px_count_all": all_pixels,
        "px_count_valid": 0 if depth is None else int(np.count_nonzero(depth[whole])),
        "px_count_visib": int(visible.sum()),
        "visib_fract": record.visib_fract,
    }


def _row_by_row(matrix: Any) -> list[float]:
    return [float(each) for row in matrix for each in row]
