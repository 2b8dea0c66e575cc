"""The labels of a view as a dataset has them, to be damaged and checked."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from renderer.recipe.labels import Labels
from renderer.registry import LABEL_KINDS
from renderer.truth.labelling import label
from renderer.truth.stored_labels import StoredLabels
from renderer.truth.view import ViewTruth

Made = tuple[StoredLabels, dict[str, bytes]]


def stored_of(truth: ViewTruth, **labels: Any) -> Made:
    """The labels of a view through JSON, with its files by name, which may be replaced."""
    asked = Labels.model_validate(labels)
    made = label(truth, asked.on, asked.policy)
    entries = {entry.instance: entry for entry in truth.shot.objects}
    records = [
        {
            "id": at,
            "instance": instance,
            "category_id": truth.category_id(entries[instance]),
            "iscrowd": int(instance in made.ignored),
            **fields,
        }
        for at, (instance, fields) in enumerate(made.objects.items(), start=1)
    ]
    dropped = Counter(entries[instance].category for instance in made.dropped)
    image = {"id": 1, "dropped": dict(dropped), **made.image}
    files = {name: file.content for name, (_, file) in made.files.items()}
    stored = StoredLabels(
        json.loads(json.dumps(image)),
        json.loads(json.dumps(records)),
        truth.camera.resolution,
        truth.shot,
        truth.camera,
        files.__getitem__,
    )
    return stored, files


def problems(made: Made, truth: ViewTruth | None, kind: str, **options: Any) -> list[str]:
    """What a kind says of labels, by rays alone; None is without models."""
    stored, _ = made
    alone = truth and ViewTruth.of(
        truth.shot, truth.camera, truth.casting.cache, categories=truth.categories
    )
    of = LABEL_KINDS.get(kind)
    found = of.check(stored, alone, of.Config.model_validate(options))
    return [said if record is None else f"{record['id']}: {said}" for record, said in found]
