"""No value of a request stands in a statement: whatever is sent, the text is the same and the value is bound."""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.access.actor import Actor
from hub.api.schema import build_schema, core_schema
from hub.clock import ZONE, FixedClock
from hub.query.engine import Engine
from tests.query_register import ACTORS

COUNTY: tuple[Actor, str] = next(one for one in ACTORS if one[0].kind == "county")
ENGINE = Engine(core_schema(build_schema()), FixedClock(datetime(2026, 6, 15, 9, 0, tzinfo=ZONE)))
#: Begins every value, so that none is part of a text by accident.
MARK = "\u27e6"
_HOSTILE = (
    "'; DROP TABLE audit.entry; --",
    "$1::text",
    '"#"',
    "{a}{v}{0}",
    "%s%(x)s",
    "\\'\\",
    "E'\\n'",
    "/*",
    "\u2028",
)
texts = (st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.sampled_from(_HOSTILE)).map(
    lambda text: MARK + text
)

unhurried = settings(deadline=None)


class Connection:
    """Keeps what it is asked and answers nothing."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[Any, ...]]] = []

    async def fetchrow(self, text: str, *values: Any) -> dict[str, Any]:
        """Note a statement."""
        self.asked.append((text, values))
        return {"data": "{}", "person_ids": []}


def ask(document: str, variables: dict[str, Any]) -> tuple[str, tuple[Any, ...]]:
    """The statement that an operation becomes, and its values."""
    connection = Connection()
    operation = ENGINE.read_operation(document, None)
    coerced = ENGINE.read_variables(operation, variables)
    running = ENGINE.execute(connection, operation, coerced, document=document, actor=COUNTY[0], purpose=COUNTY[1])
    asyncio.run(running)
    (asked,) = connection.asked
    return asked


def literal(text: str) -> str:
    """A text as a document holds it."""
    return json.dumps(text)


FILTERED = """
    query ($f: PersonFilter, $o: String!, $n: [String!]!) {
      persons(first: 3, filter: $f) { nodes { name recommendations(first: 1, filter: {kind: $o}) { totalCount } } }
      inner: persons(first: 1, filter: {name: $o, nationality: $n}) { totalCount }
      openings(first: 2, filter: {occupationPrefix: $o}) { nodes { referrals(first: 1, filter: {state: [$o]}) {
        totalCount } } }
    }
"""


@unhurried
@given(texts, texts, st.lists(texts, min_size=1, max_size=3))
def test_variables_are_bound(name: str, kind: str, nationalities: list[str]) -> None:
    def variables(text: str, other: str, several: list[str]) -> dict[str, Any]:
        return {"f": {"name": text, "namePrefix": text, "sex": text, "education": [text]}, "o": other, "n": several}

    usual, _ = ask(FILTERED, variables("x", "y", ["z"]))
    text, values = ask(FILTERED, variables(name, kind, nationalities))
    assert text == usual
    assert MARK not in text
    assert [value for value in values if value in (name, [name])].count(name) >= 3
    assert [name] in values
    assert kind in values
    assert [kind] in values
    assert nationalities in values


@unhurried
@given(texts, st.booleans(), st.integers(0, 500))
def test_literals_are_bound(name: str, willing: bool, size: int) -> None:
    def document(text: str, flag: bool, most: int) -> str:
        return (
            f"{{ persons(first: {most}, filter: {{name: {literal(text)}, nationality: [{literal(text)}],"
            f" willing: {str(flag).lower()}}}) {{ nodes {{ id }} }} }}"
        )

    usual, _ = ask(document("x", True, 7), {})
    text, values = ask(document(name, willing, size), {})
    assert text == usual
    assert name in values
    assert [name] in values
    assert willing in values
    assert size in values


@unhurried
@given(texts, st.integers(-(2**63), 2**63 - 1))
def test_cursors_and_ids_are_bound(name: str, key: int) -> None:
    def cursor(value: str, number: int) -> str:
        return base64.b64encode(json.dumps(["person.name", value, number]).encode()).decode()

    document = "query ($c: String) { persons(first: 3, after: $c, order: NAME) { nodes { id } } }"
    usual, _ = ask(document, {"c": cursor("x", 1)})
    text, values = ask(document, {"c": cursor(name, key)})
    assert text == usual
    assert name in values
    assert key in values


@pytest.mark.parametrize(
    ("document", "ids"),
    [
        ("query ($v: ID!) { person(id: $v) { name } }", ("Person:1", "Person:987654321")),
        ("query ($v: ID!) { node(id: $v) { id } }", ("Opening:3", "Opening:987654321")),
        ("query ($v: [ID!]!) { nodes(ids: $v) { id } }", (["Person:1"], ["Opening:987654321", "Region:530627000000"])),
    ],
)
def test_ids_of_one_kind_share_a_statement(document: str, ids: tuple[Any, Any]) -> None:
    (first, _), (second, values) = (ask(document, {"v": one}) for one in ids)
    assert first == second
    assert "987654321" not in second
    assert "987654321" in str(values)


@pytest.mark.parametrize("alias", ["select", "NULL", "t1", "_", "A" * 63])
def test_aliases_are_quoted_names(alias: str) -> None:
    text, _ = ask(f"{{ {alias}: persons(first: 1) {{ {alias}: nodes {{ {alias}: name }} }} }}", {})
    assert text.count(f'AS "{alias}"') == 3
