"""MOT sets, read back by motmetrics and Datumaro."""

from __future__ import annotations

import configparser
from pathlib import Path
from typing import Any

import datumaro as dm
import motmetrics
import pytest

from renderer.dataset.layout import DatasetError, Layout
from renderer.export import mot as writer
from renderer.export.sample import Sample
from tests.conftest import contents
from tests.dataset.edits import edit, edit_labels
from tests.export.planted import planted_orbits
from tests.export.truth import Instance, truth, write_split

FRAMES = {"00000000": ("00000000", "00000001", "00000002", "00000003"), "00000001": (
    "00000004", "00000005", "00000006")}  # fmt: skip


@pytest.fixture
def orbits(planted: Layout, tmp_path: Path) -> Path:
    """The planted images as views of two shots."""
    return planted_orbits(planted, tmp_path / "orbits").root


def shot_of(sample: Sample) -> str:
    return "val" if sample.image.shot else "train"


def compare(dataset: Path, exported: Path, folders: dict[str, str]) -> int:
    """Compare motmetrics' reading; return how many objects there are."""
    wanted, count = truth(dataset), 0
    for shot, stems in FRAMES.items():
        folder = exported / folders[shot] / shot
        labels = (folder / "gt/labels.txt").read_text(encoding="utf-8").splitlines()
        table = motmetrics.io.loadtxt(folder / "gt/gt.txt")
        assert len(table) == sum(len(wanted[stem]) for stem in stems)
        for frame, stem in enumerate(stems, start=1):
            for each in wanted[stem]:
                row = table.loc[(frame, each.record["instance"])]
                assert tuple(row[["X", "Y", "Width", "Height"]]) == each.box
                assert labels[int(row["ClassId"]) - 1] == each.name
                assert row["Confidence"] == 1 - each.record["iscrowd"]
                assert row["Visibility"] == pytest.approx(share(each), abs=1e-6)
                count += 1
        info = configparser.ConfigParser()
        info.read(folder / "seqinfo.ini")
        assert dict(info["Sequence"]) == {
            "name": shot,
            "imdir": "img1",
            "framerate": "30",
            "seqlength": str(len(stems)),
            "imwidth": "64",
            "imheight": "48",
            "imext": ".png",
        }
        for frame, stem in enumerate(stems, start=1):
            assert (folder / f"img1/{frame:06d}.png").read_bytes() == (
                dataset / f"images/{stem}.png"
            ).read_bytes()
    return count


def share(each: Instance) -> float:
    """How much of the whole object is seen: of one 12 of 32 columns are in the picture."""
    return 12 / 32 if each.record["amodal_bbox"][0] < 0 else 1.0


def test_every_instance_is_read_back(orbits: Path, tmp_path: Path) -> None:
    summary = write_split(orbits, "mot", tmp_path / "mot")
    folders = dict.fromkeys(FRAMES, "sequences")
    assert compare(orbits, tmp_path / "mot", folders) == 11 == summary.annotations
    assert summary.images == 7
    assert not summary.left_out


def test_the_comparison_sees_half_a_pixel(
    orbits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = writer._line

    def shifted(*given: Any) -> str:
        frame, number, left, *others = right(*given).split(",")
        return ",".join((frame, number, str(float(left) - 0.5), *others))

    monkeypatch.setattr(writer, "_line", shifted)
    with pytest.raises(AssertionError):
        test_every_instance_is_read_back(orbits, tmp_path)


def test_splits_keep_shots_whole(orbits: Path, tmp_path: Path) -> None:
    write_split(orbits, "mot", tmp_path / "mot", shot_of)
    folders = {"00000000": "train", "00000001": "val"}
    assert compare(orbits, tmp_path / "mot", folders) == 11


def test_datumaro_reads_every_instance(orbits: Path, tmp_path: Path) -> None:
    """It takes MOT's numbers for such as count from 0, and so lies a pixel right and below."""
    write_split(orbits, "mot", tmp_path / "mot")
    wanted = truth(orbits)
    for shot, stems in FRAMES.items():
        found = dm.Dataset.import_from(str(tmp_path / "mot/sequences" / shot), "mot_seq")
        names = [each.name for each in found.categories()[dm.AnnotationType.label]]
        items = {int(item.id): item for item in found}
        assert sorted(items) == list(range(1, len(stems) + 1))
        for frame, stem in enumerate(stems, start=1):
            assert items[frame].media.data.shape == (48, 64, 3)
            for given, each in zip(items[frame].annotations, wanted[stem], strict=True):
                x, y, w, h = each.box
                assert tuple(given.get_bbox()) == (x + 1, y + 1, w, h)
                assert names[given.label] == each.name
                assert given.attributes["track_id"] == each.record["instance"]
                assert given.attributes["ignored"] == bool(each.record["iscrowd"])


def test_tracks_name_objects_where_there_are_some(orbits: Path, tmp_path: Path) -> None:
    edit(orbits / "manifest.json", lambda data: data["labels"].update(tracks={}))
    edit_labels(
        orbits,
        lambda data: [each.update(track_id=100 + each["instance"]) for each in data["annotations"]],
    )
    write_split(orbits, "mot", tmp_path / "mot")
    table = motmetrics.io.loadtxt(tmp_path / "mot/sequences/00000000/gt/gt.txt")
    assert sorted(table.loc[1].index) == [101, 102, 103]


def test_variants_are_sequences_of_their_own(orbits: Path, tmp_path: Path) -> None:
    """As ids go: view by view, and each view in both variants."""

    def change(data: dict[str, Any]) -> None:
        for image in data["images"]:
            image["shot"], image["variant"] = 0, image["id"] % 2

    edit_labels(orbits, change)
    write_split(orbits, "mot", tmp_path / "mot")
    names = sorted(path.name for path in (tmp_path / "mot/sequences").iterdir())
    assert names == ["00000000", "00000000-1"]
    assert sorted(path.name for path in (tmp_path / "mot/sequences/00000000-1/img1").iterdir()) == [
        f"{number:06d}.png" for number in (1, 2, 3, 4)
    ]


def test_shots_of_one_view(planted: Layout, orbits: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="planted has one view of each shot"):
        write_split(planted.root, "mot", tmp_path / "a")
    edit_labels(orbits, lambda data: data["images"][6].update(views={}, shot=2))
    summary = write_split(orbits, "mot", tmp_path / "b")
    assert summary.images == 7
    assert summary.left_out == (
        "images of shots with a single view, in which nothing can be tracked: 1",
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data["images"][1].update(width=63), "views of several sizes"),
        (lambda data: data["categories"][0].update(name="a\nb"), "cannot stand on a line"),
        (lambda data: data["annotations"][0].update(category_id=301), "unknown category 301"),
        (lambda data: data["annotations"][0].update(bbox=[60, 0, 5, 5]), "not in its picture"),
    ],
)
def test_what_would_be_read_wrongly_is_refused(
    orbits: Path, tmp_path: Path, change: Any, said: str
) -> None:
    edit_labels(orbits, change)
    with pytest.raises(DatasetError, match=said):
        write_split(orbits, "mot", tmp_path / "mot")


def test_the_same_bytes_again(orbits: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_split(orbits, "mot", tmp_path / name)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
