"""``accessLedger``: people see who used their data, nobody else does, and callers stay protected."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import asyncpg
import pytest

from hub.access.actor import Actor
from hub.access.audit import AuditEntry, store_audit
from hub.api import ledger as ledger_module
from hub.clock import ZONE, FixedClock
from schema.catalog import ENTITIES
from schema.grants import Permit, load_grants
from schema.ledger import load_ledger_words

Make = Callable[..., Awaitable[Actor]]
Ask = Callable[..., Awaitable[dict[str, Any]]]
WUFENG = "530627001000"
LEDGER = """query ($first: Int!, $after: String, $own: Boolean = false, $person: ID, $lang: Language = ZH) {
  accessLedger(first: $first, after: $after, includeOwn: $own, personId: $person) { hasNextPage endCursor
    nodes { happenedOn happenedAt who(lang: $lang) purposeLabel(lang: $lang) fieldLabels(lang: $lang)
      partlyLabels(lang: $lang) legalBasis allowed own sentence(lang: $lang) } } }"""


@pytest.fixture
async def person(actors: Make) -> Actor:
    return await actors("person", person_id=1)


async def _ledger(ask: Ask, actor: Actor, **variables: Any) -> dict[str, Any]:
    answer = await ask(actor, LEDGER, **{"first": 20, **variables})
    assert "errors" not in answer, answer
    found: dict[str, Any] = answer["data"]["accessLedger"]
    return found


async def test_a_person_reads_who_looked_at_what_and_why(ask: Ask, actors: Make, person: Actor) -> None:
    station = await actors("station", region_code=WUFENG)
    await ask(station, '{ person(id: "Person:1") { name phone citizenNumber bankAccount livingRegion { name } } }')
    await ask(station, '{ person(id: "Person:3") { name } }')
    (line,) = (await _ledger(ask, person))["nodes"]
    assert line == {
        "happenedOn": "2026-06-15",
        "happenedAt": "2026-06-15T09:00:00+08:00",
        "who": "a station",
        "purposeLabel": "就业服务",
        "fieldLabels": ["姓名", "联系电话"],
        "partlyLabels": ["公民身份号码", "银行账号"],
        "legalBasis": ["就业促进法第五十二条；政务数据共享条例第十六条"],
        "allowed": True,
        "own": False,
        "sentence": "a station为就业服务查看了姓名、联系电话。",
    }
    (line,) = (await _ledger(ask, person, lang="EN"))["nodes"]
    assert line["sentence"] == "a station, for employment service, looked at name, telephone."


async def test_a_change_is_told_once(ask: Ask, actors: Make, person: Actor) -> None:
    station = await actors("station", region_code=WUFENG)
    answer = await ask(
        station,
        """mutation { editWish(personId: "Person:1", version: 1, idempotencyKey: "a key of mine",
             input: {wishesToWork: true, wishOccupation: "厨师"}) { person { name wish { occupation } } } }""",
    )
    assert "errors" not in answer, answer
    (line,) = (await _ledger(ask, person))["nodes"]
    assert line["sentence"].startswith("a station为就业服务登记或修改了")
    assert line["legalBasis"] == ["就业促进法第五十二条"]


async def test_looking_is_itself_recorded_and_shown_when_asked_for(ask: Ask, person: Actor, pool: asyncpg.Pool) -> None:
    assert (await _ledger(ask, person))["nodes"] == []
    entry = await pool.fetchrow("SELECT * FROM audit.entry ORDER BY entry_id DESC LIMIT 1")
    assert (entry["actor_id"], entry["person_ids"], entry["fields"]) == (person.actor_id, [1], ["access_ledger"])
    (line,) = (await _ledger(ask, person, own=True, lang="EN"))["nodes"]
    assert (line["who"], line["own"], line["sentence"]) == ("You", True, "You looked at this ledger.")


async def test_a_run_of_the_matching_service_is_told(ask: Ask, person: Actor, pool: asyncpg.Pool) -> None:
    """Everybody of a region is read, too many to name in the entry; the lists it made say who they were."""
    await _store(
        pool, action="match", actor_kind="county", fields=["person", "wish"], person_ids=[], detail={"run_id": 1}
    )
    await _store(pool, action="match", actor_kind="county", fields=["person"], person_ids=[], detail={"run_id": 2})
    (line,) = (await _ledger(ask, person))["nodes"]
    assert line["sentence"] == "县级调度机构为就业服务在计算推荐时读取了基本信息、就业意愿。"


async def test_pages_go_from_the_newest_to_the_oldest(ask: Ask, person: Actor, pool: asyncpg.Pool) -> None:
    for number in range(7):
        await _store(pool, fields=["person.name"], happened_at=datetime(2026, 6, 1 + number, tzinfo=ZONE))
    days, after, pages = [], None, 0
    while True:
        page = await _ledger(ask, person, first=3, after=after)
        days += [line["happenedOn"] for line in page["nodes"]]
        pages, after = pages + 1, page["endCursor"]
        await _store(pool, fields=["person.name"])  # what is written meanwhile moves nothing
        if not page["hasNextPage"]:
            break
    assert days == [f"2026-06-0{day}" for day in range(7, 0, -1)]
    assert pages == 3


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"first": 0}, "page_size_missing"),
        ({"first": 501}, "page_too_large"),
        ({"after": "x"}, "cursor_invalid"),
        ({"after": "bGVkZ2VyOi0x"}, "cursor_invalid"),
        ({"after": "cGVyc29uOjE="}, "cursor_invalid"),
    ],
)
async def test_careless_pages_are_refused(ask: Ask, person: Actor, variables: dict[str, Any], reason: str) -> None:
    answer = await ask(person, LEDGER, **{"first": 5, **variables})
    assert answer["errors"][0]["extensions"]["reason"] == reason


@pytest.mark.parametrize(
    ("kind", "scope"),
    [
        ("station", {"region_code": WUFENG}), ("county", {"region_code": "530627000000"}),
        ("administrator", {"region_code": "530000000000"}), ("partner", {"partner_code": "SH01"}),
        ("department", {"department": "civil_affairs", "region_code": "530000000000"}),
    ],
)  # fmt: skip
async def test_nobody_else_reads_it(
    ask: Ask, actors: Make, pool: asyncpg.Pool, kind: str, scope: dict[str, str]
) -> None:
    actor = await actors(kind, **scope)
    for purpose in actor.purposes:
        answer = await ask(actor, LEDGER, purpose=purpose, first=5, person="Person:1")
        assert answer["errors"][0]["extensions"]["reason"] == "ledger_withheld"
        assert answer["data"] is None
    denied = await pool.fetch("SELECT allowed, reason FROM audit.entry")
    assert {tuple(row) for row in denied} == {(False, "ledger_withheld")}


@pytest.mark.parametrize("other", ["Person:2", "Person:3", "Person:99", "Household:1", "x"])
async def test_a_person_reads_no_others(ask: Ask, person: Actor, other: str) -> None:
    """Not that of a member of the household either, whose name the person sees."""
    answer = await ask(person, LEDGER, first=5, person=other)
    assert answer["errors"][0]["extensions"]["reason"] == "person_unknown"


async def test_a_grant_opens_it_within_its_rows(
    ask: Ask, actors: Make, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    permit = Permit("x", frozenset({"administrator"}), frozenset({"administration"}), frozenset(), "region", "y")
    grants = dataclasses.replace(load_grants(), ledgers=(permit,))
    monkeypatch.setattr(ledger_module, "load_grants", lambda: grants)
    await _store(pool, fields=["person.name"])
    here = await actors("administrator", region_code=WUFENG)
    assert len((await _ledger(ask, here, person="Person:1"))["nodes"]) == 1
    elsewhere = await actors("administrator", region_code="530602000000")
    answer = await ask(elsewhere, LEDGER, first=5, person="Person:1")
    assert answer["errors"][0]["extensions"]["reason"] == "person_unknown"
    assert (await ask(here, LEDGER, first=5))["errors"][0]["extensions"]["reason"] == "person_unknown"


@pytest.mark.parametrize(
    "more",
    [
        {"purpose": "complaint_handling"}, {"purpose": "hotline"}, {"action": "hotline_call"},
        {"action": "complaint", "allowed": False}, {"actor_kind": "person"},
    ],
)  # fmt: skip
async def test_callers_and_complainants_stay_protected(
    ask: Ask, actors: Make, person: Actor, pool: asyncpg.Pool, more: dict[str, Any]
) -> None:
    if more.get("actor_kind") == "person":
        teller = await actors("person", person_id=2)
    else:
        teller = await actors("station", region_code=WUFENG)
    values = {"actor_id": teller.actor_id, "operation_name": "ComplaintOfZhang", "fields": ["person.phone"], **more}
    await _store(pool, **values)
    for lang in ("ZH", "EN"):
        (line,) = (await _ledger(ask, person, lang=lang))["nodes"]
        said = json.dumps(line, ensure_ascii=False)
        for secret in (teller.name, "Zhang", "联系电话", "Telephone", "09:00", "station", "就业服务"):
            assert secret not in said
        assert (line["happenedOn"], line["happenedAt"], line["purposeLabel"]) == ("2026-06-15", None, None)
        assert (line["fieldLabels"], line["partlyLabels"]) == ([], [])
        veils = {veil.words[lang.lower()] for veil in load_ledger_words().veils}
        assert line["who"] in veils
        assert line["legalBasis"]


async def _store(pool: asyncpg.Pool, **more: Any) -> None:
    values: dict[str, Any] = {
        "happened_at": datetime(2026, 6, 15, 9, tzinfo=ZONE), "request_id": uuid.uuid4(), "actor_id": None,
        "actor_kind": "station", "purpose": "employment_service", "action": "query", "person_ids": [1, 3],
    }  # fmt: skip
    await store_audit(pool, [AuditEntry(**{**values, **more})])


def test_every_purpose_and_kind_has_words() -> None:
    words, grants = load_ledger_words(), load_grants()
    assert set(grants.purposes) <= words.purposes.keys()
    assert {code: label["zh"] for code, label in words.purposes.items() if code in grants.purposes} == grants.purposes
    assert words.things.keys() <= {*ENTITIES, "access_ledger"}
    assert all(name.partition(".")[0] in ENTITIES for name in words.untold)
    assert {kind for grant in grants.grants for kind in grant.kinds} <= words.kinds.keys()
    groups = (words.kinds, words.actions, words.purposes, words.words, words.things)
    assert all(set(item) == {"zh", "en"} for group in groups for item in group.values())


async def test_the_index_of_persons_is_used(owner: asyncpg.Pool, pool: asyncpg.Pool, clock: FixedClock) -> None:
    await store_audit(
        pool,
        [
            AuditEntry(
                happened_at=clock.now(), request_id=uuid.uuid4(), actor_id=None, actor_kind="station", purpose="",
                action="query", person_ids=list(range(number, number + 4)),
            )
            for number in range(3000)
        ],
    )  # fmt: skip
    await pool.execute("SELECT audit.tidy()")
    await owner.execute("ANALYZE audit.entry")
    used = "SELECT coalesce(sum(idx_scan), 0) FROM pg_stat_user_indexes WHERE indexrelname LIKE 'entry%person_ids_idx'"
    async with owner.acquire() as connection:
        before = await connection.fetchval(used)
        await connection.fetch("SELECT * FROM sight.ledger(17, 999999, false, 20)")
        await connection.execute("SELECT pg_stat_force_next_flush()")
        await connection.execute("SELECT pg_stat_clear_snapshot()")
        assert await connection.fetchval(used) > before


async def test_the_entry_says_what_was_refused_and_how_the_operation_is_called(
    ask: Ask, actors: Make, pool: asyncpg.Pool
) -> None:
    station = await actors("station", region_code=WUFENG)
    await ask(station, "query Looking { persons(first: 1) { nodes { secret: bankAccount citizenNumber name } } }")
    partner = await actors("partner", partner_code="SH01")
    for root in ("openings(first: 1) { totalCount }", "me { kind }"):  # all compiled; beside what is computed
        await ask(partner, '{ persons(first: 1, filter: {sex: "1"}) { nodes { name } } ' + root + " }")
    seen, *all_denied = await pool.fetch("SELECT * FROM audit.entry ORDER BY entry_id")
    assert (seen["operation_name"], seen["refused"]) == ("Looking", ["person.bank_account", "person.citizen_number"])
    assert seen["allowed"]
    for denied in all_denied:
        assert (denied["allowed"], denied["reason"], denied["refused"]) == (False, "field_withheld", ["person.sex"])
        assert denied["duration_ms"] > 0
    assert len(all_denied) == 2
