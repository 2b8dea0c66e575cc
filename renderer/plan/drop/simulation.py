"""Rigid bodies that fall until they lie still, at unit size: one body is about one long.

The engine's tolerances are lengths, and it works in float32: whoever simulates brings thimbles and
sofas to the same size, and its answers back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from renderer.geometry.quaternion import quaternion_of, rotation_of

Array = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]

_GRAVITY = 9.81
_STEP = 1 / 60
# As of things on a table: bounces die, and a ball does not roll for ever.
_RESTITUTION, _LINEAR, _ANGULAR = 0.05, 0.1, 1.0
# Below these speeds (lengths and radians a second) for so many seconds, the engine lets one sleep.
_SLOW, _SLOW_TURN, _SLEEPY = 0.02, 0.04, 0.4
# How stiff contacts are (hertz), and how much they are damped.
_STIFF, _DAMPED = 120.0, 10.0
# How often it is asked whether all sleep, and for how long they are watched after that.
_LOOK, _WATCH = 20, 30
# Figures of a pose kept: float32 has no more of them.
_DIGITS = 7


@dataclass(frozen=True)
class Pose:
    """Where a body is: its rotation (3, 3), and the place (3,) of its own origin."""

    rotation: Array
    place: Array


@dataclass(frozen=True)
class Body:
    """A body about its own origin, which is inside it.

    Attributes:
        parts: its convex pieces, (n, 3) corners each; of one that stands fast none are needed.
        pose: where it starts.
        fast: the triangles of one that stands fast (vertices and indices), or None.
        reach: the distance of its farthest corner from its origin.

    """

    parts: Sequence[Floats]
    pose: Pose
    fast: tuple[Array, npt.NDArray[np.int32]] | None
    reach: float


@dataclass(frozen=True)
class Slab:
    """A box that stands fast: its middle (3,), half its sides (3,), its turn about z (radians)."""

    middle: Array
    half: Array
    turn: float = 0.0

    def scaled(self, scale: float) -> Slab:
        """Return it so many times as large, about the origin."""
        return Slab(self.middle * scale, self.half * scale, self.turn)


@dataclass(frozen=True)
class Touch:
    """Where two bodies, or a body and what stands around, are near each other.

    Attributes:
        first: index of a body.
        second: of another, or None for floor and walls.
        at: (2, 3) the nearest points of the two.
        apart: their distance; below zero they are in each other.
        up: how much the first is held up by it: 1 from below, 0 from the side.

    """

    first: int
    second: int | None
    at: Array
    apart: float
    up: float


# The floor, in units: nothing rolls so far.
_FLOOR = Slab(np.array([0.0, 0.0, -50.0]), np.array([500.0, 500.0, 50.0]))


def moved(before: Sequence[Pose], after: Sequence[Pose], reaches: Sequence[float]) -> float:
    """Return how far any point of any body has moved at most, whatever its direction."""
    farthest = 0.0
    for one, other, reach in zip(before, after, reaches, strict=True):
        turned = float(np.linalg.norm(other.rotation - one.rotation, 2))
        farthest = max(farthest, float(np.linalg.norm(other.place - one.place)) + turned * reach)
    return farthest


class Simulation:
    """One scene of bodies above the floor z = 0, in one thread."""

    def __init__(
        self,
        bodies: Sequence[Body],
        slabs: Sequence[Slab],
        friction: float,
        tolerance: float,
    ) -> None:
        """Set it up.

        Args:
            bodies: what falls, and what stands fast.
            slabs: boxes that stand fast.
            friction: of all surfaces.
            tolerance: how deep bodies may be in each other.

        """
        import rapier3d as rp

        self._bodies, self._friction = bodies, friction
        self._world = rp.PhysicsWorld((0.0, 0.0, -_GRAVITY))
        self._world.set_num_threads(1)
        parameters = self._world.integration_parameters
        parameters.dt = _STEP
        parameters.normalized_allowed_linear_error = min(1e-3, tolerance / 4)
        parameters.num_solver_iterations = 8
        # Contacts are springs: what lies on one sinks in by gravity over frequency squared.
        parameters.contact_softness = rp.SpringCoefficients(_STIFF, _DAMPED)
        parameters.static_contact_softness = rp.SpringCoefficients(2 * _STIFF, _DAMPED)
        # No half space: the engine lets polyhedra sink into one.
        for slab in (_FLOOR, *slabs):
            self._add(_slab(slab))
        self._guides: list[Any] = []
        self._of_collider: dict[Any, int] = {}
        self._handles = [self._body(at, body) for at, body in enumerate(bodies)]

    def _add(self, builder: Any, parent: Any = None) -> Any:
        builder = builder.friction(self._friction).restitution(_RESTITUTION)
        return self._world.add_collider(builder, parent)

    def _body(self, at: int, body: Body) -> Any:
        import rapier3d as rp

        if body.fast is not None:
            builder, shapes = rp.RigidBody.fixed(), [_mesh(*body.fast)]
        else:
            builder = rp.RigidBody.dynamic().linear_damping(_LINEAR).angular_damping(_ANGULAR)
            builder = builder.ccd_enabled(True)
            shapes = [rp.Collider.convex_hull(np.asarray(part)) for part in body.parts]
        made = builder.position(_isometry(body.pose)).build()
        activation = made.activation
        activation.linear_threshold, activation.angular_threshold = _SLOW, _SLOW_TURN
        activation.time_until_sleep = _SLEEPY
        made.activation = activation
        handle = self._world.add_body(made)
        for shape in shapes:
            self._of_collider[self._add(shape, handle)] = at
        return handle

    def add_guides(self, slabs: Sequence[Slab]) -> None:
        """Put up walls that bodies fall between."""
        self._guides += [self._world.add_collider(_slab(slab).friction(0.0)) for slab in slabs]

    def remove_guides(self) -> None:
        """Take them away."""
        for guide in self._guides:
            self._world.remove_collider(guide)
        self._guides = []
        self._world.wake_up_all()

    def settle(self, steps: int, still: float) -> bool:
        """Let time pass until all is at rest; tell whether that was within so many steps.

        At rest: the engine lets all sleep, and woken, no point of any moves by more than ``still``
        in half a second.
        """
        reaches = [body.reach for body in self._bodies]
        passed = 0
        while passed < steps:
            self._pass(min(_LOOK, steps - passed))
            passed += _LOOK
            if self._asleep():
                before = self.poses()
                self._world.wake_up_all()
                self._pass(_WATCH)
                passed += _WATCH
                if moved(before, self.poses(), reaches) <= still:
                    return passed <= steps
        return False

    def _pass(self, steps: int) -> None:
        for _ in range(steps):
            self._world.step()

    def _asleep(self) -> bool:
        bodies = self._world.rigid_bodies
        return all(
            bodies[handle].is_sleeping
            for handle, body in zip(self._handles, self._bodies, strict=True)
            if body.fast is None
        )

    def poses(self) -> list[Pose]:
        """Return where each body is, rounded."""
        found = []
        for handle, body in zip(self._handles, self._bodies, strict=True):
            if body.fast is not None:
                found.append(body.pose)
                continue
            now = self._world.rigid_bodies[handle]
            turn, place = now.rotation, now.translation
            quaternion = np.round([turn.w, turn.i, turn.j, turn.k], _DIGITS)
            found.append(
                Pose(rotation_of(quaternion), np.round([place.x, place.y, place.z], _DIGITS))
            )
        return found

    def touches(self, within: float) -> list[Touch]:
        """Return where bodies are as near as that to each other, or to what stands around; none of
        two that both stand fast.
        """
        parameters = self._world.integration_parameters
        parameters.normalized_prediction_distance = within
        parameters.contact_recycling = False  # contacts of a step ago will not do
        self._world.wake_up_all()
        self._world.detect_collisions()
        colliders = self._world.colliders
        found = []
        for pair in self._world.narrow_phase.contact_pairs():
            ends = [self._of_collider.get(end) for end in (pair.collider1, pair.collider2)]
            frames = [
                colliders[end].position.to_matrix().reshape(4, 4)
                for end in (pair.collider1, pair.collider2)
            ]
            for manifold in pair.manifolds:
                for point in manifold.points:
                    if point.dist <= within:
                        found.append(_touch(ends, frames, manifold, point))
        return found


def _touch(ends: list[int | None], frames: list[Array], manifold: Any, point: Any) -> Touch:
    at = np.array(
        [
            frame[:3, :3] @ (local.x, local.y, local.z) + frame[:3, 3]
            for frame, local in zip(frames, (point.local_p1, point.local_p2), strict=True)
        ]
    )
    normal = manifold.local_n1
    up = float((frames[0][:3, :3] @ (normal.x, normal.y, normal.z))[2])
    if ends[0] is None:
        assert ends[1] is not None
        return Touch(ends[1], None, at[::-1], point.dist, up)
    return Touch(ends[0], ends[1], at, point.dist, -up)


def _isometry(pose: Pose) -> Any:
    import rapier3d as rp

    w, x, y, z = quaternion_of(pose.rotation).tolist()
    turn = rp.Rotation3.from_quaternion(w, x, y, z)
    return rp.Isometry3(tuple(pose.place.tolist()), turn)


def _slab(slab: Slab) -> Any:
    import rapier3d as rp

    built = rp.Collider.cuboid(*slab.half.tolist()).translation(tuple(slab.middle.tolist()))
    return built.rotation((0.0, 0.0, slab.turn))


def _mesh(vertices: Array, triangles: npt.NDArray[np.int32]) -> Any:
    import rapier3d as rp

    return rp.Collider.trimesh(vertices.astype(np.float32), triangles.astype(np.uint32))
