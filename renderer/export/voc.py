"""Pascal VOC: an XML an image, lists of images, and where it has room for them pictures of classes
and objects.

http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc: pixels count from 1, and a box has its last
pixels in it: xmin = left + 1, xmax = left + width.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import ClassVar
from xml.etree.ElementTree import Element, SubElement

from renderer.dataset.layout import DatasetError
from renderer.dataset.records import AnnotationRecord, ImageRecord
from renderer.export.checked import category_name, seen_box, told
from renderer.export.coco_file import picture_name
from renderer.export.format import DatasetHead, Format, Guide, Options, Summary
from renderer.export.index_png import voc_palette
from renderer.export.sample import Sample
from renderer.export.target import Target, Writable
from renderer.export.voc_masks import MOST_CLASSES, VocMasks
from renderer.export.xml_text import add, must_fit_xml, to_bytes
from renderer.truth.kinds.amodal import AmodalFields

# VOC's word for all images that there are to learn from.
_UNDIVIDED = "trainval"
# What VOC calls 0 and 255 in its pictures of classes and objects.
_BACKGROUND, _IGNORED = "background", "ignored"
# From which share of it hidden VOC's annotators called an object occluded.
_OCCLUDED = 0.05


class Voc(Format[Options]):
    """Pascal VOC: JPEGImages/, Annotations/, ImageSets/, and SegmentationClass/ and
    SegmentationObject/ where there are masks. Pictures are links where the disk allows it.
    """

    name = "voc"
    carries = ("box", "mask", "amodal", "semantic")
    partly: ClassVar[Mapping[str, str]] = {
        "mask": f"those beyond {MOST_CLASSES} categories, or {MOST_CLASSES} objects an image",
        "semantic": f"those of datasets without masks, or with more than {MOST_CLASSES} categories",
        "amodal": "all but whether an object is truncated or occluded",
    }
    copies = False

    def guide(self, head: DatasetHead, options: Options) -> Guide:
        """Return what is where, and how pixels count."""
        del options
        first = next(iter(head.splits), _UNDIVIDED)
        masks = (
            ("ImageSets/Segmentation/", "the same, of those that have the two that follow"),
            ("SegmentationClass/", "the category of each pixel, as an index of a palette"),
            ("SegmentationObject/", "the object of each pixel: 1 is the first of the XML"),
        )
        labelmap = ("labelmap.txt", "categories in the order of their indices, with colours")
        return Guide(
            holds=(
                ("JPEGImages/", "the pictures, of whatever type they are"),
                ("Annotations/", "an XML an image: the boxes of its objects"),
                ("ImageSets/Main/", "for each split, its images' names without their endings"),
                *(masks if _has_masks(head) else ()),
                *((labelmap,) if _labelmap(head) else ()),
            ),
            conventions=(
                "Boxes are in pixels that count from 1, and hold their last: left = xmin - 1, "
                "width = xmax - xmin + 1. Readers that do not know (labelformat, Datumaro) are a "
                "pixel off.",
                "`truncated`: the whole object has a larger box; `occluded`: more than 5 % of what "
                "is in the picture is hidden; `difficult`: to be ignored.",
                "In the pictures of classes and objects 0 is background and 255 to be ignored; a "
                "category's index is its place in labelmap.txt, where the background is 0.",
                "torchvision.datasets.VOCDetection opens .jpg only: render with `output: {format: "
                "jpg}` for it.",
            ),
            loading="from xml.etree import ElementTree\n"
            f'names = open("ImageSets/Main/{first}.txt", encoding="utf-8").read().split()\n'
            'trees = {each: ElementTree.parse(f"Annotations/{each}.xml") for each in names}\n'
            'print({each: len(tree.findall("object")) for each, tree in trees.items()})\n',
        )

    def write(
        self, samples: Iterable[Sample], head: DatasetHead, target: Target, options: Options
    ) -> Summary:
        """Write what belongs to each image, and its name into the lists of its side."""
        del options
        must_fit_xml([head.name, *head.categories.values()])
        left_out = Counter[str]()
        painted = _has_masks(head)
        masks = VocMasks(head, target, left_out) if painted else None
        splits, annotations = head.splits or ("",), 0
        images = 0
        with (
            _lists(target, splits, "Main") as every,
            _lists(target, splits if painted else (), "Segmentation") as segmented,
        ):
            for sample in samples:
                _must_be_a_word(sample)
                has_masks = masks is not None and masks.write(sample)
                target.take(f"JPEGImages/{picture_name(sample)}", sample.picture)
                xml = to_bytes(_annotation(sample, head, has_masks))
                target.write(f"Annotations/{sample.stem}.xml", xml)
                for lists in (every, segmented) if has_masks else (every,):
                    lists[sample.split].write(f"{sample.stem}\n".encode())
                images += 1
                annotations += len(sample.annotations)
        if labelmap := _labelmap(head):
            target.write("labelmap.txt", labelmap)
        told_once = _left_out(head, bool(labelmap))
        return Summary(images, annotations, (*told_once, *told(left_out, sorted(left_out))))


def _has_masks(head: DatasetHead) -> bool:
    return "mask" in head.kinds and len(head.categories) <= MOST_CLASSES


def _left_out(head: DatasetHead, has_labelmap: bool) -> Iterator[str]:
    """Yield what the whole dataset lacks."""
    if "mask" in head.kinds and len(head.categories) > MOST_CLASSES:
        yield (
            f"pictures of classes and objects (masks): VOC has room for {MOST_CLASSES} categories, "
            f"and there are {len(head.categories)}"
        )
    if "amodal" not in head.kinds:
        yield (
            "whether objects are truncated or occluded: there are no amodal labels, and both are 0"
        )
    if not has_labelmap:
        yield (
            "labelmap.txt, which Datumaro and CVAT look for: a category is called "
            f"{_BACKGROUND} or {_IGNORED}, or has a colon, # or line break in its name"
        )


@contextmanager
def _lists(target: Target, splits: Iterable[str], what: str) -> Iterator[dict[str, Writable]]:
    """Open a list of images for each split."""
    with ExitStack() as stack:
        yield {
            split: stack.enter_context(target.open(f"ImageSets/{what}/{split or _UNDIVIDED}.txt"))
            for split in splits
        }


def _must_be_a_word(sample: Sample) -> None:
    if sample.stem.split() != [sample.stem]:
        raise DatasetError(
            f"image {sample.image.id} is called {sample.stem[:80]!r}: a space parts the names in "
            "VOC's lists of images, so that it can have none"
        )
    must_fit_xml([picture_name(sample)])


def _annotation(sample: Sample, head: DatasetHead, has_masks: bool) -> Element:
    root = Element("annotation")
    add(root, "folder", head.name)
    add(root, "filename", picture_name(sample))
    source = SubElement(root, "source")
    add(source, "database", head.name)
    size = SubElement(root, "size")
    add(size, "width", sample.image.width)
    add(size, "height", sample.image.height)
    add(size, "depth", 3)
    add(root, "segmented", int(has_masks))
    for record in sample.annotations:
        root.append(_object(record, sample.image, head))
    return root


def _object(record: AnnotationRecord, image: ImageRecord, head: DatasetHead) -> Element:
    truncated = occluded = False
    if isinstance(record, AmodalFields):
        truncated = tuple(record.amodal_bbox) != tuple(record["bbox"])
        occluded = record.visibility < 1 - _OCCLUDED
    element = Element("object")
    add(element, "name", category_name(record, head.categories))
    add(element, "pose", "Unspecified")
    add(element, "truncated", int(truncated))
    add(element, "occluded", int(occluded))
    add(element, "difficult", int(bool(record.iscrowd)))
    box = SubElement(element, "bndbox")
    for name, value in _corners(record, image).items():
        add(box, name, value)
    return element


def _corners(record: AnnotationRecord, image: ImageRecord) -> dict[str, int]:
    x, y, w, h = seen_box(record, image)
    return {"xmin": x + 1, "ymin": y + 1, "xmax": x + w, "ymax": y + h}


def _labelmap(head: DatasetHead) -> bytes:
    """Return categories with their colours, in the order of their indices, and what is ignored;
    nothing where a name does not fit.
    """
    names = [_BACKGROUND, *head.categories.values(), _IGNORED]
    if len(set(names)) < len(names) or any(
        set(":#\n") & set(name) or name != name.strip() for name in names
    ):
        return b""
    colours = [",".join(map(str, colour)) for colour in voc_palette().tolist()]
    if len(head.categories) > MOST_CLASSES:
        colours = [""] * len(names)
    indices = [*range(len(names) - 1), -1]
    lines = [f"{name}:{colours[at]}::" for name, at in zip(names, indices, strict=True)]
    return ("\n".join(["# label:color_rgb:parts:actions", *lines]) + "\n").encode()
