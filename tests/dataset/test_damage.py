"""Damaged files: one sentence each, from the readers and from every command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from renderer.asset import AssetCache
from renderer.commands.app import app
from renderer.dataset.assemble import AssembleError, assemble, read_run
from renderer.dataset.layout import DatasetError, Layout
from renderer.dataset.manifest import read_manifest
from renderer.dataset.read import read_annotations, read_categories, read_pairs
from renderer.dataset.report import read_statistics, write_report
from renderer.dataset.validate import validate
from tests.dataset.edits import (
    ANNOTATION,
    IMAGE,
    Change,
    annotation,
    edit,
    edit_labels,
    put,
)


def records(kind: str) -> list[tuple[str, Any]]:
    keys = {
        "image": "id file_name width height camera shot view variant views azimuth_deg elevation_deg "
        "brightness files",
        "annotation": "id image_id category_id bbox area iscrowd segmentation visibility visib_fract "
        "truncation amodal_bbox amodal_segmentation cam_R_m2c cam_t_m2c scale asset instance",
    }
    return [(kind, key) for key in keys[kind].split()]


@pytest.mark.parametrize(("kind", "key"), records("image") + records("annotation"))
def test_a_record_that_lacks_a_key_is_one_sentence(copy: Path, kind: str, key: str) -> None:
    number = {"image": IMAGE, "annotation": ANNOTATION}[kind]
    said = f"{kind} number {number}" if key == "id" else f"{kind} {number}"
    edit_labels(copy, lambda d: d[f"{kind}s"][number - 1].pop(key))
    lacks = f"annotations/instances.json is damaged: {said} lacks {key}"
    assert validate(Layout(copy), None).findings == [lacks]
    for read in (read_statistics, lambda layout: list(read_pairs(layout))):
        with pytest.raises(DatasetError) as caught:
            read(Layout(copy))
        assert str(caught.value) == lacks
    edit_labels(copy, lambda d: d[f"{kind}s"][number - 1].update({key: {"a": []}}))
    (finding,) = validate(Layout(copy), None).findings
    damaged = f"annotations/instances.json is damaged: {said} "
    assert finding.startswith((f"{damaged}has a wrong {key}", f"{damaged}lacks {key}."))


BAD_VALUES: dict[str, tuple[str, Any, str]] = {
    "a box of three": ("bbox", [1, 2, 3], "lacks bbox[3]"),
    "a box of five": (
        "bbox",
        [1, 2, 3, 4, 5],
        "has a wrong bbox: it should have at most 4 items, not 5",
    ),
    "a box of texts": ("bbox", ["1", 2, 3, 4], "has a wrong bbox[0]: it should be a valid integer"),
    "a box of halves": (
        "bbox",
        [1, 0.5, 3, 4],
        "has a wrong bbox[1]: it should be a valid integer",
    ),
    "a box left of the frame": (
        "bbox",
        [-1, 2, 3, 4],
        "has a wrong bbox[0]: it should be greater than or equal to 0",
    ),
    "half a rotation": ("cam_R_m2c", [[1, 0, 0], [0, 1, 0]], "lacks cam_R_m2c[2]"),
    "a flat place": ("cam_t_m2c", [1, 2], "lacks cam_t_m2c[2]"),
    "an RLE without counts": ("segmentation", {"size": [72, 96]}, "lacks segmentation.RLE.counts"),
    "an RLE of numbers": (
        "segmentation",
        {"size": [72, 96], "counts": [1, 2]},
        "has a wrong segmentation.RLE.counts: it should be a valid string",
    ),
    "an RLE of three sides": (
        "segmentation",
        {"size": [72, 96, 3], "counts": ""},
        "has a wrong segmentation.RLE.size: it should have at most 2 items, not 3",
    ),
    "a polygon of two corners": (
        "segmentation",
        [[1, 2, 3, 4]],
        "has a wrong segmentation.polygons[0]: it should have at least 6 items, not 4",
    ),
    "a polygon of three corners and a half": (
        "segmentation",
        [[1, 2, 3, 4, 5, 6, 7]],
        "has a wrong segmentation.polygons[0]: it should be pairs of x and y",
    ),
    "a polygon that crashes pycocotools": (
        "amodal_segmentation",
        [[1e9, 1e9, 2e9, 0, 5, 5]],
        "has a wrong amodal_segmentation.polygons[0][0]: it should be less than or equal to 8192",
    ),
    "an area below nothing": (
        "area",
        -1,
        "has a wrong area: it should be greater than or equal to 0",
    ),
    "a number that is none": (
        "truncation",
        "0",
        "has a wrong truncation: it should be a valid number",
    ),
    "a vast share": (
        "visibility",
        1e300,
        "has a wrong visibility: it should be less than or equal to 1",
    ),
    "a vast number": ("scale", 1e300, "has a wrong scale: it should be less than 1000000000000000"),
    "yes": ("instance", True, "has a wrong instance: it should be a valid integer"),
    "no": ("truncation", False, "has a wrong truncation: it should be a valid number"),
}


def test_records_of_another_version_are_told_apart_from_damaged_ones(copy: Path) -> None:
    """As those of 0.2, whose objects lack a key that has come since."""
    edit(copy / "manifest.json", lambda data: data.update(orbitset="0.2.0"))
    assert not validate(Layout(copy), None).findings  # it is read as far as it can be
    edit_labels(copy, annotation(lambda record: record.pop("visib_fract")))
    (said,) = validate(Layout(copy), None).findings
    assert said.startswith("annotations/instances.json is of orbitset 0.2.0, whose files orbitset ")


@pytest.mark.parametrize("case", BAD_VALUES)
def test_a_value_of_a_wrong_kind_is_one_sentence(copy: Path, case: str) -> None:
    key, value, said = BAD_VALUES[case]
    edit_labels(copy, annotation(put(key, value)))
    (finding,) = validate(Layout(copy), None).findings
    assert f"is damaged: annotation {ANNOTATION} {said}" in finding
    assert "\n" not in finding
    with pytest.raises(DatasetError, match=key):
        list(read_annotations(Layout(copy)))


def write(path: str, content: bytes | str | None) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        if content is None:
            (root / path).unlink()
        else:
            (root / path).write_bytes(content.encode() if isinstance(content, str) else content)

    return change


LABELS, MANIFEST = "annotations/instances.json", "manifest.json"
UNFINISHED = "is not finished: run the same render command again, or orbitset dataset merge"
DAMAGED: dict[str, tuple[Callable[[Path], None], str]] = {
    "no manifest": (write(MANIFEST, None), UNFINISHED),
    "no labels": (write(LABELS, None), UNFINISHED),
    "empty manifest": (write(MANIFEST, ""), "manifest.json is damaged: Expecting value"),
    "manifest of nothing": (write(MANIFEST, "{}"), "manifest.json is damaged: it lacks name"),
    "manifest a list": (write(MANIFEST, "[1]"), "manifest.json is damaged: it is no object"),
    "manifest of noise": (write(MANIFEST, b"\xff\xfe\x00"), "manifest.json is damaged: 'utf-8'"),
    "manifest too deep": (write(MANIFEST, "[" * 100_000), "manifest.json is damaged: "),
    "labels of nothing": (write(LABELS, "{}"), "is damaged: it has no list of categories"),
    "labels a list": (write(LABELS, "[]"), "is damaged: it has no list of categories"),
    "labels empty": (write(LABELS, ""), "is damaged: parse error"),
    "labels of noise": (write(LABELS, b'{"a":"\xff'), "is damaged: b'lexical error"),
    "category without a name": (
        lambda root: edit_labels(root, lambda d: d["categories"][1].pop("name")),
        "is damaged: category number 2 lacks name",
    ),
    "category twice": (
        lambda root: edit_labels(root, lambda d: d["categories"][1].update(id=1)),
        "is damaged: category 1 stands twice",
    ),
    "manifest without a count": (
        lambda root: edit(root / MANIFEST, lambda d: d.pop("images")),
        "manifest.json is damaged: it lacks images",
    ),
    "manifest without a recipe's count": (
        lambda root: edit(root / MANIFEST, lambda d: d["recipe"].pop("images")),
        "manifest.json is damaged: it lacks recipe.images",
    ),
    "manifest with a text for a recipe": (
        lambda root: edit(root / MANIFEST, put("recipe", "mugs")),
        "manifest.json is damaged: it has a wrong recipe: it should be an object",
    ),
    "manifest with bare failures": (
        lambda root: edit(root / MANIFEST, put("failed", [3])),
        "manifest.json is damaged: it has a wrong failed[0]: it should be an object",
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_file_is_one_sentence(copy: Path, tmp_path: Path, case: str) -> None:
    damage_it, expected = DAMAGED[case]
    damage_it(copy)
    (finding,) = validate(Layout(copy), None).findings
    assert expected in finding
    assert "\n" not in finding

    def manifest_and_names(layout: Layout) -> None:
        read_manifest(layout), read_categories(layout)

    for read in (manifest_and_names, write_report):
        with pytest.raises(DatasetError) as caught:
            read(Layout(copy))
        assert str(caught.value) == finding


# Shards are copies of the records, and look at no category.
COMMANDS = [
    (command, case)
    for command in ("validate", "show", "statistics", "report", "export")
    for case in ("no labels", "labels of nothing", "key", "category")
    if (command, case) != ("export", "category")
]


@pytest.mark.parametrize(("command", "case"), COMMANDS)
def test_every_command_says_it_in_one_line(copy: Path, command: str, case: str) -> None:
    changes: dict[str, tuple[Change, str]] = {
        "key": (lambda d: d["annotations"][0].pop("bbox"), "is damaged: annotation 1 lacks bbox"),
        "category": (lambda d: d["annotations"][0].update(category_id=7), "unknown category 7"),
    }
    if case in DAMAGED:
        damage_it, expected = DAMAGED[case]
        damage_it(copy)
    else:
        change, expected = changes[case]
        edit_labels(copy, change)
    more = {"show": ["-o", str(copy / "sheet.png")], "export": ["--format", "webdataset"]}
    result = CliRunner().invoke(app, ["dataset", command, str(copy), *more.get(command, [])])
    assert isinstance(result.exception, SystemExit)
    assert result.exit_code == (1 if command == "validate" else 2)
    (line,) = result.output.splitlines()
    assert line.startswith(("wrong: ", "error: "))
    assert expected in line


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{}", "it lacks fingerprint"),
        ("[]", "it is no object"),
        ("{", "Expecting property name"),
        ('{"fingerprint": "0", "head": {}}', "it lacks head.name"),
        ('{"fingerprint": "0", "head": 7}', "it has a wrong head: it should be an object"),
    ],
)
def test_a_damaged_run_is_one_sentence(copy: Path, content: str, expected: str) -> None:
    (copy / "parts/run.json").write_text(content)
    for read in (read_run, assemble):
        with pytest.raises(AssembleError, match="run.json is damaged: " + expected):
            read(Layout(copy))


SHOTS: dict[str, tuple[Callable[[list[str]], Any], str]] = {
    "cut": (
        lambda lines: lines.__setitem__(slice(4, None), [lines[4][:99]]),
        "shots.jsonl is damaged in line 5: ",
    ),
    "a list": (lambda lines: lines.__setitem__(4, "[]"), "damaged in line 5: it is no object"),
    "without an index": (
        lambda lines: lines.__setitem__(4, "{}"),
        "damaged in line 5: it lacks index",
    ),
    "a key lost": (
        lambda lines: lines.__setitem__(4, lines[4].replace('"roll_deg"', '"role_deg"')),
        "shots.jsonl is damaged: shot 4: views.0.roll_deg: Field required",
    ),
    "one lost": (lambda lines: lines.pop(4), "shots.jsonl lacks shot 4"),
    "none left": (lambda lines: lines.clear(), "shots.jsonl lacks shot 0"),
}


@pytest.mark.parametrize("case", SHOTS)
def test_damaged_shots_are_told_once(copy: Path, cache: AssetCache, case: str) -> None:
    change, expected = SHOTS[case]
    lines = (copy / "shots.jsonl").read_text().splitlines()
    change(lines)
    (copy / "shots.jsonl").write_text("".join(line + "\n" for line in lines))
    findings = validate(Layout(copy), cache).findings
    assert len(findings) == (8 if case == "none left" else 1)
    assert expected in findings[0]


@pytest.mark.parametrize("file", ["manifest.json", "parts/run.json"])
def test_files_of_another_version_are_called_so(copy: Path, file: str) -> None:
    """Not damaged: what an older orbitset wrote lacks what this one reads."""
    path = copy / file
    said = json.loads(path.read_text())
    whose = said if file == "manifest.json" else said["head"]
    whose["orbitset"] = "0.1.0"
    del whose["labels"]
    path.write_text(json.dumps(said))
    command = "report" if file == "manifest.json" else "merge"
    result = CliRunner().invoke(app, ["dataset", command, str(copy)])
    assert result.exit_code == 2
    line = " ".join(result.output.split())
    assert "is of orbitset 0.1.0, whose files orbitset" in line
    assert "choose a new folder" in line
