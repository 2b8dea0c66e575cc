"""The imported models that a dataset shows, where they are at hand: some formats hold them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from renderer.dataset.layout import DatasetError
from renderer.errors import UnavailableError

if TYPE_CHECKING:
    from renderer.asset import AssetCache, AssetFacts, Geometry

# It names a folder of the cache, and comes from a file of anybody's.
_KEY = re.compile(r"[0-9A-Za-z_-]{1,64}")


class ModelMissingError(UnavailableError):
    """A model of the dataset is not at hand; the message is one sentence."""


@dataclass(frozen=True)
class Models:
    """The models of a dataset.

    Attributes:
        keys: by a model's path in the recipe, what it is known by in the cache.
        cache: where they are; None where there is no cache.

    """

    keys: Mapping[str, str] = field(default_factory=dict)
    cache: AssetCache | None = None

    def geometry(self, path: str) -> Geometry:
        """Return the geometry of the model with a path in the recipe.

        Raises:
            ModelMissingError: it is not in the cache.
            DatasetError: the dataset does not say which model it was.

        """
        cache, key = self._found(path)
        return cache.geometry(key)

    def facts(self, path: str) -> AssetFacts:
        """Return the facts of the model with a path in the recipe; raises as ``geometry``."""
        cache, key = self._found(path)
        return cache.facts(key)

    def _found(self, path: str) -> tuple[AssetCache, str]:
        key = self.keys.get(path, "")
        if not _KEY.fullmatch(key):
            raise DatasetError(
                f"manifest.json does not say which model {path[:200]!r} was: orbitset dataset "
                "merge makes it anew"
            )
        if self.cache is None or not self.cache.has(key):
            raise ModelMissingError(
                f"the model {path} as it was rendered is not in the cache (ORBITSET_CACHE): run "
                "orbitset recipe check with the dataset's recipe and model files here, and export "
                "again"
            )
        return self.cache, key
