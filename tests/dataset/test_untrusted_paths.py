"""A dataset from anywhere: whatever its files say or are, no command reads, writes or deletes a file
outside its folder, and each says in one line what it refuses.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from renderer.asset import AssetCache
from renderer.commands.app import app
from renderer.dataset.json_text import dumps
from renderer.dataset.layout import DatasetError, Layout, is_path_below
from renderer.dataset.storage import draft_of
from tests.conftest import contents
from tests.dataset.edits import edit, edit_labels, image, put

MARK = "CANARY-b1946ac9"
Attack = Callable[[Path, Path], Any]

# Audit hooks cannot be taken away again: one, that is switched on for a command.
_touched: list[str] | None = None
_FOLLOWED = ("open", "os.listdir", "os.scandir", "os.truncate")
_UNFOLLOWED = ("os.remove", "os.rename", "os.link", "os.symlink", "os.mkdir", "os.rmdir")


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if _touched is None or event not in _FOLLOWED + _UNFOLLOWED:
        return
    for each in arguments[:2]:
        if isinstance(each, str | bytes | os.PathLike):
            folder, name = os.path.split(os.fsdecode(each))
            whole = os.path.join(os.path.realpath(folder), name)
            _touched.append(os.path.realpath(whole) if event in _FOLLOWED else whole)


sys.addaudithook(_watch)


@contextmanager
def watched() -> Iterator[list[str]]:
    """Record every path that this process opens, lists, renames or deletes, its links followed."""
    global _touched
    _touched = paths = []
    try:
        yield paths
    finally:
        _touched = None


@pytest.fixture
def canary(crowd: Path, tmp_path: Path) -> Path:
    """What lies beside the dataset: all it would take to be read as a part of it."""
    folder = tmp_path / "canary"
    shutil.copytree(crowd, folder)
    exported(folder, "000000.tar")
    (folder / "exports/webdataset/000000.tar").write_text(MARK)
    (folder / "logs/quarantine").mkdir()
    for name in ("secret", "secret.txt", "secret.yaml", "secret.tar"):
        (folder / name).write_text(f"{MARK}: {MARK}\n")
    (folder / "logs/run-20000101-000000-x-1.jsonl").write_text(
        json.dumps({"event": "end", "how": MARK, "time": 1}) + "\n"
    )
    edit(folder / "manifest.json", lambda data: data["warnings"].append(MARK))
    edit(folder / "parts/run.json", lambda data: data["head"]["warnings"].append(MARK))
    edit_labels(folder, lambda data: data["categories"][0].update(name=MARK))
    return folder


EXPORT = ("dataset", "export", "--format", "webdataset")


def exported(folder: Path, *entries: object) -> None:
    """Let a dataset have an export already, by what it says of itself."""
    (folder / "exports/webdataset").mkdir(parents=True)
    said = {"format": "webdataset", "entries": entries, "finished": True}
    (folder / "exports/webdataset/export.json").write_text(json.dumps(said))


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Names, times and contents of all that is in a folder."""
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in folder.rglob("*")
    }


def commands(root: Path, out: Path, recipe: Path) -> dict[str, list[object]]:
    cpu = ("--devices", "cpu", "--per-device", 1)
    return {
        "validate": ["dataset", "validate", root],
        "show": ["dataset", "show", root, "-o", out / "sheet.png"],
        "show each": ["dataset", "show", root, "--each", "-o", out / "each"],
        "statistics": ["dataset", "statistics", root],
        "report": ["dataset", "report", root],
        "export": [*EXPORT, root],
        "export elsewhere": [*EXPORT, root, "-o", out / "shards"],
        "status": ["farm", "status", root, "--json"],
        "log": ["farm", "log", root, "--last", 0],
        "merge elsewhere": ["dataset", "merge", root, "-o", out / "joined"],
        "merge": ["dataset", "merge", root],
        "retry": ["farm", "retry", root, *cpu],
        "render": ["render", recipe, "-o", root, *cpu],
    }


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def assaulted(copy: Path, canary: Path, recipe: Path, *only: str) -> dict[str, Result]:
    """Run every command on a dataset; whatever comes of it, the canary is neither touched nor told
    of, and a refusal is one line.
    """
    out, results = copy.parent / "out", dict[str, Result]()
    before, beside = snapshot(canary), set(copy.parent.iterdir()) | {out}
    for name, words in commands(copy, out, recipe).items():
        if only and name not in only:
            continue
        with watched() as touched:
            result = results[name] = run(*words)
        assert isinstance(result.exception, SystemExit | None), (name, result.exception)
        assert MARK not in result.output, (name, result.output)
        inside = [path for path in touched if Path(path).is_relative_to(canary)]
        assert not inside, (name, inside)
        assert snapshot(canary) == before, name
        assert set(copy.parent.iterdir()) <= beside, name
        if result.exit_code == 2:
            said = [line for line in result.output.splitlines() if line.startswith("error: ")]
            assert len(said) == 1, (name, result.output)
    for path in out.rglob("*"):
        assert not path.is_file() or MARK.encode() not in path.read_bytes(), path
    return results


