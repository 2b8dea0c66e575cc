"""orbitset asset: what is known of a model."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from renderer.commands.terminal import BAD_INPUT, err, out, say_json, sentences, stop, warn

app = typer.Typer(help="Look into model files.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `asset` a group of commands."""


@app.command()
def inspect(
    files: Annotated[list[Path], typer.Argument(help="Model files.", show_default=False)],
    up_axis: Annotated[str | None, typer.Option(help="x, -x, y, -y, z or -z.")] = None,
    unit: Annotated[str | None, typer.Option(help="m, cm, mm, in or ft.")] = None,
    thumbnail: Annotated[bool, typer.Option(help="Render a thumbnail.")] = True,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder of the thumbnails.")
    ] = Path("."),
    as_json: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
) -> None:
    """Print size, faces, parts, textures, guesses and warnings of models, and draw a thumbnail.

    Examples:
    `orbitset asset inspect assets/mug/mug.gltf`

    `orbitset asset inspect scans/*.obj --up-axis z --json --no-thumbnail`

    """
    from renderer.asset import AssetSource
    from renderer.farm.intake import bring_in, default_cache
    from renderer.recipe.files import MODEL_SUFFIXES

    if up_axis not in (None, "x", "-x", "y", "-y", "z", "-z"):
        stop(f"--up-axis {up_axis} is not one of x, -x, y, -y, z, -z")
    if unit not in (None, "m", "cm", "mm", "in", "ft"):
        stop(f"--unit {unit} is not one of m, cm, mm, in, ft")
    for path in files:
        if not path.is_file():
            stop(f"{path}: no such file")
        if path.suffix.lower() not in MODEL_SUFFIXES:
            stop(f"{path} is not a model: its name must end in {', '.join(MODEL_SUFFIXES)}")
    with sentences():
        sources = [AssetSource(path.resolve(), unit, up_axis) for path in files]
        known, errors = bring_in(sources, default_cache())
        found = []
        for source in sources:
            if source not in known:
                continue
            facts = known[source].model_dump(mode="json")
            facts |= {"file": str(source.path), "size_m": list(known[source].size_m)}
            if thumbnail:
                facts["thumbnail"] = str(_thumbnail(source, output))
            found.append(facts)
            if not as_json:
                _print(facts)
    if as_json:
        say_json({"models": found, "errors": [str(error) for error in errors]})
    else:
        for error in errors:
            err.print(f"[bold red]error:[/] {error}")
    if errors:
        raise typer.Exit(BAD_INPUT)


def _thumbnail(source: Any, folder: Path) -> Path:
    from renderer.commands.studio import shoot
    from renderer.recipe import Recipe

    recipe = Recipe.model_validate(
        {
            "name": "thumbnail",
            "images": 1,
            "objects": [
                {
                    "asset": glob.escape(source.path.name),
                    "category": "model",
                    "unit": source.unit,
                    "up_axis": source.up_axis,
                    "yaw_deg": 0,
                }
            ],
            "camera": {
                "resolution": [384, 384],
                "orbit": {"azimuth_deg": 30, "elevation_deg": 25, "fill": 0.8},
            },
            "lighting": {
                "world": {"hdri": "studio", "rotation_deg": 0, "strength": 0.8},
                "lights": {"azimuth_deg": 75, "elevation_deg": 50},
            },
            "render": {"samples": 16},
        }
    )
    ((picture, line),) = shoot(recipe, source.path.parent, quiet=True)
    if "failed" in line:
        raise RuntimeError(f"the thumbnail failed: {line['failed']}")
    path = folder / f"{source.path.stem}.thumbnail.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)
    return path


def _print(facts: dict[str, Any]) -> None:
    table = Table(show_header=False, box=None, title=facts["file"], title_justify="left")
    x, y, z = facts["size_m"]
    rows = {
        "size": f"{x:.4g} x {y:.4g} x {z:.4g} m",
        "faces": f"{facts['faces']:,} in {facts['parts']} part{'s' if facts['parts'] > 1 else ''}",
        "materials": ", ".join(facts["materials"][:8]) or "none",
        "textures": ", ".join(facts["textures"][:8]) or "none",
        "up axis": _guess(facts["guessed_up_axis"], "z", "looks upright", "looks as if {} is up"),
        "unit": _guess(facts["guessed_unit"], "m", "metres", "may be {}"),
        "digest": facts["key"],
    }
    if "thumbnail" in facts:
        rows["thumbnail"] = facts["thumbnail"]
    for key, value in rows.items():
        table.add_row(f"[dim]{key}[/]", value)
    out.print(table)
    for warning in facts["warnings"]:
        warn(warning)


def _guess(value: str, usual: str, fine: str, doubt: str) -> str:
    return fine if value == usual else doubt.format(value)
