"""What the sink writes is what the tables have: the same columns of the same types, each key unique."""

import pytest

from sinks.tables import TABLES, Table
from storage.connection import engine_for
from storage.models import Base

MODELLED_AS = {"timestamp with time zone": "timestamptz", "float": "double precision"}

each_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


@each_table
def test_columns_are_those_of_the_model(table: Table) -> None:
    dialect = engine_for("").dialect  # connects to nothing
    modelled = {
        column.name: column.type.compile(dialect=dialect).lower()
        for column in Base.metadata.tables[table.name].columns
    }
    assert dict(table.columns) == {name: MODELLED_AS.get(kind, kind) for name, kind in modelled.items()}


@each_table
def test_the_key_is_what_the_primary_key_begins_with(table: Table) -> None:
    primary = tuple(Base.metadata.tables[table.name].primary_key.columns.keys())
    assert primary[: len(table.key)] == table.key


def test_no_two_tables_read_one_topic() -> None:
    assert len({table.topic.name for table in TABLES}) == len({table.name for table in TABLES}) == len(TABLES)
