"""The GraphQL operations of the pages, one a file, each with the fragments that it uses."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

_SPREAD = re.compile(r"\.\.\.\s*(?!on\b)([A-Za-z_]\w*)")


@cache
def load_document(name: str) -> str:
    """The document of the operation ``name``, fragments included.

    Raises
    ------
    FileNotFoundError
        There is no such operation: a page asks for what nobody wrote.
    """
    folder = resources.files("app.pages").joinpath("operations")
    text = folder.joinpath(f"{name}.graphql").read_text(encoding="utf-8")
    held: dict[str, str] = {}
    wanted = _SPREAD.findall(text)
    while wanted:
        fragment = wanted.pop()
        if fragment not in held:
            held[fragment] = folder.joinpath(f"{fragment.lower()}.fragment.graphql").read_text(encoding="utf-8")
            wanted += _SPREAD.findall(held[fragment])
    return text + "".join(held[fragment] for fragment in sorted(held))


def document_names() -> list[str]:
    """Names of all operations."""
    names = (entry.name for entry in resources.files("app.pages").joinpath("operations").iterdir())
    return sorted(name.removesuffix(".graphql") for name in names if not name.endswith(".fragment.graphql"))
