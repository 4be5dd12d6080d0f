"""OpenID providers as configuration: a TOML file, read and checked when the program starts.

docs/sign-on.md describes every key.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from hub.errors import InvalidInput

#: Signatures that whoever checks them cannot make. Never `none`, never a shared secret (RFC 8725, 3.1 and 3.2).
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
#: An administrator sees whole regions, a person's record is nobody else's: both are linked by name, never by a claim.
_KINDS_BY_CLAIM = ("department", "station", "partner", "county")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")

ClientAuth = Literal["client_secret_basic", "client_secret_post", "none"]


@dataclass(frozen=True, slots=True)
class ActorRule:
    """Claims that make an actor: where all of ``when`` fit, one of ``kind`` with the scope that other claims hold."""

    when: Mapping[str, str]
    kind: str
    department: str | None = None
    region_claim: str | None = None
    department_claim: str | None = None
    partner_claim: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One provider.

    Attributes
    ----------
    audience
        What access tokens for this hub name in ``aud``; None where the provider serves the pages alone.
    token_types
        Header types of access tokens (RFC 9068: ``at+jwt``), in lower case, without ``application/``.
    clients
        Clients whose tokens are taken; any where empty.
    client_id, client_secret, client_auth
        The pages' own registration; None where the provider serves machines alone.
    purpose_scopes_required
        Whether a token without a ``purpose:`` scope may state no purpose, rather than all of its actor's.
    keys_fresh_s, keys_kept_s, refetch_after_s
        Seconds after which keys are read again; for which they are used while the provider is silent; between two
        readings for keys nobody knows.
    """

    name: str
    title: Mapping[str, str]
    issuer: str
    algorithms: tuple[str, ...]
    audience: str | None = None
    token_types: tuple[str, ...] = ("at+jwt",)
    clients: tuple[str, ...] = ()
    client_id: str | None = None
    client_secret: str | None = None
    client_auth: ClientAuth = "none"
    scopes: tuple[str, ...] = ("openid",)
    prompt: str | None = None
    purpose_scopes_required: bool = False
    actors: tuple[ActorRule, ...] = ()
    ca_file: Path | None = None
    skew_s: int = 10
    keys_fresh_s: int = 300
    keys_kept_s: int = 3600
    refetch_after_s: int = 10


@dataclass(frozen=True, slots=True)
class Providers:
    """All providers, and where browsers reach this hub."""

    all: tuple[Provider, ...] = ()
    public_url: str | None = None

    def by_issuer(self, issuer: object) -> Provider | None:
        """The provider whose issuer this is, letter by letter."""
        return next((provider for provider in self.all if provider.issuer == issuer), None)

    def of_pages(self) -> tuple[Provider, ...]:
        """Those that people sign in with."""
        return tuple(provider for provider in self.all if provider.client_id is not None)


def load_providers(path: Path | None) -> Providers:
    """The providers of a file; none where there is none.

    Raises
    ------
    InvalidInput
        ``providers_invalid``: what is wrong with the file, and where.
    """
    if path is None:
        return Providers()
    try:
        body = tomllib.loads(path.read_text(encoding="utf-8"))
        return parse_providers(body, folder=path.parent)
    except (OSError, ValueError) as error:
        detail = error.strerror if isinstance(error, OSError) else str(error)
        raise InvalidInput(
            "providers_invalid", f"{path.name} cannot be used: {detail}.", hint="docs/sign-on.md describes every key."
        ) from error


def parse_providers(body: Mapping[str, Any], *, folder: Path) -> Providers:
    """Providers from a parsed file. Files that it names are looked for in ``folder``.

    Raises
    ------
    ValueError
        What is wrong, and where.
    """
    _known(body, {"public_url", "providers"}, "the file")
    providers = tuple(_provider(name, entry, folder) for name, entry in body.get("providers", {}).items())
    issuers = [provider.issuer for provider in providers]
    if len(set(issuers)) != len(issuers):
        raise ValueError("two providers have the same issuer")
    public_url = body.get("public_url")
    if public_url is not None:
        public_url = checked_url(public_url, "public_url").rstrip("/")
    elif any(provider.client_id for provider in providers):
        raise ValueError("public_url is missing: providers send browsers back there")
    return Providers(providers, public_url)


def checked_url(text: object, where: str) -> str:
    """An address that may be asked: https, or http on this machine itself; no user, no fragment.

    Raises
    ------
    ValueError
        Another address.
    """
    if not isinstance(text, str) or not text.isprintable():
        raise ValueError(f"{where} is no address")
    parts = urlsplit(text)
    if parts.username is not None or parts.fragment or not parts.hostname:
        raise ValueError(f"{where} is no plain address")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ValueError(f"{where} must begin with https://")
    return text


