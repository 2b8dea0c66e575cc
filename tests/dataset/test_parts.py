"""Parts and merge: order, retries, no trust in half-written files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from renderer.dataset.layout import DatasetError, Layout
from renderer.dataset.merge import merge
from renderer.dataset.parts import PartIndex, last_index, next_session_number, write_part
from renderer.dataset.storage import DiskError, draft_of, write_atomic


def image(index: int, view: int = 0, files: tuple[str, ...] = (), views: int = 1) -> dict[str, Any]:
    stem = f"{index:08d}" + (f"-{view}" if views > 1 else "")
    paths = {"picture": f"images/{stem}.png", **{name: f"{name}/{stem}.exr" for name in files}}
    return {
        "id": index * views + view + 1,
        "file_name": paths["picture"],
        "width": 4,
        "height": 3,
        "camera": {
            "K": [[1.0, 0.0, 2.0], [0.0, 1.0, 1.5], [0.0, 0.0, 1.0]],
            "world_to_camera": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
            "distortion": None,
        },
        "shot": index,
        "view": str(view) if views > 1 else "",
        "variant": 0,
        "views": {str(each): index * views + each + 1 for each in range(views) if views > 1},
        "azimuth_deg": 0.0,
        "elevation_deg": 1e-05,
        "brightness": 0.5,
        "files": {name: {"path": path, "blake2b": "00"} for name, path in paths.items()},
    }


def label(number: int) -> dict[str, Any]:
    return {"category_id": 1, "iscrowd": 0, "instance": number, "asset": "a.ply", "area": number}


def line(index: int, failed: str | None = None) -> dict[str, Any]:
    if failed:
        return {"index": index, "failed": failed, "shot": None}
    return {
        "index": index,
        "shot": {"index": index},
        "images": [{"image": image(index), "annotations": [label(index)] * (index % 3)}],
    }


def images(layout: Layout, count: int) -> None:
    """Files by the names of images: a part without its image counts for nothing."""
    layout.images.mkdir(parents=True)
    for index in range(count):
        (layout.images / f"{index:08d}.png").touch()


def merged(root: Path, parts: list[list[dict[str, Any]]]) -> tuple[str, str]:
    layout = Layout(root)
    images(layout, 10)
    for part in parts:
        write_part(layout, part, 0)
    merge(layout, "n", "1", ("a",))
    return layout.instances.read_text(), layout.shots.read_text()


def test_merge_does_not_depend_on_chunks_or_order(tmp_path: Path) -> None:
    whole = merged(tmp_path / "a", [[line(i) for i in range(10)]])
    pieces = merged(
        tmp_path / "b",
        [[line(7), line(9)], [line(i) for i in (0, 3, 8)], [line(i) for i in (1, 2, 4, 5, 6)]],
    )
    assert whole == pieces
    data = json.loads(whole[0])
    assert [image["id"] for image in data["images"]] == list(range(1, 11))
    assert [record["id"] for record in data["annotations"]] == list(range(1, 10))
    assert all(record["area"] + 1 == record["image_id"] for record in data["annotations"])


def test_a_retry_that_succeeds_replaces_the_failure(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    write_part(layout, [line(0), line(1, "broke"), line(2, "broke")], next_session_number(layout))
    assert (PartIndex(layout).done(), PartIndex(layout).failed()) == ({0}, {1, 2})
    session_number = next_session_number(layout)
    write_part(layout, [line(1)], session_number)
    write_part(layout, [line(2, "again")], session_number)
    index = PartIndex(layout)
    assert (index.done(), index.failed(), len(index)) == ({0, 1}, {2}, 3)
    images(layout, 3)
    result = merge(layout, "n", "1", ("a",), shots=5)
    assert (result.images, result.failed) == (2, [(2, "again")])
    assert result.missing == [range(3, 5)]
    (layout.images / "00000001.png").unlink()
    assert merge(layout, "n", "1", ("a",)).missing == [range(1, 2)]
    write_part(layout, [line(1, "late failure")], next_session_number(layout))
    assert 1 in PartIndex(layout).done()


def test_drafts_are_not_parts(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    write_part(layout, [line(0)], 0)
    draft = draft_of(layout.parts / "00000001-00000001.000.0a.jsonl")
    draft.write_text('{"index":1,"shot":{}}\n')
    (layout.parts / "notes.jsonl").write_text("{}\n")
    assert PartIndex(layout).done() == {0}


def test_a_damaged_line_counts_as_none(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    path = write_part(layout, [line(0), line(1), line(2)], 0)
    whole = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(whole[0] + b"\0" * len(whole[1]) + b"\n" + whole[2][:-9])
    assert PartIndex(layout).done() == {0}


def test_an_index_of_a_span(tmp_path: Path) -> None:
    """A shard reads its own parts, not everybody's."""
    layout = Layout(tmp_path)
    for first in (0, 5, 10):
        write_part(layout, [line(index) for index in range(first, first + 5)], 0)
    assert PartIndex(layout, range(3, 7)).done() == {3, 4, 5, 6}
    assert last_index(layout) == 14
    (layout.parts / next(p.name for p in layout.parts.glob("00000010*"))).write_bytes(b"\xff")
    assert len(PartIndex(layout, range(10))) == 10


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "folder" / "file"
    target.mkdir(parents=True)  # a folder stands where the file should: replace fails
    with pytest.raises(DiskError):
        write_atomic(target, b"content")
    assert list(target.parent.iterdir()) == [target]
    with pytest.raises(DiskError) as caught:
        write_atomic(Path("/dev/full/x"), b"content")
    assert caught.value.filename == "/dev/full/x"


