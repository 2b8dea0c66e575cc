"""What the page of a Hugging Face export says, and what the Hub reads at its head."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from renderer.export.format import DatasetHead, Guide

# Tasks of the Hub, by the label kinds that are their truth.
_TASKS = {
    "object-detection": {"box"},
    "image-segmentation": {"mask", "instances", "semantic", "panoptic"},
    "keypoint-detection": {"keypoints"},
    "depth-estimation": {"depth"},
}
_SIZES = {1_000: "n<1K", 10_000: "1K<n<10K", 100_000: "10K<n<100K", 1_000_000: "100K<n<1M"}
_LARGEST = "1M<n<10M"

_OBJECTS = (
    "A row is an image; `objects` has a list a column, and an object the same place in each.",
    "`objects.bbox` is left, top, width and height in pixels, from the picture's top left corner.",
    "`objects.category` counts from 0 in the order of the dataset's ids, which are in "
    "`objects.category_id`.",
    "Masks are COCO's compressed run lengths, which pycocotools decodes.",
    "Other fields are as in the dataset: metres, OpenCV's axes (x right, y down, z forward), pixel "
    "centres at integer + 0.5; key points are COCO's, which are indices of pixels.",
)
_FOLDERS = (
    "`datasets.load_dataset('imagefolder', data_dir='.')` loads it, and its own name where it lies "
    "on the Hub.",
    "A file that the library can open without loss is a column `NAME_file_name`, which it shows as "
    "`NAME`; another (EXR, TIFF, 16-bit colours) is a path below its split's folder, `NAME_path`.",
    "Of an image, a text that is missing is empty, and what else may be missing or a list of any "
    "length is a text of JSON: the library takes types from the first lines of each split.",
)
_TABLES = (
    "`datasets.load_dataset('parquet', data_dir='data')` loads it with its features, and its "
    "own name where it lies on the Hub.",
    "A file is a struct of its `bytes` and its name `path`: an Image where the library can open it "
    "without loss, else (EXR, TIFF, 16-bit colours) plain bytes.",
    "What has keys of any name (`views`) is a text of JSON.",
)
_RENAMED = "The side `val` is called `validation` here, as is the custom."


def guide(head: DatasetHead, layout: str, splits: Mapping[str, str]) -> Guide:
    """Return what is said of a dataset in a layout.

    Args:
        head: the dataset.
        layout: ``imagefolder`` or ``parquet``.
        splits: split → the name that it has in the export.

    """
    first = next(iter(splits.values()))
    renamed = (_RENAMED,) if splits.get("val") == "validation" else ()
    objects = (*_OBJECTS, *_points(head), *renamed)
    if layout == "parquet":
        paths = {name: f"data/{name}-*.parquet" for name in splits.values()}
        return Guide(
            holds=tuple((path, "tables of images, with their files") for path in paths.values()),
            conventions=(*objects, *_TABLES),
            loading=_TABLE_LOADING.format(path=f"data/{first}-00000.parquet"),
            requires=("pandas", "pyarrow"),
            front_matter=_front_matter(head, paths),
        )
    paths = {name: f"{name}/**" for name in splits.values()}
    holds = [(f"{name}/", "pictures, and folders of their other files") for name in paths]
    lines = [(f"{name}/metadata.jsonl", "a line an image") for name in paths]
    return Guide(
        holds=(*holds, *lines),
        conventions=(*objects, *_FOLDERS),
        loading=_FOLDER_LOADING.format(path=f"{first}/metadata.jsonl"),
        front_matter=_front_matter(head, paths),
    )


_TABLE_LOADING = """\
import pandas

rows = pandas.read_parquet("{path}")
print(len(rows), "images, the first with", len(rows.objects[0]["id"]), "objects")
"""
_FOLDER_LOADING = """\
import json

rows = [json.loads(line) for line in open("{path}", encoding="utf-8")]
print(len(rows), "images, the first with", len(rows[0]["objects"]["id"]), "objects")
"""


def _points(head: DatasetHead) -> Iterator[str]:
    """Yield which key points the objects of each category have; names may come from anywhere."""
    for number, points in head.keypoints.items():
        names = [head.categories[number], *points.names]
        category, *told = [" ".join(name.replace("`", "'").split()) for name in names]
        yield f"The key points of `{category}` are, in their order, `{', '.join(told)}`."


def _front_matter(head: DatasetHead, paths: Mapping[str, str]) -> str:
    """Return the YAML of a dataset card, without the lines about it."""
    card: dict[str, Any] = {"pretty_name": head.name}
    tasks = [task for task, kinds in _TASKS.items() if kinds & set(head.kinds)]
    if tasks:
        card["task_categories"] = tasks
    sizes = (name for most, name in _SIZES.items() if head.images < most)
    card["size_categories"] = [next(sizes, _LARGEST)]
    card["tags"] = ["synthetic", "orbitset"]
    files = [{"split": name, "path": path} for name, path in paths.items()]
    card["configs"] = [{"config_name": "default", "data_files": files}]
    text: str = yaml.safe_dump(card, sort_keys=False, allow_unicode=True, width=10_000)
    return text
