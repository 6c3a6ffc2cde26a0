"""The OpenAPI document of /api/analytics, made from the types the gateway parses with."""

import copy
from typing import Any, Final, NotRequired

from fastapi import FastAPI
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from ingest_gateway.answers import BAD_REQUEST, STATUS
from ingest_gateway.route import PATH
from schemas.envelope import BatchRequest, SingleRequest
from schemas.reasons import Reason

_EVENT: Final = {
    "eventId": "0190a5b0-7d4e-7c3a-9f1e-2b3c4d5e6f70",
    "eventType": "PERFUME_VIEW",
    "path": "/perfume/chanel-no5",
    "perfumeId": "chanel-no5",
    "eventData": {"source": "search"},
    "duration": 5000,
}
_SEARCH: Final = {
    "eventType": "SEARCH_PERFORMED",
    "path": "/search",
    "eventData": {"query": "vetiver", "resultsCount": 42, "shown": ["terre", "encre-noire"]},
}
EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "single": {"summary": "One event", "value": {"sessionId": "s-8f14e45f", "event": _EVENT}},
    "batch": {
        "summary": "Several events of one session",
        "value": {"sessionId": "s-8f14e45f", "visitorId": "v-1", "events": [_EVENT, _SEARCH]},
    },
}


ANSWERS: Final[dict[int, dict[str, dict[str, Any]]]] = {
    200: {
        "single": {"value": {"success": True, "eventId": _EVENT["eventId"]}},
        "batch": {
            "value": {
                "success": True,
                "count": 1,
                "rejected": [
                    {
                        "index": 1,
                        "eventId": None,
                        "reason": "unknown_type",
                        "message": "'SNEEZE' is not in the event catalogue",
                    }
                ],
            }
        },
        "dropped": {"value": {"success": True, "count": 0, "dropped": "opted_out"}},
    },
    400: {
        "not_json": {
            "value": {
                "success": False,
                "error": "the body is not JSON: Expecting value at character 0",
                "reason": "not_json",
            }
        },
    },
}


class RejectedItem(TypedDict):
    """Why one event of a batch was not taken. `index`: its place, from 0."""

    index: int
    eventId: str | None
    reason: Reason
    message: str


class Taken(TypedDict):
    """Every event counted is acknowledged by Kafka."""

    success: bool
    eventId: NotRequired[str]
    count: NotRequired[int]
    rejected: NotRequired[list[RejectedItem]]
    dropped: NotRequired[str]


class Failure(TypedDict):
    """Nothing was taken."""

    success: bool
    error: str
    reason: Reason
    rejected: NotRequired[list[RejectedItem]]


_MEANING: Final = {
    400: "Not JSON, of the wrong shape, or every event rejected.",
    401: "No credentials, or wrong ones.",
    403: "This origin may not send.",
    405: "Only POST and OPTIONS.",
    408: "The body took too long.",
    413: "Too large, or too many events.",
    415: "Neither JSON as application/json nor as text/plain, or an encoding that is not read.",
    429: "This address or key sends too much: wait as long as Retry-After says.",
    431: "The request's line and headers are too large, or too many.",
    500: "A bug; the text is always the same.",
    503: "Kafka does not take events now: send the same ones again.",
}


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of an application, with the hot route added to what FastAPI knows of."""
    whole = copy.deepcopy(app.openapi())
    kinds = {"single": SingleRequest, "batch": BatchRequest, "taken": Taken, "failure": Failure}
    schemas, definitions = TypeAdapter.json_schemas(
        [(name, "validation", TypeAdapter(kind)) for name, kind in kinds.items()],
        ref_template="#/components/schemas/{model}",
    )
    by_name = {name: schema for (name, _mode), schema in schemas.items()}
    whole["paths"] = {PATH: {"post": _operation(by_name)}, **whole["paths"]}
    components = whole.setdefault("components", {})
    components.setdefault("schemas", {}).update(definitions.get("$defs", {}))
    components["securitySchemes"] = {"secretKey": {"type": "http", "scheme": "bearer"}}
    return whole


def _operation(schemas: dict[str, Any]) -> dict[str, Any]:
    body = {"schema": {"oneOf": [schemas["single"], schemas["batch"]]}, "examples": EXAMPLES}
    statuses = sorted({BAD_REQUEST, *STATUS.values()} & _MEANING.keys())
    return {
        "operationId": "send_events",
        "summary": "Send one event, or a batch of one session",
        "security": [{"secretKey": []}, {}],
        "requestBody": {"required": True, "content": {"application/json": body, "text/plain": body}},
        "responses": {
            "200": _response(200, "Taken, or dropped by policy.", schemas["taken"]),
            **{str(status): _response(status, _described(status), schemas["failure"]) for status in statuses},
        },
    }


def _described(status: int) -> str:
    reasons = [reason.value for reason, own in STATUS.items() if own == status]
    return f"{_MEANING[status]} Reasons: {', '.join(reasons)}." if reasons else _MEANING[status]


def _response(status: int, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": schema}
    if status in ANSWERS:
        content["examples"] = ANSWERS[status]
    return {"description": description, "content": {"application/json": content}}
