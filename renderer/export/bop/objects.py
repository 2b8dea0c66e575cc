"""The objects of a BOP dataset: a model in one size, since BOP's poses have no scale."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from renderer.dataset.layout import DatasetError
from renderer.dataset.records import AnnotationRecord
from renderer.export.bop.mesh import diameter, middle, ply
from renderer.export.models import Models
from renderer.export.target import Target
from renderer.truth.kinds.pose import PoseFields

Array = npt.NDArray[np.float64]

_MM = 1000.0


@dataclass
class SizedModel:
    """One object of BOP.

    Attributes:
        obj_id: its number.
        asset: the model's path in the recipe.
        scale: by what the model's coordinates are multiplied.
        middle: (3,) the middle of the model's box, in its own coordinates: BOP's origin.
        categories: ids of the categories that it is labelled as.

    """

    obj_id: int
    asset: str
    scale: float
    middle: Array
    categories: set[int] = field(default_factory=set)


class Objects:
    """Gives models in sizes their numbers, and writes them.

    A model's first size has its place among the dataset's models, from 1; each further size is as
    many higher as there are models, in the order in which images show them. So an object keeps its
    number when images are added; models of one size do in every dataset of a recipe.
    """

    def __init__(self, models: Models, categories: Mapping[int, str], most_sizes: int) -> None:
        """Number what ``of`` is asked for, ``most_sizes`` of a model at most."""
        self._models, self._categories, self._most = models, categories, most_sizes
        self._places = {path: place for place, path in enumerate(models.keys, start=1)}
        self._sizes: dict[str, dict[float, SizedModel]] = {}

    def of(self, record: AnnotationRecord) -> SizedModel:
        """Return which object an annotation is of.

        Raises:
            ModelMissingError: its model is not at hand.
            DatasetError: its model is there in too many sizes, or its category or scale is none.

        """
        assert isinstance(record, PoseFields)  # the format needs that kind
        asset, scale, category = record.asset, record.scale, record.category_id
        if category not in self._categories or scale <= 0:
            raise DatasetError(
                f"annotation {record.id} has the category {category} and the scale {scale:g}, of "
                "which one is none: orbitset dataset validate tells more"
            )
        sizes = self._sizes.setdefault(asset, {})
        key = float(f"{scale:.9g}")
        if key not in sizes:
            vertices = self._models.geometry(asset).vertices
            if len(sizes) >= self._most:
                raise DatasetError(
                    f"{asset} is there in more than {self._most} sizes, and BOP knows no size of "
                    "an object, so that each is a model of its own: give it one size (scale, "
                    "size_m) or a choice of few in the recipe, or raise the option most_sizes"
                )
            number = self._places[asset] + len(sizes) * len(self._places)
            sizes[key] = SizedModel(number, asset, scale, middle(vertices))
        sizes[key].categories.add(category)
        return sizes[key]

    def write(self, target: Target) -> None:
        """Write ``models/`` with the models in millimetres about their middles, and
        ``objects.json``, which tells what they are.
        """
        every = (each for sizes in self._sizes.values() for each in sizes.values())
        sized = sorted(every, key=lambda each: each.obj_id)
        info: dict[str, Any] = {}
        told: dict[str, Any] = {}
        for each in sized:
            geometry = self._models.geometry(each.asset)
            factor = each.scale * _MM
            points = (geometry.vertices.astype(np.float64) - each.middle) * factor
            with target.open(f"models/obj_{each.obj_id:06d}.ply") as file:
                for piece in ply(points, geometry.triangles):
                    file.write(piece)
            # The farthest corners of a model are corners of its hull.
            hull = (geometry.hull.astype(np.float64) - each.middle) * factor
            info[str(each.obj_id)] = _info(points, hull)
            told[str(each.obj_id)] = {
                "asset": each.asset,
                "categories": [self._categories[number] for number in sorted(each.categories)],
                "scale": each.scale,
                "origin_m": each.middle.tolist(),
            }
        target.write("models/models_info.json", lines(info))
        target.write("objects.json", lines(told))


def _info(points: Array, hull: Array) -> dict[str, float]:
    low, high = points.min(axis=0), points.max(axis=0)
    sides = {f"min_{axis}": low[at] for at, axis in enumerate("xyz")}
    sides |= {f"size_{axis}": high[at] - low[at] for at, axis in enumerate("xyz")}
    figures = {"diameter": diameter(hull), **sides}
    return {name: round(float(value), 6) for name, value in figures.items()}


def lines(content: Mapping[str, Any]) -> bytes:
    """Return a JSON object with a line for each key, as bop_toolkit writes it."""
    rows = [f"  {json.dumps(key)}: {_dumps(value)}" for key, value in content.items()]
    return ("{\n" + ",\n".join(rows) + "\n}\n").encode()


def _dumps(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
