"""The audit of commands: whoever sits at the server leaves the same trace as whoever asks over the network."""

from __future__ import annotations

import getpass
import uuid
from collections.abc import Mapping, Sequence

import asyncpg

from hub.access.audit import AuditEntry, store_audit
from hub.clock import Clock


async def record_command(
    pool: asyncpg.Pool,
    action: str,
    *,
    clock: Clock,
    person_ids: Sequence[int] = (),
    detail: Mapping[str, object] | None = None,
) -> None:
    """Write that a command was run, by which user of the machine, on what.

    Parameters
    ----------
    detail
        Keys and counts; nothing personal.
    """
    entry = AuditEntry(
        happened_at=clock.now(),
        request_id=uuid.uuid4(),
        actor_id=None,
        actor_kind="operator",
        purpose="administration",
        action=action,
        person_ids=list(person_ids),
        allowed=True,
        detail={"user": user_name(), **(detail or {})},
    )
    await store_audit(pool, [entry])


def user_name() -> str:
    """Who sits at the machine, as it knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "unnamed"
