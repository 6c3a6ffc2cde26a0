"""`sillage db`, as someone at a terminal meets it."""

import json

import pytest
from typer.testing import CliRunner, Result

from ops.commands.db import app
from storage.revision import EXPECTED
from tests.stack import Stack

pytestmark = pytest.mark.integration


def sillage_db(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--database-url", url])


def test_a_fresh_database_is_brought_up_to_date(stack: Stack) -> None:
    with stack.database("db_command") as url:
        before = sillage_db(url, "current")
        assert before.exit_code == 1
        assert "never migrated" in before.output
        assert sillage_db(url, "upgrade").exit_code == 0
        after = sillage_db(url, "current")
        assert after.exit_code == 0
        assert EXPECTED in after.output


def test_rows_are_shown_as_a_table_or_as_json(database: str) -> None:
    question = (
        "SELECT 1 AS n, 2.50::numeric AS price, '[red]x[/]' AS text, NULL AS nothing, 12::numeric AS whole,"
        " '2026-01-02T03:04:05Z'::timestamptz AT TIME ZONE 'UTC' AS at, ARRAY['a'] AS list,"
        " '00000000-0000-0000-0000-000000000001'::uuid AS id"
    )
    table = sillage_db(database, "query", question)
    assert table.exit_code == 0
    assert "[red]x[/]" in table.output
    assert "1 row" in table.output
    found = json.loads(sillage_db(database, "query", question, "--json").output)
    assert found == [
        {
            "n": 1,
            "price": "2.50",
            "text": "[red]x[/]",
            "nothing": None,
            "whole": 12,
            "at": "2026-01-02T03:04:05",
            "list": ["a"],
            "id": "00000000-0000-0000-0000-000000000001",
        }
    ]


def test_a_query_changes_nothing_unless_it_is_meant_to(database: str) -> None:
    change = "INSERT INTO sink_offsets VALUES ('nowhere', 0, 7)"
    refused = sillage_db(database, "query", change)
    assert refused.exit_code == 1
    assert "read-only" in refused.output
    assert sillage_db(database, "query", change, "--write").exit_code == 0
    count = json.loads(
        sillage_db(database, "query", "SELECT count(*) AS n FROM sink_offsets", "--json").output
    )
    assert count == [{"n": 1}]


def test_mistakes_are_answered_in_one_line(database: str) -> None:
    wrong = sillage_db(database, "query", "SELEC 1")
    assert wrong.exit_code == 1
    assert "syntax error" in wrong.output
    away = sillage_db("postgresql://nobody@127.0.0.1:1/none", "current")
    assert away.exit_code == 1
    assert "cannot reach PostgreSQL" in away.output
