"""Where exports go."""

from __future__ import annotations

from pathlib import Path

from upath import UPath

from renderer.export.target import StoreTarget


def test_files_of_one_name_may_be_open_at_once_in_a_store(tmp_path: Path) -> None:
    root = UPath("memory://exports/voc")
    target = StoreTarget(root, tmp_path)
    with target.open("Main/train.txt") as every, target.open("Segmentation/train.txt") as some:
        every.write(b"a\nb\n")
        some.write(b"a\n")
    assert (root / "Main/train.txt").read_bytes() == b"a\nb\n"
    assert (root / "Segmentation/train.txt").read_bytes() == b"a\n"
