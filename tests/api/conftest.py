"""A small register: two townships of one county, one of another; openings of a partner and of the county.

The tests here share one database that is put back after each: cloning one for each took most of their time.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from hub.access.actor import Actor
from hub.access.actors import ensure_actor
from hub.access.audit import AuditLog
from hub.access.claimed import ClaimPool
from hub.api.service import GraphQLService
from hub.clock import FixedClock
from hub.db.pool import url_for
from hub.settings import Settings
from tests.conftest import Server, _execute, _with_database

COUNTY, WUFENG, TANGFANG, ELSEWHERE = "530627000000", "530627001000", "530627103000", "530602001000"

Ask = Callable[..., Awaitable[dict[str, Any]]]

#: Makes the statement that counts every table.
_COUNTING = """
    SELECT string_agg(format('SELECT %1$L, count(*) FROM %1$s', t), ' UNION ALL ')
    FROM (SELECT format('%I.%I', schemaname, tablename) AS t FROM pg_tables
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema')) tables
"""
_SEQUENCES = (
    "SELECT format('%I.%I', schemaname, sequencename), last_value FROM pg_sequences WHERE last_value IS NOT NULL"
)
_OTHERS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


@dataclass(frozen=True, slots=True)
class State:
    """What is in a database: rows of each table that has some, and sequences that were used."""

    rows: dict[str, int]
    sequences: dict[str, int]

    @classmethod
    async def read(cls, connection: asyncpg.Connection) -> State:
        """Read it all."""
        counts = await connection.fetch(await connection.fetchval(_COUNTING))
        return cls({name: rows for name, rows in counts if rows}, dict(await connection.fetch(_SEQUENCES)))


@dataclass(frozen=True, slots=True)
class Shared:
    """The database of all tests here, and what is in it before any of them."""

    url: str
    fresh: State

    async def put_back(self) -> None:
        """Leave nothing of a test: no connection, no row, no number drawn."""
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(_OTHERS)
            left = await State.read(connection)
            filled = sorted(left.rows.keys() - self.fresh.rows.keys())
            if filled:
                await connection.execute(f"TRUNCATE {', '.join(filled)} CASCADE")
            for name in left.sequences.keys() - self.fresh.sequences.keys():
                await connection.execute(f"ALTER SEQUENCE {name} RESTART")
            assert await State.read(connection) == self.fresh, "a test changed what migrations brought"
        finally:
            await connection.close()


async def _read_state(url: str) -> State:
    connection = await asyncpg.connect(url)
    try:
        return await State.read(connection)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def shared(server: Server) -> Iterator[Shared]:
    """A clone of the template for all tests here."""
    name = f"yunqiao_api_{os.getpid()}"
    url = _with_database(server.url, name)
    asyncio.run(_execute(server.url, f"CREATE DATABASE {name} TEMPLATE {server.template}"))
    yield Shared(url, asyncio.run(_read_state(url)))
    asyncio.run(_execute(server.url, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def settings(server: Server, shared: Shared, tmp_path: Path) -> Iterator[Settings]:
    """Settings of an installation of its own, on the shared database."""
    yield replace(
        server.settings,
        data_dir=tmp_path / "data",
        database_url=shared.url,
        app_database_url=url_for(server.settings, shared.url, "app"),
        hub_database_url=url_for(server.settings, shared.url, "hub"),
    )
    asyncio.run(shared.put_back())


async def add_people(owner: asyncpg.Pool) -> None:
    """Ten people, one child among them, in five households."""
    await owner.execute(
        """
        INSERT INTO identity.person_key (created_at) SELECT now() FROM generate_series(1, 10);
        INSERT INTO registry.household (household_code, head_person_id, registered_region_code, living_region_code,
            household_kind, net_income_yuan_per_year_per_capita, members_count, willing_count, in_work_count,
            zero_employment, low_income, updated_at)
        SELECT 'H' || n, 2 * n - 1, r, r, 'ordinary', 9000 + n, 2, 1, 0, n % 2 = 1, n = 1, '2026-06-01T00:00:00+08:00'
        FROM unnest(ARRAY[1, 2, 3, 4, 5],
            ARRAY['530627001000', '530627001000', '530627103000', '530627103000', '530602001000']) AS h (n, r);
        INSERT INTO registry.person (person_id, household_id, relation, name, sex, born_on, citizen_number, phone,
            nationality, education, registered_region_code, living_region_code, health, bank_account, in_work, willing,
            sources, updated_at)
        SELECT n, (n + 1) / 2, CASE WHEN n % 2 = 1 THEN '02' ELSE '20' END, '试' || n,
            CASE WHEN n % 2 = 1 THEN '1' ELSE '2' END,
            CASE WHEN n = 2 THEN '2016-03-01'::date ELSE make_date(1980 + n, 1, n) END,
            '0006271980010100' || lpad(n::text, 2, '0'), '100200000' || lpad(n::text, 2, '0'),
            CASE WHEN n > 5 THEN '06' ELSE '01' END, CASE WHEN n % 3 = 0 THEN '60' ELSE '70' END,
            h.registered_region_code, h.living_region_code, 'healthy', '0000111122223333', false, n <> 2,
            '{}', '2026-06-01T00:00:00+08:00'::timestamptz + n * interval '1 minute'
        FROM generate_series(1, 10) AS n JOIN registry.household h ON h.household_id = (n + 1) / 2;
        INSERT INTO registry.household_member (household_id, person_id, relation, valid_from)
        SELECT household_id, person_id, relation, '2026-01-01' FROM registry.person;
        INSERT INTO registry.wish (person_id, wishes_to_work, scope, occupation, wage_yuan_per_month, updated_at)
        SELECT person_id, true, 'county', '缝纫工', 3000 + person_id, now() FROM registry.person WHERE willing;
        """
    )


async def add_market(owner: asyncpg.Pool) -> None:
    """Four openings (two of a partner), one programme, one post, and lists for the first person."""
    await owner.execute(
        """
        INSERT INTO market.opening (reference, partner_code, employer_name, title, occupation_code, region_code,
            channel, wage_low_yuan_per_month, wage_high_yuan_per_month, wage_kind, vacancies, posted_on, state,
            updated_at)
        SELECT 'O' || n, CASE WHEN n <= 2 THEN 'SH01' END, '试用单位' || n, '缝纫工', '6-05-01-03',
            CASE WHEN n <= 2 THEN '310115000000' ELSE '530627001000' END,
            CASE WHEN n <= 2 THEN 'shanghai' ELSE 'local' END,
            3000, 4000 + n, 'monthly', 1, '2026-05-01'::date + n, 'open', now()
        FROM generate_series(1, 4) AS n;
        INSERT INTO market.programme (reference, name, organiser, occupation_code, mode, certificate_kind, days, seats,
            starts_on, region_code, state, updated_at)
        VALUES ('P1', '缝纫工培训', '试用学校', '6-05-01-03', 'course', 'skill_level', 15, 30, '2026-07-01',
            '530627001000', 'open', now());
        INSERT INTO market.post (reference, name, kind, department, region_code, vacancies, wage_yuan_per_month,
            term_months, starts_on, state, updated_at)
        VALUES ('W1', '保洁员', 'cleaning', 'human_resources', '530627001000', 2, 1770, 36, '2026-07-01', 'open',
            now());
        INSERT INTO access.actor (kind, name, region_code, purposes, created_at)
        VALUES ('county', 'runner', '530627000000', '{employment_service}', now());
        INSERT INTO matching.rule_set (version, sha256, body, stored_at) VALUES ('t', 'a', '{}', now());
        INSERT INTO matching.model (version, data_sha256, artifact, card, trained_at)
        VALUES ('t', 'a', 'a', '{}', now());
        INSERT INTO matching.run (region_code, actor_id, purpose, rule_set_id, model_id, state, started_at)
        VALUES ('530627000000', 1, 'employment_service', 1, 1, 'done', now());
        INSERT INTO matching.recommendation
            (run_id, person_id, kind, target_ids, scores, probabilities, reasons, allocated)
        VALUES (1, 1, 'opening', '{3,4,1}', '{30,20,10}', '{0.5,0.25,0.125}', '[[{"code":"wage"}],[],[]]', 0),
            (1, 1, 'post', '{1}', '{5}', '{0.5}', '[[]]', NULL);
        """
    )


@pytest.fixture
async def register(owner: asyncpg.Pool) -> None:
    """The small register, filled by the owner."""
    await add_people(owner)
    await add_market(owner)


@pytest.fixture
def service(pool: asyncpg.Pool, claimed: ClaimPool, register: None, clock: FixedClock) -> GraphQLService:
    """GraphQL as the endpoint and the pages have it."""
    return GraphQLService(claimed, AuditLog(pool), clock)


@pytest.fixture
def actors(pool: asyncpg.Pool, register: None, clock: FixedClock) -> Callable[..., Awaitable[Actor]]:
    """Makes actors: ``await actors("station", region_code=…)``."""

    async def make(kind: str, **scope: Any) -> Actor:
        return await ensure_actor(pool, kind=kind, name=f"a {kind}", clock=clock, **scope)

    return make


@pytest.fixture
def ask(service: GraphQLService) -> Ask:
    """Runs a document for an actor and returns the parsed answer."""

    async def run(actor: Actor, document: str, purpose: str | None = None, **variables: Any) -> dict[str, Any]:
        reply = await service.execute(
            actor=actor, purpose=purpose or actor.purposes[0], document=document, variables=variables
        )
        return dict(json.loads(reply.body))

    return run
