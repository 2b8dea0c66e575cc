"""The camera's chain as a whole: no seam between render and backdrop, and no label changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from renderer.colour.srgb import to_display, to_linear
from renderer.colour.view_transform import apply_view
from renderer.dataset.layout import Layout
from renderer.imaging import develop
from renderer.pipeline import Pipeline
from renderer.plan import Planner
from renderer.recipe.camera_preset import PRESETS
from renderer.shot.frame import Frame
from tests.conftest import CROWD, orbitset, write_recipe

Maker = Callable[..., Planner]
NAMED = [name for name in PRESETS if name != "none"]
# What is rendered covers the left third, half of the middle one, none of the right.
COVER = np.repeat([1.0, 0.5, 0.0], 100)[None].repeat(300, 0).astype(np.float32)


def photograph(
    make_planner: Maker,
    folder: Path,
    light: np.ndarray,
    effects: Any,
    preset: str = "none",
    view: str = "Standard",
    rendered: float | None = None,
) -> np.ndarray:
    """Light of a scene, of which COVER is rendered and the rest a photo, as a camera shows it; what
    is rendered may be of another light than the photo.
    """
    photo = np.floor(to_display(light.astype(np.float32)) * 255 + 0.5).astype(np.uint8)
    Image.fromarray(photo).save(folder / "photo.png")
    data = {
        "name": "t",
        "images": 1,
        "objects": [{"asset": "box.ply", "category": "box", "count": 0}],
        "camera": {"resolution": [300, 300], "preset": preset},
        "background": {"image": str(folder / "photo.png"), "shadows": False},
        "render": {"view_transform": view, "denoise": False},
        "effects": effects,
    }
    planner = make_planner(data)
    shot = planner.shot(0)
    still = shot.background.model_copy(update={"mirrored": False})
    shot = shot.model_copy(update={"background": still})
    (image,) = shot.images
    front = to_linear(photo.astype(np.float32) / 255)
    if rendered is not None:
        front = np.full_like(front, rendered)
    frame = Frame(np.dstack([front * COVER[..., None], COVER]))
    return develop(shot, image, frame, planner.folder)


def thirds(picture: np.ndarray) -> list[np.ndarray]:
    """The left, middle and right third, without what is near an edge."""
    return [picture[12:-12, at + 12 : at + 88].astype(float) for at in (0, 100, 200)]


def test_noise_is_the_same_on_both_sides_of_an_edge(make_planner: Maker, tmp_path: Path) -> None:
    grey = np.full((300, 300, 3), to_linear(np.array([118 / 255], np.float32))[0])
    effects = {
        "lens_blur": {},
        "chromatic_aberration": {},
        "sensor_noise": {"iso": 1600},
        "bayer": {},
        "color_response": {"saturation": 1.2, "crosstalk": 0.1},
        "sharpening": {},
    }
    parts = thirds(photograph(make_planner, tmp_path, grey, effects))
    deviations = np.array([part.std(axis=(0, 1)) for part in parts])
    assert deviations.min() > 4
    # That of 21,000 numbers, of which neighbours are alike: good to 2 %.
    assert deviations / deviations.mean(axis=0) == pytest.approx(np.ones((3, 3)), abs=0.05)
    means = np.array([part.mean(axis=(0, 1)) for part in parts])
    assert np.abs(means - means.mean(axis=0)).max() < 0.5


@pytest.mark.parametrize("view", ["AgX", "Filmic", "Standard"])
@pytest.mark.parametrize("level", [25, 70, 118, 170, 210])
def test_what_is_shown_as_bright_is_as_noisy(
    make_planner: Maker, tmp_path: Path, view: str, level: int
) -> None:
    """Rendered light that a view shows as the photo's grey: found by bisection."""
    low, high = 0.0, 100.0
    for _ in range(60):
        middle = (low + high) / 2
        shown = apply_view(np.full((1, 1, 3), middle, np.float32), view)[0, 0, 1] * 255
        low, high = (middle, high) if shown < level else (low, middle)
    grey = np.full((300, 300, 3), to_linear(np.array([level / 255], np.float32))[0])
    effects = {"sensor_noise": {"shot": 0.06, "read": 0.002}}
    left, _, right = thirds(
        photograph(make_planner, tmp_path, grey, effects, view=view, rendered=low)
    )
    assert left.mean() == pytest.approx(right.mean(), abs=0.5)
    assert left.std() > 1
    # AgX mixes channels a little, and with them their noise.
    assert left.std() == pytest.approx(right.std(), rel=0.12)


