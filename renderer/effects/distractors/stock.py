"""The models that distractors are: shapes, a user's, and look-alikes of the objects' own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from renderer.asset import AssetSource, Deform
from renderer.effects.distractors.config import DistractorsConfig
from renderer.effects.draws import Draws
from renderer.values.files import MODEL_SUFFIXES, matches

# Each a metre along its longest side.
SHAPES = ("cube", "ball", "cylinder", "cone", "torus")
# Far enough from the model that none is taken for it: each side differs by a fifth and more from
# what it is beside the others. Each is imported, and kept, by itself.
_DEFORMS = (
    Deform(stretch=(1.3, 0.75, 0.9)),
    Deform(stretch=(0.8, 0.8, 1.35), bend_deg=40.0),
)
# Of so many of the objects' models there are look-alikes, evenly among their names.
_MOST_MODELS = 24


def shapes() -> dict[str, AssetSource]:
    """Return the simple shapes, which come with this package."""
    models = Path(__file__).parent / "models"
    return {name: AssetSource(models / f"{name}.ply", "m", "z") for name in SHAPES}


def of_user(pattern: str, folder: Path) -> dict[str, AssetSource]:
    """Return the models that a pattern names, relative to a folder."""
    return {
        f"model.{path}": AssetSource(folder / path)
        for path in matches(folder, pattern, MODEL_SUFFIXES)
    }


def lookalikes(objects: Mapping[str, AssetSource]) -> dict[str, AssetSource]:
    """Return deformed models of the objects', by their paths."""
    paths = sorted(objects)
    step = max(len(paths) / _MOST_MODELS, 1.0)
    chosen = [paths[int(at * step)] for at in range(min(len(paths), _MOST_MODELS))]
    return {
        f"lookalike.{number}.{path}": replace(objects[path], deform=deform)
        for path in chosen
        for number, deform in enumerate(_DEFORMS)
    }


def drawn(config: DistractorsConfig, draws: Draws, names: Mapping[str, list[str]]) -> str:
    """Return the name of one model: each kind is as likely, and each of a kind.

    Args:
        config: what the recipe says.
        draws: its own, the same in all poses.
        names: the models of each kind.

    """
    kinds = config.kinds
    kind = kinds[int(draws.unit("kind") * len(kinds))] if len(kinds) > 1 else kinds[0]
    of_kind = names[kind]
    return of_kind[int(draws.unit("shape") * len(of_kind))]
