"""orbitset estimate: what a run will take, from a few of its shots."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from renderer.commands.spread import Devices, PerDevice, Threads
from renderer.commands.terminal import err, in_bytes, out, say_json, sentences


def estimate(
    recipe: Annotated[Path, typer.Argument(help="The recipe, a YAML file.", show_default=False)],
    images: Annotated[int | None, typer.Option(help="For so many images.", min=1)] = None,
    shots: Annotated[int, typer.Option(help="Render so many to find out.", min=3)] = 12,
    devices: Devices = "auto",
    per_device: PerDevice = 0,
    threads: Threads = 0,
    price_per_hour: Annotated[
        float | None, typer.Option(help="What a device costs an hour, in any currency.", min=0)
    ] = None,
    target_hours: Annotated[
        float | None, typer.Option(help="Tell how many devices finish in so long.", min=0.01)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Render a few shots, spread over the whole run, and tell what all of it will take.

    Seconds an image, device-hours, disk and money come with a 95 % confidence interval (Student's
    t over the shots). Starting up is not in them.

    Examples:
    `orbitset estimate mugs.yaml --images 10000 --price-per-hour 1.20`

    `orbitset estimate mugs.yaml --images 100000 --target-hours 24 --devices optix:0`

    """
    from renderer.blender.libraries import require_libraries
    from renderer.commands.prepare import import_models
    from renderer.commands.render import override
    from renderer.farm.estimate import foresee, measure
    from renderer.farm.session import FarmOptions
    from renderer.recipe import load_recipe

    with sentences():
        require_libraries()
        loaded = load_recipe(recipe)
        chosen = override(loaded.recipe, images=images, seed=None, engine=None, samples=None)
        cache, known = import_models(chosen, loaded.folder, quiet=as_json)
        options = FarmOptions(
            devices=devices, per_device=per_device, threads=threads, reserve_bytes=0
        )
        with err.status(f"rendering {shots} of {chosen.images} images"):
            sample = measure(chosen, loaded.folder, cache, known, options, shots)
        found = foresee(sample, chosen.images, price_per_hour, target_hours)
    if as_json:
        say_json(asdict(found))
        return
    out.print(
        f"{found.images} images, from {found.measured} rendered on {', '.join(sample.devices)} "
        f"with {sample.per_device} process{'es' if sample.per_device > 1 else ''} each:"
    )
    out.print(f"  {_range(found.seconds_per_image, ' device-seconds')} an image")
    out.print(f"  {_range(found.device_hours, ' device-hours')} in all")
    low, high = in_bytes(found.disk_bytes.low), in_bytes(found.disk_bytes.high)
    out.print(f"  {in_bytes(found.disk_bytes.mean)} of disk ({low} to {high})")
    if found.price is not None:
        out.print(f"  {_range(found.price, '')} at {price_per_hour:g} a device-hour")
    if found.devices_needed is not None:
        out.print(
            f"  {found.devices_needed} such devices finish within {target_hours:g} h "
            "(at the upper end)"
        )


def _range(value: object, unit: str) -> str:
    mean, low, high = (getattr(value, name) for name in ("mean", "low", "high"))
    return f"{_figure(mean)}{unit} ({_figure(low)} to {_figure(high)})"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
