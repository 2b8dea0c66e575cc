"""What a label kind is: the fields, files, check and drawing of one sort of label, in one place."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict

from renderer.shot.engines import capabilities

if TYPE_CHECKING:
    from renderer.recipe.model import Recipe
    from renderer.truth.canvas import Canvas
    from renderer.truth.stored_labels import StoredLabels
    from renderer.truth.view import ViewTruth


class Record(Protocol):
    """A record of the dataset: the values of keys, those of every kind among them."""

    def __getitem__(self, key: str, /) -> Any:
        """Return the value of a key."""

    def __contains__(self, key: object, /) -> bool:
        """Tell whether there is such a key."""

    def get(self, key: str, default: Any = None, /) -> Any:
        """Return the value of a key, or of one that there is not a default."""


# The annotation that is wrong, or None for the image, and what is, to follow its name.
Problem = tuple[Record | None, str]


class Fields(BaseModel):
    """Base of what a kind adds to a record of the dataset."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class NoFields(Fields):
    """Nothing."""


class Config(BaseModel):
    """What a recipe may say of a label kind; every key has a default."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class LabelFile:
    """One file that a kind writes for an image; its path is ``<kind>/<stem>.<suffix>``, and where a
    kind writes several ``<kind>/<name>/<stem>.<suffix>``.
    """

    suffix: str
    content: bytes


@dataclass(frozen=True)
class Labels:
    """What a kind makes of one view.

    Attributes:
        objects: by instance, the fields of the annotation: of each that ``labelled`` names.
        image: the fields of the image.
        files: by name (``depth``), what is written beside the picture.
        warnings: what is to be known of these labels, each a sentence: it is told in the manifest
            and the report with how many images say the same.

    """

    objects: Mapping[int, Fields] = field(default_factory=dict)
    image: Fields = field(default_factory=NoFields)
    files: Mapping[str, LabelFile] = field(default_factory=dict)
    warnings: Sequence[str] = ()


class LabelKind(ABC):
    """One sort of label.

    A recipe asks every kind what it may say: a kind's module imports arrays and decoders inside its
    methods.

    Attributes:
        name: its key in a recipe's ``labels`` and in the registry.
        default: whether it is on where a recipe does not name it.
        needs: kinds that have to be on, too.
        Config: what a recipe may say of it.
        ObjectFields: what it adds to an annotation.
        ImageFields: what it adds to an image.
        files: names of the files that it writes for each image.
        passes: what only the engine can tell of a view, and this kind asks for: names of
            ``ViewTruth.passes``. Such labels cannot be made anew by validation.

    """

    name: ClassVar[str]
    default: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = ()
    Config: ClassVar[type[Config]] = Config
    ObjectFields: ClassVar[type[Fields]] = NoFields
    ImageFields: ClassVar[type[Fields]] = NoFields
    files: ClassVar[tuple[str, ...]] = ()
    passes: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def make(self, truth: ViewTruth, config: Any) -> Labels:
        """Return the labels of one view.

        Args:
            truth: the view.
            config: what the recipe says, a ``Config`` of this kind.

        """

    def refusal(self, config: Any, recipe: Recipe) -> str:
        """Return why a recipe cannot have these labels, to follow their place in it; nothing where
        it can.

        Args:
            config: what the recipe says of this kind.
            recipe: all of it.

        """
        del config
        engine = recipe.render.engine
        lacking = [each for each in self.passes if each not in capabilities(engine).passes]
        if not lacking:
            return ""
        return (
            f"{self.name} labels need {', '.join(lacking)} of the engine, which {engine} does not "
            "give: choose another render.engine, or leave them out"
        )

    def check(
        self, stored: StoredLabels, truth: ViewTruth | None, config: Any
    ) -> Iterator[Problem]:
        """Yield what is wrong with the labels of one image of a dataset.

        This makes them anew, with the pixels of each object as the dataset's masks have them, and
        compares: numbers to within 1e-6 of themselves, anything else and files to the last bit.
        Where the dataset has no masks, its index is ray cast. Labels about whose masks something
        is wrong already are left out; so is what hangs on the outline of an object that rays cannot
        follow, where the dataset does not have it.

        Args:
            stored: what the dataset has.
            truth: the view by ray casting alone; None where its models are not at hand.
            config: what the recipe says.

        """
        from renderer.truth.differences import differences

        if truth is not None and stored.agrees:
            yield from differences(self, stored, stored.seen(truth), config)

    def draw(self, canvas: Canvas, stored: StoredLabels) -> None:  # noqa: B027
        """Draw the labels of one image, so that a person sees whether they are right."""
