"""What a method is to find in test images: BOP's lists of targets."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from renderer.export.target import Target, Writable

# As in bop_toolkit's enumerate_test_targets.
_LEAST_VISIBLE = 0.1


class TestTargets:
    """Writes ``test_targets_bop19.json`` (poses of known objects) and ``test_targets_bop24.json``
    (images to find all objects in), a line at a time.
    """

    __test__ = False  # to pytest its name is one of a test

    def __init__(self, objects: Writable, images: Writable) -> None:
        """Write to two open files."""
        self._objects, self._images = _List(objects), _List(images)

    @staticmethod
    @contextmanager
    def into(target: Target) -> Iterator[TestTargets]:
        """Open both files, and end them when the block ends well."""
        with ExitStack() as stack:
            names = ("test_targets_bop19.json", "test_targets_bop24.json")
            made = TestTargets(*(stack.enter_context(target.open(name)) for name in names))
            yield made
            made._objects.end()
            made._images.end()

    def add(
        self,
        scene: int,
        image: int,
        poses: Sequence[dict[str, Any]],
        infos: Sequence[dict[str, Any]],
    ) -> None:
        """Add an image with what ``scene_gt`` and ``scene_gt_info`` say of it."""
        place = {"im_id": image, "scene_id": scene}
        seen = Counter(
            pose["obj_id"]
            for pose, info in zip(poses, infos, strict=True)
            if info["visib_fract"] >= _LEAST_VISIBLE
        )
        for number, count in seen.items():
            self._objects.add({**place, "inst_count": count, "obj_id": number})
        self._images.add(place)


class _List:
    """A list in JSON, a line for each of its entries."""

    def __init__(self, file: Writable) -> None:
        self._file, self._before = file, "[\n"

    def add(self, entry: dict[str, int]) -> None:
        self._file.write(f"{self._before}  {json.dumps(entry, sort_keys=True)}".encode())
        self._before = ",\n"

    def end(self) -> None:
        self._file.write(b"[]\n" if self._before == "[\n" else b"\n]\n")
