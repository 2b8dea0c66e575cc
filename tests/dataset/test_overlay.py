"""Overlays: labels beside small objects, inside the picture, at the scale they are seen at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from renderer.colour.palette import colour_of
from renderer.dataset.overlay import (
    cell_width,
    contact_sheet,
    draw_overlay,
    require_local,
    require_picture_path,
)
from renderer.truth.mask import encode_rle
from renderer.truth.stored_labels import StoredLabels
from tests.conftest import orbitset

NAMES = {1: "mug", 2: "a very long name of a category that no picture is wide enough for, ever"}
GREY = Image.new("RGB", (96, 72), "#808080")


def record(x: int, y: int, w: int, h: int, category: int = 1, **more: Any) -> dict[str, Any]:
    mask = np.zeros((72, 96), bool)
    mask[y : y + h, x : x + w] = True
    found = {"category_id": category, "bbox": [x, y, w, h], "visibility": 0.874, **more}
    return {**found, "segmentation": encode_rle(mask)}


def is_colour(picture: Image.Image, category: int) -> np.ndarray:
    """Where a picture has a category's full colour: boxes, outlines, the ground of labels."""
    wanted = tuple(int(colour_of(category)[at : at + 2], 16) for at in (1, 3, 5))
    return (np.array(picture) == wanted).all(axis=2)


def test_small_pictures_are_enlarged_before_anything_is_drawn() -> None:
    drawn = draw_overlay(GREY, [record(40, 30, 12, 10)], NAMES)
    assert drawn.size == (480, 360)
    # The object is seen: its box's inside is tinted, and no label stands on it.
    inside = np.array(drawn)[155:195, 205:255]
    assert (inside == inside[0, 0]).all()
    assert tuple(inside[0, 0]) != (128, 128, 128)
    ground = is_colour(drawn, 1)
    rows, columns = np.nonzero(ground)
    assert columns.min() == 200  # 40 * 5: the box's edge, to the pixel
    assert rows.max() == (30 + 10) * 5 - 1
    assert ground.sum() < 0.03 * ground.size


def test_large_pictures_keep_their_size_and_cells_have_theirs() -> None:
    large = Image.new("RGB", (640, 480))
    assert draw_overlay(large, [], NAMES).size == (640, 480)
    assert draw_overlay(large, [], NAMES, width=300).size == (300, 225)


