"""CVAT for images 1.1: one XML with the boxes or masks of all images, to be uploaded to a task.

https://docs.cvat.ai/docs/other/xml_format. A mask is run lengths of its box, row by row, beginning
with what is not of it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, ClassVar, Literal
from xml.etree.ElementTree import Element, SubElement

import numpy as np
from pydantic import Field

from renderer.colour.palette import colour_of
from renderer.dataset.records import AnnotationRecord, ImageRecord
from renderer.errors import UserError
from renderer.export.checked import category_name, seen_box, seen_mask, told
from renderer.export.coco_file import picture_name, place
from renderer.export.format import DatasetHead, Format, Guide, Options, Summary
from renderer.export.sample import Sample
from renderer.export.target import Target, Writable
from renderer.export.xml_text import add, must_fit_xml, to_bytes
from renderer.geometry.crop import Crop, Mask
from renderer.truth.kinds.amodal import AmodalFields

_UNDIVIDED = "annotations"
_IGNORED = "iscrowd"
_EMPTY = "objects whose mask is empty"


class CvatOptions(Options):
    """How objects are drawn."""

    shape: Literal["box", "mask"] | None = Field(
        None, description="What an object is: a box or a mask. A mask where there are some."
    )


class Cvat(Format[CvatOptions]):
    """CVAT for images 1.1: images/, annotations.xml to upload to a task, and labels.json to make
    the task with. Pictures are links where the disk allows it.
    """

    name = "cvat"
    carries = ("box", "mask", "amodal")
    partly: ClassVar[Mapping[str, str]] = {"amodal": "all but whether an object is occluded"}
    copies = False
    Options = CvatOptions

    def guide(self, head: DatasetHead, options: CvatOptions) -> Guide:
        """Return what is where, and how to get it into CVAT."""
        shape = _shape(head, options)
        first = next(iter(head.splits), _UNDIVIDED)
        return Guide(
            holds=(
                ("images/<split>/" if head.splits else "images/", "the pictures"),
                ("<split>.xml" if head.splits else "annotations.xml", f"a {shape} an object"),
                ("labels.json", "the categories, for the field Raw where a task is made"),
            ),
            conventions=(
                "In CVAT: make a task, paste labels.json into Raw, choose the pictures; then Upload"
                ' annotations, "CVAT 1.1", the XML of the same split.',
                "Boxes are in pixels from the picture's top left corner, their right and bottom "
                "edges behind their last pixels.",
                f"Objects to be ignored have the attribute `{_IGNORED}`; `occluded` is 1 where any "
                "of what is in the picture is hidden.",
            ),
            loading="from xml.etree import ElementTree\n"
            f'images = ElementTree.parse("{first}.xml").iter("image")\n'
            f'print({{each.get("name"): len(each.findall("{shape}")) for each in images}})\n',
        )

    def write(
        self, samples: Iterable[Sample], head: DatasetHead, target: Target, options: CvatOptions
    ) -> Summary:
        """Write pictures, and what is in each to the XML of its side."""
        must_fit_xml([head.name, *head.categories.values()])
        shape, left_out = _shape(head, options), Counter[str]()
        numbers, annotations = Counter[str](), 0
        target.write("labels.json", _labels_json(head))
        with _files(target, head) as files:
            for sample in samples:
                target.take(place(f"images/{picture_name(sample)}", sample.split), sample.picture)
                element = _image(sample, numbers[sample.split], head, shape)
                files[sample.split].write(to_bytes(element, level=1))
                numbers[sample.split] += 1
                left_out[_EMPTY] += len(sample.annotations) - len(element)
                annotations += len(element)
        return Summary(numbers.total(), annotations, told(left_out, (_EMPTY,)))


def _shape(head: DatasetHead, options: CvatOptions) -> str:
    has_masks = "mask" in head.kinds
    if options.shape == "mask" and not has_masks:
        raise UserError(
            f"{head.name} has no mask labels, which the option shape=mask needs: leave it out for "
            "boxes"
        )
    return options.shape or ("mask" if has_masks else "box")


@contextmanager
def _files(target: Target, head: DatasetHead) -> Iterator[dict[str, Writable]]:
    """Open an XML for each split, up to its first image."""
    with ExitStack() as stack:
        yield {
            split: stack.enter_context(_file(target, head, split)) for split in head.splits or ("",)
        }


@contextmanager
def _file(target: Target, head: DatasetHead, split: str) -> Iterator[Writable]:
    with target.open(f"{split or _UNDIVIDED}.xml") as file:
        file.write(b'<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n')
        version = Element("version")
        version.text = "1.1"
        file.write(to_bytes(version, level=1) + to_bytes(_meta(head, split), level=1))
        yield file
        file.write(b"</annotations>\n")


def _meta(head: DatasetHead, split: str) -> Element:
    meta = Element("meta")
    task = SubElement(meta, "task")
    add(task, "name", f"{head.name} {split}".strip())
    add(task, "mode", "annotation")
    labels = SubElement(task, "labels")
    for each in _labels(head):
        label = SubElement(labels, "label")
        add(label, "name", each["name"])
        add(label, "color", each["color"])
        attributes = SubElement(label, "attributes")
        for said in each["attributes"]:
            attribute = SubElement(attributes, "attribute")
            add(attribute, "name", said["name"])
            add(attribute, "mutable", said["mutable"])
            add(attribute, "input_type", said["input_type"])
            add(attribute, "default_value", said["default_value"])
            add(attribute, "values", "\n".join(said["values"]))
    return meta


def _labels(head: DatasetHead) -> list[dict[str, Any]]:
    """Return the labels of a task, as CVAT's own constructor takes them."""
    ignored = {
        "name": _IGNORED,
        "mutable": False,
        "input_type": "checkbox",
        "default_value": "false",
        "values": ["false"],
    }
    return [
        {"name": name, "color": colour_of(number), "attributes": [ignored]}
        for number, name in head.categories.items()
    ]


