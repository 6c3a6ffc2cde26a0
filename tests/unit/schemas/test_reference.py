"""docs/events.md says what the catalogue says."""

from pathlib import Path

from schemas.reference import render


def test_the_event_reference_is_in_step_with_the_catalogue() -> None:
    page = Path(__file__).parents[3] / "docs" / "events.md"
    assert page.read_text("utf-8") == render(), "run `python -m schemas.reference > docs/events.md`"
