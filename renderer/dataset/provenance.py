"""What the images of a dataset were rendered with: versions of libraries, and render back ends.

The recipe and its files decide what is in an image; these decide its last bits, in rare cases more.
Every process leaves a note in ``parts/`` before its first image counts, so that a dataset that
mixes them says so, whoever rendered it where. Notes of the same content are one file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from renderer.dataset.layout import DatasetError, Layout
from renderer.dataset.run_file import RunHead
from renderer.dataset.storage import write_atomic
from renderer.dataset.stored_model import ContentError, StoredModel, read_json
from renderer.errors import UserError

_MARK = "rendered-with"


class Note(StoredModel):
    """What a process leaves: the versions of its libraries, and its back end."""

    versions: dict[str, str]
    backend: str


class MixedError(UserError):
    """Images would be mixed that may differ; the message is one sentence."""


@dataclass(frozen=True)
class Provenance:
    """With what the images of a folder were rendered: every set of versions, and every back end."""

    versions: tuple[Mapping[str, str], ...]
    backends: frozenset[str] = field(default=frozenset())

    def mixtures(self) -> list[str]:
        """Return what is mixed: ``numpy 1.26.3 and 1.26.4``, ``rendered on CPU and OPTIX``."""
        found = []
        for name in dict.fromkeys(name for each in self.versions for name in each):
            values = sorted({each.get(name, "of an unknown version") for each in self.versions})
            if len(values) > 1:
                found.append(f"{name} {_joined(values)}")
        if len(self.backends) > 1:
            found.append(f"rendered on {_joined(sorted(self.backends))}")
        return found

    def changes(self, versions: Mapping[str, str], backends: Iterable[str]) -> list[str]:
        """Return what would be mixed by rendering more with some versions and back ends.

        Several back ends at once are somebody's choice: then those that are there may be among
        them.
        """
        found = []
        for name, now in versions.items():
            others = {each.get(name, "of an unknown version") for each in self.versions} - {now}
            found += [f"{name} {was} became {now}" for was in sorted(others)]
        new = frozenset(backends)
        if new and self.backends and not (new <= self.backends or self.backends <= new):
            was, now = _joined(sorted(self.backends)), _joined(sorted(new))
            found.append(f"rendered on {was}, now {now}")
        return found


NO_IMAGES = Provenance(())


def head_versions(head: RunHead) -> dict[str, str]:
    """Return the versions that a run was begun with; of an old run two are known."""
    return head.versions or {"orbitset": head.orbitset, "bpy": head.bpy}


def read_provenance(layout: Layout, head: RunHead) -> Provenance:
    """Return with what the images of a folder were rendered, and its run was begun.

    Raises:
        DatasetError: a note is damaged.

    """
    versions, backends = [head_versions(head)], set()
    for path in layout.files("parts", f"{_MARK}.*.json"):
        try:
            note = read_json(Note, path.read_bytes())
        except ContentError as error:
            raise DatasetError(f"{path} is damaged: {error}") from None
        backends.add(note.backend)
        if note.versions not in versions:
            versions.append(note.versions)
    return Provenance(tuple(versions), frozenset(backends))


def note_provenance(layout: Layout, versions: Mapping[str, str], backend: str) -> None:
    """Leave a note that images are rendered with some versions on a back end.

    Raises:
        DiskError: it cannot be written.

    """
    note = Note(versions=dict(versions), backend=backend)
    content = json.dumps(note.model_dump(), sort_keys=True).encode()
    digest = hashlib.blake2b(content, digest_size=6).hexdigest()
    path = layout.file(f"parts/{_MARK}.{digest}.json")
    if not path.exists():
        write_atomic(path, content)


def refuse_mixing(root: Path, changes: list[str]) -> None:
    """Raise MixedError where a folder would mix anything."""
    if changes:
        raise MixedError(
            f"{root} was begun otherwise ({'; '.join(changes)}), and images of both may differ: go "
            "on as it was begun, choose a new folder, or say --allow-mixed"
        )


def _joined(names: list[str]) -> str:
    return " and ".join(names)
