"""A dataset written in another format: one export, and all that its recipe asks for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from renderer.asset import AssetCache
from renderer.dataset.assemble import assemble, read_run
from renderer.dataset.layout import Layout
from renderer.dataset.manifest import read_manifest
from renderer.dataset.merge import MergeResult
from renderer.dataset.read import read_category_records
from renderer.dataset.storage import is_local
from renderer.errors import UserError
from renderer.export.dry_run import DryRunTarget
from renderer.export.facts import facts_of
from renderer.export.format import DatasetHead
from renderer.export.given import Given, Watch
from renderer.export.models import Models
from renderer.export.publish import TargetError, check_target, published
from renderer.export.readme import README, readme
from renderer.export.target import Target
from renderer.recipe.exports import export_of, format_of
from renderer.recipe.problem import sentences
from renderer.registry import FORMATS


class ExportError(UserError):
    """A dataset cannot be written in a format; the message is one sentence."""


@dataclass(frozen=True)
class Exported:
    """What an export came to.

    Attributes:
        root: where it lies.
        facts: what ``export.json`` says of it.
        bytes: what it takes on a disk without links; 0 where that was not asked for.

    """

    root: Path
    facts: dict[str, Any]
    bytes: int = 0


def export(
    layout: Layout,
    choice: BaseModel,
    root: Path,
    watch: Watch | None = None,
    cache: AssetCache | None = None,
) -> Exported:
    """Write a dataset in a format.

    Args:
        layout: the dataset.
        choice: the format and its options, as ``renderer.recipe.exports.export_of`` returns them.
        root: the folder of the export, or a path in a store. A former export of the same format is
            replaced.
        watch: is told after each image how many of how many are done.
        cache: where the dataset's models are, which some formats hold.

    Raises:
        DatasetError: the dataset is not finished or damaged.
        ExportError: it lacks labels that the format needs.
        ModelMissingError: the format holds a model that is not in the cache.
        TargetError: the folder cannot take an export.
        DiskError: there is no room for it.

    """
    _must_be_outside(layout, root)
    form = FORMATS.get(format_of(choice))
    with published(root, form.name, form.caches) as draft:
        draft.facts.update(write_to(draft.target, layout, choice, watch, cache))
    return Exported(root, draft.facts)


def try_export(
    layout: Layout,
    choice: BaseModel,
    root: Path,
    watch: Watch | None = None,
    cache: AssetCache | None = None,
) -> Exported:
    """Do as ``export`` does, and raise what it would, but write nothing."""
    _must_be_outside(layout, root)
    form = FORMATS.get(format_of(choice))
    check_target(root, form.name, form.caches)
    target = DryRunTarget()
    facts = write_to(target, layout, choice, watch, cache)
    return Exported(root, facts, target.bytes)


def write_to(
    target: Target,
    layout: Layout,
    choice: BaseModel,
    watch: Watch | None = None,
    cache: AssetCache | None = None,
) -> dict[str, Any]:
    """Give a target the files of an export; return what ``export.json`` says of it.

    Raises:
        DatasetError: the dataset is not finished or damaged.
        ExportError: it lacks labels that the format needs.
        ModelMissingError: the format holds a model that is not in the cache.
        DiskError: there is no room for it.

    """
    form, given = FORMATS.get(format_of(choice)), Given(layout, choice, watch)
    head = head_of(layout, given.splits, cache)
    lacking = [kind for kind in form.needs if kind not in head.kinds]
    if lacking:
        raise ExportError(
            f"{layout.root} has no {' and no '.join(lacking)} labels, which the format {form.name} "
            f"needs: render it with `labels: {{{lacking[0]}: true}}`"
        )
    with FORMATS.calling(form.name):
        summary = form.write(iter(given), head, target, choice)
        guide = form.guide(head, choice)
        facts = facts_of(form, choice, head, given, summary)
    target.write(README, readme(form, guide, facts).encode())
    return facts


def head_of(
    layout: Layout, splits: tuple[str, ...] = (), cache: AssetCache | None = None
) -> DatasetHead:
    """Return what formats are told of a dataset before its images.

    Args:
        layout: the dataset.
        splits: names of the sides that its images are divided into.
        cache: where its models are.

    Raises:
        DatasetError: the dataset is not finished or damaged.

    """
    manifest, categories = read_manifest(layout), read_category_records(layout)
    return DatasetHead(
        name=manifest.name,
        images=manifest.images,
        categories={number: categories[number].name for number in sorted(categories)},
        kinds=tuple(manifest.labels),
        manifest=manifest,
        splits=splits,
        models=Models({path: each.digest for path, each in manifest.assets.items()}, cache),
        keypoints={
            number: points
            for number, each in sorted(categories.items())
            if (points := each.points) is not None
        },
    )


def exports_folder(layout: Layout, name: str) -> Path:
    """Return where the export of a format lies in a dataset."""
    return layout.file(f"exports/{name}")


def write_exports(layout: Layout, cache: AssetCache | None = None) -> list[Exported]:
    """Write the exports that a run's recipe asks for; raises as ``export`` does."""
    asked = read_run(layout).head.recipe.output.exports
    choices = [_chosen(layout, each) for each in asked]
    return [
        export(layout, choice, exports_folder(layout, format_of(choice)), cache=cache)
        for choice in choices
    ]


def finish(layout: Layout, cache: AssetCache | None = None) -> MergeResult:
    """Bring a run to its final form: the dataset from its parts, and the exports.

    Raises:
        AssembleError: the folder holds no run.
        ExportError: its recipe asks for an export that cannot be made.
        DiskError: there is no room for it.

    """
    result = assemble(layout)
    write_exports(layout, cache)
    return result


def _chosen(layout: Layout, asked: dict[str, Any]) -> BaseModel:
    """Return what a run asks for; it may come from anywhere, or from another installation."""
    try:
        return export_of(asked)
    except ValidationError as error:
        wrong = "; ".join(f"{key}: {said}" for key, said in sentences(error, []))
        raise ExportError(
            f"{layout.run} asks for an export that cannot be made ({wrong})"
        ) from None


def _must_be_outside(layout: Layout, root: Path) -> None:
    """Refuse to write over a dataset: in its folder there is one place for exports."""
    if not is_local(root) or not is_local(layout.root):
        whole, inner = f"{layout.root}/", f"{root}/"
    else:
        whole, inner = f"{layout.root.resolve()}/", f"{root.resolve()}/"
    own = f"{whole}exports/"
    if inner.startswith(whole) and not (inner.startswith(own) and inner != own):
        raise TargetError(
            f"{root} is inside the dataset: leave -o away for {layout.root}/exports, or choose a "
            "folder beside it"
        )
