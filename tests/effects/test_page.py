"""docs/effects.md: every effect in the order it is applied, and the examples as they stand."""

from __future__ import annotations

import re

import numpy as np
import yaml

from renderer.effects import Picture
from renderer.effects.effect import STAGES
from renderer.recipe.effects import Effects
from renderer.registry import EFFECTS
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "effects.md").read_text()


def test_every_effect_has_its_section_and_every_key_its_line() -> None:
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## )", PAGE, re.MULTILINE | re.DOTALL))
    effects = EFFECTS.all()
    assert list(sections) == list(effects)
    stages = [STAGES.index(effect.stage) for effect in effects.values()]
    assert stages == sorted(stages)
    for name, effect in effects.items():
        for key in effect.Config.model_fields:
            assert f"`{key}`" in sections[name], (name, key)


def test_the_examples_are_good() -> None:
    (recipe,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert set(Effects.model_validate(yaml.safe_load(recipe)["effects"]).on) == set(EFFECTS.all())
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, object] = {"__name__": "page"}
    exec(compile(code, "effects.md", "exec", dont_inherit=True), names)
    vignette = names["Vignette"]()  # type: ignore[operator]
    white = Picture(np.ones((3, 5, 4), np.float32), None, seed=0)
    color = vignette.apply(vignette.State(strength=0.5), white).color
    assert color[1, 2].tolist() == [1, 1, 1, 1]
    assert color[0, 0].tolist() == [0.5, 0.5, 0.5, 1]
