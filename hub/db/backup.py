"""Backup and restore: one tar file with the database as of one moment, the files as they came, and a manifest.

A file is kept before its batch is committed, and never changed; so files copied after the dump's snapshot hold at least
what the dump speaks of. Keys and passwords are not in a backup: a restored installation makes its own, and tokens
issued before stop working.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg

from hub.clock import Clock
from hub.db.embedded import tool
from hub.db.fragment import identifier, sql
from hub.db.migrate import ensure_role
from hub.db.pool import database_url
from hub.db.sql import load_queries
from hub.errors import Conflict, Internal, InvalidInput
from hub.settings import Settings

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What a backup holds. ``tables`` counts rows by table."""

    path: str
    made_at: str
    server_version: int
    tables: dict[str, int]
    files: int
    size_bytes: int


async def store_backup(settings: Settings, path: Path, *, clock: Clock) -> BackupReport:
    """Write a backup to ``path``; it appears there whole or not at all.

    Raises
    ------
    Conflict
        ``backup_exists``: a file of that name is there already.
    Internal
        ``backup_failed``: the dump could not be made.
    """
    if path.exists():
        raise Conflict("backup_exists", f"{path} is there already.", hint="Name another file.")
    path.parent.mkdir(parents=True, exist_ok=True)
    with database_url(settings, "owner") as url, tempfile.TemporaryDirectory(dir=path.parent) as work:
        connection = await asyncpg.connect(url)
        try:
            version: int = await connection.fetchval(load_queries("hub.db").fetch_server_version)
            # One snapshot for the counts and the dump: pg_dump joins ours.
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                snapshot = await connection.fetchval(load_queries("hub.db").fetch_snapshot)
                tables = await _counts(connection)
                dump = Path(work) / "database.dump"
                _run(
                    "pg_dump", version, url, "--format=custom", "--no-owner", f"--snapshot={snapshot}", f"--file={dump}"
                )
        finally:
            await connection.close()
        kept = sorted(file for file in settings.files_dir.rglob("*") if file.is_file() and file.suffix != ".part")
        manifest = {
            "format": _FORMAT,
            "made_at": clock.now().isoformat(),
            "server_version": version,
            "tables": tables,
            "dump_sha256": _sha256(dump),
            "files": len(kept),
        }
        draft = Path(work) / "backup.tar"
        with tarfile.open(draft, "w") as archive:
            (Path(work) / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
            archive.add(Path(work) / "manifest.json", "manifest.json")
            archive.add(dump, "database.dump")
            for file in kept:
                archive.add(file, f"files/{file.relative_to(settings.files_dir)}")
        draft.chmod(0o600)
        draft.replace(path)
    return BackupReport(str(path), str(manifest["made_at"]), version, tables, len(kept), path.stat().st_size)


async def restore_backup(settings: Settings, path: Path) -> BackupReport:
    """Fill an empty installation from a backup.

    Raises
    ------
    InvalidInput
        ``backup_unreadable``: the file is no backup of ours, or damaged.
    Conflict
        ``not_empty``: the database already holds something; ``counts_differ``: what was restored is not what was saved.
    """
    with tempfile.TemporaryDirectory() as work:
        manifest = _unpack(path, Path(work))
        with database_url(settings, "owner") as url:
            connection = await asyncpg.connect(url)
            try:
                if await connection.fetchval(load_queries("hub.db").fetch_table_count):
                    raise Conflict(
                        "not_empty",
                        "The database already holds something.",
                        hint="Restore into an empty one: set YUNQIAO_DATA_DIR or YUNQIAO_DATABASE_URL to it.",
                    )
                await ensure_role(connection, settings)
                version: int = await connection.fetchval(load_queries("hub.db").fetch_server_version)
                dump = Path(work) / "database.dump"
                _run("pg_restore", version, url, "--no-owner", "--exit-on-error", "--single-transaction", str(dump))
                tables = await _counts(connection)
            finally:
                await connection.close()
        if tables != manifest["tables"]:
            raise Conflict(
                "counts_differ", "What was restored is not what was saved.", hint="Do not use it; report it."
            )
        settings.files_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        for file in _files(Path(work) / "files"):
            target = settings.files_dir / file.relative_to(Path(work) / "files")
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            target.write_bytes(file.read_bytes())
            target.chmod(0o600)
    return BackupReport(str(path), manifest["made_at"], version, tables, manifest["files"], path.stat().st_size)


def _files(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.is_file())


def _unpack(path: Path, work: Path) -> dict[str, Any]:
    broken = InvalidInput(
        "backup_unreadable", f"{path} is no backup of ours, or damaged.", hint="Check the file's name and its size."
    )
    try:
        with tarfile.open(path) as archive:
            archive.extractall(work, filter="data")
        manifest = json.loads((work / "manifest.json").read_text(encoding="utf-8"))
        whole = manifest["format"] == _FORMAT and manifest["dump_sha256"] == _sha256(work / "database.dump")
    except (OSError, tarfile.TarError, ValueError, KeyError) as error:
        raise broken from error
    if not whole:
        raise broken
    return dict(manifest)


async def _counts(connection: asyncpg.Connection) -> dict[str, int]:
    counts = {}
    for schema, table in await connection.fetch(load_queries("hub.db").fetch_table_names):
        statement, values = (sql("SELECT count(*) FROM ") + identifier(schema) + sql(".") + identifier(table)).render()
        counts[f"{schema}.{table}"] = await connection.fetchval(statement, *values)
    return counts


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _run(program: str, server_version: int, url: str, *arguments: str) -> None:
    """Run a client program. The password travels in the environment, where other users cannot read it."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    bare = urlunsplit(parts._replace(netloc=f"{name}@{host}"))
    executable = tool(program, server_version // 10000)
    done = subprocess.run(  # noqa: S603 - a fixed program, arguments of our own making, no shell
        [executable, f"--dbname={bare}", *arguments],
        env={**os.environ, "PGPASSWORD": unquote(password)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        # Only the first line: further ones may quote rows.
        first = done.stderr.strip().splitlines()[:1]
        raise Internal("backup_failed", f"{program} ended with {done.returncode}: {''.join(first)}")
