"""Mutations of small model files: each is refused, warned of, or right."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from renderer.asset import AssetSource
from renderer.farm.asset_import import import_models
from tests.fuzz.recipes import PlanContext, render

_NUMBERS = (0, -1, 1, 0.5, 2, 1e-12, 1e12, 1e39, -1e39, 65536, 4294967296, None, "x", True, [], {})


def mutate(content: bytes, suffix: str, chance: random.Random) -> bytes:
    """Return a file with something changed: its bytes, its lines, or a value of its JSON."""
    way = chance.random()
    if suffix == ".gltf" and way < 0.6:
        return _mutate_json(content, chance)
    if way < 0.75 and suffix != ".stl":
        return _mutate_lines(content, chance)
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 8))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed[: chance.randrange(len(changed))] if way > 0.95 else changed)


def _mutate_json(content: bytes, chance: random.Random) -> bytes:
    document = json.loads(content)
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key in node if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], dict | list):
                walk(node[key])

    walk(document)
    node, key = chance.choice(places)
    if chance.random() < 0.2:
        del node[key]
    else:
        node[key] = chance.choice(_NUMBERS)
    return json.dumps(document).encode()


def _mutate_lines(content: bytes, chance: random.Random) -> bytes:
    lines = content.split(b"\n")
    at = chance.randrange(len(lines))
    way = chance.random()
    if way < 0.25:
        del lines[at]
    elif way < 0.4:
        lines.insert(at, lines[chance.randrange(len(lines))])
    else:
        words = lines[at].split(b" ")
        number = str(chance.choice(_NUMBERS)).encode()
        words[chance.randrange(len(words))] = number
        lines[at] = b" ".join(words)
    return b"\n".join(lines)


def originals(place: PlanContext) -> list[Path]:
    """Return small models of several formats."""
    cases = Path(__file__).parents[1] / "cases"
    binary = _write_stl(place.folder / "tetra.stl")
    return [
        *sorted(cases.glob("*.gltf")),
        cases / "pair" / "chair.obj",
        cases / "mapd2" / "q.obj",
        place.folder / "box.ply",
        binary,
    ]


def _write_stl(path: Path) -> Path:
    corners = ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1))
    faces = ((0, 2, 1), (0, 1, 3), (1, 2, 3), (0, 3, 2))
    lines = ["solid t"]
    for face in faces:
        lines += ["facet normal 0 0 0", "outer loop"]
        lines += [f"vertex {x} {y} {z}" for x, y, z in (corners[at] for at in face)]
        lines += ["endloop", "endfacet"]
    path.write_text("\n".join([*lines, "endsolid t"]), encoding="ascii")
    return path


def findings(
    place: PlanContext, scene_renderer: Any, seed: int, count: int
) -> Iterator[tuple[int, str]]:
    """Yield the number of each mutation that goes wrong, and how."""
    models = originals(place)
    sources: list[AssetSource] = []
    for number in range(count):
        chance = random.Random(f"{seed}/model/{number}")
        original = models[number % len(models)]
        folder = place.folder / f"mutation{number}"
        shutil.copytree(original.parent, folder) if original.parent.name in (
            "pair",
            "mapd2",
        ) else folder.mkdir()
        path = folder / original.name
        path.write_bytes(mutate(original.read_bytes(), original.suffix, chance))
        sources.append(AssetSource(path))
    known, errors = import_models(sources, place.cache)
    for error in errors:
        said = str(error)
        if "\n" in said or "Traceback" in said or ("folder" not in said and "mutation" not in said):
            yield -1, f"no sentence: {said}"
    for number, source in enumerate(sources):
        if source in known:
            wrong = _render_one(place, scene_renderer, source)
            if wrong:
                yield number, f"{source.path.name}: {wrong}"


def _render_one(place: PlanContext, scene_renderer: Any, source: AssetSource) -> str:
    recipe = {
        "name": "mutation",
        "images": 1,
        "objects": [{"asset": str(source.path), "category": "thing"}],
        "camera": {"resolution": [32, 24]},
        "accept": {"min_visibility": 0, "max_truncation": 1},
        "render": {"samples": 1, "denoise": False},
    }
    path = place.folder / "mutation.yaml"
    path.write_text(json.dumps(recipe), encoding="utf-8")
    _, run, _ = place.planner(path)
    return render(scene_renderer, run)