def test_a_label_tells_what_its_figure_is(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []

    def text(self: Any, place: Any, words: str, **options: Any) -> None:
        written.append(words)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", text)
    draw_overlay(GREY, [record(40, 30, 12, 10), record(2, 2, 9, 9, category=2)], NAMES)
    assert written[0] == "mug, vis. 87%"
    assert written[1].startswith("a very long name")
    assert written[1].endswith("…, vis. 87%")
    written.clear()
    draw_overlay(GREY, [record(40, 30, 12, 10, visib_fract=0.4)], NAMES)
    assert written == ["mug, vis. 87%, of all 40%"]


@pytest.mark.parametrize("corner", [(0, 0), (88, 0), (0, 64), (88, 64)])
@pytest.mark.parametrize("category", [1, 2])
def test_labels_stay_inside_the_picture(corner: tuple[int, int], category: int) -> None:
    """The label's whole ground is there, wherever the object is."""
    middle = draw_overlay(GREY, [record(44, 32, 8, 8, category)], NAMES)
    aside = draw_overlay(GREY, [record(*corner, 8, 8, category)], NAMES)
    shares = [is_colour(drawn, category).sum() for drawn in (middle, aside)]
    assert shares[1] == pytest.approx(shares[0], rel=0.1)


def test_labels_do_not_cover_other_objects_or_labels() -> None:
    """Two objects one above the other: the lower's label does not stand on the upper."""
    upper, lower = record(40, 20, 14, 20), record(40, 40, 14, 20)
    drawn = draw_overlay(GREY, [upper, lower], NAMES)
    pixels = np.array(drawn)
    for _, y, _, h in (upper["bbox"], lower["bbox"]):
        inside = pixels[y * 5 + 5 : (y + h) * 5 - 5, 205:265]
        assert (inside == inside[0, 0]).all()
    twins = draw_overlay(GREY, [record(40, 30, 12, 10), record(41, 30, 12, 10)], NAMES)
    assert (
        is_colour(twins, 1).sum()
        > 1.6 * is_colour(draw_overlay(GREY, [record(40, 30, 12, 10)], NAMES), 1).sum()
    )


def test_sheets_paste_pictures_of_their_cells_width_untouched() -> None:
    cells = [(str(at), draw_overlay(GREY, [], NAMES, width=cell_width(9))) for at in range(9)]
    noise = np.random.default_rng(0).integers(0, 255, (90, cell_width(9), 3), dtype=np.uint8)
    cells[4] = ("noise", Image.fromarray(noise))
    sheet = np.array(contact_sheet(cells))
    x = 10 + cell_width(9) + 10
    y = 10 + round(cell_width(9) * 0.75) + 36
    assert (sheet[y : y + 90, x : x + cell_width(9)] == noise).all()


def test_cells_are_never_too_narrow_for_a_label() -> None:
    assert all(cell_width(count) > 300 for count in range(1, 101))


def test_where_pictures_can_be_written(tmp_path: Path) -> None:
    assert require_picture_path(tmp_path / "a.PNG") == tmp_path / "a.PNG"
    for name in ("a.xyz", "a", "."):
        with pytest.raises(ValueError, match=r"must end in \.png, \.jpg or \.webp"):
            require_picture_path(tmp_path / name)
    for name in ("s3://bucket/x.png", "gs://b/x", "https://a.b/c.png"):
        with pytest.raises(ValueError, match="-o takes a local file here"):
            require_picture_path(Path(name))
        with pytest.raises(ValueError, match="-o takes a local folder here"):
            require_local(Path(name), "folder")


def test_show_tells_which_images_are_not_there(crowd: Path, tmp_path: Path) -> None:
    result = orbitset(
        *("dataset", "show", crowd, "--index", 1, "--index", 44, "-o", tmp_path / "sheet.png")
    )
    assert result.returncode == 0
    assert "warning: the dataset has no image 44" in result.stderr
    assert "wrote 1 overlay to" in result.stdout
    result = orbitset("dataset", "show", crowd, "--index", 44, "-o", tmp_path / "none.png")
    assert result.returncode == 2
    assert "error: the dataset has no image 44" in result.stderr
    assert not (tmp_path / "none.png").exists()


def test_show_of_an_empty_dataset(crowd: Path, tmp_path: Path) -> None:
    (tmp_path / "annotations").mkdir()
    for name, empty in {
        "manifest.json": {"images": 0, "annotations": 0},
        "annotations/instances.json": {"images": [], "annotations": []},
    }.items():
        whole = json.loads((crowd / name).read_text())
        (tmp_path / name).write_text(json.dumps({**whole, **empty}))
    result = orbitset("dataset", "show", tmp_path, "-o", tmp_path / "sheet.png")
    assert result.returncode == 2
    assert "error: the dataset has no images" in result.stderr


@pytest.mark.parametrize("each", [[], ["--each"]])
def test_show_writes_no_folder_called_s3(crowd: Path, tmp_path: Path, each: list[str]) -> None:
    result = orbitset("dataset", "show", crowd, "-o", "s3://bucket/x.png", *each, cwd=tmp_path)
    assert result.returncode == 2
    assert "error: -o takes a local" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_preview_refuses_before_it_renders(tmp_path: Path) -> None:
    """The recipe is not even looked for."""
    for name in ("p.xyz", "s3://bucket/p.png"):
        result = orbitset("preview", "none.yaml", "-o", name, cwd=tmp_path)
        assert result.returncode == 2
        assert "error: -o " in result.stderr
        assert "none.yaml" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_kinds_draw_what_they_are_asked_for() -> None:
    """Each by itself; a picture without a box has no name."""
    pose = {
        "cam_R_m2c": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        "cam_t_m2c": [0, 0, 2],
        "amodal_bbox": [36, 26, 40, 20],
    }
    given = record(40, 30, 12, 10, **pose)
    image = {"camera": {"K": [[90, 0, 48], [0, 90, 36], [0, 0, 1]], "distortion": None}}
    stored = StoredLabels(image, [given], (96, 72))
    plain = np.array(draw_overlay(GREY, [given], NAMES, labels=(), stored=stored))
    assert (plain == 128).all()
    changed = {}
    for kind in ("mask", "box", "amodal", "pose"):
        drawn = np.array(draw_overlay(GREY, [given], NAMES, labels=(kind,), stored=stored))
        changed[kind] = (drawn != plain).any(axis=2)
    rows, columns = np.nonzero(changed["mask"])
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == (200, 259, 150, 199)
    rows, columns = np.nonzero(changed["amodal"])
    assert (columns.min(), rows.min()) == (180, 130)
    # From the principal point x runs to the right by half the box's longer side, y down.
    rows, columns = np.nonzero(changed["pose"])
    assert columns.max() == pytest.approx((48 + 6) * 5, abs=3)
    assert rows.max() == pytest.approx((36 + 6) * 5, abs=3)
    assert columns.min() == pytest.approx(48 * 5, abs=3)


def test_labels_that_are_not_there_are_one_sentence() -> None:
    given = record(40, 30, 12, 10)
    with pytest.raises(ValueError, match="an image has no amodal labels: it lacks 'amodal_bbox'"):
        draw_overlay(GREY, [given], NAMES, labels=("amodal",))


def test_what_is_not_there_is_not_drawn_unasked() -> None:
    whole = record(40, 30, 12, 10)
    boxed = {key: value for key, value in whole.items() if key != "segmentation"}
    drawn = draw_overlay(GREY, [boxed], NAMES)
    assert is_colour(drawn, 1).any()
    assert (np.array(drawn)[160:190, 210:250] == 128).all()  # no tint
    bare = {key: value for key, value in boxed.items() if key != "bbox"}
    assert (np.array(draw_overlay(GREY, [bare], NAMES)) == 128).all()


def test_show_draws_the_kinds_by_name(crowd: Path, tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    shown = orbitset("dataset", "show", crowd, "--labels", "amodal,pose", "-o", path)
    assert shown.returncode == 0, shown.stderr
    result = orbitset("dataset", "show", crowd, "--labels", "depht", "-o", path)
    assert result.returncode == 2
    assert "error: --labels depht: there is no such label kind" in result.stderr
