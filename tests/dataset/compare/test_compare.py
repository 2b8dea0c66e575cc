"""What is planted in a dataset is found, named with its key, and made up for by the fitted value.

More cases, and how often they succeed: ``python -m tests.benchmarks.compare``.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from renderer.commands.app import app
from renderer.dataset.compare.comparison import Comparison, compare
from renderer.dataset.compare.page import page
from renderer.dataset.layout import Layout
from tests.dataset.compare.planted import planted, with_shifts, with_values


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("planted")


@pytest.fixture(scope="module")
def base(root: Path) -> Layout:
    """A dataset with pictures, and its recipe's models beside it."""
    return planted(root / "base", root / "cache", with_shifts(images=60, seed=1), pictures=True)


@pytest.fixture(scope="module")
def real(root: Path) -> Layout:
    """Another, farther from its objects and darker: fifty images, as few as are asked for."""
    recipe = with_shifts("size", "brightness", images=50, seed=2)
    return planted(root / "real", root / "cache", recipe, pictures=True)


@pytest.fixture(scope="module")
def found(base: Layout, real: Layout) -> Comparison:
    return compare(base, real.instances, real.root)


def by_key(found: Comparison) -> dict[str, object]:
    fits = [row.advice.fitted for row in found.rows if row.advice and row.advice.fitted]
    return {fitted.key: fitted.value for fitted in fits}


def ends(value: object) -> tuple[float, float]:
    assert isinstance(value, dict)
    low, high = next(iter(value.values()))
    return low, high


def test_both_keys_are_named_with_what_was_planted(found: Comparison) -> None:
    keys = by_key(found)
    assert set(keys) == {"camera.orbit.fill", "effects.exposure.stops"}
    assert ends(keys["camera.orbit.fill"]) == pytest.approx((0.2, 0.4), abs=0.07)
    assert ends(keys["effects.exposure.stops"]) == pytest.approx((-1.2, -0.4), abs=0.4)
    assert {"size", "brightness"} <= {row.measure.name for row in found.rows[:3]}


def test_what_follows_from_them_is_told_and_gets_no_key(found: Comparison) -> None:
    told = {row.measure.name: row.advice.text for row in found.rows if row.advice}
    assert told.keys() == {row.measure.name for row in found.rows if row.difference.differs}
    assert told["sharpness"] == "follows from brightness: move that first"
    assert all("follows from" in told[name] for name in told.keys() - {"size", "brightness"})


def test_fitted_values_bring_the_sets_together(root: Path, real: Layout, found: Comparison) -> None:
    values = [
        change
        for row in found.rows
        if row.advice and row.advice.fitted
        for change in row.advice.fitted.values
    ]
    recipe = with_values(values, images=60, seed=3)
    again = compare(
        planted(root / "again", root / "cache", recipe, True), real.instances, real.root
    )
    before, after = ({r.measure.name: r.difference for r in c.rows} for c in (found, again))
    for name in ("size", "brightness"):
        assert after[name].distance < 0.2 * before[name].distance
        assert not after[name].differs


def test_a_dataset_does_not_differ_from_another_of_its_recipe(root: Path, base: Layout) -> None:
    same = planted(root / "same", root / "cache", with_shifts(images=50, seed=9), pictures=True)
    found = compare(base, same.instances, same.root)
    assert len(found.rows) == 13
    assert not any(row.difference.differs for row in found.rows)


def test_the_page_is_whole_and_names_no_other_place(found: Comparison) -> None:
    text = page(found).decode()
    assert text.count("<svg") == 13
    assert "camera.orbit.fill: {" in text
    assert not re.search(r"(src|href)=.?http|url\(http|@import", text)
    assert "<script" not in text


RECIPE = "# mine\n" + json.dumps(with_shifts(images=60), indent=1)


def test_the_command_tells_writes_and_fits(
    base: Layout, real: Layout, tmp_path: Path, solids: Path
) -> None:
    for name in ("box.ply", "ball.ply"):
        (tmp_path / name).write_bytes((solids / name).read_bytes())
    recipe, target = tmp_path / "recipe.yaml", tmp_path / "fit.yaml"
    recipe.write_text(RECIPE)
    more = ["--page", tmp_path / "page.html", "--fit", target, "--recipe", recipe, "--json"]
    call = ["dataset", "compare", base.root, real.instances, *more]
    result = CliRunner().invoke(app, list(map(str, call)))
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["fit"] == str(target)
    assert {each["measure"] for each in told["measures"]} == {
        "size", "aspect", "place_x", "place_y", "count", "overlap",
    }  # fmt: skip
    first = told["measures"][0]
    assert (first["measure"], first["key"], first["differs"]) == ("size", "camera.orbit.fill", True)
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")
    text = target.read_text()
    assert "# mine" in text
    assert "loguniform" in text
    again = CliRunner().invoke(app, list(map(str, call)))
    assert again.exit_code == 2
    assert "exists already" in again.stderr


def test_a_small_dataset_is_refused_in_a_sentence(crowd: Path, real: Layout) -> None:
    """The one that was rendered: eight images tell nothing."""
    result = CliRunner().invoke(app, ["dataset", "compare", str(crowd), str(real.instances)])
    assert result.exit_code == 2
    assert "has 8 images, and at least 10 are needed" in result.stderr
