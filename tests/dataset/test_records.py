"""Records: the core and the fields of label kinds, in one model each; what follows from them."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner

from renderer.commands.app import app
from renderer.dataset.coco import linked_views
from renderer.dataset.layout import DatasetError, Layout
from renderer.dataset.read import read_annotations, read_images, read_pairs
from renderer.dataset.record_schema import json_schema, page
from renderer.dataset.records import ImageRecord, records_of
from renderer.dataset.report import read_statistics, write_report
from renderer.dataset.stored_model import ContentError, read_value
from renderer.dataset.validate import validate
from renderer.recipe.labels import Labels
from renderer.registry import LABEL_KINDS
from renderer.shot.shot import Shot
from renderer.truth.kind import Fields, LabelKind
from renderer.truth.kinds.amodal import AmodalFields
from renderer.truth.kinds.box import BoxFields
from renderer.truth.kinds.pose import PoseFields
from tests.conftest import REPOSITORY
from tests.dataset.edits import annotation, edit, edit_labels, image, put
from tests.dataset.test_parts import image as image_of

KINDS = ("box", "mask", "amodal", "pose")


class MassFields(Fields):
    """What it weighs."""

    mass_kg: float
    grip: tuple[float, float]


class MassImage(Fields):
    """What all weigh."""

    total_kg: float


class Mass(LabelKind):
    """A label kind of another package."""

    name = "mass"
    ObjectFields = MassFields
    ImageFields = MassImage

    def make(self, truth: Any, config: Any) -> Any:
        raise NotImplementedError


@pytest.fixture
def mass(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("mass", "tests.dataset.test_records:Mass", "orbitset.label_kinds")
    monkeypatch.setitem(LABEL_KINDS._entries, "mass", entry)


def example(root: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The first image and the first annotation of a dataset, as they stand there."""
    data = json.loads((root / "annotations/instances.json").read_text())
    return data["images"][0], data["annotations"][0]


def test_keys_stand_in_one_order(crowd: Path) -> None:
    made, label = example(crowd)
    assert list(made) == [
        *("id", "file_name", "width", "height", "camera", "shot", "view", "variant", "views"),
        *("scenario", "group", "azimuth_deg", "elevation_deg", "brightness", "files", "dropped"),
        "warnings",
    ]
    assert list(label) == [
        *("id", "image_id", "category_id", "iscrowd", "instance", "asset"),
        *("bbox", "area", "segmentation"),
        *("visibility", "visib_fract", "truncation", "amodal_bbox", "amodal_segmentation"),
        *("cam_R_m2c", "cam_t_m2c", "scale"),
    ]
    assert tuple(Labels().on) == KINDS
    assert list(records_of(KINDS).annotation.model_fields) == list(label)
    assert list(records_of(KINDS).label.model_fields) == list(label)[2:]
    assert made["files"]["picture"]["path"] == made["file_name"]


def test_a_record_has_the_fields_of_the_kinds_that_are_on(crowd: Path) -> None:
    _, label = example(crowd)
    record = read_value(records_of(("box", "pose")).annotation, label)
    assert isinstance(record, BoxFields)
    assert isinstance(record, PoseFields)
    assert not isinstance(record, AmodalFields)
    assert record.bbox == tuple(label["bbox"])
    assert [list(row) for row in record.cam_R_m2c] == label["cam_R_m2c"]
    # What it does not know it keeps.
    assert record["visibility"] == label["visibility"]
    assert "visibility" in record
    assert record.get("model_dump") is None
    with pytest.raises(KeyError):
        record["model_dump"]
    assert record.model_dump(mode="json") == label
    with pytest.raises(ValueError, match="frozen"):
        record.area = 3  # type: ignore[misc]


def test_what_is_read_is_what_stands_there(crowd: Path) -> None:
    data = json.loads((crowd / "annotations/instances.json").read_text())
    for name, read in (("images", read_images), ("annotations", read_annotations)):
        assert [each.model_dump(mode="json") for each in read(Layout(crowd))] == data[name]
    pairs = list(read_pairs(Layout(crowd)))
    assert [each.id for each, _ in pairs] == [each["id"] for each in data["images"]]
    for made, labels in pairs:
        wanted = [each["id"] for each in data["annotations"] if each["image_id"] == made.id]
        assert [each.id for each in labels] == wanted


def weighed(root: Path) -> None:
    """Give a dataset the labels of another package's kind."""

    def change(data: Any) -> None:
        for each in data["images"]:
            each["total_kg"] = 3.0
        for each in data["annotations"]:
            each |= {"mass_kg": 1.5, "grip": [0.1, 0.2]}

    edit_labels(root, change)
    edit(root / "manifest.json", lambda manifest: manifest["labels"].update(mass={}))


@pytest.mark.usefixtures("mass")
def test_a_kind_of_another_package(copy: Path) -> None:
    weighed(copy)
    record = next(read_annotations(Layout(copy)))
    assert isinstance(record, MassFields)
    assert record.grip == (0.1, 0.2)
    (first, *_) = read_images(Layout(copy))
    assert isinstance(first, MassImage)
    edit_labels(copy, annotation(put("grip", [0.1])))
    with pytest.raises(DatasetError, match=r"annotation 3 lacks grip\[1\]"):
        list(read_annotations(Layout(copy)))
    edit_labels(copy, image(put("total_kg", "3")))
    with pytest.raises(DatasetError, match="image 2 has a wrong total_kg: it should be a valid nu"):
        list(read_images(Layout(copy)))


