"""Splits: nothing on two sides, sizes, and sides that stay, whatever the dataset is like."""

from __future__ import annotations

import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderer import api
from renderer.dataset.layout import DatasetError, Layout
from renderer.dataset.records import ImageRecord
from renderer.export.options import By
from renderer.export.split import Split
from tests.export.planted import SCENES, make

SHARES = {"train": 0.8, "val": 0.1, "test": 0.1}
DIGESTS = {f"{name}.glb": f"{number // 2}" for number, name in enumerate("abcdefghij")}


def image(number: int, shot: int, view: str = "", variant: int = 0, **more: Any) -> ImageRecord:
    return ImageRecord.model_construct(id=number, shot=shot, view=view, variant=variant, **more)


def sides(layout: Layout, images: Iterable[ImageRecord], by: By) -> list[str | None]:
    split = Split(layout, SHARES, by)
    found = [split.side_of(each) for each in images]
    assert split.torn == found.count(None)
    return found


def write_shots(folder: str, shots: list[dict[str, Any]]) -> Layout:
    lines = [json.dumps({"index": index, **shot}) for index, shot in enumerate(shots)]
    Path(folder, "shots.jsonl").write_text("\n".join(lines))
    return Layout(Path(folder))


def shot(models: Iterable[str], photo: str | None = None, variants: int = 1) -> dict[str, Any]:
    """A line of shots.jsonl; two models have one content, as copies of one file would."""
    objects = [{"category": "c", "asset": DIGESTS[name], "file": name} for name in models]
    clutter = {"category": None, "asset": "clutter", "file": "clutter.glb"}
    behind = {"color": None, "image": {"digest": photo, "path": "x"} if photo else None}
    return {
        "objects": [*objects, clutter],
        "world": {"hdri": "studio", "file": None, "color": None},
        "background": behind,
        "variants": [{}] * variants,
    }


def must_not_leak(found: list[str | None], things: list[set[Hashable]]) -> None:
    on = defaultdict[Hashable, set[str]](set)
    for side, each in zip(found, things, strict=True):
        for thing in each if side else ():
            assert side
            on[thing].add(side)
    assert all(len(each) == 1 for each in on.values())


