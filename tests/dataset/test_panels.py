"""Label kinds side by side: which have a column, what is in it, and what is said of a wrong name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import Result
from PIL import Image
from typer.testing import CliRunner

from renderer.commands.app import app
from renderer.dataset.layout import Layout
from renderer.dataset.panels import Panel, chosen_kinds, panel_sheet, panel_width, panels_of
from renderer.errors import UserError
from tests.dataset.edits import edit, edit_labels
from tests.export.planted import HEIGHT, WIDTH, make

THERE = ("box", "mask", "amodal", "pose", "depth")


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """The planted dataset with depth: one metre in the left half, four in the right."""
    layout = make(tmp_path_factory.mktemp("mapped") / "set")
    steps = np.full((HEIGHT, WIDTH), 4000, np.uint16)
    steps[:, : WIDTH // 2] = 1000
    (layout.root / "depth").mkdir()
    (layout.root / "depth/all.png").write_bytes(bytes(cv2.imencode(".png", steps)[1]))
    edit(layout.manifest, lambda data: data["labels"].update(depth={"format": "png16"}))

    def add(data: dict[str, Any]) -> None:
        for image in data["images"]:
            image["files"]["depth"] = {"path": "depth/all.png", "blake2b": "0" * 32}

    edit_labels(layout.root, add)
    return layout


def show(layout: Layout, target: Path, *words: object) -> Result:
    command = ["dataset", "show", str(layout.root), "-o", str(target), *map(str, words)]
    return CliRunner().invoke(app, command)


def test_maps_have_columns_and_others_are_drawn_over_the_picture() -> None:
    one, *others = panels_of(["mask", "depth", "box", "normals"], grid=False)
    assert (one.title, one.kinds) == ("mask, box", ("mask", "box"))
    assert [(each.title, each.kinds) for each in others] == [
        ("depth", ("depth",)),
        ("normals", ("normals",)),
    ]
    (only,) = panels_of(["mask", "box"], grid=False)
    assert only.kinds == ("mask", "box")
    plain, *each = panels_of(["mask", "depth"], grid=True)
    assert (plain.title, plain.kinds) == ("picture", ())
    assert [panel.kinds for panel in each] == [("mask",), ("depth",)]
    assert [panel.kinds for panel in panels_of(["depth"], grid=False)] == [(), ("depth",)]


def test_all_are_those_of_the_dataset_that_are_installed() -> None:
    assert chosen_kinds("all", (*THERE, "gone")) == list(THERE)
    assert chosen_kinds("box,all", THERE) == list(THERE)
    assert chosen_kinds(" depth, mask,depth,", THERE) == ["depth", "mask"]


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ("depht", r"no such label kind \(did you mean `depth`\?\); the dataset has box, mask"),
        ("al", r"no such label kind \(did you mean `all`\?\)"),
        ("normals", r"the dataset has no normals, but box, .*`labels: {normals: true}`"),
        (",", "--labels names no label kind: the dataset has box"),
        ("gone", "--labels gone: its package is not installed here"),
    ],
)
def test_a_wrong_choice_is_one_sentence(labels: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        chosen_kinds(labels, (*THERE, "gone"))


def test_a_row_shows_the_picture_and_the_map_beside_it(mapped: Layout, tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    done = show(mapped, path, "--labels", "mask,depth", "--index", 0)
    assert done.exit_code == 0, done.output
    sheet = np.array(Image.open(path))
    width = panel_width(2)
    height = round(width * HEIGHT / WIDTH)
    picture = sheet[30 : 30 + height, 10 : 10 + width]
    depth = sheet[30 : 30 + height, 20 + width : 20 + 2 * width]
    # The picture's own colour is (0, 90, 120), where there is no object.
    assert (picture[-5, 5] == (0, 90, 120)).all()
    near, far = depth[height // 2, width // 4], depth[height // 2, 3 * width // 4]
    assert near[0] > 100 > near[2]  # red
    assert far[2] > 100 > far[0]  # blue
    assert sheet.shape[1] == 2 * width + 30


def test_rows_are_six_unless_said_and_sheets_twelve(mapped: Layout, tmp_path: Path) -> None:
    for words, count in (((), 7), (("--labels", "depth"), 6), (("--grid", "--count", 2), 2)):
        done = show(mapped, tmp_path / "sheet.png", *words)
        assert f"wrote {count} overlays" in done.output


def test_a_column_a_kind(mapped: Layout, tmp_path: Path) -> None:
    assert show(mapped, tmp_path / "g.png", "--grid", "--count", 1).exit_code == 0
    width = panel_width(6)
    assert Image.open(tmp_path / "g.png").width == 6 * (width + 10) + 10  # the plain one, too


def test_a_long_title_stays_above_its_column() -> None:
    many = Panel(", ".join(["segmentation"] * 30), ("mask",))
    rows = [("", [Image.new("RGB", (400, 300))] * 2)]
    sheet = np.array(panel_sheet([many, Panel("", ())], rows))
    light = (sheet[:30] > 128).any(axis=(0, 2))
    assert light[10:410].any()
    assert not light[410:].any()


def test_one_file_an_image(mapped: Layout, tmp_path: Path) -> None:
    words = ("--each", "--labels", "all", "--index", 0, "--index", 5)
    assert show(mapped, tmp_path / "each", *words).exit_code == 0
    assert sorted(path.name for path in (tmp_path / "each").iterdir()) == [
        "00000000.png",
        "00000005.png",
    ]
    again = show(mapped, tmp_path / "again", *words)
    assert again.exit_code == 0
    for path in (tmp_path / "each").iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


def test_a_map_that_is_lost_is_one_sentence(mapped: Layout, tmp_path: Path) -> None:
    import shutil

    copy = Layout(shutil.copytree(mapped.root, tmp_path / "copy"))
    (copy.root / "depth/all.png").unlink()
    done = show(copy, tmp_path / "sheet.png", "--labels", "depth")
    assert done.exit_code == 2
    assert "the depth labels of images/00000000.png cannot be drawn: its file" in done.output
