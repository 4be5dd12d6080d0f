"""Named static SQL, kept in ``queries.sql`` beside the stage that runs it and loaded once.

A block begins with ``-- name: verb_subject``; the comment lines after it describe it; the statement follows. Pattern
learnt from procrastinate.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from types import SimpleNamespace

_NAME = re.compile(r"^-- name: ([a-z_][a-z0-9_]*)[ \t]*$", re.MULTILINE)


class Queries(SimpleNamespace):
    """The named statements of one package, as attributes."""

    def __getattr__(self, name: str) -> str:
        # Only reached for names that are not there; SimpleNamespace answers the others.
        raise AttributeError(f"queries.sql has no block named {name!r}")


def parse_queries(text: str) -> dict[str, str]:
    """Statements by name.

    Raises
    ------
    ValueError
        A name is used twice, a block has no description or no statement.
    """
    parts = _NAME.split(text)
    statements: dict[str, str] = {}
    for name, block in zip(parts[1::2], parts[2::2], strict=True):
        lines = block.strip().splitlines()
        if name in statements:
            raise ValueError(f"{name} is there twice")
        if not lines or not lines[0].startswith("--"):
            raise ValueError(f"{name} has no description")
        statement = "\n".join(line for line in lines if not line.startswith("--")).strip()
        if not statement:
            raise ValueError(f"{name} has no statement")
        statements[name] = statement.removesuffix(";")
    return statements


@cache
def load_queries(package: str) -> Queries:
    """The statements of ``queries.sql`` in ``package``."""
    text = resources.files(package).joinpath("queries.sql").read_text(encoding="utf-8")
    return Queries(**parse_queries(text))
