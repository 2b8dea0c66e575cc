"""Bring a recipe's models into the cache, each import in a process that may crash or hang."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import TimeoutError as FutureTimeout

from pebble import ProcessExpired, ProcessPool

from renderer.asset import AssetCache, AssetError, AssetFacts, AssetSource, default_cache_folder
from renderer.blender.libraries import forget_inherited_paths, require_libraries
from renderer.errors import UnavailableError
from renderer.farm.environment import files_in, prepare_environment, thread_caps
from renderer.farm.machine import usable_cores
from renderer.farm.pool import spawn_pool
from renderer.farm.threads import cap_pools, few_cores

_IMPORT_LIMIT_S = 600.0


def import_models(
    sources: Iterable[AssetSource],
    cache: AssetCache,
    progress: Callable[[AssetSource], None] = lambda _: None,
) -> tuple[dict[AssetSource, AssetFacts], list[AssetError]]:
    """Import what the cache does not hold yet; return the facts of each source, and the refusals.

    Models are untrusted input: the importer runs in a process of its own, so that a file that
    crashes or hangs it costs that file only.

    Raises:
        UnavailableError: the cache cannot be written.

    """
    known: dict[AssetSource, AssetFacts] = {}
    errors: list[AssetError] = []
    missing: list[AssetSource] = []
    for source in dict.fromkeys(sources):
        try:
            key = cache.find(source)
        except AssetError as error:
            errors.append(error)
            continue
        if key is not None:
            known[source] = cache.facts(key)
        else:
            missing.append(source)
    if missing:
        require_libraries()
        with tempfile.TemporaryDirectory(prefix="orbitset-import-") as scratch:
            pool = _new_pool(scratch)
            try:
                for source in missing:
                    progress(source)
                    outcome = _import_one(pool, source, cache)
                    if isinstance(outcome, AssetError):
                        errors.append(outcome)
                    else:
                        known[source] = outcome
            finally:
                pool.stop()
                pool.join()
    return known, errors


def _new_pool(scratch: str) -> ProcessPool:
    return spawn_pool(prepare_environment, {**thread_caps(usable_cores()), **files_in(scratch)})


def _import_one(
    pool: ProcessPool, source: AssetSource, cache: AssetCache
) -> AssetFacts | AssetError:
    try:
        future = pool.schedule(_import_here, args=(source, cache), timeout=_IMPORT_LIMIT_S)
        facts: AssetFacts = future.result()
    except AssetError as error:
        return error
    except ProcessExpired:
        return AssetError(f"{source.path} makes Blender's importer crash")
    except FutureTimeout:
        return AssetError(f"{source.path} was not imported within {_IMPORT_LIMIT_S:.0f} s")
    except OSError as error:
        raise UnavailableError(
            f"the model cache {cache.folder} cannot be written ({error.strerror or error}): "
            "make room there, or set ORBITSET_CACHE to another folder"
        ) from None
    return facts


def _import_here(source: AssetSource, cache: AssetCache) -> AssetFacts:
    from renderer.blender.native_output import redirect_output

    forget_inherited_paths()
    with few_cores(cores := usable_cores()):
        from renderer.blender.model_import import import_model

        cap_pools(cores)
    redirect_output(cache.folder / "import.log")
    return import_model(source, cache)


def recipe_keys(
    sources: list[dict[str, AssetSource]],
    known: dict[AssetSource, AssetFacts],
) -> tuple[dict[str, str], ...]:
    """Return for each object entry the cache key of each of its files."""
    return tuple({path: known[source].key for path, source in each.items()} for each in sources)


def facts_by_path(
    sources: list[dict[str, AssetSource]], known: dict[AssetSource, AssetFacts]
) -> dict[str, AssetFacts]:
    """Return the facts of each model file by its path in the recipe."""
    return {path: known[source] for each in sources for path, source in each.items()}


def default_cache() -> AssetCache:
    """Return the user's cache."""
    return AssetCache(default_cache_folder())
