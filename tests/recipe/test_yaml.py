"""What YAML makes of a text that its author did not mean, and texts that are made to do harm."""

from __future__ import annotations

import json
import pickle
import time
from pathlib import Path

import pytest

from renderer.recipe import RecipeError, load_recipe
from renderer.recipe.source import SourceError, parse


def written(folder: Path, text: str | bytes) -> Path:
    (folder / "mug.ply").write_text("ply")
    path = folder / "r.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def recipe_with(**values: str) -> str:
    given = {"images": "2", "category": "mug", "size_m": "1", "denoise": "true"} | values
    return (
        f"name: t\nimages: {given['images']}\nobjects:\n"
        f"  - {{asset: mug.ply, category: {given['category']}, size_m: {given['size_m']}}}\n"
        f"render: {{denoise: {given['denoise']}}}\n"
    )


def problems(folder: Path, text: str | bytes) -> list[str]:
    path = written(folder, text)
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    return [said.replace(f"{path}:", "") for said in caught.value.sentences()]


@pytest.mark.parametrize("word", ["no", "No", "OFF", "yes", "on", "~", "12_000", "0x10", "1e5"])
def test_a_category_that_yaml_takes_for_something_else(tmp_path: Path, word: str) -> None:
    (said,) = problems(tmp_path, recipe_with(category=word))
    assert said.startswith("4:32: objects[0].category: ")
    assert f"must be text, and YAML reads {word} as " in said
    assert said.endswith(": put it in quotes")
    load_recipe(written(tmp_path, recipe_with(category=f"'{word}'")))


@pytest.mark.parametrize(
    ("values", "where", "remedy"),
    [
        ({"images": "010"}, "2:9: images: 010: ", "write 10, or '010' in quotes if it is text"),
        ({"size_m": "-017"}, "4:45: objects[0].size_m: ", "write -17, or"),
        ({"category": "007"}, "4:32: objects[0].category: ", "'007' in quotes if it is text"),
        ({"size_m": "08"}, "4:45: objects[0].size_m: ", "write 8, or"),
        ({"size_m": "!!int '010'"}, "4:45: objects[0].size_m: ", "write 10, or"),
        ({"images": "1:30"}, "2:9: images: 1:30: ", "base of 60: write the number that is meant"),
        ({"size_m": "1:30:00.5"}, "4:45: objects[0].size_m: ", "base of 60"),
        ({"category": "16:9"}, "4:32: objects[0].category: ", "'16:9' in quotes if it is text"),
        ({"images": "1e3"}, "2:9: images: 1e3: ", "must be a whole number: write 1000"),
        ({"images": "'3'"}, '2:9: images: "3": ', "must be a whole number: take away the quotes"),
        ({"size_m": "'0.1'"}, "4:45: objects[0].size_m: ", "a number: take away the quotes"),
        ({"size_m": "0o17"}, "4:45: objects[0].size_m: ", "must be a number: write 15"),
        ({"size_m": "yes"}, "4:45: ", "must be a number (YAML reads yes as true: put it in quotes"),
        ({"size_m": ".inf"}, "4:45: ", "must be a finite number"),
        ({"category": ""}, "4:31: objects[0].category: ", "has no value"),
        ({"images": ""}, "2:8: images: ", "has no value"),
        ({"category": "42"}, "4:32: ", "42: must be text: put it in quotes"),
        ({"category": "<<"}, "4:32: ", "put it in quotes if it is text"),
        ({"category": "!!python/name:os.system x"}, "4:32: ", "is no tag that a recipe may have"),
        (
            {"category": "!!timestamp 2024-01-01"},
            "4:32: ",
            "!!timestamp is no tag that a recipe may have",
        ),
        ({"category": '"\\ud800"'}, "4:32: ", "a character that is none"),
    ],
)
def test_what_is_named_with_the_remedy(
    tmp_path: Path, values: dict[str, str], where: str, remedy: str
) -> None:
    (said,) = problems(tmp_path, recipe_with(**values))
    assert said.startswith(where)
    assert remedy in said


@pytest.mark.parametrize(
    ("text", "number"),
    [("1e-3", 1e-3), ("1E3", 1e3), (".5", 0.5), ("5.", 5), ("+.5", 0.5), ("1e+2", 100)]
    + [("1.0e-3", 1e-3), ("0x10", 16), ("1_000", 1000), ("0.10", 0.1), ("010.5", 10.5)],
)
def test_numbers_are_what_stands_there(tmp_path: Path, text: str, number: float) -> None:
    recipe = load_recipe(written(tmp_path, recipe_with(size_m=text))).recipe
    assert recipe.objects[0].size_m == number


@pytest.mark.parametrize("text", ["2024-01-01", "2001-12-14t21:59:43.10-05:00", "n", "=", "1.2.3"])
def test_texts_are_what_stands_there(tmp_path: Path, text: str) -> None:
    assert load_recipe(written(tmp_path, recipe_with(category=text))).recipe.categories == (text,)


def test_a_switch_may_be_no(tmp_path: Path) -> None:
    assert not load_recipe(written(tmp_path, recipe_with(denoise="no"))).recipe.render.denoise


