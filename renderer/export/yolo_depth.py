"""YOLO depth, as Ultralytics reads it: a map of each picture's depth.

https://docs.ultralytics.com/datasets/depth, as of release 8.4.123 of August 2026: 16-bit grey PNG,
``depth_scale`` steps a metre, 0 where there is no depth.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, ClassVar

from pydantic import Field

from renderer.dataset.layout import DatasetError
from renderer.errors import UserError
from renderer.export import ultralytics
from renderer.export.format import DatasetHead, Format, Guide, Options, Summary
from renderer.export.sample import Sample
from renderer.export.target import Target
from renderer.truth.kinds.depth import DepthConfig, decode_depth, depth_steps
from renderer.truth.raster import encode_png

_MOST = 65535


class YoloDepthOptions(Options):
    """How fine depth is written."""

    depth_scale: int = Field(
        1000,
        strict=True,
        ge=1,
        le=100_000,
        description="Steps a metre: 1000 are millimetres to 65.535 m, 256 reach 255.99 m.",
    )


class YoloDepth(Format[YoloDepthOptions]):
    """Depth for Ultralytics from 8.4.123: images/, depth/ with a 16-bit PNG of millimetres an image
    (0 for nothing), data.yaml.
    """

    name = "yolo-depth"
    needs = ("depth",)
    carries = ("depth",)
    partly: ClassVar = {
        "depth": "whole steps, millimetres unless said; what is beyond 65535 of them is 0"
    }
    copies = False
    caches = ultralytics.caches_of("depth")
    Options = YoloDepthOptions

    def guide(self, head: DatasetHead, options: YoloDepthOptions) -> Guide:
        """Return how it is read."""
        scale = options.depth_scale
        maps = f"{ultralytics.folder_of(head, 'depth')}/*.png"
        return Guide(
            holds=ultralytics.files_of(
                head,
                ("depth", "png", f"16-bit grey PNG of each picture's depth, {scale} steps a metre"),
            ),
            conventions=(
                "Depth is along the view axis (z, not the ray's length), of what the ray through "
                "the pixel's centre meets first.",
                f"0 is where there is nothing, or where it is beyond {_MOST / scale:g} m. No depth "
                "of something is written as 0: the least is 1.",
                "Ultralytics reads this since 8.4.123; older releases read .npy only.",
                ultralytics.training("depth"),
            ),
            loading=f"""
import glob, cv2
for path in sorted(glob.glob("{maps}")):
    metres = cv2.imread(path, cv2.IMREAD_UNCHANGED) / {scale}
    print(path, metres.shape, metres.max())
""",
            requires=("opencv-python",),
        )

    def write(
        self,
        samples: Iterable[Sample],
        head: DatasetHead,
        target: Target,
        options: YoloDepthOptions,
    ) -> Summary:
        """Write pictures and depth maps, and data.yaml at the end."""
        config = DepthConfig.model_validate(head.manifest.labels.get("depth", {}))
        left_out, beyond = ultralytics.LeftOut(), Counter[str]()
        images = 0
        for sample in ultralytics.taken(samples, target, left_out):
            content = _steps_of(sample, config.scale, options.depth_scale, beyond)
            target.write(ultralytics.place(sample, "depth", f"{sample.stem}.png"), content)
            images += 1
        more: dict[str, Any] = {"depth_scale": options.depth_scale, "nc": 1}
        target.write("data.yaml", ultralytics.data_yaml(head, ["depth"], **more))
        said = (
            f"depth beyond {_MOST / options.depth_scale:g} m: {beyond['pixels']} pixels of "
            f"{beyond['images']} images are 0, which is nothing (a lower depth_scale reaches "
            "further)"
        )
        summary = Summary(images, annotations=0)
        return ultralytics.told(head, summary, left_out, *([said] if beyond["pixels"] else []))


def _steps_of(sample: Sample, scale: float, steps_a_metre: int, beyond: Counter[str]) -> bytes:
    """Return the PNG of an image; what is too far for it is counted.

    Args:
        sample: the image.
        scale: metres a step of the dataset's file, if that is a PNG.
        steps_a_metre: of the PNG that is made.
        beyond: counts pixels and images.

    Raises:
        DatasetError: the image has no depth file, or a damaged one.

    """
    if "depth" not in sample.files:
        raise DatasetError(f"image {sample.image.id} has no depth file")
    size = sample.image.width, sample.image.height
    try:
        depth = decode_depth(sample.files["depth"].read(), size, scale)
    except UserError as error:
        raise DatasetError(f"the depth file of image {sample.image.id} is wrong: {error}") from None
    steps, too_far = depth_steps(depth, 1 / steps_a_metre)
    beyond["pixels"] += int(too_far.sum())
    beyond["images"] += bool(too_far.any())
    return encode_png(steps)
