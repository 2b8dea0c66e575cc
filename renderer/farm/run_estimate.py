"""What a run will take: a few of its shots rendered, and the rest inferred with its uncertainty."""

from __future__ import annotations

import math
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from scipy.stats import t as student

from renderer.asset import AssetCache, AssetFacts, AssetSource
from renderer.dataset.layout import Layout
from renderer.dataset.parts import DoneLine, PartIndex
from renderer.farm.events import Event, RunPaused, ShotDone
from renderer.farm.job import slot_of
from renderer.farm.run import Run, RunError
from renderer.farm.scheduler import FarmOptions, choose_slots, render_shots
from renderer.recipe import Recipe
from renderer.recipe.exports import format_of
from renderer.registry import FORMATS

_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Measurement:
    """What was measured: device-seconds and bytes of each shot."""

    seconds: tuple[float, ...]
    bytes: tuple[float, ...]
    devices: tuple[str, ...]
    per_device: int


@dataclass(frozen=True)
class Interval:
    """A mean with its confidence interval."""

    mean: float
    low: float
    high: float

    def times(self, factor: float) -> Interval:
        """Return it in another unit."""
        return Interval(self.mean * factor, self.low * factor, self.high * factor)


@dataclass(frozen=True)
class Estimate:
    """What a run will take. A device-second is one second of one device, however many processes
    share it; ``hours_here`` is the time on the devices of this machine.
    """

    images: int
    measured: int
    confidence: float
    seconds_per_image: Interval
    device_hours: Interval
    hours_here: Interval
    disk_bytes: Interval
    price: Interval | None
    devices_needed: int | None


def measure(
    recipe: Recipe,
    folder: Path,
    cache: AssetCache,
    known: dict[AssetSource, AssetFacts],
    options: FarmOptions,
    shots: int,
    progress: Callable[[int, int], None],
) -> Measurement:
    """Render ``shots`` images (more where there are many processes), spread evenly over a run, into
    a passing folder.

    The first of each process is left out of the times: it waits for kernels and models.
    ``progress`` is told how many are done and how many there will be.

    Raises:
        RunError: too few could be rendered.

    """
    slots = choose_slots(options, recipe.images)
    # Each process leaves out one, and a spread needs a few.
    wanted = max(shots, 3 * len(slots))
    chosen = sorted({round(at * (recipe.images - 1) / (wanted - 1)) for at in range(wanted)})
    seen: dict[str, list[float]] = defaultdict(list)

    def handle(event: Event) -> None:
        if isinstance(event, ShotDone):
            seen[slot_of(event.worker)].append(event.seconds)
            progress(sum(map(len, seen.values())), len(chosen))
        elif isinstance(event, RunPaused):
            raise RunError("the disk for temporary files is full: make room, or set TMPDIR")

    devices = sorted({slot.device for slot in slots})
    per_device = len(slots) // len(devices)
    with tempfile.TemporaryDirectory(prefix="orbitset-estimate-") as scratch:
        layout = Layout(Path(scratch))
        run = Run(recipe, folder, layout, cache, known)
        # As many processes as the whole run would have.
        render_shots(run, chosen, replace(options, per_device=per_device), handle)
        exports = [FORMATS.get(format_of(each)) for each in recipe.output.exports]
        copies = 1 + sum(each.copies for each in exports)
        sizes = [size * copies for size in _sizes(layout)]
    seconds = [each / per_device for times in seen.values() for each in times[1:]]
    if len(seconds) < 2 or len(sizes) < 2:
        raise RunError("too few images could be rendered for an estimate: try orbitset preview")
    return Measurement(tuple(seconds), tuple(sizes), tuple(devices), per_device)


def _sizes(layout: Layout) -> list[float]:
    """Return the bytes each shot takes: the files of its images, and its share of parts and
    labels.
    """
    parts = PartIndex(layout)
    labels = sum(path.stat().st_size for path in layout.parts.glob("*.jsonl"))
    # A line stands in its part, and again in instances.json and shots.jsonl.
    each = 2 * labels / max(1, len(parts))
    done = [line for line in parts.lines() if isinstance(line, DoneLine)]
    return [each + sum(layout.file(path).stat().st_size for path in line.files()) for line in done]


def estimate_run(
    measurement: Measurement, images: int, price_per_hour: float | None, target_hours: float | None
) -> Estimate:
    """Infer what all images will take, and how many devices finish in ``target_hours``."""
    seconds = interval(measurement.seconds)
    hours = seconds.times(images / 3600)
    return Estimate(
        images=images,
        measured=len(measurement.seconds),
        confidence=_CONFIDENCE,
        seconds_per_image=seconds,
        device_hours=hours,
        hours_here=hours.times(1 / len(measurement.devices)),
        disk_bytes=interval(measurement.bytes).times(images),
        price=None if price_per_hour is None else hours.times(price_per_hour),
        devices_needed=None if target_hours is None else math.ceil(hours.high / target_hours),
    )


def interval(values: tuple[float, ...]) -> Interval:
    """Return the mean and its two-sided Student's t interval; never below 0."""
    mean = statistics.fmean(values)
    error = statistics.stdev(values) / math.sqrt(len(values))
    reach = float(student.ppf((1 + _CONFIDENCE) / 2, len(values) - 1)) * error
    return Interval(mean, max(0.0, mean - reach), mean + reach)
