"""What a dataset has of one image, for a label kind to check and to draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from renderer.errors import UserError
from renderer.geometry.crop import Crop, Mask
from renderer.geometry.silhouette import Silhouette
from renderer.shot.camera import Camera
from renderer.shot.scene import Instance
from renderer.shot.shot import Shot
from renderer.truth.kind import Record
from renderer.truth.mask import to_mask
from renderer.truth.view import Ints, ViewTruth


class MaskError(UserError):
    """A mask of a dataset cannot be decoded; the message is one sentence that names the annotation
    first.
    """

    @property
    def problem(self) -> str:
        """The sentence without the annotation."""
        return str(self).partition(": ")[2]


def _no_file(name: str) -> bytes:
    raise OSError(f"there is no file {name}")


@dataclass
class StoredLabels:
    """One image of a dataset.

    Attributes:
        image: its record.
        annotations: those of its objects, the fields of all kinds in each.
        size: (width, height) that it should have.
        shot: what it was made of; None where that is lost.
        camera: the shot's camera that it is seen with.
        read: gives the bytes of one of its files by the name in ``files``, or an OSError.
        wrong: ids of the annotations about which something wrong has been told.
        agrees: whether its masks are those of its scene, as far as has been looked.
        categories: the records of the dataset's categories by id, as far as they are known.

    """

    image: Record
    annotations: Sequence[Record]
    size: tuple[int, int]
    shot: Shot | None = None
    camera: Camera | None = None
    read: Callable[[str], bytes] = _no_file
    wrong: set[int] = field(default_factory=set)
    agrees: bool = True
    categories: Mapping[int, Record] = field(default_factory=dict)

    def mask(self, record: Record, key: str = "segmentation") -> Crop:
        """Return a mask of an annotation.

        Raises:
            MaskError: it cannot be decoded.

        """
        place = id(record), key
        if place not in self._masks:
            width, height = self.size
            try:
                self._masks[place] = Crop.whole(to_mask(record[key], height, width))
            except (ValueError, TypeError) as error:
                which = f"annotation {record['id']}" if "id" in record else "an annotation"
                raise MaskError(f"{which}: its {key} cannot be decoded ({error})") from None
        return self._masks[place]

    def entry(self, record: Record) -> Instance | None:
        """Return an annotation's object in the shot."""
        objects = () if self.shot is None else self.shot.objects
        return next((each for each in objects if each.instance == record["instance"]), None)

    @cached_property
    def dropped(self) -> frozenset[int]:
        """Instances of the objects without an annotation that the image says to be dropped; of a
        category of which some are hidden altogether those, too.
        """
        said = self.image.get("dropped") or {}
        labelled = {record["instance"] for record in self.annotations}
        return frozenset(
            each.instance
            for each in (() if self.shot is None else self.shot.objects)
            if each.category in said and each.instance not in labelled
        )

    @property
    def unmasked(self) -> frozenset[int]:
        """Instances of the objects that have no mask by right: no category, or dropped."""
        objects = () if self.shot is None else self.shot.objects
        return self.dropped | {each.instance for each in objects if each.category is None}

    @cached_property
    def complete(self) -> bool:
        """Whether the shot is there, and each annotation is of another object of it, and has masks
        that can be decoded.
        """
        entries = [self.entry(record) for record in self.annotations]
        if self.shot is None or None in entries or not self._decodes():
            return False
        return len({each.instance for each in entries if each}) == len(entries)

    @cached_property
    def index(self) -> Ints:
        """(h, w) int32, the instance that each pixel belongs to by the masks, 0 for none."""
        width, height = self.size
        index = np.zeros((height, width), np.int32)
        for record in self.annotations:
            mask = self.mask(record)
            index[mask.part][mask.mask] = record["instance"]
        return index

    def seen(self, truth: ViewTruth) -> ViewTruth:
        """Return the truth of the view with each object's pixels as the masks have them, which is
        as the engine had them, and the outlines that rays cannot tell as the dataset has them.
        """
        if self._seen is None:
            ignored = {each["instance"] for each in self.annotations if each.get("iscrowd")}
            if self.dropped or ignored:
                truth = truth.with_fates(self.dropped, ignored)
            if self.masked:
                truth = truth.seen(self._with_unlabelled(truth), self._outlines(truth))
            self._seen = truth
        return self._seen

    def unclear(self, truth: ViewTruth) -> Mask:
        """Tell (h, w) which pixels hang on an opacity that only the engine knew: of objects that
        rays cannot follow, where no mask says which pixels they have.
        """
        untraceable = [
            entry.instance
            for entry in truth.shot.objects
            if not truth.exact(entry) and not (self.masked and entry.instance not in self.unmasked)
        ]
        return np.asarray(np.isin(truth.index, untraceable), np.bool_)

    @property
    def masked(self) -> bool:
        """Whether the masks tell whose each pixel is."""
        return self.complete and all("segmentation" in each for each in self.annotations)

    def _decodes(self) -> bool:
        try:
            for record in self.annotations:
                for key in ("segmentation", "amodal_segmentation"):
                    if key in record:
                        self.mask(record, key)
        except MaskError:
            return False
        return True

    def _with_unlabelled(self, truth: ViewTruth) -> Ints:
        """Return the index with what has no mask, since it has no label, where rays meet it."""
        plain = self.unmasked
        cast = np.where(np.isin(truth.index, list(plain)), truth.index, 0) if plain else 0
        return np.where(self.index == 0, cast, self.index).astype(np.int32)

    def _outlines(self, truth: ViewTruth) -> Mapping[int, Silhouette]:
        outlines = {}
        for record in self.annotations:
            entry = self.entry(record)
            if entry is None or truth.exact(entry) or "amodal_segmentation" not in record:
                continue
            crop, share = self.mask(record, "amodal_segmentation"), float(record["truncation"])
            x, y, w, h = record["amodal_bbox"]
            outside = round(share / (1 - share) * crop.area) if share < 1 else 0
            outlines[entry.instance] = Silhouette(crop, outside, (x, y, x + w, y + h))
        return outlines

    @cached_property
    def _masks(self) -> dict[tuple[int, str], Crop]:
        return {}

    _seen: ViewTruth | None = field(default=None, init=False)
