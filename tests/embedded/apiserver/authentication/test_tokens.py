"""JSON Web Tokens: signed with a key that follows from a secret, believed by nobody else."""

from __future__ import annotations

import base64

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8slearn.embedded.apiserver.authentication import InvalidToken, Issuer

CLAIMS = {"sub": "system:serviceaccount:default:bot", "exp": 5}


def encoded(data: dict) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(data)).rstrip(b"=").decode()


def test_what_it_has_signed_it_believes_and_the_same_secret_signs_the_same() -> None:
    token = Issuer("seven").sign(CLAIMS)
    assert Issuer("seven").sign(CLAIMS) == token
    assert Issuer("seven").verify(token) == CLAIMS


def test_another_secret_is_another_key() -> None:
    token = Issuer("seven").sign(CLAIMS)
    with pytest.raises(InvalidToken, match="error in cryptographic primitive"):
        Issuer("eight").verify(token)
    assert Issuer("eight").key_id != Issuer("seven").key_id


def test_an_issuer_with_a_new_secret_believes_nothing_that_it_has_signed_before() -> None:
    issuer = Issuer("seven")
    token = issuer.sign(CLAIMS)
    issuer.verify(token)
    issuer.use("a secret")
    with pytest.raises(InvalidToken):
        issuer.verify(token)
    assert issuer.verify(issuer.sign(CLAIMS)) == CLAIMS


def test_other_claims_under_the_same_signature_are_refused() -> None:
    header, _, signature = Issuer("seven").sign(CLAIMS).split(".")
    forged = encoded({**CLAIMS, "sub": "system:serviceaccount:kube-system:boss"})
    with pytest.raises(InvalidToken):
        Issuer("seven").verify(f"{header}.{forged}.{signature}")


def test_a_token_that_says_it_needs_no_signature_is_refused() -> None:
    for algorithm in ("none", "HS256", "RS256"):
        with pytest.raises(InvalidToken):
            Issuer("seven").verify(f"{encoded({'alg': algorithm})}.{encoded(CLAIMS)}.")


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.text(max_size=60), st.from_regex(r"[A-Za-z0-9_-]{0,20}(\.[A-Za-z0-9_-]{0,90}){0,3}")))
def test_anything_else_is_no_token(text: str) -> None:
    with pytest.raises(InvalidToken):
        Issuer("seven").verify(text)


def test_the_key_set_is_the_public_key_alone() -> None:
    (key,) = Issuer("seven").key_set()["keys"]
    assert key.keys() == {"use", "kty", "kid", "crv", "alg", "x", "y"}
    assert (key["alg"], key["crv"], key["kid"]) == ("ES256", "P-256", Issuer("seven").key_id)
