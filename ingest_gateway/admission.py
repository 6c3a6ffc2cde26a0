"""Who may send: exact origins, secret keys, publishable keys. And what a browser is told about it (CORS)."""

from enum import StrEnum

from ingest_gateway.errors import Refusal
from ingest_gateway.request import Request
from schemas.api_keys import ApiKeys
from schemas.envelope import Envelope
from schemas.reasons import Reason

PREFLIGHT_MAX_AGE_S = 7_200
"""Chromium keeps a preflight's answer for two hours at most."""

Headers = list[tuple[bytes, bytes]]


class Source(StrEnum):
    """Who speaks: a visitor's browser, or a server that holds a secret key."""

    BROWSER = "browser"
    SERVER = "server"


class Admission:
    """The rules of one configuration."""

    def __init__(self, origins: frozenset[str], publishable: ApiKeys, secret: ApiKeys) -> None:
        self._origins = origins
        self._publishable = publishable
        self._secret = secret

    def admit(self, request: Request) -> Source:
        """Who is speaking, by headers alone. Raises Refusal."""
        authorization = request.header(b"authorization")
        if authorization is not None:
            scheme, _, key = authorization.partition(" ")
            if scheme.lower() != "bearer" or key.strip() not in self._secret:
                raise Refusal(Reason.INVALID_KEY, "Authorization holds no secret key that is valid now")
            return Source.SERVER
        origin = request.header(b"origin")
        if origin is None:
            raise Refusal(
                Reason.MISSING_CREDENTIALS,
                "send from an allowed origin, or with Authorization: Bearer and a secret key",
            )
        if origin not in self._origins:
            raise Refusal(
                Reason.ORIGIN_NOT_ALLOWED, "this origin is not on the allow-list (SILLAGE_ALLOWED_ORIGINS)"
            )
        return Source.BROWSER

    def check_envelope(self, envelope: Envelope, source: Source) -> None:
        """What only the body tells: publishable key, token, claimed identity. Raises Refusal."""
        key = envelope.get("key")
        if key is not None and key not in self._publishable:
            raise Refusal(Reason.INVALID_KEY, "the publishable key is not one that is valid now")
        if envelope.get("userToken") is not None:
            raise Refusal(Reason.INVALID_TOKEN, "user tokens are not configured: send none")
        if source is Source.BROWSER and names_user(envelope.get("userId"), envelope.get("user_id")):
            raise Refusal(Reason.IDENTITY_IN_BODY, Reason.IDENTITY_IN_BODY.meaning)

    def cors(self, request: Request) -> Headers:
        """Headers of every answer: who may read it."""
        headers = [(b"vary", b"Origin")]
        origin = request.header(b"origin")
        if origin in self._origins and origin is not None:
            headers += [
                (b"access-control-allow-origin", origin.encode("latin-1")),
                (b"access-control-allow-credentials", b"true"),
                (b"access-control-expose-headers", b"Retry-After"),
            ]
        return headers

    def preflight(self, request: Request) -> Headers:
        """Headers beside `cors` that answer OPTIONS. Raises Refusal for an origin not listed."""
        origin = request.header(b"origin")
        if origin is not None and origin not in self._origins:
            raise Refusal(
                Reason.ORIGIN_NOT_ALLOWED, "this origin is not on the allow-list (SILLAGE_ALLOWED_ORIGINS)"
            )
        return [
            (b"allow", b"POST, OPTIONS"),
            (b"access-control-allow-methods", b"POST"),
            (b"access-control-allow-headers", b"content-type, authorization"),
            (b"access-control-max-age", str(PREFLIGHT_MAX_AGE_S).encode()),
        ]


def names_user(*claims: object) -> bool:
    """Whether any of these fields claims who the visitor is."""
    return any(claim is not None for claim in claims)
