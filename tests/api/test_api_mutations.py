"""Every change: by whom, by whom not, once only, and never over somebody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest

from hub.access.actor import Actor
from hub.api.service import GraphQLService
from schema.grants import load_grants

Make = Callable[..., Awaitable[Actor]]
Ask = Callable[..., Awaitable[dict[str, Any]]]
COUNTY, WUFENG, TANGFANG, ELSEWHERE = "530627000000", "530627001000", "530627103000", "530602001000"
STATION = ("station", {"region_code": WUFENG})
PARTNER = ("partner", {"partner_code": "SH01"})

OPENING = {
    "employerName": "试用单位",
    "title": "缝纫工",
    "occupationCode": "6-05-01-03",
    "regionCode": WUFENG,
    "channel": "local",
    "wageLowYuanPerMonth": 3000,
    "wageHighYuanPerMonth": 4000,
    "vacancies": 2,
    "closesOn": "2026-12-01",
}


@dataclass(frozen=True)
class Case:
    """One mutation: its document, what it is given, who may, and who may not for which reason."""

    document: str
    variables: dict[str, Any]
    allowed: tuple[str, dict[str, Any]]
    refused: dict[tuple[str, str], str]  # (kind, scope) -> reason


_NOBODY = {("partner", "SH01"): "mutation_forbidden", ("administrator", COUNTY): "mutation_forbidden"}
_STRANGERS = {**_NOBODY, ("station", TANGFANG): "", ("person", "3"): "mutation_forbidden"}


def _person(reason: str) -> dict[tuple[str, str], str]:
    return {who: why or reason for who, why in _STRANGERS.items()}


CASES: dict[str, Case] = {
    "postOpening": Case(
        "mutation ($k: String!, $input: OpeningInput!) { x: postOpening(idempotencyKey: $k, input: $input)"
        " { opening { id title closesOn version partnerCode } } }",
        {"input": OPENING},
        PARTNER,
        {
            ("station", TANGFANG): "region_out_of_scope",
            ("person", "3"): "mutation_forbidden",
            ("administrator", COUNTY): "mutation_forbidden",
        },
    ),
    "changeOpening": Case(
        "mutation ($k: String!, $input: OpeningInput!) { x: changeOpening(id: \"Opening:1\", version: 1,"
        " idempotencyKey: $k, input: $input) { opening { id title version } } }",
        {"input": {**OPENING, "title": "平车工"}},
        PARTNER,
        {
            ("partner", "GD01"): "opening_unknown",
            ("station", WUFENG): "opening_unknown",
            ("person", "3"): "mutation_forbidden",
        },
    ),
    "closeOpening": Case(
        "mutation ($k: String!) { x: closeOpening(id: \"Opening:1\", version: 1, idempotencyKey: $k)"
        " { opening { id state version } } }",
        {},
        PARTNER,
        {
            ("partner", "GD01"): "opening_unknown",
            ("county", COUNTY): "opening_unknown",
            ("administrator", COUNTY): "mutation_forbidden",
        },
    ),
    "editWish": Case(
        "mutation ($k: String!, $p: ID!, $v: Int!) { x: editWish(personId: $p, version: $v, idempotencyKey: $k,"
        " input: {wishScope: \"province\", wishWageYuanPerMonth: 4200}) { person { id wish { scope } } } }",
        {"p": "mine", "v": 0},
        STATION,
        {
            **_NOBODY,
            ("station", TANGFANG): "person_unknown",
            ("person", "3"): "person_unknown",
        },
    ),
    "addPerson": Case(
        "mutation ($k: String!) { x: addPerson(idempotencyKey: $k, input: {name: \"试新人\", sex: \"1\","
        " bornOn: \"1990-02-03\"}) { person { id name livingRegionCode bornOn } } }",
        {},
        STATION,
        {**_NOBODY, ("person", "3"): "mutation_forbidden"},
    ),
    "editEmployment": Case(
        "mutation ($k: String!, $p: ID!, $v: Int!) { x: editEmployment(personId: $p, version: $v, idempotencyKey: $k,"
        " input: {employmentStatus: \"employed\", employmentForm: \"flexible\"}) { person { id employmentStatus } } }",
        {"p": "mine", "v": 1},
        STATION,
        _person("person_unknown"),
    ),
    "referPerson": Case(
        "mutation ($k: String!) { x: referPerson(personId: \"Person:1\", targetId: \"Opening:3\", idempotencyKey: $k)"
        " { referral { id state person { id } target { ... on Opening { id postedOn } } } } }",
        {},
        STATION,
        _person("person_unknown"),
    ),
    "recordContact": Case(
        "mutation ($k: String!) { x: recordContact(referralId: \"Referral:1\", version: 1, channel: \"phone\","
        " result: \"reached\", idempotencyKey: $k) { referral { state version contacts(first: 1)"
        " { nodes { result } } } } }",
        {},
        STATION,
        _person("referral_unknown"),
    ),
    "recordOutcome": Case(
        "mutation ($k: String!) { x: recordOutcome(referralId: \"Referral:1\", version: 1, idempotencyKey: $k,"
        " input: {result: \"declined\", reason: \"distance\"}) { referral { state version } } }",
        {},
        STATION,
        _person("referral_unknown"),
    ),
}  # fmt: skip


@pytest.fixture
async def start(ask: Ask, actors: Make, owner: asyncpg.Pool) -> str:
    """A referral of person 1, and a person whom the station added; returns that person's id."""
    await owner.execute(
        "INSERT INTO casework.referral (person_id, kind, opening_id, state, referred_by, shown_on, updated_at)"
        " VALUES (1, 'opening', 4, 'referred', 1, '2026-06-01', now())"
    )
    station = await actors("station", region_code=WUFENG)
    document = CASES["addPerson"].document.replace("试新人", "试老人")
    added = await ask(station, document, k="the station's first")
    assert "errors" not in added, added
    return str(added["data"]["x"]["person"]["id"])


