"""How every mutation runs: one transaction with its idempotency key, its change and its audit entry.

The same key with the same request gives the same answer and changes nothing; with another request it is a conflict.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
from graphql import SelectionSetNode
from strawberry.types import Info

from hub.access.audit import AuditEntry, store_audit
from hub.api.context import RequestContext
from hub.api.rights import check_permit
from hub.db.sql import load_queries
from hub.errors import Conflict, InvalidInput
from hub.query.selection import Selector
from schema.catalog import camel

Work = Callable[[asyncpg.Connection], Awaitable[int]]


async def mutate(
    info: Info[RequestContext, Any],
    *,
    mutation: str,
    entity: str,
    idempotency_key: str,
    request: dict[str, Any],
    work: Work,
    person_id: int | None = None,
) -> dict[str, Any]:
    """Run ``work`` once and return its payload: the changed item, compiled with the rights of whoever asked.

    Parameters
    ----------
    entity
        What ``work`` returns the key of; also the payload's field.
    request
        What was asked, to tell a repeated request from another one under the same key.
    """
    context = info.context
    check_permit(context.actor, context.purpose, mutation)
    if not 8 <= len(idempotency_key) <= 200:
        raise InvalidInput("idempotency_key_invalid", "An idempotency key has 8 to 200 characters.", hint="Use a UUID.")
    text = json.dumps([mutation, request], sort_keys=True, ensure_ascii=False, default=str)
    digest = hashlib.sha256(text.encode()).digest()
    queries = load_queries("hub.api")
    async with context.pool.for_change(mutation).acquire() as connection, connection.transaction():
        actor_id = context.actor.actor_id
        await connection.execute(queries.fetch_idempotency_lock, actor_id, idempotency_key)
        before = await connection.fetchrow(queries.fetch_idempotency_key, actor_id, idempotency_key)
        if before is not None and before["request_sha256"] != digest:
            raise Conflict(
                "idempotency_key_reused",
                "This key was used for another request.",
                hint="Make a new key for each change.",
            )
        if before is not None:
            key = int(before["result"]["id"])
        else:
            key = await work(connection)
            await connection.execute(
                queries.store_idempotency_key,
                actor_id,
                idempotency_key,
                digest,
                {"entity": entity, "id": key},
                context.clock.now(),
            )
        payload = await _payload(info, connection, entity, key)
        # Last: until the commit nobody else's entry is written.
        await store_audit(
            connection,
            [
                AuditEntry(
                    happened_at=context.clock.now(),
                    request_id=context.request_id,
                    actor_id=actor_id,
                    actor_kind=context.actor.kind,
                    purpose=context.purpose,
                    action="mutation",
                    operation_name=mutation,
                    person_ids=_people(context, person_id if person_id is not None or entity != "person" else key),
                    fields=sorted(f"{entity}.{name}" for name in request),
                    detail={"entity": entity, "id": key, "repeated": before is not None},
                )
            ],
        )
        return payload


async def _payload(
    info: Info[RequestContext, Any], connection: asyncpg.Connection, entity: str, key: int
) -> dict[str, Any]:
    """The payload's fields by response key; each is the changed item, asked for once or under several aliases."""
    context = info.context
    raw = info._raw_info  # the nodes as they stand in the document; Strawberry's own view is resolved already
    sets: tuple[SelectionSetNode, ...] = tuple(node.selection_set for node in raw.field_nodes if node.selection_set)
    selector = Selector(context.engine.schema, context.operation.fragments, context.variables)
    payload: dict[str, Any] = {}
    for selected in selector.collect(type_name_of_payload(raw.field_name), sets):
        if selected.name == camel(entity):
            answer = await context.engine.fetch_item(
                connection,
                entity=entity,
                key=key,
                sets=selected.sets,
                fragments=context.operation.fragments,
                variables=context.variables,
                path=f"{raw.field_name}.{selected.key}",
                actor=context.actor,
                purpose=context.purpose,
            )
            payload[selected.key] = json.loads(answer.data)
            context.person_ids.extend(answer.person_ids)
            context.fields.update(answer.fields)
            context.withheld.extend(answer.withheld)
    return payload


def type_name_of_payload(mutation: str) -> str:
    """``postOpening`` → ``PostOpeningPayload``."""
    return mutation[0].upper() + mutation[1:] + "Payload"


def _people(context: RequestContext, person_id: int | None) -> list[int]:
    return sorted({*context.person_ids, *([person_id] if person_id is not None else [])})
