"""The command line: ``orbitset``, also ``python cli.py``."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from renderer import __version__, process
from renderer.commands import (
    asset,
    compare,
    dataset,
    doctor,
    estimate,
    export,
    farm,
    keypoints,
    preview,
    recipe,
    render,
    show,
)
from renderer.commands.terminal import errors_as_sentences, reported_defects, warn
from renderer.errors import UserError
from renderer.farm.environment import prepare_environment, thread_caps
from renderer.farm.machine import usable_cores


class _Program(TyperGroup):
    """The program as a whole: nothing leaves it but sentences and exit codes."""

    def main(self, *arguments: Any, **named: Any) -> Any:
        """Run a command line."""
        with reported_defects():
            try:
                return super().main(*arguments, **named)
            except SystemExit as end:
                with suppress(UserError) if end.code else nullcontext():
                    process.finish_output()
                raise

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command."""
        with errors_as_sentences():
            return super().invoke(ctx)


app = typer.Typer(
    name="orbitset",
    cls=_Program,
    help="Render labelled image datasets with Blender, from a recipe.\n\n"
    "Start with `orbitset recipe new`, look with `orbitset preview`, then `orbitset render`.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"orbitset {__version__}")
        raise typer.Exit()


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Hold the options of the program itself."""
    del version
    if said := process.ensure_home():
        warn(said)


app.command("render")(render.render)
app.command("preview")(preview.preview)
app.command("estimate")(estimate.estimate)
app.command("doctor")(doctor.doctor)
app.add_typer(recipe.app, name="recipe")
asset.app.command("keypoints")(keypoints.keypoints)
app.add_typer(asset.app, name="asset")
dataset.app.command("show")(show.show)
dataset.app.command("export")(export.export)
dataset.app.command("compare")(compare.compare)
app.add_typer(dataset.app, name="dataset")
app.add_typer(farm.app, name="farm")


def main() -> None:
    """Run the program, under the variables that a plan is made with everywhere."""
    process.require_utf8()
    process.prepare_streams()
    prepare_environment(thread_caps(usable_cores()))
    app()
