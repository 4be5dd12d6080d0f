"""The engine: a document in, finished JSON out, one SQL statement a registry operation.

Parsing and validating happen once a document, compiling once a document, role and shape of variables; both caches are
bounded. What is cached holds no value from any request.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

import asyncpg
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
    validate,
)
from graphql.execution.values import VariableValues, get_variable_values

from hub.access.actor import Actor
from hub.access.policy import Claims, Decisions, decide
from hub.clock import Clock
from hub.errors import InvalidInput, LimitExceeded
from hub.query.binding import read_arguments, values_of
from hub.query.compile import Compiler, Statement, Withheld, entity_of_id
from hub.query.selection import Selected, Selector
from schema.catalog import ENTITIES, camel
from schema.grants import load_grants

K = TypeVar("K")
V = TypeVar("V")

_MOST_TOKENS = 4000
_LONGEST_DOCUMENT = 100_000
#: Root fields that the compiler answers.
COMPILED_ROOTS = frozenset(
    {"node", "__typename"}
    | {camel(e.name) for e in ENTITIES.values() if e.node}
    | {camel(e.name + "s") for e in ENTITIES.values() if e.node}
)


class Lru(Generic[K, V]):
    """A bounded cache that forgets what was not used longest."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """What is held under ``key``."""
        value = self._held.get(key)
        if value is not None:
            self._held.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> None:
        """Hold ``value``."""
        self._held[key] = value
        self._held.move_to_end(key)
        while len(self._held) > self._most:
            self._held.popitem(last=False)

    def __len__(self) -> int:
        return len(self._held)


@dataclass(frozen=True, slots=True)
class Operation:
    """A validated operation of a document."""

    document: DocumentNode
    node: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    variable_types: Mapping[str, str]

    @property
    def kind(self) -> OperationType:
        """query or mutation."""
        return self.node.operation


@dataclass(frozen=True, slots=True)
class Answer:
    """Data of the compiled roots as JSON text, and what goes beside it."""

    data: str
    person_ids: list[int]
    fields: tuple[str, ...]
    withheld: tuple[Withheld, ...]
    from_cache: bool


class Engine:
    """Answers the compiled part of operations."""

    def __init__(self, schema: GraphQLSchema, clock: Clock, *, documents: int = 1000, plans: int = 2000) -> None:
        self.schema = schema
        self._clock = clock
        self._operations: Lru[tuple[str, str | None], Operation] = Lru(documents)
        self._statements: Lru[tuple[Any, ...], Statement] = Lru(plans)

    def read_operation(self, document: str, operation_name: str | None) -> Operation:
        """Parse, validate and choose the operation.

        Raises
        ------
        GraphQLErrors
            The document is not valid, or names no such operation.
        LimitExceeded
            ``document_too_large``.
        """
        held = self._operations.get((document, operation_name))
        if held is not None:
            return held
        if len(document) > _LONGEST_DOCUMENT:
            raise LimitExceeded("document_too_large", f"A document has at most {_LONGEST_DOCUMENT} characters.")
        try:
            parsed = parse(document, max_tokens=_MOST_TOKENS)
        except GraphQLError as error:
            raise GraphQLErrors([error]) from error
        errors = validate(self.schema, parsed)
        if errors:
            raise GraphQLErrors(errors)
        operations = [node for node in parsed.definitions if isinstance(node, OperationDefinitionNode)]
        if operation_name is not None:
            operations = [node for node in operations if node.name is not None and node.name.value == operation_name]
        if len(operations) != 1:
            raise GraphQLErrors([GraphQLError("Name one operation of the document in operationName.")])
        fragments = {node.name.value: node for node in parsed.definitions if isinstance(node, FragmentDefinitionNode)}
        types = {
            variable.variable.name.value: _named(variable.type) for variable in operations[0].variable_definitions or ()
        }
        operation = Operation(parsed, operations[0], fragments, types)
        self._operations.put((document, operation_name), operation)
        return operation

    def read_variables(self, operation: Operation, given: Mapping[str, Any]) -> VariableValues:
        """Coerced variables.

        Raises
        ------
        GraphQLErrors
            A variable is missing or of another type.
        """
        found = get_variable_values(self.schema, operation.node.variable_definitions or (), dict(given), max_errors=10)
        if isinstance(found, list):
            raise GraphQLErrors(found)
        return found

    def roots(self, operation: Operation, variables: VariableValues) -> list[Selected]:
        """The root fields asked for."""
        selector = Selector(self.schema, operation.fragments, variables)
        name = "Query" if operation.kind is OperationType.QUERY else "Mutation"
        return selector.collect(name, (operation.node.selection_set,))

    async def execute(
        self,
        connection: asyncpg.Connection | asyncpg.Pool,
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
        """
        decisions = decide(actor, purpose)
        name = operation.node.name.value if operation.node.name else None
        shape = _shape(variables.coerced, operation.variable_types)
        key = (document, name, decisions.key, only is not None, shape)
        statement = self._statements.get(key)
        cached = statement is not None
        if statement is None:
            selector = Selector(self.schema, operation.fragments, variables)
            compiler = Compiler(self.schema, selector, decisions, as_objects=only is not None)
            roots = only if only is not None else self.roots(operation, variables)
            statement = compiler.compile_roots([root for root in roots if root.name != "__typename"])
            self._statements.put(key, statement)
        row = await self._fetch(connection, statement, variables, actor, decisions)
        data: str = row["data"]
        return Answer(data, row["person_ids"], statement.fields, statement.withheld, cached)

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
    ) -> dict[str, Any] | None:
        """What a mutation returns: one item as a dictionary by response key; None out of the actor's sight."""
        decisions = decide(actor, purpose)
        compiler = Compiler(self.schema, Selector(self.schema, fragments, variables), decisions, as_objects=True)
        statement = compiler.compile_item(entity, key, sets, path)
        row = await self._fetch(connection, statement, variables, actor, decisions)
        found: dict[str, Any] | None = json.loads(row["data"]) if row["data"] is not None else None
        return found

    async def _fetch(
        self,
        connection: asyncpg.Connection | asyncpg.Pool,
        statement: Statement,
        variables: VariableValues,
        actor: Actor,
        decisions: Decisions,
    ) -> asyncpg.Record:
        arguments = read_arguments(statement.bindings.fields, variables)
        for check in statement.bindings.checks:
            check(arguments)
        claims = Claims.of(actor, today=self._clock.today(), closed_under_years=load_grants().closed_under_years)
        try:
            values = values_of(statement.bindings.sources, arguments, claims)
            return await connection.fetchrow(statement.text, *values)
        except (asyncpg.DataError, OverflowError) as error:
            raise InvalidInput(
                "value_invalid", "A value does not fit its field.", hint="Check the arguments."
            ) from error


