"""The scene: one stage that each Shot is set upon, with everything that stays kept between shots.

Cycles' persistent data makes this pay: what did not change is not sent to the device again. View
layer passes are switched on once, before the first render, as persistent data needs (bpy 4.5).
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import bpy
from mathutils import Matrix, Vector

from renderer.asset import ALPHA_THRESHOLD, BLEND, AssetCache
from renderer.blender.capture import capture, install
from renderer.blender.device import use_device
from renderer.blender.floor import FloorStage
from renderer.blender.frame import Frame
from renderer.blender.lamp import light_for
from renderer.blender.world import WorldStage
from renderer.plan.shot import CameraPose, Shot

# Blender's camera looks along -Z with Y up; ours (OpenCV) along +Z with Y down.
_OPENCV_TO_BLENDER = Matrix.Diagonal((1.0, -1.0, -1.0, 1.0))
_ENGINES = {"cycles": "CYCLES", "workbench": "BLENDER_WORKBENCH"}


class Stage:
    """A Blender scene that Shots are rendered in, one after the other."""

    def __init__(
        self,
        cache: AssetCache,
        folder: Path,
        device: str = "auto",
        threads: int = 0,
        keep_models: int = 64,
    ) -> None:
        """Reset Blender and set up what every shot shares.

        Args:
            cache: where the imported models are.
            folder: the recipe's folder, which the files of its shots are relative to.
            device: auto, cpu, or a Cycles back end by name.
            threads: CPU threads, 0 for all.
            keep_models: models kept in memory; beyond it the least recently used are dropped.

        """
        bpy.ops.wm.read_factory_settings(use_empty=True)
        install()
        self._cache = cache
        self._keep = keep_models
        self._models: OrderedDict[str, tuple[bpy.types.Mesh, list[bpy.types.ID]]] = OrderedDict()
        self._passing: list[bpy.types.Object] = []
        self._scene = bpy.context.scene
        self.device = use_device(device)
        self._settings(threads)
        self._camera = self._new_camera()
        self._world = WorldStage(self._scene, folder)
        self._floor = FloorStage(self._scene, folder)

    def render(self, shot: Shot) -> Frame:
        """Set the stage for a shot and render it."""
        self.set(shot)
        return capture()

    def set(self, shot: Shot) -> None:
        """Bring the scene to what a shot says; nothing of the shot before is left.

        Cycles ignores settings (samples, seed) changed from Python alone between renders (bpy 4.5);
        the camera that is moved here every time makes it look again.
        """
        self._clear()
        self._engine(shot)
        self._aim(shot.camera, shot)
        for entry in shot.objects:
            item = bpy.data.objects.new(
                f"{entry.category}.{entry.instance}", self._mesh(entry.asset)
            )
            item.matrix_world = Matrix(entry.model_to_world)
            item.pass_index = entry.instance
            self._add(item)
        for number, lamp in enumerate(shot.lamps):
            self._add(light_for(lamp, f"lamp.{number}"))
        self._world.set(shot.world)
        self._floor.set(shot)
        behind = shot.background.color is not None or shot.background.image is not None
        self._scene.render.film_transparent = behind
        self._drop_models({entry.asset for entry in shot.objects})

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
        layer = scene.view_layers[0]
        layer.use_pass_object_index = True
        layer.pass_alpha_threshold = ALPHA_THRESHOLD
        layer.cycles.denoising_store_passes = True

    def _new_camera(self) -> bpy.types.Object:
        lens = bpy.data.cameras.new("camera")
        lens.sensor_fit = "HORIZONTAL"
        camera = bpy.data.objects.new("camera", lens)
        self._scene.collection.objects.link(camera)
        self._scene.camera = camera
        return camera

    def _engine(self, shot: Shot) -> None:
        scene, render = self._scene, shot.render
        # EEVEE was renamed in 5.0.
        eevee = "BLENDER_EEVEE" if bpy.app.version >= (5, 0, 0) else "BLENDER_EEVEE_NEXT"
        scene.render.engine = _ENGINES.get(render.engine, eevee)
        scene.render.resolution_x, scene.render.resolution_y = shot.camera.resolution
        scene.cycles.samples = render.samples
        scene.cycles.seed = render.seed
        scene.cycles.max_bounces = render.max_bounces
        scene.eevee.taa_render_samples = render.samples

    def _aim(self, pose: CameraPose, shot: Shot) -> None:
        lens = self._camera.data
        lens.lens = pose.focal_length_mm
        lens.sensor_width = pose.sensor_width_mm
        to_world = Matrix(pose.world_to_camera).inverted()
        self._camera.matrix_world = to_world @ _OPENCV_TO_BLENDER
        away = (to_world.translation - Vector(shot.center)).length
        distance = max(away, shot.radius_m)
        lens.clip_start = distance * 1e-3
        lens.clip_end = (distance + shot.radius_m) * 1e3

    def _add(self, item: bpy.types.Object) -> None:
        self._scene.collection.objects.link(item)
        self._passing.append(item)

    def _clear(self) -> None:
        lights = [item.data for item in self._passing if item.type == "LIGHT"]
        for item in self._passing:
            bpy.data.objects.remove(item)
        for light in lights:
            bpy.data.lights.remove(light)
        self._passing.clear()

    def _mesh(self, key: str) -> bpy.types.Mesh:
        if key not in self._models:
            before = {name: set(getattr(bpy.data, name)) for name in _SHARED}
            path = self._cache.entry(key) / BLEND
            with bpy.data.libraries.load(str(path), link=False) as (stored, wanted):
                wanted.objects = list(stored.objects)
            loaded = next(item for item in wanted.objects if item.type == "MESH")
            mesh = loaded.data
            for item in wanted.objects:
                bpy.data.objects.remove(item)
            # A reference to the file stays behind for each; nothing is linked to it.
            bpy.data.batch_remove(list(bpy.data.libraries))
            fresh = [
                block for name in _SHARED for block in set(getattr(bpy.data, name)) - before[name]
            ]
            self._models[key] = (mesh, fresh)
        self._models.move_to_end(key)
        return self._models[key][0]

    def _drop_models(self, in_use: set[str]) -> None:
        for key in list(self._models):
            if len(self._models) <= self._keep:
                return
            if key not in in_use:
                _, blocks = self._models.pop(key)
                bpy.data.batch_remove(blocks)


# The kinds of data a model brings with it.
_SHARED = ("meshes", "materials", "images", "textures", "node_groups")
