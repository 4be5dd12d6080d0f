"""What a resolver needs of the request it serves."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from hub.access.actor import Actor
from hub.access.claimed import ActorPool
from hub.clock import Clock
from hub.query.engine import Engine, Operation
from hub.query.tree import Withheld


@dataclass(slots=True)
class RequestContext:
    """One request: who asks, for what, with what."""

    actor: Actor
    purpose: str
    pool: ActorPool  # sees and changes what the actor may
    engine: Engine
    clock: Clock
    request_id: uuid.UUID
    operation: Operation
    variables: Any
    #: what mutations and computed roots touched, for the audit
    person_ids: list[int] = field(default_factory=list)
    fields: set[str] = field(default_factory=set)
    #: fields of what mutations return that are not shown, or not in full
    withheld: list[Withheld] = field(default_factory=list)
    #: what a computed root has to say for the audit besides; counts and numbers of grants, no values
    detail: dict[str, Any] = field(default_factory=dict)
