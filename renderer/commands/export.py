"""orbitset dataset export: a dataset in another format."""

from __future__ import annotations

import inspect
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import BaseModel, ValidationError

from renderer.commands.dataset import Json, open_dataset
from renderer.commands.terminal import err, in_bytes, out, print_json, stop, warn

if TYPE_CHECKING:
    from renderer.export.write import Exported

# Without a terminal (a log file, CI) a line at most this often.
_LINE_EVERY_S = 20.0


def export(
    folder: Annotated[
        str | None,
        typer.Argument(help="The dataset's folder, or s3://bucket/run.", show_default=False),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--format", help="Which format.", show_default=False)
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            help="A folder, or s3://bucket/export. [default: exports/FORMAT in the dataset]",
            show_default=False,
        ),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", help="An option of the format: key=value.", show_default=False),
    ] = None,
    show_formats: Annotated[
        bool, typer.Option("--list", help="Tell the formats and their options.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Do all but write; tell what would come of it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a dataset in another format: `--list` tells which there are.

    What the format cannot carry is told, and written to export.json in the export's folder. An
    export of the same format that is there already is replaced; a folder with anything else in it
    is refused. The recipe's output.exports does the same at the end of every run.

    Examples:
    `orbitset dataset export --list`

    `orbitset dataset export out/mugs --format webdataset -o mugs-shards --option shard_images=500`

    `orbitset dataset export out/mugs --format yolo --dry-run`

    """
    from renderer.dataset.storage import open_root
    from renderer.export.write import export as write
    from renderer.export.write import exports_folder, try_export
    from renderer.farm.asset_import import default_cache

    if show_formats:
        _print_formats(as_json)
        return
    if folder is None or name is None:
        stop("name a dataset and a --format; orbitset dataset export --list tells which there are")
    choice = _chosen(name, option or [])
    layout = open_dataset(folder)
    root = open_root(output) if output else exports_folder(layout, name)
    with _Progress() as progress:
        done = (try_export if dry_run else write)(
            layout, choice, root, progress.watch, default_cache()
        )
    if as_json:
        print_json({**done.facts, "output": str(root), "written": not dry_run})
    else:
        _print_result(done, dry_run)


def _chosen(name: str, options: list[str]) -> BaseModel:
    """Return a format and its options as they were given on the command line, or stop."""
    from renderer.recipe.exports import EXPORT_KEY, OPTIONS
    from renderer.recipe.problem import sentences

    said: dict[str, Any] = {EXPORT_KEY: name}
    for each in options:
        key, equals, value = each.partition("=")
        if not equals or not key:
            stop(f"--option {each}: write key=value")
        if key in said:
            stop(f"--option {key}: it is given twice, or has an option of its own")
        said[key] = _value(key, value)
    try:
        return OPTIONS.validate(said)
    except ValidationError as error:
        models = OPTIONS.models_at(said)
        known = [key for model in models for key in model.model_fields if key != EXPORT_KEY]
        stop(
            "; ".join(
                f"--{key if key == EXPORT_KEY else f'option {key}'}: {sentence}"
                for key, sentence in sentences(error, known)
            )
        )


def _value(key: str, text: str) -> Any:
    """Return a value that is written as in a recipe, or as text what YAML takes for signs."""
    from renderer.recipe.source import SourceError, parse

    try:
        source = parse(text)
    except SourceError:
        return text
    if source.data == "" and text.strip("'\""):
        return text
    for sentence in source.traps.values():
        stop(f"--option {key}: {sentence}")
    return source.data


def _print_result(done: Exported, dry_run: bool) -> None:
    """Say what was written, or would be."""
    facts = done.facts
    what = f"{facts['images']} images with {facts['annotations']} objects"
    if dry_run:
        out.print(f"would write {what} ({in_bytes(done.bytes)}) to {done.root}")
    else:
        out.print(f"{what} in {done.root}")
    for each in facts["left_out"]:
        warn(f"left out: {each}")


def _print_formats(as_json: bool) -> None:
    """Print every format with what it needs and its options."""
    from renderer.registry import FORMATS

    forms = FORMATS.all()
    if as_json:
        print_json(
            {
                name: {
                    "description": _described(form),
                    "needs": list(form.needs),
                    "carries": None if form.carries is None else list(form.carries),
                    "options": form.Options.model_json_schema()["properties"],
                }
                for name, form in forms.items()
            }
        )
        return
    for name, form in forms.items():
        out.print(f"{name}: {_described(form)}")
        for key, told in form.Options.model_json_schema().get("properties", {}).items():
            default = f" [default: {told['default']}]" if "default" in told else ""
            out.print(f"  --option {key}=...  {told.get('description', '')}{default}")
        out.print(f"  orbitset dataset export out/mugs --format {name} -o mugs-{name}")


def _described(form: Any) -> str:
    return " ".join((inspect.getdoc(type(form)) or "").split())


class _Progress:
    """Shows on a terminal how far an export is, and elsewhere now and then in a line."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

        self._bar = Progress(
            "exporting", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=err
        )
        self._task = self._bar.add_task("", total=None)
        self._spoke = time.monotonic()

    def __enter__(self) -> _Progress:
        if err.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if err.is_terminal:
            self._bar.stop()

    def watch(self, done: int, total: int) -> None:
        """Take note that an image is done."""
        if err.is_terminal:
            self._bar.update(self._task, completed=done, total=total)
        elif time.monotonic() - self._spoke > _LINE_EVERY_S:
            self._spoke = time.monotonic()
            err.print(f"exported {done} of {total} images")
