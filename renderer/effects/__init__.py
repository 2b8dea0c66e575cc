"""Effects: what changes a scene or a picture beyond what a recipe's other keys say.

Each has a folder, with all there is of it: what a recipe may write, what is drawn into the Shot,
what is done about it. What needs Blender is in its ``blender.py``.
"""

from renderer.effects.draws import Draws
from renderer.effects.effect import Effect, Stage
from renderer.effects.picture import Picture
from renderer.effects.scene import RenderScene, RenderView, SceneDraft
from renderer.shot.shot import EffectState
from renderer.values.distribution import Strict

__all__ = [
    "Draws",
    "Effect",
    "EffectState",
    "Picture",
    "RenderScene",
    "RenderView",
    "SceneDraft",
    "Stage",
    "Strict",
]
