"""Limits of a document: what stands at one is read, and one more is refused before anything runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
from graphql import GraphQLSchema

from hub.access.actor import Actor
from hub.access.policy import Claims, decide
from hub.api.schema import build_schema, core_schema
from hub.clock import FixedClock
from hub.errors import HubError
from hub.query.binding import Run
from hub.query.engine import Engine, GraphQLErrors
from hub.query.limits import LONGEST_KEY, Limits, check_cost
from schema.grants import load_grants

STATION = Actor(1, "station", "", None, "530627001000", None, None, ("employment_service",))
LIMITS = Limits()
Write = Callable[[int], str]


@cache
def schema() -> GraphQLSchema:
    return core_schema(build_schema())


def read(document: str, clock: FixedClock) -> None:
    """What is done with a document before a statement is sent."""
    engine = Engine(schema(), clock)
    operation = engine.read_operation(document, None)
    variables = engine.read_variables(operation, {})
    today = clock.today()
    decisions = decide(STATION, "employment_service", load_grants(), today=today)
    statement = engine.compile(operation, variables, decisions)
    claims = Claims.of(STATION, today=today, closed_under_years=load_grants().closed_under_years)
    check_cost(statement.cost, Run(variables, claims, today), engine.limits)


def _persons(body: str) -> str:
    return f"{{ persons(first: 1) {{ nodes {{ {body} }} }} }}"


def _spread_out(count: int) -> str:
    """``count`` spreads of one fragment of 47 fields, each under an alias of its own."""
    fields = " ".join(f"f{number}: name" for number in range(47))
    spreads = " ".join(f"a{number}: household {{ head {{ ...F }} }}" for number in range(count))
    return _persons(spreads) + f" fragment F on Person {{ {fields} }}"


def _deep(levels: int) -> str:
    """Regions within regions; ``levels`` response keys from the root to the leaf."""
    return '{ region(id: "Region:530627001000") ' + "{ parent " * (levels - 2) + "{ name }" + " }" * (levels - 1)


AT_THE_LIMIT: dict[str, tuple[Write, int]] = {
    "too_many_aliases": (lambda n: _persons(" ".join(f"a{i}: name" for i in range(n))), LIMITS.aliases),
    "too_many_directives": (
        lambda n: _persons(" ".join(f"a{i}: name @include(if: true)" for i in range(n))),
        LIMITS.directives,
    ),
    "too_many_spreads": (
        lambda n: _persons("...F " * n) + " fragment F on Person { name }",
        LIMITS.spreads,
    ),
    "too_many_repeats": (lambda n: _persons("name " * n), LIMITS.repeats),
    "alias_too_long": (lambda n: _persons("a" * n + ": name"), LONGEST_KEY),
    "document_too_large": ("{ __typename }".ljust, LIMITS.characters),
    "query_too_deep": (_deep, LIMITS.depth),
}


@pytest.mark.parametrize("code", AT_THE_LIMIT)
def test_one_more_is_refused_and_the_limit_itself_is_not(clock: FixedClock, code: str) -> None:
    write, most = AT_THE_LIMIT[code]
    read(write(most), clock)
    with pytest.raises(HubError) as caught:
        read(write(most + 1), clock)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("document", "code"),
    [
        # Many fragments that nobody spreads are validated all the same.
        (
            "{ __typename } "
            + " ".join(f"fragment F{i} on Person {{ {' '.join(['name phone'] * 26)} }}" for i in range(21)),
            "too_many_fields",
        ),
        (_spread_out(40), "too_many_items"),
        (_persons("__mine: name"), "alias_reserved"),
        (
            "{ persons(first: 500) { nodes { household { members(first: 500) { nodes { name } } } } } }",
            "query_too_costly",
        ),
        (_persons("... { " * 40 + "name" + " }" * 40), "query_too_deep"),
    ],
)
def test_what_costs_too_much_is_refused(clock: FixedClock, document: str, code: str) -> None:
    with pytest.raises(HubError) as caught:
        read(document, clock)
    assert caught.value.code == code


def test_tokens_are_counted_before_anything_is_made_of_them(clock: FixedClock) -> None:
    with pytest.raises(GraphQLErrors) as caught:
        read("{" + " a" * LIMITS.tokens + " }", clock)
    assert f"more than {LIMITS.tokens} tokens" in caught.value.errors[0].message


def test_nesting_beyond_pythons_own_is_an_answer(clock: FixedClock) -> None:
    with pytest.raises(GraphQLErrors) as caught:
        read("{ a " * 1900 + "}" * 1900, clock)
    assert "nested too deeply" in caught.value.errors[0].message
