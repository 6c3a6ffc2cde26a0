"""Whose word is believed about who a visitor is: a token of the site's own, in force now, and no other."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from ingest_gateway import user_tokens
from ingest_gateway.errors import Refusal
from ingest_gateway.user_tokens import TokenKey, TokenRules, UserTokens
from schemas.reasons import Reason
from tests.unit.gateway.forged import FORGERIES, signed_by_hand
from tests.unit.gateway.signed import (
    PRIVATE,
    PUBLIC,
    PUBLIC_PEM,
    SECRET,
    STRANGER,
    claims,
    eddsa,
    hs256,
    unsigned,
)

HS256 = TokenKey.hs256(SECRET)
EDDSA = TokenKey.ed25519(PUBLIC)


def reason_for(token: str, **rules: Any) -> Reason:
    with pytest.raises(Refusal) as refused:
        UserTokens(TokenRules(**{"keys": [EDDSA], **rules})).user_of(token)
    assert len(token) < 20 or token not in refused.value.message
    return refused.value.reason


@pytest.mark.parametrize(("key", "sign"), [(HS256, hs256), (EDDSA, eddsa)])
def test_a_token_of_the_site_names_its_user(key: TokenKey, sign: Callable[..., str]) -> None:
    users = UserTokens(TokenRules([key]))
    assert users.user_of(sign()) == "u-1"
    assert users.user_of(sign(sub="u-2")) == "u-2"


@pytest.mark.parametrize("pem", [PUBLIC, PUBLIC_PEM, PUBLIC_PEM.replace("\n", "\\n")])
def test_a_public_key_may_come_as_pem_or_its_one_line(pem: str) -> None:
    assert UserTokens(TokenRules([TokenKey.ed25519(pem)])).user_of(eddsa()) == "u-1"


def test_old_and_new_keys_are_valid_together() -> None:
    users = UserTokens(TokenRules([HS256, TokenKey.hs256("another secret of more than 32 bytes"), EDDSA]))
    for token in (hs256(), hs256("another secret of more than 32 bytes"), eddsa()):
        assert users.user_of(token) == "u-1"
    with pytest.raises(Refusal):
        users.user_of(eddsa(STRANGER))


@pytest.mark.parametrize("name", FORGERIES)
@pytest.mark.parametrize("keys", [[EDDSA], [EDDSA, HS256]])
def test_a_forged_token_is_refused(name: str, keys: list[TokenKey]) -> None:
    forge, reason = FORGERIES[name]
    assert reason_for(forge("u-victim"), keys=keys) == reason


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "HS384", "HS512", "RS256", "EdDSA", "", None, 7, ["HS256"]]
)
def test_no_other_algorithm_is_heard_of(algorithm: object) -> None:
    forged = signed_by_hand({"alg": algorithm, "typ": "JWT"}, claims(), SECRET.encode())
    assert reason_for(forged, keys=[HS256, EDDSA]) is Reason.INVALID_TOKEN


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: eddsa(exp=claims()["iat"] - 31, iat=claims()["iat"] - 600), Reason.EXPIRED_TOKEN),
        (lambda: eddsa(STRANGER, exp=1), Reason.INVALID_TOKEN),
        (lambda: eddsa(iat=claims()["iat"] + 3_000), Reason.INVALID_TOKEN),
        (lambda: eddsa(nbf=claims()["iat"] + 3_000), Reason.INVALID_TOKEN),
        (lambda: eddsa(exp=claims()["iat"] + 7_200), Reason.INVALID_TOKEN),
        (lambda: eddsa(iat=None), Reason.INVALID_TOKEN),
        (lambda: eddsa(sub=None), Reason.INVALID_TOKEN),
        (lambda: eddsa(exp="soon"), Reason.INVALID_TOKEN),
        (lambda: eddsa(sub=""), Reason.INVALID_TOKEN),
        (lambda: eddsa(sub="undefined"), Reason.INVALID_TOKEN),
        (lambda: eddsa(sub="u" * 129), Reason.INVALID_TOKEN),
        (lambda: eddsa(sub="u\0"), Reason.INVALID_TOKEN),
        (lambda: eddsa(sub="u\ud800"), Reason.INVALID_TOKEN),
        (lambda: eddsa(aud="elsewhere"), Reason.INVALID_TOKEN),
        (lambda: "", Reason.INVALID_TOKEN),
        (lambda: "a.b.c", Reason.INVALID_TOKEN),
        (lambda: "\ud800", Reason.INVALID_TOKEN),
        (lambda: "x" * 100_000, Reason.INVALID_TOKEN),
        (lambda: base64.urlsafe_b64encode(b"[" * 2_900).decode() + ".e30.AA", Reason.INVALID_TOKEN),
    ],
)
def test_any_other_token_is_refused(make: Callable[[], str], reason: Reason) -> None:
    assert reason_for(make()) is reason


def test_audience_and_issuer_are_checked_where_they_are_configured() -> None:
    users = UserTokens(TokenRules([EDDSA], audience="analytics", issuer="shop"))
    assert users.user_of(eddsa(aud=["analytics", "x"], iss="shop")) == "u-1"
    right: dict[str, Any] = {"aud": "analytics", "iss": "shop"}
    for wrong in ({"aud": None}, {"iss": None}, {"aud": "x"}, {"iss": "x"}):
        with pytest.raises(Refusal):
            users.user_of(eddsa(**{**right, **wrong}))


def test_clocks_may_differ_a_little() -> None:
    now = claims()["iat"]
    users = UserTokens(TokenRules([EDDSA], leeway_s=300))
    assert users.user_of(eddsa(iat=now - 600, exp=now - 60)) == "u-1"
    assert users.user_of(eddsa(iat=now + 60, exp=now + 600)) == "u-1"


def test_without_configured_keys_no_token_is_believed() -> None:
    assert reason_for(eddsa(), keys=[]) is Reason.INVALID_TOKEN
    assert reason_for(unsigned(), keys=[]) is Reason.INVALID_TOKEN


def test_a_remembered_token_expires_all_the_same() -> None:
    told = claims()
    clock = [float(told["iat"])]
    users = UserTokens(TokenRules([EDDSA], leeway_s=30), lambda: clock[0])
    token = eddsa()
    assert [users.user_of(token), users.user_of(token)] == ["u-1", "u-1"]
    clock[0] = told["exp"] + 60
    with pytest.raises(Refusal) as refused:
        users.user_of(token)
    assert refused.value.reason is Reason.EXPIRED_TOKEN


def test_no_more_tokens_are_remembered_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_tokens, "REMEMBERED", 2)
    users = UserTokens(TokenRules([HS256]))
    tokens = [hs256(sub=f"u-{number}") for number in range(4)]
    assert [users.user_of(token) for token in tokens * 2] == [f"u-{n}" for n in range(4)] * 2
    assert len(users._verified) == 2


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]{0,40}(\.[A-Za-z0-9_-]{0,40}){0,4}", fullmatch=True))
def test_whatever_comes_as_a_token_is_refused_in_order(token: str) -> None:
    assert reason_for(token, keys=[HS256, EDDSA]) is Reason.INVALID_TOKEN


@given(st.data())
def test_one_changed_letter_is_enough(data: st.DataObject) -> None:
    token = hs256()
    place = data.draw(st.integers(0, len(token) - 2))
    letter = data.draw(st.sampled_from("ABCwxyz019-_.").filter(lambda letter: letter != token[place]))
    changed = token[:place] + letter + token[place + 1 :]
    assert reason_for(changed, keys=[HS256]) in (Reason.INVALID_TOKEN, Reason.EXPIRED_TOKEN)


def test_a_weak_secret_or_another_kind_of_key_is_not_configurable() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        TokenKey.hs256("short")
    other = generate_private_key(SECP256R1()).public_key()
    for pem in (
        "",
        "x",
        PUBLIC[:-4],
        other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
    ):
        with pytest.raises(ValueError, match="not an Ed25519 public key"):
            TokenKey.ed25519(pem)


def test_a_key_is_not_shown() -> None:
    assert SECRET not in repr(TokenRules([HS256]))
    assert PRIVATE.public_key() == EDDSA.material
