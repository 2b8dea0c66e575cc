"""What a format is: its options, the labels it needs and carries, and how it is written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from pydantic import BaseModel

from renderer.export.models import Models
from renderer.export.options import Options as Options

# A package may define a format beside its effects and label kinds: those are loaded while the
# recipe's model is made, which datasets import.
if TYPE_CHECKING:
    from renderer.asset.keypoints import KeypointSet
    from renderer.dataset.manifest import Manifest
    from renderer.export.sample import Sample
    from renderer.export.target import Target


AnyOptions = TypeVar("AnyOptions", bound=Options)


@dataclass(frozen=True)
class DatasetHead:
    """What is known of a dataset before its images.

    Attributes:
        name: its name.
        images: how many there are; a split may leave some out.
        categories: COCO id → name, ids ascending.
        kinds: names of the label kinds that it has.
        manifest: ``manifest.json`` as a whole.
        splits: names of the sides that the images are divided into (``train``, ``val``); none where
            they are not divided.
        keypoints: COCO id → the named points of the category, of those that have some.
        models: the imported models, as far as they are at hand.

    """

    name: str
    images: int
    categories: Mapping[int, str]
    kinds: tuple[str, ...]
    manifest: Manifest
    splits: tuple[str, ...] = ()
    keypoints: Mapping[int, KeypointSet] = field(default_factory=dict)
    models: Models = field(default_factory=Models)


@dataclass(frozen=True)
class Summary:
    """What an export holds.

    Attributes:
        images: how many.
        annotations: how many.
        left_out: sentences, each of something that the dataset has and the export has not.

    """

    images: int
    annotations: int
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Guide:
    """What the ``README.md`` of an export says, beside its figures and what is left out.

    Attributes:
        holds: (path, what it is) of each sort of file.
        conventions: sentences on units, axes, origins and order.
        loading: a few lines of Python that load it, run in its folder.
        requires: the packages that those lines need, as pip knows them.
        front_matter: YAML that stands at the head of the page, between lines of ``---``, where a
            reader of the format looks for it; without those lines.

    """

    holds: tuple[tuple[str, str], ...] = ()
    conventions: tuple[str, ...] = ()
    loading: str = ""
    requires: tuple[str, ...] = ()
    front_matter: str = ""


class Format(ABC, Generic[AnyOptions]):
    """One format. Its docstring is what ``orbitset dataset export --list`` says of it.

    Attributes:
        name: as in the registry.
        needs: label kinds that a dataset must have.
        carries: label kinds that are written, None for all; of others the summary says that they
            are left out.
        partly: of those that are carried, what of a kind gets lost, a phrase each.
        copies: whether it takes room for the pictures; if not, they are links where possible.
        caches: what readers of the format put there, which goes with a former export: names at its
            top, and patterns of files in its folders (``labels/*.cache``).
        Options: what may be said of it.

    """

    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ("box",)
    carries: ClassVar[tuple[str, ...] | None] = ("box",)
    partly: ClassVar[Mapping[str, str]] = {}
    copies: ClassVar[bool] = True
    caches: ClassVar[tuple[str, ...]] = ()
    Options: ClassVar[type[BaseModel]] = Options

    def guide(self, head: DatasetHead, options: AnyOptions) -> Guide:
        """Return what the export's ``README.md`` says of the format."""
        del head, options
        return Guide()

    @abstractmethod
    def write(
        self, samples: Iterable[Sample], head: DatasetHead, target: Target, options: AnyOptions
    ) -> Summary:
        """Write a dataset: the same bytes for the same dataset, in memory that does not grow with
        the number of images.

        Raises:
            DatasetError: the dataset has what no file of this format can say.
            DiskError: there is no room for it.

        """