scenes = st.lists(
    st.tuples(st.sets(st.sampled_from(sorted(DIGESTS)), max_size=3), st.sampled_from("pqrs")),
    min_size=1,
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(scenes, st.integers(1, 3), st.data())
def test_no_model_is_on_two_sides_and_old_images_stay(
    planned: list[tuple[set[str], str]], views: int, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        layout = write_shots(folder, [shot(sorted(models)) for models, _ in planned])
        images = [image(at + 1, at // views, f"{at % views}") for at in range(views * len(planned))]
        found = sides(layout, images, "asset")
        shown = [planned[each.shot][0] for each in images]
        must_not_leak(found, [{*models, *(DIGESTS[name] for name in models)} for models in shown])
        for first in range(0, len(images), views):  # views of one scene are on one side, too
            assert len(set(found[first : first + views])) == 1
        first = data.draw(st.integers(0, len(images)))
        assert sides(layout, images[:first], "asset") == found[:first]


@settings(max_examples=40, deadline=None)
@given(scenes, st.data())
def test_no_background_is_on_two_sides(
    planned: list[tuple[set[str], str]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        layout = write_shots(folder, [shot(models, photo) for models, photo in planned])
        images = [image(at + 1, at) for at in range(len(planned))]
        found = sides(layout, images, "background")
        assert None not in found  # each image has one
        must_not_leak(found, [{photo} for _, photo in planned])
        first = data.draw(st.integers(0, len(images)))
        assert sides(layout, images[:first], "background") == found[:first]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 60), st.integers(1, 4), st.integers(1, 3), st.sampled_from(["scene", "variant"])
)
def test_sizes_are_exact_to_a_scene_or_view(shots: int, views: int, variants: int, by: By) -> None:
    images = [
        image((at * views + view) * variants + variant + 1, at, f"v{view}", variant)
        for at in range(shots)
        for view in range(views)
        for variant in range(variants)
    ]
    found = sides(Layout(Path("/nowhere")), images, by)
    size = variants if by == "variant" else variants * views
    units = [(each.shot, each.view if by == "variant" else "") for each in images]
    must_not_leak(found, [{unit} for unit in units])
    counts = Counter(found)
    for name, share in SHARES.items():
        assert abs(counts[name] - share * len(images)) < size + 1e-6
    assert counts.total() == len(images)
    assert None not in counts


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([None, "a", "b", "c"]), min_size=1, max_size=40))
def test_groups_of_records_are_kept_together(groups: list[str | None]) -> None:
    images = [image(at + 1, at // 2, group=group) for at, group in enumerate(groups)]
    found = sides(Layout(Path("/nowhere")), images, "scene")
    named = [{("group", each.group)} if each.group else set() for each in images]
    must_not_leak(
        found, [{("shot", each.shot), *name} for each, name in zip(images, named, strict=True)]
    )


def test_one_model_an_image_comes_near_the_shares() -> None:
    models = [sorted(DIGESTS)[::2][at * 3 % 5] for at in range(400)]
    with tempfile.TemporaryDirectory() as folder:
        layout = write_shots(folder, [shot([name]) for name in models])
        found = sides(layout, [image(at + 1, at) for at in range(400)], "asset")
    counts = Counter(found)
    assert counts["train"] == 320  # four of five models
    assert counts["val"] + counts["test"] == 80


def test_backgrounds_are_photo_colour_world_and_texture() -> None:
    from renderer.export.scenes import Scenes

    photo = {"digest": "p", "path": "p.jpg"}
    other = {"color": None, "image": {"digest": "q", "path": "q.jpg"}}
    plain = shot([])
    shots = [
        {
            **plain,
            "variants": [{}, {"background": other}],
            "background": {"color": None, "image": photo},
        },
        {**plain, "background": {"color": [0.1, 0.2, 0.3], "image": None}},
        plain,
        {**plain, "background": {"color": None, "image": None, "floor": {"image": photo}}},
        {**plain, "world": {"hdri": None, "file": {"digest": "w"}, "color": None}},
    ]
    with tempfile.TemporaryDirectory() as folder:
        behind = Scenes(write_shots(folder, shots)).backgrounds
        assert behind(image(1, 0)) == [("photo p",)]
        assert behind(image(2, 0, variant=1)) == [("photo q",)]
        assert behind(image(3, 1)) == [("colour [0.1,0.2,0.3]",)]
        assert behind(image(4, 2)) == [("world studio",)]
        assert behind(image(5, 3)) == [("world studio",), ("photo p",)]
        assert behind(image(6, 4)) == [("world w",)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"index": 0, "objects": 3}', "shot 0 has a wrong objects: it should be a valid array"),
        ('{"index": 3}', "has no scene of image 1"),
        ("", "has no scene of image 1"),
        ("{", "shots.jsonl is damaged in line 1"),
    ],
)
def test_damaged_scenes_are_named(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "shots.jsonl").write_text(line)
    with pytest.raises(DatasetError, match=said):
        sides(Layout(tmp_path), [image(1, 0)], "asset")


def test_images_out_of_place_are_refused() -> None:
    with pytest.raises(DatasetError, match="image 2 is of shot 0, and stands behind one of shot 1"):
        sides(Layout(Path("/nowhere")), [image(1, 1), image(2, 0)], "scene")


def test_pictures_stay_in_their_folders_when_a_dataset_grows(tmp_path: Path) -> None:
    few, more = make(tmp_path / "few", SCENES * 3), make(tmp_path / "more", SCENES * 5)
    for layout in (few, more):
        api.export(
            layout.root, "yolo", layout.root.parent / f"{layout.root.name}-yolo", split=SHARES
        )
    before, after = (
        {path.name: path.parent.name for path in (tmp_path / name).rglob("*.png")}
        for name in ("few-yolo/images", "more-yolo/images")
    )
    assert len(before) == 21
    assert len(after) == 35
    assert {name: after[name] for name in before} == before
    assert sorted(Counter(after.values()).values()) in ([3, 4, 28], [3, 3, 29], [4, 4, 27])
