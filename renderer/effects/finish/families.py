"""What each family of procedural surfaces looks like, in metres of the thing itself.

Every one has structure down to fractions of a millimetre: no pixel of a real surface is like its
neighbour.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from renderer.effects.node_graph import Graph, Value
from renderer.values.finish import Family

Rgb = tuple[float, float, float]


@dataclass(frozen=True)
class Look:
    """Sockets or values that a shader is given.

    Attributes:
        color: linear Rec.709.
        roughness: 0..1.
        height: of the surface over its mesh, in metres.
        metallic: 0 or 1.

    """

    color: Value
    roughness: Value
    height: Value
    metallic: float = 0.0


def _wood(graph: Graph, place: Any, color: Rgb, roughness: float) -> Look:
    """Planks, the grain along x; each plank is cut from another place."""
    planks, seam, own = _bricks(graph, place, (1.1, 0.115, 0.0016))
    shift = graph.node("VectorMath", operation="MULTIPLY_ADD")
    graph.feed(shift.inputs[0], planks)
    graph.feed(shift.inputs[1], (3.0, 7.0, 5.0))
    graph.feed(shift.inputs[2], place)
    cut = shift.outputs[0]
    figure = graph.noise(graph.stretch(cut, (0.5, 8, 8)), 2.2, 4, 0.55)
    rings = graph.math("SINE", graph.math("MULTIPLY", figure, 70.0))
    fibres = graph.noise(graph.stretch(cut, (0.03, 1, 1)), 700, 3, 0.6)
    pores = graph.between(graph.noise(graph.stretch(cut, (0.06, 1, 1)), 420, 1), 0.6, 0.7)
    shade = graph.math("MULTIPLY_ADD", rings, 0.11, 0.95)
    shade = graph.math("MULTIPLY", shade, graph.spread(fibres, 0.3))
    shade = graph.math("MULTIPLY", shade, graph.spread(own, 0.22))
    shade = graph.math("MULTIPLY", shade, graph.math("MULTIPLY_ADD", pores, -0.35, 1.0))
    shade = graph.math("MULTIPLY", shade, graph.math("MULTIPLY_ADD", seam, -0.75, 1.0))
    tone = graph.hsv(color, graph.math("MULTIPLY_ADD", own, 0.02, -0.01), 1.0, 1.0)
    height = graph.math("MULTIPLY_ADD", pores, -6e-5, graph.math("MULTIPLY", fibres, 5e-5))
    height = graph.math("MULTIPLY_ADD", seam, -1e-3, height)
    rough = graph.math("MULTIPLY_ADD", pores, 0.2, _broken(graph, place, roughness, 0.12))
    return Look(graph.times(tone, shade), rough, height)


def _fabric(graph: Graph, place: Any, color: Rgb, roughness: float) -> Look:
    """Threads of 2 mm over and under each other, each of its own thickness and dye."""
    axes = graph.node("SeparateXYZ")
    graph.feed(axes.inputs[0], place)
    wavy = graph.math("MULTIPLY", graph.noise(place, 90, 2), 8e-4)
    # z is added to both, so that threads run on an upright side, too.
    along, across = (
        graph.math("ADD", graph.math("ADD", axes.outputs[at], axes.outputs["Z"]), wavy)
        for at in ("X", "Y")
    )
    pitch = 2.2e-3
    one, other = (
        graph.math("SINE", graph.math("MULTIPLY", value, 3.14159265 / pitch))
        for value in (along, across)
    )
    over = graph.math("MULTIPLY", one, other)  # its sign: which of two threads is on top
    warp = graph.noise(graph.stretch(place, (1, 0.04, 1)), 620, 2)
    weft = graph.noise(graph.stretch(place, (0.04, 1, 1)), 620, 2)
    top = graph.between(over, -0.15, 0.15)
    thread = graph.math(
        "ADD",
        graph.math("MULTIPLY", warp, top),
        graph.math("MULTIPLY", weft, graph.math("SUBTRACT", 1.0, top)),
    )
    fluff = graph.noise(place, 2200, 3, 0.7)
    raised = graph.math("ABSOLUTE", over)
    melange = graph.noise(graph.stretch(place, (1, 0.5, 1)), 130, 4, 0.7)
    shade = graph.math("MULTIPLY", graph.spread(thread, 0.55), graph.spread(fluff, 0.35))
    shade = graph.math("MULTIPLY", shade, graph.math("MULTIPLY_ADD", raised, 0.5, 0.62))
    shade = graph.math("MULTIPLY", shade, graph.spread(melange, 0.55))
    shade = graph.math("MULTIPLY", shade, graph.spread(graph.noise(place, 9, 3), 0.25))
    creases = graph.math("MULTIPLY", graph.noise(place, 7, 2), 4e-3)
    height = graph.math("MULTIPLY_ADD", raised, 2.5e-4, creases)
    height = graph.math("MULTIPLY_ADD", fluff, 1e-4, height)
    return Look(graph.times(color, shade), _broken(graph, place, roughness, 0.1), height)


def _concrete(graph: Graph, place: Any, color: Rgb, roughness: float) -> Look:
    """Stains, sand, and a few pits where air was."""
    stains = graph.noise(place, 2.5, 6, 0.62)
    sand = graph.noise(place, 700, 4, 0.75)
    chosen = graph.between(graph.noise(place, 14, 2), 0.5, 0.62)
    pits = graph.math("SUBTRACT", 1.0, graph.between(graph.cells(place, 95), 0.1, 0.24))
    pits = graph.math("MULTIPLY", pits, chosen)
    shade = graph.math("MULTIPLY", graph.spread(stains, 0.45), graph.spread(sand, 0.38))
    shade = graph.math("MULTIPLY", shade, graph.math("MULTIPLY_ADD", pits, -0.55, 1.0))
    height = graph.math("MULTIPLY_ADD", sand, 2.2e-4, graph.math("MULTIPLY", stains, 2e-3))
    height = graph.math("MULTIPLY_ADD", pits, -9e-4, height)
    return Look(graph.times(color, shade), _broken(graph, place, roughness, 0.15), height)


def _metal(graph: Graph, place: Any, color: Rgb, roughness: float) -> Look:
    """Brushed along x, with scratches and fingers' grease."""
    brushed = graph.noise(graph.stretch(place, (0.02, 1, 1)), 1800, 3, 0.65)
    scratches = graph.scratches(place, 0.4)
    grease = graph.noise(place, 11, 5, 0.6)
    shade = graph.math("MULTIPLY", graph.spread(brushed, 0.25), graph.spread(grease, 0.15))
    shade = graph.math("MULTIPLY_ADD", scratches, 0.15, shade)
    rough = graph.math("MULTIPLY_ADD", graph.math("SUBTRACT", grease, 0.5), 0.5, roughness)
    rough = graph.math("MULTIPLY_ADD", graph.math("SUBTRACT", brushed, 0.5), 0.25, rough)
    height = graph.math("MULTIPLY", brushed, 2.5e-5)
    height = graph.math("MULTIPLY_ADD", scratches, -3e-5, height)
    height = graph.math("MULTIPLY_ADD", graph.noise(place, 5, 1), 1.5e-3, height)
    return Look(graph.times(color, shade), graph.math("MAXIMUM", rough, 0.05), height, 1.0)


