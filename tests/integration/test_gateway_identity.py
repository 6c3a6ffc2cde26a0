"""A real gateway process on real Kafka believes nobody whom it should not: what they sent is in no topic."""

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest

from schemas.api_keys import digest_of
from schemas.topics import DEAD_LETTER, INTERACTIONS, Namespace, Topic
from tests.services import Service, ended_at_last, free_port, wait_until
from tests.stack import Stack
from tests.topic import read_topic
from tests.unit.gateway.forged import FORGERIES
from tests.unit.gateway.signed import PUBLIC, SECRET, eddsa, hs256
from wire.codec import Decoder
from wire.registry import Registry

pytestmark = pytest.mark.integration

ORIGIN: Final = "https://shop.example"
SECRET_KEY: Final = "sk_test_0123456789abcdef0123456789abcdef"
PUBLISHABLE_KEY: Final = "pk_test_0123456789abcdef0123456789abcdef"
VICTIM: Final = "u-victim"
BURST: Final = 12


class Site:
    """A gateway process behind a proxy, and the topics it writes."""

    def __init__(self, service: Service, stack: Stack, namespace: str) -> None:
        self.service = service
        self._bootstrap = stack.bootstrap
        self._space = Namespace(namespace)
        self._registry = Registry(stack.registry_url)
        self._client = httpx.Client(base_url=service.url, timeout=60)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def send(self, body: Any, headers: Mapping[str, str] | None = None, client: str = "") -> httpx.Response:
        """As a page of the shop, unless other headers are given; each from an address of its own."""
        sender = client or f"203.0.113.{uuid4().int % 250}"
        given = {"Origin": ORIGIN} if headers is None else dict(headers)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._client.post(
            "/api/analytics", content=content, headers={**given, "X-Forwarded-For": f"9.9.9.9, {sender}"}
        )

    def values(self, topic: Topic) -> list[dict[str, Any]]:
        decoder = Decoder(topic.value or "", self._registry)
        records = read_topic(self._bootstrap, self._space.topic(topic))
        return [decoder.decode(record.value()) for record in records]

    def count(self, metric: str, **labels: str) -> float:
        """The sum of a metric's lines that have these labels."""
        total = 0.0
        for line in self._client.get("/metrics").text.splitlines():
            if line.startswith(f"{metric}{{") and all(f'{k}="{v}"' in line for k, v in labels.items()):
                total += float(line.rpartition(" ")[2])
        return total


