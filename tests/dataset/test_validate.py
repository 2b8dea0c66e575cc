"""Validation finds each wrong value, by its field and id, and says so when it could not look."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from renderer.asset import AssetCache
from renderer.blender.frame import Frame
from renderer.commands.app import app
from renderer.dataset.assemble import AssembleError, assemble, read_run
from renderer.dataset.layout import Layout
from renderer.dataset.manifest import manifest_head, read_manifest
from renderer.dataset.parts import write_part
from renderer.dataset.read import DatasetError, read_annotations, read_categories, read_pairs
from renderer.dataset.report import gather_statistics, write_report
from renderer.dataset.segmentation import to_mask
from renderer.dataset.validate import validate
from renderer.pipeline import Pipeline
from renderer.plan import Planner, Shot
from renderer.truth import encode_rle, tight_box
from tests import shapes

Change = Callable[[Any], Any]
IMAGE, ANNOTATION = 2, 3  # image 2 is of shot 1; annotation 3 is the first of its three


@pytest.fixture
def copy(crowd: Path, tmp_path: Path) -> Path:
    """A copy of the rendered dataset, to be harmed."""
    shutil.copytree(crowd, tmp_path / "copy")
    return tmp_path / "copy"


def edit(path: Path, change: Change) -> None:
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def edit_labels(root: Path, change: Change) -> None:
    edit(root / "annotations/instances.json", change)


def image(change: Change) -> Change:
    return lambda data: change(data["images"][IMAGE - 1])


def annotation(change: Change) -> Change:
    return lambda data: change(data["annotations"][ANNOTATION - 1])


def add(key: str, *at: int, step: float = 1) -> Change:
    """Add to a number of a record, or to one in its lists."""

    def change(record: Any) -> None:
        *path, last = (*key.split("."), *at)
        for part in path:
            record = record[part]
        record[last] += step

    return change


def put(key: str, value: Any) -> Change:
    return lambda record: record.__setitem__(key, value)


NAME, WHERE = "images/00000001.png: ", f"images/00000001.png: annotation {ANNOTATION}: "
# One value edited → the one finding it makes.
WRONG: dict[str, tuple[Change, str]] = {
    "K": (image(add("camera.K", 0, 2)), NAME + "camera.K is not that of its shot"),
    "K a little": (image(add("camera.K", 1, 1, step=1e-6)), NAME + "camera.K is not"),
    "K gone": (image(lambda i: i["camera"].pop("K")), NAME + "camera.K is not that of its shot"),
    "K ragged": (image(lambda i: i["camera"]["K"].pop()), NAME + "camera.K is not"),
    "camera gone": (image(lambda i: i.pop("camera")), f"image {IMAGE} lacks camera"),
    "camera empty": (image(put("camera", None)), f"image {IMAGE} has a wrong camera"),
    "world_to_camera": (
        image(add("camera.world_to_camera", 2, 3, step=0.001)),
        NAME + "camera.world_to_camera is not that of its shot",
    ),
    "distortion": (image(lambda i: i["camera"].update(distortion=[0.1])), "camera.distortion"),
    "azimuth": (image(add("azimuth_deg")), NAME + "azimuth_deg is "),
    "elevation": (image(add("elevation_deg", step=-0.5)), NAME + "elevation_deg is "),
    "brightness": (image(add("brightness", step=0.0002)), NAME + "brightness is "),
    "width": (image(add("width")), NAME + "width is 97, its shot says 96"),
    "height": (image(add("height", step=-1)), NAME + "height is 71, its shot says 72"),
    "file_name": (
        image(put("file_name", "images/00000003.png")),
        NAME + "file_name is images/00000003.png, its shot says images/00000001.png",
    ),
    "shot": (image(put("shot", 6)), NAME + "shot is 6, its shot says 1"),
    "scenario": (image(put("scenario", "night")), NAME + "scenario is night"),
    "digest": (image(put("blake2b", "00")), "delete it and run the same render again"),
    "image id": (image(add("id")), "annotation 3 belongs to image 2, which is not there"),
    "cam_R_m2c": (
        annotation(lambda a: a.update(cam_R_m2c=np.transpose(a["cam_R_m2c"]).tolist())),
        WHERE + "cam_R_m2c is not that of its shot",
    ),
    "cam_R_m2c a little": (
        annotation(add("cam_R_m2c", 1, 1, step=1e-4)),
        WHERE + "cam_R_m2c is not a rotation",
    ),
    "cam_t_m2c": (
        annotation(add("cam_t_m2c", 2, step=1e-6)),
        WHERE + "cam_t_m2c is not that of its shot",
    ),
    "scale": (annotation(add("scale", step=0.001)), WHERE + "scale is 1.001, its shot says 1.0"),
    "truncation": (annotation(put("truncation", 0.125)), WHERE + "truncation is 0.125"),
    "truncation of all": (annotation(put("truncation", 1)), WHERE + "truncation is 1"),
    "visibility": (annotation(add("visibility", step=-1e-5)), WHERE + "visibility is 0.99999"),
    "area": (annotation(add("area")), WHERE + "area is "),
    "asset": (annotation(put("asset", "ball.ply")), WHERE + "asset is ball.ply, its shot says box"),
    "iscrowd": (annotation(put("iscrowd", 1)), WHERE + "iscrowd is 1, its shot says 0"),
    "iscrowd a bool": (annotation(put("iscrowd", False)), "annotation 3 has a wrong iscrowd"),
    "instance": (annotation(put("instance", 9)), WHERE + "instance is 9, and its shot has no such"),
    "moved to another category": (
        annotation(put("category_id", 2)),
        WHERE + "category_id is 2 (ball), its shot says box",
    ),
    "moved to an unknown category": (
        annotation(put("category_id", 3)),
        WHERE + "category_id is the unknown category 3",
    ),
    "moved to another image": (
        annotation(put("image_id", 7)),
        "annotation 4 belongs to image 2, and stands behind one of image 7",
    ),
    "category renamed": (
        lambda d: d["categories"][0].update(name="bxo"),
        "category 1 is bxo in instances.json, and box in manifest.json",
    ),
    "category gone": (
        lambda d: d["categories"].append({"id": 3, "name": "cat"}),
        "category 3 is cat in instances.json, and not there in manifest.json",
    ),
    **{
        f"bbox {at} {step}": (annotation(add("bbox", at, step=step)), WHERE + "bbox is ")
        for at in range(4)
        for step in (1, -0.25)
    },
    **{
        f"amodal_bbox {at} {step}": (
            annotation(add("amodal_bbox", at, step=step)),
            WHERE + "amodal_bbox is ",
        )
        for at in range(4)
        for step in (1, -0.25)
    },
}


@pytest.mark.parametrize("models", [True, False], ids=["with models", "without models"])
@pytest.mark.parametrize("case", WRONG)
def test_one_wrong_value_is_one_finding(
    copy: Path, cache: AssetCache, case: str, models: bool
) -> None:
    change, expected = WRONG[case]
    edit_labels(copy, change)
    (finding,) = validate(Layout(copy), cache if models else None).findings
    assert expected in finding


def test_poses_are_rotations_whatever_the_scale(crowd: Path) -> None:
    """Validation takes poses from the code that wrote them: this is what it goes by."""
    found = list(read_annotations(Layout(crowd)))
    assert any(record["scale"] != 1 for record in found)
    for record in found:
        turn = np.array(record["cam_R_m2c"])
        assert turn @ turn.T == pytest.approx(np.eye(3), abs=1e-9)


def test_what_is_exchanged_is_found(copy: Path, cache: AssetCache) -> None:
    """All labels of two objects of one kind but their masks, and the names of two categories."""
    keys = ("cam_R_m2c", "cam_t_m2c", "scale", "instance")

    def change(data: Any) -> None:
        one, other = data["annotations"][2:4]
        for key in keys:
            one[key], other[key] = other[key], one[key]

    edit_labels(copy, change)
    findings = validate(Layout(copy), cache).findings
    assert len(findings) == 1
    assert "disagree with the scene of its shot" in findings[0]
    edit(copy / "manifest.json", lambda m: m["categories"].reverse())
    found = validate(Layout(copy), None).findings
    assert found == [
        "category 1 is box in instances.json, and ball in manifest.json",
        "category 2 is ball in instances.json, and box in manifest.json",
    ]


def test_twice_the_same_object(copy: Path) -> None:
    def change(data: Any) -> None:
        one, other = data["annotations"][2:4]
        keep = {key: other[key] for key in ("id", "image_id")}
        other.update(one, **keep)

    edit_labels(copy, change)
    findings = validate(Layout(copy), None).findings
    assert findings == [
        "images/00000001.png: annotation 4: instance 1 stands twice in its image",
        "images/00000001.png: annotation 4: its mask overlaps another object's",
    ]


def test_twice_the_same_image(copy: Path) -> None:
    edit_labels(copy, lambda data: data["images"].insert(2, data["images"][1]))
    assert validate(Layout(copy), None).findings == [
        "image id 2 stands twice or out of order",
        "instances.json has 9 images, manifest.json says 8",
    ]


# --- Files that are damaged ---------------------------------------------------------------------


def records(kind: str) -> list[tuple[str, Any]]:
    keys = {
        "image": "id file_name width height camera shot azimuth_deg elevation_deg brightness blake2b",
        "annotation": "id image_id category_id bbox area iscrowd segmentation visibility truncation "
        "amodal_bbox amodal_segmentation cam_R_m2c cam_t_m2c scale asset instance",
    }
    return [(kind, key) for key in keys[kind].split()]


@pytest.mark.parametrize(("kind", "key"), records("image") + records("annotation"))
def test_a_record_that_lacks_a_key_is_one_sentence(copy: Path, kind: str, key: str) -> None:
    number = {"image": IMAGE, "annotation": ANNOTATION}[kind]
    said = f"{kind} number {number}" if key == "id" else f"{kind} {number}"
    edit_labels(copy, lambda d: d[f"{kind}s"][number - 1].pop(key))
    lacks = f"annotations/instances.json is damaged: {said} lacks {key}"
    assert validate(Layout(copy), None).findings == [lacks]
    for read in (gather_statistics, lambda layout: list(read_pairs(layout))):
        with pytest.raises(DatasetError) as caught:
            read(Layout(copy))
        assert str(caught.value) == lacks
    edit_labels(copy, lambda d: d[f"{kind}s"][number - 1].update({key: {"a": []}}))
    wrong = f"annotations/instances.json is damaged: {said} has a wrong {key}: it should be "
    if key != "camera":  # which may be any object
        (finding,) = validate(Layout(copy), None).findings
        assert finding.startswith(wrong)


BAD_VALUES: dict[str, tuple[str, Any]] = {
    "a box of three": ("bbox", [1, 2, 3]),
    "a box of texts": ("bbox", ["1", "2", "3", "4"]),
    "a box left of the frame": ("bbox", [-1, 2, 3, 4]),
    "half a rotation": ("cam_R_m2c", [[1, 0, 0], [0, 1, 0]]),
    "a flat place": ("cam_t_m2c", [1, 2]),
    "an RLE without counts": ("segmentation", {"size": [72, 96]}),
    "an RLE of numbers": ("segmentation", {"size": [72, 96], "counts": [1, 2]}),
    "a polygon of two corners": ("segmentation", [[1, 2, 3, 4]]),
    "a polygon that crashes pycocotools": ("amodal_segmentation", [[1e9, 1e9, 2e9, 0, 5, 5]]),
    "an area below nothing": ("area", -1),
    "a number that is none": ("truncation", "0"),
    "a vast number": ("visibility", 1e300),
    "yes": ("instance", True),
    "no": ("truncation", False),
}


@pytest.mark.parametrize("case", BAD_VALUES)
def test_a_value_of_a_wrong_kind_is_one_sentence(copy: Path, case: str) -> None:
    key, value = BAD_VALUES[case]
    edit_labels(copy, annotation(put(key, value)))
    (finding,) = validate(Layout(copy), None).findings
    assert f"is damaged: annotation {ANNOTATION} has a wrong {key}: it should be " in finding
    with pytest.raises(DatasetError, match=f"has a wrong {key}"):
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
        "manifest.json is damaged: it has a wrong failed: it should be a list of shots and causes",
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_file_is_one_sentence(copy: Path, tmp_path: Path, case: str) -> None:
    harm, expected = DAMAGED[case]
    harm(copy)
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
    for command in ("validate", "show", "statistics", "report", "shards")
    for case in ("no labels", "labels of nothing", "key", "category")
    if (command, case) != ("shards", "category")
]


@pytest.mark.parametrize(("command", "case"), COMMANDS)
def test_every_command_says_it_in_one_line(copy: Path, command: str, case: str) -> None:
    changes: dict[str, tuple[Change, str]] = {
        "key": (lambda d: d["annotations"][0].pop("bbox"), "is damaged: annotation 1 lacks bbox"),
        "category": (lambda d: d["annotations"][0].update(category_id=7), "unknown category 7"),
    }
    if case in DAMAGED:
        harm, expected = DAMAGED[case]
        harm(copy)
    else:
        change, expected = changes[case]
        edit_labels(copy, change)
    sheet = ["-o", str(copy / "sheet.png")] if command == "show" else []
    result = CliRunner().invoke(app, ["dataset", command, str(copy), *sheet])
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
    "a list": (lambda lines: lines.__setitem__(4, "[]"), "damaged in line 5: it has no index"),
    "a key lost": (
        lambda lines: lines.__setitem__(4, lines[4].replace('"roll_deg"', '"role_deg"')),
        "shots.jsonl is damaged: shot 4: camera.roll_deg: Field required",
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


# --- A dataset made without Blender: objects beyond the frame, lossy pictures, failures ----------

Make = Callable[..., tuple[Layout, AssetCache]]


class Film:
    """Grey noise for a picture, and a broken shutter for some shots."""

    def __init__(self, breaks: frozenset[int]) -> None:
        self.breaks = breaks

    def render(self, shot: Shot) -> Frame:
        if shot.index in self.breaks:
            raise RuntimeError("the shutter is stuck")
        width, height = shot.camera.resolution
        noise = np.random.default_rng(shot.index).random((height, width, 4)).astype(np.float32)
        noise[..., 3] = 1
        return Frame(noise)


@pytest.fixture
def make(plain_planner: Callable[..., Planner], tmp_path: Path) -> Iterator[Make]:
    def build(breaks: frozenset[int] = frozenset(), **output: Any) -> tuple[Layout, AssetCache]:
        planner = plain_planner(
            {
                "name": "cut",
                "images": 6,
                "objects": [
                    {"asset": "box.ply", "category": "box", "count": 2},
                    {"asset": "ball.ply", "category": "ball", "size_m": 0.5},
                ],
                "camera": {
                    "resolution": [96, 72],
                    "orbit": {"distance_m": 2, "framing": [{"uniform": [-1, 1]}, 0]},
                },
                "accept": {"min_visibility": 0.0, "max_truncation": 0.95},
                "background": {"world": True},
                "render": {"engine": "workbench", "samples": 1},
                "output": output,
            },
            box=shapes.box((0.6, 0.4, 0.8)),
            ball=shapes.sphere(rings=24),
        )
        layout = Layout(tmp_path / "made")
        lines = list(Pipeline(planner, Film(breaks), layout).run(range(6)))
        write_part(layout, lines, 0)
        head = manifest_head(planner.recipe, "0", "0", {})
        layout.run.write_text(json.dumps({"fingerprint": "0", "head": head}))
        assemble(layout)
        return layout, planner.cache

    return build


def most_cut(data: Any) -> Any:
    """The record with half of itself beyond the frame, or nearly."""
    return min(data["annotations"], key=lambda record: abs(record["truncation"] - 0.5))


def lose_hidden(record: Any) -> None:
    """Take the inside off the hidden part of an amodal mask: its box stays what it is."""
    height, width = record["segmentation"]["size"]
    amodal = to_mask(record["amodal_segmentation"], height, width)
    x, y, w, h = tight_box(amodal)
    inside = np.zeros_like(amodal)
    inside[y + 1 : y + h - 1, x + 1 : x + w - 1] = True
    amodal &= to_mask(record["segmentation"], height, width) | ~inside
    record["amodal_segmentation"] = encode_rle(amodal)
    record["visibility"] = round(record["area"] / int(amodal.sum()), 6)


HIDDEN: dict[str, tuple[Change, str]] = {
    "truncation more": (lambda d: add("truncation", step=0.02)(most_cut(d)), "truncation is "),
    "truncation less": (lambda d: add("truncation", step=-0.02)(most_cut(d)), "truncation is "),
    **{
        f"amodal_bbox {at} {step}": (
            lambda d, at=at, step=step: add("amodal_bbox", at, step=step)(most_cut(d)),
            "amodal_bbox is ",
        )
        for at in range(4)
        for step in (2, -2)
    },
    "amodal mask": (
        lambda d: lose_hidden(min(d["annotations"], key=lambda record: record["visibility"])),
        "pixels of its amodal mask disagree with the scene of its shot",
    ),
}


@pytest.mark.parametrize("case", HIDDEN)
def test_what_is_beyond_the_frame_or_hidden_is_cast_anew(make: Make, case: str) -> None:
    layout, cache = make()
    data = json.loads(layout.instances.read_text())
    assert 0.3 < most_cut(data)["truncation"] < 0.7
    assert min(record["visibility"] for record in data["annotations"]) < 0.8
    whole = validate(layout, cache)
    assert (whole.findings, whole.scenes, whole.unchecked) == ([], 6, 0)
    change, expected = HIDDEN[case]
    edit_labels(layout.root, change)
    (finding,) = validate(layout, cache).findings
    assert ": annotation " in finding
    assert expected in finding


def test_what_is_beyond_the_frame_without_models(make: Make) -> None:
    layout, _ = make()
    assert validate(layout, None).findings == []
    edit_labels(layout.root, lambda d: most_cut(d).update(amodal_bbox=[-50, 5, 60, 5]))
    (finding,) = validate(layout, None).findings
    assert "amodal_bbox is [-50, 5, 60, 5], and does not hold all of its amodal mask" in finding
    edit_labels(layout.root, lambda d: most_cut(d).update(amodal_bbox=[-50, -50, 300, 300]))
    assert validate(layout, None).findings == []  # only its scene tells
    edit_labels(layout.root, lambda d: most_cut(d).update(truncation=0))
    (finding,) = validate(layout, None).findings
    assert "truncation is 0, its amodal_bbox reaches beyond the frame" in finding


@pytest.mark.parametrize(
    ("format", "quality"), [("jpeg", 1), ("jpeg", 92), ("webp", 50), ("webp", 100)]
)
def test_brightness_of_lossy_pictures(make: Make, format: str, quality: int) -> None:
    layout, _ = make(format=format, quality=quality)
    assert validate(layout, None).findings == []
    step = 0.001 if (format, quality) == ("webp", 100) else 0.15
    edit_labels(layout.root, image(add("brightness", step=step)))
    (finding,) = validate(layout, None).findings
    assert "brightness is " in finding


def test_it_says_what_it_did_not_look_at(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout, _ = make(breaks=frozenset({1, 4}))
    monkeypatch.setenv("ORBITSET_CACHE", str(tmp_path / "elsewhere"))
    command = ["dataset", "validate", str(layout.root)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"valid: 4 images and {validate(layout, None).annotations} annotations agree; 0 scenes ray "
        "cast anew",
        "2 images failed and are recorded as such",
        "4 scenes were not checked: their models are not in the cache (ORBITSET_CACHE); run "
        "orbitset recipe check there, or the render again",
    ]
    told = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)
    assert told["valid"] is True
    assert (told["failed"], told["scenes_recast"], told["scenes_unchecked"]) == (2, 0, 4)
    told = json.loads(CliRunner().invoke(app, [*command, "--json", "--scenes", "0"]).stdout)
    assert told["scenes_unchecked"] == 0


def test_no_image_at_all_is_a_finding(make: Make) -> None:
    layout, _ = make(breaks=frozenset(range(6)))
    result = CliRunner().invoke(app, ["dataset", "validate", str(layout.root)])
    assert result.exit_code == 1
    assert result.stderr.splitlines() == ["wrong: there is no image: all 6 failed"]
    assert "6 images failed and are recorded as such" in result.stdout
