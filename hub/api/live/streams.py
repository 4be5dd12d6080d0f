"""Operations over a connection that stays: queries and changes answered once, subscriptions as long as they last.

Who asks is looked up anew before every answer: a token that was revoked, an actor that was closed, a grant that ended
ends the stream.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from graphql import OperationType

from hub.access.actor import Actor
from hub.access.rate import RateLimited, Turns
from hub.api.documents import DocumentGate
from hub.api.errors import as_hub_error, error_body, graphql_bodies
from hub.api.live.changes import Changes
from hub.api.live.events import Events
from hub.api.reply import Reply
from hub.api.service import GraphQLService
from hub.errors import Forbidden, HubError, InvalidInput, Unauthenticated
from hub.query.operation import GraphQLErrors

#: Subscriptions of one actor, and of this process.
MOST_OF_ACTOR, MOST_IN_ALL = 100, 5000
#: Seconds of silence after which it is looked whether the subscriber still may ask.
LOOK_S = 10.0


class SessionEnded(Exception):
    """Whoever asked may not ask any more; ``cause`` says why."""

    def __init__(self, cause: HubError) -> None:
        super().__init__(cause.code)
        self.cause = cause


class Streams:
    """What sockets and event streams share."""

    def __init__(
        self,
        service: GraphQLService,
        changes: Changes,
        actor_of: Callable[[str], Awaitable[Actor]],
        documents: DocumentGate,
        turns: Turns,
    ) -> None:
        self._service, self._changes, self._actor_of = service, changes, actor_of
        self._documents, self._turns, self._events = documents, turns, Events(service)
        self._running: Counter[int] = Counter()

    async def enter(self, token: str, purpose: str) -> tuple[Actor, str]:
        """Who asks, and for what.

        Raises
        ------
        Unauthenticated
            ``token_missing`` and the like.
        Forbidden
            ``purpose_not_granted``.
        InvalidInput
            ``purpose_missing``.
        """
        if not token:
            raise Unauthenticated("token_missing", "No token came with the request.", hint="Send a bearer token.")
        actor = await self._actor_of(token)
        yours = ", ".join(actor.purposes)
        purpose = purpose or (actor.purposes[0] if len(actor.purposes) == 1 else "")
        if not purpose:
            raise InvalidInput("purpose_missing", "State the purpose.", hint=f"One of: {yours}.")
        if purpose not in actor.purposes:
            raise Forbidden(
                "purpose_not_granted", "This purpose is not one that you may state.", hint=f"Yours are: {yours}."
            )
        return actor, purpose

    async def refuse(self, error: HubError, actor: Actor | None = None, purpose: str = "") -> None:
        """Record a refusal."""
        await self._service.refuse(error, actor=actor, purpose=purpose, request_id=uuid.uuid4())

    async def answers(self, token: str, purpose: str, request: Mapping[str, Any]) -> AsyncIterator[Reply]:
        """The answers to one operation: one, or one for each change.

        Raises
        ------
        SessionEnded
            The token or the purpose is not good any more.
        HubError, GraphQLErrors
            The operation cannot be answered; recorded already.
        """
        actor, purpose = await self._again(token, purpose)
        for name, kind in (("variables", dict), ("operationName", str), ("extensions", dict), ("query", str)):
            if not isinstance(request.get(name), kind | None):
                raise await self._recorded(
                    InvalidInput("request_invalid", f"{name} has the wrong type."), actor, purpose
                )
        try:
            document = await self._documents.text_of(request, actor=actor, purpose=purpose)
            operation = self._service.engine.read_operation(document, request.get("operationName"))
        except HubError as error:
            raise await self._recorded(error, actor, purpose) from error
        except GraphQLErrors as error:
            await self.refuse(InvalidInput("graphql", "The document is not valid."), actor, purpose)
            raise error
        given = request.get("variables") or {}
        if operation.kind is not OperationType.SUBSCRIPTION:
            try:
                with self._turns.turn(actor):
                    reply = await self._service.execute(
                        actor=actor,
                        purpose=purpose,
                        document=document,
                        operation_name=request.get("operationName"),
                        variables=given,
                    )
            except RateLimited as error:
                raise await self._recorded(error, actor, purpose) from error
            yield reply
            return
        try:
            asked = self._events.ask(actor=actor, purpose=purpose, document=document, operation=operation, given=given)
            with self._place(actor), self._changes.waiting() as waiting:
                async for change in waiting.changes(pause_s=LOOK_S):
                    actor, purpose = await self._again(token, purpose)
                    if change is not None and asked.concerns(change, actor):
                        told = await self._events.tell(asked, change, actor=actor, purpose=purpose)
                        if told is not None:
                            yield told
        except HubError as error:
            raise await self._recorded(error, actor, purpose) from error

    async def _again(self, token: str, purpose: str) -> tuple[Actor, str]:
        try:
            return await self.enter(token, purpose)
        except HubError as error:
            await self.refuse(error, None, purpose)
            raise SessionEnded(error) from error

    async def _recorded(self, error: HubError, actor: Actor, purpose: str) -> HubError:
        await self.refuse(error, actor, purpose)
        return error

    @contextmanager
    def _place(self, actor: Actor) -> Iterator[None]:
        if self._running[actor.actor_id] >= MOST_OF_ACTOR or self._running.total() >= MOST_IN_ALL:
            raise RateLimited(
                "too_many_subscriptions", "Too many subscriptions are open.", hint="End some first.", retry_after_s=5
            )
        self._running[actor.actor_id] += 1
        try:
            yield
        finally:
            self._running[actor.actor_id] -= 1
            self._running += Counter()  # leaves out who has none


async def bodies_of(error: Exception, streams: Streams) -> tuple[HubError | None, list[dict[str, Any]]]:
    """An error as entries of ``errors``; first whether it ends all that its sender has open."""
    if isinstance(error, SessionEnded):
        return error.cause, [error_body(error.cause)]
    if isinstance(error, GraphQLErrors):
        return None, graphql_bodies(error)
    if isinstance(error, HubError):
        return None, [error_body(error)]
    cause = as_hub_error(error, uuid.uuid4())
    await streams.refuse(cause)
    return None, [error_body(cause)]
