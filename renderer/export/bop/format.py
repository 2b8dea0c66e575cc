"""BOP, the format of the 6D pose benchmark: https://github.com/thodan/bop_toolkit.

Its units are millimetres, its pixel centres lie at whole numbers, its models have their origin in
the middle of their box, and its poses know no scale.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from renderer.dataset.json_text import dumps
from renderer.dataset.layout import DatasetError
from renderer.export.format import DatasetHead, Format, Guide, Options, Summary
from renderer.export.pinhole import at_whole_pixels, pinhole
from renderer.export.sample import Sample
from renderer.export.target import Target

if TYPE_CHECKING:
    from renderer.export.bop.scenes import SceneRules, Side

# bop_toolkit's name of a side with pictures that were rendered for training.
_TRAIN = "train_pbr"
_NO_SYMMETRIES = (
    "symmetries of the models, which are not known: write symmetries_discrete or "
    "symmetries_continuous into models/models_info.json where an object has any"
)
_NO_LOOKS = "colours and textures of the models"
_NO_DEPTH = "depth, which the dataset has not: render it with `labels: {depth: true}`"


class BopOptions(Options):
    """How scenes are cut, and depth and models are written."""

    scene_images: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] = Field(
        1000, description="The most images of a scene folder."
    )
    depth_scale: Annotated[float, Field(ge=1e-3, le=100)] = Field(
        0.1, description="Millimetres a step of depth images: 0.1 reaches 6.5535 m."
    )
    depth_limit_m: Annotated[float, Field(gt=0, le=1e6)] | None = Field(
        None,
        description="Depth beyond it is written as 0, not measured; without it, depth that 16 bits "
        "do not hold is refused.",
    )
    most_sizes: Annotated[int, Field(strict=True, ge=1, le=1000)] = Field(
        20, description="The most sizes of one model; each is an object of its own."
    )


class Bop(Format[BopOptions]):
    """The 6D pose benchmark's format: scenes with masks, depth and poses in millimetres, and the
    models about the middles of their boxes, an obj_id for each size of a model.
    """

    name = "bop"
    needs = ("box", "mask", "amodal", "pose")
    carries = ("box", "mask", "amodal", "pose", "depth")
    partly: ClassVar[Mapping[str, str]] = {
        "pose": "the scale is in the model, of which each size is an object of its own",
        "depth": "16 bits in steps of depth_scale",
    }
    copies = False
    Options = BopOptions

    def guide(self, head: DatasetHead, options: BopOptions) -> Guide:
        """Return what the export's ``README.md`` says of the format."""
        folder = folder_of(head.splits[0] if head.splits else "")
        depth = (_DEPTH,) if "depth" in head.kinds else ()
        test = _TEST if "test" in head.splits else ()
        return Guide(
            holds=tuple((path.format(folder=folder), is_) for path, is_ in _HOLDS + depth + test),
            conventions=(
                *_CONVENTIONS,
                f"Depth images are in steps of {options.depth_scale:g} mm.",
            ),
            loading=_LOADING.format(folder=folder),
        )

    def write(
        self, samples: Iterable[Sample], head: DatasetHead, target: Target, options: BopOptions
    ) -> Summary:
        """Write scenes as the images come, and the models that they show at the end."""
        from renderer.export.bop.objects import Objects
        from renderer.export.bop.scenes import CUT, IGNORED, Side
        from renderer.export.bop.targets import TestTargets

        objects, left_out = (
            Objects(head.models, head.categories, options.most_sizes),
            Counter[str](),
        )
        rules, size = _rules(head, options), None
        images = annotations = 0
        sides: dict[str, Side] = {}
        with ExitStack() as stack:
            for sample in samples:
                if size is None:
                    size = _write_camera(sample, target, options)
                _must_be_of_size(sample, size)
                if sample.split not in sides:
                    test = None
                    if sample.split == "test":
                        test = stack.enter_context(TestTargets.into(target))
                    folder = folder_of(sample.split)
                    sides[sample.split] = Side(folder, rules, objects, target, left_out, test)
                annotations += sides[sample.split].add(sample)
                images += 1
            for side in sides.values():
                side.finish()
        objects.write(target)
        counted = [f"{what}: {left_out[what]}" for what in (IGNORED, CUT) if left_out[what]]
        no_depth = [_NO_DEPTH] if rules.depth_options is None else []
        return Summary(images, annotations, (*counted, *no_depth, _NO_SYMMETRIES, _NO_LOOKS))


