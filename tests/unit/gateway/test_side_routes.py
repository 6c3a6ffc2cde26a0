"""Health, documents and errors of the addresses beside the hot one."""

import json
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from ingest_gateway import openapi
from ingest_gateway.client_address import ClientAddresses
from ingest_gateway.metrics import GatewayMetrics
from ingest_gateway.openapi import ANSWERS, EXAMPLES
from ingest_gateway.rate_limits import Buckets, Rate, RateLimits
from ingest_gateway.readiness import Need, Readiness
from ingest_gateway.sdk_script import BuiltScript
from ingest_gateway.side_routes import OF_OPERATION, SEE, side_routes
from schemas.catalogue import CATALOGUE
from schemas.envelope import EitherRequest
from tests.unit.gateway.in_memory import Gateway


@pytest.fixture
def readiness() -> Readiness:
    return Readiness()


@pytest.fixture
def app(readiness: Readiness) -> FastAPI:
    return side_routes(readiness, GatewayMetrics(), {"batchSize": 10})


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app)


def test_it_is_ready_when_nothing_is_missing_and_says_what_is(
    client: TestClient, readiness: Readiness
) -> None:
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert (answer.status_code, sorted(answer.json()["missing"])) == (503, ["kafka", "schemas"])
    readiness.met(Need.SCHEMAS)
    readiness.met(Need.KAFKA)
    assert client.get("/readyz").status_code == 200
    readiness.unmet(Need.KAFKA, "gone")
    assert client.get("/readyz").json()["missing"] == {"kafka": "gone"}


def test_every_address_it_names_answers(client: TestClient, readiness: Readiness) -> None:
    readiness.met(Need.SCHEMAS)
    readiness.met(Need.KAFKA)
    assert client.get("/").json()["see"] == list(SEE)
    assert {client.get(address).status_code for address in SEE} == {200}


def test_unknown_addresses_and_methods_are_answered_in_our_form(client: TestClient) -> None:
    missing, wrong = client.get("/nope"), client.post("/healthz")
    assert (missing.status_code, missing.json()["reason"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json()["reason"], wrong.headers["allow"]) == (
        405,
        "method_not_allowed",
        "GET",
    )


def test_a_bug_beside_the_hot_route_tells_nothing(app: FastAPI) -> None:
    app.add_api_route("/bug", lambda: 1 / 0)
    answer = TestClient(app, raise_server_exceptions=False).get("/bug")
    assert (answer.status_code, answer.json()["error"]) == (500, "Internal server error")


def test_without_a_built_sdk_it_says_what_to_do(client: TestClient) -> None:
    answer = client.get("/sillage.js")
    assert (answer.status_code, answer.json()["reason"]) == (404, "not_found")
    assert "SILLAGE_SDK_FILE" in answer.json()["error"]


def test_the_built_sdk_comes_with_its_settings_and_is_cached(readiness: Readiness, tmp_path: Path) -> None:
    built = tmp_path / "sillage.js"
    built.write_text("start(globalThis.sillageSettings)")
    sdk = {"enabled": True, "batchSize": 7, "flushInterval": 3_000}
    client = TestClient(side_routes(readiness, GatewayMetrics(), sdk, built))
    first = client.get("/sillage.js")
    settings, code = first.text.split("\n")
    assert json.loads(settings.removeprefix("globalThis.sillageSettings=").removesuffix(";")) == sdk
    assert code == built.read_text()
    assert first.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "max-age=86400" in first.headers["cache-control"]
    again = client.get("/sillage.js", headers={"if-none-match": f'W/"x", {first.headers["etag"]}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    built.write_text("newer()")
    assert client.get("/sillage.js", headers={"if-none-match": first.headers["etag"]}).status_code == 200


def test_the_sdk_is_read_once_until_it_is_built_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "sillage.js"
    file.write_text("first()")
    built = BuiltScript(file, {})
    first = built.current()
    monkeypatch.setattr(Path, "read_bytes", lambda _path: pytest.fail("read again"))
    assert built.current() is first
    monkeypatch.undo()
    file.write_text("second()")
    second = built.current()
    assert second is not None
    assert second is not first
    file.unlink()
    assert built.current() is None


@pytest.fixture
def limited(readiness: Readiness) -> TestClient:
    limits = RateLimits(ClientAddresses(), addresses=Buckets(Rate(1, 3), lambda: 0.0))
    return TestClient(side_routes(readiness, GatewayMetrics(), {}, limits=limits))


def test_an_address_has_one_limit_for_whatever_it_asks_for(limited: TestClient) -> None:
    answers = [limited.get(address) for address in ("/docs", "/openapi.json", "/nope", "/sillage.js")]
    assert [answer.status_code for answer in answers] == [200, 200, 404, 429]
    assert answers[-1].json()["reason"] == "rate_limited"
    assert answers[-1].headers["retry-after"] == "1"
    counted = 'sillage_gateway_requests_total{outcome="refused",reason="rate_limited",status="429"} 1.0'
    assert counted in limited.get("/metrics").text


def test_supervisors_and_scrapes_have_no_limit(limited: TestClient) -> None:
    asked = [limited.get(address).status_code for address in OF_OPERATION for _ in range(10)]
    assert 429 not in asked


def test_without_docs_there_are_none(readiness: Readiness) -> None:
    client = TestClient(side_routes(readiness, GatewayMetrics(), {}, docs=False))
    assert [client.get(address).status_code for address in ("/docs", "/openapi.json")] == [404, 404]
    assert client.get("/").json()["see"] == sorted(OF_OPERATION)


def test_the_documents_are_made_once(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openapi, "document", lambda _app: pytest.fail("made again"))
    assert client.get("/openapi.json").status_code == client.get("/docs").status_code == 200


def test_the_openapi_document_names_every_type_and_status(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    event = document["components"]["schemas"]["ClientEvent"]
    assert event["properties"]["eventType"]["enum"] == list(CATALOGUE)
    answers = document["paths"]["/api/analytics"]["post"]["responses"]
    assert {"200", "400", "401", "403", "413", "415", "503"} <= answers.keys()


def test_every_reference_of_the_openapi_document_leads_somewhere(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    text = json.dumps(document)
    for part in text.split('"$ref": "#/components/schemas/')[1:]:
        assert part.partition('"')[0] in document["components"]["schemas"]


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_the_documents_examples_are_accepted(name: str) -> None:
    body = EXAMPLES[name]["value"]
    TypeAdapter(EitherRequest).validate_python(body)
    assert Gateway().send(body).status == 200


def test_the_documents_answers_are_what_the_gateway_says() -> None:
    bad = {"eventType": "SNEEZE", "path": "/"}
    assert Gateway().send(EXAMPLES["single"]["value"]).json == ANSWERS[200]["single"]["value"]
    mixed = EXAMPLES["single"]["value"]["event"], bad
    assert Gateway().send({"sessionId": "s", "events": mixed}).json == ANSWERS[200]["batch"]["value"]
    assert Gateway().send(b"").json == ANSWERS[400]["not_json"]["value"]
    denied = {"sessionId": "s", "consent": "denied", "events": [bad]}
    assert Gateway().send(denied).json == ANSWERS[200]["dropped"]["value"]


def test_the_docs_page_loads_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/docs").text
    assert "PERFUME_VIEW" in page
    assert "src=" not in page
    assert "http:" not in page
    assert "https:" not in page