async def _actor(actors: Make, kind: str, scope: str) -> Actor:
    name = {"partner": "partner_code", "person": "person_id"}.get(kind, "region_code")
    return await actors(kind, **{name: int(scope) if kind == "person" else scope})


def _variables(case: Case, mine: str) -> dict[str, Any]:
    return {name: mine if value == "mine" else value for name, value in case.variables.items()}


def test_every_mutation_is_tested_and_permitted_to_somebody(service: GraphQLService) -> None:
    kind = service.engine.schema.mutation_type
    assert kind is not None
    assert set(kind.fields) == set(CASES)
    assert {name for permit in load_grants().permits for name in permit.mutations} == set(CASES)
    for name, field in kind.fields.items():
        assert "idempotencyKey" in field.args, name


@pytest.mark.parametrize("mutation", CASES)
async def test_who_may_makes_the_change_once(
    ask: Ask, actors: Make, start: str, pool: asyncpg.Pool, mutation: str
) -> None:
    case = CASES[mutation]
    actor = await actors(case.allowed[0], **case.allowed[1])
    first = await ask(actor, case.document, k="a key of mine", **_variables(case, start))
    assert "errors" not in first, first
    assert first["data"]["x"] is not None
    assert next(iter(first["data"]["x"].values())) is not None
    entry = await pool.fetchrow(
        "SELECT * FROM audit.entry WHERE operation_name = $1 AND detail ->> 'repeated' = 'false'"
        " ORDER BY entry_id DESC LIMIT 1",
        mutation,
    )
    assert (entry["actor_id"], entry["allowed"], entry["purpose"]) == (actor.actor_id, True, actor.purposes[0])
    if "Opening" not in mutation:
        assert entry["person_ids"], "whose data were changed"
    before = await _counts(pool)
    again = await ask(actor, case.document, k="a key of mine", **_variables(case, start))
    assert again == first, "the same key and request: the same answer"
    assert await _counts(pool) == before, "and nothing more was changed"


