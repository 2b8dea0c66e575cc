"""What there is of each kind of extension: label kinds, effects and formats, by name.

A new one is a file or folder, and a line here. One of another package is a line among that
package's own entry points, in a group of the same name; it needs nothing else.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from textwrap import shorten
from typing import Any, Generic, TypeVar

from renderer.errors import ExtensionError, UnavailableError, UserError

T = TypeVar("T")

# Of what an extension raises so many characters are told.
_LONGEST = 300


class Registry(Generic[T]):
    """Classes by name, loaded when they are asked for; one object is made of each."""

    def __init__(self, group: str, what: str, built_in: dict[str, str]) -> None:
        """Name what comes with us.

        Args:
            group: the group of entry points that other packages may add to.
            what: the word for one.
            built_in: name → ``module:class``.

        """
        self._group, self.what, self._built_in = group, what, built_in

    @cached_property
    def _entries(self) -> dict[str, EntryPoint]:
        ours = {
            name: EntryPoint(name, value, self._group) for name, value in self._built_in.items()
        }
        for entry in sorted(entry_points(group=self._group), key=lambda each: each.name):
            if ours.setdefault(entry.name, entry).value != entry.value:
                self._clashes[entry.name] = (
                    f"there are two {self.what}s called {entry.name}: {ours[entry.name].value} "
                    f"and {entry.value}: uninstall one of their packages"
                )
        return ours

    @cached_property
    def _clashes(self) -> dict[str, str]:
        return {}

    @cached_property
    def _loaded(self) -> dict[str, T]:
        return {}

    def names(self) -> tuple[str, ...]:
        """Return all names: ours in their order, then other packages' by the alphabet."""
        return tuple(self._entries)

    def get(self, name: str) -> T:
        """Return the one of a name.

        Raises:
            KeyError: there is none.
            UnavailableError: its package cannot be loaded, or another has one of that name, too.

        """
        if name not in self._loaded:
            entry = self._entries[name]
            if name in self._clashes:
                raise UnavailableError(self._clashes[name])
            try:
                made: Any = entry.load()()
            except Exception as error:  # of a package that is not ours
                if name in self._built_in:
                    raise
                raise UnavailableError(
                    f"the {self.what} {name} ({entry.value}) cannot be loaded: {error}"
                ) from error
            if made.name != name:
                raise UnavailableError(
                    f"the {self.what} {name} ({entry.value}) calls itself {made.name!r}: give its "
                    "entry point that name"
                )
            self._loaded[name] = made
        return self._loaded[name]

    @contextmanager
    def calling(self, name: str) -> Iterator[None]:
        """Have what is raised inside the block by code of another package say whose it is; what is
        raised by ours is a defect, and stays what it is.

        Raises:
            ExtensionError: it was no UserError.

        """
        try:
            yield
        except UserError:
            raise
        except (Exception, SystemExit) as error:
            if name in self._built_in:
                raise
            entry = self._entries[name]
            said = shorten(str(error), _LONGEST, placeholder=" ...")
            raise ExtensionError(
                f"the {self.what} {name} ({entry.value}) fails with {type(error).__name__}: {said}"
                f"{_where(error, entry.module)}"
            ) from error

    def all(self) -> dict[str, T]:
        """Return every one by its name."""
        return {name: self.get(name) for name in self._entries}

    def versions(self, names: set[str]) -> dict[str, str]:
        """Return name and version of the packages that some of them come from, ours left out."""
        found = (self._entries[name].dist for name in sorted(names) if name in self._entries)
        return {dist.name: dist.version for dist in found if dist is not None}