def link(name: str) -> Attack:
    """Put a link to the canary's own in the place of a file or folder."""

    def attack(root: Path, canary: Path) -> None:
        path = root / name
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(canary / name)

    return attack


def nowhere(name: str) -> Attack:
    """Put a link there to what is not there yet, outside."""

    def attack(root: Path, canary: Path) -> None:
        path = root / name
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        path.symlink_to(canary / "new")

    return attack


def first(folder: str, pattern: str) -> Attack:
    def attack(root: Path, canary: Path) -> None:
        name = sorted((root / folder).glob(pattern))[0].name
        link(f"{folder}/{name}")(root, canary)

    return attack


def named(form: str) -> Attack:
    """Give image 2 a name that leads to the canary's."""

    def attack(root: Path, canary: Path) -> None:
        name = form.format(canary=canary)
        edit_labels(root, image(put("file_name", name)))

    return attack


def filed(form: str) -> Attack:
    """Give image 2 a file that is the canary's."""

    def attack(root: Path, canary: Path) -> None:
        path = form.format(canary=canary)
        edit_labels(
            root, image(lambda record: record["files"].update(depth={"path": path, "blake2b": ""}))
        )

    return attack


def part(form: str, key: str = "file_name") -> Attack:
    """Put a second line of image 2 into the parts, that differs: merge looks at the file of both."""

    def attack(root: Path, canary: Path) -> None:
        lines = [
            json.loads(line)
            for path in (root / "parts").glob("*.jsonl")
            for line in path.read_text().splitlines()
        ]
        line = next(each for each in lines if each["index"] == 1)
        image = line["images"][0]["image"]
        image |= {"brightness": 0}
        (image if key == "file_name" else image["files"]["picture"])[key] = form.format(
            canary=canary
        )
        (root / "parts/00000001-00000001.007.0.jsonl").write_text(dumps(line) + "\n")

    return attack


def entries(*names: object) -> Attack:
    """Tell of an earlier export."""

    def attack(root: Path, canary: Path) -> None:
        exported(
            root, *(name.format(canary=canary) if isinstance(name, str) else name for name in names)
        )

    return attack


def asset(root: Path, canary: Path) -> None:
    """Let a shot name a model's folder in the cache that is not in the cache."""
    entry = canary / "entry"
    key = Path(json.loads((root / "shots.jsonl").open().readline())["objects"][0]["asset"])
    cache = AssetCache(Path(os.environ["ORBITSET_CACHE"]))
    shutil.copytree(cache.entry(str(key)), entry)
    other = os.path.relpath(entry, cache.entry(str(key)).parent)
    text = (root / "shots.jsonl").read_text()
    (root / "shots.jsonl").write_text(text.replace(f'"asset":"{key}"', f'"asset":"{other}"'))


