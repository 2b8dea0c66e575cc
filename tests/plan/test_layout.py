"""arrangement.layout: what a grid, a shelf, scatter and clusters promise, by the objects' corners."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.optimize import linprog

from renderer.plan import Planner
from renderer.plan.layout import LayoutError
from renderer.recipe import Recipe
from renderer.shot.shot import Shot
from tests import shapes

Maker = Callable[..., Planner]
SOLIDS = {"box": shapes.box((0.6, 0.4, 0.8)), "ball": shapes.sphere(rings=12)}
OBJECTS = [
    {"asset": "box.ply", "category": "box", "count": 9, "size_m": {"uniform": [0.1, 0.2]}},
    {"asset": "ball.ply", "category": "ball", "count": 3, "size_m": 0.08},
]


def recipe(layout: Any, objects: list[dict[str, Any]] = OBJECTS, **more: Any) -> dict[str, Any]:
    return {
        "name": "t",
        "images": 8,
        "objects": objects,
        "arrangement": {"layout": layout},
        "background": {"color": "white"},
        "accept": {"min_visibility": 0, "max_truncation": 1},
        **more,
    }


def corners(planner: Planner, shot: Shot) -> list[np.ndarray]:
    found = []
    for entry in shot.objects:
        matrix = np.array(entry.model_to_world)
        points = planner.cache.geometry(entry.asset).vertices.astype(float)
        found.append(points @ matrix[:3, :3].T + matrix[:3, 3])
    return found


def meet(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether convex hulls have a point in common: mixtures of both sides' corners that agree."""
    size = a.shape[1]
    equal = np.block(
        [[a.T, -b.T], [np.ones(len(a)), np.zeros(len(b))], [np.zeros(len(a)), np.ones(len(b))]]
    )
    solved = linprog(np.zeros(len(a) + len(b)), A_eq=equal, b_eq=[0] * size + [1, 1])
    return bool(solved.status == 0)


@pytest.mark.parametrize(
    "layout",
    [
        {"grid": {"gap": 0, "jitter": 1, "empty": 0.3}},
        {"grid": {"columns": 5}},
        {"scatter": {"per_m2": 8, "gap": 0.1}},
        {"clusters": {"count": 3}},
    ],
)
def test_they_stand_on_the_floor_apart(plain_planner: Maker, layout: dict[str, Any]) -> None:
    planner = plain_planner(recipe(layout), **SOLIDS)
    for index in range(4):
        shot = planner.shot(index)
        solids = corners(planner, shot)
        assert len(solids) == 12
        for points in solids:
            assert points[:, 2].min() == pytest.approx(0, abs=1e-6)
        for a, b in combinations([points[:, :2] for points in solids], 2):
            assert not meet(0.9999 * (a - a.mean(0)) + a.mean(0), b)


def test_a_grid_s_places(plain_planner: Maker) -> None:
    """Without jitter all middles lie on lines as far apart as the largest object and its gap."""
    same = [{**OBJECTS[0], "size_m": 0.2, "yaw_deg": 0, "count": 12}]
    data = recipe({"grid": {"columns": 4, "gap": 0.5, "jitter": 0, "empty": 0}}, same)
    planner = plain_planner(data, **SOLIDS)
    middles = np.array([each.mean(0)[:2] for each in corners(planner, planner.shot(0))])
    # 0.6 x 0.4 x 0.8, and the longest is 0.2.
    expected = {(0.225 * x, 0.15 * y) for x in (-1.5, -0.5, 0.5, 1.5) for y in (-1, 0, 1)}
    found = {tuple(np.round(each, 6).tolist()) for each in middles}
    assert np.array(sorted(found)) == pytest.approx(np.array(sorted(expected)), abs=1e-6)
    jittered = plain_planner(
        recipe({"grid": {"columns": 4, "gap": 0.5, "jitter": 0.5}}, same), **SOLIDS
    )
    moved = np.array([each.mean(0)[:2] for each in corners(jittered, jittered.shot(0))])
    away = np.abs(moved - middles)
    assert (away <= np.array([0.5 * 0.075 / 2, 0.5 * 0.05 / 2]) + 1e-9).all()
    assert away.max() > 0.01


def test_a_share_of_a_grid_is_empty(plain_planner: Maker) -> None:
    same = [{**OBJECTS[0], "size_m": 0.2, "yaw_deg": 0, "count": 12}]
    data = recipe({"grid": {"columns": 4, "gap": 0, "jitter": 0, "empty": 0.25}}, same)
    planner = plain_planner(data, **SOLIDS)
    patterns = set()
    for index in range(6):
        middles = np.array([each.mean(0)[:2] for each in corners(planner, planner.shot(index))])
        places = np.round(middles / (0.15, 0.1) + (1.5, 1.5)).astype(int)
        assert places.min() >= 0
        assert places.max() <= 3
        patterns.add(frozenset(map(tuple, places.tolist())))
        assert len(set(map(tuple, places.tolist()))) == 12
    assert len(patterns) > 3


