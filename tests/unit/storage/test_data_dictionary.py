"""docs/data-dictionary.md names every table and column there is, with its type, and no other."""

import re
from pathlib import Path

from storage.connection import engine_for
from storage.models import Base

PAGE = Path(__file__).parents[3] / "docs" / "data-dictionary.md"
TYPE_NAMES = {
    "timestamp with time zone": "timestamptz",
    "float": "double precision",
}


def documented() -> dict[str, list[tuple[str, str]]]:
    tables: dict[str, list[tuple[str, str]]] = {}
    for section in PAGE.read_text("utf-8").split("\n## ")[1:]:
        title = section.splitlines()[0].strip()
        columns = re.findall(r"^\| `(\w+)` \| ([\w \[\]]+) \|", section, re.MULTILINE)
        if title in Base.metadata.tables:
            tables[title] = columns
    return tables


def modelled() -> dict[str, list[tuple[str, str]]]:
    dialect = engine_for("").dialect  # connects to nothing yet
    return {
        name: [
            (column.name, TYPE_NAMES.get(found := column.type.compile(dialect=dialect).lower(), found))
            for column in table.columns
        ]
        for name, table in Base.metadata.tables.items()
    }


def test_every_table_and_column_is_described_in_its_order() -> None:
    assert documented() == modelled()
