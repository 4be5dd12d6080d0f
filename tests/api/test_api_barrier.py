"""Each barrier alone: with the compiler's predicates gone the database still holds, and the other way round."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from hub.access.actor import Actor
from hub.access.audit import AuditLog
from hub.access.claimed import ClaimPool, open_claimed
from hub.access.policy import Decisions
from hub.api import mutation as mutation_module
from hub.api import mutations as mutations_module
from hub.api import rights as rights_module
from hub.api.service import GraphQLService
from hub.clock import FixedClock
from hub.db.pool import open_pool
from hub.query.engine import Engine
from hub.settings import Settings
from schema.grants import Permit
from tests.api.test_api_mutations import CASES, _counts
from tests.api.test_api_mutations import start as start  # noqa: PLC0414  # a fixture

Make = Callable[..., Awaitable[Actor]]
Ask = Callable[..., Awaitable[dict[str, Any]]]
COUNTY, WUFENG, TANGFANG, ELSEWHERE = "530627000000", "530627001000", "530627103000", "530602001000"

LISTS = """{
    persons(first: 50) { totalCount nodes { id wish { scope } employments(first: 5) { totalCount }
        referrals(first: 9) { nodes { id } } recommendations(first: 9) { nodes { rank } } household { id } } }
    households(first: 50) { totalCount nodes { id members(first: 9) { nodes { id } } } }
    openings(first: 50) { totalCount nodes { id referrals(first: 9) { nodes { id person { id } } } } }
    referrals(first: 50) { totalCount nodes { id person { id } contacts(first: 5) { totalCount } } }
    nodes(ids: ["Person:1", "Person:2", "Person:9", "Household:5", "Opening:1", "Referral:1"]) { id }
}"""
WHO: tuple[tuple[str, dict[str, Any]], ...] = (
    ("station", {"region_code": WUFENG}),
    ("station", {"region_code": TANGFANG}),
    ("county", {"region_code": COUNTY}),
    ("county", {"region_code": "530602000000"}),
    ("partner", {"partner_code": "SH01"}),
    ("partner", {"partner_code": "GD01"}),
    ("person", {"person_id": 1}),
    ("person", {"person_id": 9}),
    ("department", {"department": "human_resources", "region_code": COUNTY}),
    ("administrator", {"region_code": "530602000000"}),
)


@pytest.fixture
async def referred(owner: asyncpg.Pool, register: None) -> None:
    """People put forward for openings: a partner's, and the county's."""
    await owner.execute(
        "INSERT INTO casework.referral (person_id, kind, opening_id, state, referred_by, shown_on, updated_at)"
        " SELECT p, 'opening', 1 + p % 4, CASE WHEN p = 8 THEN 'shown' ELSE 'referred' END, 1, '2026-06-01', now()"
        " FROM generate_series(1, 10) p"
    )


async def _data(service: Engine, connection: Any, actor: Actor) -> tuple[Any, list[int]]:
    read = service.read_operation(LISTS, None)
    answer = await service.execute(
        connection, read, service.read_variables(read, {}), document=LISTS, actor=actor, purpose=actor.purposes[0]
    )
    return json.loads(answer.data), answer.person_ids


@pytest.mark.parametrize(("kind", "scope"), WHO, ids=str)
async def test_either_barrier_alone_gives_the_same_answer(
    pool: asyncpg.Pool,
    claimed: ClaimPool,
    service: GraphQLService,
    actors: Make,
    referred: None,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    scope: dict[str, Any],
) -> None:
    actor = await actors(kind, **scope)
    both = await _data(service.engine, claimed.of(actor, actor.purposes[0]), actor)
    # yunqiao_app sees everything: only the compiled predicates hold.
    assert await _data(service.engine, pool, actor) == both
    seen = Decisions.sees
    monkeypatch.setattr(Decisions, "row_predicate", lambda self, entity, *_: "true" if seen(self, entity) else "false")
    bare = Engine(service.engine.schema, clock)
    assert await _data(bare, claimed.of(actor, actor.purposes[0]), actor) == both
    everything = await _data(bare, pool, actor)
    assert everything != both, "there is something to hide"


OUTSIDE = [(name, who) for name, case in CASES.items() for who in case.refused]


@pytest.mark.parametrize(("mutation", "who"), OUTSIDE)
async def test_the_database_itself_refuses_changes_out_of_scope(
    ask: Ask,
    actors: Make,
    start: str,
    pool: asyncpg.Pool,
    monkeypatch: pytest.MonkeyPatch,
    mutation: str,
    who: tuple[str, str],
) -> None:
    async def sees(*_: object, **__: object) -> bool:
        return True

    def permits(*_: object) -> Permit:
        return Permit("forged", frozenset(), frozenset(), frozenset(), "all", "")

    # The first barrier is gone: every check of the program lets everything through.
    monkeypatch.setattr(rights_module, "fetch_sight", sees)
    monkeypatch.setattr(mutations_module, "check_place", lambda *_: None)
    for module in (rights_module, mutation_module, mutations_module):
        monkeypatch.setattr(module, "check_permit", permits)
    kind, scope = who
    name = {"partner": "partner_code", "person": "person_id"}.get(kind, "region_code")
    actor = await actors(kind, **{name: int(scope) if kind == "person" else scope})
    case = CASES[mutation]
    variables = {name: start if value == "mine" else value for name, value in case.variables.items()}
    before = await _counts(pool)
    answer = await ask(actor, case.document, k="a key of mine", **variables)
    assert answer["data"] == {"x": None}, answer
    assert answer["errors"][0]["extensions"]["reason"] in {
        "barrier_refused", "person_unknown", "opening_unknown", "referral_unknown", "target_unknown", "version_stale",
    }  # fmt: skip
    assert await _counts(pool) == before


async def _as(claimed: ClaimPool, actor: Actor, mutation: str, statement: str, *values: object) -> str:
    async with claimed.of(actor, actor.purposes[0]).for_change(mutation).acquire() as connection:
        return str(await connection.execute(statement, *values))


REFER = (
    "INSERT INTO casework.referral (person_id, kind, opening_id, state, referred_by, shown_on, updated_at)"
    " VALUES ($1, 'opening', 3, $2, $3, '2026-06-01', now())"
)
POST = (
    "INSERT INTO market.opening (reference, partner_code, employer_name, title, occupation_code, region_code, channel,"
    " wage_low_yuan_per_month, wage_high_yuan_per_month, wage_kind, vacancies, posted_on, state, posted_by, updated_at)"
    " VALUES ('new', $1, 'e', 't', '6-05-01-03', $2, 'local', 3000, 4000, 'monthly', 1, '2026-06-01', 'open', $3,"
    " now())"
)


async def test_a_station_writes_within_its_township_and_in_its_own_name(
    claimed: ClaimPool, actors: Make, referred: None, pool: asyncpg.Pool
) -> None:
    station = await actors("station", region_code=WUFENG)
    me = station.actor_id
    assert await _as(claimed, station, "referPerson", REFER, 1, "referred", me) == "INSERT 0 1"
    for values in ((5, "referred", me), (9, "referred", me), (3, "placed", me), (3, "referred", me - 1)):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await _as(claimed, station, "referPerson", REFER, *values)
    # A child of the township is closed to the station, so nobody refers it.
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await _as(claimed, station, "referPerson", REFER, 2, "referred", me)
    # The claims of another change, or of none, do not do.
    for mutation in ("editWish", "postOpening", "nothing"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await _as(claimed, station, mutation, REFER, 3, "referred", me)
    assert await _as(claimed, station, "postOpening", POST, None, "530627001003", me) == "INSERT 0 1"
    for values in ((None, TANGFANG, me), ("SH01", WUFENG, me), (None, WUFENG, me - 1)):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await _as(claimed, station, "postOpening", POST.replace("'new'", "'other'"), *values)
    moved = "UPDATE casework.referral SET state = 'contacted' WHERE person_id = $1"
    assert await _as(claimed, station, "recordContact", moved, 5) == "UPDATE 0"
    assert await _as(claimed, station, "recordContact", moved, 3) == "UPDATE 1"
    assert await pool.fetchval("SELECT count(*) FROM casework.referral WHERE state = 'contacted'") == 1


async def test_a_partner_changes_its_own_openings_only(claimed: ClaimPool, actors: Make, register: None) -> None:
    partner = await actors("partner", partner_code="SH01")
    close = "UPDATE market.opening SET state = 'closed'"
    assert await _as(claimed, partner, "closeOpening", close) == "UPDATE 2"
    assert await _as(claimed, await actors("partner", partner_code="GD01"), "closeOpening", close) == "UPDATE 0"
    assert await _as(claimed, partner, "editWish", close) == "UPDATE 0"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await _as(claimed, partner, "postOpening", POST, "GD01", WUFENG, partner.actor_id)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await _as(claimed, partner, "changeOpening", "UPDATE market.opening SET partner_code = 'GD01'")


async def test_an_outcome_changes_no_more_of_an_opening_than_its_places(
    claimed: ClaimPool, actors: Make, referred: None
) -> None:
    station = await actors("station", region_code=WUFENG)
    # Openings 2, 3, 4 and 1: people 1 to 4 are referred to them, one each.
    assert await _as(
        claimed, station, "recordOutcome", "UPDATE market.opening SET filled = 1 WHERE opening_id = 2"
    ) == ("UPDATE 1")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await _as(claimed, station, "recordOutcome", "UPDATE market.opening SET title = 'mine' WHERE opening_id = 2")
    # People 9 and 10 live elsewhere; they are referred to openings 2 and 3.
    elsewhere = await actors("station", region_code=ELSEWHERE)
    assert await _as(claimed, elsewhere, "recordOutcome", "UPDATE market.opening SET filled = 1") == "UPDATE 2"


ENTRY = """
    WITH batch AS (
        INSERT INTO intake.batch (feed, entity, department, region_code, layout_sha256, file_sha256, file_name,
            size_bytes, mode, as_of, state, received_at)
        VALUES ('station', 'person', $4, $2, '', $1::text::bytea, 'x', 1, 'delta', '2026-06-15', 'landed', now())
        RETURNING batch_id
    )
    INSERT INTO intake.source_record (batch_id, line, feed, entity, department, region_code, record_key, row_hash,
        values, raw, as_of, seen_on)
    SELECT batch_id, 1, 'station', 'person', $4, $2, $1, $1::text::bytea, $3, '{}', '2026-06-15', '2026-06-15'
    FROM batch
