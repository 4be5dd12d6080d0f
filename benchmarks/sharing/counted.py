"""SQL statements counted at the driver, by what they are for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from hub.access.audit import AuditLog
from hub.access.barrier import NO_CLAIMS
from hub.access.claimed import open_claimed
from hub.api.service import GraphQLService
from hub.clock import SystemClock
from hub.db.pool import open_pool, url_for
from hub.settings import Settings


class Counted:
    """Statements by what they are for."""

    _SESSION = re.compile(r"typeinfo_tree|set_config\(|^\s*(SELECT pg_advisory_unlock_all|CLOSE ALL|RESET)")

    def __init__(self) -> None:
        self.of: Counter[str] = Counter()

    def __call__(self, record: Any) -> None:
        """Note one statement."""
        if "audit.append(" in record.query:
            self.of["audit"] += 1
        else:
            self.of["session" if self._SESSION.search(record.query) else "register"] += 1


@asynccontextmanager
async def watched(settings: Settings, connections: int) -> AsyncIterator[tuple[GraphQLService, Counted]]:
    """The service on connections whose every statement is noted."""
    counted = Counted()
    assert settings.database_url is not None  # noqa: S101  # the caller started the server
    clock = SystemClock()
    async with (
        open_pool(url_for(settings, settings.database_url, "app"), max_size=connections) as pool,
        open_claimed(settings, clock, max_size=connections) as claimed,
        AsyncExitStack() as opened,
    ):
        for _ in range(connections):
            for one in (pool.acquire(), claimed.acquire(NO_CLAIMS)):
                (await opened.enter_async_context(one)).add_query_logger(counted)
        await opened.aclose()
        yield GraphQLService(claimed, AuditLog(pool), clock), counted
