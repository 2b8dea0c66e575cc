"""Parts and merge: order, retries, no trust in half-written files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from renderer.dataset.layout import Layout
from renderer.dataset.merge import merge
from renderer.dataset.parts import PartIndex, write_part
from renderer.dataset.storage import DiskError, write_atomic


def line(index: int, failed: str | None = None) -> dict[str, object]:
    if failed:
        return {"index": index, "failed": failed, "shot": None}
    return {
        "index": index,
        "shot": {"index": index},
        "image": {"file_name": f"{index}.png"},
        "annotations": [{"area": index}] * (index % 3),
    }


def merged(root: Path, parts: list[list[dict[str, object]]]) -> tuple[str, str]:
    layout = Layout(root)
    for part in parts:
        write_part(layout, part)
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
    write_part(layout, [line(0), line(1, "broke"), line(2, "broke")])
    assert (PartIndex(layout).done(), PartIndex(layout).failed()) == ({0}, {1, 2})
    write_part(layout, [line(1)])
    write_part(layout, [line(2, "again")])
    index = PartIndex(layout)
    assert (index.done(), index.failed(), len(index)) == ({0, 1}, {2}, 3)
    result = merge(layout, "n", "1", ("a",))
    assert (result.images, result.failed) == (2, [(2, "again")])
    write_part(layout, [line(1, "late failure")])
    assert 1 in PartIndex(layout).done()


def test_drafts_are_not_parts(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    write_part(layout, [line(0)])
    (layout.parts / ".00000001-00000001.0.jsonl.99").write_text('{"index":1,"sh')
    assert PartIndex(layout).done() == {0}


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "folder" / "file"
    target.mkdir(parents=True)  # a folder stands where the file should: replace fails
    with pytest.raises(DiskError):
        write_atomic(target, b"content")
    assert list(target.parent.iterdir()) == [target]
    with pytest.raises(DiskError) as caught:
        write_atomic(Path("/dev/full/x"), b"content")
    assert caught.value.filename == "/dev/full/x"