_KEYS = {
    "title", "issuer", "audience", "algorithms", "token_types", "clients", "client_id", "client_secret_file",
    "client_auth", "scopes", "prompt", "purpose_scopes_required", "actors", "ca_file",
    "skew_s", "keys_fresh_s", "keys_kept_s", "refetch_after_s",
}  # fmt: skip
_RULE_KEYS = {"when", "kind", "department", "region_claim", "department_claim", "partner_claim"}
_SECONDS = {"skew_s": (0, 60), "keys_fresh_s": (1, 3600), "keys_kept_s": (1, 86400), "refetch_after_s": (1, 600)}


def _provider(name: str, entry: Any, folder: Path) -> Provider:
    if not _NAME.fullmatch(name):
        raise ValueError(f"the name {name!r} has other characters than a-z, 0-9 and -")
    if not isinstance(entry, dict):
        raise ValueError(f"providers.{name} is no table")
    _known(entry, _KEYS, name)
    issuer = checked_url(entry.get("issuer"), f"{name}.issuer")
    if urlsplit(issuer).query:
        raise ValueError(f"{name}.issuer has a query")
    algorithms = _strings(entry, "algorithms", name)
    if not algorithms or not set(algorithms) <= set(ALGORITHMS):
        raise ValueError(f"{name}.algorithms are some of {', '.join(ALGORITHMS)}")
    audience, client_id = _string(entry, "audience", name), _string(entry, "client_id", name)
    if audience is None and client_id is None:
        raise ValueError(f"{name} has neither audience (for tokens) nor client_id (for the pages)")
    if audience == client_id:
        # An ID token names the client as its audience: it would pass for an access token.
        raise ValueError(f"{name}.audience must differ from client_id")
    secret_file = _string(entry, "client_secret_file", name)
    secret = (folder / secret_file).read_text(encoding="utf-8").strip() if secret_file else None
    auth = entry.get("client_auth", "client_secret_basic" if secret else "none")
    if auth not in ("client_secret_basic", "client_secret_post", "none") or (auth == "none") != (secret is None):
        raise ValueError(f"{name}.client_auth is client_secret_basic or client_secret_post with a secret, none without")
    scopes = _strings(entry, "scopes", name) or ("openid",)
    if "openid" not in scopes:
        raise ValueError(f"{name}.scopes must hold openid")
    required = entry.get("purpose_scopes_required", False)
    if not isinstance(required, bool):
        raise ValueError(f"{name}.purpose_scopes_required is true or false")
    ca_file = _string(entry, "ca_file", name)
    seconds = {key: entry[key] for key in _SECONDS if key in entry}
    for key, value in seconds.items():
        low, high = _SECONDS[key]
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"{name}.{key} is a whole number from {low} to {high}")
    types = _strings(entry, "token_types", name) or ("at+jwt",)
    return Provider(
        name=name,
        title=_title(entry.get("title", name), name),
        issuer=issuer,
        algorithms=algorithms,
        audience=audience,
        token_types=tuple(kind.lower().removeprefix("application/") for kind in types),
        clients=_strings(entry, "clients", name),
        client_id=client_id,
        client_secret=secret,
        client_auth=cast(ClientAuth, auth),
        scopes=scopes,
        prompt=_string(entry, "prompt", name),
        purpose_scopes_required=required,
        actors=tuple(_rule(rule, f"{name}.actors") for rule in entry.get("actors", ())),
        ca_file=folder / ca_file if ca_file else None,
        **seconds,
    )


def _rule(entry: Any, where: str) -> ActorRule:
    if not isinstance(entry, dict):
        raise ValueError(f"{where} is no list of tables")
    _known(entry, _RULE_KEYS, where)
    when = entry.get("when")
    if not isinstance(when, dict) or not when or not all(isinstance(value, str) for value in when.values()):
        raise ValueError(f"{where}: when names the claims that must fit, and their values")
    if entry.get("kind") not in _KINDS_BY_CLAIM:
        raise ValueError(f"{where}: kind is one of {', '.join(_KINDS_BY_CLAIM)}; others are linked one by one")
    scope = {key: _string(entry, key, where) for key in _RULE_KEYS - {"when", "kind"}}
    return ActorRule(when, entry["kind"], **scope)


def _known(entry: Mapping[str, Any], keys: set[str], where: str) -> None:
    if odd := entry.keys() - keys:
        raise ValueError(f"{where} has the unknown key {min(odd)}")


def _string(entry: Mapping[str, Any], key: str, where: str) -> str | None:
    value = entry.get(key)
    if value is not None and (not isinstance(value, str) or not value):
        raise ValueError(f"{where}.{key} is no text")
    return value


def _strings(entry: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = entry.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise ValueError(f"{where}.{key} is no list of texts")
    return tuple(value)


def _title(value: Any, where: str) -> dict[str, str]:
    if isinstance(value, str):
        return {"zh": value, "en": value}
    if not isinstance(value, dict) or set(value) != {"zh", "en"} or not all(isinstance(v, str) for v in value.values()):
        raise ValueError(f"{where}.title is a text, or one in zh and one in en")
    return value
