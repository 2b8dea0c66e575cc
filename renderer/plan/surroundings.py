"""What stands behind and under the objects: backdrop, photo or world, and the floor."""

from __future__ import annotations

from pathlib import Path

from renderer.colour.srgb import srgb_to_linear
from renderer.recipe.background import Background, Floor
from renderer.shot.files import file_ref, listed
from renderer.shot.scene import BackgroundState, FloorState, RoomPart
from renderer.values.distribution import Choice
from renderer.values.draw import draw_among, draw_choice, draw_colour, draw_number
from renderer.values.files import IMAGE_SUFFIXES
from renderer.values.finish import draw_finish
from renderer.values.stream import Stream


def choose_background(
    background: Background | Choice[Background], stream: Stream
) -> tuple[Background, str]:
    """Return the background of an image and the stream path its keys draw from."""
    if isinstance(background, Choice):
        chosen = draw_choice(background, stream, "background")
        return chosen, f"background.{background.choice.index(chosen)}"
    return background, "background"


def decide_background(
    background: Background,
    path: str,
    stream: Stream,
    folder: Path,
    radius: float,
    catcher: bool,
    room: tuple[RoomPart, ...] = (),
) -> BackgroundState:
    """Draw the surroundings; ``radius`` is the subject's, in metres, ``catcher`` whether the engine
    has a floor that is invisible but for shadows, and ``room`` what stands around already.
    """
    color, image = None, None
    if background.color is not None:
        color = draw_colour(background.color, stream, f"{path}.color")
    if background.image is not None:
        found = listed(folder, background.image, IMAGE_SUFFIXES)
        image = file_ref(folder, draw_among(found, stream, f"{path}.image"))
    floor = None
    if background.floor is not None:
        floor = _floor(background.floor, f"{path}.floor", stream, folder, radius)
    return BackgroundState(
        color=color,
        image=image,
        crop=(stream.unit(path, "crop x"), stream.unit(path, "crop y")),
        mirrored=stream.unit(path, "mirrored") < 0.5,
        shadows=background.catches_shadows and catcher,
        floor=floor,
        room=room,
    )


def _floor(floor: Floor, path: str, stream: Stream, folder: Path, radius: float) -> FloorState:
    material = floor.material or "plain"
    if isinstance(material, Choice):
        material = draw_choice(material, stream, f"{path}.material")
    image = None
    if floor.image is not None:
        found = listed(folder, floor.image, IMAGE_SUFFIXES)
        image = file_ref(folder, draw_among(found, stream, f"{path}.image"))
    color = None
    if floor.color is not None:
        color = srgb_to_linear(draw_colour(floor.color, stream, f"{path}.color"))
    finish = None
    if floor.finish is not None:
        finish = draw_finish(floor.finish, stream, f"{path}.finish")
    return FloorState(
        material="finish" if finish else "image" if image else material,
        image=image,
        tile_m=radius * draw_number(floor.tile, stream, f"{path}.tile"),
        color=color,
        roughness=draw_number(floor.roughness, stream, f"{path}.roughness"),
        finish=finish,
    )
