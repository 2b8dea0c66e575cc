"""The scene: set up for one Shot after another, with what stays kept between them.

The engine's world is the shot's, moved to what float32 tells apart best, and scaled up where it is
tiny (``EngineSpace``): Blender and Cycles know float32 only, and clip what is too near.

Cycles' persistent data makes this pay: what did not change is not sent to the device again. View
layer passes are switched on once, before the first render, as persistent data needs (bpy 4.5).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix

from renderer.asset import ALPHA_THRESHOLD, AssetCache
from renderer.blender.camera import SceneCamera
from renderer.blender.capture import GUIDES, capture, install, switch_on
from renderer.blender.cycles_session import SessionShaders
from renderer.blender.device import use_device
from renderer.blender.effect_scene import EffectScene
from renderer.blender.engine_space import EngineSpace
from renderer.blender.floor import SceneFloor
from renderer.blender.frame_labels import bent, rendered_outline
from renderer.blender.lamp import SceneLamps
from renderer.blender.light_pattern import ScenePatterns
from renderer.blender.model_geometry import matrix_of
from renderer.blender.resident import ResidentModels
from renderer.blender.room import put_up
from renderer.blender.world import SceneWorld
from renderer.effects.scene import RenderView
from renderer.errors import ExtensionError
from renderer.geometry.raycast import MOST_SHEETS
from renderer.geometry.silhouette import Silhouette
from renderer.shot.camera import Camera, View
from renderer.shot.engines import capabilities
from renderer.shot.frame import Frame
from renderer.shot.scene import Instance
from renderer.shot.shot import Shot

_ENGINES = {"cycles": "CYCLES", "workbench": "BLENDER_WORKBENCH"}


class SceneRenderer:
    """A Blender scene that Shots are rendered in, one after the other."""

    def __init__(
        self,
        cache: AssetCache,
        folder: Path,
        device: str = "auto",
        threads: int = 0,
        keep_models: int = 64,
        passes: tuple[str, ...] = (),
    ) -> None:
        """Reset Blender and set up what every shot shares.

        Args:
            cache: where the imported models are.
            folder: the recipe's folder, which the files of its shots are relative to.
            device: auto, cpu, or a Cycles back end by name.
            threads: CPU threads, 0 for all.
            keep_models: models kept in memory; beyond it the least recently used are dropped.
            passes: what frames have beside the picture because label kinds ask for it.

        """
        self._cache, self._folder, self._keep_models = cache, folder, keep_models
        self._asked, self._threads, self._passes = device, threads, passes
        self._start()

    def _start(self) -> None:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        install()
        self._models = ResidentModels(self._cache, self._keep_models)
        self._passing: list[bpy.types.Object] = []
        self._lamps = SceneLamps(bpy.context.scene)
        self._patterns = ScenePatterns(bpy.context.scene)
        self._objects: list[bpy.types.Object] = []
        self._effects = EffectScene(bpy.context.scene, {})
        self._samples = 0
        self._shaders = SessionShaders()
        self._scene = bpy.context.scene
        self.device = use_device(self._asked)
        self._settings(self._threads)
        self._camera = SceneCamera(self._scene)
        self._world = SceneWorld(self._scene, self._folder)
        self._floor = SceneFloor(self._scene, self._folder)

    def render(self, shot: Shot) -> tuple[Frame, ...]:
        """Set up the scene of a shot, render each of its views, and take back what its effects have
        done.

        Raises:
            ExtensionError: an effect of another package fails. What it leaves behind only it knows:
                Blender is begun anew, so that no other shot has any of it.

        """
        try:
            try:
                return self._render(shot, self.set(shot))
            finally:
                self._effects.undo()
        except ExtensionError:
            self._start()
            raise

    def _render(self, shot: Shot, space: EngineSpace) -> tuple[Frame, ...]:
        frames, plain = [], True
        for view in shot.views:
            self._set_camera(shot, view.camera, space)
            seen = RenderView(view.camera, space.scale)
            with self._effects.through_camera(shot.effects, seen) as changed:
                frame = capture()
            plain = plain and not changed
            frames.append(replace(frame, warnings=self._world.warnings))
        views = list(shot.views)
        if not plain:
            pairs = zip(views, frames, strict=True)
            frames = [self._with_labels(shot, view, frame, space) for view, frame in pairs]
        frames = [bent(view.camera, frame) for view, frame in zip(views, frames, strict=True)]
        alone = [e for e in shot.objects if not self._cache.facts(e.asset).ray_traceable]
        if alone and all(view.camera.distortion is None for view in views):
            self._label_mode()
            pairs = zip(views, frames, strict=True)
            frames = [self._with_outlines(shot, view, frame, alone, space) for view, frame in pairs]
        return tuple(frames)

    def _with_labels(self, shot: Shot, view: View, frame: Frame, space: EngineSpace) -> Frame:
        """Return a frame with what labels have of the engine as a render has it whose camera no
        effect has changed.
        """
        if frame.index is None:
            return frame  # of an engine that does not know it
        asked = [name for name in frame.passes if name not in GUIDES]
        if not asked:
            self._label_mode()
        self._set_camera(shot, view.camera, space)
        known = capture()
        passes = {**frame.passes, **{name: known.passes[name] for name in asked}}
        return replace(frame, index=known.index, passes=passes)

    def _with_outlines(
        self, shot: Shot, view: View, frame: Frame, alone: list[Instance], space: EngineSpace
    ) -> Frame:
        """Add what only the engine knows: the outlines of objects that rays cannot follow."""
        self._set_camera(shot, view.camera, space)
        self._show_all()
        if frame.index is None:
            frame = replace(frame, index=capture().index)
        outlines = {entry.instance: self._outline(view.camera, entry) for entry in alone}
        return replace(frame, silhouettes=outlines)

    def _label_mode(self) -> None:
        """Have Cycles render no more than the index pass needs: its sample 0."""
        scene = self._scene
        if scene.render.engine != "CYCLES":
            scene.render.engine = "CYCLES"
        scene.cycles.samples, scene.cycles.max_bounces = 1, 0
        scene.update_tag()

    def _show_all(self) -> None:
        for item in [*self._objects, self._floor.plane]:
            item.visible_camera = True

    def _outline(self, camera: Camera, entry: Instance) -> Silhouette:
        """Render one object by itself: in the frame, and where it reaches beyond it, there too."""
        for item in [*self._objects, self._floor.plane]:
            item.visible_camera = item.pass_index == entry.instance
        hull = self._cache.geometry(entry.asset).hull.astype(np.float64)
        return rendered_outline(self._camera, camera, entry, hull)

    def set(self, shot: Shot) -> EngineSpace:
        """Bring the scene to what a shot says, but for the camera; nothing of the shot before is
        left. Returns the space that it is in.

        Cycles ignores settings (samples, seed) changed from Python alone between renders until the
        scene is tagged (bpy 4.5).
        """
        self._clear()
        space = EngineSpace.of(shot, min(self._nearest(shot, view.camera) for view in shot.views))
        self._engine(shot)
        self._effects = EffectScene(
            self._scene,
            {entry.instance: self._add_object(entry, space) for entry in shot.objects},
            space.scale,
        )
        self._light(shot, space)
        self._world.set(shot.world)
        self._floor.set(shot, space)
        behind = shot.background.color is not None or shot.background.image is not None
        self._scene.render.film_transparent = behind
        self._models.drop({entry.asset for entry in shot.objects})
        put_up(shot.background.room, self._effects)
        self._effects.apply(shot.effects)
        self._shaders.note()
        return space

    def _light(self, shot: Shot, space: EngineSpace) -> None:
        lamps = [space.lamp(lamp) for lamp in shot.lamps]
        items = self._lamps.set(lamps)
        lit = capabilities(shot.render.engine).lit
        found = {at: lamp.pattern for at, lamp in enumerate(lamps) if lamp.pattern and lit}
        self._patterns.set(found, items)

    def _add_object(self, entry: Instance, space: EngineSpace) -> list[bpy.types.Object]:
        first, to_world = len(self._objects), np.array(entry.model_to_world)
        for mesh in self._models.meshes(entry.asset):
            item = bpy.data.objects.new(f"{entry.category or 'unlabelled'}.{entry.instance}", mesh)
            item.matrix_world = Matrix(space.matrix(to_world @ matrix_of(mesh)))
            item.pass_index = entry.instance
            self._objects.append(item)
            self._add(item)
        return self._objects[first:]

    def _settings(self, threads: int) -> None:
        scene = self._scene
        scene.render.engine = "CYCLES"
        scene.render.use_persistent_data = True
        scene.render.resolution_percentage = 100
        scene.render.dither_intensity = 0
        scene.render.use_compositing = scene.render.use_sequencer = False
        if threads:
            scene.render.threads_mode, scene.render.threads = "FIXED", threads
        cycles = scene.cycles
        cycles.use_adaptive_sampling = False
        # Tiles (of frames beyond 2048 px) go to disk and come back only after the capture. bpy 5.0
        # heeds the size alone; the recipe's largest frame is one tile of it.
        cycles.use_auto_tile, cycles.tile_size = False, 8192
        cycles.use_denoising = False
        cycles.use_light_tree = True
        cycles.caustics_reflective = cycles.caustics_refractive = False
        # A cap on single samples keeps fireflies from the denoiser; it costs no visible light.
        cycles.sample_clamp_indirect = 10.0
        # Foliage stacks deep: as many sheets as rays pass before they call it a miss.
        cycles.transparent_max_bounces = MOST_SHEETS
        layer = scene.view_layers[0]
        layer.use_pass_object_index = True
        layer.pass_alpha_threshold = ALPHA_THRESHOLD
        layer.cycles.denoising_store_passes = True
        switch_on(layer, self._passes)

    def _engine(self, shot: Shot) -> None:
        scene, render = self._scene, shot.render
        # EEVEE was renamed in 5.0.
        eevee = "BLENDER_EEVEE" if bpy.app.version >= (5, 0, 0) else "BLENDER_EEVEE_NEXT"
        engine = _ENGINES.get(render.engine, eevee)
        # Assigned even to what it is, it throws the persistent session away (bpy 4.5), and with it
        # the textures, which else stay decoded, of models out of the scene, too. That is wanted
        # where the number of samples changes: a session keeps the sampling pattern of the largest
        # it has had, and pictures would depend on what was rendered before.
        changed = scene.render.engine != engine or render.samples != self._samples
        more_lamps = self._lamps.has_grown_to(len(shot.lamps))
        if changed or more_lamps or self._shaders.outgrown:
            scene.render.engine, self._samples = engine, render.samples
            self._shaders.restart()
        scene.cycles.samples = render.samples
        scene.cycles.seed = render.seed
        scene.cycles.max_bounces = render.max_bounces
        scene.eevee.taa_render_samples = render.samples
        scene.update_tag()

    def _set_camera(self, shot: Shot, camera: Camera, space: EngineSpace) -> None:
        pinhole = camera.pinhole
        self._camera.set_intrinsics(pinhole.intrinsics, pinhole.resolution)
        to_world = space.camera_to_world(camera.pose)
        self._camera.place(to_world)
        away = float(np.linalg.norm(to_world[:3, 3] - space.point(np.array(shot.center))))
        distance = max(away, shot.radius_m * space.scale)
        lens = self._camera.lens
        lens.clip_start = min(distance * 1e-3, 0.5 * space.scale * self._nearest(shot, camera))
        lens.clip_end = (distance + shot.radius_m * space.scale) * 1e3

    def _nearest(self, shot: Shot, camera: Camera) -> float:
        """Return the least depth of any object's hull before a camera, in metres."""
        depths = [
            float((hull @ matrix[2, :3] + matrix[2, 3]).min())
            for entry in shot.objects
            for hull in [self._cache.geometry(entry.asset).hull.astype(np.float64)]
            for matrix in [camera.pose @ np.array(entry.model_to_world)]
        ]
        return min((depth for depth in depths if depth > 0), default=np.inf)

    def _add(self, item: bpy.types.Object) -> None:
        self._scene.collection.objects.link(item)
        self._passing.append(item)

    def _clear(self) -> None:
        self._effects.undo()
        self._patterns.clear()
        self._objects.clear()
        for item in self._passing:
            bpy.data.objects.remove(item)
        self._passing.clear()
