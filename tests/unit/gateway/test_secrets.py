"""Keys and tokens reach neither an answer's text nor a dead letter nor a log, whatever is wrong with them."""

import json
from typing import Any

import pytest

from ingest_gateway.batch import parse
from ingest_gateway.errors import Refusal

MARKER = "SECRETMARKER"


@pytest.mark.parametrize("field", ["key", "userToken"])
@pytest.mark.parametrize("value", [f"{MARKER}\0", f"{MARKER}\ud800", [MARKER], {"a": MARKER}])
def test_a_broken_secret_is_named_but_never_quoted(field: str, value: Any) -> None:
    event = {"eventType": "PAGE_VIEW", "path": "/"}
    body = json.dumps({"sessionId": "s", field: value, "event": event}).encode()
    with pytest.raises(Refusal, match=field) as refused:
        parse(body)
    assert MARKER not in refused.value.message