def test_traps_and_other_mistakes_are_told_together(tmp_path: Path) -> None:
    text = recipe_with(images="010", category="no", size_m="1:30") + "extra: 1\n"
    assert [said.split(": ")[1] for said in problems(tmp_path, text)] == [
        "images",
        "objects[0].category",
        "objects[0].size_m",
        "extra",
    ]


def test_a_trap_that_is_an_alias_is_told_once(tmp_path: Path) -> None:
    text = "name: t\nimages: 2\nobjects:\n  - &o {asset: mug.ply, category: a, size_m: 010}\n"
    (said,) = problems(tmp_path, text + "  - *o\n  - {<<: *o, category: b}\n")
    assert said.startswith("4:46: objects[0].size_m: 010: ")


def test_tabs_and_control_characters(tmp_path: Path) -> None:
    (said,) = problems(tmp_path, "name: t\nobjects:\n\t- {asset: mug.ply}\n")
    assert said.startswith("3:1: ")
    assert said.endswith("indent with spaces")
    assert problems(tmp_path, b"name: t\nimages: \0") == [
        "2:9: not valid YAML: the character #x0000 is not allowed"
    ]


def chain(line: str) -> str:
    """Nine levels, each of nine aliases of the one before."""
    return line.replace("@", "a") + "".join(
        f"{now}: &{now} "
        + (f"{{<<: [{', '.join([f'*{before}'] * 9)}]}}" if "{" in line else "")
        + (f"[{', '.join([f'*{before}'] * 9)}]" if "{" not in line else "")
        + "\n"
        for before, now in zip("abcdefgh", "bcdefghi", strict=True)
    )


HARMFUL = {
    "lists": (chain("@: &@ [x, x, x, x, x, x, x, x, x]\n"), "aliases"),
    "merges": (chain("@: &@ {x: 1, y: 2}\n"), "aliases"),
    "square": (f"x: &x [{'1, ' * 4000}]\ny: [{'*x, ' * 4000}]", "aliases"),
    "long texts": (f"x: &x '{'a' * 100_000}'\ny: [{'*x, ' * 9000}]", "aliases"),
    "in itself": ("&a [*a]", "inside what it is an alias of"),
    "in itself by a merge": ("a: &a\n  <<: *a\n", "inside what it is an alias of"),
    "in itself far down": ("a: &a {b: [{c: *a}]}", "inside what it is an alias of"),
    "levels": ("[" * 5000 + "]" * 5000, "more than 64"),
    "levels of blocks": ("".join(" " * level + "a:\n" for level in range(300)), "more than 64"),
    "levels of dashes": ("- " * 3000 + "x", "more than 64"),
    "size": ("x" * 100_000_000, "at most 4 MB"),
}


@pytest.mark.parametrize("case", HARMFUL)
def test_harmful_texts_are_refused_at_once(tmp_path: Path, case: str) -> None:
    text, reason = HARMFUL[case]
    path = written(tmp_path, text)
    begin = time.process_time()
    with pytest.raises(RecipeError, match=r"r\.yaml:\d+:\d+: ") as caught:
        load_recipe(path)
    assert time.process_time() - begin < 1
    (said,) = caught.value.sentences()
    assert reason in said


def test_thousands_of_mistakes_take_no_longer_than_reading_them(tmp_path: Path) -> None:
    """An alias or two below the limit: each mistake must not be compared with every other."""
    text = f"name: t\nimages: 2\nx: &x {{asset: 1, category: 2}}\nobjects: [{'*x, ' * 9000}]"
    path = written(tmp_path, text)
    begin = time.process_time()
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    assert len(caught.value.problems) > 9000
    assert time.process_time() - begin < 5


def test_anchors_as_people_use_them(tmp_path: Path) -> None:
    many = "\n".join(f"  - {{<<: *o, category: c{number}}}" for number in range(300))
    text = f"""\
name: t
images: 1
objects:
  - &o {{asset: mug.ply, category: mug, size_m: 0.1, yaw_deg: &yaw {{uniform: [0, 90]}}}}
  - {{<<: [*o], category: cup, pitch_deg: *yaw}}
  - *o
{many}
"""
    recipe = load_recipe(written(tmp_path, text)).recipe
    assert len(recipe.categories) == 302
    assert recipe.objects[1].size_m == 0.1
    assert recipe.objects[1].pitch_deg == recipe.objects[0].yaw_deg


def test_errors_cross_processes(tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipe(written(tmp_path, recipe_with(images="010")))
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.problems == caught.value.problems
    assert str(again) == str(caught.value)
    with pytest.raises(SourceError) as wrong:
        parse("a: &a [*a]")
    assert pickle.loads(pickle.dumps(wrong.value)).position == wrong.value.position


def test_json_is_read_as_json() -> None:
    assert parse('{"size_m": 1e-07, "x": 1E5}').data == {"size_m": 1e-7, "x": 1e5}
    text = {"category": "mug 😀", "\U0001f600": "чашка"}
    assert parse(json.dumps(text)).data == text
