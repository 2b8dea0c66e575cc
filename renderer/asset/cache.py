"""The content-addressed cache of imported models: one folder a model, written whole or not at all.

An entry holds ``facts.json``, ``geometry.npz`` and ``asset.blend`` (written by the Blender room).
Each version of bpy has its own. Beside the entries, ``sources/`` remembers of each model file which
other files its imports have depended on: only an import finds that out.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from renderer.asset.facts import AssetError, AssetFacts
from renderer.asset.geometry import Geometry
from renderer.asset.source import AssetSource, Dependencies
from renderer.process import home_folder, temporary_home

FACTS, GEOMETRY, BLEND = "facts.json", "geometry.npz", "asset.blend"


def default_cache_folder() -> Path:
    """Return $ORBITSET_CACHE, or ``orbitset`` in the user's cache folder; a user without a home has
    one among the temporary files.

    Raises:
        UnavailableError: not even that.

    """
    chosen = os.environ.get("ORBITSET_CACHE")
    if chosen:
        return Path(chosen)
    caches = os.environ.get("XDG_CACHE_HOME")
    return Path(caches or (home_folder() or temporary_home()) / ".cache") / "orbitset"


@dataclass(frozen=True)
class AssetCache:
    """The cache below one folder."""

    folder: Path

    def entry(self, key: str) -> Path:
        """Return the folder of an entry (it may not exist)."""
        return self._version_folder("assets") / key

    def has(self, key: str) -> bool:
        """Tell whether an entry is there; entries appear by one rename, so there means whole."""
        return (self.entry(key) / FACTS).is_file()

    def find(self, source: AssetSource) -> str | None:
        """Return the key under which a model is here as it and all it depends on are now, or None.

        Raises:
            AssetError: the model's file cannot be read.

        """
        for path in sorted(self._source(source).glob("*.json")):
            try:
                stored = json.loads(path.read_text(encoding="utf-8"))
                dependencies = tuple((str(name), str(digest)) for name, digest in stored)
            except (OSError, ValueError, TypeError):
                continue
            if source.current_digests(name for name, _ in dependencies) == dependencies:
                key = source.key(dependencies)
                if self.has(key):
                    return key
        return None

    def record_dependencies(self, source: AssetSource, dependencies: Dependencies) -> None:
        """Keep what an import has depended on."""
        folder = self._source(source)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{source.key(dependencies)}.json"
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_text(json.dumps(dependencies), encoding="utf-8")
        draft.replace(path)

    def _source(self, source: AssetSource) -> Path:
        """Return where the dependencies of a model are kept. Some of them are called as it is, with
        another suffix: those of a copy by another name are others.
        """
        name = hashlib.blake2b(os.fsencode(source.path.name), digest_size=8).hexdigest()
        return self._version_folder("sources") / f"{source.digest()}-{name}"

    def _version_folder(self, kind: str) -> Path:
        """Return the folder of what this version of Blender has imported: another may read a file
        in another way.
        """
        return self.folder / kind / f"bpy-{_importer()}"

    def derived_file(self, kind: str, key: str) -> Path:
        """Return where something that follows from an entry's geometry may be kept."""
        return self._version_folder(kind) / f"{key}.npz"

    def facts(self, key: str) -> AssetFacts:
        """Return the facts of an entry."""
        return _facts(self.entry(key))

    def geometry(self, key: str) -> Geometry:
        """Return the geometry of an entry; the last few are kept in memory."""
        return _geometry(self.entry(key))

    @contextmanager
    def writing(self, key: str) -> Iterator[Path]:
        """Give a folder to fill, and move it into place when the block ends without an error.

        Two processes may import the same model at once: the first to finish wins, and both are
        right because the content is the same.
        """
        target = self.entry(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        self._remove_stale()
        draft = Path(tempfile.mkdtemp(prefix=f".{key}-", dir=target.parent))
        try:
            yield draft
            for path in draft.iterdir():
                with path.open("rb") as file:
                    os.fsync(file.fileno())
            try:
                os.rename(draft, target)
            except OSError:
                if not self.has(key):
                    raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _remove_stale(self) -> None:
        """Remove what imports that were killed left behind more than a day ago."""
        for draft in self._version_folder("assets").glob(".*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - draft.stat().st_mtime > 86_400:
                    shutil.rmtree(draft, ignore_errors=True)


@lru_cache(maxsize=1)
def _importer() -> str:
    """Return the version of the bpy that is installed, without importing it."""
    try:
        return importlib.metadata.version("bpy")
    except importlib.metadata.PackageNotFoundError:
        return "none"


@lru_cache(maxsize=4096)
def _facts(entry: Path) -> AssetFacts:
    with _damage_named(entry):
        return AssetFacts.model_validate_json((entry / FACTS).read_text(encoding="utf-8"))


@lru_cache(maxsize=64)
def _geometry(entry: Path) -> Geometry:
    with _damage_named(entry):
        return Geometry.load(entry / GEOMETRY)


@contextmanager
def _damage_named(entry: Path) -> Iterator[None]:
    """Say which entry is damaged, where one is."""
    try:
        yield
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile):
        raise AssetError(
            f"{entry} in the model cache is damaged: delete it, and the model is imported anew"
        ) from None
