"""Hugging Face's two layouts, read by pyarrow and pandas and compared to pycocotools' reading of COCO."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas
import pyarrow as pa
import pyarrow.json
import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from renderer.asset.keypoints import KeypointSet
from renderer.dataset.layout import DatasetError, Layout
from renderer.dataset.manifest import read_manifest
from renderer.dataset.read import read_categories
from renderer.dataset.records import records_of
from renderer.errors import UnavailableError
from renderer.export.format import DatasetHead, Summary
from renderer.export.hf import Hf, HfOptions
from renderer.export.hf.columns import JsonText, columns_of
from renderer.export.hf.rows import Table
from renderer.export.sample import Sample, SampleFile, read_samples
from renderer.export.target import FolderTarget
from renderer.export.webdataset import WebDataset, WebDatasetOptions
from renderer.export.write import export
from renderer.geometry.crop import Crop
from renderer.geometry.distortion import Distortion
from renderer.recipe.exports import export_of
from renderer.registry import LABEL_KINDS
from renderer.truth.mask import decode_rle
from renderer.truth.polygon import crop_to_polygons
from tests.conftest import contents
from tests.dataset.edits import edit_labels

LAYOUTS = ("imagefolder", "parquet")
Change = Callable[[Sample], Sample]


def head_of(layout: Layout, splits: tuple[str, ...] = ()) -> DatasetHead:
    manifest = read_manifest(layout)
    names = dict(sorted(read_categories(layout).items()))
    return DatasetHead("planted", manifest.images, names, tuple(manifest.labels), manifest, splits)


def write(
    layout: Layout,
    root: Path,
    how: str,
    splits: tuple[str, ...] = (),
    change: Change = lambda sample: sample,
    **options: Any,
) -> Summary:
    root.mkdir(parents=True, exist_ok=True)
    samples = (change(sample) for sample in read_samples(layout))
    target = FolderTarget(root)
    given = HfOptions(layout=how, **options)
    return Hf().write(samples, head_of(layout, splits), target, given)


def split_of(sample: Sample) -> Sample:
    return replace(sample, split="val" if sample.image.id % 3 == 0 else "train")


def read_folder(root: Path, split: str = "train") -> list[dict[str, Any]]:
    """Rows of imagefolder as Python's JSON has them, with the bytes of their pictures."""
    lines = (root / split / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    for row in rows:
        row["picture"] = (root / split / row["file_name"]).read_bytes()
    return rows


def read_tables(root: Path, split: str = "train") -> list[dict[str, Any]]:
    rows = []
    for path in sorted(root.glob(f"data/{split}-*.parquet")):
        rows += pq.read_table(path).to_pylist()
    for row in rows:
        row["picture"] = row["image"]["bytes"]
        row["file_name"] = row["image"]["path"]
    return rows


READ = {"imagefolder": read_folder, "parquet": read_tables}


def runs(rle: dict[str, Any]) -> np.ndarray:
    return coco_mask.decode({"size": rle["size"], "counts": rle["counts"].encode()}) > 0


def compare(layout: Layout, rows: list[dict[str, Any]]) -> int:
    """Compare instance by instance; return how many there are."""
    coco = COCO(layout.instances)
    names = [coco.cats[number]["name"] for number in sorted(coco.cats)]
    count = 0
    for row in rows:
        image = coco.imgs[row["image_id"]]
        assert row["file_name"] == Path(image["file_name"]).name
        assert row["picture"] == (layout.root / image["file_name"]).read_bytes()
        assert (row["width"], row["height"]) == (image["width"], image["height"])
        assert row["camera"]["K"] == image["camera"]["K"]
        objects, records = row["objects"], coco.imgToAnns[image["id"]]
        assert {len(column) for column in objects.values()} == {len(records)}
        for at, record in enumerate(records):
            said = {key: column[at] for key, column in objects.items()}
            assert said["id"] == record["id"]
            assert said["bbox"] == record["bbox"]
            assert names[said["category"]] == said["category_name"]
            assert said["category_name"] == coco.cats[record["category_id"]]["name"]
            for key in ("area", "iscrowd", "instance", "asset", "category_id", "cam_R_m2c"):
                assert said[key] == record[key]
            for key in ("visibility", "truncation", "cam_t_m2c", "amodal_bbox", "scale"):
                assert said[key] == pytest.approx(record[key], abs=1e-12)
            assert (runs(said["segmentation"]) == (coco.annToMask(record) > 0)).all()
            count += 1
    return count


@pytest.mark.parametrize("how", LAYOUTS)
def test_every_instance_is_read_back(planted: Layout, tmp_path: Path, how: str) -> None:
    done = write(planted, tmp_path, how)
    rows = READ[how](tmp_path)
    assert [row["image_id"] for row in rows] == [
        image["id"] for image in COCO(planted.instances).dataset["images"]
    ]
    assert compare(planted, rows) == done.annotations == 11
    assert done.images == len(rows) == 7
    assert rows[5]["objects"]["id"] == []  # the image without objects


@pytest.mark.parametrize("how", LAYOUTS)
def test_splits_are_folders_or_tables_of_their_own(
    planted: Layout, tmp_path: Path, how: str
) -> None:
    write(planted, tmp_path, how, ("train", "val"), split_of)
    parts = [READ[how](tmp_path, split) for split in ("train", "validation")]
    assert [[row["image_id"] % 3 == 0 for row in part] for part in parts] == [
        [False] * 5,
        [True] * 2,
    ]
    assert sum(compare(planted, part) for part in parts) == 11


@pytest.mark.parametrize("how", LAYOUTS)
def test_a_second_reader_reads_the_same(planted: Layout, tmp_path: Path, how: str) -> None:
    """pandas of Parquet; of lines pyarrow's JSON, which is what the library takes types from."""
    write(planted, tmp_path, how)
    coco = COCO(planted.instances)
    if how == "parquet":
        frame = pandas.read_parquet(tmp_path / "data/train-00000.parquet")
        found = [
            (int(number), [list(map(int, box)) for box in objects["bbox"]])
            for number, objects in zip(frame["image_id"], frame["objects"], strict=True)
        ]
    else:
        table = pyarrow.json.read_json(tmp_path / "train/metadata.jsonl")
        found = [(row["image_id"], row["objects"]["bbox"]) for row in table.to_pylist()]
    assert found == [
        (number, [record["bbox"] for record in coco.imgToAnns[number]]) for number in coco.imgs
    ]


@pytest.mark.parametrize("how", LAYOUTS)
def test_the_comparison_sees_half_a_pixel(
    planted: Layout, tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = Table.object_values

    def shifted(self: Table, sample: Sample) -> dict[str, Any]:
        values = right(self, sample)
        return {**values, "bbox": [[x - 0.5, *others] for x, *others in values["bbox"]]}

    monkeypatch.setattr(Table, "object_values", shifted)
    write(planted, tmp_path, how)
    with pytest.raises(AssertionError):
        compare(planted, READ[how](tmp_path))


def test_features_are_what_the_library_reads(planted: Layout, tmp_path: Path) -> None:
    """Each feature's own Arrow type is the column's, or the library would not take it."""
    write(planted, tmp_path, "parquet")
    schema = pq.read_schema(tmp_path / "data/train-00000.parquet")
    features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert list(features) == schema.names
    for name in schema.names:
        assert arrow_of(features[name]) == schema.field(name).type, name
    assert features["image"] == {"_type": "Image"}
    names = list(head_of(planted).categories.values())
    assert features["objects"]["category"] == [{"names": names, "_type": "ClassLabel"}]
    assert len(names) == 300


def arrow_of(feature: Any) -> pa.DataType:
    """The type of a feature by the rules of `datasets.features.features.get_nested_type`."""
    if isinstance(feature, list):
        return pa.list_(arrow_of(feature[0]))
    if "_type" not in feature:
        return pa.struct([(name, arrow_of(of)) for name, of in feature.items()])
    if feature["_type"] == "Image":
        return pa.struct({"bytes": pa.binary(), "path": pa.string()})
    dtype = "int64" if feature["_type"] == "ClassLabel" else feature["dtype"]
    return pa.type_for_alias(dtype)


def test_columns_have_the_types_of_all_label_kinds() -> None:
    """Nothing that a kind of ours says of an object is hidden in a text of JSON."""
    kinds = LABEL_KINDS.names()
    made = columns_of(records_of(kinds).annotation.model_json_schema())
    assert not [key for key, column in made.items() if isinstance(column, JsonText)]
    assert str(made["bbox"].arrow(pa)) == "list<item: int64>"
    corners = made["box3d_corners"]
    assert str(corners.arrow(pa)) == "list<item: list<item: double>>"
    assert corners.value([[None, None, -1], [1, 2.5, 3]]) == [[None, None, -1.0], [1.0, 2.5, 3.0]]


def png(pixels: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".png", pixels)[1])


def with_files(folder: Path, names: tuple[str, ...]) -> Change:
    """Samples with files of other kinds, as they come from a dataset."""
    colours = np.arange(48 * 64 * 3).reshape(48, 64, 3) % 65536
    made = {
        "depth": (".exr", b"not for Pillow"),
        "steps": (".png", png(colours[..., 0].astype(np.uint16))),
        "normals": (".png", png(colours.astype(np.uint16))),
        "semantic": (".png", png((colours[..., 0] % 256).astype(np.uint8))),
    }

    def change(sample: Sample) -> Sample:
        files = dict(sample.files)
        for name in names:
            suffix, content = made[name]
            path = folder / f"{sample.stem}.{name}{suffix}"
            path.write_bytes(content)
            files[name] = SampleFile(path)
        return replace(sample, files=files)

    return change


FILES = ("depth", "steps", "normals", "semantic")


def test_files_are_columns_that_lose_nothing(planted: Layout, tmp_path: Path) -> None:
    """What Pillow shortens is no picture of the library, but bytes or a path."""
    change = with_files(tmp_path, FILES)
    write(planted, tmp_path / "p", "parquet", change=change)
    schema = pq.read_schema(tmp_path / "p/data/train-00000.parquet")
    features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert {name: "_type" in features[name] for name in FILES} == {
        "depth": False,
        "steps": True,
        "normals": False,
        "semantic": True,
    }
    write(planted, tmp_path / "f", "imagefolder", change=change)
    for row, line in zip(read_tables(tmp_path / "p"), read_folder(tmp_path / "f"), strict=True):
        for name in FILES:
            suffix = ".exr" if name == "depth" else ".png"
            content = (tmp_path / f"{Path(row['file_name']).stem}.{name}{suffix}").read_bytes()
            assert row[name]["bytes"] == content
            column = f"{name}_{'file_name' if '_type' in features[name] else 'path'}"
            assert (tmp_path / "f/train" / line[column]).read_bytes() == content
            if "_type" in features[name]:
                opened = np.array(Image.open(io.BytesIO(content)))
                whole = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
                assert (opened == whole).all()


def test_an_image_without_a_file_has_none(planted: Layout, tmp_path: Path) -> None:
    add = with_files(tmp_path, ("semantic",))

    def change(sample: Sample) -> Sample:
        return sample if sample.image.id == 3 else add(sample)

    write(planted, tmp_path / "p", "parquet", change=change)
    rows = read_tables(tmp_path / "p")
    assert [row["image_id"] for row in rows if row["semantic"] is None] == [3]
    write(planted, tmp_path / "f", "imagefolder", change=change)
    lines = read_folder(tmp_path / "f")
    assert [row["image_id"] for row in lines if row["semantic_file_name"] is None] == [3]


@pytest.mark.parametrize("how", LAYOUTS)
def test_a_file_that_came_later_is_refused(planted: Layout, tmp_path: Path, how: str) -> None:
    add = with_files(tmp_path, ("semantic",))

    def change(sample: Sample) -> Sample:
        return add(sample) if sample.image.id == 4 else sample

    with pytest.raises(DatasetError, match="image 4 has a file 'semantic', which the first image"):
        write(planted, tmp_path / "x", how, change=change)


@pytest.mark.parametrize("how", LAYOUTS)
def test_same_bytes_every_time(planted: Layout, tmp_path: Path, how: str) -> None:
    for name in "ab":
        write(planted, tmp_path / name, how, ("train", "val"), split_of)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_tables_are_cut_by_bytes(planted: Layout, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (700, 900, 3), np.uint8)
    (tmp_path / "noise.png").write_bytes(png(noise))  # 1.9 MB

    def change(sample: Sample) -> Sample:
        return replace(sample, files={"picture": SampleFile(tmp_path / "noise.png")})

    write(planted, tmp_path / "p", "parquet", change=change, shard_mb=4)
    tables = sorted((tmp_path / "p/data").iterdir())
    assert [path.name for path in tables] == [f"train-{at:05d}.parquet" for at in range(3)]
    assert [pq.read_metadata(path).num_rows for path in tables] == [3, 3, 1]


def test_row_groups_are_bounded(planted: Layout, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("renderer.export.hf.parquet._GROUP_ROWS", 3)
    write(planted, tmp_path, "parquet")
    found = pq.read_metadata(tmp_path / "data/train-00000.parquet")
    assert [found.row_group(at).num_rows for at in range(found.num_row_groups)] == [3, 3, 1]
    compare(planted, read_tables(tmp_path))


@pytest.mark.parametrize("how", LAYOUTS)
def test_a_split_without_images_and_a_dataset_without(
    planted: Layout, tmp_path: Path, how: str
) -> None:
    write(
        planted, tmp_path / "a", how, ("train", "test"), lambda each: replace(each, split="train")
    )
    assert READ[how](tmp_path / "a", "test") == []
    (tmp_path / "b").mkdir()
    Hf().write(iter(()), head_of(planted), FolderTarget(tmp_path / "b"), HfOptions(layout=how))
    assert READ[how](tmp_path / "b") == []


@pytest.mark.parametrize("how", LAYOUTS)
def test_polygons_become_run_lengths(planted: Layout, tmp_path: Path, how: str) -> None:
    def change(sample: Sample) -> Sample:
        made = [
            record.model_copy(
                update={
                    "segmentation": crop_to_polygons(Crop.whole(decode_rle(record.segmentation)))
                }
            )
            for record in sample.annotations
        ]
        return replace(sample, annotations=tuple(made))

    write(planted, tmp_path, how, change=change)
    assert compare(planted, READ[how](tmp_path)) == 11


def test_lines_of_a_split_have_the_types_of_another(planted: Layout, tmp_path: Path) -> None:
    """The library refuses splits whose types, guessed from their lines, differ: one without a
    warning, a distortion or views of the same shot from one that has some."""
    lens = Distortion(model="brown", coefficients=(0.1, 0, 0, 0))

    def change(sample: Sample) -> Sample:
        if sample.image.id == 3:
            camera = sample.image.camera.model_copy(update={"distortion": lens})
            more = {"camera": camera, "warnings": ("dim",), "views": {"a": 3}, "scenario": "x"}
            sample = replace(sample, image=sample.image.model_copy(update=more))
        return split_of(sample)

    write(planted, tmp_path, "imagefolder", ("train", "val"), change)
    found = [
        pyarrow.json.read_json(tmp_path / split / "metadata.jsonl").schema.remove_metadata()
        for split in ("train", "validation")
    ]
    assert found[0] == found[1]
    row = read_folder(tmp_path, "validation")[0]
    assert json.loads(row["warnings"]) == ["dim"]
    assert [each["scenario"] for each in read_folder(tmp_path, "validation")] == ["x", ""]
    assert json.loads(row["camera"]["distortion"])["coefficients"] == [0.1, 0, 0, 0]


def test_a_split_that_cannot_be_called_so(planted: Layout, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="the split 'my-part' cannot be called so"):
        write(planted, tmp_path, "imagefolder", ("my-part",))


@pytest.mark.parametrize("how", LAYOUTS)
def test_an_unknown_category_is_refused(copy: Path, tmp_path: Path, how: str) -> None:
    edit_labels(copy, lambda data: data["annotations"][0].update(category_id=9))
    with pytest.raises(DatasetError, match="has the unknown category 9"):
        export(Layout(copy), export_of({"format": "hf", "layout": how}), tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_without_pyarrow_it_is_one_sentence(
    planted: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UnavailableError, match=r"pip install 'orbitset\[hf\]'"):
        write(planted, tmp_path, "parquet")
    write(planted, tmp_path / "f", "imagefolder")


@pytest.mark.parametrize("how", LAYOUTS)
def test_the_guides_lines_run_and_its_head_is_a_card(
    planted: Layout, tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    splits = ("train", "val")
    write(planted, tmp_path, how, splits, split_of)
    guide = Hf().guide(head_of(planted, splits), HfOptions(layout=how))
    monkeypatch.chdir(tmp_path)
    exec(guide.loading, {})
    assert capsys.readouterr().out == "5 images, the first with 3 objects\n"
    card = yaml.safe_load(guide.front_matter)
    assert card["task_categories"] == ["object-detection", "image-segmentation"]
    assert card["size_categories"] == ["n<1K"]
    files = card["configs"][0]["data_files"]
    assert [each["split"] for each in files] == ["train", "validation"]
    for each in files:
        assert set(paths(tmp_path, each["path"]))
    for path, _ in guide.holds:
        assert list(paths(tmp_path, path))


def paths(root: Path, pattern: str) -> Iterator[Path]:
    return root.glob(pattern.rstrip("/"))


def test_the_readme_begins_with_the_card(planted: Layout, tmp_path: Path) -> None:
    """By the rule of `huggingface_hub`: YAML between the first two lines of dashes."""
    choice = {"format": "hf", "split": {"train": 0.7, "val": 0.3}}
    export(planted, export_of(choice), tmp_path / "x")
    text = (tmp_path / "x/README.md").read_text(encoding="utf-8")
    before, yaml_text, rest = text.split("---\n", 2)
    assert before == ""
    files = yaml.safe_load(yaml_text)["configs"][0]["data_files"]
    assert files == [
        {"split": "train", "path": "train/**"},
        {"split": "validation", "path": "validation/**"},
    ]
    assert rest.startswith("\n# planted: hf\n")
    assert "The side `val` is called `validation` here" in rest


def test_names_of_key_points_are_told(planted: Layout, tmp_path: Path) -> None:
    points = KeypointSet(names=("nose", "left `ear`"), flips=(0, 1))
    head = replace(head_of(planted), keypoints={2: points})
    told = Hf().guide(head, HfOptions()).conventions
    assert "The key points of `thing 1` are, in their order, `nose, left 'ear'`." in told
    target = FolderTarget(tmp_path)
    WebDataset().write(read_samples(planted), head, target, WebDatasetOptions())
    index = json.loads((tmp_path / "index.json").read_text())
    assert index["keypoints"]["2"]["names"] == ["nose", "left `ear`"]


def test_val_stays_where_there_is_a_validation(planted: Layout, tmp_path: Path) -> None:
    def change(sample: Sample) -> Sample:
        return replace(sample, split="val" if sample.image.id % 3 == 0 else "validation")

    write(planted, tmp_path, "imagefolder", ("validation", "val"), change)
    assert [len(read_folder(tmp_path, split)) for split in ("validation", "val")] == [5, 2]
