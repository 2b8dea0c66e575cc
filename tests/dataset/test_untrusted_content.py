"""What a dataset's files may hold, and no tool should choke on: one sentence, or the right result."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from typer.testing import CliRunner, Result

from renderer.commands.app import app
from renderer.dataset.json_text import ShallowFile, TooDeepError, dumps, loads
from renderer.dataset.layout import DatasetError, Layout
from renderer.dataset.picture import decode_picture
from renderer.dataset.read import read_categories, read_images
from renderer.dataset.validate import validate
from renderer.truth.mask import decode_rle, encode_rle
from tests.conftest import contents, orbitset
from tests.dataset.edits import annotation, edit, edit_labels, image, put

READERS = ("validate", "show", "statistics", "report", "export", "merge")


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def ask(command: str, root: Path) -> Result:
    group = "farm" if command in ("status", "log", "retry") else "dataset"
    more: dict[str, list[object]] = {
        "show": ["-o", root.parent / "sheet.png"],
        "export": ["--format", "webdataset"],
    }
    return run(group, command, root, *more.get(command, []))


def replace(name: str, old: str, new: str) -> Callable[[Path], Any]:
    """Put something into a file as it stands there, once."""

    def change(root: Path) -> None:
        (path,) = sorted(root.glob(name))[:1]
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return change


DEEP, DEEPER = "[" * 100 + "]" * 100, "[" * 300_000
LABELS, PART = "annotations/instances.json", "parts/0*.jsonl"
STRANGE: dict[str, tuple[Callable[[Path], Any], str, str]] = {
    # case: (what is done, by which command it is noticed, what is said)
    "labels deep": (replace(LABELS, '"scenario":null', f'"scenario":{DEEP}'), "export", "deep"),
    "labels deeper": (replace(LABELS, '"scenario":null', f'"scenario":{DEEPER}'), "show", "deep"),
    "labels endless": (replace(LABELS, '"scale":', '"scale":1e999,"s":'), "validate", "overflow"),
    "labels with NaN": (replace(LABELS, '"scale":', '"scale":NaN,"s":'), "report", "damaged"),
    "labels with a vast id": (
        replace(LABELS, '"id":1,', f'"id":{"9" * 5000},'),
        "statistics",
        "damaged",
    ),
    "manifest deep": (
        replace("manifest.json", '"failed": []', f'"failed": {DEEP}'),
        "show",
        "deep",
    ),
    "manifest deeper": (
        replace("manifest.json", '"failed": []', f'"failed": {DEEPER}'),
        "validate",
        "deep",
    ),
    "manifest with NaN": (
        replace("manifest.json", '"seed": 5', '"seed": NaN'),
        "report",
        "manifest.json is damaged: NaN is no number of JSON",
    ),
    "manifest with half a character": (
        replace("manifest.json", '"name": "crowd"', '"name": "\\ud83e"'),
        "report",
        "manifest.json is damaged: it has half a character",
    ),
    "manifest with sizes that are none": (
        replace("manifest.json", '"size_m": [', '"size_m": ["a", '),
        "report",
        "manifest.json is damaged: it has a wrong assets",
    ),
    "run deep": (replace("parts/run.json", '"seed": 5', f'"seed": {DEEPER}'), "status", "deep"),
    "run without an end": (
        replace("parts/run.json", '"images": 8', f'"images": {10**12}'),
        "merge",
        "it has a wrong head.recipe.images: it should be less than or equal to 100000000",
    ),
    "run of nothing": (replace("parts/run.json", '"images": 8', '"images": 0'), "status", "wrong"),
    "part deep": (replace(PART, '"annotations":', f'"a":{DEEP},"annotations":'), "merge", "deep"),
    "part with an endless number": (
        replace(PART, '"brightness":', '"b":1e999,"brightness":'),
        "merge",
        "is no JSON: the number 1e999 is too large",
    ),
    "part with NaN": (replace(PART, '"brightness":', '"b":NaN,"brightness":'), "merge", "NaN"),
    "part with half a character": (
        replace(PART, '"brightness":', '"b":"\\udc00","brightness":'),
        "merge",
        "half a character",
    ),
    "part that says two things": (
        replace(PART, '"images":', '"index":99999999999999,"images":'),
        "merge",
        "says two things",
    ),
    "part without its image": (
        replace(PART, '"image":{"id', '"picture":{"id'),
        "merge",
        "is damaged: the line of shot 0 lacks images[0].image",
    ),
    "part with annotations that are none": (
        replace(PART, '"annotations":[', '"annotations":[7,'),
        "merge",
        "has a wrong images[0].annotations[0]: it should be an object",
    ),
    "part failed of nothing": (
        replace(PART, '{"index":0,"shot":', '{"index":0,"failed":7,"shot":'),
        "status",
        "has a wrong failed",
    ),
    "shots deep": (
        replace("shots.jsonl", '"lamps":', f'"l":{DEEPER},"lamps":'),
        "validate",
        "deep",
    ),
    "shots of vast pictures": (
        replace("shots.jsonl", '"resolution":[96,72]', '"resolution":[1000000,1000000]'),
        "validate",
        "shot 0: views: a resolution is not from 1 to 8192 pixels",
    ),
    "shots with an endless number": (
        replace("shots.jsonl", '"radius_m":', '"r":1e999,"radius_m":'),
        "validate",
        "shots.jsonl is damaged in line 1: the number 1e999 is too large",
    ),
    "shots of vast instances": (
        replace("shots.jsonl", '"instance":1,', f'"instance":{2**40},'),
        "validate",
        f"instance {2**40}",
    ),
    "shots of a flat object": (
        lambda root: edit_shots(root, lambda shot: flatten(shot["objects"][0])),
        "validate",
        "00000000.png",
    ),
}


def edit_shots(root: Path, change: Callable[[Any], Any]) -> None:
    lines = (root / "shots.jsonl").read_text().splitlines()
    shot = json.loads(lines[0])
    change(shot)
    (root / "shots.jsonl").write_text("\n".join([json.dumps(shot), *lines[1:]]) + "\n")


def flatten(entry: Any) -> None:
    entry["model_to_world"] = [[0.0] * 4] * 3 + [[0.0, 0.0, 0.0, 1.0]]


@pytest.mark.parametrize("case", STRANGE)
def test_strange_content_is_one_sentence(copy: Path, case: str) -> None:
    damage_it, command, said = STRANGE[case]
    damage_it(copy)
    for each in (*READERS, "status", "log"):
        if each == "merge" and command not in ("merge", "status"):
            continue  # it would mend what is not of the parts
        result = ask(each, copy)
        assert isinstance(result.exception, SystemExit | None), (each, result.exception)
        if each == command:
            (line, *more) = [line for line in result.output.splitlines() if "arning" not in line]
            assert result.exit_code == (1 if command == "validate" else 2)
            assert said in line
            assert not more or command == "validate"


@pytest.mark.parametrize(
    "index",
    ["", "[]", "{", '{"format": 3}', '{"format": "webdataset", "entries": [3]}', DEEPER, "\xff"],
)
def test_a_damaged_former_export(copy: Path, index: str) -> None:
    (copy / "exports/webdataset").mkdir(parents=True)
    (copy / "exports/webdataset/export.json").write_text(index, encoding="latin-1")
    (copy / "exports/webdataset/000000.tar").write_text("kept")
    result = ask("export", copy)
    assert result.exit_code == 2
    (line,) = result.output.splitlines()
    assert "webdataset/export.json is damaged (" in line
    assert (copy / "exports/webdataset/000000.tar").read_text() == "kept"


EVENTS: list[dict[str, Any]] = [
    {"event": "begin"},
    {"event": "begin", "host": 1, "pid": "x", "time": [], "shard": {}, "command": []},
    {"event": "begin", "host": "h", "pid": -1, "time": 1, "shard": None, "command": ["x"]},
    {"event": "done", "shot": 1, "seconds": 1, "device": "cpu", "time": 1, "sharing": 0},
    {"event": "done", "shot": {}, "seconds": "1", "device": [], "time": 1},
    {"event": "start", "shot": [1]},
    {"event": "chunk", "shots": 7},
    {"event": "chunk", "shots": ["a"]},
    {"event": "end"},
    {"event": "end", "how": "x", "time": 1e300},
    {"event": "end", "how": "x", "time": "now"},
    {"event": "hello", "pid": 1, "worker": ["w"]},
    {"event": ["begin"]},
    {"event": "heartbeat", "images_per_s": [1], "cpu_percent": "x", "gpus": 3},
    {"event": "paused", "free": None},
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: dumps(event)[:60])
def test_a_strange_event_is_left_out(copy: Path, event: dict[str, Any]) -> None:
    said = [ask("log", copy).output, ask("status", copy).output]
    (copy / "logs/run-99990101-000000-x-1.jsonl").write_text(json.dumps(event) + "\n")
    assert [ask("log", copy).output, ask("status", copy).output] == said


def test_a_journal_starts_no_program_and_steers_no_terminal(copy: Path) -> None:
    for path in copy.glob("parts/0*.jsonl"):
        path.unlink()
    events = [
        {
            "event": "begin",
            "time": 1,
            "host": "h",
            "pid": 1,
            "shard": None,
            "pending": 8,
            "images": 8,
            "slots": ["\x1b[2J"],
            "command": ["/evil/cli.py", "render", "r;rm"],
        },
        {"event": "end", "time": 2, "how": "\x1b]0;title\x07\rgone\n2000-01-01 forged \u202e"},
    ]
    (copy / "logs/run-99990101-000000-x-1.jsonl").write_text(
        "".join(json.dumps(event) + "\n" for event in events)
    )
    said, told = ask("log", copy).output, ask("status", copy).output
    assert "to go on: " in told
    assert "evil" not in told
    assert "render 'r;rm'" in told
    assert "\\x1b[2J" in said
    assert not re.search("[\0-\x09\x0b-\x1f\x7f-\x9f\u202e]", said + told)
    assert not any(line.startswith("2000-01-01 forged") for line in said.splitlines())


PICTURES: dict[str, tuple[Callable[[], bytes], str]] = {}


def picture(said: str) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    def note(make: Callable[[], bytes]) -> Callable[[], bytes]:
        PICTURES[make.__name__] = make, said
        return make

    return note


def encoded(made: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    content = io.BytesIO()
    made.save(content, kind, **options)
    return content.getvalue()


@picture("decoded")
def of_ten_gigapixels() -> bytes:
    """Its head says so; the rest is never reached."""
    content = bytearray(encoded(Image.new("L", (96, 72))))
    content[16:24] = (100_000).to_bytes(4, "big") * 2
    return bytes(content)


@picture("decoded")
def of_a_hundred_megapixels() -> bytes:
    return encoded(Image.new("1", (10_000, 10_000)))


@picture("9000x20 pixels are more than 8192 a side")
def too_wide() -> bytes:
    return encoded(Image.new("L", (9000, 20)))


@picture("it is no PNG, JPEG or WebP")
def of_a_format_that_is_not_ours() -> bytes:
    return encoded(Image.new("RGB", (96, 72)), "EPS")


@picture("it is no PNG, JPEG or WebP")
def of_noise() -> bytes:
    return np.random.default_rng(1).bytes(5000)


@picture("decoded")
def with_a_text_that_unpacks_to_much() -> bytes:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("note", "a" * (80 << 20), zip=True)
    return encoded(Image.new("RGB", (96, 72)), pnginfo=notes)


@picture("the picture is 95x72 pixels")
def of_another_size() -> bytes:
    return encoded(Image.new("RGB", (95, 72)))


@pytest.mark.parametrize("case", PICTURES)
def test_a_strange_picture_is_one_sentence(copy: Path, case: str) -> None:
    import hashlib

    make, said = PICTURES[case]
    content = make()
    (copy / "images/00000001.png").write_bytes(content)
    digest = hashlib.blake2b(content, digest_size=16).hexdigest()
    edit_labels(copy, image(lambda record: record["files"]["picture"].update(blake2b=digest)))
    for command in ("validate", "show", "report"):
        result = ask(command, copy)
        assert isinstance(result.exception, SystemExit), (command, result.exception)
        assert result.exit_code == (1 if command == "validate" else 2)
        line = next(line for line in result.output.splitlines() if said in line)
        assert "images/00000001.png: " in line


def test_pictures_in_the_formats_of_recipes() -> None:
    for kind in ("PNG", "JPEG", "WEBP"):
        for mode in ("RGB", "L"):
            file = io.BytesIO(encoded(Image.new(mode, (8192, 3)), kind))
            assert decode_picture(file).mode == "RGB"


BAD_RUNS = ["", "0", "PP", "zz", "0" * 9, "o" * 9 + "0", "1" + "0" * 8, "[0]", "\n", "é", "n" * 40]


@pytest.mark.parametrize("counts", BAD_RUNS)
def test_runs_that_are_not_those_of_a_mask(copy: Path, counts: str) -> None:
    """pycocotools makes masks of what lies about in memory from them."""
    with pytest.raises(ValueError, match="its runs are"):
        decode_rle({"size": [4, 4], "counts": counts})
    edit_labels(copy, annotation(lambda record: record["segmentation"].update(counts=counts)))
    for command in ("validate", "show", "report"):
        result = ask(command, copy)
        assert isinstance(result.exception, SystemExit), (command, result.exception)
        line = result.output.splitlines()[0]
        assert "annotation 3: its segmentation cannot be decoded (its runs are" in line


def test_runs_are_those_of_pycocotools() -> None:
    random = np.random.default_rng(3)
    for _ in range(300):
        height, width = random.integers(1, 60, 2)
        mask = random.random((height, width)) < random.random() ** 2
        assert (decode_rle(encode_rle(mask)) == mask).all()
    wide = np.zeros((8192, 8192), np.bool_)
    wide[4000:, 5000:] = True
    assert (decode_rle(encode_rle(wide)) == wide).all()


@pytest.mark.parametrize("block", [1, 2, 3, 7, 1000])
def test_depth_is_counted_outside_of_texts(block: int) -> None:
    class Blocks(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(block)

    def read_all(content: bytes) -> None:
        file = ShallowFile(Blocks(content))
        while file.read(65536):
            pass

    brackets = '[{"' * 200
    for text in (brackets, "\\" + brackets, brackets + "\\", '"' + brackets, "\\\\" * 3 + "["):
        nested = json.dumps([{text: [text, {"a": [1]}]}] * 3).encode()
        read_all(nested)
        assert loads(nested) == json.loads(nested)
        for deep in (b"[" * 65, b'{"a":[' * 33, b'["\\"",' * 65):
            with pytest.raises(TooDeepError):
                read_all(nested[:-1] + b"," + deep)


NAMES = ["杯子", "чашка", "كوب", "🫖👩‍🚀", "<script>alert(1)</script>", "a\nb\tc", "\x1b[31mred\0"]
NAMES += ["x" * 5000, "$\\frac$", "\u202eabc", "'\"&<>{{ 7 * 7 }}", " ", "ཀ", "-o", "../../x", "%s"]


def rename(root: Path, name: str) -> None:
    """Call the balls of a run otherwise, before it is merged."""

    def of_run(run: Any) -> None:
        head = run["head"]
        head["categories"] = [name if each == "ball" else each for each in head["categories"]]

    edit(root / "parts/run.json", of_run)
    for path in (root / "parts").glob("0*.jsonl"):
        called = json.dumps(name, ensure_ascii=False)
        text = path.read_text().replace('"category":"ball"', f'"category":{called}')
        path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_categories_of_any_name(
    copy: Path, name: str, capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    rename(copy, name)
    for command in ("merge", "report", "export", "show", "statistics", "validate"):
        result = ask(command, copy)
        assert result.exit_code == 0, (command, result.output)
    assert read_categories(Layout(copy))[2] == name
    assert not [str(each.message) for each in recwarn if "lyph" in str(each.message)]
    page = (copy / "report.html").read_text(encoding="utf-8")
    assert '<meta charset="utf-8">' in page
    assert "<script>alert" not in page
    assert page.count("<script>") == 1
    said = CliRunner().invoke(app, ["dataset", "statistics", str(copy), "--json"]).stdout
    assert json.loads(said)["per_category"][name] == 8


def test_bytes_are_the_same_in_any_locale(copy: Path) -> None:
    rename(copy, "杯子 чашка")
    assert ask("merge", copy).exit_code == 0
    assert ask("export", copy).exit_code == 0
    before = contents(copy)
    shown = (copy.parent / "sheet.png", copy.parent / "again.png")
    assert run("dataset", "show", copy, "-o", shown[0]).exit_code == 0
    odd = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    environment = {**os.environ, **odd}
    for words in (
        ("dataset", "merge", copy),
        ("dataset", "report", copy),
        ("dataset", "export", copy, "--format", "webdataset"),
        ("dataset", "validate", copy),
        ("dataset", "show", copy, "-o", shown[1]),
        ("farm", "status", copy),
    ):
        result = orbitset(*words, env=environment)
        assert result.returncode == 0, (words, result.stderr)
    assert contents(copy) == before
    assert shown[0].read_bytes() == shown[1].read_bytes()


def test_a_record_with_a_name_elsewhere_is_named(copy: Path) -> None:
    edit_labels(copy, image(put("file_name", "/etc/passwd")))
    with pytest.raises(DatasetError) as caught:
        list(read_images(Layout(copy)))
    said = (
        "image 2 has a wrong file_name: it should be the path of a file below the dataset's folder"
    )
    assert str(caught.value) == f"annotations/instances.json is damaged: {said}"
    assert validate(Layout(copy), None).findings[0] == str(caught.value)


def test_what_a_finding_quotes_may_be_long(copy: Path) -> None:
    edit_labels(copy, image(put("scenario", "a\n b" * 100_000)))
    (finding,) = validate(Layout(copy), None).findings
    assert finding.startswith("images/00000001.png: scenario is a ba b")
    assert len(finding) <= 1000