def test_a_kind_that_is_not_installed_is_told(copy: Path) -> None:
    weighed(copy)
    edit_labels(copy, annotation(put("grip", "anything")))
    records = records_of((*KINDS, "mass"))
    assert records.unknown == ("mass",)
    record = list(read_annotations(Layout(copy)))[2]
    assert (record["mass_kg"], record["grip"]) == (1.5, "anything")
    result = validate(Layout(copy), None)
    assert result.findings == []
    (note,) = result.notes()
    assert "mass" in note
    assert "not checked" in note
    assert "mass: their fields are in the dataset" in write_report(Layout(copy)).read_text()
    told = CliRunner().invoke(app, ["dataset", "schema", str(copy)])
    assert "the label kind mass is not installed here" in told.stderr


def test_a_dataset_without_boxes_and_amodal_masks(copy: Path) -> None:
    keys = ("bbox", "area", "visibility", "visib_fract", "truncation", "amodal_bbox")
    keys = (*keys, "amodal_segmentation")

    def without(data: Any) -> None:
        for each in data["annotations"]:
            for key in keys:
                del each[key]

    edit_labels(copy, without)
    edit(copy / "manifest.json", put("labels", {"mask": {"segmentation": "rle"}, "pose": {}}))
    statistics = read_statistics(Layout(copy))
    assert statistics.annotations == sum(statistics.per_category.values()) > 0
    assert not statistics.visibility.counts.any()
    page = write_report(Layout(copy)).read_text()
    assert "Object size" not in page
    assert "Truncation" not in page
    assert "Brightness" in page


def test_several_views_are_linked() -> None:
    data = json.loads((REPOSITORY / "tests/benchmarks/shot.json").read_text())
    (view,) = data["views"]
    shot = Shot.model_validate(
        {
            **data,
            "index": 5,
            "views": [{**view, "name": "left"}, {**view, "name": "right"}],
            "variants": [{}, {}, {}],
        }
    )
    ids = {(each.view.name, each.number): each.id for each in shot.images}
    assert sorted(ids.values()) == list(range(5 * 6 + 1, 6 * 6 + 1))
    for each in shot.images:
        assert linked_views(shot, each) == {
            "left": ids["left", each.number],
            "right": ids["right", each.number],
        }
    alone = Shot.model_validate(data)
    assert [linked_views(alone, each) for each in alone.images] == [{}]


BAD_FILES: dict[str, tuple[Any, str]] = {
    "none": ({}, "has a wrong files: it should have a picture"),
    "a list": ([], "has a wrong files: it should be an object"),
    "a path": ({"picture": "a.png"}, "has a wrong files.picture: it should be an object"),
    "no digest": ({"picture": {"path": "a.png"}}, "lacks files.picture.blake2b"),
    "outside": (
        {"picture": {"path": "a.png", "blake2b": ""}, "depth": {"path": "../a", "blake2b": ""}},
        "has a wrong files.depth.path: it should be the path of a file below the dataset's folder",
    ),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_files_of_an_image(case: str) -> None:
    files, said = BAD_FILES[case]
    with pytest.raises(ContentError) as caught:
        read_value(ImageRecord, {**image_of(3), "files": files})
    assert str(caught.value) == said


def test_the_schema_takes_what_is_written_and_refuses_what_the_reader_refuses(crowd: Path) -> None:
    told = CliRunner().invoke(app, ["dataset", "schema", str(crowd)])
    schema = json.loads(told.stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    check = jsonschema.Draft202012Validator(schema)
    data = json.loads((crowd / "annotations/instances.json").read_text())
    assert list(check.iter_errors(data)) == []
    changes: list[Callable[[Any], Any]] = [
        lambda data: data["images"][0].pop("camera"),
        lambda data: data["images"][0]["camera"]["K"].pop(),
        lambda data: data["images"][0]["files"]["picture"].pop("blake2b"),
        lambda data: data["annotations"][0].update(bbox=[1, 2, 3]),
        lambda data: data["annotations"][0].update(visibility=1.5),
        lambda data: data["annotations"][0]["segmentation"].pop("counts"),
        lambda data: data["annotations"][0].update(segmentation=[[1, 2, 3, 4]]),
        lambda data: data["categories"][0].update(id="1"),
    ]
    for change in changes:
        bad = json.loads(json.dumps(data))
        change(bad)
        assert not check.is_valid(bad)


def test_the_schema_describes_every_key_of_ours() -> None:
    schema = json_schema(KINDS)
    for name in ("Image", "Annotation", "CategoryRecord", "CameraRecord", "FileRecord"):
        for key, of in schema["$defs"][name]["properties"].items():
            assert of.get("description"), (name, key)


def test_the_page_about_records_is_up_to_date() -> None:
    """If not: python cli.py dataset schema --markdown > docs/records.md"""
    written = (REPOSITORY / "docs/records.md").read_text()
    assert written == page(LABEL_KINDS.names())
    for key in records_of(LABEL_KINDS.names()).annotation.model_fields:
        assert f"| `{key}` |" in written