@pytest.mark.parametrize(
    ("mutation", "who", "reason"),
    [(name, who, reason) for name, case in CASES.items() for who, reason in case.refused.items()],
)
async def test_who_may_not_changes_nothing_and_it_is_recorded(
    ask: Ask, actors: Make, start: str, pool: asyncpg.Pool, mutation: str, who: tuple[str, str], reason: str
) -> None:
    case = CASES[mutation]
    actor = await _actor(actors, *who)
    before = await _counts(pool)
    answer = await ask(actor, case.document, k="a key of mine", **_variables(case, start))
    assert [error["extensions"]["reason"] for error in answer["errors"]] == [reason]
    assert answer["data"] == {"x": None}
    assert await _counts(pool) == before
    entry = await pool.fetchrow("SELECT * FROM audit.entry ORDER BY entry_id DESC LIMIT 1")
    assert (entry["actor_id"], entry["allowed"], entry["reason"]) == (actor.actor_id, False, reason)


async def _counts(pool: asyncpg.Pool) -> list[Any]:
    return list(
        await pool.fetchrow(
            "SELECT (SELECT count(*) FROM market.opening), (SELECT sum(version) FROM market.opening),"
            " (SELECT count(*) FROM casework.referral), (SELECT sum(version) FROM casework.referral),"
            " (SELECT count(*) FROM casework.contact), (SELECT count(*) FROM casework.outcome),"
            " (SELECT count(*) FROM intake.source_record), (SELECT count(*) FROM access.idempotency_key)"
        )
    )


async def test_a_key_used_for_something_else_is_a_conflict(ask: Ask, actors: Make, start: str) -> None:
    partner = await actors("partner", partner_code="SH01")
    case = CASES["postOpening"]
    await ask(partner, case.document, k="a key of mine", **case.variables)
    other = {"input": {**OPENING, "vacancies": 3}}
    answer = await ask(partner, case.document, k="a key of mine", **other)
    assert answer["errors"][0]["extensions"]["code"] == "CONFLICT"
    assert answer["errors"][0]["extensions"]["reason"] == "idempotency_key_reused"
    another = await actors("partner", partner_code="GD01")
    assert "errors" not in await ask(another, case.document, k="a key of mine", **other), "keys are each actor's own"
    short = await ask(partner, case.document, k="short", **other)
    assert short["errors"][0]["extensions"]["reason"] == "idempotency_key_invalid"


async def test_the_same_request_twice_at_once_is_done_once(
    ask: Ask, actors: Make, start: str, pool: asyncpg.Pool
) -> None:
    partner = await actors("partner", partner_code="SH01")
    case = CASES["postOpening"]
    answers = await asyncio.gather(
        *(ask(partner, case.document, k="one key for all", **case.variables) for _ in range(6))
    )
    assert {answer["data"]["x"]["opening"]["id"] for answer in answers} == {"Opening:5"}
    assert await pool.fetchval("SELECT count(*) FROM market.opening") == 5


async def test_two_who_edit_at_once_do_not_overwrite_each_other(
    ask: Ask, actors: Make, start: str, pool: asyncpg.Pool
) -> None:
    partner = await actors("partner", partner_code="SH01")
    case = CASES["changeOpening"]
    titles = ["平车工", "缝盘工", "锁眼工"]
    answers = await asyncio.gather(
        *(ask(partner, case.document, k=f"key number {title}", input={**OPENING, "title": title}) for title in titles)
    )
    won = [answer for answer in answers if "errors" not in answer]
    assert len(won) == 1
    lost = {answer["errors"][0]["extensions"]["reason"] for answer in answers if "errors" in answer}
    assert lost == {"version_stale"}
    held = await pool.fetchrow("SELECT title, version FROM market.opening WHERE opening_id = 1")
    assert (held["title"], held["version"]) == (won[0]["data"]["x"]["opening"]["title"], 2)


async def test_a_stale_person_is_not_edited(ask: Ask, actors: Make, start: str) -> None:
    station = await actors("station", region_code=WUFENG)
    case = CASES["editEmployment"]
    answer = await ask(station, case.document, k="a key of mine", p=start, v=99)
    assert answer["errors"][0]["extensions"]["reason"] == "version_stale"


