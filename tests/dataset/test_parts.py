"""Parts and merge: order, retries, no trust in half-written files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from renderer.dataset.layout import Layout
from renderer.dataset.merge import merge
from renderer.dataset.parts import PartIndex, last_index, next_session_number, write_part
from renderer.dataset.storage import DiskError, draft_of, write_atomic


def line(index: int, failed: str | None = None) -> dict[str, object]:
    if failed:
        return {"index": index, "failed": failed, "shot": None}
    return {
        "index": index,
        "shot": {"index": index},
        "image": {"file_name": f"{index}.png"},
        "annotations": [{"area": index}] * (index % 3),
    }


def images(layout: Layout, count: int) -> None:
    """Files by the names of images: a part without its image counts for nothing."""
    layout.images.mkdir(parents=True)
    for index in range(count):
        (layout.images / f"{index:08d}.png").touch()


def merged(root: Path, parts: list[list[dict[str, object]]]) -> tuple[str, str]:
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
    result = merge(layout, "n", "1", ("a",), images=5)
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
    assert next(PartIndex(layout).lines())["shot"] is None
    (five,) = [each for each in PartIndex(layout).lines() if each["index"] == 5]
    assert five["shot"]["fresh"]


def test_of_a_shot_rendered_on_different_hardware_the_label_of_its_image_counts(
    tmp_path: Path,
) -> None:
    """Two shards that overlap, or a lost node's last words: image and label must be of one."""
    layout = Layout(tmp_path)
    images(layout, 2)
    for pixels in ("here", "there"):
        digest = hashlib.blake2b(pixels.encode(), digest_size=16).hexdigest()
        image = {"file_name": "images/00000001.png", "blake2b": digest}
        record = {**line(1), "image": image, "annotations": [{"from": pixels}]}
        write_part(layout, [line(0), record], 0)
    for pixels in ("here", "there"):
        (layout.images / "00000001.png").write_bytes(pixels.encode())
        merge(layout, "n", "1", ("a",))
        data = json.loads(layout.instances.read_text())
        assert [record["from"] for record in data["annotations"]] == [pixels]