"""


async def test_entries_are_about_people_within_the_permit(claimed: ClaimPool, actors: Make, register: None) -> None:
    station = await actors("station", region_code=WUFENG)

    async def enter(mutation: str, values: dict[str, Any], region: str = WUFENG, by: str = "station") -> str:
        return await _as(claimed, station, mutation, ENTRY, json.dumps(values) + mutation + region, region, values, by)

    assert await enter("editWish", {"person_id": 1}) == "INSERT 0 1"
    assert await enter("addPerson", {"person_id": 77, "living_region_code": "530627001002"}) == "INSERT 0 1"
    for refused in (
        ("editWish", {"person_id": 5}),  # lives elsewhere
        ("editWish", {"person_id": 2}),  # a child
        ("editWish", {"person_id": 77}),  # nobody
        ("editWish", {"person_id": 1, "living_region_code": TANGFANG}),
        ("editWish", {"person_id": 1}, TANGFANG),
        ("editWish", {"person_id": 1, "x": 1}, WUFENG, "civil_affairs"),
        ("addPerson", {"person_id": 1}),  # known already
        ("addPerson", {"person_id": 5}),
        ("addPerson", {"person_id": 78, "living_region_code": TANGFANG}),
        ("recordContact", {"person_id": 1}),
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await enter(*refused)


@pytest.fixture
async def hurried(
    settings: Settings, pool: asyncpg.Pool, register: None, clock: FixedClock
) -> AsyncIterator[GraphQLService]:
    """The service with a tenth of a second a statement."""
    async with open_claimed(replace(settings, statement_timeout_ms=100), clock, max_size=1) as claimed:
        yield GraphQLService(claimed, AuditLog(pool), clock)


async def test_a_statement_that_takes_too_long_is_refused_cleanly(
    hurried: GraphQLService, actors: Make, owner: asyncpg.Pool, pool: asyncpg.Pool
) -> None:
    station = await actors("station", region_code=WUFENG)
    document = "{ persons(first: 9) { nodes { id wish { scope } } } }"
    # Wishes that take half a second to read.
    await owner.execute(
        "CREATE FUNCTION public.slowly() RETURNS boolean LANGUAGE sql VOLATILE AS 'SELECT pg_sleep(0.5) IS NOT NULL';"
        "CREATE POLICY slow ON registry.wish AS RESTRICTIVE FOR SELECT TO yunqiao_hub USING (public.slowly())"
    )
    try:
        start = time.monotonic()
        reply = await hurried.execute(actor=station, purpose="employment_service", document=document)
        assert time.monotonic() - start < 5
        error = reply.parsed()["errors"][0]
        assert (reply.status, reply.has_data) == (413, False)
        assert (error["extensions"]["code"], error["extensions"]["reason"]) == ("LIMIT_EXCEEDED", "query_too_slow")
        assert "statement" not in error["message"]
    finally:
        await owner.execute("DROP POLICY slow ON registry.wish; DROP FUNCTION public.slowly()")
    entry = await pool.fetchrow("SELECT allowed, reason FROM audit.entry ORDER BY entry_id DESC LIMIT 1")
    assert tuple(entry) == (False, "query_too_slow")
    again = await hurried.execute(actor=station, purpose="employment_service", document=document)
    assert (again.status, len(again.parsed()["data"]["persons"]["nodes"])) == (200, 3)


async def test_who_waits_for_another_change_is_told_so(
    hurried: GraphQLService, actors: Make, start: str, settings: Settings
) -> None:
    station = await actors("station", region_code=WUFENG)
    case = CASES["addPerson"]
    async with (
        open_pool(str(settings.app_database_url), max_size=1) as other,
        other.acquire() as holder,
        holder.transaction(),
    ):
        await holder.execute("SELECT pg_advisory_xact_lock(7298031)")
        reply = await hurried.execute(
            actor=station, purpose="employment_service", document=case.document, variables={"k": "a key of mine"}
        )
    assert (reply.status, reply.reason) == (503, "register_busy")
    reply = await hurried.execute(
        actor=station, purpose="employment_service", document='{ person(id: "Person:1") { name } }'
    )
    assert reply.status == 200
