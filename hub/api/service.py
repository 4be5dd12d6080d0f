"""One GraphQL request, document to answer: compiled roots in one statement, the rest by an executor, the audit.

The audit entry is durable before the answer leaves.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from graphql import ExecutionResult, OperationType, execute

from hub.access.actor import Actor
from hub.access.audit import AuditEntry, AuditLog
from hub.access.claimed import ClaimPool
from hub.api.computed import check_computed
from hub.api.context import RequestContext
from hub.api.errors import as_hub_error, error_body, graphql_bodies
from hub.api.reply import Outcome, Reply, error_reply, failed, reply_of
from hub.api.schema import build_schema, core_schema
from hub.clock import Clock
from hub.errors import HubError, InvalidInput, Unavailable
from hub.metrics import Metrics
from hub.query.engine import COMPILED_ROOTS, Engine, GraphQLErrors, Operation, withheld_extensions
from hub.query.refusals import ForbiddenField
from hub.query.tree import Withheld
from hub.tracing import span
from schema.grants import load_grants


class GraphQLService:
    """Answers GraphQL for the endpoint and the pages alike, on connections that carry the claims of whoever asks."""

    def __init__(
        self,
        pool: ClaimPool,
        audit: AuditLog,
        clock: Clock,
        *,
        metrics: Metrics | None = None,
        hide_suggestions: bool = False,
    ) -> None:
        self._metrics = metrics or Metrics()
        self.schema = build_schema()
        self.engine = Engine(core_schema(self.schema), clock, hide_suggestions=hide_suggestions)
        self.pool, self._audit, self.clock = pool, audit, clock

    async def execute(
        self,
        *,
        actor: Actor,
        purpose: str,
        document: str,
        operation_name: str | None = None,
        variables: Mapping[str, Any] | None = None,
        only_query: bool = False,
        request_id: uuid.UUID | None = None,
    ) -> Reply:
        """Answer one request and record it. Without an entry there is no answer.

        Parameters
        ----------
        only_query
            Refuse anything but a query (GET must change nothing).
        """
        started, request_id = time.perf_counter(), request_id or uuid.uuid4()
        action = "query"
        try:
            operation = self.engine.read_operation(document, operation_name)
            action, named = operation.kind.value, operation.node.name
            operation_name = operation_name or (named.value if named else None)
            if operation.kind is OperationType.SUBSCRIPTION:
                error = InvalidInput(
                    "stream_needed", "What is told as it happens needs a stream.", hint="Accept: text/event-stream."
                )
                outcome = Outcome(errors=[error_body(error)], status=400, allowed=False, reason=error.code)
            elif only_query and operation.kind is not OperationType.QUERY:
                error = InvalidInput("method_not_allowed", "A change needs POST.", hint="Send it by POST.")
                outcome = Outcome(errors=[error_body(error)], status=405, allowed=False, reason=error.code)
            else:
                outcome = await self._answer(operation, variables or {}, document, actor, purpose, request_id)
        except GraphQLErrors as errors:
            outcome = Outcome(errors=graphql_bodies(errors), status=400, allowed=False, reason="graphql")
        except Exception as error:  # every error becomes an answer, and every answer an entry
            outcome = failed(as_hub_error(error, request_id))
        entry = AuditEntry(
            happened_at=self.clock.now(),
            request_id=request_id,
            actor_id=actor.actor_id,
            actor_kind=actor.kind,
            purpose=_known_purpose(purpose),
            action=action,
            operation_name=_known_name(operation_name),
            operation_sha256=hashlib.sha256(document.encode("utf-8", "surrogatepass")).digest(),
            person_ids=list(outcome.person_ids),
            fields=list(outcome.fields),
            refused=list(outcome.refused),
            allowed=outcome.allowed,
            reason=outcome.reason,
            detail=outcome.detail,
            duration_ms=(time.perf_counter() - started) * 1000,
        )
        reply = reply_of(outcome) if await self._recorded(entry) else _unrecorded()
        self._metrics.answered(action, reply.status, actor.kind, time.perf_counter() - started)
        return reply

    async def record_event(
        self,
        outcome: Outcome,
        *,
        actor: Actor,
        purpose: str,
        operation_name: str | None,
        sha256: bytes,
        request_id: uuid.UUID,
        started: float,
    ) -> Reply:
        """An event of a subscription as it leaves, once its entry is durable."""
        entry = AuditEntry(
            happened_at=self.clock.now(),
            request_id=request_id,
            actor_id=actor.actor_id,
            actor_kind=actor.kind,
            purpose=_known_purpose(purpose),
            action="subscription",
            operation_name=_known_name(operation_name),
            operation_sha256=sha256,
            person_ids=list(outcome.person_ids),
            fields=list(outcome.fields),
            duration_ms=(time.perf_counter() - started) * 1000,
        )
        reply = reply_of(outcome) if await self._recorded(entry) else _unrecorded()
        self._metrics.answered("subscription", reply.status, actor.kind, time.perf_counter() - started)
        return reply

    async def refuse(self, error: HubError, *, actor: Actor | None, purpose: str, request_id: uuid.UUID) -> Reply:
        """The answer to a request that never became an operation, once its entry is durable."""
        entry = AuditEntry(
            happened_at=self.clock.now(),
            request_id=request_id,
            actor_id=actor.actor_id if actor else None,
            actor_kind=actor.kind if actor else "unknown",
            purpose=_known_purpose(purpose),
            action="request",
            allowed=False,
            reason=error.code,
        )
        started = time.perf_counter()
        reply = error_reply(error) if await self._recorded(entry) else _unrecorded()
        self._metrics.answered("request", reply.status, entry.actor_kind, time.perf_counter() - started)
        return reply

    async def _recorded(self, entry: AuditEntry) -> bool:
        started = time.perf_counter()
        try:
            with span("audit"):
                await self._audit.record(entry)
            self._metrics.audit_wait.observe(time.perf_counter() - started)
        except Exception as error:  # whatever it was: what nobody can account for is not handed out
            as_hub_error(error, entry.request_id)
            return False
        return True

    async def _answer(
        self,
        operation: Operation,
        given: Mapping[str, Any],
        document: str,
        actor: Actor,
        purpose: str,
        request_id: uuid.UUID,
    ) -> Outcome:
        variables = self.engine.read_variables(operation, given)
        roots = self.engine.roots(operation, variables)
        compiled = [root for root in roots if root.name in COMPILED_ROOTS]
        if operation.kind is OperationType.QUERY and len(compiled) == len(roots):
            names = [root for root in compiled if root.name != "__typename"]
            if names:
                answer = await self.engine.execute(
                    self.pool.of(actor, purpose),
                    operation,
                    variables,
                    document=document,
                    actor=actor,
                    purpose=purpose,
                )
                data = answer.data
            if len(names) != len(roots):
                held = json.loads(data) if names else {}
                data = json.dumps({root.key: held.get(root.key, "Query") for root in roots}, ensure_ascii=False)
            if not names:
                return Outcome(data=data)
            extensions = {"withheld": withheld_extensions(answer.withheld)} if answer.withheld else None
            return Outcome(
                data=data,
                extensions=extensions,
                person_ids=tuple(answer.person_ids),
                fields=answer.fields,
                refused=_names(answer.withheld),
            )
        if operation.kind is OperationType.QUERY:
            check_computed(root.name for root in roots if root.name not in COMPILED_ROOTS)
        return await self._execute_mixed(operation, given, variables, document, actor, purpose, request_id)

    async def _execute_mixed(
        self,
        operation: Operation,
        given: Mapping[str, Any],
        variables: Any,
        document: str,
        actor: Actor,
        purpose: str,
        request_id: uuid.UUID,
    ) -> Outcome:
        """Computed roots, introspection and mutations go through graphql-core; compiled roots are put under it."""
        pool = self.pool.of(actor, purpose)
        root: dict[str, Any] = {}
        people: list[int] = []
        fields: set[str] = set()
        refused: set[str] = set()
        extensions: dict[str, Any] | None = None
        names = [
            selected
            for selected in self.engine.roots(operation, variables)
            if selected.name in COMPILED_ROOTS and selected.name != "__typename"
        ]
        if operation.kind is OperationType.QUERY and names:
            answer = await self.engine.execute(
                pool, operation, variables, document=document, actor=actor, purpose=purpose, only=names
            )
            root, people, fields = json.loads(answer.data), answer.person_ids, set(answer.fields)
            refused.update(_names(answer.withheld))
            if answer.withheld:
                extensions = {"withheld": withheld_extensions(answer.withheld)}
        context = RequestContext(actor, purpose, pool, self.engine, self.clock, request_id, operation, variables)
        answered = execute(
            self.engine.schema,
            operation.document,
            root_value=root,
            context_value=context,
            variable_values=dict(given),
            operation_name=operation.node.name.value if operation.node.name else None,
        )
        result = answered if isinstance(answered, ExecutionResult) else await answered
        if context.withheld:
            extensions = {"withheld": [*(extensions or {}).get("withheld", ()), *withheld_extensions(context.withheld)]}
        causes = [
            (as_hub_error(error, request_id) if error.original_error is not None else None, error)
            for error in result.errors or []
        ]
        errors = [
            error_body(cause, error.path)
            if cause is not None
            else {**error.formatted, "extensions": {"code": "GRAPHQL_EXECUTION_FAILED"}}
            for cause, error in causes
        ]
        first = causes[0][0] if causes else None
        # A mutation that failed leaves its own field null; nothing at all came of it where every field did.
        nothing = errors and (result.data is None or all(value is None for value in result.data.values()))
        return Outcome(
            data=json.dumps(result.data, ensure_ascii=False, default=str),
            errors=errors or None,
            extensions=extensions,
            status=(first.http_status if first is not None else 400) if nothing else 200,
            person_ids=tuple({*people, *context.person_ids}),
            fields=tuple(sorted(fields | context.fields)),
            refused=tuple(sorted({*refused, *_names(context.withheld), *_refused(cause for cause, _ in causes)})),
            allowed=not errors,
            reason=first.code if first is not None else "graphql" if errors else "",
            detail=context.detail,
        )


def _unrecorded() -> Reply:
    return error_reply(
        Unavailable("audit_unavailable", "The request could not be recorded, so it has no answer.", hint="Try again.")
    )


def _names(withheld: Sequence[Withheld]) -> tuple[str, ...]:
    """What was asked for and not given, or not in full, whatever the row.

    A path has words of the asker's choosing, a name has not.
    """
    return tuple(sorted({item.name for item in withheld if item.name and item.access != "varies"}))


def _refused(causes: Iterable[HubError | None]) -> set[str]:
    return {cause.refused for cause in causes if isinstance(cause, ForbiddenField) and cause.refused}


def _known_purpose(purpose: str) -> str:
    # The audit holds no text of a stranger's choosing.
    return purpose if purpose in load_grants().purposes else ""


def _known_name(name: str | None) -> str | None:
    return name[:100] if name is not None and _NAME.fullmatch(name) else None


_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")