def test_what_counts_of_a_shot_in_several_parts(tmp_path: Path) -> None:
    """A quarantine outranks failures, whatever the parts are called; the last success counts."""
    from renderer.pipeline import quarantined_line

    layout = Layout(tmp_path)
    write_part(layout, [line(5), line(6, "broke"), line(8)], 0)
    write_part(layout, [quarantined_line(6, None, "killed")], 0)
    write_part(layout, [line(index, "broke") for index in (4, 6, 7)], 0)
    index = PartIndex(layout)
    assert (index.quarantined(), index.failed(), index.done()) == ({6}, {4, 6, 7}, {5, 8})
    write_part(layout, [line(6)], 0)
    assert PartIndex(layout).done() == {5, 6, 8}
    fresh = {**line(5), "shot": {"index": 5, "fresh": True}}
    write_part(
        layout, [fresh], next_session_number(layout)
    )  # its image was lost, and rendered again elsewhere
    assert next(PartIndex(layout).lines()).shot is None
    (five,) = [each for each in PartIndex(layout).lines() if each.index == 5]
    assert five.shot == {"index": 5, "fresh": True}


def test_of_a_shot_rendered_on_different_hardware_the_label_of_its_image_counts(
    tmp_path: Path,
) -> None:
    """Two shards that overlap, or a lost node's last words: image and label must be of one."""
    layout = Layout(tmp_path)
    images(layout, 2)
    for pixels in ("here", "there"):
        digest = hashlib.blake2b(pixels.encode(), digest_size=16).hexdigest()
        one = image(1)
        one["files"]["picture"]["blake2b"] = digest
        labelled = {"image": one, "annotations": [{**label(1), "from": pixels}]}
        write_part(layout, [line(0), {**line(1), "images": [labelled]}], 0)
    for pixels in ("here", "there"):
        (layout.images / "00000001.png").write_bytes(pixels.encode())
        merge(layout, "n", "1", ("a",))
        data = json.loads(layout.instances.read_text())
        assert [record["from"] for record in data["annotations"]] == [pixels]


