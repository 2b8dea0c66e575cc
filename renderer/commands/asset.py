"""orbitset asset: what is known of a model."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from renderer.commands.terminal import (
    BAD_INPUT,
    err,
    out,
    print_error,
    print_json,
    stop,
    warn,
)

if TYPE_CHECKING:
    from renderer.asset import AssetFacts, AssetSource

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
    """Print size, faces, parts, textures, guesses and warnings of models, and draw thumbnails.

    Files that cannot be used are told, and the others go on; the exit code is then 2.

    Examples:
    `orbitset asset inspect assets/mug/mug.gltf`

    `orbitset asset inspect scans/*.obj --up-axis z --json --no-thumbnail`

    """
    from renderer.asset import AssetSource
    from renderer.commands.import_progress import import_progress
    from renderer.dataset.overlay import require_local
    from renderer.farm.asset_import import default_cache, import_models

    check_reading(up_axis, unit)
    require_local(output, "folder")
    refusals = {path: refusal(path) for path in files}
    errors = [why for why in refusals.values() if why]
    sources = [AssetSource(p.resolve(), unit, up_axis) for p, why in refusals.items() if not why]
    progress = (lambda _: None) if as_json else import_progress(sources)
    known, refused = import_models(sources, default_cache(), progress)
    errors += [str(error) for error in refused]
    names = thumbnail_names(source.path for source in known) if thumbnail else {}
    found = []
    for source in [source for source in dict.fromkeys(sources) if source in known]:
        facts = _as_json(source, known[source])
        if thumbnail:
            path = output / names[source.path]
            fault = _draw_thumbnail(source, path)
            if fault:
                errors.append(f"{source.path}: no thumbnail: {fault}")
            else:
                facts["thumbnail"] = str(path)
        found.append(facts)
        if not as_json:
            _print(source, known[source], facts.get("thumbnail"))
    if as_json:
        print_json({"models": found, "errors": errors})
    else:
        for error in errors:
            print_error(error)
    if errors:
        raise typer.Exit(BAD_INPUT)


def check_reading(up_axis: str | None, unit: str | None) -> None:
    """Stop at options that no model can be read with."""
    if up_axis not in (None, "x", "-x", "y", "-y", "z", "-z"):
        stop(f"--up-axis {up_axis} is not one of x, -x, y, -y, z, -z")
    if unit not in (None, "m", "cm", "mm", "in", "ft"):
        stop(f"--unit {unit} is not one of m, cm, mm, in, ft")


def refusal(path: Path) -> str:
    """Return why a file is no model by its name alone, or nothing."""
    from renderer.values.files import MODEL_SUFFIXES

    if path.is_dir():
        return f"{path} is a folder: name the models in it"
    if not path.is_file():
        return f"{path}: no such file"
    if path.suffix.lower() not in MODEL_SUFFIXES:
        return f"{path} is not a model: its name must end in {', '.join(MODEL_SUFFIXES)}"
    return ""


def _as_json(source: AssetSource, facts: AssetFacts) -> dict[str, Any]:
    return facts.model_dump(mode="json") | {
        "file": str(source.path),
        "size_m": list(facts.size_m),
        "keypoints": None if facts.keypoints is None else facts.keypoints.as_written(),
    }


def thumbnail_names(paths: Iterable[Path]) -> dict[Path, str]:
    """Return a file name for the thumbnail of each model, no two alike.

    It is the model's own name; where several are called alike, with their folder's before it.
    """
    models = list(dict.fromkeys(paths))
    spellings = [
        [path.stem for path in models],
        [f"{path.parent.name}-{path.stem}" for path in models],
        [f"{path.parent.name}-{path.name}" for path in models],
    ]
    names: dict[Path, str] = {}
    for path, *spelled in zip(models, *spellings, strict=True):
        alone = [
            name for name, all_ in zip(spelled, spellings, strict=True) if all_.count(name) == 1
        ]
        name, number = (alone or spelled[-1:])[0], 2
        while f"{name}.thumbnail.png" in names.values():
            name, number = f"{spelled[-1]}-{number}", number + 1
        names[path] = f"{name}.thumbnail.png"
    return names


def _draw_thumbnail(source: AssetSource, path: Path) -> str:
    """Write a model's thumbnail; return why it cannot be made, or nothing."""
    from renderer.farm.preview_images import render_preview
    from renderer.farm.recipe_assets import prepare_assets
    from renderer.recipe import Recipe

    recipe = Recipe.model_validate(
        {
            "name": "thumbnail",
            "images": 1,
            "objects": [
                {
                    "asset": source.path.name,
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
    with err.status(Text(f"drawing {source.path.name}")):
        folder = source.path.parent
        (image,) = render_preview(recipe, folder, prepare_assets(recipe, folder))
    if image.failed:
        return image.failed
    path.parent.mkdir(parents=True, exist_ok=True)
    image.picture.save(path)
    return ""


def _print(source: AssetSource, facts: AssetFacts, thumbnail: str | None) -> None:
    width, depth, height = facts.size_m
    rows = {
        "size": f"{width:.4g} x {depth:.4g} x {height:.4g} m (width x depth x height)",
        "faces": f"{facts.faces:,} in {facts.parts} part{'s' if facts.parts != 1 else ''}",
        "materials": ", ".join(facts.materials[:8]) or "none",
        "textures": ", ".join(facts.textures[:8]) or "none",
        "up axis": _up_axis(source, facts),
        "unit": _unit(source, facts),
        "digest": facts.key,
    }
    if facts.keypoints is not None:
        named = facts.keypoints.named
        rows["keypoints"] = f"{len(named.names)}: {', '.join(named.names)}"
    if thumbnail:
        rows["thumbnail"] = thumbnail
    out.print(Text(str(source.path), "bold"))
    for key, value in rows.items():
        out.print(Text.assemble((f"{key:<11}", "dim"), value))
    for warning in facts.warnings:
        warn(f"{source.path}: {warning}")


def _up_axis(source: AssetSource, facts: AssetFacts) -> str:
    """Say which of the file's axes is up, as up_axis names it."""
    from renderer.asset.guess import UNITLESS, up_axis_of

    taken = up_axis_of(source)
    how = "as given" if source.up_axis else "as the file says"
    if source.path.suffix.lower() in UNITLESS:
        how = "as given" if source.up_axis else "the usual for its format"
        if facts.guessed_up_axis != taken:
            return f"looks as if {facts.guessed_up_axis} is up ({taken} is taken, {how})"
        how += ", and it looks upright"
    return f"{taken}, {how}"


def _unit(source: AssetSource, facts: AssetFacts) -> str:
    from renderer.asset.guess import HUGE_M, TINY_M

    if source.unit:
        return f"{source.unit}, as given"
    if facts.guessed_unit != "m":
        return f"may be {facts.guessed_unit}"
    return "metres" if TINY_M <= facts.longest_m <= HUGE_M else "doubtful"
