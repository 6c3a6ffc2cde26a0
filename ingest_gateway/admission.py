"""Who may send, and for whom: exact origins, secret and publishable keys, user tokens. And what a browser is
told about it (CORS)."""

from ingest_gateway.caller import Source
from ingest_gateway.errors import Refusal
from ingest_gateway.rate_limits import RateLimits, further_requests
from ingest_gateway.request import Request
from ingest_gateway.session import names_user
from ingest_gateway.user_tokens import UserTokens
from schemas.api_keys import ApiKeys
from schemas.envelope import Envelope
from schemas.reasons import Reason

PREFLIGHT_MAX_AGE_S = 7_200
"""Chromium keeps a preflight's answer for two hours at most."""

Headers = list[tuple[bytes, bytes]]


class Admission:
    """The rules of one configuration."""

    def __init__(
        self,
        origins: frozenset[str],
        publishable: ApiKeys,
        secret: ApiKeys,
        users: UserTokens,
        limits: RateLimits,
        token_cookie: str | None = None,
    ) -> None:
        """`token_cookie`: where a user token may come from beside the body."""
        self._origins = origins
        self._publishable = publishable
        self._secret = secret
        self._users = users
        self._limits = limits
        self._token_cookie = token_cookie

    def admit(self, request: Request) -> Source:
        """Who is speaking, by headers alone. Raises Refusal, RateLimited where they speak too often."""
        self._limits.check_client(request)
        authorization = request.header(b"authorization")
        if authorization is not None:
            digest = self._secret_digest(authorization)
            if digest is None:
                raise Refusal(Reason.INVALID_KEY, "Authorization holds no secret key that is valid now")
            self._limits.check_key(digest)
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

    def charge(self, request: Request, source: Source, body_bytes: int) -> None:
        """Count the work that a decoded body is: a server's for its key, anybody else's for the address.

        Raises RateLimited.
        """
        further = further_requests(body_bytes)
        if not further:
            return
        key = self._secret_digest(request.header(b"authorization") or "")
        if source is Source.SERVER and key is not None:
            self._limits.check_key(key, further)
        else:
            self._limits.check_client(request, further)

    def _secret_digest(self, authorization: str) -> str | None:
        scheme, _, key = authorization.partition(" ")
        return self._secret.digest(key.strip()) if scheme.lower() == "bearer" else None

    def user(self, request: Request, envelope: Envelope, source: Source) -> str | None:
        """Who the visitor is, by a signed token; None where there is none.

        Raises Refusal for a wrong publishable key, a wrong token, or a browser that names a user itself.
        """
        self._check_publishable(envelope.get("key"))
        if source is Source.BROWSER and (names_user(envelope) or names_user(envelope.get("context"))):
            raise Refusal(Reason.IDENTITY_IN_BODY, Reason.IDENTITY_IN_BODY.meaning)
        token = envelope.get("userToken")
        if token is None and self._token_cookie is not None:
            token = request.cookie(self._token_cookie)
        return None if token is None else self._users.user_of(token)

    def _check_publishable(self, key: str | None) -> None:
        if key is None:
            return
        digest = self._publishable.digest(key)
        if digest is None:
            raise Refusal(Reason.INVALID_KEY, "the publishable key is not one that is valid now")
        self._limits.check_key(digest)

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
            (b"access-control-allow-headers", b"content-type, content-encoding"),
            (b"access-control-max-age", str(PREFLIGHT_MAX_AGE_S).encode()),
        ]