def folder_of(split: str) -> str:
    """Return the folder of a side of a split; training pictures are BOP's PBR."""
    return _TRAIN if split in ("", "train") else split


def _rules(head: DatasetHead, options: BopOptions) -> SceneRules:
    from renderer.export.bop.scenes import SceneRules

    return SceneRules(
        options.scene_images,
        options.depth_scale,
        options.depth_limit_m,
        head.manifest.labels.get("depth"),
    )


def _write_camera(sample: Sample, target: Target, options: BopOptions) -> tuple[int, int]:
    """Write ``camera.json`` by the first image, each other may have its own; return the size."""
    width, height = sample.image.width, sample.image.height
    (fx, _, cx), (_, fy, cy), _ = at_whole_pixels(pinhole(sample, "BOP"))
    camera = {"cx": cx, "cy": cy, "depth_scale": options.depth_scale, "fx": fx, "fy": fy}
    content = dumps({**camera, "height": height, "width": width})
    target.write("camera.json", f"{content}\n".encode())
    return width, height


def _must_be_of_size(sample: Sample, size: tuple[int, int]) -> None:
    found = sample.image.width, sample.image.height
    if found != size:
        raise DatasetError(
            f"image {sample.image.id} is {found[0]}x{found[1]} pixels and others {size[0]}x"
            f"{size[1]}, and BOP has one size: render with one camera.resolution"
        )


_HOLDS = (
    ("{folder}/000000/", "a scene, and so on"),
    ("{folder}/000000/rgb/000000.png", "a picture (or .jpg)"),
    ("{folder}/000000/mask/000000_000000.png", "an object as a whole, by image and place in it"),
    ("{folder}/000000/mask_visib/000000_000000.png", "what is seen of it"),
    ("{folder}/000000/scene_camera.json", "the camera of each image"),
    ("{folder}/000000/scene_gt.json", "the pose and obj_id of each object"),
    ("{folder}/000000/scene_gt_info.json", "its boxes, pixel counts and visib_fract"),
    ("models/", "the models as ASCII PLY with normals, and models_info.json"),
    ("camera.json", "the camera of the first image"),
    ("objects.json", "by obj_id: model file, category, scale, and where its origin was"),
)
_DEPTH = ("{folder}/000000/depth/000000.png", "the picture's depth")
_TEST = (
    ("test_targets_bop19.json", "which objects are to be found in test images"),
    ("test_targets_bop24.json", "in which test images all objects are"),
)
_CONVENTIONS = (
    "Lengths are in millimetres; matrices are row by row; cameras are OpenCV's (x right, y down, z "
    "forward).",
    "cam_K has pixel centres at whole numbers: the middle of the first pixel is (0, 0). That is "
    "how bop_toolkit reads depth, and BOP's PBR sets are made; its OpenGL renderer counts from the "
    "edge, and draws half a pixel to the upper left.",
    "A model's origin is the middle of its box; objects.json tells in metres where that lies in "
    "the model as it was rendered.",
    "A model in two sizes is two objects: BOP's poses have no scale. In another dataset its sizes "
    "may have each other's numbers; objects.json tells.",
    "visib_fract counts the silhouette beyond the frame as hidden. Boxes may reach beyond the "
    "frame, and end at their last pixel as bop_toolkit's do: a width is one less than "
    "its count of pixels.",
    "bop_toolkit looks for .jpg in folders of the type pbr: tell it the pictures' ending "
    "(rgb_ext in dataset_params), or render with output.format: jpeg.",
)
_LOADING = """\
import json
scene_gt = json.load(open("{folder}/000000/scene_gt.json"))
print(scene_gt["0"])
"""
