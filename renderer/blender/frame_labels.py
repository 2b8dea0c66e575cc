"""What labels have of the engine: outlines that rays cannot follow, and passes as the lens bends
them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from renderer.blender.camera import SceneCamera
from renderer.blender.capture import GUIDES, capture
from renderer.geometry.overscan import through_lens
from renderer.geometry.silhouette import Silhouette, Window, silhouette
from renderer.shot.camera import Camera
from renderer.shot.frame import Frame
from renderer.shot.scene import Instance

Array = npt.NDArray[np.float64]


def rendered_outline(
    standing: SceneCamera, camera: Camera, entry: Instance, hull: Array
) -> Silhouette:
    """Render an object, the only one that the camera sees: in the frame, and where it reaches
    beyond it, there too.

    Args:
        standing: the camera of the scene, where ``camera`` is.
        camera: of the view, without distortion.
        entry: the object.
        hull: (n, 3) its corners in its own frame.

    """
    K = camera.intrinsics  # noqa: N806
    window = Window.around(camera.project(hull, np.array(entry.model_to_world)), camera.resolution)
    standing.set_intrinsics(K, camera.resolution)
    mask = _is_there(capture(), entry)
    if not window.reaches_beyond:
        return silhouette(window, mask, None)
    columns, rows = window.samples()
    # The camera whose pixel centres are the window's samples.
    wider = K / window.step
    wider[0, 2] = (K[0, 2] - window.left - 0.5) / window.step + 0.5
    wider[1, 2] = (K[1, 2] - window.top - 0.5) / window.step + 0.5
    standing.set_intrinsics(wider, (len(columns), len(rows)))
    return silhouette(window, mask, _is_there(capture(), entry))


def bent(camera: Camera, frame: Frame) -> Frame:
    """Return the frame of a camera by that of its pinhole: what labels have of the engine as the
    lens shows it, and no index, which is then the rays' to tell.
    """
    lens = camera.distortion
    if lens is None:
        return frame
    passes = {
        name: rows if name in GUIDES else through_lens(rows, camera.K, camera.resolution, lens)
        for name, rows in frame.passes.items()
    }
    return replace(frame, index=None, passes=passes)


def _is_there(frame: Frame, entry: Instance) -> np.ndarray:
    assert frame.index is not None  # Cycles' own
    return frame.index == entry.instance