def _plastic(graph: Graph, place: Any, color: Rgb, roughness: float) -> Look:
    """The mould's grain, a little waviness, dust and rubbed places."""
    grain = graph.cells(place, 1100)
    dust = graph.between(graph.noise(place, 650, 3, 0.65), 0.6, 0.74)
    rubbed = graph.noise(place, 26, 7, 0.68)
    scratches = graph.scratches(place, 0.3)
    shade = graph.math("MULTIPLY", graph.spread(grain, 0.18), graph.spread(rubbed, 0.2))
    shade = graph.math("MULTIPLY_ADD", scratches, 0.12, shade)
    dusty = graph.mix(graph.math("MULTIPLY", dust, 0.35), graph.times(color, shade), (0.5,) * 3)
    height = graph.math(
        "MULTIPLY_ADD", grain, 3.5e-5, graph.math("MULTIPLY", graph.noise(place, 60, 1), 8e-5)
    )
    return Look(dusty, _broken(graph, place, roughness, 0.2), height)


def _tile(graph: Graph, place: Any, color: Rgb, roughness: float) -> Look:
    """Glazed tiles of 15 cm, none quite level nor of one shade, with joints between them."""
    tiles, joint, own = _bricks(graph, place, (0.15, 0.15, 0.0028), offset=0.0)
    glaze = graph.noise(place, 35, 6, 0.62)
    specks = graph.between(graph.noise(place, 900, 2), 0.62, 0.72)
    sand = graph.noise(place, 900, 3, 0.7)
    shade = graph.math("MULTIPLY", graph.spread(own, 0.12), graph.spread(glaze, 0.12))
    shade = graph.math("MULTIPLY", shade, graph.math("MULTIPLY_ADD", specks, -0.16, 1.0))
    soiled = graph.math(
        "MULTIPLY", graph.spread(sand, 0.3), graph.spread(graph.noise(place, 6, 3), 0.4)
    )
    color_out = graph.mix(joint, graph.times(color, shade), graph.times((0.3, 0.285, 0.26), soiled))
    rough = graph.math(
        "MAXIMUM", _broken(graph, place, roughness, 0.12), graph.math("MULTIPLY", joint, 0.9)
    )
    tilt = graph.node("VectorMath", operation="DOT_PRODUCT")
    lean = graph.node("VectorMath", operation="SUBTRACT")
    graph.feed(lean.inputs[0], tiles)
    graph.feed(lean.inputs[1], (0.5,) * 3)
    graph.feed(tilt.inputs[0], lean.outputs[0])
    graph.feed(tilt.inputs[1], graph.stretch(place, (0.012, -0.012, 0.0)))
    height = graph.math("MULTIPLY_ADD", glaze, 2e-4, tilt.outputs["Value"])
    height = graph.math("MULTIPLY_ADD", graph.math("MULTIPLY", sand, joint), 2e-4, height)
    return Look(color_out, rough, graph.math("MULTIPLY_ADD", joint, -1.2e-3, height))


