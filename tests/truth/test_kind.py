"""A label kind of somebody else's: its fields and files are checked without a line of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from renderer.plan import Planner
from renderer.registry import LABEL_KINDS
from renderer.shot.frame import Frame
from renderer.truth.kind import Fields, LabelFile, LabelKind, Labels
from renderer.truth.labelling import Labelled, label
from renderer.truth.stored_labels import StoredLabels
from renderer.truth.view import ViewTruth
from tests import shapes
from tests.truth.labelled import records_of


class NearFields(Fields):
    nearest_m: float
    corner: tuple[int, int]


class SeenFields(Fields):
    seen_share: float


class Near(LabelKind):
    """How near each object comes, and a file of what is seen at all."""

    name = "near"
    ObjectFields = NearFields
    ImageFields = SeenFields
    files = ("seen",)

    def make(self, truth: ViewTruth, config: Any) -> Labels:
        found = {}
        for entry in truth.labelled:
            crop = truth.visible(entry)
            nearest = float(truth.depth[crop.part][crop.mask].min())
            found[entry.instance] = NearFields(nearest_m=nearest, corner=(crop.left, crop.top))
        seen = np.packbits(np.isfinite(truth.depth)).tobytes()
        share = float((truth.index > 0).mean())
        return Labels(found, SeenFields(seen_share=share), {"seen": LabelFile("bits", seen)})


@pytest.fixture
def truth(plain_planner: Callable[..., Planner]) -> ViewTruth:
    """Of three boxes, with an index whose outlines an engine rounds in its own way."""
    planner = plain_planner(
        {
            "name": "near",
            "images": 1,
            "objects": [{"asset": "box.ply", "category": "box", "count": 3}],
            "camera": {"resolution": [96, 72]},
            "background": {"floor": "plain"},
        },
        box=shapes.box((0.6, 0.4, 0.8)),
    )
    shot = planner.shot(0)
    camera = shot.views[0].camera
    index = ViewTruth.of(shot, camera, planner.cache).index.copy()
    rows, columns = np.nonzero((index == 1) & (np.roll(index, 1, axis=0) == 0))
    index[rows[0], columns[0]] = 0
    return ViewTruth.of(shot, camera, planner.cache, Frame(np.zeros((0, 0, 4), np.float32), index))


def stored_of(truth: ViewTruth) -> tuple[StoredLabels, dict[str, bytes]]:
    made = Near().make(truth, None)
    records = records_of(truth)
    for record in records:
        record.update(json.loads(made.objects[record["instance"]].model_dump_json()))
    files = {name: file.content for name, file in made.files.items()}
    image = {"id": 1, **json.loads(made.image.model_dump_json())}
    size, camera = truth.camera.resolution, truth.camera
    return StoredLabels(image, records, size, truth.shot, camera, files.__getitem__), files


def check(stored: StoredLabels, truth: ViewTruth | None) -> list[tuple[int | None, str]]:
    alone = truth and ViewTruth.of(truth.shot, truth.camera, truth.casting.cache)
    found = Near().check(stored, alone, None)
    return [(None if record is None else record["id"], said) for record, said in found]


def test_what_is_right_is_right(truth: ViewTruth) -> None:
    stored, _ = stored_of(truth)
    assert len(stored.annotations) == 3
    assert check(stored, truth) == []
    assert check(stored, None) == []


def test_each_planted_fault_is_found(truth: ViewTruth) -> None:
    def faults(
        change: Callable[[StoredLabels, dict[str, bytes]], Any],
    ) -> list[tuple[int | None, str]]:
        stored, files = stored_of(truth)
        change(stored, files)
        return check(stored, truth)

    def put(key: str, value: Any) -> Callable[..., Any]:
        return lambda stored, _: stored.annotations[1].update({key: value})

    nearest = stored_of(truth)[0].annotations[1]["nearest_m"]
    assert faults(put("nearest_m", nearest * (1 + 1e-7))) == []
    ((which, said),) = faults(put("nearest_m", nearest * (1 + 3e-6)))
    assert which == 2
    assert said.startswith("nearest_m is ")
    ((which, said),) = faults(put("corner", [0, 0]))
    assert said.startswith("corner is [0, 0], its scene gives [")
    assert faults(lambda stored, _: stored.annotations[1].pop("corner")) == [(2, "it lacks corner")]
    ((which, said),) = faults(lambda stored, _: stored.image.update(seen_share=0.5))
    assert which is None
    assert said.startswith("seen_share is 0.5, its scene gives ")

    def flip(_: StoredLabels, files: dict[str, bytes]) -> None:
        files["seen"] = bytes([files["seen"][0] ^ 1]) + files["seen"][1:]

    assert faults(flip) == [(None, "its seen file is not the one that its scene gives")]


def test_what_hangs_on_a_wrong_mask_is_not_told_twice(truth: ViewTruth) -> None:
    stored, _ = stored_of(truth)
    stored.annotations[1]["nearest_m"] = 0.0
    stored.wrong.add(2)
    assert check(stored, truth) == []


def test_all_kinds_are_put_together(truth: ViewTruth, monkeypatch: pytest.MonkeyPatch) -> None:
    get = LABEL_KINDS.get
    monkeypatch.setattr(LABEL_KINDS, "get", lambda name: Near() if name == "near" else get(name))
    made = label(truth, {"box": None, "near": None})
    assert [set(record) for record in made.objects.values()] == [
        {"bbox", "area", "nearest_m", "corner"}
    ] * 3
    assert set(made.image) == {"seen_share"}
    ((name, path, content),) = made.paths("00000007")
    assert (name, path) == ("seen", "near/00000007.bits")
    assert len(content) == 96 * 72 / 8


def test_several_files_of_a_kind_have_folders_of_their_own() -> None:
    class Two(Near):
        files = ("seen", "hidden")

    made = {name: (Two(), LabelFile("bits", b"")) for name in Two.files}
    assert [path for _, path, _ in Labelled({}, {}, made, ()).paths("00000007-left")] == [
        "near/seen/00000007-left.bits",
        "near/hidden/00000007-left.bits",
    ]