@pytest.mark.parametrize("preset", NAMED)
def test_there_is_no_seam(make_planner: Maker, tmp_path: Path, preset: str) -> None:
    """Columns over an edge of coverage differ no more than columns elsewhere; whatever the light,
    the picture is that of the photo alone.
    """
    y, x = np.mgrid[:300, :300] / 300
    light = np.dstack([0.1 + 0.3 * y, 0.2 + 0.1 * x, 0.3 - 0.2 * y])
    quiet = {"sensor_noise": False, "jpeg": False}
    picture = photograph(make_planner, tmp_path, light, quiet, preset).astype(float)
    steps = np.abs(np.diff(picture, axis=1)).max(axis=(0, 2))
    assert steps.max() <= 2


def test_blur_is_the_same_on_both_sides_of_an_edge(make_planner: Maker, tmp_path: Path) -> None:
    light = np.full((300, 300, 3), 0.1)
    light[150:] = 0.6
    effects = {"lens_blur": {"sigma_px": 2.0}}
    seen = to_linear(photograph(make_planner, tmp_path, light, effects).astype(np.float32) / 255)
    widths = []
    for column in (20, 98, 100, 150, 199, 201, 280):
        slope = np.diff(seen[:, column, 1].astype(float))
        place = np.arange(len(slope))
        middle = (slope * place).sum() / slope.sum()
        widths.append(np.sqrt((slope * (place - middle) ** 2).sum() / slope.sum()))
    assert widths == pytest.approx([2.0] * len(widths), rel=0.03)


def test_a_backdrop_that_no_effect_touches_is_exact(make_planner: Maker, tmp_path: Path) -> None:
    light = to_linear(np.random.default_rng(0).uniform(0, 1, (300, 300, 3)).astype(np.float32))
    shown = photograph(make_planner, tmp_path, light, {})
    photo = np.floor(to_display(light) * 255 + 0.5).astype(np.uint8)
    assert np.array_equal(shown[:, 200:], photo[:, 200:])


def test_no_label_changes(make_planner: Maker, scene_renderer: Any, tmp_path: Path) -> None:
    """Every file that is not the picture, and every record but the picture's own."""
    made = {}
    for preset in ("none", "webcam"):
        labels = {"amodal": True, "depth": True, "semantic": True}
        camera = {**CROWD["camera"], "preset": preset}
        planner = make_planner({**CROWD, "camera": camera, "labels": labels})
        lines = Pipeline(planner, scene_renderer, Layout(tmp_path / preset)).run(range(2))
        images = [image for line in lines for image in line["images"]]
        files = {
            str(path.relative_to(tmp_path / preset)): path.read_bytes()
            for path in (tmp_path / preset).rglob("*")
            if path.is_file()
        }
        made[preset] = ([image["annotations"] for image in images], files)
    (plain, plain_files), (seen, seen_files) = made["none"], made["webcam"]
    assert plain == seen
    assert sum(map(len, plain)) > 2
    assert plain_files.keys() == seen_files.keys()
    differ = {name for name in plain_files if plain_files[name] != seen_files[name]}
    assert len(differ) == 2
    assert all(name.startswith("images/") for name in differ)


def test_a_dataset_of_a_preset_is_valid(solids: Path, tmp_path: Path) -> None:
    data = {**CROWD, "images": 2, "camera": {**CROWD["camera"], "preset": "phone"}}
    recipe = write_recipe(tmp_path, {**data, "effects": {"jpeg": False}}, solids)
    done = orbitset("render", recipe, "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    found = orbitset("dataset", "validate", tmp_path / "out")
    assert found.returncode == 0, found.stdout
    again = orbitset("render", recipe, "-o", tmp_path / "out")
    assert again.returncode == 0, again.stderr
