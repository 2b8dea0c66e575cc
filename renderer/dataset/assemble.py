"""From parts to the finished dataset: labels, manifest, report; from the folder alone."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from renderer.dataset.files import folder_of
from renderer.dataset.layout import Layout
from renderer.dataset.manifest import write_manifest
from renderer.dataset.merge import MergeResult, merge
from renderer.dataset.parts import example_line
from renderer.dataset.provenance import MixedError, read_provenance
from renderer.dataset.run_file import RunFile
from renderer.dataset.storage import is_local, sweep, write_atomic
from renderer.dataset.stored_model import ContentError, read_json, unlike
from renderer.errors import UserError


class AssembleError(UserError):
    """What should become one dataset does not belong together; the message is one sentence."""


def read_run(layout: Layout) -> RunFile:
    """Return what ``parts/run.json`` says of the run a folder belongs to.

    Raises:
        AssembleError: the folder holds no run, or what it says is damaged.
        DatasetError: the file is elsewhere.

    """
    content = b""
    try:
        content = layout.run.read_bytes()
        return read_json(RunFile, content)
    except FileNotFoundError:
        raise AssembleError(
            f"{layout.root} holds no orbitset run (no parts/run.json): name the -o of a render"
        ) from None
    except ContentError as error:
        raise AssembleError(f"{layout.run} {unlike(content, error)}") from None


def write_run(layout: Layout, run: RunFile) -> None:
    """Write ``parts/run.json``.

    Raises:
        DiskError: it cannot be written.

    """
    text = json.dumps(run.model_dump(mode="json", exclude_none=True), indent=1)
    write_atomic(layout.run, text.encode())


def assemble(layout: Layout) -> MergeResult:
    """Make a dataset of whatever parts there are; one process at a time.

    Raises:
        AssembleError: the folder holds no run.
        DiskError: there is no room for it.

    """
    from renderer.dataset.report import write_report  # brings matplotlib with it

    head = read_run(layout).head
    with _locked(layout):
        sweep_dataset(layout)
        result = merge(
            layout,
            head.name,
            head.orbitset,
            head.categories,
            head.recipe.images,
            head.labels,
            head.keypoints,
        )
        write_manifest(layout, head, result, read_provenance(layout, head))
        write_report(layout)
    return result


@contextmanager
def _locked(layout: Layout) -> Iterator[None]:
    """Wait for another merge of the folder on this machine: labels of one and manifest of another,
    with more images by then, would not agree.
    """
    if not is_local(layout.root):
        yield
        return
    with layout.run.open("r+b") as lock:  # it is there: nothing to create on a full disk
        with contextlib.suppress(OSError):  # a shared file system without locks
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def sweep_dataset(layout: Layout) -> None:
    """Remove the drafts that killed processes have left anywhere in a dataset."""
    for folder in (
        layout.root,
        *map(layout.file, _image_folders(layout)),
        layout.parts,
        layout.instances.parent,
        layout.logs,
        layout.quarantine,
    ):
        sweep(folder)


def _image_folders(layout: Layout) -> list[str]:
    """Return the names of the folders with files of images: pictures, and those of label kinds."""
    example = example_line(layout)
    named = {folder_of(path) for path in example.files()} if example else set()
    return sorted({layout.images.name, *named} - {""})


def join_outputs(sources: Sequence[Layout], target: Layout, allow_mixed: bool = False) -> None:
    """Bring images and parts of several outputs of one run into one; nothing is moved or changed.

    Raises:
        AssembleError: they belong to different runs.
        MixedError: they were rendered with different versions or back ends, and that is not
            allowed.
        DiskError: there is no room for it.

    """
    runs = [read_run(source) for source in sources]
    if not target.run.exists():
        if is_local(target.root) and target.root.is_dir() and any(target.root.iterdir()):
            raise AssembleError(
                f"{target.root} is not empty and no orbitset run: choose a new folder"
            )
    else:
        runs.append(read_run(target))
        sources = [*sources, target]
    for source, run in zip(sources, runs, strict=True):
        if run.fingerprint != runs[0].fingerprint:
            raise AssembleError(
                f"{source.root} and {sources[0].root} were rendered from different recipes or "
                "assets: only shards of one run can be merged"
            )
    if not allow_mixed:
        _must_match(sources, runs)
    largest = max(runs, key=lambda run: run.head.recipe.images)
    # First, so that the same command goes on where it was killed.
    write_run(target, largest)
    for source in sources:
        if source is not target:
            # Parts last: a part vouches for its images' files.
            for name in (*_image_folders(source), source.parts.name):
                for path in source.files(name, "*.*"):
                    if path.name != "run.json" and not path.name.startswith((".", "lock")):
                        _copy(path, target.file(name) / path.name)


def _must_match(sources: Sequence[Layout], runs: Sequence[RunFile]) -> None:
    """Raise MixedError where outputs were rendered with different versions or back ends."""
    first, *others = (
        read_provenance(source, run.head) for source, run in zip(sources, runs, strict=True)
    )
    for source, other in zip(sources[1:], others, strict=True):
        for versions in other.versions:
            if changes := first.changes(versions, other.backends):
                raise MixedError(
                    f"{source.root} was rendered otherwise than {sources[0].root} "
                    f"({'; '.join(changes)}), and images of both may differ: say --allow-mixed to "
                    "join them all the same"
                )


def _copy(source: Path, target: Path) -> None:
    """Link where that is possible (images never change once written), else copy."""
    if target.exists():
        return
    if is_local(source) and is_local(target) and not source.is_symlink():
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target)
            return
        except OSError:
            pass  # another disk, or one without links
    write_atomic(target, source.read_bytes())
