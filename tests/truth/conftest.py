"""A view of solids, as label kinds have it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from renderer.plan import Planner
from renderer.truth.view import ViewTruth
from tests import shapes
from tests.truth.formulas import dome
from tests.truth.solids import SCENE, Make


@pytest.fixture
def make(plain_planner: Callable[..., Planner]) -> Make:
    def build(*objects: dict[str, Any], **more: Any) -> ViewTruth:
        things = [{"category": "thing", "resting": False, **each} for each in objects]
        planner = plain_planner(
            {**SCENE, "objects": things, **more},
            box=shapes.box((0.6, 0.4, 0.8)),
            sheet=shapes.plane(),
            dome=dome(),
        )
        shot = planner.shot(0)
        return ViewTruth.of(shot, shot.views[0].camera, planner.cache)

    return build
