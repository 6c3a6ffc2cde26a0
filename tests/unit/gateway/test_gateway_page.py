"""docs/gateway.md names every status, reason and setting, and none that is not there."""

import re
from pathlib import Path

from ingest_gateway.answers import status_of
from ingest_gateway.settings import Settings
from schemas.reasons import BEHIND_THE_GATEWAY, OF_ONE_EVENT, Reason

PROJECT = Path(__file__).parents[3]
PAGE = (PROJECT / "docs" / "gateway.md").read_text("utf-8")


def section(heading: str) -> str:
    """The page from this heading to the next one."""
    return PAGE.partition(f"\n{heading}\n")[2].partition("\n##")[0]


def test_every_reason_that_refuses_a_request_is_listed_with_its_status() -> None:
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", section("### Reasons that refuse a request"), re.MULTILINE)
    known = {(str(status_of(r)), r.value) for r in Reason if r not in OF_ONE_EVENT | BEHIND_THE_GATEWAY}
    assert set(rows) == known
    assert len(rows) == len(known)


def test_every_reason_that_rejects_an_event_is_listed() -> None:
    rows = re.findall(r"^\| (`.*?) \|", section("### Reasons that reject one event"), re.MULTILINE)
    assert re.findall(r"`(\w+)`", " ".join(rows)) == [
        reason.value for reason in Reason if reason in OF_ONE_EVENT
    ]


def test_the_same_fault_beside_the_events_is_a_400() -> None:
    assert {status_of(reason) for reason in OF_ONE_EVENT} == {400}


def test_no_reason_is_without_use() -> None:
    packages = ("ingest_gateway", "stream_processors", "sinks", "schemas", "wire")
    code = "".join(
        file.read_text("utf-8")
        for package in packages
        for file in (PROJECT / package).rglob("*.py")
        if file.name != "reasons.py"
    )
    assert not [reason.name for reason in Reason if f"Reason.{reason.name}" not in code]


def test_every_setting_is_listed() -> None:
    variables = {
        name.upper() if field.validation_alias else f"SILLAGE_{name.upper()}"
        for name, field in Settings.model_fields.items()
    }
    table = section("## Running it")
    assert set(re.findall(r"`((?:SILLAGE|ENABLE|ANALYTICS)_\w+)`", table)) == variables
