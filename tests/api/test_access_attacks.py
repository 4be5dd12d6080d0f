"""Ways round the rules that somebody would try: counts, cursors, reasons, verdicts. Each must say nothing new."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from hub.access.actor import Actor
from hub.access.policy import decide
from hub.clock import FixedClock
from schema.catalog import ENTITIES, camel, plural_of, type_name
from schema.filters import ORDERS
from tests.api.test_api_roles import SOURCE

Make = Callable[..., Awaitable[Actor]]
Ask = Callable[..., Awaitable[dict[str, Any]]]
COUNTY, WUFENG, PROVINCE = "530627000000", "530627001000", "530000000000"


@pytest.fixture
async def office(actors: Make) -> Actor:
    """Human resources of the county: no health, no bank account, counts masked."""
    return await actors("department", department="human_resources", region_code=COUNTY)


@pytest.fixture
async def partner(actors: Make, owner: asyncpg.Pool) -> Actor:
    """A partner to whom two people were referred; for one of them it came to nothing, for reasons of health."""
    made = await actors("partner", partner_code="SH01")
    await owner.execute(
        "INSERT INTO casework.referral (person_id, kind, opening_id, state, referred_by, shown_on, updated_at)"
        " VALUES (7, 'opening', 1, 'declined', 1, '2026-06-01', now()), (8, 'opening', 1, 'referred', 1, '2026-06-01',"
        " now());"
        "INSERT INTO casework.outcome (referral_id, result, reason, recorded_at, actor_id)"
        " VALUES (1, 'declined', 'health', now(), 1)"
    )
    return made


def reasons_of(answer: dict[str, Any], path: str) -> list[str]:
    return [item["reason"] for item in answer.get("extensions", {}).get("withheld", ()) if item["path"] == path]


# Counts


async def test_a_small_count_is_not_shown_at_any_depth(ask: Ask, office: Actor, owner: asyncpg.Pool) -> None:
    await owner.execute("UPDATE registry.person SET nationality = '06' WHERE person_id = 3")
    document = """{ all: persons(first: 1) { totalCount }
        few: persons(first: 1, filter: {nationality: ["06"], education: ["60"]}) { totalCount }
        none: persons(first: 1, filter: {name: "没有"}) { totalCount }
        person(id: "Person:1") { recommendations(first: 1) { totalCount } } openings(first: 1) { totalCount } }"""
    answer = await ask(office, document)
    data = answer["data"]
    assert data["all"]["totalCount"] == 5, "seven, rounded down"
    assert data["few"]["totalCount"] is None
    assert data["none"]["totalCount"] is None, "nobody is a small count too"
    assert data["person"]["recommendations"]["totalCount"] is None
    assert data["openings"]["totalCount"] == 4, "what is on offer is public"
    assert reasons_of(answer, "all.totalCount") == ["count_rounded:5"]
    assert reasons_of(answer, "few.totalCount") == ["count_too_small"]
    assert reasons_of(answer, "person.recommendations.totalCount") == ["count_too_small"]
    assert reasons_of(answer, "openings.totalCount") == []


async def test_the_difference_of_two_filters_is_no_small_count(ask: Ask, office: Actor, owner: asyncpg.Pool) -> None:
    """Counts with and without one person, over registers of every size: what is shown never tells the one apart."""
    told = set()
    for size in range(1, 16):
        await owner.execute(
            "INSERT INTO identity.person_key (person_id, created_at) OVERRIDING SYSTEM VALUE VALUES ($1, now())",
            10 + size,
        )
        await owner.execute(
            "INSERT INTO registry.person (person_id, name, living_region_code, registered_region_code, updated_at)"
            " VALUES ($1, '群' || $1::bigint, $2, $2, now())",
            10 + size,
            WUFENG,
        )
        answer = await ask(office, '{ a: persons(first: 1, filter: {namePrefix: "群"}) { totalCount } }')
        shown = answer["data"]["a"]["totalCount"]
        assert shown is None or shown % 5 == 0
        assert (shown is None) == (size < 5)
        told.add(shown)
    assert told == {None, 5, 10, 15}, "a step of one changes nothing, or a whole five"


async def test_a_count_behind_a_mutation_and_an_alias_is_masked_too(ask: Ask, office: Actor) -> None:
    answer = await ask(office, '{ me { kind } x: persons(first: 1, filter: {name: "试1"}) { hidden: totalCount } }')
    assert answer["data"]["x"] == {"hidden": None}
    assert reasons_of(answer, "x.hidden") == ["count_too_small"]


async def test_an_alias_that_looks_like_a_masked_count_tells_of_none(ask: Ask, office: Actor) -> None:
    document = "{ persons(first: 1) { totalCount nodes { totalCount: phone bank: bankAccount } } }"
    answer = await ask(office, document)
    assert answer["data"]["persons"]["totalCount"] == 5
    assert reasons_of(answer, "persons.totalCount") == ["count_rounded:5"]


# Cursors


def opened(cursor: str) -> list[Any]:
    found: list[Any] = json.loads(base64.b64decode(cursor))
    return found


ASKERS = [
    ("station", {"region_code": WUFENG}),
    ("county", {"region_code": COUNTY}),
    ("department", {"department": "human_resources", "region_code": COUNTY}),
    ("department", {"department": "civil_affairs", "region_code": COUNTY}),
    ("partner", {"partner_code": "SH01"}),
    ("person", {"person_id": 1}),
    ("administrator", {"region_code": PROVINCE}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "scope"), ASKERS, ids=lambda value: value if isinstance(value, str) else "")
async def test_no_cursor_carries_what_its_reader_is_not_shown(
    ask: Ask, actors: Make, clock: FixedClock, kind: str, scope: dict[str, Any]
) -> None:
    actor = await actors(kind, **scope)
    decisions = decide(actor, actor.purposes[0], today=clock.today())
    looked = 0
    for entity in ("person", "household", "opening", "referral"):
        for order in ORDERS.get(entity, ()):
            access = decisions.field(entity, order.field).access
            document = (
                f"{{ x: {camel(plural_of(entity))}(first: 5, order: {order.name.upper()}) {{ edges {{ cursor node"
                f" {{ id value: {camel(order.field)} }} }} pageInfo {{ startCursor endCursor }} }} }}"
            )
            answer = await ask(actor, document)
            if access != "open" and decisions.sees(entity):
                assert answer["errors"][0]["extensions"]["reason"] == "field_withheld", (entity, order.name)
                continue
            for edge in answer.get("data", {}).get("x", {}).get("edges", ()):
                tag, value, key = opened(edge["cursor"])
                assert tag == f"{entity}.{order.name}"
                assert value == edge["node"]["value"], "what stands beside it in the clear"
                assert edge["node"]["id"] == f"{type_name(entity)}:{key}"
                looked += 1
    assert looked or kind == "partner"


async def test_a_made_up_cursor_finds_out_nothing(ask: Ask, actors: Make, partner: Actor) -> None:
    """A partner does not know when people were born, so it can neither order by it nor begin in the middle of it."""
    made = base64.b64encode(json.dumps(["person.oldest_first", "1987-01-07", 0]).encode()).decode()
    for document in (
        f'{{ persons(first: 5, order: OLDEST_FIRST, after: "{made}") {{ nodes {{ name }} }} }}',
        f'{{ persons(last: 5, order: OLDEST_FIRST, before: "{made}") {{ nodes {{ name }} }} }}',
    ):
        answer = await ask(partner, document)
        assert answer["errors"][0]["extensions"]["reason"] == "field_withheld"
    # Nor does a cursor of an order that is open bring the value of another along.
    crossed = await ask(partner, f'{{ persons(first: 5, order: NAME, after: "{made}") {{ nodes {{ name }} }} }}')
    assert crossed["errors"][0]["extensions"]["reason"] == "cursor_invalid"


async def test_a_cursor_of_somebody_out_of_sight_is_like_one_of_nobody(ask: Ask, actors: Make) -> None:
    station = await actors("station", region_code=WUFENG)
    seen = []
    for key in (2, 5, 9, 400):  # a child, another township, another county, nobody
        made = base64.b64encode(json.dumps(["person.key", None, key]).encode()).decode()
        document = f'{{ persons(first: 9, after: "{made}") {{ nodes {{ id }} pageInfo {{ hasPreviousPage }} }} }}'
        answer = (await ask(station, document))["data"]["persons"]
        seen.append([node["id"] for node in answer["nodes"]])
        assert answer["pageInfo"]["hasPreviousPage"] is True, "a cursor was given, and that is all it says"
    assert seen == [["Person:3", "Person:4"], [], [], []]


# Reasons and verdicts


async def test_reasons_that_read_health_are_left_out_for_whoever_may_not_see_it(
    ask: Ask, actors: Make, office: Actor, owner: asyncpg.Pool
) -> None:
    await owner.execute(
        """UPDATE matching.recommendation SET reasons = '[
            [{"code": "conditions", "value": -90}, {"code": "wage", "value": 5}],
            [{"code": "conditions", "value": -1}], [{"code": "unheard", "value": 1}]]' WHERE kind = 'opening'"""
    )
    document = (
        """{ person(id: "Person:1") { recommendations(first: 9, filter: {kind: "opening"}) { nodes { reasons } } } }"""
    )
    station = await actors("station", region_code=WUFENG)
    shown = (await ask(station, document))["data"]["person"]["recommendations"]["nodes"]
    assert [len(line["reasons"]) for line in shown] == [2, 1, 1]
    administrator = await actors("administrator", region_code=PROVINCE)
    for actor in (office, administrator):
        answer = await ask(actor, document)
        lines = [line["reasons"] for line in answer["data"]["person"]["recommendations"]["nodes"]]
        assert lines == [[{"code": "wage", "value": 5}], [], []]
        (why,) = reasons_of(answer, "person.recommendations.nodes.reasons")
        assert why.startswith("not_told:")
        assert "person.health" in why
    # It is said whether or not anything was left out: that something was would tell.
    await owner.execute("UPDATE matching.recommendation SET reasons = '[[],[],[]]' WHERE kind = 'opening'")
    assert reasons_of(await ask(office, document), "person.recommendations.nodes.reasons") == [why]


