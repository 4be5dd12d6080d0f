"""Backup, restore, and the embedded server's manners."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from hub.clock import FixedClock
from hub.db import migrate, open_database
from hub.db.backup import restore_backup, store_backup
from hub.db.pool import open_pool
from hub.errors import Conflict, InvalidInput
from hub.settings import Settings
from tests.chains import check, fill

ADD_BATCH = """
INSERT INTO intake.batch (feed, entity, department, region_code, layout_sha256, file_sha256, file_name, size_bytes,
    mode, as_of, state, received_at)
VALUES ('f', 'person', 'd', '530000000000', ''::bytea, $1::text::bytea, 'n', 0, 'full', '2026-01-01', 'landed', now())
"""


def alone(tmp_path: Path, name: str) -> Settings:
    """An installation with an embedded server of its own."""
    return Settings(data_dir=tmp_path / name, token_secret=b"a secret of the tests, 32 bytes!")


async def test_restored_equals_saved(settings: Settings, pool: asyncpg.Pool, clock: FixedClock, tmp_path: Path) -> None:
    await pool.execute(ADD_BATCH, "a")
    await fill(pool, [3, 2])
    settings.files_dir.mkdir(parents=True)
    (settings.files_dir / "aa").write_bytes(b"as it came")
    saved = await store_backup(settings, tmp_path / "b.tar", clock=clock)
    assert saved.tables["intake.batch"] == 1
    assert (saved.tables["audit.entry"], saved.tables["audit.segment"]) == (5, 2)
    assert saved.files == 1
    assert (tmp_path / "b.tar").stat().st_mode & 0o077 == 0

    assert settings.database_url is not None
    name = "restored_" + str(os.getpid())
    await pool.close()
    connection = await asyncpg.connect(settings.database_url)
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    await connection.close()
    database = settings.database_url.partition("?")[0].rpartition("/")[2]
    other = replace(
        settings, data_dir=tmp_path / "other", database_url=settings.database_url.replace(database, name, 1)
    )
    restored = await restore_backup(other, tmp_path / "b.tar")
    assert restored.tables == saved.tables
    assert (other.files_dir / "aa").read_bytes() == b"as it came"
    assert await migrate(other) == []
    async with open_pool(str(other.database_url), max_size=2) as opened:
        await fill(opened, [1])  # the chain goes on where it was
        report = await check(opened, tmp_path / "anchors")
        assert report.whole, report.findings
        assert (report.entries, report.last_segment_id) == (6, 3)
        assert not await opened.fetchval("SELECT has_table_privilege('yunqiao_app', 'audit.entry', 'INSERT')")
    with pytest.raises(Conflict, match="not_empty"):
        await restore_backup(other, tmp_path / "b.tar")


async def test_backup_does_not_overwrite(settings: Settings, clock: FixedClock, tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_text("mine")
    with pytest.raises(Conflict, match="backup_exists"):
        await store_backup(settings, tmp_path / "b.tar", clock=clock)
    assert (tmp_path / "b.tar").read_text() == "mine"


async def test_damaged_backup_is_refused(settings: Settings, clock: FixedClock, tmp_path: Path) -> None:
    await store_backup(settings, tmp_path / "b.tar", clock=clock)
    with tarfile.open(tmp_path / "b.tar") as archive:
        archive.extractall(tmp_path / "x", filter="data")
    dump = tmp_path / "x" / "database.dump"
    data = bytearray(dump.read_bytes())
    data[len(data) // 2] ^= 1
    dump.write_bytes(bytes(data))
    with tarfile.open(tmp_path / "bad.tar", "w") as archive:
        archive.add(tmp_path / "x" / "manifest.json", "manifest.json")
        archive.add(dump, "database.dump")
    for path in (tmp_path / "bad.tar", tmp_path / "nothing.tar"):
        with pytest.raises(InvalidInput, match="backup_unreadable"):
            await restore_backup(settings, path)


PROGRAM = """
import asyncio, sys
from pathlib import Path
from hub.db import open_database
from hub.settings import Settings

async def main():
    settings = Settings(data_dir=Path(sys.argv[1]), token_secret=b"a secret of the tests, 32 bytes!")
    async with open_database(settings, role="owner") as pool:
        await pool.execute("INSERT INTO kept VALUES ($1)", sys.argv[2])
        print("in", flush=True)
        if len(sys.argv) > 3:
            await asyncio.sleep(float(sys.argv[3]))

asyncio.run(main())
"""


def start(settings: Settings, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(settings.data_dir), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def running(settings: Settings) -> bool:
    return (settings.data_dir / "postgres" / "postmaster.pid").exists()


async def test_embedded_server_is_shared_kept_and_stopped(tmp_path: Path) -> None:
    settings = alone(tmp_path, "one")
    await migrate(settings)
    assert not running(settings)
    async with open_database(settings, role="owner") as pool:
        await pool.execute("CREATE TABLE kept (x text)")
        others = [start(settings, f"other {number}") for number in range(3)]
        for other in others:
            assert other.communicate(timeout=60)[0] == "in\n"
            assert other.returncode == 0
        assert running(settings), "the others are gone, but we are not"
    assert not running(settings), "the last one out stops it"

    # Killed while holding it: the next one in still finds all, and leaves it stopped.
    with start(settings, "victim", "60") as victim:
        assert victim.stdout is not None
        await asyncio.to_thread(victim.stdout.readline)
        victim.send_signal(signal.SIGKILL)
    async with open_database(settings, role="owner") as pool:
        assert await pool.fetchval("SELECT count(*) FROM kept") == 4
    assert not running(settings)


async def test_embedded_server_asks_for_a_password(tmp_path: Path) -> None:
    settings = alone(tmp_path, "two")
    await migrate(settings)
    async with open_database(settings) as pool, pool.acquire() as connection:
        assert await connection.fetchval("SELECT current_user") == "yunqiao_app"
        host = str(settings.data_dir / "postgres")
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(user="postgres", password="guess", host=host, database="yunqiao")
    for key in settings.data_dir.glob("*.key"):
        assert key.stat().st_mode & 0o077 == 0
