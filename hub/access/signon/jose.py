"""A token's text: taken apart with care, its signature checked by the key that fits.

Source: RFC 7515, 7517, 7519, 8725.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from hub.access.signon.refusal import TokenRefused

#: Longer ones are not looked at.
LONGEST = 8192
_SMALLEST_RSA_BITS = 2048
#: Keys for RSA have none.
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519"}


@dataclass(frozen=True, slots=True)
class Unverified:
    """What a token says of itself; nothing of it is to be believed yet."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]


def parse_token(text: str) -> Unverified:
    """Header and claims of a signed token in compact form.

    Raises
    ------
    TokenRefused
        ``too_long``, ``malformed``, or ``duplicate_name``: one reader would believe the first, another the last.
    """
    if len(text) > LONGEST:
        raise TokenRefused("too_long")
    parts = text.split(".")
    if len(parts) != 3:
        raise TokenRefused("malformed")
    return Unverified(_object(parts[0]), _object(parts[1]))


def _object(part: str) -> dict[str, Any]:
    try:
        decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        value = json.loads(decoded, object_pairs_hook=_unique, parse_constant=_no_number)
    except (binascii.Error, ValueError, RecursionError) as error:
        raise TokenRefused("malformed") from error
    if not isinstance(value, dict):
        raise TokenRefused("malformed")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise TokenRefused("duplicate_name")
    return made


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def check_header(header: Mapping[str, Any], *, algorithms: Iterable[str]) -> str:
    """The algorithm, where it is one that the configuration allows.

    Keys and addresses of keys that a header brings along (jwk, jku, x5u, x5c) are never looked at.

    Raises
    ------
    TokenRefused
        ``algorithm``, or ``critical``: it asks for something that is not understood here.
    """
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise TokenRefused("algorithm")
    if "crit" in header or "b64" in header:
        raise TokenRefused("critical")
    return algorithm


def header_type(header: Mapping[str, Any]) -> str:
    """``typ`` in lower case, without ``application/`` (RFC 8725, 3.11); empty where there is none."""
    kind = header.get("typ", "")
    return kind.lower().removeprefix("application/") if isinstance(kind, str) else ""


def fitting_key(jwk: Mapping[str, Any], algorithm: str) -> jwt.PyJWK | None:
    """The key, where it may check signatures of this algorithm: kind, curve, use, operations and length fit."""
    kind = {"R": "RSA", "P": "RSA", "E": "EC"}[algorithm[0]] if algorithm != "EdDSA" else "OKP"
    operations = jwk.get("key_ops")
    if (
        jwk.get("kty") != kind
        or jwk.get("alg", algorithm) != algorithm
        or jwk.get("use", "sig") != "sig"
        or (operations is not None and (not isinstance(operations, list) or "verify" not in operations))
        or jwk.get("crv") != _CURVES.get(algorithm)
    ):
        return None
    # The public half alone: whatever else a careless provider publishes is not kept.
    public = {name: jwk[name] for name in ("kty", "kid", "n", "e", "crv", "x", "y") if name in jwk}
    try:
        key = jwt.PyJWK(public, algorithm=algorithm)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    size = getattr(key.key, "key_size", None)
    return None if kind == "RSA" and (size is None or size < _SMALLEST_RSA_BITS) else key


def verify_signature(text: str, key: jwt.PyJWK, *, algorithm: str) -> None:
    """Return where the key made the signature.

    Raises
    ------
    TokenRefused
        ``signature``.
    """
    try:
        jwt.PyJWS().decode(text, key=key, algorithms=[algorithm])
    except jwt.InvalidTokenError as error:
        raise TokenRefused("signature") from error