def _where(error: BaseException, module: str) -> str:
    """Return file and line of the last call in a module's package, or nothing where none is."""
    package = module.partition(".")[0]
    frames = [
        (Path(frame.f_code.co_filename).name, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if str(frame.f_globals.get("__name__")).partition(".")[0] == package
    ]
    return " ({}:{})".format(*frames[-1]) if frames else ""


LABEL_KINDS: Registry[Any] = Registry(
    "orbitset.label_kinds",
    "label kind",
    {
        "box": "renderer.truth.kinds.box:Box",
        "mask": "renderer.truth.kinds.mask:Mask",
        "amodal": "renderer.truth.kinds.amodal:Amodal",
        "pose": "renderer.truth.kinds.pose:Pose",
        "depth": "renderer.truth.kinds.depth:Depth",
        "normals": "renderer.truth.kinds.normals:Normals",
        "boxes3d": "renderer.truth.kinds.boxes3d:Boxes3d",
        "object_coordinates": "renderer.truth.kinds.object_coordinates:ObjectCoordinates",
        "flow": "renderer.truth.kinds.flow:Flow",
        "tracks": "renderer.truth.kinds.tracks:Tracks",
        "instances": "renderer.truth.kinds.instances:Instances",
        "semantic": "renderer.truth.kinds.semantic:Semantic",
        "panoptic": "renderer.truth.kinds.panoptic:Panoptic",
        "occlusion": "renderer.truth.kinds.occlusion:Occlusion",
        "coverage": "renderer.truth.kinds.coverage:Coverage",
        "albedo": "renderer.truth.kinds.albedo:Albedo",
        "keypoints": "renderer.truth.kinds.keypoints:Keypoints",
    },
)
EFFECTS: Registry[Any] = Registry(
    "orbitset.effects",
    "effect",
    {
        "distractors": "renderer.effects.distractors.effect:Distractors",
        "surface": "renderer.effects.surface.effect:Surface",
        "finish": "renderer.effects.finish.effect:Finishes",
        "roughness": "renderer.effects.roughness.effect:Roughness",
        "depth_of_field": "renderer.effects.depth_of_field.effect:DepthOfField",
        "motion_blur": "renderer.effects.motion_blur.effect:MotionBlur",
        "exposure": "renderer.effects.exposure.effect:Exposure",
        "lens_blur": "renderer.effects.lens_blur.effect:LensBlur",
        "chromatic_aberration": "renderer.effects.chromatic_aberration.effect:ChromaticAberration",
        "vignetting": "renderer.effects.vignetting.effect:Vignetting",
        "auto_exposure": "renderer.effects.auto_exposure.effect:AutoExposure",
        "sensor_noise": "renderer.effects.sensor_noise.effect:SensorNoise",
        "bayer": "renderer.effects.bayer.effect:Bayer",
        "auto_white_balance": "renderer.effects.auto_white_balance.effect:AutoWhiteBalance",
        "color_response": "renderer.effects.color_response.effect:ColorResponse",
        "white_balance": "renderer.effects.white_balance.effect:WhiteBalance",
        "sharpening": "renderer.effects.sharpening.effect:Sharpening",
        "jpeg": "renderer.effects.jpeg.effect:Jpeg",
    },
)
FORMATS: Registry[Any] = Registry(
    "orbitset.formats",
    "format",
    {
        "coco": "renderer.export.coco:Coco",
        "coco-panoptic": "renderer.export.coco_panoptic:CocoPanoptic",
        "coco-keypoints": "renderer.export.coco_keypoints:CocoKeypoints",
        "yolo": "renderer.export.yolo:Yolo",
        "yolo-seg": "renderer.export.yolo_seg:YoloSeg",
        "yolo-obb": "renderer.export.yolo_obb:YoloObb",
        "yolo-pose": "renderer.export.yolo_pose:YoloPose",
        "yolo-depth": "renderer.export.yolo_depth:YoloDepth",
        "yolo-semantic": "renderer.export.yolo_semantic:YoloSemantic",
        "voc": "renderer.export.voc:Voc",
        "kitti": "renderer.export.kitti:Kitti",
        "bop": "renderer.export.bop.format:Bop",
        "omni3d": "renderer.export.omni3d:Omni3d",
        "mot": "renderer.export.mot:Mot",
        "cvat": "renderer.export.cvat:Cvat",
        "csv": "renderer.export.csv:Csv",
        "hf": "renderer.export.hf:Hf",
        "webdataset": "renderer.export.webdataset:WebDataset",
    },
)
