"""What an effect is: a recipe's word for it, what is drawn of it into a Shot, and what it does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar, Generic, Literal, TypeVar, get_args

from renderer.asset import AssetSource
from renderer.effects.draws import Draws
from renderer.effects.picture import Floats, Picture
from renderer.effects.scene import RenderScene, RenderView, SceneDraft
from renderer.shot.shot import EffectState
from renderer.values.distribution import Strict

Stage = Literal["scene", "render", "linear", "sensor", "display"]
# As light goes: what stands there, how it is rendered, lens, sensor, development.
STAGES: tuple[Stage, ...] = get_args(Stage)

ConfigT = TypeVar("ConfigT", bound=Strict)
StateT = TypeVar("StateT", bound=EffectState)


class Effect(ABC, Generic[ConfigT, StateT]):
    """One effect. Its stage says when it is applied, and which of its methods are called; effects
    of one stage follow each other as the registry names them, however a recipe orders them.

    The first paragraph of a class's docstring describes the effect's key in a recipe's schema.

    Attributes:
        name: its key in a recipe's ``effects``, and in the registry.
        stage: when it is applied.
        needs: what it needs of the engine's camera (``Capabilities.camera``).
        Config: what a recipe may write under its key; keys may be distributions, and files have the
            types of ``renderer.values.files``.
        State: what it does in one shot; ``effect`` is a literal of its name.

    """

    name: ClassVar[str]
    stage: ClassVar[Stage]
    needs: ClassVar[tuple[str, ...]] = ()
    Config: ClassVar[type[Strict]]
    State: ClassVar[type[EffectState]]

    def models(self, config: ConfigT, folder: Path) -> Mapping[str, AssetSource]:
        """Return the models that the effect may place, each by a name of its own.

        Args:
            config: what the recipe says.
            folder: what a recipe's paths are relative to.

        """
        del config, folder
        return {}

    def models_like(
        self, config: ConfigT, objects: Mapping[str, AssetSource]
    ) -> Mapping[str, AssetSource]:
        """Return models made of those of the recipe's own objects, each by a name of its own.

        Args:
            config: what the recipe says.
            objects: the models of all objects, by their paths.

        """
        del config, objects
        return {}

    def categories(self, config: ConfigT) -> tuple[str, ...]:
        """Return the categories that the effect's own objects have, none of them an object's."""
        del config
        return ()

    @abstractmethod
    def draw(self, config: ConfigT, draws: Draws, scene: SceneDraft) -> StateT | None:
        """Return what the effect does in one shot, or None for nothing. Pure, and without bpy.

        Those of the stage ``scene`` are drawn anew with each pose that is tried, others once.
        """

    def apply_scene(self, state: StateT, scene: RenderScene) -> Callable[[], None] | None:
        """Change the scene in Blender (stages ``scene`` and ``render``); return what undoes it.

        Where surfaces are, and whether they are opaque, may not change: rays know them as they are.
        """
        del state, scene
        return None

    def apply_camera(
        self, state: StateT, scene: RenderScene, view: RenderView
    ) -> Callable[[], None] | None:
        """Change the camera in Blender as it stands for a view (stages ``scene`` and ``render``):
        how light gets to the picture, not from where it is seen. Return what undoes it, or None
        where nothing is changed. It is called for each view, and undone after its picture is taken.

        Labels are those of the camera as it was.
        """
        del state, scene, view
        return None

    def apply(self, state: StateT, picture: Picture) -> Picture:
        """Return the changed picture (stages ``linear`` and ``sensor``).

        What works on light in all of the picture works on the backdrop, too.
        """
        del state
        return picture

    def before_view(self, state: StateT, linear: Floats) -> Floats:
        """Return the changed light (h, w, 3) float32, linear Rec.709, of what is rendered, just
        before the view transform (stage ``display``). No backdrop is in it.
        """
        del state
        return linear

    def after_view(self, state: StateT, display: Floats) -> Floats:
        """Return the changed picture (h, w, 3) float32, display sRGB in 0..1, as it is shown, with
        its backdrop (stages ``sensor`` and ``display``).
        """
        del state
        return display
