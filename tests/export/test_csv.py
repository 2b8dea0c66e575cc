"""The tables, read back by Python's csv and by Arrow, and compared to the dataset's own JSON."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow.csv
import pytest

from renderer.dataset.layout import Layout
from renderer.export import csv as writer
from renderer.export.write import export
from renderer.recipe.exports import export_of
from tests.dataset.edits import edit_labels

Row = dict[str, str]


def write(layout: Layout, target: Path, **options: Any) -> None:
    export(layout, export_of({"format": "csv", **options}), target)


def by_python(path: Path) -> list[Row]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, strict=True))


def by_arrow(path: Path) -> list[Row]:
    names = path.read_text(encoding="utf-8").partition("\r\n")[0].split(",")
    texts = dict.fromkeys(names, pyarrow.string())
    table = pyarrow.csv.read_csv(
        path,
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(column_types=texts),
    )
    rows: list[Row] = table.to_pylist()
    return rows


READERS = {"python": by_python, "arrow": by_arrow}


def compare(layout: Layout, folder: Path, reader: str) -> int:
    """Compare instance by instance with the dataset; return how many there are."""
    labels = json.loads(layout.instances.read_text())
    names = {each["id"]: each["name"] for each in labels["categories"]}
    rows = READERS[reader](folder / "annotations.csv")
    assert len(rows) == len(labels["annotations"])
    for row, record in zip(rows, labels["annotations"], strict=True):
        assert int(row["annotation_id"]) == record["id"]
        assert int(row["image_id"]) == record["image_id"]
        assert row["category"] == names[record["category_id"]]
        assert int(row["iscrowd"]) == record["iscrowd"]
        for key in ("bbox", "amodal_bbox"):
            box = [float(row[f"{key}_{side}"]) for side in ("x", "y", "width", "height")]
            assert box == record[key]
        turned = [[float(row[f"cam_R_m2c_{i}{j}"]) for j in (1, 2, 3)] for i in (1, 2, 3)]
        assert turned == record["cam_R_m2c"]  # to the last bit
        assert [float(row[f"cam_t_m2c_{axis}"]) for axis in "xyz"] == record["cam_t_m2c"]
        assert json.loads(row["segmentation"]) == record["segmentation"]
        assert float(row["visibility"]) == record["visibility"]
    images = READERS[reader](folder / "images.csv")
    assert len(images) == len(labels["images"])
    for row, image in zip(images, labels["images"], strict=True):
        assert (folder / row["file_name"]).read_bytes() == (
            layout.root / image["file_name"]
        ).read_bytes()
        assert json.loads(row["K"]) == image["camera"]["K"]
        assert float(row["azimuth_deg"]) == image["azimuth_deg"]
        own = [each for each in labels["annotations"] if each["image_id"] == image["id"]]
        assert int(row["annotations"]) == len(own)
    return len(rows)


@pytest.mark.parametrize("reader", READERS)
def test_every_instance_is_read_back(planted: Layout, tmp_path: Path, reader: str) -> None:
    write(planted, tmp_path / "csv")
    assert compare(planted, tmp_path / "csv", reader) == 11


@pytest.mark.parametrize("reader", READERS)
def test_names_of_any_letters_are_quoted(copy: Path, tmp_path: Path, reader: str) -> None:
    names = ['a,"b"\r\nc', " ' \t;"]

    def change(data: dict[str, Any]) -> None:
        for each, name in zip(data["categories"], names, strict=True):
            each["name"] = name

    edit_labels(copy, change)
    write(Layout(copy), tmp_path / "csv")
    assert compare(Layout(copy), tmp_path / "csv", reader) > 8
    content = (tmp_path / "csv/annotations.csv").read_bytes()
    assert content.count(b"\n") == content.count(b"\r\n")
    assert content.endswith(b"\r\n")


def test_the_comparison_sees_half_a_pixel(
    planted: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = writer._cells
    at = len(writer._CORE)

    def shifted(*words: Any) -> list[Any]:
        cells = list(right(*words))
        return [*cells[:at], cells[at] + 0.5, *cells[at + 1 :]]

    monkeypatch.setattr(writer, "_cells", shifted)
    write(planted, tmp_path / "csv")
    with pytest.raises(AssertionError):
        compare(planted, tmp_path / "csv", "python")


def test_a_split_is_a_column(planted: Layout, tmp_path: Path) -> None:
    write(planted, tmp_path / "csv", split={"train": 0.5, "val": 0.5})
    images = by_python(tmp_path / "csv/images.csv")
    sides = {row["image_id"]: row["split"] for row in images}
    assert sorted(sides.values()).count("train") in (3, 4)
    for row in by_python(tmp_path / "csv/annotations.csv"):
        assert row["split"] == sides[row["image_id"]]
    write(planted, tmp_path / "whole")
    assert {row["split"] for row in by_python(tmp_path / "whole/images.csv")} == {""}
