"""yunqiao access: links, their end, and revocations, as an administrator types them."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from hub.access.actors import ensure_actor
from hub.access.signon.links import fetch_token_revoked
from hub.clock import SystemClock
from hub.settings import Settings

PROVIDERS = """
[providers.test]
issuer = "https://id.example"
audience = "the-hub"
algorithms = ["RS256"]
"""


class Yunqiao:
    """The command, on this test's database."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        assert settings.database_url is not None
        assert settings.app_database_url is not None
        file = folder / "providers.toml"
        file.write_text(PROVIDERS, encoding="utf-8")
        self._environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("YUNQIAO_")},
            "YUNQIAO_DATA_DIR": str(settings.data_dir),
            "YUNQIAO_DATABASE_URL": settings.database_url,
            "YUNQIAO_APP_DATABASE_URL": settings.app_database_url,
            "YUNQIAO_HUB_DATABASE_URL": settings.hub_database_url,
            "YUNQIAO_PROVIDERS_FILE": str(file),
        }

    async def __call__(self, *arguments: str) -> tuple[int, Any, str]:
        """Exit code, the object on the last line, the complaint."""
        done = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-m", "app.cli", "access", *arguments, "--json"], env=self._environ,
            capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False, timeout=120,
        )  # fmt: skip
        said = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else None
        return done.returncode, said, done.stderr.strip()


@pytest.fixture
def yunqiao(settings: Settings, tmp_path: Path) -> Yunqiao:
    return Yunqiao(settings, tmp_path)


@pytest.fixture
async def actor_id(pool: asyncpg.Pool) -> int:
    actor = await ensure_actor(pool, kind="station", name="s", region_code="530627001000", clock=SystemClock())
    return actor.actor_id


async def _audited(pool: asyncpg.Pool) -> list[tuple[str, dict[str, Any]]]:
    rows = await pool.fetch("SELECT action, detail FROM audit.entry ORDER BY entry_id")
    kept = [(row["action"], dict(row["detail"])) for row in rows]
    assert "13800000000" not in str(kept), "a subject may be a telephone number"
    return [(action, {name: value for name, value in detail.items() if name != "user"}) for action, detail in kept]


async def test_a_subject_is_linked_shown_and_unlinked(yunqiao: Yunqiao, pool: asyncpg.Pool, actor_id: int) -> None:
    who = ("--issuer", "test", "--subject", "13800000000")
    code, said, _ = await yunqiao("link", *who, "--actor", str(actor_id))
    assert (code, said["issuer"], said["actor_id"]) == (0, "https://id.example", actor_id)
    code, _, complaint = await yunqiao("link", *who, "--actor", str(actor_id))
    assert (code, complaint.partition(":")[0]) == (75, "link_taken")
    _, shown, _ = await yunqiao("list")
    (link,) = shown["links"]
    assert (link["subject"], link["kind"], link["closed"]) == ("13800000000", "station", False)
    assert (await yunqiao("unlink", *who))[0] == 0
    code, _, complaint = await yunqiao("unlink", *who)
    assert (code, complaint.partition(":")[0]) == (66, "link_missing")
    assert (await yunqiao("list"))[1] == {"links": []}
    # A visit that began through the link has a token of this hub's own: it ends too.
    early = {"issuer": "yunqiao", "token_id": "x", "actor_id": actor_id}
    issued_at = await pool.fetchval("SELECT issued_before FROM access.revoked_until")
    assert await fetch_token_revoked(pool, issued_at=issued_at, **early)
    assert await _audited(pool) == [("link", {"link": 1, "actor": actor_id}), ("unlink", {"actor": actor_id})]


async def test_tokens_and_actors_are_revoked(yunqiao: Yunqiao, pool: asyncpg.Pool, actor_id: int) -> None:
    assert (await yunqiao("revoke", "--token", "one"))[0] == 0
    assert (await yunqiao("revoke", "--token", "one", "--issuer", "test"))[0] == 0
    assert (await yunqiao("revoke", "--token", "one"))[0] == 0, "twice is no error"
    now = SystemClock().now()
    for issuer, token_id, revoked in (
        ("yunqiao", "one", True), ("https://id.example", "one", True), ("yunqiao", "two", False),
    ):  # fmt: skip
        found = await fetch_token_revoked(pool, issuer=issuer, token_id=token_id, actor_id=actor_id, issued_at=now)
        assert found is revoked
    assert (await yunqiao("revoke", "--actor", str(actor_id), "--tokens-only"))[0] == 0
    revoked_at = "SELECT revoked_at FROM access.actor WHERE actor_id = $1"
    assert await pool.fetchval(revoked_at, actor_id) is None
    assert (await yunqiao("revoke", "--actor", str(actor_id)))[0] == 0
    assert await pool.fetchval(revoked_at, actor_id) is not None
    assert [detail["what"] for _, detail in await _audited(pool)] == ["token", "token", "token", "tokens", "actor"]


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (("revoke",), 65, "revocation_unclear"),
        (("revoke", "--token", "one", "--actor", "1"), 65, "revocation_unclear"),
        (("revoke", "--actor", "999"), 66, "actor_unknown"),
        (("revoke", "--token", "one", "--issuer", "https://else.where"), 65, "issuer_unknown"),
        (("link", "--issuer", "https://else.where", "--subject", "x", "--actor", "1"), 65, "issuer_unknown"),
        (("link", "--issuer", "test", "--subject", "x", "--actor", "999"), 66, "actor_unknown"),
    ],
    ids=["nothing", "both", "nobody", "unknown issuer", "link to an unknown issuer", "link to nobody"],
)
async def test_what_cannot_be_done_is_said_in_one_line(
    yunqiao: Yunqiao, arguments: tuple[str, ...], code: int, reason: str
) -> None:
    exit_code, _, complaint = await yunqiao(*arguments)
    assert (exit_code, complaint.partition(":")[0]) == (code, reason)
    assert "\n" not in complaint
