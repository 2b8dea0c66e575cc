"""The table of labels and formats in the README is what the formats say."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from renderer.commands.app import app
from renderer.export.matrix import table
from renderer.registry import FORMATS, LABEL_KINDS
from tests.export.formats_table import PAGE, README, TELLS, section


def test_the_readme_has_the_table_that_the_formats_give() -> None:
    assert section(README.read_text(encoding="utf-8")) == table(), TELLS


def test_the_page_of_formats_is_printed_by_the_program() -> None:
    printed = CliRunner().invoke(app, ["dataset", "export", "--list", "--markdown"])
    assert PAGE.read_text(encoding="utf-8") == printed.stdout, TELLS


def test_every_cell_says_whether_a_label_is_carried() -> None:
    listed = CliRunner().invoke(app, ["dataset", "export", "--list", "--json"])
    told = json.loads(listed.stdout)
    head, _, *rows = [
        [cell.strip(" `") for cell in line.strip("| \n").split("|")]
        for line in section(README.read_text(encoding="utf-8")).splitlines()
    ]
    assert [row[0] for row in rows] == list(LABEL_KINDS.names())
    assert head[1:] == list(FORMATS.names())
    for kind, *cells in rows:
        for name, cell in zip(head[1:], cells, strict=True):
            carries = told[name]["carries"]
            whole = "partly" if kind in told[name]["partly"] else "yes"
            assert cell == (whole if carries is None or kind in carries else "no"), (kind, name)


def test_what_is_needed_or_partly_carried_is_carried() -> None:
    for name, form in FORMATS.all().items():
        carried = set(LABEL_KINDS.names() if form.carries is None else form.carries)
        assert set(form.partly) <= carried, name
        assert set(form.needs) <= carried, name
