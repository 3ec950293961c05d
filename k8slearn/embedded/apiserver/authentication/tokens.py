"""JSON Web Tokens (RFC 7519), signed with ES256; a cluster of kubeadm signs with RS256.

Upstream: ``pkg/serviceaccount/jwt.go``.

The private key is a number that is made from a secret, and signatures are deterministic (RFC 6979), so the same
seed and the same requests give the same tokens. A secret that everybody can guess will do as long as all who ask
are in the same process; a server that listens brings one of its own.

``cryptography`` takes a while to import; it is imported when the first token is signed or verified.
"""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

ALGORITHM = "ES256"
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order of the curve P-256 (SEC 2): private keys are the numbers below it."""

_NUMBER = 32
"""Bytes of one of the two numbers of a signature, and of a coordinate."""

_REMEMBERED = 1000
"""Tokens whose signature is not verified again."""


class InvalidToken(Exception):
    """Not signed by this cluster, or no JWT at all; ``str()`` says what is wrong, "" when it may be another's."""


class Issuer:
    """Signs claims and verifies them."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._verified: dict[str, dict[str, Any]] = {}

    def use(self, secret: str) -> None:
        """Sign with another key from now on; what was signed with the old one is invalid."""
        self._secret = secret
        self._verified.clear()

    def sign(self, claims: dict[str, Any]) -> str:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, utils

        signed = (
            f"{_encode(orjson.dumps({'alg': ALGORITHM, 'kid': self.key_id}))}.{_encode(orjson.dumps(claims))}"
        )
        how = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        pair = utils.decode_dss_signature(self._key.sign(signed.encode(), how))
        return f"{signed}.{_encode(b''.join(number.to_bytes(_NUMBER, 'big') for number in pair))}"

    def verify(self, token: str) -> dict[str, Any]:
        """The claims of ``token``. Raises InvalidToken."""
        claims = self._verified.get(token)
        if claims is None:
            claims = self._opened(token)
            if len(self._verified) >= _REMEMBERED:
                self._verified.clear()
            self._verified[token] = claims
        return claims

    def _opened(self, token: str) -> dict[str, Any]:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, utils

        signed, _, signature = token.rpartition(".")
        try:
            header, claims = (orjson.loads(_decode(part)) for part in signed.split("."))
            raw = _decode(signature)
            known = header.get("alg") == ALGORITHM and isinstance(claims, dict) and len(raw) == 2 * _NUMBER
        except (ValueError, AttributeError):
            raise InvalidToken from None
        if not known:
            raise InvalidToken
        pair = (int.from_bytes(raw[:_NUMBER], "big"), int.from_bytes(raw[_NUMBER:], "big"))
        try:
            how = ec.ECDSA(hashes.SHA256())
            self._key.public_key().verify(utils.encode_dss_signature(*pair), signed.encode(), how)
        except InvalidSignature:
            raise InvalidToken("go-jose/go-jose: error in cryptographic primitive") from None
        return claims

    def key_set(self) -> dict[str, Any]:
        """The public key as a JSON Web Key Set (RFC 7517), for who verifies tokens elsewhere."""
        numbers = self._key.public_key().public_numbers()
        place = {axis: _encode(getattr(numbers, axis).to_bytes(_NUMBER, "big")) for axis in "xy"}
        key = {"use": "sig", "kty": "EC", "kid": self.key_id, "crv": "P-256", "alg": ALGORITHM, **place}
        return {"keys": [key]}

    @property
    def _key(self) -> EllipticCurvePrivateKey:
        return _keys(self._secret)[0]

    @property
    def key_id(self) -> str:
        """Upstream's: the digest of the public key."""
        return _keys(self._secret)[1]


@lru_cache(maxsize=8)
def _keys(secret: str) -> tuple[EllipticCurvePrivateKey, str]:
    """The private key that is made from ``secret``, and its id."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    digest = hashlib.sha512(f"service account tokens: {secret}".encode()).digest()
    key = ec.derive_private_key(int.from_bytes(digest, "big") % (_ORDER - 1) + 1, ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return key, _encode(hashlib.sha256(public).digest())


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Raises ValueError."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
