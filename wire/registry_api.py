"""The HTTP calls of a schema registry: JSON in, JSON out, tried again where that may help.

By the standard library: Confluent's client brings OAuth, JOSE and an HTTP library of its own, which take a
process longer to import than all of its calls take.
https://docs.confluent.io/platform/current/schema-registry/develop/api.html
"""

import base64
import json
import random
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.client import HTTPException
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from wire.errors import RegistryRefuses, RegistryUnavailable

TIMEOUT_S: Final = 10.0
TRIES: Final = 3
PAUSE_S: Final = 1.0
"""Before the second try; twice as long before the third. Anything between nothing and that: whoever lost the
registry at the same moment is not to come back at the same moment."""
BUSY: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
MEDIA_TYPE: Final = "application/vnd.schemaregistry.v1+json"


def without_credentials(url: str) -> str:
    """The registry's URL, fit for logs, messages and files."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


class _NoRedirects(HTTPRedirectHandler):
    """The password is for the registry named, and for no other."""

    def redirect_request(self, *_request: object) -> None:
        return None


class RegistryApi:
    """A registry at its base URL, which may hold a user and a password. May be used from any thread."""

    def __init__(self, url: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self.url = without_credentials(url).rstrip("/")
        self._headers = {"Accept": MEDIA_TYPE, "Content-Type": MEDIA_TYPE} | _authorization(url)
        self._opener = build_opener(_NoRedirects)
        self._sleep = sleep

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Its answer to one request. Raises RegistryRefuses for a 4xx, else RegistryUnavailable."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}{path}", data, self._headers, method=method)
        for turn in range(1, TRIES):
            try:
                return self._once(request)
            except RegistryUnavailable:
                self._sleep(random.uniform(0, PAUSE_S * turn))
        return self._once(request)

    def _once(self, request: Request) -> Any:
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as answer:
                return json.loads(answer.read() or "null")
        except HTTPError as error:
            with error:
                told = f"schema registry {self.url} answers {error.code}: {_message(error)}"
            if 400 <= error.code < 500 and error.code not in BUSY:
                raise RegistryRefuses(told, error.code) from error
            raise RegistryUnavailable(told) from error
        except (OSError, HTTPException) as error:
            raise RegistryUnavailable(f"schema registry {self.url} cannot be reached: {error}") from error
        except ValueError as error:
            raise RegistryUnavailable(f"schema registry {self.url} answers no JSON") from error


def _authorization(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    if parts.username is None or parts.password is None:
        return {}
    told = f"{unquote(parts.username)}:{unquote(parts.password)}"
    return {"Authorization": f"Basic {base64.b64encode(told.encode()).decode()}"}


def _message(error: HTTPError) -> str:
    """The registry's own words, if there are any."""
    try:
        return str(json.load(error)["message"])
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return error.reason
