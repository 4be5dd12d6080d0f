"""Which media type an answer has: what the sender accepts, weighed as HTTP says.

Source: RFC 9110, section 12.5.1; GraphQL over HTTP specification, "Accept".
"""

from __future__ import annotations

from functools import lru_cache

JSON = "application/json"
RESPONSE = "application/graphql-response+json"
HTML = "text/html"


def read_accept(text: str) -> list[tuple[str, float]]:
    """Media ranges with their weights, heaviest first, otherwise as they came; a broken weight counts as none."""
    found = []
    for part in text.split(","):
        media, _, parameters = part.partition(";")
        weight = 1.0
        for parameter in parameters.split(";"):
            name, _, value = parameter.strip().partition("=")
            if name.strip().lower() == "q":
                try:
                    weight = min(max(float(value), 0.0), 1.0)
                except ValueError:
                    weight = 0.0
        if media.strip() and weight > 0:
            found.append((media.strip().lower(), weight))
    return sorted(found, key=lambda one: -one[1])


@lru_cache(maxsize=128)
def choose_media(accept: str | None) -> str | None:
    """The media type of the answer; None where the sender accepts neither."""
    if accept is None or not accept.strip():
        return JSON
    for media, _ in read_accept(accept):
        if media in (JSON, RESPONSE):
            return media
        if media in ("*/*", "application/*"):
            return JSON
    return None


@lru_cache(maxsize=128)
def accepts_html(accept: str) -> bool:
    """Whether a browser asks for a page: HTML by name, and before any JSON."""
    for media, _ in read_accept(accept):
        if media == HTML:
            return True
        if media in (JSON, RESPONSE):
            return False
    return False
