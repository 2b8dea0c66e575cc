"""All of a comparison: measures of both sets, differences, and the key to move of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from renderer.dataset.compare.advice import Advice, Adviser, without_values
from renderer.dataset.compare.distance import Difference, Pooled, Resampling, differences
from renderer.dataset.compare.drawn import Drawn
from renderer.dataset.compare.generated import read_generated, read_shots
from renderer.dataset.compare.measures import BY_NAME, MEASURES, Measure, Values, measure_boxes
from renderer.dataset.compare.pictures import Pictures, common_side, measure_pictures
from renderer.dataset.compare.real import read_real
from renderer.dataset.compare.sets import ImageSet, SetImage
from renderer.dataset.layout import Layout
from renderer.dataset.manifest import read_manifest
from renderer.recipe.model import Recipe

# Below it a measure says nothing of a set.
_FEWEST_VALUES = 5


@dataclass(frozen=True)
class Row:
    """What is found of one measure.

    Attributes:
        measure: which.
        difference: how the sets differ in it.
        ours: its values in the dataset.
        real: its values in the real set.
        advice: what to do about it; None where they do not differ.

    """

    measure: Measure
    difference: Difference
    ours: Values
    real: Values
    advice: Advice | None

    @property
    def median_ours(self) -> float:
        """The median in the dataset."""
        return float(np.median(self.ours.values))

    @property
    def median_real(self) -> float:
        """The median in the real set."""
        return float(np.median(self.real.values))


@dataclass(frozen=True)
class Comparison:
    """A dataset against a real one.

    Attributes:
        ours: the sample of the dataset.
        real: the sample of the real set.
        rows: the measures, those that differ first, the farthest apart in floors first.
        remarks: what could not be compared, in sentences.

    """

    ours: ImageSet
    real: ImageSet
    rows: list[Row]
    remarks: list[str]


@dataclass(frozen=True)
class _Side:
    """One set, measured; ``side`` is the longer side of its pictures when they were."""

    images: list[SetImage]
    values: dict[str, Values]
    pictures: Pictures | None = None
    side: int = 0


def compare(
    layout: Layout,
    real: Path,
    images: Path | None = None,
    seed: int = 0,
    doing: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Return what differs between a dataset and a real one.

    Args:
        layout: the dataset.
        real: COCO's JSON of the real set.
        images: the folder of its pictures; None leaves pictures alone.
        seed: of samples and resampling.
        doing: told what is being done.

    Raises:
        UserError: one of them cannot be read, or is too small.

    """
    doing("reading")
    ours = read_generated(layout, seed)
    theirs = read_real(real, images, set(ours.categories), seed)
    remarks = [*ours.remarks, *theirs.remarks, *_of_size(ours, theirs)]
    sides = [_Side(each.images, measure_boxes(each.images)) for each in (ours, theirs)]
    if images is not None:
        doing("measuring pictures")
        sides = _with_pictures(sides, remarks)
    doing("comparing")
    found = _differences(sides[0], sides[1], seed)
    doing("finding keys")
    rows = _rows(layout, sides[0], sides[1], found)
    return Comparison(ours, theirs, rows, remarks)


def _of_size(ours: ImageSet, real: ImageSet) -> list[str]:
    remarks = []
    if len(real.images) < 50:
        remarks.append(
            f"the real set has {len(real.images)} usable images: with 50 or more it is told better"
        )
    for each, what in ((ours, "the dataset"), (real, "the real set")):
        if each.total > len(each.images) + 1 and each.total > 1500:
            remarks.append(f"of {what} {len(each.images):,} of {each.total:,} images are compared")
    shapes = [np.median([i.size[0] / i.size[1] for i in each.images]) for each in (ours, real)]
    if abs(np.log2(shapes[0] / shapes[1])) > 0.15:
        remarks.append(
            f"images of the dataset are {shapes[0]:.2f} times as wide as high, and real ones "
            f"{shapes[1]:.2f} times: move camera.resolution first"
        )
    return remarks


def _with_pictures(sides: list[_Side], remarks: list[str]) -> list[_Side]:
    side = common_side([each.images for each in sides])
    made = []
    for each, what in zip(sides, ("the dataset", "the real set"), strict=True):
        pictures = measure_pictures(each.images, side)
        number, why = pictures.unreadable
        if number:
            remarks.append(f"{number} pictures of {what} cannot be read (the first: {why})")
        usable = pictures.count >= _FEWEST_VALUES
        if not usable:
            remarks.append(f"{what} has too few pictures: none are compared")
        values = {**each.values, **pictures.values} if usable else each.values
        made.append(_Side(each.images, values, pictures if usable else None, side))
    return made


def _differences(ours: _Side, real: _Side, seed: int) -> dict[str, Difference]:
    first, second = (_groups(each.images) for each in (ours, real))
    count = int(first.max()) + 1
    pooled = {
        measure.name: Pooled.of(
            (a.values, first[a.image]),
            (b.values, second[b.image] + count),
        )
        for measure in MEASURES
        if measure.name in ours.values and measure.name in real.values
        for a, b in [(ours.values[measure.name], real.values[measure.name])]
        if min(len(a.values), len(b.values)) >= _FEWEST_VALUES
    }
    steps = {name: BY_NAME[name].step for name in pooled}
    return differences(pooled, steps, Resampling(count, int(second.max()) + 1, seed))


def judged(
    ours: list[SetImage], real: list[SetImage], pictures: bool = False, seed: int = 0
) -> dict[str, Difference]:
    """Return how some images differ from others in their boxes, and in pictures where asked."""
    sides = [_Side(each, measure_boxes(each)) for each in (ours, real)]
    sides = _with_pictures(sides, []) if pictures else sides
    return _differences(sides[0], sides[1], seed)


def _groups(images: list[SetImage]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return (n,) the number of each image's group, from 0."""
    numbers = {group: at for at, group in enumerate(sorted({each.group for each in images}))}
    return np.array([numbers[each.group] for each in images], np.int64)


def _rows(layout: Layout, ours: _Side, real: _Side, found: dict[str, Difference]) -> list[Row]:
    differing = [name for name, each in found.items() if each.differs]
    drawn = _drawn(layout, ours) if differing else None
    if drawn is None:
        told = without_values(differing, ours.values, real.values)
    else:
        told = Adviser(drawn, ours.values, real.values, found, ours.side).advise()
    rows = [
        Row(BY_NAME[name], each, ours.values[name], real.values[name], told.get(name))
        for name, each in found.items()
    ]
    return sorted(rows, key=lambda row: (-row.difference.differs, -row.difference.ratio))


def _drawn(layout: Layout, ours: _Side) -> Drawn | None:
    """Return what the dataset's shots have drawn; None where its recipe is not known."""
    try:
        recipe = Recipe.model_validate(read_manifest(layout).recipe.model_dump(mode="json"))
    except ValidationError:  # of another version, or of effects that are not installed
        return None
    shots = read_shots(layout, {each.shot for each in ours.images})
    return Drawn(recipe, shots, ours.images)
