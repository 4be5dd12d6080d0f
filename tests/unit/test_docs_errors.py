"""Every code that the program can raise stands in docs/errors.md."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from hub import errors
from hub.intake.reasons import REASONS

_ROOT = Path(__file__).parents[2]
_CLASSES = {
    name for name, item in vars(errors).items() if inspect.isclass(item) and issubclass(item, errors.HubError)
} | {"ForbiddenField", "FileRefused"}

#: Where they come from; other things are called Conflict too.
_MODULES = ("hub.errors", "hub.query.refusals", "hub.intake.refusal")


def _raised() -> Iterator[str]:
    for folder in ("hub", "app"):
        for path in (_ROOT / folder).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            imported = {
                alias.name
                for node in ast.walk(tree)
                if isinstance(node, ast.ImportFrom) and node.module in _MODULES
                for alias in node.names
            }
            for node in ast.walk(tree):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Name)
                    and node.func.id in _CLASSES & imported
                ):
                    code = node.args[0] if node.args else None
                    if isinstance(code, ast.Constant) and isinstance(code.value, str):
                        yield code.value


def test_every_code_is_documented() -> None:
    documented = set(re.findall(r"`([a-z_]+)`", (_ROOT / "docs/errors.md").read_text(encoding="utf-8")))
    raised = set(_raised())
    assert len(raised) > 90, "the search finds what is raised"
    assert not sorted(raised - documented)
    assert not sorted(set(REASONS) - documented)
