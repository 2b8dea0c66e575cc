"""What labels cost: beside a render, and in time and memory by the number of objects, their size
and the frame's.

``python -m tests.benchmarks.labels``. Each measurement is a process of its own, whose memory is its
peak above what it had with the frame in hand. Exponents are of cost over what is varied: 0 where it
does not matter, 1 where cost grows with it.
"""

from __future__ import annotations

import json
import math
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from renderer.asset import AssetCache, AssetFacts, Geometry
from renderer.asset.cache import FACTS, GEOMETRY
from renderer.blender.native_output import discard_output
from renderer.farm.asset_import import default_cache, import_models, recipe_keys
from renderer.plan import Planner, asset_sources
from renderer.recipe.labels import Labels
from renderer.registry import LABEL_KINDS
from renderer.shot.frame import Frame
from renderer.shot.shot import Shot
from renderer.truth.labelling import label
from renderer.truth.view import ViewTruth
from tests import shapes
from tests.benchmarks.overhead import recipe_for
from tests.conftest import REPOSITORY

UHD = (3840, 2160)
BALL = "ball"


def ball_cache(folder: Path) -> AssetCache:
    points, faces = shapes.sphere(rings=24)
    cache = AssetCache(folder)
    facts = AssetFacts(
        key=BALL,
        file="ball.ply",
        format="ply",
        faces=len(faces),
        parts=1,
        materials=(),
        textures=(),
        minimum=(-1, -1, -1),
        maximum=(1, 1, 1),
        source_to_model=tuple(tuple(row) for row in np.eye(4).tolist()),  # type: ignore[arg-type]
        guessed_up_axis="z",
        guessed_unit="m",
        warnings=(),
    )
    with cache.writing(BALL) as entry:
        shape = points.astype(np.float32)
        none = np.empty((0, 3), np.int32)
        Geometry(shape, faces, shape, none).save(entry / GEOMETRY)
        (entry / FACTS).write_text(facts.model_dump_json())
    return cache