async def test_health_changes_nothing_that_an_office_without_it_is_told(
    ask: Ask, office: Actor, owner: asyncpg.Pool
) -> None:
    """The whole answer, byte for byte, with every state of health: rule by rule, "why not" does not tell."""
    await owner.execute("UPDATE registry.person SET retires_on = '2041-01-01'")
    await owner.execute("UPDATE market.opening SET heavy_labour = true, night_shift = true")
    answers = set()
    for health in ("healthy", "chronic", "serious", "disabled", None):
        await owner.execute("UPDATE registry.person SET health = $1 WHERE person_id = 1", health)
        answer = await ask(office, '{ verdicts(personId: "Person:1", openingId: "Opening:3") { rule verdict detail } }')
        assert "errors" not in answer
        answers.add(json.dumps(answer, sort_keys=True))
    assert len(answers) == 1
    (body,) = (json.loads(text) for text in answers)
    by_rule = {row["rule"]: row for row in body["data"]["verdicts"]}
    assert by_rule["health"] == {"rule": "health", "verdict": None, "detail": None}
    assert reasons_of(body, "verdicts.health") == ["not_told:person.health"]
    assert by_rule["working_age"]["verdict"] == "PASS"


async def test_why_it_came_to_nothing_is_not_told_to_a_partner(ask: Ask, partner: Actor) -> None:
    document = "{ referrals(first: 9) { nodes { state outcomes(first: 9) { nodes { result reason reasonLabel } } } } }"
    answer = await ask(partner, document)
    shown = answer["data"]["referrals"]["nodes"][0]["outcomes"]["nodes"]
    assert shown == [{"result": "declined", "reason": None, "reasonLabel": None}]
    for document in (
        '{ verdicts(personId: "Person:7", openingId: "Opening:1") { rule verdict } }',
        '{ person(id: "Person:7") { recommendations(first: 9) { totalCount nodes { reasons score } } } }',
    ):
        answer = await ask(partner, document)
        if "errors" in answer:
            assert answer["errors"][0]["extensions"]["reason"] == "verdicts_withheld"
        else:
            assert answer["data"]["person"]["recommendations"] == {"totalCount": 0, "nodes": []}


