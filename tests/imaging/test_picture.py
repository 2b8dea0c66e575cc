"""Pictures against Blender's own: view transforms to the bit, exposure, backdrops, encoders."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from renderer.colour.srgb import to_display, to_linear
from renderer.colour.view_transform import apply_view
from renderer.imaging import develop, encode
from renderer.imaging.backdrop import backdrop
from renderer.plan import Planner
from renderer.shot.frame import Frame
from renderer.shot.scene import BackgroundState, FileRef
from renderer.shot.shot import ImageOf, Shot

Maker = Callable[..., Planner]
SCENE = {
    "name": "t",
    "images": 9,
    "objects": [{"asset": "ball.ply", "category": "ball", "count": 2}],
    "camera": {"resolution": [96, 64]},
    "lighting": {"world": {"hdri": "sunset"}, "lights": {"strength": 2, "temperature_k": 3000}},
    "background": {"world": True, "floor": "wood"},
}


def image_of(shot: Shot) -> ImageOf:
    """The one image of a shot."""
    (image,) = shot.images
    return image


def blenders_own(scene_renderer: Any, view: str, exposure: float, path: Path) -> np.ndarray:
    """The render result as Blender itself saves it, 8 bits."""
    import bpy

    scene = bpy.context.scene
    scene.view_settings.view_transform = view
    scene.view_settings.exposure = exposure
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGB"
    scene.render.image_settings.color_depth = "8"
    bpy.data.images["Render Result"].save_render(str(path))
    scene.view_settings.exposure = 0
    with Image.open(path) as image:
        return np.array(image)


@pytest.mark.parametrize("view", ["AgX", "Standard", "Filmic", "Khronos PBR Neutral"])
@pytest.mark.parametrize("exposure", [0.0, -1.0])
def test_view_transform_is_blenders(
    make_planner: Maker, scene_renderer: Any, tmp_path: Path, view: str, exposure: float
) -> None:
    data = {
        **SCENE,
        "effects": {"exposure": {"stops": exposure}},
        "render": {"samples": 2, "denoise": False, "view_transform": view},
    }
    planner = make_planner(data)
    shot = planner.shot(0)
    frame = scene_renderer.render(shot)[0]
    ours = develop(shot, image_of(shot), Frame(frame.color), planner.folder)
    theirs = blenders_own(scene_renderer, view, exposure, tmp_path / "b.png")
    assert ours.std() > 10
    assert (ours == theirs).all(), np.abs(ours.astype(int) - theirs).max()


def test_denoiser_brings_a_noisy_render_nearer_the_truth(
    make_planner: Maker, scene_renderer: Any
) -> None:
    planner = make_planner({**SCENE, "render": {"samples": 4}})
    shot = planner.shot(1)
    frame = scene_renderer.render(shot)[0]
    clean = develop(shot, image_of(shot), frame, planner.folder).astype(float)
    still = shot.model_copy(update={"render": shot.render.model_copy(update={"denoise": False})})
    noisy = develop(still, image_of(still), Frame(frame.color), planner.folder).astype(float)
    many = shot.render.model_copy(update={"samples": 256, "denoise": False})
    true_shot = shot.model_copy(update={"render": many})
    truth = develop(
        true_shot,
        image_of(true_shot),
        Frame(scene_renderer.render(true_shot)[0].color),
        planner.folder,
    ).astype(float)
    assert ((clean - truth) ** 2).mean() < 0.4 * ((noisy - truth) ** 2).mean()


def test_white_stays_white_and_photos_stay_themselves(
    make_planner: Maker, scene_renderer: Any, tmp_path: Path
) -> None:
    """A backdrop is not seen through the view transform; where nothing covers it, it is exact."""
    photo = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    Image.fromarray(photo).save(tmp_path / "p.png")
    for background in ({"color": "white"}, {"image": str(tmp_path / "p.png")}):
        planner = make_planner(
            {
                **SCENE,
                "background": {**background, "shadows": False},
                "render": {"samples": 2, "denoise": False},
            }
        )
        shot = planner.shot(0)
        frame = scene_renderer.render(shot)[0]
        picture = develop(shot, image_of(shot), Frame(frame.color), planner.folder)
        bare = frame.color[..., 3] == 0
        assert bare.mean() > 0.2
        if "color" in background:
            assert (picture[bare] == 255).all()
        else:
            shown = photo[:, ::-1] if shot.background.mirrored else photo
            assert (picture[bare] == shown[bare]).all()


def test_shadows_darken_a_backdrop(make_planner: Maker, scene_renderer: Any) -> None:
    def picture(shadows: bool) -> tuple[np.ndarray, np.ndarray]:
        data = {
            **SCENE,
            "background": {"color": "white", "shadows": shadows},
            "render": {"samples": 16},
        }
        planner = make_planner(data)
        shot = planner.shot(0)
        frame = scene_renderer.render(shot)[0]
        shown = develop(shot, image_of(shot), frame, planner.folder)
        return shown.astype(float), frame.index == 0

    (with_shadow, bare), (without, _) = picture(True), picture(False)
    darker = (without - with_shadow).mean(axis=2)[bare]
    assert (darker > 15).mean() > 0.02
    # A pixel of the ball's soft edge may be lit by the floor; no more than those.
    assert (darker < -3).mean() < 0.01


def test_photo_keeps_its_shape(tmp_path: Path) -> None:
    """The largest cut of the frame's proportions: a circle in the photo stays a circle."""
    y, x = np.mgrid[:300, :900]
    disc = ((x - 450) ** 2 + (y - 150) ** 2 < 100**2).astype(np.uint8) * 255
    Image.fromarray(np.repeat(disc[..., None], 3, 2)).save(tmp_path / "p.png")
    state = BackgroundState(
        color=None,
        image=FileRef(path="p.png", digest=""),
        crop=(0.5, 0.5),
        mirrored=False,
        shadows=False,
        floor=None,
    )
    shown = backdrop(state, tmp_path, (120, 90))
    assert shown is not None
    rows, columns = np.nonzero(shown[..., 0] > 0.5)
    assert np.ptp(rows) == pytest.approx(np.ptp(columns), abs=1)
    assert np.ptp(rows) + 1 == pytest.approx(60, abs=1)
    (tmp_path / "broken.png").write_bytes(b"no image")
    broken = state.model_copy(update={"image": FileRef(path="broken.png", digest="")})
    with pytest.raises(RuntimeError, match=r"broken.png cannot be read"):
        backdrop(broken, tmp_path, (120, 90))


def test_srgb_there_and_back() -> None:
    values = np.linspace(0, 1, 256, dtype=np.float32)
    assert to_display(to_linear(values)) == pytest.approx(values, abs=1e-6)
    assert to_linear(np.array([0.5], np.float32)) == pytest.approx([0.21404], abs=1e-5)
    standard = apply_view(np.repeat(to_linear(values)[None, :, None], 3, 2), "Standard")[0, :, 0]
    assert standard == pytest.approx(values, abs=2e-4)


@pytest.mark.parametrize(("format", "exact"), [("png", True), ("webp", True), ("jpeg", False)])
def test_encoders(format: Any, exact: bool) -> None:
    y, x = np.mgrid[:40, :60]
    picture = np.stack([x * 4, y * 6, 255 - x * 2], -1).astype(np.uint8)
    content = encode(picture, format, 100)
    assert content == encode(picture, format, 100)
    with Image.open(io.BytesIO(content)) as image:
        assert image.format == format.upper()
        read = np.array(image.convert("RGB")).astype(int)
    assert np.abs(read - picture).max() <= (0 if exact else 6)
