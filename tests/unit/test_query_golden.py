"""Statements of typical operations, as a reviewer reads them as a diff. ``UPDATE_GOLDEN=1`` writes them anew.

Each ``.graphql`` file says in comments who asks, for what, and with which variables; the ``.sql`` beside it holds the
statement, broken into lines, then where each bound value comes from and what is withheld.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from graphql import print_ast

from hub.access.actor import Actor
from hub.access.policy import decide
from hub.api.schema import build_schema, core_schema
from hub.clock import FixedClock
from hub.query.binding import FromClaim, FromVariable, Literally, Source
from hub.query.compile import Statement
from hub.query.engine import Engine
from tests.query_register import ACTORS

FOLDER = Path(__file__).parents[1] / "golden" / "queries"
NAMES = sorted(path.stem for path in FOLDER.glob("*.graphql"))
_BREAK = re.compile(r" (?=FROM |WHERE |LEFT JOIN |CROSS JOIN |ORDER BY |LIMIT |SELECT |AND EXISTS|\(SELECT )")


@dataclass(frozen=True, slots=True)
class Asked:
    """An operation of a file, with who asks it."""

    document: str
    actor: Actor
    purpose: str
    variables: dict[str, Any]

    @classmethod
    def read(cls, name: str) -> Asked:
        """Read a file."""
        document = (FOLDER / f"{name}.graphql").read_text(encoding="utf-8")
        head = dict(re.findall(r"^# (asked by|variables): (.+)$", document, re.MULTILINE))
        kind, purpose = head["asked by"].split(" for ")
        ((actor, _),) = [one for one in ACTORS if (one[0].kind, one[1]) == (kind, purpose)]
        return cls(document, actor, purpose, json.loads(head["variables"]))

    def compile(self, engine: Engine, **instead: Any) -> Statement:
        """The statement, with some variables instead of the file's."""
        operation = engine.read_operation(self.document, None)
        variables = engine.read_variables(operation, {**self.variables, **instead})
        return engine.compile(operation, variables, decide(self.actor, self.purpose, today=self.today(engine)))

    @staticmethod
    def today(engine: Engine) -> Any:
        """The day of the engine's clock."""
        return engine._clock.today()


@pytest.fixture
def engine(clock: FixedClock) -> Engine:
    """An engine with empty caches."""
    return Engine(core_schema(build_schema()), clock)


def lines_of(text: str) -> list[str]:
    """SQL in lines, indented by the parentheses open; joined by single blanks the lines are the text again."""
    lines, depth = [], 0
    for line in _BREAK.split(text):
        lines.append("  " * min(depth, 20) + line)
        depth += line.count("(") - line.count(")")
    return lines


def _told(source: Source) -> str:
    if isinstance(source, FromClaim):
        return f"claim {source.name}"
    if isinstance(source, FromVariable):
        return "variable " + ".".join((source.name, *source.path))
    if isinstance(source, Literally):
        return f"literal {json.dumps(source.value, ensure_ascii=False, default=str)}"
    return f"node {print_ast(source.node)}"


def golden(statement: Statement) -> list[str]:
    """What the file beside an operation holds."""
    return [
        *lines_of(statement.text),
        *(f"-- ${number}: {_told(source)}" for number, source in enumerate(statement.sources, start=1)),
        *(f"-- {item.access}: {item.path} ({item.reason})" for item in statement.withheld),
    ]


@pytest.mark.parametrize("name", NAMES)
def test_the_statement_is_the_one_that_was_reviewed(engine: Engine, name: str) -> None:
    statement = Asked.read(name).compile(engine)
    assert " ".join(line.strip() for line in lines_of(statement.text)) == statement.text
    lines = golden(statement)
    path = FOLDER / f"{name}.sql"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert path.read_text(encoding="utf-8").splitlines() == lines


def test_every_operation_has_its_statement_and_every_statement_its_operation() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.sql")) == NAMES
    assert len(NAMES) >= 6


@pytest.mark.parametrize("name", NAMES)
def test_it_is_one_statement_and_numbers_its_values_without_gaps(engine: Engine, name: str) -> None:
    statement = Asked.read(name).compile(engine)
    assert ";" not in re.sub(r"'(?:[^']|'')*'", "", statement.text)
    used = {int(number) for number in re.findall(r"\$(\d+)::", statement.text)}
    assert used == set(range(1, len(statement.sources) + 1))


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("fragments_and_directives", {"more": False}),
        ("fragments_and_directives", {"less": False}),
        ("node", {"id": "Person:1"}),
        ("station_list", {"after": "W10="}),
    ],
)
def test_what_shapes_the_answer_shapes_the_statement(engine: Engine, name: str, instead: dict[str, Any]) -> None:
    asked = Asked.read(name)
    assert asked.compile(engine, **instead).text != asked.compile(engine).text
