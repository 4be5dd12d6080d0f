"""An identity provider whose keys and faults the tests choose: a process of its own, spoken to over HTTP.

``python tests/provider.py`` serves on a free port of the loopback and prints it. ``PUT /control`` sets what it answers,
``GET /counts`` says how often each path was asked.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

AUDIENCE, CLIENT = "the-hub", "the-pages"


class _Handler(BaseHTTPRequestHandler):
    state: ClassVar[dict[str, Any]] = {"jwks": {"keys": []}, "discovery": {}, "status": 200, "token": [400, {}]}
    counts: ClassVar[Counter[str]] = Counter()

    def do_GET(self) -> None:
        if self.path == "/asked":
            return self._answer(200, self.state["asked"])
        if self.path == "/counts":
            return self._answer(200, dict(self.counts))
        self.counts[self.path] += 1
        issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        if self.path == "/.well-known/openid-configuration":
            addresses = {"jwks_uri": "/jwks", "authorization_endpoint": "/authorize", "token_endpoint": "/token"}
            document = {"issuer": issuer, **{name: issuer + path for name, path in addresses.items()}}
            return self._answer(self.state["status"], {**document, **self.state["discovery"]})
        if self.path == "/jwks":
            return self._answer(self.state["status"], self.state["jwks"])
        return self._answer(404, {})

    def do_PUT(self) -> None:
        self.state.update(json.loads(self._body()))
        self._answer(200, {})

    def do_POST(self) -> None:
        self.counts[self.path] += 1
        self.state["asked"] = [self.headers.get("authorization"), dict(parse_qsl(self._body().decode()))]
        self._answer(*self.state["token"])

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("content-length", 0)))

    def _answer(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass
class SigningKey:
    """A private key under a name."""

    kid: str | None
    private: Any
    algorithm: str = "RS256"

    @property
    def public(self) -> dict[str, Any]:
        """As a provider publishes it."""
        made = {"RS256": jwt.algorithms.RSAAlgorithm, "ES256": jwt.algorithms.ECAlgorithm}[self.algorithm]
        jwk: dict[str, Any] = made.to_jwk(self.private.public_key(), as_dict=True)
        return {**jwk, "use": "sig", "alg": self.algorithm, **({"kid": self.kid} if self.kid else {})}


def rsa_key(kid: str | None = "first", bits: int = 2048) -> SigningKey:
    """A new RSA key."""
    return SigningKey(kid, rsa.generate_private_key(public_exponent=65537, key_size=bits))


def ec_key(kid: str = "curve") -> SigningKey:
    """A new key on P-256."""
    return SigningKey(kid, ec.generate_private_key(ec.SECP256R1()), "ES256")


@dataclass
class Idp:
    """A running provider, from the outside, with the keys that sign its tokens."""

    process: subprocess.Popen[str]
    issuer: str

    def set(self, *keys: SigningKey, **state: Any) -> None:
        """Publish these keys, and answer as ``state`` says."""
        if keys:
            state["jwks"] = {"keys": [key.public for key in keys]}
        httpx.put(f"{self.issuer}/control", json=state, trust_env=False).raise_for_status()

    def counts(self) -> dict[str, int]:
        """How often each path was asked."""
        return dict(httpx.get(f"{self.issuer}/counts", trust_env=False).json())

    def asked(self) -> tuple[str | None, dict[str, str]]:
        """Authorization header and form of the last POST."""
        authorization, form = httpx.get(f"{self.issuer}/asked", trust_env=False).json()
        return authorization, form

    def claims(self, now: datetime, **changed: Any) -> dict[str, Any]:
        """Claims of an access token in order; what is None is left out."""
        at = int(now.timestamp())
        claims = {
            "iss": self.issuer, "aud": AUDIENCE, "sub": "somebody", "jti": "one", "client_id": "a-machine",
            "iat": at - 5, "exp": at + 600,
        }  # fmt: skip
        return {name: value for name, value in {**claims, **changed}.items() if value is not None}

    def stop(self) -> None:
        """End it, if it still runs."""
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


def sign(key: SigningKey, claims: Mapping[str, Any], **header: Any) -> str:
    """A token; header entries that are None are left out."""
    head = {"typ": "at+jwt", "alg": key.algorithm, "kid": key.kid, **header}
    return sign_text(key, json.dumps({k: v for k, v in head.items() if v is not None}), json.dumps(dict(claims)))


def sign_text(key: SigningKey, header: str, claims: str) -> str:
    """A token of exactly this text, which no library would write."""
    text = f"{b64(header.encode())}.{b64(claims.encode())}"
    algorithm = jwt.get_algorithm_by_name(key.algorithm)
    return f"{text}.{b64(algorithm.sign(text.encode(), key.private))}"


def b64(data: bytes) -> str:
    """Base 64 as tokens have it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@contextmanager
def running_idp() -> Iterator[Idp]:
    """A provider in a process of its own."""
    process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    idp = Idp(process, f"http://127.0.0.1:{int(process.stdout.readline())}")
    try:
        yield idp
    finally:
        idp.stop()


if __name__ == "__main__":
    _server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    sys.stdout.write(f"{_server.server_address[1]}\n")
    sys.stdout.flush()
    _server.serve_forever()