def grid_of_balls(objects: int, box: int, frame: tuple[int, int]) -> Shot:
    """Balls whose boxes are ``box`` pixels a side, on a grid that fills the frame; they overlap
    where they are too large for it. The camera looks along +Y from afar.
    """
    width, height = frame
    focal, far = 4.0 * width, 1000.0
    columns = math.ceil(math.sqrt(objects * width / height))
    rows = math.ceil(objects / columns)
    things = []
    for at in range(objects):
        u = (at % columns + 0.5) / columns * width - width / 2
        v = (at // columns + 0.5) / rows * height - height / 2
        size = box / 2 * far / focal
        matrix = np.diag([size, size, size, 1.0])
        matrix[:3, 3] = (u * far / focal, at * 0.01, -v * far / focal)
        things.append(
            {
                "instance": at + 1,
                "category": "ball",
                "asset": BALL,
                "file": "ball.ply",
                "scale": size,
                "model_to_world": matrix.tolist(),
            }
        )
    camera = {
        "resolution": frame,
        "K": [[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]],
        "world_to_camera": [[1, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, far], [0, 0, 0, 1]],
    }
    angles = {"azimuth_deg": 0, "elevation_deg": 0, "roll_deg": 0}
    return Shot.model_validate(
        {
            "index": 0,
            "attempts": 1,
            "center": (0, 0, 0),
            "radius_m": 1,
            "objects": things,
            "world": {
                "hdri": None,
                "file": None,
                "color": (1, 1, 1),
                "strength": 1,
                "rotation_deg": 0,
            },
            "lamps": (),
            "background": {
                "color": (0, 0, 0),
                "image": None,
                "crop": (0, 0),
                "mirrored": False,
                "shadows": False,
                "floor": None,
            },
            "render": {
                "engine": "cycles",
                "samples": 1,
                "seed": 0,
                "denoise": False,
                "max_bounces": 0,
                "view_transform": "AgX",
                "format": "png",
                "quality": 1,
            },
            "views": [{"name": "", "camera": camera, **angles}],
        }
    )


def measure(objects: int, box: int, width: int, height: int, index: bool) -> dict[str, float]:
    """Label one view in this process; ``index``: as from an engine that has it."""
    with tempfile.TemporaryDirectory() as folder:
        cache, shot = ball_cache(Path(folder)), grid_of_balls(objects, box, (width, height))
        camera = shot.views[0].camera
        ids = ViewTruth.of(shot, camera, cache).index.copy() if index else None
        frame = Frame(np.zeros((height, width, 4), np.float32), ids)
        small = grid_of_balls(1, 10, (64, 64))
        on = Labels().on
        label(ViewTruth.of(small, small.views[0].camera, cache), on)  # what is loaded once
        before = _reset_peak()
        begin = time.perf_counter()
        made = label(ViewTruth.of(shot, camera, cache, frame), on)
        took = time.perf_counter() - begin
        assert len(made.objects) == objects
        return {"seconds": took, "mb": (_peak() - before) / 1e6}


def _reset_peak() -> float:
    """Have the system forget the peak; return what is in memory now, in bytes."""
    Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def _peak() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return float(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


def _apart(**case: Any) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.labels", json.dumps(case)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _series(what: str, cases: list[tuple[float, dict[str, Any]]]) -> None:
    print(what)
    found = []
    for value, case in cases:
        got = _apart(**case)
        found.append((value, got))
        print(f"  {value:>10g}: {got['seconds']:7.3f} s {got['mb']:8.1f} MB")
    (first, low), (last, high) = found[0], found[-1]
    for key in ("seconds", "mb"):
        slope = math.log(max(high[key], 1e-3) / max(low[key], 1e-3)) / math.log(last / first)
        print(f"  exponent of {key}: {slope:.2f}")


def shares(rounds: int = 3) -> dict[str, Any]:
    """Return CPU seconds of a 16-sample render of twenty products at 640x480, of the four labels
    that are on unasked, of each other kind beside them, and of all at once, each at its quickest of five times.
    """
    recipe = recipe_for(20, 16)
    cache, sources = default_cache(), asset_sources(recipe, Path("/"))
    known, errors = import_models([each for source in sources for each in source.values()], cache)
    assert not errors, errors
    planner = Planner(recipe, Path("/"), cache, recipe_keys(sources, known))
    with discard_output():
        from renderer.blender.scene_renderer import SceneRenderer

        renderer = SceneRenderer(cache, Path("/"), "cpu", passes=("surface_color",))
        renderer.render(planner.shot(0))  # what is loaded once
        rendered, spent = [], []
        for index in range(1, 1 + rounds):
            shot, begin = planner.shot(index), time.process_time()
            rendered.append((shot, renderer.render(shot)[0]))
            spent.append(time.process_time() - begin)
    usual = Labels().on
    others = [name for name in LABEL_KINDS.names() if name not in usual]
    cases: dict[str, dict[str, Any]] = {"usual": usual}
    cases |= {name: Labels.model_validate({name: True}).on for name in others}
    cases["all"] = Labels.model_validate(dict.fromkeys(others, True)).on
    found: dict[str, Any] = {"render": statistics.median(spent)}
    for name, on in cases.items():
        found[name] = statistics.mean(
            min(_seconds(shot, frame, cache, recipe.categories, on) for _ in range(5))
            for shot, frame in rendered
        )
    return found


def _seconds(
    shot: Shot, frame: Frame, cache: AssetCache, categories: tuple[str, ...], on: dict[str, Any]
) -> float:
    truth = ViewTruth.of(shot, shot.views[0].camera, cache, frame, categories)
    begin = time.process_time()
    label(truth, on)
    return time.process_time() - begin


def _print_shares() -> None:
    command = [sys.executable, "-m", "tests.benchmarks.labels", "--shares"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    render, usual = found.pop("render"), found["usual"]
    print(
        f"20 products in 640x480: a render of 16 samples takes {render:.2f} CPU seconds, of which"
    )
    for name, took in found.items():
        more = took if name in ("usual", "all") else took - usual
        told = {"usual": "box, mask, amodal, pose", "all": "all kinds"}.get(name, f"+ {name}")
        print(f"  {told:<24} {1000 * more:7.1f} ms {more / render:7.2%}")


def main() -> None:
    _print_shares()
    wide, high = UHD
    large = {"width": wide, "height": high}
    for index in (True, False):
        print(f"index {'of the engine' if index else 'by rays'}")
        for box in (200, 1000):
            got = _apart(objects=100, box=box, index=index, **large)
            print(f"  100 objects of {box} px in {wide}x{high}: ", end="")
            print(f"{got['seconds']:.2f} s, {got['mb']:.0f} MB")
    few = {"index": True, **large}
    counts = [(n, {"objects": n, "box": 100, **few}) for n in (25, 50, 100, 200)]
    _series("objects of 100 px", counts)
    boxes = [(b * b, {"objects": 50, "box": b, **few}) for b in (100, 200, 400, 800)]
    _series("pixels of a box, 50 objects", boxes)
    frames = [
        (w * h, {"objects": 50, "box": 100, "width": w, "height": h, "index": True})
        for w, h in ((960, 540), (1920, 1080), (3840, 2160), (7680, 4320))
    ]
    _series("pixels of the frame, 50 objects of 100 px", frames)


if __name__ == "__main__":
    if "--shares" in sys.argv:
        print(json.dumps(shares()))
    elif len(sys.argv) > 1:
        print(json.dumps(measure(**json.loads(sys.argv[1]))))
    else:
        main()
