"""Ids and cursors hold keys in the clear: where a key is a field, it must be open."""

from __future__ import annotations

import pytest

from hub.access.actor import Actor
from hub.access.policy import decide
from hub.api.computed import MOST, check_computed
from hub.api.schema import build_schema, core_schema
from hub.clock import FixedClock
from hub.errors import HubError
from hub.query.engine import Engine
from schema.grants import Grants, parse_grants

OFFICE = Actor(1, "department", "", "civil_affairs", "530627000000", None, None, ("social_assistance",))
ALL = """
version = "t"
[minors]
closed_under_years = 14
[purposes]
social_assistance = "社会救助"
[[grants]]
id = "one"
kinds = ["department"]
purposes = ["social_assistance"]
entities = ["person", "benefit", "benefit_month", "provenance", "recommendation", "region"]
rows = "all"
fields = ["*"]
withheld = []
legal_basis = "law"
catalogue = "entry"
application = "A-1"
approval = "P-1"
expires_on = 2030-12-31
"""


def compiled(clock: FixedClock, grants: Grants, document: str) -> str:
    engine = Engine(core_schema(build_schema()), clock)
    operation = engine.read_operation(document, None)
    variables = engine.read_variables(operation, {})
    return engine.compile(operation, variables, decide(OFFICE, "social_assistance", grants, today=clock.today())).text


@pytest.mark.parametrize(
    ("withheld", "path"),
    [
        ("benefit_month.month", "benefits(first: 1) {{ nodes {{ months(first: 1) {{ {} }} }} }}"),
        ("provenance.field", "provenance(first: 1) {{ {} }}"),
        ("recommendation.rank", "recommendations(first: 1) {{ {} }}"),
        ("recommendation.kind", "recommendations(first: 1) {{ {} }}"),
        ("region.region_code", "livingRegion {{ children(first: 1) {{ {} }} }}"),
    ],
)
@pytest.mark.parametrize(
    "asked", ["nodes { id }", "edges { cursor }", "pageInfo { startCursor }", "pageInfo { endCursor }"]
)
def test_a_key_that_is_withheld_is_in_no_id_and_no_cursor(
    clock: FixedClock, withheld: str, path: str, asked: str
) -> None:
    document = f'{{ person(id: "Person:1") {{ {path.format(asked)} }} }}'
    assert compiled(clock, parse_grants(ALL), document)
    closed = parse_grants(ALL.replace("withheld = []", f'withheld = ["{withheld}"]'))
    with pytest.raises(HubError, match="field_withheld"):
        compiled(clock, closed, document)
    without = f'{{ person(id: "Person:1") {{ {path.format("nodes { __typename } pageInfo { hasNextPage }")} }} }}'
    assert compiled(clock, closed, without)


def test_computed_fields_are_few() -> None:
    check_computed(["verdicts"] * MOST + ["__schema"] * 5)
    with pytest.raises(HubError, match="too_many_computed"):
        check_computed(["verdicts"] * (MOST + 1))
