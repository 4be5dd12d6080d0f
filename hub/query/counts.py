"""Counts too small to be shown: they stand as null in the answer, and are told of beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hub.query.tree import Withheld

TOO_SMALL, ROUNDED = "count_too_small", "count_rounded"


def tell_small_counts(
    data: str, withheld: tuple[Withheld, ...], paths: Sequence[str], *, below: str = ""
) -> tuple[Withheld, ...]:
    """What is withheld, with the counts at ``paths`` that are null in an answer.

    Parameters
    ----------
    data
        The answer as JSON text.
    paths
        Response keys from the root, joined by dots; lists are passed through.
    below
        Path at which the answer begins, where that is not the root.
    """
    # Looking for text is a hundred times faster than parsing, and no text value holds an unescaped quotation mark.
    near = [path for path in paths if f'"{path.rpartition(".")[2]}":null' in data]
    if not near:
        return withheld
    body = json.loads(data)
    small = [path for path in near if _has_null(body, path.removeprefix(f"{below}.").split("."))]
    # Of a count that is not shown nobody need know how it would have been rounded.
    kept = (one for one in withheld if not (one.path in small and one.reason.startswith(ROUNDED)))
    return (*kept, *(Withheld(path, "masked", TOO_SMALL) for path in small))


def _has_null(value: Any, keys: Sequence[str]) -> bool:
    if isinstance(value, list):
        return any(_has_null(item, keys) for item in value)
    if not isinstance(value, dict):
        return False
    key, *rest = keys
    if not rest:
        return key in value and value[key] is None
    return _has_null(value.get(key), rest)