@pytest.mark.parametrize("density", [3.0, 20.0])
def test_scatter_has_its_density(plain_planner: Maker, density: float) -> None:
    """All middles lie in a square of count / density, and fill it evenly."""
    small = [{"asset": "ball.ply", "category": "ball", "count": 60, "size_m": 0.08}]
    planner = plain_planner(recipe({"scatter": {"per_m2": density}}, small), **SOLIDS)
    half = np.sqrt(60 / density) / 2
    quarters = np.zeros(4)
    for index in range(8):
        middles = np.array([each.mean(0)[:2] for each in corners(planner, planner.shot(index))])
        assert np.abs(middles).max() <= half
        assert np.abs(middles).max() > 0.9 * half
        quarters += np.bincount((middles > 0) @ [1, 2], minlength=4)
    assert np.abs(quarters - 120).max() < 40


def test_a_density_that_cannot_be_is_refused(plain_planner: Maker) -> None:
    planner = plain_planner(recipe({"scatter": {"per_m2": 200}}), **SOLIDS)
    with pytest.raises(LayoutError, match=r"12 objects cover .* m2 of floor, and at 200 a square"):
        planner.shot(0)


def test_clusters_are_apart(plain_planner: Maker) -> None:
    """Single linkage at half the least gap between heaps finds them: as many, as large."""
    data = recipe({"clusters": {"count": 3, "apart": 2}})
    data["arrangement"]["gap"] = 0.05
    planner = plain_planner(data, **SOLIDS)
    for index in range(4):
        solids = [each[:, :2] for each in corners(planner, planner.shot(index))]
        group = list(range(12))
        for i, j in combinations(range(12), 2):
            gap = min(float(np.linalg.norm(solids[j] - p, axis=1).min()) for p in solids[i])
            if gap < 0.1:
                group = [group[i] if each == group[j] else each for each in group]
        sizes = sorted(group.count(each) for each in set(group))
        assert sizes == [4, 4, 4]


def on_boards(planner: Planner, shot: Shot) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The corners of the objects, and of the boards (the back panel last)."""
    solids = corners(planner, shot)
    count = sum(entry.category is not None for entry in shot.objects)
    assert all(entry.category is None for entry in shot.objects[count:])
    return solids[:count], solids[count:]


def test_objects_stand_on_boards(make_planner: Callable[..., Planner]) -> None:
    layout = {"shelf": {"levels": 3, "deep": 2, "jitter": 1, "gap": 0.1, "mixed": True}}
    planner = make_planner(recipe(layout))
    for index in range(4):
        shot = planner.shot(index)
        objects, (*boards, back) = on_boards(planner, shot)
        assert len(boards) == 3
        tops = sorted(board[:, 2].max() for board in boards)
        assert boards[0][:, 2].min() == pytest.approx(0, abs=1e-6)
        for points in objects:
            below = min(boards, key=lambda board: abs(board[:, 2].max() - points[:, 2].min()))
            assert points[:, 2].min() == pytest.approx(below[:, 2].max(), abs=1e-6)
            low, high = points.min(0), points.max(0)
            assert (low[:2] >= below[:, :2].min(0) - 1e-6).all()
            assert (high[:2] <= below[:, :2].max(0) + 1e-6).all()
            assert high[1] < back[:, 1].min()
            above = [top for top in tops if top > low[2] + 1e-3]
            assert not above or high[2] < above[0]
        for a, b in combinations(objects, 2):
            assert not meet(a, b)
        for one, other in pairwise(tops):
            assert other > one
        assert back[:, 2].max() > max(points[:, 2].max() for points in objects)


def test_a_shelf_keeps_the_recipe_s_order(make_planner: Callable[..., Planner]) -> None:
    """Products of one entry stand beside each other, those behind each other are of a column."""
    planner = make_planner(recipe({"shelf": {"levels": 1, "deep": 1, "jitter": 0}}))
    shot = planner.shot(0)
    objects, _ = on_boards(planner, shot)
    along = [points[:, 0].mean() for points in objects]
    assert along == sorted(along)


@pytest.mark.parametrize(
    ("arrangement", "objects", "place", "said"),
    [
        ({"layout": {}}, OBJECTS, ("arrangement", "layout"), "a layout has one of grid, shelf"),
        (
            {"layout": {"grid": {}, "scatter": {"per_m2": 1}}},
            OBJECTS,
            ("arrangement", "layout"),
            "a layout has one of",
        ),
        (
            {"layout": {"grid": {}}},
            [{**OBJECTS[0], "position_m": [0, 0, 0]}],
            ("objects", 0, "position_m"),
            "so does arrangement.layout",
        ),
    ],
)
def test_what_does_not_go_together(
    arrangement: Any, objects: Any, place: tuple[Any, ...], said: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        Recipe.model_validate({**recipe({}, objects), "arrangement": arrangement})
    (error,) = refused.value.errors()
    assert error["loc"] == place
    assert said in error["msg"]
