"""Where a visitor may be sent on to."""

from __future__ import annotations

from urllib.parse import urlsplit


def local_path(text: str | None) -> str:
    """``text`` where it is a path of this host, else the front page: nobody is sent on to another host."""
    plain = text or "/"
    parts = urlsplit(plain)
    if parts.scheme or parts.netloc or not plain.startswith("/") or plain.startswith("//") or "\\" in plain:
        return "/"
    return plain if plain.isprintable() else "/"