async def test_sensitive_fields_are_no_filter_and_no_order_for_whoever_is_not_shown_them(
    ask: Ask, actors: Make, partner: Actor, owner: asyncpg.Pool
) -> None:
    await owner.execute(SOURCE)
    for filter_ in (
        '{labourAbility: "none"}', '{benefitKind: "dibao"}', "{monitored: true}", "{zeroEmployment: true}",
        "{ageMin: 60}", '{householdKind: "exited"}', "{willing: true}", '{citizenNumber: "000627198001010001"}',
    ):  # fmt: skip
        answer = await ask(partner, f"{{ persons(first: 1, filter: {filter_}) {{ totalCount }} }}")
        assert answer["errors"][0]["extensions"]["reason"] == "field_withheld", filter_
        assert "data" not in answer or answer["data"] is None
    station = await actors("station", region_code=WUFENG)
    answer = await ask(station, '{ persons(first: 1, filter: {benefitKind: "dibao"}) { totalCount } }')
    assert answer["errors"][0]["extensions"]["reason"] == "field_withheld", "a station is not granted benefits"


def test_the_keys_that_are_fields_are_those_the_planner_knows() -> None:
    """An id and a cursor hold the key: a key made of fields is only given where they are open."""
    from hub.query.plan import _KEY_FIELDS

    for entity in ENTITIES.values():
        held = {
            item.name for item in entity.fields if f"{{a}}.{item.name}" in (entity.identity or entity.key).split(" || ")
        }
        held |= {item.name for item in entity.fields if f"{{a}}.{item.name}" == entity.key}
        assert held <= set(_KEY_FIELDS.get(entity.name, ())), entity.name