def stereo(index: int) -> dict[str, Any]:
    """Two views of a shot, each with a picture and a heat map."""
    images = [image(index, view, ("heat",), views=2) for view in range(2)]
    return {
        **line(index),
        "images": [{"image": each, "annotations": [label(1)]} for each in images],
    }


def put_files(layout: Layout, *lines: dict[str, Any]) -> None:
    for each in lines:
        for of in each["images"]:
            for file in of["image"]["files"].values():
                (layout.root / file["path"]).parent.mkdir(parents=True, exist_ok=True)
                (layout.root / file["path"]).touch()


@pytest.mark.parametrize(
    "lost", ["images/00000002-0.png", "images/00000002-1.png", "heat/00000002-1.exr"]
)
def test_a_shot_that_lost_a_file_of_any_of_its_images_is_not_there(
    tmp_path: Path, lost: str
) -> None:
    layout = Layout(tmp_path)
    lines = [stereo(index) for index in range(4)]
    put_files(layout, *lines)
    write_part(layout, lines[2:], 0)
    write_part(layout, lines[:2], 0)
    assert PartIndex(layout).lost(layout) == set()
    result = merge(layout, "n", "1", ("a",), shots=5)
    assert (result.shots, result.images, result.annotations, result.missing) == (
        *(4, 8, 8),
        [range(4, 5)],
    )
    data = json.loads(layout.instances.read_text())
    assert [each["id"] for each in data["images"]] == list(range(1, 9))
    assert [each["image_id"] for each in data["annotations"]] == list(range(1, 9))
    (tmp_path / lost).unlink()
    assert PartIndex(layout).lost(layout) == {2}
    assert PartIndex(layout, range(2)).lost(layout) == set()
    result = merge(layout, "n", "1", ("a",), shots=5)
    assert (result.shots, result.images, result.missing) == (3, 6, [range(2, 3), range(4, 5)])


def test_records_are_merged_as_they_are(tmp_path: Path) -> None:
    """Keys that no model knows, numbers and texts; what was left out has its default."""
    layout = Layout(tmp_path)
    odd = {**line(0), "shot": {"index": 0, "radius_m": 1e-07, "name": "\U0001f375\u2028"}}
    odd["images"][0]["image"] |= {"weather": ["fog", {"a": None}], "group": "train"}
    odd["images"][0]["annotations"] = [{**label(1), "mass_kg": 1e22, "bbox": [1, 2, 3.5, 4]}]
    images(layout, 1)
    write_part(layout, [odd], 0)
    merge(layout, "n", "1", ("a",))
    data = json.loads(layout.instances.read_text())
    (record,) = data["images"]
    assert record == {**image(0), "weather": ["fog", {"a": None}], "group": "train"} | {
        "scenario": None,
        "dropped": {},
        "warnings": [],
    }
    assert data["annotations"] == [{"id": 1, "image_id": 1} | odd["images"][0]["annotations"][0]]
    assert json.loads(layout.shots.read_text()) == odd["shot"]
    assert "\U0001f375".encode() in layout.shots.read_bytes()


def test_a_damaged_part_names_its_shot_and_key(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    bad = line(7)
    bad["images"][0]["annotations"][0]["instance"] = "x"
    images(layout, 8)
    write_part(layout, [bad], 0)
    said = (
        r"damaged: the line of shot 7 has a wrong images\[0\].annotations\[0\].instance: it should"
    )
    with pytest.raises(DatasetError, match=said):
        merge(layout, "n", "1", ("a",))
    bad = line(7)
    bad["images"][0]["annotations"][0] |= {"bbox": [1, 2, 3], "area": 6}
    layout = Layout(tmp_path / "other")
    images(layout, 8)
    write_part(layout, [bad], 0)
    merge(layout, "n", "1", ("a",))  # it is a stranger's field, where the dataset has no boxes
    with pytest.raises(DatasetError, match=r"lacks images\[0\].annotations\[0\].bbox\[3\]"):
        merge(layout, "n", "1", ("a",), kinds=("box",))
