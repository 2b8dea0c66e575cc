"""Where things lie in a dataset."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Layout:
    """The paths of a dataset below ``root``."""

    root: Path

    @property
    def images(self) -> Path:
        """Folder of the pictures."""
        return self.root / "images"

    @property
    def instances(self) -> Path:
        """The merged COCO annotations."""
        return self.root / "annotations" / "instances.json"

    @property
    def shots(self) -> Path:
        """Every Shot, one JSON line each."""
        return self.root / "shots.jsonl"

    @property
    def manifest(self) -> Path:
        """What the dataset was made of."""
        return self.root / "manifest.json"

    @property
    def report(self) -> Path:
        """The report page."""
        return self.root / "report.html"

    @property
    def webdataset(self) -> Path:
        """Folder of the WebDataset shards, where the recipe asks for them."""
        return self.root / "webdataset"

    @property
    def parts(self) -> Path:
        """Finished chunks (working files)."""
        return self.root / "parts"

    @property
    def run(self) -> Path:
        """What run this folder belongs to, written before the first image."""
        return self.parts / "run.json"

    @property
    def logs(self) -> Path:
        """Logs of the run."""
        return self.root / "logs"
