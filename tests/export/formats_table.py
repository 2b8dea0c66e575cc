"""``python -m tests.export.formats_table`` writes the table of labels and formats into README.md, and
docs/formats.md anew.
"""

from __future__ import annotations

from renderer.export.matrix import page, table
from tests.conftest import REPOSITORY

README, PAGE = REPOSITORY / "README.md", REPOSITORY / "docs/formats.md"
TELLS = "run: python -m tests.export.formats_table"
_BEGIN, _END = (
    "<!-- labels and formats: python -m tests.export.formats_table -->\n",
    "<!-- end -->\n",
)


def section(text: str) -> str:
    """What stands between the marks."""
    return text.partition(_BEGIN)[2].partition(_END)[0]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    before, _, rest = README.read_text(encoding="utf-8").partition(_BEGIN)
    README.write_text(before + _BEGIN + table() + _END + rest.partition(_END)[2], encoding="utf-8")