NAMES = {
    "absolute": "{canary}/images/00000001.png",
    "upward": "../canary/images/00000001.png",
    "up from within": "images/../../canary/images/00000001.png",
    "with a drive": "C:/canary/00000001.png",
    "with backslashes": "..\\canary\\images\\00000001.png",
    "not normal": "images/./00000001.png",
    "double": "images//00000001.png",
    "empty": "",
    "a NUL": "images/00000001.png\0",
    "a folder above": "..",
    "an address": "file:///{canary}/images/00000001.png",
}
ELSEWHERE = "is a link out of the dataset's folder"
ATTACKS: dict[str, tuple[Attack, str]] = {
    **{
        f"image name {kind}": (named(form), "image 2 has a wrong file_name")
        for kind, form in NAMES.items()
    },
    **{
        f"file {kind}": (filed(NAMES[kind]), "image 2 has a wrong files.depth.path")
        for kind in ("absolute", "upward", "with backslashes")
    },
    **{
        f"part's name {kind}": (part(NAMES[kind]), "shot 1 has a wrong images[0].image.file_name")
        for kind in ("absolute", "upward", "a NUL")
    },
    **{
        f"part's file {kind}": (
            part(NAMES[kind], "path"),
            "shot 1 has a wrong images[0].image.files.picture.path",
        )
        for kind in ("absolute", "upward", "a NUL")
    },
    **{
        f"{name} a link": (link(name), ELSEWHERE)
        for name in (
            *("images", "annotations", "parts", "logs", "exports", "exports/webdataset"),
            *("manifest.json", "shots.jsonl", "annotations/instances.json", "parts/run.json"),
            *("images/00000001.png", "exports/webdataset/export.json", "parts/lock", "report.html"),
            "logs/quarantine",
        )
    },
    **{
        f"{name} a link to nothing": (nowhere(name), ELSEWHERE)
        for name in ("images", "exports", "report.html", "parts/lock", "shots.jsonl")
    },
    "a part a link": (first("parts", "0*.jsonl"), ELSEWHERE),
    "a journal a link": (first("logs", "run-*.jsonl"), ELSEWHERE),
    "export absolute": (entries("000000.tar", "{canary}/secret.tar"), "is damaged (entries[1]: "),
    "export upward": (entries("../../canary/secret.tar"), "is damaged (entries[0]: "),
    "export of a list": (entries([1]), "is damaged (entries[0]: "),
    "a model elsewhere": (asset, "has an asset that is no key"),
}


@pytest.mark.parametrize("case", ATTACKS)
def test_no_command_touches_what_is_outside(
    crowd: Path, copy: Path, canary: Path, case: str
) -> None:
    attack, said = ATTACKS[case]
    attack(copy, canary)
    results = assaulted(copy, canary, crowd.parent / "recipe.yaml")
    told = [result for result in results.values() if said in " ".join(result.output.split())]
    assert told, {name: result.output for name, result in results.items()}
    assert all(result.exit_code in (1, 2) for result in told)


def test_drafts_that_are_links_are_not_written_through(
    crowd: Path, copy: Path, canary: Path
) -> None:
    """They lie where this very process will have its drafts."""
    for name in ("manifest.json", "shots.jsonl", "report.html", "annotations/instances.json"):
        draft_of(copy / name).symlink_to(canary / "secret.txt")
    recipe = crowd.parent / "recipe.yaml"
    for name, result in assaulted(copy, canary, recipe, "merge", "render", "report").items():
        assert result.exit_code == 0, (name, result.output)
    assert contents(copy) == contents(crowd)


@pytest.mark.parametrize("secret", ["secret", "secret.txt"])
def test_a_recipe_that_is_none_is_not_read(
    crowd: Path, copy: Path, canary: Path, secret: str
) -> None:
    """A run names its recipe, which lies outside by nature."""
    edit(copy / "parts/run.json", lambda run: run["origin"].update(recipe=str(canary / secret)))
    result = assaulted(copy, canary, crowd.parent / "recipe.yaml", "retry", "status")["retry"]
    assert result.exit_code == 2
    assert f"{canary / secret}, which " in result.output
    assert "run.json names as its recipe, is none: say which it is with --recipe" in result.output


def test_nothing_is_shown_of_a_recipe_with_mistakes(copy: Path, canary: Path) -> None:
    secret = canary / "secret.yaml"
    for content in (f"name: {MARK}\n{MARK}: 1\n", f"{MARK}: ["):
        secret.write_text(content)
        edit(copy / "parts/run.json", lambda run: run["origin"].update(recipe=str(secret)))
        result = run("farm", "retry", copy)
        assert result.exit_code == 2
        assert MARK not in result.output
        assert "orbitset recipe check" in result.output


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        ({"recipe": 7, "changes": {}}, "it has a wrong origin.recipe"),
        ({"recipe": "x"}, "it lacks origin.changes"),
        ({"recipe": "\0", "changes": {}}, "has moved: say where it is with --recipe"),
        ([], "it has a wrong origin: it should be an object"),
    ],
)
def test_a_damaged_origin_is_one_sentence(copy: Path, origin: Any, said: str) -> None:
    edit(copy / "parts/run.json", put("origin", origin))
    result = run("farm", "retry", copy)
    assert (result.exit_code, len(result.output.splitlines())) == (2, 1)
    assert said in result.output


def test_retry_says_which_recipe_it_reads(crowd: Path, copy: Path) -> None:
    odd = {"engine": None, "rm": "-rf", "recipe": "/"}
    edit(copy / "parts/run.json", lambda run: run["origin"]["changes"].update(odd))
    result = run("farm", "retry", copy, "--devices", "cpu")
    assert result.exit_code == 0, result.output
    assert (
        f"the recipe is {crowd.parent / 'recipe.yaml'}, as {copy}/parts/run.json" in result.output
    )


