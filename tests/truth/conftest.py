"""A view of solids, as label kinds have it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from renderer.asset import AssetCache
from renderer.plan import Planner
from renderer.truth.view import ViewTruth
from tests import shapes
from tests.conftest import planner_of_solids
from tests.truth.formulas import dome
from tests.truth.solids import FRONTAL, SCENE, STACK, Make


@pytest.fixture(scope="session")
def solid_planner(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Planner]:
    """As ``plain_planner``; one cache for all tests, which share the solids of a name."""
    folder = tmp_path_factory.mktemp("solid-cache")
    return planner_of_solids(AssetCache(folder / "cache"), folder)


@pytest.fixture
def make(solid_planner: Callable[..., Planner]) -> Make:
    def build(*objects: dict[str, Any], **more: Any) -> ViewTruth:
        things = [{"category": "thing", "resting": False, **each} for each in objects]
        planner = solid_planner(
            {**SCENE, "objects": things, **more},
            box=shapes.box((0.6, 0.4, 0.8)),
            sheet=shapes.plane(),
            dome=dome(),
        )
        shot = planner.shot(0)
        return ViewTruth.of(
            shot, shot.views[0].camera, planner.cache, categories=planner.recipe.categories
        )

    return build


@pytest.fixture(
    params=[{"samples": 1}, {"samples": 33}, {"samples": 1, "engine": "workbench"}],
    ids=["1 sample", "33 samples", "workbench"],
)
def rendered_box(
    request: pytest.FixtureRequest, make_planner: Callable[..., Planner], scene_renderer: Any
) -> tuple[ViewTruth, ViewTruth]:
    """A view of a box as an engine has rendered it, and the same by rays alone."""
    box = {"asset": "box.ply", "category": "box", "yaw_deg": 20, "pitch_deg": 10, "resting": False}
    render = {"denoise": False, **request.param}
    planner = make_planner({**SCENE, "objects": [box], "render": render})
    shot = planner.shot(0)
    (frame,) = scene_renderer.render(shot)
    camera = shot.views[0].camera
    rendered = ViewTruth.of(shot, camera, planner.cache, frame)
    return rendered, ViewTruth.of(shot, camera, planner.cache)


@pytest.fixture
def stack(make: Make) -> ViewTruth:
    sheets = [
        {
            "asset": "sheet.ply",
            "category": f"sheet {at}",
            "position_m": [x, -y, z],
            "scale": size,
            "yaw_deg": 0,
        }
        for at, (y, x, z, size) in enumerate(STACK)
    ]
    return make(
        *sheets,
        camera=FRONTAL,
        background={"world": True},
        accept={"min_visibility": 0.0, "max_truncation": 1},
    )
