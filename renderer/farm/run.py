"""A run: which recipe an output folder belongs to, what is left to do, and the end of it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from renderer import __version__
from renderer.asset import AssetCache, AssetFacts, AssetSource
from renderer.dataset.assemble import read_run, sweep_dataset, write_run
from renderer.dataset.layout import Layout
from renderer.dataset.parts import PartIndex, last_index
from renderer.dataset.provenance import NO_IMAGES, Provenance, head_versions, read_provenance
from renderer.dataset.run_file import Origin, RunFile, run_head
from renderer.dataset.storage import is_local
from renderer.errors import UserError
from renderer.farm.asset_import import facts_by_path, recipe_keys
from renderer.farm.recipe_keypoints import category_keypoints
from renderer.farm.versions import recipe_versions
from renderer.plan import Planner, asset_sources
from renderer.recipe import Recipe, canonical
from renderer.recipe.scenarios import files_of
from renderer.shot.files import file_ref


def origin_of(recipe: Path, changes: dict[str, Any]) -> Origin:
    """Return what is needed to find a run's recipe again: its file, and the options that changed
    it (``renderer.recipe.load.override``).
    """
    return Origin(recipe=str(recipe.resolve()), changes=changes)


class RunError(UserError):
    """A run that cannot start; the message is one sentence."""


class RunBusyError(RunError):
    """A run that cannot start now, but perhaps later."""

    exit_code = 1


@dataclass(frozen=True)
class Shard:
    """The ``number``-th of ``count`` even, contiguous spans of a run's shots.

    Contiguous, because low-discrepancy angles cover a sphere evenly over any span and not over
    every n-th shot.
    """

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read ``2/16``; shards count from 0. Raises RunError."""
        found = re.fullmatch(r"(\d+)/(\d+)", text.strip())
        if not found or int(found[1]) >= int(found[2]):
            raise RunError(f"--shard: '{text}' is no shard: give 0/16 for the first of 16")
        return cls(int(found[1]), int(found[2]))

    def of(self, images: int) -> range:
        """Return the indices of its shots."""
        ends = (images * self.number // self.count, images * (self.number + 1) // self.count)
        return range(*ends)

    @property
    def name(self) -> str:
        """Its name in files."""
        return f"{self.number}-of-{self.count}"


@dataclass(frozen=True)
class Run:
    """One recipe rendered into one folder, by one process or, as shards, by several."""

    recipe: Recipe
    folder: Path
    layout: Layout
    cache: AssetCache
    known: dict[AssetSource, AssetFacts]
    shard: Shard | None = None

    @cached_property
    def _sources(self) -> list[dict[str, AssetSource]]:
        """The model files of each object entry: looked up once, the folder may be large."""
        return asset_sources(self.recipe, self.folder)

    @cached_property
    def _files(self) -> dict[str, str]:
        """The digest of every file the recipe may use, but of its imported models."""
        models = {path for each in self._sources for path in each}
        return {
            name: file_ref(self.folder, name).digest
            for name in _files(self.recipe, self.folder)
            if name not in models
        }

    @property
    def planner(self) -> Planner:
        """The planner of its shots."""
        keys = recipe_keys(self._sources, self.known)
        return Planner(self.recipe, self.folder, self.cache, keys)

    @property
    def facts(self) -> dict[str, AssetFacts]:
        """Facts of every model by its path in the recipe."""
        return facts_by_path(self._sources, self.known)

    def fingerprint(self) -> str:
        """Return a digest of all that shapes the dataset, except how many images it has and what
        they are rendered with: that is compared name by name (``dataset/provenance.py``).
        """
        recipe = canonical(self.recipe.model_copy(update={"images": 1}))
        assets = {path: facts.key for path, facts in self.facts.items()}
        content = json.dumps([recipe, assets, self._files], sort_keys=True)
        return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()

    def claim(self, origin: Origin, allow_mixed: bool = False) -> None:
        """Mark the folder as this run's, or check that it already is; then remove what killed
        schedulers left half-done.

        Args:
            origin: where the recipe came from, so that ``farm retry`` finds it again.
            allow_mixed: whether a run may be gone on with of which no versions are known.

        Raises:
            RunError: the folder holds another recipe's run, or more images.
            AssembleError: what the folder says of its run is damaged.

        """
        versions = recipe_versions(self.recipe)
        points = category_keypoints(self.recipe, self._sources, self.known)
        head = run_head(self.recipe, __version__, versions["bpy"], self.facts, versions, points)
        state = RunFile(
            fingerprint=self.fingerprint(),
            origin=origin,
            files=self._files,
            head=head,
        )
        if not self.layout.run.exists():
            write_run(self.layout, state)
            return
        stored = read_run(self.layout)
        if not stored.head.versions and not allow_mixed:
            raise RunError(
                f"{self.layout.root} was begun by an older orbitset, which did not note the "
                "versions of its libraries: choose a new folder, or say --allow-mixed to go on "
                "with this one"
            )
        if stored.fingerprint != state.fingerprint and (other := self._difference(stored)):
            raise RunError(
                f"{self.layout.root} was begun with {other}: choose a new folder, or delete this "
                "one"
            )
        last = last_index(self.layout)
        beyond = PartIndex(self.layout, range(self.recipe.images, last + 1)).done()
        if beyond:
            raise RunError(
                f"{self.layout.root} already holds image {max(beyond)}, beyond the "
                f"{self.recipe.images} asked for: ask for at least {max(beyond) + 1}, or choose a "
                "new folder"
            )
        sweep_dataset(self.layout)
        if stored.head.recipe.images != self.recipe.images:
            begun = {"orbitset": stored.head.orbitset, "bpy": stored.head.bpy}
            begun_with = head.model_copy(update={**begun, "versions": head_versions(stored.head)})
            write_run(self.layout, state.model_copy(update={"head": begun_with}))

    def provenance(self) -> Provenance:
        """Return with what the images that are there were rendered; nothing before the first."""
        if not self.layout.run.exists():
            return NO_IMAGES
        return read_provenance(self.layout, read_run(self.layout).head)

    def _holds_something_else(self) -> bool:
        """Tell whether the folder has files, those of shards that begin just now left out."""
        if not self.layout.root.exists() or self.layout.run.exists():
            return False
        there = [
            path
            for path in self.layout.root.rglob("*")
            if path.is_file()
            and not path.name.startswith(("lock", "."))
            and path.parent.name != self.layout.logs.name
        ]
        # A network disk may have denied it a moment ago, and listed it now.
        return bool(there) and self.layout.run not in there

    def _difference(self, stored: RunFile) -> str:
        """Say which recipe keys or files differ from those a folder was begun with; nothing where
        an older orbitset has begun it from the same ones.
        """
        now = self.recipe.model_dump(mode="json")
        changes = _changes(stored.head.recipe.model_dump(mode="json"), now)
        if keys := [change for change in changes if not change.startswith("images:")]:
            return f"another recipe ({_listed(keys)})"
        assets = {path: facts.key for path, facts in self.facts.items()}
        before = {path: facts.digest for path, facts in stored.head.assets.items()}
        before |= self._files if stored.files is None else stored.files
        there = assets | self._files
        if names := [name for name in there | before if there.get(name) != before.get(name)]:
            return f"other asset files ({_listed(sorted(names))})"
        return "another recipe" if stored.head.versions else ""

    def span(self) -> range:
        """Return the indices of all its shots, of a shard those of the shard."""
        images = self.recipe.images
        return range(images) if self.shard is None else self.shard.of(images)

    def size(self) -> int:
        """Return how many they are."""
        return len(self.span())

    def pending(self) -> list[int]:
        """Return the shots yet to render; failed ones and those that have lost a file (a picture,
        a label kind's) are among them, but none that killed their workers: they would again.
        """
        parts = PartIndex(self.layout, self.span())
        settled = (parts.done() - parts.lost(self.layout)) | parts.quarantined()
        return [index for index in self.span() if index not in settled]

    def _locks(self) -> list[tuple[str, int]]:
        """Return the locks to take: shards share the folder's and have one each."""
        if self.shard is None:
            return [("lock", fcntl.LOCK_EX)]
        return [("lock", fcntl.LOCK_SH), (f"lock.{self.shard.name}", fcntl.LOCK_EX)]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder (of a shard, its share of it) against a second scheduler on this machine.
        Schedulers elsewhere do no harm: all write the same bytes.

        Raises:
            RunError: another process on this machine renders into the folder, or it holds something
                else than a run.

        """
        if self._holds_something_else():
            raise RunError(
                f"{self.layout.root} is not empty and no orbitset run: choose a new folder"
            )
        if not is_local(self.layout.root):
            yield
            return
        self.layout.parts.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            try:
                for name, kind in self._locks():
                    lock = stack.enter_context(self.layout.file(f"parts/{name}").open("ab"))
                    fcntl.flock(lock, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RunBusyError(
                    f"another process renders into {self.layout.root}: wait for it, or stop it"
                ) from None
            except OSError:
                pass  # a shared file system without locks; two schedulers do each other no harm
            yield


def _listed(names: list[str]) -> str:
    more = f", and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{', '.join(names[:3])}{more}"


def _changes(old: object, new: object, key: str = "") -> Iterator[str]:
    """Yield what differs between two dumped recipes: ``render.samples: 8 became 16``."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in new | old:
            inner = f"{key}.{name}" if key else str(name)
            yield from _changes(old.get(name), new.get(name), inner)
    elif old != new:
        was, now = (text if len(text := json.dumps(each)) < 40 else "..." for each in (old, new))
        yield f"{key}: {was} became {now}"


def _files(recipe: Recipe, folder: Path) -> list[str]:
    """Return all files that a recipe names, each once, in order of their names."""
    return sorted({name for each in files_of(recipe) for name in each.files(folder)})
