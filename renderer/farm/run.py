"""A run: which recipe an output folder belongs to, what is left to do, and the end of it."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from renderer import __version__
from renderer.asset import AssetCache, AssetFacts, AssetSource
from renderer.dataset.layout import Layout, write_atomic
from renderer.dataset.manifest import write_manifest
from renderer.dataset.merge import MergeResult, merge
from renderer.dataset.parts import PartIndex
from renderer.dataset.report import write_report
from renderer.farm.intake import facts_by_path, recipe_keys
from renderer.plan import Planner, asset_sources
from renderer.plan.files import file_ref
from renderer.plan.shot import image_name
from renderer.recipe import Recipe, canonical
from renderer.recipe.files import BUNDLED_HDRIS, HDRI_SUFFIXES, IMAGE_SUFFIXES, matches


class RunError(ValueError):
    """A run that cannot start; the message is one sentence."""


@dataclass(frozen=True)
class Run:
    """One recipe rendered into one folder."""

    recipe: Recipe
    folder: Path
    layout: Layout
    cache: AssetCache
    known: dict[AssetSource, AssetFacts]

    @property
    def planner(self) -> Planner:
        """The planner of its shots."""
        sources = asset_sources(self.recipe, self.folder)
        keys = recipe_keys(sources, self.known)
        return Planner(self.recipe, self.folder, self.cache, keys)

    @property
    def facts(self) -> dict[str, AssetFacts]:
        """Facts of every model by its path in the recipe."""
        return facts_by_path(asset_sources(self.recipe, self.folder), self.known)

    def fingerprint(self) -> str:
        """Return a digest of all that shapes the dataset, except how many images it has."""
        recipe = canonical(self.recipe.model_copy(update={"images": 1}))
        assets = {path: facts.key for path, facts in self.facts.items()}
        content = json.dumps(
            [
                recipe,
                assets,
                _file_digests(self.recipe, self.folder),
                __version__,
                engine_version(),
            ],
            sort_keys=True,
        )
        return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()

    def claim(self) -> None:
        """Mark the folder as this run's, or check that it already is.

        Raises:
            RunError: the folder holds another recipe's run, or something else, or more images.

        """
        if not self.layout.run.exists():
            if any(path.is_file() and path.name != "lock" for path in self.layout.root.rglob("*")):
                raise RunError(
                    f"{self.layout.root} is not empty and no orbitset run: choose a new folder"
                )
            state = {
                "fingerprint": self.fingerprint(),
                "recipe": self.recipe.model_dump(mode="json"),
            }
            write_atomic(self.layout.run, json.dumps(state, indent=1).encode())
            return
        state = json.loads(self.layout.run.read_text(encoding="utf-8"))
        if state["fingerprint"] != self.fingerprint():
            raise RunError(
                f"{self.layout.root} was begun with {self._difference(state['recipe'])}: "
                "choose a new folder, or delete this one"
            )
        beyond = [index for index in PartIndex(self.layout).done() if index >= self.recipe.images]
        if beyond:
            raise RunError(
                f"{self.layout.root} already holds image {max(beyond)}, beyond the "
                f"{self.recipe.images} asked for: ask for at least {max(beyond) + 1}, or choose a "
                "new folder"
            )

    def _difference(self, stored: dict[str, object]) -> str:
        """Say which recipe keys differ from those a folder was begun with."""
        now = self.recipe.model_dump(mode="json")
        keys = [key for key in now if key != "images" and now[key] != stored.get(key)]
        if keys:
            return f"another recipe (different: {', '.join(keys)})"
        return "other asset files, or another version of orbitset or bpy"

    def pending(self) -> list[int]:
        """Return the shots yet to render; failed ones and those of lost images are among them."""
        done = PartIndex(self.layout).done()
        kind = self.recipe.output.format
        there = {path.name for path in self.layout.images.glob("*")}
        return [
            index
            for index in range(self.recipe.images)
            if index not in done or Path(image_name(index, kind)).name not in there
        ]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder against a second scheduler, and sweep up what killed ones left half-done.

        Raises:
            RunError: another process on this machine renders into the folder.

        """
        self.layout.parts.mkdir(parents=True, exist_ok=True)
        with (self.layout.parts / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise RunError(
                    f"another process renders into {self.layout.root}: wait for it, or stop it"
                ) from None
            for folder in (self.layout.images, self.layout.parts, self.layout.instances.parent):
                for draft in folder.glob(".*"):
                    draft.unlink(missing_ok=True)
            yield

    def finish(self) -> MergeResult:
        """Merge the parts and write manifest and report."""
        result = merge(self.layout, self.recipe.name, __version__, self.recipe.categories)
        write_manifest(self.layout, self.recipe, __version__, engine_version(), self.facts, result)
        write_report(self.layout)
        return result


def engine_version() -> str:
    """Return the version of the bpy that is installed, without importing it."""
    return importlib.metadata.version("bpy")


def _file_digests(recipe: Recipe, folder: Path) -> dict[str, str]:
    """Return the digest of every photo and HDRI the recipe may use."""
    digests = {}
    for key, pattern in _named_files(recipe.model_dump()):
        if key == "hdri" and pattern in BUNDLED_HDRIS:
            continue
        suffixes = HDRI_SUFFIXES if key == "hdri" else IMAGE_SUFFIXES
        for path in matches(folder, pattern, suffixes):
            digests[path] = file_ref(folder, path).digest
    return digests


def _named_files(node: object) -> list[tuple[str, str]]:
    """Return every (key, value) under ``image`` and ``hdri`` in a dumped recipe."""
    if isinstance(node, dict):
        own = [(k, v) for k, v in node.items() if k in ("image", "hdri") and isinstance(v, str)]
        return own + [found for value in node.values() for found in _named_files(value)]
    if isinstance(node, list | tuple):
        return [found for value in node for found in _named_files(value)]
    return []
