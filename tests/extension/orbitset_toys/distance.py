"""A label kind: how far each object is from the camera, and a small map of what is where."""

from __future__ import annotations

import math

import numpy as np
from pydantic import Field

from renderer.truth.kind import Config, Fields, LabelFile, LabelKind, Labels


class DistanceConfig(Config):
    """How the map is written."""

    step: int = Field(8, strict=True, ge=1, description="Every how many-th pixel the map has.")


class DistanceFields(Fields):
    """How far the object is."""

    distance_m: float = Field(description="From the camera to the model's origin, in metres.")


class Distance(LabelKind):
    """Distance of each object, and a map of instances as plain text."""

    name, files = "distance", ("map",)
    Config, ObjectFields = DistanceConfig, DistanceFields

    def make(self, truth, config):
        objects = {}
        for entry in truth.labelled:
            origin = truth.camera.pose @ np.array(entry.model_to_world)[:, 3]
            objects[entry.instance] = DistanceFields(distance_m=math.hypot(*origin[:3]))
        rows = truth.index[:: config.step, :: config.step].tolist()
        text = "\n".join(" ".join(map(str, row)) for row in rows)
        return Labels(objects, files={"map": LabelFile("txt", text.encode())})
