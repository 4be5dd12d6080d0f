"""The hub with one of its duties taken out, to see what the duty costs. Never for anything else.

python without.py audit|access|nothing
"""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Any

import hub.query.engine
from app.server import serve
from hub.access.actor import Actor
from hub.access.audit import AuditEntry, AuditLog
from hub.access.policy import Decisions, FieldDecision
from hub.access.rows import Scope
from hub.settings import Settings
from schema.catalog import ENTITIES

_ALL = Scope("all", True)


@lru_cache
def everything(actor: Actor, purpose: str, **_: Any) -> Decisions:
    """Everything is open to everybody."""
    fields = {
        f"{name}.{field.name}": FieldDecision("open", "granted:bench")
        for name, entity in ENTITIES.items()
        for field in entity.fields
    }
    return Decisions(("bench", actor.kind, purpose), dict.fromkeys(ENTITIES, (_ALL,)), fields)


async def unrecorded(_log: AuditLog, _entry: AuditEntry) -> None:
    """No entry."""


if __name__ == "__main__":
    if sys.argv[1] == "audit":
        AuditLog.record = unrecorded  # type: ignore[method-assign]  # taken out on purpose
    elif sys.argv[1] == "access":
        hub.query.engine.decide = everything  # type: ignore[assignment]  # as above
    serve(Settings.from_env())
