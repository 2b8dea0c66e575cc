"""The named points of a model: from the YAML file beside it, or from marks in the model itself.

The file says where the points are, in metres in the model frame as the recipe has the model read
(``unit`` and ``up_axis`` of the object), which lines join them, and which change places in a
mirrored picture. Where it gives no points, those marked in the model are taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from renderer.asset.facts import AssetError
from renderer.asset.keypoints import KeypointSet, ModelKeypoints, Vector, sidecar_of
from renderer.asset.source import AssetSource
from renderer.recipe.load import read_source
from renderer.recipe.model import Unit, UpAxis
from renderer.recipe.problem import RecipeError, explain, problem_at, trap_problems
from renderer.values.distribution import Strict
from renderer.values.key import KeyPath

_NATURE = "a keypoint file is a mapping of keys such as points, skeleton and flips"

# No thing is longer, and beyond it double precision has no detail.
_Metres = Annotated[float, Field(strict=True, ge=-1e9, le=1e9, allow_inf_nan=False)]
_Name = Annotated[str, Field(strict=True, min_length=1, max_length=200)]


class PointSpec(Strict):
    """One named point."""

    at: tuple[_Metres, _Metres, _Metres] = Field(
        description="Where it is in the model frame: x, y and z in metres, Z up."
    )
    inside_m: float = Field(
        0.0,
        strict=True,
        ge=0,
        le=1e9,
        allow_inf_nan=False,
        description="How far below the surface it may lie, in metres: a joint's centre.",
    )


def _spec(value: Any) -> Any:
    return {"at": value} if isinstance(value, list) else value


class ReadAs(Strict):
    """What the recipe's object has to say of the model, for the points to fit it."""

    unit: Unit | None = None
    up_axis: UpAxis | None = None


class KeypointFile(Strict):
    """``mug.keypoints.yaml`` beside ``mug.glb``."""

    read_as: ReadAs = ReadAs()
    points: dict[_Name, Annotated[PointSpec, BeforeValidator(_spec)]] = Field(default_factory=dict)
    skeleton: tuple[tuple[_Name, _Name], ...] = ()
    flips: tuple[tuple[_Name, _Name], ...] = ()


def keypoints_of(
    source: AssetSource, marks: Mapping[str, Vector]
) -> tuple[ModelKeypoints | None, list[str]]:
    """Return the named points of a model, None where it has none, and warnings.

    Args:
        source: the model, and how it is read.
        marks: the points that are marked in the model itself: name → metres in the model frame.

    Raises:
        AssetError: the file beside the model has mistakes; names both, and line and key of each.

    """
    path = sidecar_of(source.path)
    if not path.is_file():
        return (_model_keypoints(KeypointFile(), marks) if marks else None), []
    try:
        file = _load(source, marks)
    except RecipeError as error:
        raise AssetError(
            f"{source.path} has wrong keypoints: {'; '.join(error.sentences())}"
        ) from None
    warnings = []
    if file.points and marks:
        warnings.append(f"has points marked in it, which are not used: {path.name} gives points")
    return _model_keypoints(file, marks), warnings


def _load(source: AssetSource, marks: Mapping[str, Vector]) -> KeypointFile:
    """Read the file beside a model. Raises RecipeError."""
    path = sidecar_of(source.path)
    _, parsed = read_source(path, _NATURE)
    try:
        file = KeypointFile.model_validate(parsed.data)
    except ValidationError as error:
        raise RecipeError(explain(error, parsed, KeypointFile, str(path))) from None
    problems = trap_problems(parsed, str(path)) or [
        problem_at(key, sentence, parsed, str(path))
        for key, sentence in _mistakes(file, source, marks)
    ]
    if problems:
        raise RecipeError(problems)
    return file


def _mistakes(
    file: KeypointFile, source: AssetSource, marks: Mapping[str, Vector]
) -> Iterator[tuple[KeyPath, str]]:
    """Yield key and sentence of what is wrong between good keys and values."""
    for key in ("unit", "up_axis"):
        placed, read = getattr(file.read_as, key), getattr(source, key)
        if placed != read and file.points:
            sentence = (
                f"these points are of the model read with {_said(key, placed)}, and here it is "
                f"read with {_said(key, read)}: let both say the same, and the points fit it"
            )
            yield ("read_as", key), sentence
    names = list(file.points or sorted(marks))
    if not names:
        yield ("points",), "there is no point, neither here nor marked in the model"
    mirrored = set[str]()
    for key, pairs in (("skeleton", file.skeleton), ("flips", file.flips)):
        for at, pair in enumerate(pairs):
            for end, name in enumerate(pair):
                if name not in names:
                    yield (key, at, end), f"there is no point {name!r} (there are {_some(names)})"
                elif key == "flips" and name in mirrored:
                    yield (key, at, end), f"{name!r} stands in flips a second time"
                elif end and name == pair[0]:
                    yield (key, at, end), f"{name!r} is paired with itself"
                mirrored |= {name} if key == "flips" else set()


def _said(key: str, value: str | None) -> str:
    return f"no {key}" if value is None else f"{key}: {value}"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return ", ".join(names[:8]) + more if names else "none"


def _model_keypoints(file: KeypointFile, marks: Mapping[str, Vector]) -> ModelKeypoints:
    specs = file.points or {name: PointSpec(at=marks[name]) for name in sorted(marks)}
    place = {name: at for at, name in enumerate(specs)}
    flips = list(range(len(place)))
    for left, right in file.flips:
        flips[place[left]], flips[place[right]] = place[right], place[left]
    return ModelKeypoints(
        named=KeypointSet(
            names=tuple(specs),
            skeleton=tuple((place[a], place[b]) for a, b in file.skeleton),
            flips=tuple(flips),
        ),
        positions=tuple(spec.at for spec in specs.values()),
        inside_m=tuple(spec.inside_m for spec in specs.values()),
    )