@pytest.fixture(scope="module")
def site(stack: Stack, namespace: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    port = free_port()
    environment = {
        "SILLAGE_KAFKA_BOOTSTRAP": stack.bootstrap,
        "SILLAGE_REGISTRY_URL": stack.registry_url,
        "SILLAGE_NAMESPACE": namespace,
        "SILLAGE_GATEWAY_PORT": str(port),
        "SILLAGE_ALLOWED_ORIGINS": ORIGIN,
        "SILLAGE_SECRET_KEYS": f"{digest_of('sk_of_last_year_0123456789')},{digest_of(SECRET_KEY)}",
        "SILLAGE_PUBLISHABLE_KEYS": digest_of(PUBLISHABLE_KEY),
        "SILLAGE_TOKEN_EDDSA_PUBLIC_KEYS": PUBLIC,
        "SILLAGE_TOKEN_HS256_SECRETS": SECRET,
        "SILLAGE_TRUSTED_PROXIES": "127.0.0.1",
        "SILLAGE_ADDRESS_RATE": "0.001",
        "SILLAGE_ADDRESS_BURST": str(BURST),
    }
    log = tmp_path_factory.mktemp("gateway") / "log"
    service = Service("ingest_gateway", environment, port, log)
    with ended_at_last(service):
        service.start()
        with closing(Site(service, stack, namespace)) as found:
            yield found


def view(**more: Any) -> dict[str, Any]:
    return {"eventType": "PAGE_VIEW", "path": "/perfume/test", **more}


def test_a_forged_token_is_refused_counted_and_stores_nothing(site: Site) -> None:
    session = str(uuid4())
    for name, (forge, reason) in FORGERIES.items():
        before = site.count("sillage_gateway_requests_total", reason=reason, status="401")
        for body in ({"event": view()}, {"events": [view(), view()]}):
            answer = site.send({"sessionId": session, "userToken": forge(VICTIM), **body})
            assert (answer.status_code, answer.json()["reason"]) == (401, reason), name
        assert site.count("sillage_gateway_requests_total", reason=reason, status="401") == before + 2
    kept = site.values(INTERACTIONS) + site.values(DEAD_LETTER)
    assert not [value for value in kept if value["session_id"] == session or value.get("user_id") == VICTIM]


NAMING_SOMEBODY: Final[list[dict[str, Any]]] = [
    {"event": view(userId=VICTIM)},
    {"event": view(user_id=VICTIM)},
    {"event": view(eventData={"userId": VICTIM})},
    {"userId": VICTIM, "event": view()},
    {"user_id": VICTIM, "event": view()},
]


def test_a_browser_that_names_another_user_is_refused_and_nothing_is_stored_under_that_user(
    site: Site,
) -> None:
    session, before = str(uuid4()), site.count("sillage_gateway_requests_total", reason="identity_in_body")
    for body in NAMING_SOMEBODY:
        for token in ({}, {"userToken": eddsa(sub="u-somebody")}):
            answer = site.send({"sessionId": session, **token, **body})
            assert (answer.status_code, answer.json()["reason"]) == (400, "identity_in_body"), body
    counted = site.count("sillage_gateway_requests_total", reason="identity_in_body")
    assert counted == before + 2 * len(NAMING_SOMEBODY)
    stored = site.values(INTERACTIONS)
    assert not [value for value in stored if VICTIM in (value["user_id"], value["session_id"])]
    assert not [value for value in stored if value["session_id"] == session]


@pytest.mark.parametrize("sign", [eddsa, hs256])
def test_the_sites_own_token_names_the_user_of_its_events(site: Site, sign: Any) -> None:
    session, user = str(uuid4()), str(uuid4())
    assert site.send({"sessionId": session, "userToken": sign(sub=user), "event": view()}).status_code == 200
    assert [e["user_id"] for e in site.values(INTERACTIONS) if e["session_id"] == session] == [user]


def test_a_server_speaks_for_its_users_with_any_key_that_is_valid(site: Site) -> None:
    users = [str(uuid4()), str(uuid4())]
    events = [view(userId=user, sessionId=f"s-{user}", timestamp="2026-01-01T00:00:00Z") for user in users]
    for key, status in (("sk_of_last_year_0123456789", 400), (SECRET_KEY, 400), ("sk_wrong", 401)):
        answer = site.send({"events": events}, {"Authorization": f"Bearer {key}"})
        assert answer.status_code == status, answer.text  # too old, but for the wrong key
    for event in events:
        del event["timestamp"]
    assert site.send({"events": events}, {"Authorization": f"Bearer {SECRET_KEY}"}).json()["count"] == 2
    stored = [e for e in site.values(INTERACTIONS) if e["user_id"] in users]
    assert sorted((e["user_id"], e["session_id"]) for e in stored) == sorted((u, f"s-{u}") for u in users)


def test_what_is_kept_of_a_rejection_holds_no_key_and_no_token(site: Site) -> None:
    session, token = str(uuid4()), eddsa(sub="u-somebody")
    data = {"userToken": token, "deep": [{"key": PUBLISHABLE_KEY, "note": f"Bearer {SECRET_KEY}"}]}
    events = [view(eventType="NOPE", key=PUBLISHABLE_KEY, eventData=data, referrer=f"/?t={token}"), view()]
    body = {"sessionId": session, "key": PUBLISHABLE_KEY, "userToken": token, "events": events}
    packed = gzip.compress(json.dumps(body).encode())
    before = site.count("sillage_gateway_dead_letters_total", outcome="kept")
    assert site.send(packed, {"Origin": ORIGIN, "Content-Encoding": "gzip"}).json()["count"] == 1
    assert site.send(json.dumps(body).encode()[:-1]).status_code == 400
    wait_until(
        lambda: site.count("sillage_gateway_dead_letters_total", outcome="kept") >= before + 2,
        60,
        lambda: "the rejections are not kept",
    )
    letters = site.values(DEAD_LETTER)
    assert session in {letter["session_id"] for letter in letters}
    for secret in (token, token[:30], PUBLISHABLE_KEY, SECRET_KEY):
        assert secret not in repr(letters)


def test_an_address_over_its_limit_waits_and_its_neighbours_do_not(site: Site) -> None:
    body = {"sessionId": str(uuid4()), "event": view()}
    answers = [site.send(body, client="198.51.100.1") for _ in range(BURST + 1)]
    assert [answer.status_code for answer in answers] == [200] * BURST + [429]
    assert int(answers[-1].headers["retry-after"]) > 1
    assert site.send(body, client="198.51.100.2").status_code == 200
    assert [site.send(body, client=f"2001:db8::{n:x}").status_code for n in range(BURST + 1)][-1] == 429
    assert site.send(body, client="2001:db8:0:1::1").status_code == 200


@pytest.fixture(scope="module", autouse=True)
def _nobodys_secret_and_nobodys_address_is_in_the_log(site: Site) -> Iterator[None]:
    yield
    log = site.service.tail(1_000_000)
    assert "request_refused" in log
    assert not re.search(r"eyJ|[sp]k_test|203\.0\.113|198\.51\.100|9\.9\.9\.9|2001:db8", log), log
