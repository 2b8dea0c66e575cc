"""What a split must not part, of the scenes of a dataset: their models, and what is behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from renderer.dataset.json_text import dumps
from renderer.dataset.layout import DatasetError, Layout
from renderer.dataset.records import ImageRecord
from renderer.dataset.shots import JsonObject, read_lines
from renderer.dataset.stored_model import ContentError, StoredModel, read_value

# What must be on one side, each with all the names it has.
Names = tuple[str, ...]
KeysOf = Callable[[ImageRecord], list[Names]]


class _File(StoredModel):
    digest: str


class _Object(StoredModel):
    category: str | None
    asset: str
    file: str


class _Floor(StoredModel):
    image: _File | None = None


class _Background(StoredModel):
    color: tuple[float, float, float] | None
    image: _File | None
    floor: _Floor | None = None


class _Hdri(StoredModel):
    hdri: str | None
    file: _File | None


class _Sky(StoredModel):
    sun_elevation_deg: float
    haze: float


class _World(_Hdri):
    color: tuple[float, float, float] | None
    mix: tuple[_Hdri, ...] = ()
    sky: _Sky | None = None


class _Variant(StoredModel):
    background: _Background | None = None


class _Scene(StoredModel):
    objects: tuple[_Object, ...]
    world: _World
    background: _Background
    variants: tuple[_Variant, ...] = (_Variant(),)


class Scenes:
    """The scenes of images that are asked for in the order of their ids; one is held at a time."""

    def __init__(self, layout: Layout) -> None:
        """Read ``shots.jsonl`` as far as it is asked for."""
        self._lines: Iterator[JsonObject] = read_lines(layout)
        self._layout, self._index = layout, -1
        self._scene: _Scene | None = None

    def assets(self, image: ImageRecord) -> list[Names]:
        """Return the models of the scene's labelled objects, seen or not: each by its content, as
        it was imported, and by its file.
        """
        found = {(each.asset, each.file) for each in self._of(image).objects if each.category}
        return [(f"content {asset}", f"file {file}") for asset, file in sorted(found)]

    def backgrounds(self, image: ImageRecord) -> list[Names]:
        """Return what is seen behind the objects: a photo, a colour, or the world; a texture of the
        floor, too.
        """
        scene = self._of(image)
        if not 0 <= image.variant < len(scene.variants):
            raise self._lost(image)
        behind = scene.variants[image.variant].background or scene.background
        found = [("photo", behind.image.digest)] if behind.image else []
        if behind.color and not found:
            found = [("colour", dumps(behind.color))]
        if not found:
            found = [("world", name) for name in _world(scene.world)]
        if behind.floor and behind.floor.image:
            found.append(("photo", behind.floor.image.digest))
        return [(" ".join(each),) for each in found]

    def _of(self, image: ImageRecord) -> _Scene:
        while self._index < image.shot:
            line = next(self._lines, None)
            if line is None:
                raise self._lost(image)
            self._index = line["index"]
            if self._index == image.shot:
                self._scene = self._read(line)
        if self._index != image.shot or self._scene is None:
            raise self._lost(image)
        return self._scene

    def _read(self, line: JsonObject) -> _Scene:
        try:
            return read_value(_Scene, line)
        except ContentError as error:
            raise DatasetError(f"shots.jsonl is damaged: shot {line['index']} {error}") from None

    def _lost(self, image: ImageRecord) -> DatasetError:
        return DatasetError(
            f"shots.jsonl has no scene of image {image.id} (shot {image.shot}): orbitset dataset "
            f"merge {self._layout.root} writes it anew"
        )


def _world(world: _World) -> list[str]:
    """Return the names of what is seen of a world: every one of several HDRIs."""
    if world.sky:
        return [f"sky {world.sky.sun_elevation_deg} {world.sky.haze}"]
    layers = world.mix or (world,)
    return [
        layer.file.digest if layer.file else layer.hdri or dumps(world.color) for layer in layers
    ]
