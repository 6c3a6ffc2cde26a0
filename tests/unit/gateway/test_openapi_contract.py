"""The running application against its own OpenAPI document: what it promises, and what nobody would send.

schemathesis makes requests from the document, good ones and broken ones, and compares each answer with it.
"""

from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ingest_gateway.metrics import GatewayMetrics
from ingest_gateway.readiness import Need, Readiness
from ingest_gateway.route import PATH
from ingest_gateway.server import dispatch
from ingest_gateway.side_routes import side_routes
from tests.unit.gateway.in_memory import ORIGIN, Gateway


def _application() -> object:
    readiness = Readiness()
    for need in Need:
        readiness.met(need)
    return dispatch(PATH, Gateway().route, side_routes(readiness, GatewayMetrics(), {"batchSize": 10}))


schema = schemathesis.openapi.from_asgi("/openapi.json", _application())
_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@schema.parametrize()
@settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
def test_every_answer_is_one_the_document_names(case: schemathesis.Case[Any]) -> None:
    case.call_and_validate(headers={"Origin": ORIGIN}, checks=_CHECKS)


def test_the_document_names_the_hot_route_and_all_beside_it() -> None:
    paths = {operation.ok().path for operation in schema.get_all_operations() if isinstance(operation, Ok)}
    assert {PATH, "/healthz", "/readyz", "/metrics", "/sillage.js"} <= paths
