"""What a provider's token says, once its signature holds: for this hub, for now, for whom, for which purposes.

Source: RFC 7519, 4.1; RFC 9068, 4; OpenID Connect Core 1.0, 3.1.3.7.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hub.access.signon.providers import ActorRule, Provider
from hub.access.signon.refusal import TokenRefused

#: Scopes that name a purpose.
PURPOSE_SCOPE = "purpose:"
#: What only an ID token has; one must not pass for an access token (OpenID Connect Core 1.0, 2).
_ONLY_ID_TOKENS = ("nonce", "at_hash", "c_hash")
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class ForeignClaims:
    """What a provider's token says. ``purposes`` is None where it names none at all."""

    issuer: str
    subject: str
    token_id: str | None
    issued_at: datetime
    expires_at: datetime
    purposes: frozenset[str] | None
    claims: Mapping[str, Any]


def check_access_claims(claims: Mapping[str, Any], provider: Provider, *, now: datetime) -> ForeignClaims:
    """Claims of an access token for this hub.

    Raises
    ------
    TokenRefused
        ``audience``, ``client``, ``id_token``, ``bound``, ``subject`` or what :func:`_checked` raises.
    """
    audience = _audience(claims)
    if provider.audience is None or provider.audience not in audience:
        raise TokenRefused("audience")
    if claims.get("typ") == "ID" or any(name in claims for name in _ONLY_ID_TOKENS):
        raise TokenRefused("id_token")
    client = claims.get("azp", claims.get("client_id"))
    if (len(audience) > 1 and client is None) or (provider.clients and client not in provider.clients):
        raise TokenRefused("client")
    if "cnf" in claims:
        # Bound to a key of its owner (RFC 9449, RFC 8705): taken from whoever brings it, it would lose that.
        raise TokenRefused("bound")
    return _checked(claims, provider, now)


def check_id_claims(claims: Mapping[str, Any], provider: Provider, *, nonce: str, now: datetime) -> ForeignClaims:
    """Claims of an ID token that answers this hub's own sign-in.

    Raises
    ------
    TokenRefused
        ``audience``, ``client``, ``nonce`` or what :func:`_checked` raises.
    """
    audience = _audience(claims)
    if provider.client_id is None or provider.client_id not in audience:
        raise TokenRefused("audience")
    if claims.get("azp", provider.client_id if len(audience) == 1 else None) != provider.client_id:
        raise TokenRefused("client")
    given = claims.get("nonce")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode("utf-8", "replace"), nonce.encode()):
        raise TokenRefused("nonce")
    return _checked(claims, provider, now)


def _audience(claims: Mapping[str, Any]) -> list[str]:
    audience = claims.get("aud")
    audience = [audience] if isinstance(audience, str) else audience
    if not isinstance(audience, list) or not all(isinstance(one, str) for one in audience):
        raise TokenRefused("audience")
    return audience


def _checked(claims: Mapping[str, Any], provider: Provider, now: datetime) -> ForeignClaims:
    """What all tokens must say; raises ``issuer``, ``subject``, ``times``, ``expired`` and the like."""
    if claims.get("iss") != provider.issuer:
        raise TokenRefused("issuer")
    subject, token_id = claims.get("sub"), claims.get("jti")
    if not _is_name(subject) or not (token_id is None or _is_name(token_id)):
        raise TokenRefused("subject")
    at = now.timestamp()
    expires, issued, begins = _number(claims, "exp"), _number(claims, "iat"), _number(claims, "nbf", default=0.0)
    if at >= expires + provider.skew_s:
        raise TokenRefused("expired")
    if begins > at + provider.skew_s:
        raise TokenRefused("not_yet_valid")
    if issued > at + provider.skew_s:
        raise TokenRefused("issued_in_future")
    return ForeignClaims(
        provider.issuer,
        str(subject),
        token_id,
        datetime.fromtimestamp(issued, UTC),
        datetime.fromtimestamp(expires, UTC),
        _purposes(claims),
        claims,
    )


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME and value.isprintable()


def _number(claims: Mapping[str, Any], name: str, *, default: float | None = None) -> float:
    value = claims.get(name, default)
    # Until the year 9999: later moments are no moments to a database.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 253402300800:
        raise TokenRefused("times")
    return float(value)


def _purposes(claims: Mapping[str, Any]) -> frozenset[str] | None:
    scope = claims.get("scope", claims.get("scp", ""))
    names = scope.split(" ") if isinstance(scope, str) else scope if isinstance(scope, list) else []
    found = {name.removeprefix(PURPOSE_SCOPE) for name in names if isinstance(name, str) and _is_purpose(name)}
    return frozenset(found) or None


def _is_purpose(name: str) -> bool:
    return name.startswith(PURPOSE_SCOPE)


def scope_by_claims(provider: Provider, claims: Mapping[str, Any]) -> dict[str, str | None] | None:
    """Kind and scope of the actor that the first fitting rule makes; None where none fits.

    Raises
    ------
    TokenRefused
        ``scope_claim``: a rule fits, and a claim that it reads the scope from is missing or no text.
    """
    for rule in provider.actors:
        if all(_holds(_claim(claims, name), value) for name, value in rule.when.items()):
            return _scope(rule, claims)
    return None


def _scope(rule: ActorRule, claims: Mapping[str, Any]) -> dict[str, str | None]:
    named = {
        "region_code": rule.region_claim,
        "department": rule.department_claim,
        "partner_code": rule.partner_claim,
    }
    scope: dict[str, str | None] = {"kind": rule.kind, "department": rule.department}
    for key, claim in named.items():
        if claim is None:
            continue
        value = _claim(claims, claim)
        if not _is_name(value):
            raise TokenRefused("scope_claim")
        scope[key] = str(value)
    return scope


def _claim(claims: Mapping[str, Any], name: str) -> object:
    """A claim by its name, or by a path of names: ``realm_access.roles``."""
    if name in claims:
        return claims[name]
    value: object = claims
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _holds(claim: object, value: str) -> bool:
    return claim == value or (isinstance(claim, list) and value in claim)
