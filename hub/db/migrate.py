"""Bring the schema up to date: plain SQL migrations, the program's role, the regions."""

from __future__ import annotations

import logging
from importlib import resources
from pathlib import Path

import asyncpg
from pogo_core.error import BadMigrationError
from pogo_core.util.migrate import apply
from pogo_core.util.sql import get_applied_migrations

from hub.db.pool import APP_ROLE, HUB_ROLE, REGISTRAR_ROLE, database_url, prepare_connection
from hub.db.sql import load_queries
from hub.errors import Internal, Unavailable
from hub.settings import Settings, kept_secret
from schema.regions import full_name, load_regions

_OLDEST, _NEWEST = 15, 18


def migrations_dir() -> Path:
    """Where the migrations lie, in a checkout and in a wheel alike."""
    # A folder of SQL, no package: pogo would take an __init__.py for a migration. It lies beside the packages.
    return Path(str(resources.files("schema"))).parent / "migrations"


async def migrate(settings: Settings) -> list[str]:
    """Apply what is missing; returns the names of the migrations applied now.

    Raises
    ------
    Unavailable
        ``database_unavailable`` or ``database_version`` (PostgreSQL 15 to 18 are supported).
    Internal
        ``migration_failed``; nothing of the failed migration stays.
    """
    with database_url(settings, "owner") as url:
        try:
            connection = await asyncpg.connect(url, timeout=30)
        except (OSError, asyncpg.PostgresError, TimeoutError) as error:
            raise Unavailable(
                "database_unavailable",
                f"PostgreSQL does not let us in ({type(error).__name__}).",
                hint="Check YUNQIAO_DATABASE_URL and that the server runs.",
            ) from error
        try:
            await prepare_connection(connection)
            return await migrate_connection(connection, settings)
        finally:
            await connection.close()


async def migrate_connection(connection: asyncpg.Connection, settings: Settings) -> list[str]:
    """The same on an open connection of the owner."""
    queries = load_queries("hub.db")
    major = await connection.fetchval(queries.fetch_server_version) // 10000
    if not _OLDEST <= major <= _NEWEST:
        raise Unavailable(
            "database_version", f"PostgreSQL {major} is not supported.", hint=f"Use {_OLDEST} to {_NEWEST}."
        )
    await connection.execute(queries.fetch_migration_lock)
    await ensure_role(connection, settings)
    before = await _applied(connection)
    try:
        await apply(connection, migrations_dir(), schema_name="public", logger=_quiet_logger())
    except BadMigrationError as error:
        raise Internal("migration_failed", str(error), hint="Nothing of it was kept; report it.") from error
    await _store_regions(connection)
    return sorted(await _applied(connection) - before)


async def _applied(connection: asyncpg.Connection) -> set[str]:
    try:
        return set(await get_applied_migrations(connection, schema_name="public"))
    except asyncpg.UndefinedTableError:
        return set()


async def ensure_role(connection: asyncpg.Connection, settings: Settings) -> None:
    """The program's roles: they own nothing and may not create; the stages' and the hub's may log in.

    DDL takes no parameters; the passwords are hexadecimal of our own making, so they need no quoting.
    """
    held = {row["rolname"] for row in await connection.fetch(load_queries("hub.db").fetch_roles)}
    for role, login in ((APP_ROLE, "LOGIN"), (HUB_ROLE, "LOGIN"), (REGISTRAR_ROLE, "NOLOGIN")):
        if role not in held:
            await connection.execute(f"CREATE ROLE {role} {login} NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT")
    # Without inheriting: a session has the registrar's rights only while it says that it is the registrar.
    if not await connection.fetchval(load_queries("hub.db").fetch_registrar_known):
        await connection.execute(f"GRANT {REGISTRAR_ROLE} TO {HUB_ROLE}")
    for role, url, key in (
        (APP_ROLE, settings.app_database_url, "app.key"),
        (HUB_ROLE, settings.hub_database_url, "hub.key"),
    ):
        if url is None:
            password = kept_secret(settings.data_dir, key).decode()
            await connection.execute(f"ALTER ROLE {role} PASSWORD '{password}'")
    await connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")


async def _store_regions(connection: asyncpg.Connection) -> None:
    regions = list(load_regions().values())
    places = _centroids()
    at = [places.get(region.code[:4], places.get(region.code[:2], (None, None))) for region in regions]
    await connection.execute(
        load_queries("hub.db").store_regions,
        [region.code for region in regions],
        [region.name for region in regions],
        [full_name(region.code) for region in regions],
        [region.level for region in regions],
        [region.parent_code for region in regions],
        [place[0] for place in at],
        [place[1] for place in at],
    )


def _centroids() -> dict[str, tuple[float, float]]:
    """Longitude and latitude by two- or four-digit prefix."""
    import csv

    text = resources.files("schema").joinpath("data/prefectures.csv").read_text(encoding="utf-8")
    return {
        row["code"][: 2 if row["code"][2:4] == "00" else 4]: (float(row["longitude"]), float(row["latitude"]))
        for row in csv.DictReader(text.splitlines())
    }


def _quiet_logger() -> logging.Logger:
    logger = logging.getLogger("hub.db.migrate")
    logger.setLevel(logging.ERROR)
    return logger
