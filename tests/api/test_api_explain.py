"""``explainAccess`` over the API: for administrators, about records of their region, with no value in it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from hub.access.actor import Actor
from hub.access.actors import store_revocation
from hub.clock import FixedClock

Make = Callable[..., Awaitable[Actor]]
Ask = Callable[..., Awaitable[dict[str, Any]]]
COUNTY, WUFENG, ELSEWHERE, PROVINCE = "530627000000", "530627001000", "530602000000", "530000000000"
QUERY = """query ($actor: ID!, $purpose: String!, $id: ID!, $field: String!, $on: Date) {
    explainAccess(actorId: $actor, purpose: $purpose, id: $id, field: $field, on: $on) {
        outcome reason entity field on zh en decisive { id approval application catalogue legalBasis expiresOn }
        grants { id effect applies standing says approval legalBasis catalogue zh en } } }"""


@pytest.fixture
async def administrator(actors: Make) -> Actor:
    """The administrator of the county."""
    return await actors("administrator", region_code=COUNTY)


@pytest.fixture
def why(ask: Ask, administrator: Actor) -> Callable[..., Awaitable[dict[str, Any]]]:
    async def explain(actor: Actor, record: str, field: str, **rest: Any) -> dict[str, Any]:
        answer = await ask(
            administrator,
            QUERY,
            actor=str(actor.actor_id),
            **{"purpose": actor.purposes[0], "id": record, "field": field, **rest},
        )
        assert "errors" not in answer, answer
        return dict(answer["data"]["explainAccess"])

    return explain


@pytest.fixture
def ask(service: Any) -> Ask:
    """As everywhere, but every keyword is a variable: the query has one called purpose."""

    async def run(actor: Actor, document: str, /, **variables: Any) -> dict[str, Any]:
        reply = await service.execute(actor=actor, purpose=actor.purposes[0], document=document, variables=variables)
        return dict(reply.parsed())

    return run


async def test_it_names_the_grant_that_decided(why: Any, actors: Make, owner: asyncpg.Pool) -> None:
    office = await actors("department", department="human_resources", region_code=COUNTY)
    found = await why(office, "Person:1", "health")
    assert (found["outcome"], found["reason"], found["entity"]) == ("WITHHELD", "withheld", "person")
    assert found["decisive"] == {
        "id": "human-resources", "approval": "YN-PF-2026-003", "application": "YN-GX-2026-003",
        "catalogue": "人社共享目录", "legalBasis": "就业促进法；政务数据共享条例第十六条", "expiresOn": "2030-12-31",
    }  # fmt: skip
    standings = {grant["id"]: grant["standing"] for grant in found["grants"]}
    assert standings["human-resources"] == "applies"
    assert standings["civil-affairs"] == "other_department"
    assert standings["station"] == "other_kind"
    assert "healthy" not in json.dumps(found)
    assert "YN-PF-2026-003" in found["zh"]
    entry = await owner.fetchrow("SELECT * FROM audit.entry ORDER BY entry_id DESC LIMIT 1")
    assert (entry["action"], entry["person_ids"]) == ("query", [1])


@pytest.mark.parametrize(
    ("kind", "scope", "record", "field", "outcome", "reason"),
    [
        ("station", {"region_code": WUFENG}, "Person:1", "name", "OPEN", "granted"),
        ("station", {"region_code": WUFENG}, "Person:1", "citizenNumber", "MASKED", "masked"),
        ("station", {"region_code": WUFENG}, "Person:1", "citizen_number", "MASKED", "masked"),
        ("station", {"region_code": WUFENG}, "Person:2", "name", "NO_RECORD", "minor"),
        ("station", {"region_code": WUFENG}, "Person:5", "name", "NO_RECORD", "out_of_scope"),
        ("county", {"region_code": COUNTY}, "Person:2", "name", "OPEN", "granted"),
        ("partner", {"partner_code": "SH01"}, "Person:1", "name", "NO_RECORD", "out_of_scope"),
        ("person", {"person_id": 1}, "Person:2", "name", "OPEN", "granted"),
        ("person", {"person_id": 1}, "Person:2", "phone", "WITHHELD", "not_granted"),
        ("person", {"person_id": 1}, "Wish:1", "scope", "OPEN", "granted"),
        ("person", {"person_id": 1}, "Wish:3", "scope", "NO_RECORD", "out_of_scope"),
        ("station", {"region_code": WUFENG}, "Household:1", "netIncomeYuanPerYearPerCapita", "WITHHELD", "withheld"),
        ("partner", {"partner_code": "SH01"}, "Opening:3", "title", "NO_RECORD", "out_of_scope"),
        ("station", {"region_code": WUFENG}, "Opening:1", "title", "OPEN", "granted"),
    ],
)
async def test_each_outcome(
    why: Any, actors: Make, kind: str, scope: dict[str, Any], record: str, field: str, outcome: str, reason: str
) -> None:
    found = await why(await actors(kind, **scope), record, field)
    assert (found["outcome"], found["reason"]) == (outcome, reason)
    assert found["zh"]
    assert found["en"]


async def test_another_day_another_purpose_and_a_revoked_actor(
    why: Any, actors: Make, pool: asyncpg.Pool, clock: FixedClock
) -> None:
    station = await actors("station", region_code=WUFENG)
    found = await why(station, "Person:1", "name", on="2031-01-01")
    assert (found["outcome"], found["reason"], found["decisive"]["id"]) == ("NO_RECORD", "expired", "station")
    assert found["on"] == "2031-01-01"
    grown = await why(station, "Person:2", "name", on="2030-03-01")
    assert grown["outcome"] == "OPEN", "fourteen on that day"
    refused = await why(station, "Person:1", "name", purpose="social_assistance")
    assert (refused["outcome"], refused["reason"]) == ("REFUSED", "purpose_not_granted")
    await store_revocation(pool, station.actor_id, clock=clock)
    gone = await why(station, "Person:1", "name")
    assert (gone["outcome"], gone["reason"]) == ("REFUSED", "actor_revoked")


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"id": "Person:9"}, "record_unknown"),  # lives in another county
        ({"id": "Person:999"}, "record_unknown"),
        ({"id": "x"}, "record_unknown"),
        ({"actor": "999"}, "actor_unknown"),
        ({"actor": "x"}, "actor_unknown"),
        ({"field": "shoeSize"}, "field_unknown"),
        ({"field": "household"}, "field_unknown"),
        ({"on": "0001-01-01"}, "day_unreadable"),
    ],
)
async def test_what_is_not_there_is_refused(ask: Ask, administrator: Actor, asked: dict[str, Any], reason: str) -> None:
    given = {"actor": str(administrator.actor_id), "id": "Person:1", "field": "name"}
    document = QUERY.replace("$purpose: String!, ", "").replace("purpose: $purpose", 'purpose: "administration"')
    answer = await ask(administrator, document, **{**given, **asked})
    assert answer["errors"][0]["extensions"]["reason"] == reason
    assert answer["data"] is None


@pytest.mark.parametrize(
    ("kind", "scope"),
    [
        ("station", {"region_code": WUFENG}), ("county", {"region_code": COUNTY}),
        ("partner", {"partner_code": "SH01"}),
        ("department", {"department": "civil_affairs", "region_code": COUNTY}), ("person", {"person_id": 1}),
    ],
)  # fmt: skip
async def test_only_administrators_are_told(ask: Ask, actors: Make, kind: str, scope: dict[str, Any]) -> None:
    actor = await actors(kind, **scope)
    document = '{ explainAccess(actorId: "1", purpose: "own_affairs", id: "Person:1", field: "name") { outcome } }'
    answer = await ask(actor, document)
    assert answer["errors"][0]["extensions"]["reason"] == "question_forbidden"
