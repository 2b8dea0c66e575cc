"""Who hides how much of an object, and where it stands in the order from front to back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from renderer.truth.kind import Fields, LabelKind, Labels, Problem, Record
from renderer.values.bounded import Count

if TYPE_CHECKING:
    from renderer.truth.canvas import Canvas
    from renderer.truth.stored_labels import StoredLabels
    from renderer.truth.view import ViewTruth

_NO_PLACE = "#ff00ff"


class OccluderRecord(TypedDict):
    """One that hides some of an object."""

    instance: Annotated[
        Count,
        Field(description="Its number, 0 for the floor; it may be one without an annotation."),
    ]
    pixels: Annotated[int, Field(ge=1, description="How many amodal pixels in the frame it hides.")]


class OcclusionFields(Fields):
    """What hides the object."""

    occluders: tuple[OccluderRecord, ...] = Field(
        description="Who hides how many of its amodal pixels in the frame, by their number."
    )
    occlusion_order: Count | None = Field(
        description="0 where no object hides it, else one more than the largest of those that do; "
        "null for objects that hide each other in a ring, and for those behind such."
    )


class Occlusion(LabelKind):
    """Who hides whom, and the order of objects from front to back."""

    name = "occlusion"
    needs = ("amodal",)
    ObjectFields = OcclusionFields

    def make(self, truth: ViewTruth, config: Any) -> Labels:
        """Return occluders and places."""
        from renderer.truth.hiding import occluders, order

        hidden_by = occluders(truth)
        places = order(hidden_by)
        return Labels(
            {
                entry.instance: OcclusionFields(
                    occluders=tuple(
                        OccluderRecord(instance=number, pixels=pixels)
                        for number, pixels in sorted(hidden_by[entry.instance].items())
                    ),
                    occlusion_order=places[entry.instance],
                )
                for entry in truth.labelled
            }
        )

    def check(
        self, stored: StoredLabels, truth: ViewTruth | None, config: Any
    ) -> Iterator[Problem]:
        """Compare occluders with the masks, those without one with the scene, and the order with
        the occluders.
        """
        from renderer.truth.hiding import occluders

        if not stored.masked:
            return
        scene = None
        if truth is not None and stored.agrees:
            scene = occluders(stored.seen(truth))
        problems: list[Problem] = []
        for record in stored.annotations:
            if record["id"] not in stored.wrong:
                of_scene = None if scene is None else scene.get(record["instance"], {})
                said = _occluder_problems(record, stored, of_scene)
                problems += [(record, each) for each in said]
        yield from problems
        if not problems and not stored.wrong:
            yield from _order_problems(stored, scene)

    def draw(self, canvas: Canvas, stored: StoredLabels) -> None:
        """Tint objects by their place, front red and back blue, none magenta; an arrow goes from
        each that hides to what it hides.
        """
        places = [record["occlusion_order"] for record in stored.annotations]
        last = max((place for place in places if place is not None), default=0)
        middles = {}
        for record in stored.annotations:
            place = record["occlusion_order"]
            mask, ink = stored.mask(record), _ink(place, last)
            canvas.tint(canvas.cover(mask), ink)
            x, y, w, h = mask.box
            middles[record["instance"]] = x + w / 2, y + h / 2
        for record in stored.annotations:
            end = middles[record["instance"]]
            for occluder in record["occluders"]:
                if occluder["instance"] in middles:
                    canvas.arrow(middles[occluder["instance"]], end, "#ffffff")
        for record in stored.annotations:
            place = record["occlusion_order"]
            canvas.write(middles[record["instance"]], "-" if place is None else str(place))


def _ink(place: int | None, last: int) -> str:
    """Return the colour of a place among those up to the last: red, through green, to blue."""
    import colorsys

    if place is None:
        return _NO_PLACE
    red, green, blue = colorsys.hsv_to_rgb(0.66 * place / max(last, 1), 1, 1)
    return f"#{round(255 * red):02x}{round(255 * green):02x}{round(255 * blue):02x}"


def _occluder_problems(
    record: Record, stored: StoredLabels, scene: Mapping[int, int] | None
) -> Iterator[str]:
    """Compare the occluders of an annotation with its masks: those that have one themselves to the
    pixel, others with the scene, as far as it is known.
    """
    import numpy as np

    from renderer.truth.outline_check import few

    said = {each["instance"]: each["pixels"] for each in record["occluders"]}
    if len(said) < len(record["occluders"]):
        yield "occluders has an instance twice"
    hidden = stored.mask(record).lacks(stored.mask(record, "amodal_segmentation"))
    owners = stored.index[hidden.part][hidden.mask]
    counts = np.bincount(owners, minlength=1)
    masked = {each["instance"] for each in stored.annotations}
    for number in sorted(masked):
        found = int(counts[number]) if number < len(counts) else 0
        if said.get(number, 0) != found:
            yield f"occluders has {said.get(number, 0)} pixels of {number}, its masks say {found}"
    others = {number: pixels for number, pixels in said.items() if number not in masked}
    if sum(others.values()) > counts[0]:
        yield f"occluders has more pixels without a mask than the {counts[0]} that are hidden so"
    if scene is None:
        return
    for number in sorted(others.keys() | scene.keys() - masked):
        one, other = others.get(number, 0), scene.get(number, 0)
        if abs(one - other) > few(hidden.area):
            yield f"occluders has {one} pixels of {number}, its scene's are {other}"


def _order_problems(
    stored: StoredLabels, scene: Mapping[int, Mapping[int, int]] | None
) -> Iterator[Problem]:
    """Compare the places with the occluders; where objects without an annotation may be between
    them and the scene is not known, only what the annotations themselves say.
    """
    from renderer.truth.hiding import order

    said = {
        record["instance"]: {each["instance"]: each["pixels"] for each in record["occluders"]}
        for record in stored.annotations
    }
    places = order({**(scene or {}), **said})
    for record in stored.annotations:
        found, made = record["occlusion_order"], places[record["instance"]]
        if scene is None and stored.unmasked:
            known = found is not None and made is not None
            wrong = known and found < made
        else:
            wrong = found != made
        if wrong:
            yield record, f"occlusion_order is {found}, its occluders say {made}"
