"""A real PostgreSQL for every test that asks for one.

One migrated template database a session; each test gets a clone of its own. ``YUNQIAO_TEST_DATABASE_URL`` (owner role)
runs the same tests against another server; without it the embedded one is started.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from hub.access.claimed import ClaimPool, open_claimed
from hub.clock import ZONE, FixedClock
from hub.db.embedded import embedded_server
from hub.db.migrate import migrate
from hub.db.pool import open_pool, url_for
from hub.settings import Settings

_FAST = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"
_NUMBERS = itertools.count(1)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """A temporary folder of this run's own.

    The usual one is shared by all runs of a user, and each closes it to others at its start: the embedded server of
    a run beside it, which works as another user, would lose its files.
    """
    if config.option.basetemp is None:
        config.option.basetemp = tempfile.mkdtemp(prefix="yunqiao-tests-")
        config.add_cleanup(lambda: shutil.rmtree(config.option.basetemp, ignore_errors=True))


@dataclass(frozen=True, slots=True)
class Server:
    """A running server and the template database on it."""

    url: str
    template: str
    settings: Settings


def _with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server of this session, with a migrated template."""
    data_dir = tmp_path_factory.mktemp("data")
    configured = os.environ.get("YUNQIAO_TEST_DATABASE_URL")
    if configured:
        yield _prepare(configured, data_dir)
    else:
        with embedded_server(data_dir, extra_configuration=_FAST) as url:
            yield _prepare(url, data_dir)


def _prepare(url: str, data_dir: Path) -> Server:
    template = f"yunqiao_template_{os.getpid()}"
    asyncio.run(_execute(url, f"DROP DATABASE IF EXISTS {template}", f"CREATE DATABASE {template}"))
    settings = Settings(
        data_dir=data_dir, database_url=_with_database(url, template), token_secret=b"a secret of the tests, 32 bytes!"
    )
    asyncio.run(migrate(settings))
    return Server(url, template, settings)


@pytest.fixture
def settings(server: Server, tmp_path: Path) -> Iterator[Settings]:
    """Settings of an installation of its own, on a fresh clone of the template."""
    name = f"yunqiao_test_{os.getpid()}_{next(_NUMBERS)}"
    asyncio.run(_execute(server.url, f"CREATE DATABASE {name} TEMPLATE {server.template}"))
    url = _with_database(server.url, name)
    # The role's password is the template's: roles belong to the server, not to a database.
    yield replace(
        server.settings,
        data_dir=tmp_path / "data",
        database_url=url,
        app_database_url=url_for(server.settings, url, "app"),
        hub_database_url=url_for(server.settings, url, "hub"),
    )
    asyncio.run(_execute(server.url, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
async def pool(settings: Settings) -> AsyncIterator[asyncpg.Pool]:
    """Connections as the program has them: role yunqiao_app."""
    assert settings.app_database_url is not None
    async with open_pool(settings.app_database_url, max_size=8) as opened:
        yield opened


@pytest.fixture
async def owner(settings: Settings) -> AsyncIterator[asyncpg.Pool]:
    """Connections of the owner of the same database."""
    assert settings.database_url is not None
    async with open_pool(settings.database_url, max_size=2) as opened:
        yield opened


@pytest.fixture
def clock() -> FixedClock:
    """A Monday morning."""
    return FixedClock(datetime(2026, 6, 15, 9, 0, tzinfo=ZONE))


@pytest.fixture
async def claimed(settings: Settings, clock: FixedClock) -> AsyncIterator[ClaimPool]:
    """Connections of the hub's role, as the server has them."""
    async with open_claimed(settings, clock, max_size=4) as opened:
        yield opened
