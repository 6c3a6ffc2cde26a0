"""The event reference as Markdown, from the catalogue: `python -m schemas.reference > docs/events.md`."""

import sys
from collections.abc import Iterator

from schemas import limits
from schemas.catalogue import CATALOGUE, VIEW_ENDED_TARGET
from schemas.event_type import RATING_ASPECTS, RATING_MAX, RATING_MIN, Category, DataKey, EventType, Kind
from schemas.reasons import Reason
from schemas.validation import RATED_BY

_KINDS = {
    Kind.TEXT: "text",
    Kind.ID: "id",
    Kind.INTEGER: "integer",
    Kind.NUMBER: "number",
    Kind.BOOLEAN: "true or false",
    Kind.OBJECT: "object",
    Kind.TEXTS: "list of texts",
    Kind.DISTINCT_IDS: "list of distinct ids",
    Kind.RATINGS: f"ratings ({', '.join(RATING_ASPECTS)}: {RATING_MIN} to {RATING_MAX})",
    Kind.ANY: "anything",
}

_HEAD = """# Event reference

Written by `python -m schemas.reference` from `schemas/catalogue.py`; a test keeps the two in step.

Every event needs `eventType` and `path`. `eventCategory` follows from the type: leave it out, or send the one
below. Of `eventData` the keys listed are checked where they are sent (**bold**: must be sent); any other key
is kept as it is. `null` means absent.

To add a type: add its row to `schemas/catalogue.py`, run `make test`, and follow what the failing tests name.
"""


def render() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_categories(), *_rules(), *_limits(), *_reasons()])


def _categories() -> Iterator[str]:
    for category in Category:
        yield f"## {category.value}\n\n| type | requires | eventData |\n|---|---|---|"
        yield from (_row(row) for row in CATALOGUE.values() if row.category is category)
        yield ""


def _row(row: EventType) -> str:
    requires = ", ".join(f"`{field}`" for field in row.requires) or "-"
    return f"| `{row.name}` | {requires} | {'; '.join(map(_key, row.keys)) or '-'} |"


def _key(key: DataKey) -> str:
    name = f"**`{key.name}`**" if key.required else f"`{key.name}`"
    return f"{name} {_choice(key) or _KINDS[key.kind]}{_bounds(key)}"


def _choice(key: DataKey) -> str:
    return "one of " + ", ".join(f"`{choice}`" for choice in key.choices) if key.choices else ""


def _bounds(key: DataKey) -> str:
    if key.kind is Kind.DISTINCT_IDS:
        return f", at most {key.maximum}"
    least = f" ≥ {key.minimum}" if key.minimum is not None else ""
    most = f" ≤ {key.maximum}" if key.maximum not in (None, limits.INT64_MAX) else ""
    return least + most


def _rules() -> Iterator[str]:
    yield "## Rules beyond the tables\n"
    for name, where in RATED_BY.items():
        yield (
            f"- `{name}`: `value` is the overall rating, {RATING_MIN} to {RATING_MAX}; taken from"
            f" `eventData.{where}.overall` where it is missing, rejected where the two differ."
        )
    for kind, field in VIEW_ENDED_TARGET.items():
        yield f"- `VIEW_ENDED` with `viewType` `{kind}` requires `{field}`."
    yield ""


def _limits() -> Iterator[str]:
    yield "## Limits\n\n| what | at most |\n|---|---|"
    rows = (
        ("an id", f"{limits.ID_CHARS} characters"),
        ("`path`", f"{limits.PATH_CHARS:,} characters"),
        ("`referrer`, user agent", f"{limits.REFERRER_CHARS:,} characters; cut, and named in `truncated`"),
        ("`eventData`", f"{limits.EVENT_DATA_BYTES:,} bytes of JSON, {limits.EVENT_DATA_DEPTH} levels"),
        ("`context`", f"{limits.CONTEXT_BYTES:,} bytes of JSON, {limits.EVENT_DATA_DEPTH} levels"),
        ("an event", f"{limits.EVENT_BYTES:,} bytes of JSON"),
        ("a batch", f"{limits.BATCH_EVENTS} events, {limits.BODY_BYTES:,} bytes"),
        ("age on arrival", f"{limits.MAX_EVENT_AGE_MS // 3_600_000} hours"),
    )
    yield from (f"| {what} | {most} |" for what, most in rows)
    yield "\nText holds no NUL and no lone surrogate; numbers are finite, integers within 64 bits.\n"


def _reasons() -> Iterator[str]:
    yield "## Reasons\n\nWhy something is refused, dead-lettered or left out of a figure.\n"
    yield "| reason | meaning |\n|---|---|"
    yield from (f"| `{reason.value}` | {reason.meaning} |" for reason in Reason)
    yield ""


if __name__ == "__main__":
    sys.stdout.write(render())
