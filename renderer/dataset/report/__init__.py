"""The report: one self-contained page that shows what is in a dataset."""

from __future__ import annotations

import json
from pathlib import Path

import jinja2

from renderer.dataset.goal_counts import GoalCounts
from renderer.dataset.layout import Layout
from renderer.dataset.manifest import read_manifest
from renderer.dataset.read import read_categories, read_pairs
from renderer.dataset.records import records_of
from renderer.dataset.report.charts import charts, largest_bars
from renderer.dataset.report.gallery import GalleryImage, gallery_image
from renderer.dataset.report.layers import DrawnLayers
from renderer.dataset.statistics import Statistics
from renderer.dataset.storage import write_atomic

_SAMPLES = 24


def read_statistics(layout: Layout) -> Statistics:
    """Return the statistics of a dataset."""
    names = read_categories(layout)
    statistics = Statistics(goals=GoalCounts.of(read_manifest(layout).recipe))
    for image, records in read_pairs(layout):
        statistics.add(image, records, names)
    return statistics


def write_report(layout: Layout) -> Path:
    """Write ``report.html``: sample images, statistics, coverage, warnings and failures."""
    manifest = read_manifest(layout)
    names = read_categories(layout)
    total = manifest.images
    # Evenly spread over the run, so that the gallery does not depend on where a run stopped.
    chosen = {round(at * (total - 1) / max(_SAMPLES - 1, 1)) for at in range(_SAMPLES)}
    statistics = Statistics(goals=GoalCounts.of(manifest.recipe))
    gallery = list[GalleryImage]()
    layers = DrawnLayers(manifest.labels)
    for number, (image, records) in enumerate(read_pairs(layout)):
        statistics.add(image, records, names)
        if number in chosen:
            gallery.append(gallery_image(layout, image, records, names, layers))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("report.html.j2").render(
        manifest=manifest,
        recipe=json.dumps(manifest.recipe.model_dump(mode="json"), indent=2, ensure_ascii=False),
        statistics=statistics,
        gallery=gallery,
        views=layers.views(gallery),
        over=layers.over(gallery),
        bars=[
            (title, bars)
            for title, counts in (
                ("Objects per category", statistics.per_category),
                ("Images per scenario", statistics.scenarios),
                *(
                    (f"Images per goal: {name}", n)
                    for name, n in statistics.goals.by_title().items()
                ),
            )
            if (bars := largest_bars(counts))
        ],
        charts=charts(statistics) if statistics.images else [],
        categories=len(names),
        unknown=records_of(manifest.labels).unknown,
    )
    write_atomic(layout.report, page.encode())
    return layout.report