class GraphQLErrors(Exception):
    """Errors that GraphQL itself defines: syntax, validation, variables."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        self.errors = list(errors)
        super().__init__("; ".join(error.message for error in errors))


def withheld_extensions(withheld: Sequence[Withheld]) -> list[dict[str, str]]:
    """Withheld and masked fields, as an answer's extensions say them."""
    return [{"path": item.path, "access": item.access, "reason": item.reason} for item in withheld]


def _named(node: Any) -> str:
    while hasattr(node, "type"):
        node = node.type
    return str(node.name.value)


def _shape(value: Mapping[str, Any], types: Mapping[str, str]) -> tuple[Any, ...]:
    """What of the variables shapes the text: which are there, flags for directives, orders, kinds of ids."""
    shape: list[Any] = []
    for name in sorted(value):
        item = value[name]
        if isinstance(item, bool):
            shape.append((name, item))
        elif types.get(name) == "ID" and isinstance(item, str):
            entity = entity_of_id(item)
            shape.append((name, entity.name if entity else ""))
        else:
            shape.append((name, _outline(item)))
    return tuple(shape)


def _outline(item: Any) -> Any:
    if isinstance(item, Enum):
        return str(item.value)
    if isinstance(item, Mapping):
        return tuple((name, _outline(item[name])) for name in sorted(item))
    return None if item is None else type(item).__name__