def _labels_json(head: DatasetHead) -> bytes:
    return (json.dumps(_labels(head), indent=1, ensure_ascii=False) + "\n").encode()


def _image(sample: Sample, number: int, head: DatasetHead, shape: str) -> Element:
    """Return the element of an image, with a shape an object."""
    must_fit_xml([picture_name(sample)])
    image = Element(
        "image",
        {
            "id": str(number),
            "name": picture_name(sample),
            "width": str(sample.image.width),
            "height": str(sample.image.height),
        },
    )
    for record in sample.annotations:
        if shape == "box":
            place_of = _box(record, sample.image)
        elif not (place_of := _mask(seen_mask(record, sample.image))):
            continue
        occluded = isinstance(record, AmodalFields) and record.visibility < 1
        values = {
            "label": category_name(record, head.categories),
            "source": "auto",
            "occluded": str(int(occluded)),
            **place_of,
            "z_order": "0",
        }
        element = SubElement(image, shape, values)
        add(element, "attribute", "true" if record.iscrowd else "false").set("name", _IGNORED)
    return image


def _box(record: AnnotationRecord, image: ImageRecord) -> dict[str, str]:
    x, y, w, h = seen_box(record, image)
    edges = {"xtl": x, "ytl": y, "xbr": x + w, "ybr": y + h}
    return {name: f"{value:.2f}" for name, value in edges.items()}


def _mask(mask: Mask) -> dict[str, str]:
    """Return run lengths and box of a mask (height, width); nothing of an empty one."""
    crop = Crop.whole(mask)
    if not crop.area:
        return {}
    flat = np.concatenate([[False], crop.mask.ravel()])
    runs = np.diff(np.flatnonzero(np.diff(flat)), prepend=0, append=crop.mask.size)
    left, top, width, height = crop.box
    values = {"left": left, "top": top, "width": width, "height": height}
    return {"rle": ", ".join(map(str, runs)), **{key: str(value) for key, value in values.items()}}
