"""What is done the short way for nearly every request gives what the long way gives."""

from __future__ import annotations

import io
import json
import logging
from datetime import date
from typing import Any

import pytest
from graphql.execution.values import get_variable_values
from hypothesis import given
from hypothesis import strategies as st

from hub.access.policy import Claims
from hub.api.schema import build_schema, core_schema
from hub.query.binding import FromVariable, Literally, Run
from hub.query.limits import Limits, fold_cost, values_of_cost
from hub.query.operation import GraphQLErrors, parse_operation, read_variables
from hub.query.tree import Cost
from hub.telemetry import configure_logging, tell

SCHEMA = core_schema(build_schema())
OPERATION = parse_operation(
    SCHEMA,
    """query Q($id: ID!, $region: String, $n: Int!, $willing: Boolean) {
      person(id: $id) { name }
      persons(first: $n, filter: {livingRegion: $region, willing: $willing}) { nodes { name } } }""",
    None,
    Limits(),
)
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**33), 2**33), st.floats(), st.text(max_size=5), st.lists(st.integers())
)
DAY = date(2026, 6, 15)


@given(
    st.dictionaries(st.sampled_from(["id", "region", "n", "willing", "stranger"]), VALUES)
    | st.fixed_dictionaries(
        {"id": st.text(), "region": st.text(), "n": st.integers(-(2**32), 2**32), "willing": st.booleans()}
    )
)
def test_variables_are_what_the_library_makes_of_them(values: dict[str, Any]) -> None:
    assert OPERATION.plain is not None
    wanted = get_variable_values(SCHEMA, OPERATION.node.variable_definitions or (), dict(values), max_errors=10)
    if isinstance(wanted, list):
        with pytest.raises(GraphQLErrors) as caught:
            read_variables(SCHEMA, OPERATION, values)
        assert [error.message for error in caught.value.errors] == [error.message for error in wanted]
        return
    found = read_variables(SCHEMA, OPERATION, values)
    assert found.coerced == wanted.coerced
    assert [type(value) for value in found.coerced.values()] == [type(value) for value in wanted.coerced.values()]
    told = [
        [(name, str(source.signature.type), source.value) for name, source in one.sources.items()]
        for one in (found, wanted)
    ]
    assert told[0] == told[1]


@pytest.mark.parametrize(
    "document",
    [
        "query ($f: PersonFilter) { persons(first: 1, filter: $f) { nodes { name } } }",
        "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }",
        "query ($o: PersonOrder) { persons(first: 1, order: $o) { nodes { name } } }",
    ],
)
def test_other_variables_go_the_long_way(document: str) -> None:
    assert parse_operation(SCHEMA, document, None, Limits()).plain is None


def test_a_default_stands_in_for_what_is_not_given() -> None:
    text = "query ($n: Int = 3) { persons(first: $n) { nodes { name } } }"
    operation = parse_operation(SCHEMA, text, None, Limits())
    assert read_variables(SCHEMA, operation, {}).coerced == {"n": 3}
    assert read_variables(SCHEMA, operation, {"n": 4}).coerced == {"n": 4}


def sizes() -> st.SearchStrategy[Any]:
    return st.integers(0, 500).map(Literally) | st.just(FromVariable("n", ()))


COSTS = st.recursive(
    st.builds(Cost, st.integers(0, 9), st.just(())),
    lambda below: st.builds(Cost, st.integers(0, 9), st.lists(st.tuples(sizes(), below), max_size=3).map(tuple)),
    max_leaves=8,
)


@given(COSTS, st.integers(0, 500))
def test_a_folded_cost_is_the_same_cost(cost: Cost, n: int) -> None:
    variables = read_variables(SCHEMA, OPERATION, {"id": "Person:1", "region": "53", "n": n, "willing": True})
    run = Run(variables, Claims(None, None, None, None, DAY), DAY)
    folded = fold_cost(cost)
    assert values_of_cost(folded, run) == values_of_cost(cost, run)
    assert folded.lists or folded.own == values_of_cost(cost, run)


def test_a_line_told_is_the_line_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    before = logging.root.handlers[:], logging.root.level
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    try:
        configure_logging()
        logger = logging.getLogger("hub.test")
        fields: dict[str, object] = {"request_id": "1", "status": 200, "ms": 1.5, "name": "张三", "none": None}
        fields |= {"beyond": 2**70, "half": "\ud800"}  # what orjson refuses
        tell(logger, "graphql", fields)
        logger.info("graphql", extra={"fields": fields})
        logger.setLevel(logging.ERROR)
        tell(logger, "graphql", fields)
    finally:
        logging.root.handlers[:], logging.root.level = before
        logging.getLogger("hub.test").setLevel(logging.NOTSET)
    told, logged = (json.loads(line) for line in written.getvalue().splitlines())
    assert told.keys() == logged.keys()
    assert {**told, "time": ""} == {**logged, "time": ""}
