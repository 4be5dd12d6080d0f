"""The program's role, the migrations, the named queries."""

from __future__ import annotations

import asyncio
from importlib import resources
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from hub.db.migrate import migrate, migrate_connection
from hub.db.pool import APP_ROLE
from hub.db.sql import parse_queries
from hub.settings import Settings
from schema.regions import load_regions

STAGES = [
    "hub.db",
    "hub.access",
    "hub.intake",
    "hub.identity",
    "hub.registry",
    "hub.recommend",
    "hub.casework",
    "hub.api",
]


async def test_program_owns_nothing(pool: asyncpg.Pool) -> None:
    assert await pool.fetchval("SELECT current_user") == APP_ROLE
    owned = await pool.fetchval("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole")
    assert owned == 0
    for statement in (
        "CREATE TABLE registry.sneaked_in (x int)",
        "CREATE TABLE public.sneaked_in (x int)",
        "DROP TABLE registry.person",
        "ALTER ROLE yunqiao_app SUPERUSER",
        "TRUNCATE audit.entry",
        "DELETE FROM audit.entry",
        "UPDATE audit.entry SET reason = ''",
        "UPDATE intake.source_record SET values = '{}'",
        "DELETE FROM casework.transition",
        "UPDATE registry.region SET name = ''",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(statement)


async def test_migrating_again_changes_nothing(settings: Settings, owner: asyncpg.Pool) -> None:
    assert await migrate(settings) == []
    assert await owner.fetchval("SELECT count(*) FROM registry.region") == len(load_regions())


async def test_two_may_migrate_at_once(server_url_of_empty: str, settings: Settings) -> None:
    connections = [await asyncpg.connect(server_url_of_empty) for _ in range(2)]
    try:

        async def one(connection: asyncpg.Connection) -> list[str]:
            applied = await migrate_connection(connection, settings)
            await connection.execute("SELECT pg_advisory_unlock_all()")
            return applied

        first, second = await asyncio.gather(*(one(connection) for connection in connections))
        assert sorted([len(first) > 0, len(second) > 0]) == [False, True]
    finally:
        for connection in connections:
            await connection.close()


@pytest.fixture
def server_url_of_empty(settings: Settings) -> str:
    """A database with nothing in it, on the same server."""
    assert settings.database_url is not None
    url = settings.database_url
    name = urlsplit(url).path.removeprefix("/") + "_empty"

    async def make() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        await connection.close()

    asyncio.run(make())
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


@pytest.mark.parametrize("package", STAGES)
async def test_every_named_query_prepares(package: str, pool: asyncpg.Pool) -> None:
    path = resources.files(package).joinpath("queries.sql")
    if not path.is_file():
        pytest.fail(f"{package} has no queries.sql")
    role = pool
    async with role.acquire() as connection:
        for name, statement in parse_queries(path.read_text(encoding="utf-8")).items():
            try:
                await connection.prepare(statement)
            except asyncpg.UndefinedTableError:
                # Staging tables of one transaction do not exist before it.
                assert "pg_temp." in statement, f"{package}.{name} names a table that is not there"
            except asyncpg.InsufficientPrivilegeError:
                assert package == "hub.db", f"{package}.{name} is beyond the program's rights"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("-- name: a\n-- One.\nSELECT 1;\n-- name: a\n-- Two.\nSELECT 2;", "twice"),
        ("-- name: a\nSELECT 1;", "no description"),
        ("-- name: a\n-- One.\n", "no statement"),
    ],
)
def test_careless_query_files_are_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_queries(text)