def _bricks(
    graph: Graph, place: Any, size: tuple[float, float, float], offset: float = 0.37
) -> tuple[Any, Any, Any]:
    """Return of the brick at a place its own random colour, the share of joint (0..1), and its own
    random number in 0..1; ``size`` is length, width and joint in metres.
    """
    made = graph.node("TexBrick", offset=offset, squash=1.0)
    graph.feed(made.inputs["Vector"], place)
    for name, value in (
        ("Scale", 1.0),
        ("Brick Width", size[0]),
        ("Row Height", size[1]),
        ("Mortar Size", size[2] / 2),
        ("Mortar Smooth", 0.3),
        ("Color1", (0.0,) * 3),
        ("Color2", (1.0,) * 3),
        ("Mortar", (0.5,) * 3),
    ):
        graph.feed(made.inputs[name], value)
    own = graph.node("SeparateColor")
    graph.feed(own.inputs[0], made.outputs["Color"])
    many = graph.node("TexWhiteNoise", noise_dimensions="1D")
    graph.feed(many.inputs["W"], graph.math("MULTIPLY", own.outputs[0], 91.7))
    return many.outputs["Color"], made.outputs["Fac"], own.outputs[0]


def _broken(graph: Graph, place: Any, roughness: float, by: float) -> Any:
    """Return a roughness that noise at two scales breaks up."""
    coarse = graph.math("SUBTRACT", graph.noise(place, 9, 4, 0.6), 0.5)
    fine = graph.math("SUBTRACT", graph.noise(place, 240, 2), 0.5)
    rough = graph.math("MULTIPLY_ADD", coarse, 2 * by, roughness)
    return graph.math("MULTIPLY_ADD", fine, by, rough, clamp=True)


LOOKS: dict[Family, Callable[[Graph, Any, Rgb, float], Look]] = {
    "wood": _wood,
    "fabric": _fabric,
    "concrete": _concrete,
    "metal": _metal,
    "plastic": _plastic,
    "tile": _tile,
}
