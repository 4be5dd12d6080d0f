"""Connections. The stages work as ``yunqiao_app``, whatever is done for an actor as ``yunqiao_hub``; neither owns
anything. Only migrations work as the owner.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Literal
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import asyncpg

from hub.db.embedded import embedded_server
from hub.errors import Unavailable
from hub.settings import Settings, kept_secret

Role = Literal["app", "hub", "owner"]
APP_ROLE, HUB_ROLE = "yunqiao_app", "yunqiao_hub"
#: Nobody logs in as it: a session of the hub becomes it to publish what an actor entered.
REGISTRAR_ROLE = "yunqiao_registrar"
_LOGINS = {"app": (APP_ROLE, "app.key"), "hub": (HUB_ROLE, "hub.key")}


@contextmanager
def database_url(settings: Settings, role: Role) -> Iterator[str]:
    """URL for ``role``; the embedded server runs meanwhile where no server is configured."""
    if settings.database_url is not None:
        yield url_for(settings, settings.database_url, role)
    elif role != "owner" and settings.app_database_url is not None:
        yield url_for(settings, settings.app_database_url, role)
    else:
        with embedded_server(settings.data_dir) as owner_url:
            yield url_for(settings, owner_url, role)


def url_for(settings: Settings, owner_url: str, role: Role) -> str:
    """The owner's URL, or the same database as one of the program's own roles."""
    if role == "owner":
        return owner_url
    given = settings.app_database_url if role == "app" else settings.hub_database_url
    if given is not None:
        return given
    parts = urlsplit(owner_url)
    name, key = _LOGINS[role]
    password = quote(kept_secret(settings.data_dir, key).decode(), safe="")
    host = parts.netloc.rpartition("@")[2]
    query = urlencode([(key, value) for key, value in parse_qsl(parts.query) if key not in ("user", "password")])
    return urlunsplit((parts.scheme, f"{name}:{password}@{host}", parts.path, query, ""))


@asynccontextmanager
async def open_database(
    settings: Settings, *, role: Role = "app", max_size: int | None = None
) -> AsyncIterator[asyncpg.Pool]:
    """A pool of connections to the migrated database.

    Connections turn ``json`` and ``jsonb`` into Python objects and keep days as Yunnan does.

    Raises
    ------
    Unavailable
        ``database_unavailable`` when PostgreSQL does not answer or the schema is not there.
    """
    with database_url(settings, role) as url:
        async with open_pool(url, max_size=max_size or settings.pool_size) as pool:
            yield pool


@asynccontextmanager
async def open_pool(
    url: str, *, max_size: int, server_settings: Mapping[str, str] | None = None, keeps_claims: bool = False
) -> AsyncIterator[asyncpg.Pool]:
    """A pool on ``url``; the pool is closed, not torn down, on leaving.

    Parameters
    ----------
    keeps_claims
        A connection given back keeps its session's settings, which costs no round trip: whoever takes it out sets
        them anew. What was open is rolled back all the same.
    """
    try:
        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=max_size,
            init=prepare_connection,
            reset=_keep if keeps_claims else None,
            server_settings={"application_name": "yunqiao", "timezone": "Asia/Shanghai", **(server_settings or {})},
        )
    except (OSError, asyncpg.PostgresError) as error:
        raise Unavailable(
            "database_unavailable",
            f"PostgreSQL does not let us in ({type(error).__name__}).",
            hint="Check YUNQIAO_DATABASE_URL, that the server runs, and that 'yunqiao migrate' was run.",
        ) from error
    try:
        yield pool
    finally:
        await pool.close()


async def prepare_connection(connection: asyncpg.Connection) -> None:
    """Codecs that every connection of the program has."""
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, schema="pg_catalog", encoder=_encode, decoder=json.loads)


async def _keep(_: asyncpg.Connection) -> None:
    """Leave a session's settings as they are."""


def _encode(value: object) -> str:
    # NaN has no place in JSON; PostgreSQL would refuse it with a message that quotes the row.
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
