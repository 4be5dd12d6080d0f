"""The engine: a document in, finished JSON out, one SQL statement a registry operation.

Parsing and validating happen once a document; planning and compiling once a document, operation, kind of actor,
purpose, grants in force and shape of variables. Both caches are bounded and belong to one schema. What is cached holds
no value from any request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import asyncpg
from graphql import FragmentDefinitionNode, GraphQLError, GraphQLSchema, SelectionSetNode
from graphql.execution.values import VariableValues

from hub.access.actor import Actor
from hub.access.claimed import ActorPool
from hub.access.policy import Claims, Decisions, decide
from hub.clock import Clock
from hub.errors import InvalidInput
from hub.query.binding import Run, values_of
from hub.query.cache import Lru
from hub.query.compile import Statement, compile_plan
from hub.query.counts import tell_small_counts
from hub.query.limits import Limits, check_cost
from hub.query.operation import GraphQLErrors, Operation, parse_operation, read_variables, shape_of, switches_of
from hub.query.plan import Planner, roots_of_items, roots_of_lists
from hub.query.selection import Selected, Selector
from hub.query.tree import Withheld
from hub.tracing import span, sql_span
from schema.grants import load_grants

__all__ = ["COMPILED_ROOTS", "Answer", "Engine", "GraphQLErrors", "Operation", "withheld_extensions"]

#: Root fields that the compiler answers.
COMPILED_ROOTS = frozenset({"node", "nodes", "_entities", "__typename", *roots_of_items(), *roots_of_lists()})


@dataclass(frozen=True, slots=True)
class Answer:
    """Data of the compiled roots as JSON text, and what goes beside it.

    Attributes
    ----------
    person_ids
        Whose data the answer holds, at any depth; each once.
    fields
        ``entity.field`` of all that was read.
    from_cache
        The statement had been compiled before.
    """

    data: str
    person_ids: list[int]
    fields: tuple[str, ...]
    withheld: tuple[Withheld, ...]
    from_cache: bool


class Engine:
    """Answers the compiled part of operations.

    Parameters
    ----------
    documents, plans
        How many of them are kept.
    hide_suggestions
        Errors do not say which names there are instead of one that is not.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        clock: Clock,
        *,
        documents: int = 1000,
        plans: int = 2000,
        limits: Limits | None = None,
        hide_suggestions: bool = False,
    ) -> None:
        self.schema, self._hide_suggestions = schema, hide_suggestions
        self.limits = limits or Limits()
        self._clock = clock
        self._operations: Lru[tuple[str, str | None], Operation] = Lru(documents)
        self._roots: Lru[tuple[Any, ...], tuple[Operation, list[Selected]]] = Lru(plans)
        self._statements: Lru[tuple[Any, ...], Statement] = Lru(plans)

    def read_operation(self, document: str, operation_name: str | None) -> Operation:
        """The operation of a document, parsed and validated when it is first seen.

        Raises
        ------
        GraphQLErrors
            The document is not valid, or names no such operation.
        LimitExceeded, InvalidInput
            It is too large, too deep, or has too much in it.
        """
        held = self._operations.get((document, operation_name))
        if held is None:
            with span("parse"):
                held = parse_operation(
                    self.schema, document, operation_name, self.limits, hide_suggestions=self._hide_suggestions
                )
            self._operations.put((document, operation_name), held)
        return held

    def cache_figures(self) -> dict[str, int]:
        """Compiled plans found and not found since the start, plans held, documents held."""
        plans = self._statements
        return {"hits": plans.hits, "misses": plans.misses, "plans": len(plans), "documents": len(self._operations)}

    def read_variables(self, operation: Operation, given: Mapping[str, Any]) -> VariableValues:
        """Coerced variables.

        Raises
        ------
        GraphQLErrors
            A variable is missing or of another type.
        """
        return read_variables(self.schema, operation, given, hide_suggestions=self._hide_suggestions)

    def roots(self, operation: Operation, variables: VariableValues) -> list[Selected]:
        """The root fields asked for."""
        key = (id(operation), switches_of(operation, variables))
        held = self._roots.get(key)
        if held is None or held[0] is not operation:
            selector = Selector(self.schema, operation.fragments, variables)
            held = operation, selector.collect(operation.kind.value.capitalize(), (operation.node.selection_set,))
            self._roots.put(key, held)
        return held[1]

    def select(
        self, operation: Operation, variables: VariableValues, name: str, sets: tuple[SelectionSetNode, ...]
    ) -> list[Selected]:
        """The fields asked for of an object of the type ``name``."""
        return Selector(self.schema, operation.fragments, variables).collect(name, sets)

    async def execute(
        self,
        connection: asyncpg.Connection | asyncpg.Pool | ActorPool,
        operation: Operation,
        variables: VariableValues,
        *,
        document: str,
        actor: Actor,
        purpose: str,
        only: Sequence[Selected] | None = None,
    ) -> Answer:
        """Answer the compiled root fields of a query in one statement.

        Parameters
        ----------
        only
            The root fields to answer, where an executor answers the others and completes these.

        Raises
        ------
        HubError
            The query asks for what it may not, or for too much.
        GraphQLErrors
            An argument cannot be used as it stands.
        """
        decisions = decide(actor, purpose, today=self._clock.today())
        key = (document, operation.name, decisions.key, only is not None, shape_of(operation, variables))
        statement = self._statements.get(key)
        cached = statement is not None
        if statement is None:
            with span("compile"):
                statement = self.compile(operation, variables, decisions, only=only)
            self._statements.put(key, statement)
        return await self._answer(connection, statement, variables, actor, from_cache=cached)

    def compile(
        self,
        operation: Operation,
        variables: VariableValues,
        decisions: Decisions,
        *,
        only: Sequence[Selected] | None = None,
    ) -> Statement:
        """The statement of an operation for one shape of variables; raises as :meth:`execute` does."""
        roots = only if only is not None else self.roots(operation, variables)
        planner = self._planner(operation.fragments, variables, decisions)
        try:
            plan = planner.plan_roots([root for root in roots if root.name in COMPILED_ROOTS])
        except GraphQLError as error:
            raise GraphQLErrors([error]) from error
        return compile_plan(plan, decisions, as_objects=only is not None)

    async def fetch_item(
        self,
        connection: asyncpg.Connection,
        *,
        entity: str,
        key: Any,
        sets: tuple[SelectionSetNode, ...],
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: VariableValues,
        path: str,
        actor: Actor,
        purpose: str,
        as_objects: bool = True,
    ) -> Answer:
        """What a mutation returns or an event tells: one item by response key; JSON's null out of the actor's sight.

        Parameters
        ----------
        as_objects
            An executor will complete the values.
        """
        decisions = decide(actor, purpose, today=self._clock.today())
        try:
            plan = self._planner(fragments, variables, decisions).plan_item(entity, key, sets, path)
        except GraphQLError as error:
            raise GraphQLErrors([error]) from error
        statement = compile_plan(plan, decisions, as_objects=as_objects, alone=True)
        return await self._answer(connection, statement, variables, actor, from_cache=False, below=path)

    def _planner(
        self, fragments: Mapping[str, FragmentDefinitionNode], variables: VariableValues, decisions: Decisions
    ) -> Planner:
        return Planner(self.schema, Selector(self.schema, fragments, variables), decisions, self.limits)

    async def _answer(
        self,
        connection: asyncpg.Connection | asyncpg.Pool | ActorPool,
        statement: Statement,
        variables: VariableValues,
        actor: Actor,
        *,
        from_cache: bool,
        below: str = "",
    ) -> Answer:
        today = self._clock.today()
        claims = _claims(actor, today)
        run = Run(variables, claims, today)
        check_cost(statement.cost, run, self.limits)
        values_of(statement.checks, run)
        try:
            with sql_span(statement.text):
                row = await connection.fetchrow(statement.text, *values_of(statement.sources, run))
        except (asyncpg.DataError, OverflowError) as error:
            raise InvalidInput(
                "value_invalid", "A value does not fit its field.", hint="Check the arguments."
            ) from error
        people = sorted(set(row["person_ids"]))
        data = row["data"] if row["data"] is not None else "null"
        withheld = tell_small_counts(data, statement.withheld, statement.counts, below=below)
        return Answer(data, people, statement.fields, withheld, from_cache)


@lru_cache(maxsize=1024)
def _claims(actor: Actor, today: date) -> Claims:
    return Claims.of(actor, today=today, closed_under_years=load_grants().closed_under_years)


def withheld_extensions(withheld: Sequence[Withheld]) -> list[dict[str, str]]:
    """Withheld and masked fields, as an answer's extensions say them."""
    return [{"path": item.path, "access": item.access, "reason": item.reason} for item in withheld]
