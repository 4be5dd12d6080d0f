"""That all servers answer a question with the same values, before any is timed."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

#: Keys of rows: each server writes them in its own way.
_KEYS = {"id", "personId", "householdId"}


def read_answer(request: bytes) -> Any:
    """What a server answers to a ready request."""
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")[1:]
    headers = {name: value for name, _, value in (line.partition(": ") for line in lines)}
    asking = urllib.request.Request(f"http://{headers['host']}/graphql", data=body, headers=headers)
    with urllib.request.urlopen(asking, timeout=60) as answer:  # noqa: S310 - loopback
        return json.load(answer)


def values_in(answer: Any) -> list[Any]:
    """All values in the order of the answer, without names and keys of rows."""
    if isinstance(answer, dict):
        return [value for name, part in answer.items() if name not in _KEYS for value in values_in(part)]
    if isinstance(answer, list):
        return [value for part in answer for value in values_in(part)]
    return [answer]


def check_equal(question: str, requests: dict[str, list[bytes]], *, asked: int = 12) -> int:
    """Ask all servers the same and compare; returns the number of values in the last answer.

    Parameters
    ----------
    requests
        Ready requests by the server's name, with the same variables in the same order.
    """
    count = 0
    for place in range(min(asked, *map(len, requests.values()))):
        found = {name: values_in(read_answer(ready[place])["data"]) for name, ready in requests.items()}
        (first, wanted), *others = found.items()
        for name, values in others:
            if values != wanted:
                at = next((n for n, pair in enumerate(zip(values, wanted, strict=False)) if pair[0] != pair[1]), -1)
                raise SystemExit(
                    f"{question}: {first} and {name} answer differently"
                    f" ({len(wanted)} and {len(values)} values, the first difference at {at}:"
                    f" {wanted[at]!r} and {values[at]!r})"
                )
        count = len(wanted)
        if not any(wanted):
            raise SystemExit(f"{question}: the answer is empty")
    return count