def test_workers_write_no_log_through_a_link(crowd: Path, copy: Path, canary: Path) -> None:
    log = next((copy / "logs").glob("blender-*.log"))
    log.unlink()
    log.symlink_to(canary / "secret.txt")
    (copy / "images/00000003.png").unlink()
    before = snapshot(canary)
    words = ("render", crowd.parent / "recipe.yaml", "-o", copy, "--devices", "cpu")
    result = run(*words, "--per-device", 1)
    assert result.exit_code == 2
    assert ELSEWHERE in result.output
    assert snapshot(canary) == before
    assert not (copy / "images/00000003.png").exists()


def test_a_link_that_joins_one_dataset_to_another_is_not_copied(
    crowd: Path, copy: Path, canary: Path
) -> None:
    """Merging into another folder: a link inside the first would lead elsewhere from there."""
    (copy / "images/00000001.png").unlink()
    (copy / "images/00000001.png").symlink_to("../images/00000002.png")
    joined = copy.parent / "joined"
    assert run("dataset", "merge", copy, "-o", joined).exit_code == 0
    assert not (joined / "images/00000001.png").is_symlink()


def test_links_of_the_users_own(crowd: Path, copy: Path) -> None:
    """The root may be a link, and so may what stays below it."""
    (copy / "images").rename(copy / "pictures")
    (copy / "images").symlink_to("pictures")
    (copy / "logs").rename(copy / "parts/logs")
    (copy / "logs").symlink_to(copy / "parts/logs")
    root = copy.parent / "linked"
    root.symlink_to(copy)
    recipe = crowd.parent / "recipe.yaml"
    for name, words in commands(root, copy.parent / "out", recipe).items():
        result = run(*words)
        assert result.exit_code == 0, (name, result.output)


@pytest.mark.parametrize(
    "name", ["manifest.json", "annotations/instances.json", "images/00000000.png", "parts/run.json"]
)
def test_a_pipe_is_not_waited_for(crowd: Path, copy: Path, canary: Path, name: str) -> None:
    (copy / name).unlink()
    os.mkfifo(copy / name)
    signal.alarm(100)
    try:
        results = assaulted(copy, canary, crowd.parent / "recipe.yaml")
    finally:
        signal.alarm(0)
    assert any("is neither a file nor a folder" in result.output for result in results.values())


def test_what_is_written_replaces_a_link(copy: Path, canary: Path) -> None:
    for name in ("sheet.png", "each/00000001.png", "shards/000000.tar"):
        (copy.parent / name).parent.mkdir(exist_ok=True)
        (copy.parent / name).symlink_to(canary / "secret.txt")
    before, here = snapshot(canary), copy.parent
    assert run("dataset", "show", copy, "-o", here / "sheet.png").exit_code == 0
    assert run("dataset", "show", copy, "--each", "-o", here / "each").exit_code == 0
    result = run(*EXPORT, copy, "-o", here / "shards")
    assert result.exit_code == 2
    assert "holds no export of orbitset" in result.output
    assert snapshot(canary) == before
    (here / "shards/export.json").write_text(
        '{"format": "webdataset", "entries": ["000000.tar"], "finished": true}'
    )
    assert run(*EXPORT, copy, "-o", here / "shards").exit_code == 0
    assert snapshot(canary) == before
    assert not (here / "shards/000000.tar").is_symlink()
    assert not (here / "sheet.png").is_symlink()
    assert Image.open(here / "each/00000001.png").size == (480, 360)


@pytest.mark.parametrize(
    "name", ["a", "images/00000000.png", "a b/ü-杯.png", "...", "a..b/.c", "xy:z"]
)
def test_paths_below(tmp_path: Path, name: str) -> None:
    assert is_path_below(name)
    assert Layout(tmp_path).file(name) == tmp_path / name


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "/", "/a", "a/", "a//b", "./a", "a/.", "a/../b", "../a", "a/.."),
        *(
            "a\\b",
            "\\\\host\\a",
            "c:a",
            "C:/a",
            "a\0",
            "a\nb",
            "\ud800",
            "ü" * 200,
            "a/" * 3000 + "b",
        ),
    ],
)
def test_paths_that_are_not_below(tmp_path: Path, name: str) -> None:
    assert not is_path_below(name)
    with pytest.raises(DatasetError, match="names a file that is not below it"):
        Layout(tmp_path).file(name)
