"""Write plans and images into a folder, by default anew into the golden one."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.golden.scenes import HERE, NAMES, plans, processor, render

folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
for name in NAMES:
    (folder / f"{name}.shots.jsonl").write_text(plans(name))
    shutil.rmtree(folder / name, ignore_errors=True)
    (folder / f"{name}.parts.jsonl").write_text(render(name, folder / name))
(folder / "processor.txt").write_text(processor() + "\n")
