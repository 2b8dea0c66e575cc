"""``output.exports``: mistakes with their place, the schema, and a format of another package."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from renderer.recipe import Recipe, RecipeError, load_recipe, recipe_schema
from renderer.registry import FORMATS
from tests.conftest import CROWD, contents, orbitset, write_recipe

RECIPE = """name: a
images: 2
objects: [{asset: box.ply, category: box}]
output:
"""
KNOWN = " or ".join(f"'{name}'" for name in FORMATS.names())
WRONG = {
    "  exports: [{format: yollo}]": (
        f'5:22: output.exports[0].format: "yollo" is not one of {KNOWN} (did you mean `yolo`?)'
    ),
    "  exports: [{}]": "5:13: output.exports[0].format: is required",
    "  exports: [yolo]": ('5:13: output.exports[0]: "yolo": must be a mapping of keys to values'),
    "  exports:\n  - format: webdataset\n    shard_imags: 3": (
        "7:5: output.exports[0].shard_imags: unknown key (did you mean `shard_images`?)"
    ),
    "  exports:\n  - format: webdataset\n  - format: yolo\n    shard_images: 3": (
        "8:5: output.exports[1].shard_images: unknown key (known keys are split, by, format)"
    ),
    "  exports:\n  - {format: webdataset, shard_images: '3'}": (
        '6:40: output.exports[0].shard_images: "3": must be a whole number: take away the quotes'
    ),
    "  exports: [{format: webdataset}, {format: yolo}]\nlabels: {box: false}": (
        '5:44: output.exports[1].format: "yolo": needs box labels: write labels: {box: true}, or '
        "leave it out"
    ),
    "  exports: [{format: yolo, split: {train: 0.8, val: 0.3}}]": (
        '5:35: output.exports[0].split: {"train": 0.8, "val": 0.3}: the shares sum to 1.1, and must '
        "sum to 1"
    ),
    "  exports: [{format: yolo, split: {train: 0.8, val: 0}, by: asset}]": (
        "5:53: output.exports[0].split.val: 0: must be greater than 0"
    ),
    "  exports: [{format: yolo, split: {a/b: 1}}]": (
        "5:35: output.exports[0].split: {\"a/b\": 1}: the name 'a/b' may hold up to 64 letters"
    ),
    "  exports: [{format: yolo, split: {}}]": (
        "5:35: output.exports[0].split: {}: names no side: write train: 0.8 and val: 0.2"
    ),
    "  exports: [{format: yolo, split: {train: 1}, by: shot}]": (
        "5:51: output.exports[0].by: \"shot\" is not one of 'scene', 'asset', 'background' or "
        "'variant'"
    ),
    "  exports: [{format: yolo, by: asset}]": (
        '5:32: output.exports[0].by: "asset": there is no split: give one, or leave it out'
    ),
    "  exports: [{format: yolo}, {format: yolo}]": "the format yolo stands twice",
    "  webdataset: 500": (
        "5:15: output.webdataset: 500: is now written "
        "`exports: [{format: webdataset, shard_images: 500}]`"
    ),
}


@pytest.mark.parametrize("output", WRONG)
def test_a_mistake_is_named_with_its_place(solids: Path, tmp_path: Path, output: str) -> None:
    path = write_recipe(tmp_path, {}, solids)
    path.write_text(RECIPE + output + "\n")
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    (said,) = caught.value.sentences()
    assert WRONG[output] in said


def test_schema_and_model_agree(solids: Path) -> None:
    validator = jsonschema.Draft202012Validator(recipe_schema())
    plain = {key: CROWD[key] for key in ("name", "images", "objects")}
    good: list[Any] = [
        [],
        [{"format": "yolo"}, {"format": "webdataset", "shard_images": 3}],
        [{"format": "yolo", "split": {"train": 0.8, "val": 0.2}, "by": "asset"}],
    ]
    bad: list[Any] = [
        [{"format": "yolo", "split": {"train": 0.0, "val": 1.0}}],
        [{"format": "yolo", "split": {"train": 1.0}, "by": "shot"}],
        [{}],
        [{"format": "x"}],
        [{"format": "yolo", "shard_images": 3}],
        ["yolo"],
    ]
    for exports in good + bad:
        data = {**plain, "output": {"exports": exports}}
        assert validator.is_valid(data) == (exports in good), exports
    for exports in good[1:]:
        data = {**plain, "output": {"exports": exports}}
        recipe = Recipe.model_validate(data, context={"folder": solids})
        again = Recipe.model_validate_json(recipe.model_dump_json(), context={"folder": solids})
        assert again == recipe
        assert recipe.model_dump(mode="json")["output"]["exports"] == exports


TOY = '''
from typing import Literal
from pydantic import Field
from renderer.export.format import Format, Options, Summary


class ToyOptions(Options):
    unit: Literal["pixels", "shares"] = Field("pixels", description="What sizes are in.")


class Toy(Format[ToyOptions]):
    """A line an object: image, category, width."""

    name = "toy"
    Options = ToyOptions

    def write(self, samples, head, target, options):
        images = lines = 0
        with target.open("objects.csv") as file:
            for sample in samples:
                images += 1
                for record in sample.annotations:
                    whole = sample.image.width if options.unit == "shares" else 1
                    name = head.categories[record.category_id]
                    file.write(f"{sample.stem},{name},{record.bbox[2] / whole}\\n".encode())
                    lines += 1
        return Summary(images, lines, ("heights",))
'''


@pytest.fixture
def toy(tmp_path: Path) -> dict[str, str]:
    """The environment in which a package with a format is installed."""
    site = tmp_path / "site"
    info = site / "toy-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "toy.py").write_text(TOY)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[orbitset.formats]\ntoy = toy:Toy\n")
    return {**os.environ, "PYTHONPATH": str(site)}


def test_a_format_of_another_package(
    crowd: Path, solids: Path, tmp_path: Path, toy: dict[str, str]
) -> None:
    exports = [{"format": "toy", "unit": "share"}]
    data = {**CROWD, "output": {"exports": exports}}
    recipe = write_recipe(tmp_path / "r", data, solids)
    wrong = orbitset("recipe", "check", recipe, env=toy)
    assert "output.exports[0].unit: \"share\" is not one of 'pixels' or 'shares'" in wrong.stderr
    exports[0]["unit"] = "shares"
    recipe.write_text(json.dumps(data))
    assert orbitset("recipe", "check", recipe, env=toy).returncode == 0
    assert '"toy_format"' in orbitset("recipe", "schema", env=toy).stdout
    assert "toy: A line an object" in orbitset("dataset", "export", "--list", env=toy).stdout
    out = tmp_path / "out"
    done = orbitset("render", recipe, "-o", out, env=toy)
    assert done.returncode == 0, done.stderr
    labels = json.loads((crowd / "annotations/instances.json").read_text())
    names = {each["id"]: each["name"] for each in labels["categories"]}
    assert (out / "exports/toy/objects.csv").read_text() == "".join(
        f"{each['image_id'] - 1:08d},{names[each['category_id']]},{each['bbox'][2] / 96}\n"
        for each in labels["annotations"]
    )
    before = contents(out)
    assert orbitset("dataset", "merge", out, env=toy).returncode == 0
    assert contents(out) == before
    assert orbitset("dataset", "validate", out, env=toy).returncode == 0
    text = (out / "exports/toy/objects.csv").read_text()
    (out / "exports/toy/objects.csv").write_text(text.replace("0,ball", "0,box", 1))
    found = orbitset("dataset", "validate", out, env=toy)
    assert found.returncode == 1
    assert "exports/toy/objects.csv is not what the dataset says" in found.stderr
    missing = orbitset("dataset", "merge", out)
    assert missing.returncode == 2
    assert 'asks for an export that cannot be made (format: "toy" is not one of' in missing.stderr
