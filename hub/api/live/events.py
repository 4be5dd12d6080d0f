"""From a change to an event: what of it this subscriber may see, read now, recorded before it is told."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLObjectType
from graphql.execution.values import VariableValues

from hub.access.actor import Actor
from hub.access.policy import decide
from hub.api.live.changes import Change
from hub.api.reply import Outcome, Reply
from hub.api.service import GraphQLService
from hub.db.sql import load_queries
from hub.errors import Forbidden, InvalidInput
from hub.query.arguments import Arguments
from hub.query.engine import Operation, withheld_extensions
from hub.query.ids import key_of_id
from hub.query.selection import Selected
from schema.catalog import ENTITIES
from schema.regions import prefix_of


@dataclass(frozen=True, slots=True)
class Asked:
    """A subscription as it was asked for, ready to be told of changes.

    Attributes
    ----------
    prefix, key
        Only changes in this region, of this thing; any where they are None.
    """

    document: str
    operation: Operation
    variables: VariableValues
    root: Selected
    kind: str
    prefix: str | None
    key: int | None

    def concerns(self, change: Change, actor: Actor) -> bool:
        """Whether a change is one that was asked for, as far as its key and place say."""
        if change.kind != self.kind or (self.key is not None and change.key != self.key):
            return False
        if self.prefix is not None and not change.region_code.startswith(self.prefix):
            return False
        if self.kind == "run" and actor.region_code:
            mine, theirs = prefix_of(actor.region_code), prefix_of(change.region_code)
            return mine.startswith(theirs) or theirs.startswith(mine)
        return True


_KINDS = {"openingChanged": "opening", "recommendationsChanged": "run"}


class Events:
    """Makes events for subscribers."""

    def __init__(self, service: GraphQLService) -> None:
        self._service = service

    def ask(
        self, *, actor: Actor, purpose: str, document: str, operation: Operation, given: Mapping[str, Any]
    ) -> Asked:
        """Read what is subscribed to.

        Raises
        ------
        HubError
            It asks for what the actor may not see, or its arguments cannot be used.
        GraphQLErrors
            A variable is missing or of another type.
        """
        engine = self._service.engine
        variables = engine.read_variables(operation, given)
        (root,) = engine.roots(operation, variables)
        kind = _KINDS[root.name]
        entity = "opening" if kind == "opening" else "recommendation"
        if not decide(actor, purpose, today=self._service.clock.today()).rows.get(entity):
            raise Forbidden("subscription_forbidden", "Nothing of this would ever be told you.", hint="Ask for others.")
        subscription = engine.schema.subscription_type
        assert isinstance(subscription, GraphQLObjectType)  # noqa: S101 - the schema has one
        arguments = Arguments.of(subscription.fields[root.name], root.nodes[0], variables)
        region, opening = arguments.given("regionCode"), arguments.given("openingId")
        if region is not None and not (region.isascii() and region.isdecimal() and 2 <= len(region) <= 12):
            raise InvalidInput("region_invalid", "This is no code of a division.", hint="Like 530627000000.")
        key = None
        if opening is not None:
            key = key_of_id(opening, ENTITIES["opening"])
            if key is None:
                raise InvalidInput("ids_invalid", "This is no id of an opening.", hint="Send it as the hub gave it.")
        prefix = prefix_of(region.ljust(12, "0")) if region is not None else None
        return Asked(document, operation, variables, root, kind, prefix, key)

    async def tell(self, asked: Asked, change: Change, *, actor: Actor, purpose: str) -> Reply | None:
        """The event, once it is recorded; None where the actor may not see what changed."""
        started = time.perf_counter()
        read = self._read_opening if asked.kind == "opening" else self._read_run
        outcome = await read(asked, change, actor, purpose)
        if outcome is None:
            return None
        name = asked.operation.name
        return await self._service.record_event(
            outcome, actor=actor, purpose=purpose, operation_name=name, request_id=uuid.uuid4(), started=started,
            sha256=hashlib.sha256(asked.document.encode("utf-8", "surrogatepass")).digest(),
        )  # fmt: skip

    async def _read_opening(self, asked: Asked, change: Change, actor: Actor, purpose: str) -> Outcome | None:
        async with self._service.pool.of(actor, purpose).acquire() as connection:
            answer = await self._service.engine.fetch_item(
                connection,
                entity="opening",
                key=change.key,
                sets=asked.root.sets,
                fragments=asked.operation.fragments,
                variables=asked.variables,
                path=asked.root.key,
                actor=actor,
                purpose=purpose,
                as_objects=False,
            )
        if answer.data == "null":
            return None
        return Outcome(
            data=f"{{{json.dumps(asked.root.key)}:{answer.data}}}",
            extensions={"withheld": withheld_extensions(answer.withheld)} if answer.withheld else None,
            person_ids=tuple(answer.person_ids),
            fields=answer.fields,
        )

    async def _read_run(self, asked: Asked, change: Change, actor: Actor, purpose: str) -> Outcome | None:
        found = await self._service.pool.of(actor, purpose).fetchrow(load_queries("hub.api").fetch_run, change.key)
        if found is None:
            return None
        values = {
            "runId": str(change.key),
            "regionCode": found["region_code"],
            "finishedAt": found["finished_at"].isoformat(),
            "__typename": "RecommendationsChange",
        }
        selected = self._service.engine.select(
            asked.operation, asked.variables, "RecommendationsChange", asked.root.sets
        )
        return Outcome(
            data=json.dumps({asked.root.key: {one.key: values[one.name] for one in selected}}, ensure_ascii=False)
        )
