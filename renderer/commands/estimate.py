"""orbitset estimate: what a run will take, from a few of its shots."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from renderer.commands.options import Devices, PerDevice, Threads
from renderer.commands.terminal import err, in_bytes, in_shots, out, print_json

if TYPE_CHECKING:
    from renderer.farm.run_estimate import Interval


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
    engine: Annotated[
        str | None, typer.Option(help="cycles, eevee or workbench instead of the recipe's.")
    ] = None,
    samples: Annotated[
        int | None, typer.Option(help="Samples a pixel instead of the recipe's.", min=1)
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
    from renderer.commands.import_progress import import_with_progress
    from renderer.commands.render import override
    from renderer.farm.run_estimate import estimate_run, measure
    from renderer.farm.scheduler import FarmOptions
    from renderer.plan.cameras import view_names
    from renderer.recipe import load_recipe

    require_libraries()
    loaded = load_recipe(recipe)
    chosen = override(loaded.recipe, images=images, engine=engine, samples=samples)
    assets = import_with_progress(chosen, loaded.folder, quiet=as_json)
    options = FarmOptions(devices=devices, per_device=per_device, threads=threads, reserve_bytes=0)
    with err.status("starting Blender") as status:

        def progress(done: int, wanted: int) -> None:
            status.update(f"rendered {done} of {wanted} images for the estimate")

        measurement = measure(
            chosen, loaded.folder, assets.cache, assets.known, options, shots, progress
        )
    found = estimate_run(measurement, chosen.images, price_per_hour, target_hours)
    if as_json:
        print_json(
            {**asdict(found), "devices": measurement.devices, "per_device": measurement.per_device}
        )
        return
    views = len(view_names(chosen.camera))
    one, an = ("image", "an image") if views == 1 else ("shot", "a shot")
    out.print(
        f"{in_shots(found.images, views)}, from {found.measured} rendered on "
        f"{', '.join(measurement.devices)} with {measurement.per_device} "
        f"process{'es' if measurement.per_device > 1 else ''} each (the first {one} of a process "
        "does not count):"
    )
    out.print(f"  {_range(found.seconds_per_image, ' device-seconds')} {an}")
    out.print(f"  {_hours(found.device_hours, 'device-')} in all")
    out.print(f"  {_hours(found.hours_here)} on this machine")
    low, high = in_bytes(found.disk_bytes.low), in_bytes(found.disk_bytes.high)
    out.print(f"  {in_bytes(found.disk_bytes.mean)} of disk ({low} to {high})")
    if found.price is not None:
        out.print(f"  {_range(found.price, '')} at {price_per_hour:g} a device-hour")
    if found.devices_needed is not None:
        out.print(
            f"  {found.devices_needed} such devices finish within {target_hours:g} h "
            "(at the upper end)"
        )


def _range(value: Interval, unit: str) -> str:
    return f"{_figure(value.mean)}{unit} ({_figure(value.low)} to {_figure(value.high)})"


def _hours(value: Interval, what: str = "") -> str:
    for unit, factor in (("hours", 1.0), ("minutes", 60.0)):
        if value.mean * factor >= 1:
            return _range(value.times(factor), f" {what}{unit}")
    return _range(value.times(3600.0), f" {what}seconds")


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
