"""Shader nodes of a material, written as sums: what the effects' Blender sides build patterns with.

It imports no bpy: a tree is whatever Blender has given.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

# What nodes take for an input: another's output, or a value.
Value = Any
# Shaders whose roughness is how blurred they mirror, or let light through. (A diffuse one's is how
# much it scatters back to where light comes from.)
GLOSSY = ("BSDF_PRINCIPLED", "BSDF_GLOSSY", "BSDF_METALLIC", "BSDF_GLASS", "BSDF_REFRACTION")


def trees_of(tree: Any, seen: set[Any] | None = None) -> Iterator[Any]:
    """Yield a tree and the groups in it, each once however often it is used."""
    seen = set() if seen is None else seen
    if tree in seen:
        return
    seen.add(tree)
    yield tree
    for node in tree.nodes:
        if node.type == "GROUP" and node.node_tree is not None:
            yield from trees_of(node.node_tree, seen)


class Graph:
    """Adds nodes to a tree."""

    def __init__(self, tree: Any) -> None:
        """Take the tree."""
        self.tree = tree

    def node(self, kind: str, **settings: Any) -> Any:
        """Return a new node of a type (without ``ShaderNode``), its attributes set."""
        made = self.tree.nodes.new(f"ShaderNode{kind}")
        for name, value in settings.items():
            setattr(made, name, value)
        return made

    def feed(self, socket: Any, value: Value) -> None:
        """Give an input a value, or another node's output in place of what it had."""
        if hasattr(value, "is_linked"):
            self.tree.links.new(value, socket)
            return
        for link in list(socket.links):
            self.tree.links.remove(link)
        if hasattr(socket.default_value, "__len__") and len(socket.default_value) == 4:
            value = (*value, 1.0)
        socket.default_value = value

    def source(self, socket: Any) -> Value:
        """Return what an input has: the output it is linked to, or its value (a colour's first
        three).
        """
        if socket.is_linked:
            return socket.links[0].from_socket
        value = socket.default_value
        return tuple(value)[:3] if hasattr(value, "__len__") else value

    def math(self, operation: str, *values: Value, clamp: bool = False) -> Any:
        """Return the result of a sum."""
        made = self.node("Math", operation=operation, use_clamp=clamp)
        for socket, value in zip(made.inputs, values, strict=False):
            self.feed(socket, value)
        return made.outputs[0]

    def between(self, value: Value, low: float, high: float) -> Any:
        """Return 0 below ``low``, 1 above ``high``, and a smooth step between them."""
        made = self.node("MapRange", interpolation_type="SMOOTHSTEP", clamp=True)
        self.feed(made.inputs["Value"], value)
        self.feed(made.inputs["From Min"], low)
        self.feed(made.inputs["From Max"], high)
        return made.outputs["Result"]

    def spread(self, value: Value, by: Value) -> Any:
        """Return 1 plus or minus ``by`` where a value in 0..1 is at its ends."""
        return self.math(
            "MULTIPLY_ADD", self.math("SUBTRACT", value, 0.5), self.math("MULTIPLY", by, 2.0), 1.0
        )

    def mix(self, share: Value, one: Value, other: Value, blend: str = "MIX") -> Any:
        """Return a mixture of two colours."""
        made = self.node("Mix", data_type="RGBA", blend_type=blend)
        # Sockets of several types share names: 0 is the share, 6 and 7 are the colours.
        self.feed(made.inputs[0], share)
        self.feed(made.inputs[6], one)
        self.feed(made.inputs[7], other)
        return made.outputs[2]

    def times(self, color: Value, factor: Value) -> Any:
        """Return a colour times a number."""
        made = self.node("VectorMath", operation="SCALE")
        self.feed(made.inputs[0], color)
        self.feed(made.inputs["Scale"], factor)
        return made.outputs[0]

    def hsv(self, color: Value, turn: Value, saturation: Value, value: Value) -> Any:
        """Return a colour with its hue turned (1 is all around) and the rest multiplied."""
        made = self.node("HueSaturation")
        self.feed(made.inputs["Hue"], self.math("ADD", turn, 0.5))
        self.feed(made.inputs["Saturation"], saturation)
        self.feed(made.inputs["Value"], value)
        self.feed(made.inputs["Color"], color)
        return made.outputs[0]

    def stretch(self, place: Value, factors: Sequence[float]) -> Any:
        """Return a place, each coordinate multiplied."""
        made = self.node("VectorMath", operation="MULTIPLY")
        self.feed(made.inputs[0], place)
        self.feed(made.inputs[1], tuple(factors))
        return made.outputs[0]

    def noise(self, place: Value, a_metre: float, detail: float = 2.0, rough: float = 0.5) -> Any:
        """Return noise in 0..1, with so many bumps a metre, and finer ones by the octave."""
        made = self.node("TexNoise")
        self.feed(made.inputs["Vector"], place)
        self.feed(made.inputs["Scale"], a_metre)
        self.feed(made.inputs["Detail"], detail)
        self.feed(made.inputs["Roughness"], rough)
        return made.outputs[0]

    def scratches(self, place: Value, share: float) -> Any:
        """Return where there are scratches (0..1): thin lines some centimetres long in two
        directions, in patches that cover about a share of the surface.
        """
        lines: Any = 0.0
        for angles in ((0.3, 0.5, 0.4), (-0.5, 0.2, 1.9)):
            turned = self.node("VectorRotate", rotation_type="EULER_XYZ")
            self.feed(turned.inputs["Vector"], place)
            self.feed(turned.inputs["Rotation"], angles)
            streaks = self.noise(self.stretch(turned.outputs[0], (0.03, 1, 1)), 480, 1)
            lines = self.math("MAXIMUM", lines, self.between(streaks, 0.68, 0.74))
        patches = self.noise(place, 21, 2)
        edge = 0.75 - 0.5 * share
        return self.math("MULTIPLY", lines, self.between(patches, edge - 0.05, edge + 0.05))

    def cells(self, place: Value, a_metre: float) -> Any:
        """Return the distance from the nearest of scattered points, in 0 to about 1."""
        made = self.node("TexVoronoi")
        self.feed(made.inputs["Vector"], place)
        self.feed(made.inputs["Scale"], a_metre)
        return made.outputs["Distance"]

    def metres(self, a_unit: float, origin: Sequence[float], of: Any = None) -> Any:
        """Return the place on the thing itself, in metres.

        Args:
            a_unit: metres that a unit of its mesh stands for.
            origin: added, in metres.
            of: the object whose own coordinates they are; None: that which is shaded.

        """
        coordinates = self.node("TexCoord", object=of)
        made = self.node("Mapping")
        self.feed(made.inputs["Vector"], coordinates.outputs["Object"])
        self.feed(made.inputs["Scale"], (a_unit,) * 3)
        self.feed(made.inputs["Location"], tuple(origin))
        return made.outputs["Vector"]

    def bump(self, height: Value, a_metre: float, normal: Any = None) -> Any:
        """Return the normal of a surface that is moved by so many metres, without moving it.

        Args:
            height: in metres.
            a_metre: units of the engine that a metre has.
            normal: output that the surface's normal comes from; None: its own.

        """
        made = self.node("Bump")
        self.feed(made.inputs["Distance"], a_metre)
        self.feed(made.inputs["Height"], height)
        if normal is not None:
            self.feed(made.inputs["Normal"], normal)
        return made.outputs["Normal"]
