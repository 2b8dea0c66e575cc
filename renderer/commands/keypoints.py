"""orbitset asset keypoints: a picture to place the named points of a model by."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from renderer.commands.asset import check_reading, refusal
from renderer.commands.terminal import err, out, print_json, refuse_overwrite, stop, warn

if TYPE_CHECKING:
    from renderer.asset import AssetFacts, AssetSource
    from renderer.asset.keypoints import Vector


def keypoints(
    file: Annotated[Path, typer.Argument(help="A model file.", show_default=False)],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="The picture. [default: MODEL.keypoints.png]", show_default=False
        ),
    ] = None,
    up_axis: Annotated[str | None, typer.Option(help="x, -x, y, -y, z or -z.")] = None,
    unit: Annotated[str | None, typer.Option(help="m, cm, mm, in or ft.")] = None,
    candidates: Annotated[
        int, typer.Option(help="How many places to propose.", min=0, max=200)
    ] = 24,
    template: Annotated[
        bool, typer.Option("--template", help="Write a keypoint file to start from.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite the keypoint file with --template.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print points as JSON.")] = False,
) -> None:
    """Draw a model from six sides with rulers, its keypoints, and places proposed for more.

    Coordinates are metres in the model frame, Z up. Points stand in MODEL.keypoints.yaml beside the
    model; give here the unit and up_axis that the recipe gives the object.

    Examples:
    `orbitset asset keypoints models/mug.glb -o mug.png`

    `orbitset asset keypoints scans/mug.obj --unit mm --template`

    """
    from renderer.asset import AssetSource
    from renderer.asset.keypoints import sidecar_of
    from renderer.dataset.keypoint_sheet import candidates as proposed
    from renderer.dataset.overlay import require_picture_path
    from renderer.dataset.picture import save_picture
    from renderer.farm.asset_import import default_cache

    check_reading(up_axis, unit)
    if why := refusal(file):
        stop(why)
    picture = require_picture_path(output or Path(f"{file.stem}.keypoints.png"))
    source = AssetSource(file.resolve(), unit, up_axis)
    sidecar = sidecar_of(source.path)
    if template:
        refuse_overwrite(sidecar, force)
    facts = _facts(source, quiet=as_json)
    geometry = default_cache().geometry(facts.key)
    there = () if facts.keypoints is None else facts.keypoints.positions
    found = proposed(geometry, candidates, there)
    more = {f"c{at}": each for at, each in enumerate(found, start=1)}
    with err.status(Text(f"drawing {file.name}")):
        save_picture(_sheet(source, facts, more), picture)
    if template:
        sidecar.write_text(starter(source, facts, more), encoding="utf-8")
    written = {"picture": str(picture), **({"template": str(sidecar)} if template else {})}
    if as_json:
        print_json(_as_json(source, facts, more) | written)
    else:
        _print(source, facts, more, written)


def _facts(source: AssetSource, quiet: bool) -> AssetFacts:
    from renderer.commands.import_progress import import_progress
    from renderer.farm.asset_import import default_cache, import_models

    progress = (lambda _: None) if quiet else import_progress([source])
    known, errors = import_models([source], default_cache(), progress)
    if errors:
        stop(str(errors[0]))
    return known[source]


def _sheet(source: AssetSource, facts: AssetFacts, more: Mapping[str, Vector]) -> Any:
    """Return the picture."""
    from renderer.dataset.keypoint_sheet import SheetPoint, keypoint_sheet
    from renderer.farm.asset_import import default_cache

    points, lines, known = list[SheetPoint](), list[tuple[int, int]](), facts.keypoints
    if known is not None:
        parts = zip(known.named.names, known.positions, known.inside_m, strict=True)
        for number, (name, at, inside) in enumerate(parts, start=1):
            points.append(SheetPoint(f"{number} {name}", at, inside_m=inside))
        lines.extend(known.named.skeleton)
    points += [SheetPoint(name, at, named=False) for name, at in more.items()]
    size = " x ".join(f"{side:.4g}" for side in facts.size_m)
    title = f"{source.path.name}: {size} m ({_read_as(source) or 'read as its file says'})"
    return keypoint_sheet(title, default_cache().geometry(facts.key), points, lines)


def _read_as(source: AssetSource) -> str:
    """Return how a model is read where that is not as its file says: ``unit: mm, up_axis: z``."""
    said = {"unit": source.unit, "up_axis": source.up_axis}
    return ", ".join(f"{key}: {value}" for key, value in said.items() if value is not None)


def _as_json(source: AssetSource, facts: AssetFacts, more: Mapping[str, Vector]) -> dict[str, Any]:
    return {
        "file": str(source.path),
        "minimum": list(facts.minimum),
        "maximum": list(facts.maximum),
        "keypoints": None if facts.keypoints is None else facts.keypoints.as_written(),
        "candidates": {name: list(at) for name, at in more.items()},
    }


def _print(
    source: AssetSource, facts: AssetFacts, more: Mapping[str, Vector], written: Mapping[str, str]
) -> None:
    from renderer.dataset.keypoint_sheet import in_metres

    out.print(Text(str(source.path), "bold"))
    known = facts.keypoints
    if known is not None:
        out.print(Text("keypoints", "dim"))
        parts = zip(known.named.names, known.positions, strict=True)
        for number, (name, at) in enumerate(parts, start=1):
            out.print(f"  {number:>3} {name}: {in_metres(at)}")
    if more:
        out.print(Text("places to take for points", "dim"))
        for name, at in more.items():
            out.print(f"      {name}: {in_metres(at)}")
    for warning in facts.warnings:
        if warning.startswith("keypoint"):
            warn(f"{source.path}: {warning}")
    for what, path in written.items():
        out.print(f"wrote the {what} {path}")


def starter(source: AssetSource, facts: AssetFacts, more: Mapping[str, Vector]) -> str:
    """Return a keypoint file to start from: the points that a model has, else places proposed."""
    from renderer.dataset.keypoint_sheet import in_metres

    known = facts.keypoints
    written = {"points": {}, "skeleton": [], "flips": []} if known is None else known.as_written()
    points = {name: in_metres(at) for name, at in more.items()} if known is None else {}
    for name, point in written["points"].items():
        at, inside = in_metres(point["at"]), point["inside_m"]
        points[name] = f"{{at: {at}, inside_m: {inside:.10g}}}" if inside else at
    read_as = _read_as(source)
    lines = [
        f"# Keypoints of {source.path.name}: metres in the model frame, Z up, as the picture of",
        "# `orbitset asset keypoints` shows. Models of one category have the same names and lines.",
        *(["# What the recipe says of the object, too:"] if read_as else []),
        *([f"read_as: {{{read_as}}}"] if read_as else []),
        "points:",
        *(f"  {_quoted(name)}: {where}" for name, where in points.items()),
        "# A point within the body, such as a joint, with how deep it lies below the surface:",
        "#   joint: {at: [0, 0, 0.05], inside_m: 0.02}",
        "# Lines between points: [[a, b], [b, c]]",
        f"skeleton: {_pairs(written['skeleton'])}",
        "# Points that change places in a mirrored picture: [[left_a, right_a]]",
        f"flips: {_pairs(written['flips'])}",
    ]
    return "\n".join(lines) + "\n"


def _pairs(pairs: Sequence[Sequence[str]]) -> str:
    return f"[{', '.join(f'[{_quoted(a)}, {_quoted(b)}]' for a, b in pairs)}]"


def _quoted(name: str) -> str:
    """Return a name as a key of YAML."""
    return name if name.isascii() and name.isidentifier() else json.dumps(name, ensure_ascii=False)
