"""What is made of a schema registry's answers, good and bad."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from schemas import avro_schemas
from schemas.topics import INTERACTIONS, SESSIONS, Namespace
from wire.errors import NotRegistered, RegistryRefuses, RegistryUnavailable, UnknownSchema
from wire.registry import Registry
from wire.registry_api import TRIES, RegistryApi

EVERYTHING = Namespace("")
KNOWN = (200, {"id": 7})
BUSY = (503, {"error_code": 50301, "message": "starting"})
ABSENT = (404, {"error_code": 40401, "message": "nothing there"})
ELSEWHERE = (307, {"Location": "/elsewhere"})


class FakeRegistry:
    """Gives its answers in turn, the last one again and again; keeps what it was asked."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, str | None]] = []
        """Method, path and credentials of each request."""
        self.url = ""

    def answer(self, method: str, path: str, credentials: str | None) -> tuple[int, Any]:
        self.asked.append((method, path, credentials))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def serving(*answers: tuple[int, Any]) -> Iterator[FakeRegistry]:
    fake = FakeRegistry(*answers)

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            status, told = fake.answer(self.command, self.path, self.headers.get("Authorization"))
            body = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(status)
            if status == ELSEWHERE[0]:
                self.send_header("Location", f"{fake.url}/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = _answer

        def log_message(self, *_line: object) -> None:
            """Nothing on the terminal."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        fake.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()


def test_an_id_is_asked_for_once() -> None:
    with serving(KNOWN) as fake:
        registry = Registry(fake.url)
        assert [registry.id_of(INTERACTIONS, EVERYTHING) for _ in range(2)] == [7, 7]
        assert fake.asked == [("POST", "/subjects/interactions-value", None)]


def test_several_ids_are_asked_for_at_once() -> None:
    with serving(KNOWN) as fake:
        registry = Registry(fake.url)
        registry.look_up((INTERACTIONS, SESSIONS), EVERYTHING)
        assert {path for _method, path, _credentials in fake.asked} == {
            "/subjects/interactions-value",
            "/subjects/sessions-value",
        }
        assert registry.id_of(SESSIONS, EVERYTHING) == 7
        assert len(fake.asked) == 2


def test_the_first_that_is_missing_is_told() -> None:
    with serving(ABSENT) as fake, pytest.raises(NotRegistered):
        Registry(fake.url).look_up((INTERACTIONS, SESSIONS), EVERYTHING)


def test_user_and_password_are_told_to_the_registry() -> None:
    with serving(KNOWN) as fake:
        url = fake.url.replace("http://", "http://user:p%40ss@")
        Registry(url).id_of(INTERACTIONS, EVERYTHING)
        assert fake.asked[0][2] == "Basic dXNlcjpwQHNz"


def test_they_are_told_to_nobody_else() -> None:
    with serving(ELSEWHERE) as fake:
        url = fake.url.replace("http://", "http://user:secret@")
        with pytest.raises(RegistryUnavailable):
            RegistryApi(url, sleep=lambda _seconds: None).ask("GET", "/schemas/ids/1")
        assert {path for _method, path, _credentials in fake.asked} == {"/schemas/ids/1"}


def test_a_schema_that_is_not_there_is_to_be_registered() -> None:
    with serving(ABSENT) as fake, pytest.raises(NotRegistered, match="nothing there"):
        Registry(fake.url).id_of(INTERACTIONS, EVERYTHING)


def test_who_is_not_let_in_waits_for_somebody_to_change_that() -> None:
    with serving((401, {})) as fake, pytest.raises(RegistryUnavailable, match="401"):
        Registry(fake.url).id_of(INTERACTIONS, EVERYTHING)


def test_a_schema_that_breaks_readers_is_refused() -> None:
    with serving((409, {"message": "incompatible"})) as fake, pytest.raises(RegistryRefuses) as refused:
        Registry(fake.url).register(INTERACTIONS, EVERYTHING)
    assert refused.value.status == 409


def test_an_id_that_nobody_has_is_not_asked_for_again_at_once() -> None:
    now = [100.0]
    with serving(ABSENT) as fake:
        registry = Registry(fake.url, clock=lambda: now[0])
        for _ in range(2):
            with pytest.raises(UnknownSchema):
                registry.schema(5)
        assert len(fake.asked) == 1
        now[0] += 60.0
        fake.answers = [(200, {"schema": avro_schemas.schema_text("interaction")})]
        assert registry.schema(5) == avro_schemas.schema("interaction")


@pytest.mark.parametrize("first", [BUSY, (429, {}), (200, b"<html>")])
def test_it_is_asked_again_where_that_may_help(first: tuple[int, Any]) -> None:
    paused: list[float] = []
    with serving(first, KNOWN) as fake:
        assert RegistryApi(fake.url, sleep=paused.append).ask("GET", "/") == {"id": 7}
    assert len(paused) == 1


def test_it_is_not_asked_for_ever() -> None:
    with serving(BUSY) as fake:
        with pytest.raises(RegistryUnavailable, match="503: starting"):
            RegistryApi(fake.url, sleep=lambda _seconds: None).ask("GET", "/")
        assert len(fake.asked) == TRIES


@pytest.mark.parametrize("told", [{}, [], {"id": "none"}, {"schema": "{"}])
def test_an_answer_without_what_was_asked_for_is_no_answer(told: Any) -> None:
    with serving((200, told)) as fake:
        registry = Registry(fake.url)
        with pytest.raises(RegistryUnavailable):
            registry.id_of(INTERACTIONS, EVERYTHING)
        with pytest.raises(RegistryUnavailable):
            registry.schema(1)