async def test_a_child_is_closed_to_changes_too(ask: Ask, actors: Make, start: str) -> None:
    station = await actors("station", region_code=WUFENG)
    answer = await ask(station, CASES["editWish"].document, k="a key of mine", p="Person:2", v=0)
    assert answer["errors"][0]["extensions"]["reason"] == "person_unknown"


async def test_a_station_adds_people_to_its_own_region_only(ask: Ask, actors: Make, start: str) -> None:
    station = await actors("station", region_code=WUFENG)
    document = (
        'mutation ($r: String) { addPerson(idempotencyKey: "a key of mine",'
        ' input: {name: "试", livingRegionCode: $r}) { person { id } } }'
    )
    for code, reason in (
        (TANGFANG, "region_out_of_scope"),
        ("999999999999", "region_unknown"),
        ("x", "region_unknown"),
    ):
        answer = await ask(station, document, r=code)
        assert answer["errors"][0]["extensions"]["reason"] == reason


async def test_a_change_needs_a_purpose_that_it_is_for(ask: Ask, actors: Make, owner: asyncpg.Pool, start: str) -> None:
    await owner.execute(
        "UPDATE access.actor SET purposes = '{employment_service,poverty_monitoring}' WHERE kind = 'county'"
    )
    county = await actors("county", region_code=COUNTY)
    case = CASES["referPerson"]
    refused = await ask(county, case.document, purpose="poverty_monitoring", k="a key of mine")
    assert refused["errors"][0]["extensions"]["reason"] == "mutation_forbidden"
    assert "errors" not in await ask(county, case.document, purpose="employment_service", k="a key of mine")


async def test_each_change_of_a_document_stands_alone(ask: Ask, actors: Make, start: str, pool: asyncpg.Pool) -> None:
    partner = await actors("partner", partner_code="SH01")
    answer = await ask(
        partner,
        """mutation {
             a: closeOpening(id: "Opening:1", version: 1, idempotencyKey: "the first key") { opening { state } }
             b: closeOpening(id: "Opening:3", version: 1, idempotencyKey: "the second key") { opening { state } }
             c: closeOpening(id: "Opening:2", version: 1, idempotencyKey: "the third key")
                { opening { state referrals(first: 1) { totalCount } } }
           }""",
    )
    assert answer["data"] == {
        "a": {"opening": {"state": "closed"}},
        "b": None,
        "c": {"opening": {"state": "closed", "referrals": {"totalCount": 0}}},
    }
    assert [(error["path"], error["extensions"]["reason"]) for error in answer["errors"]] == [
        (["b"], "opening_unknown")
    ]


async def test_what_a_change_returns_is_masked_as_a_query_is(ask: Ask, actors: Make, start: str) -> None:
    station = await actors("station", region_code=WUFENG)
    answer = await ask(
        station,
        """mutation { referPerson(personId: "Person:3", targetId: "Opening:3", idempotencyKey: "a key of mine")
             { referral { person { citizenNumber bankAccount household { members(first: 9) { nodes { name } } } } } }
           }""",
    )
    person = answer["data"]["referPerson"]["referral"]["person"]
    assert (person["citizenNumber"], person["bankAccount"]) == ("000***********0003", None)
    assert {item["access"] for item in answer["extensions"]["withheld"]} == {"masked", "withheld"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"title": "招男工"}, "opening_unlawful"),
        ({"regionCode": "000000000000"}, "region_unknown"),
        ({"vacancies": 0}, "opening_invalid"),
        ({"title": "x" * 500}, "opening_invalid"),
        ({"duties": "\u0000"}, "value_invalid"),
    ],
)
async def test_a_bad_opening_is_refused_with_what_to_do(
    ask: Ask, actors: Make, start: str, change: dict[str, Any], reason: str
) -> None:
    partner = await actors("partner", partner_code="SH01")
    answer = await ask(partner, CASES["postOpening"].document, k="a key of mine", input={**OPENING, **change})
    assert answer["errors"][0]["extensions"]["reason"] == reason
    assert answer["errors"][0]["extensions"]["hint"]
