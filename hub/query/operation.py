"""Documents: parsed, validated, and the operation chosen. Pure; done once a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLBoolean,
    GraphQLError,
    GraphQLID,
    GraphQLInt,
    GraphQLSchema,
    GraphQLString,
    NamedTypeNode,
    OperationDefinitionNode,
    OperationType,
    TypeNode,
    VariableNode,
    is_enum_type,
    is_non_null_type,
    parse,
    validate,
    visit,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values
from graphql.language import DirectiveNode, Visitor

from hub.errors import LimitExceeded
from hub.query.ids import entity_of_id
from hub.query.limits import Limits, check_document, too_deep


class GraphQLErrors(Exception):
    """Errors that GraphQL itself defines: syntax, validation, variables."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        self.errors = list(errors)
        super().__init__("; ".join(error.message for error in errors))


@dataclass(frozen=True, slots=True)
class Operation:
    """A validated operation of a document.

    Attributes
    ----------
    variable_types
        Named type of each variable.
    switches
        Variables that directives look at, and enumerations (orders, languages): their values shape the answer.
    plain
        The variables, where all are of types whose values, when they are of the Python type named, are what they are.
    """

    document: DocumentNode
    node: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    variable_types: Mapping[str, str]
    switches: frozenset[str]
    plain: tuple[tuple[str, GraphQLVariableSignature, type], ...] | None = None

    @property
    def kind(self) -> OperationType:
        """query or mutation."""
        return self.node.operation

    @property
    def name(self) -> str | None:
        """Name of the operation, where it has one."""
        return self.node.name.value if self.node.name is not None else None


def parse_operation(
    schema: GraphQLSchema,
    document: str,
    operation_name: str | None,
    limits: Limits,
    *,
    hide_suggestions: bool = False,
) -> Operation:
    """Parse, validate and choose the operation.

    Parameters
    ----------
    hide_suggestions
        Errors do not say which names there are instead.

    Raises
    ------
    GraphQLErrors
        The document is not valid, or names no such operation.
    LimitExceeded, InvalidInput
        It is too large, too deep, or has too much in it.
    """
    if len(document) > limits.characters:
        raise LimitExceeded("document_too_large", f"A document has at most {limits.characters} characters.")
    try:
        parsed = parse(document, max_tokens=limits.tokens)
        check_document(parsed, limits)
        errors = validate(schema, parsed, hide_suggestions=hide_suggestions)
    except GraphQLError as error:
        raise GraphQLErrors([error]) from error
    except RecursionError as error:
        raise too_deep(limits) from error
    if errors:
        raise GraphQLErrors(errors)
    operations = [node for node in parsed.definitions if isinstance(node, OperationDefinitionNode)]
    if operation_name is not None:
        operations = [node for node in operations if node.name is not None and node.name.value == operation_name]
    if len(operations) != 1:
        raise GraphQLErrors([GraphQLError("Name one operation of the document in operationName.")])
    fragments = {node.name.value: node for node in parsed.definitions if isinstance(node, FragmentDefinitionNode)}
    types = {node.variable.name.value: _named(node.type) for node in operations[0].variable_definitions or ()}
    switches = _Switches()
    visit(parsed, switches)
    enums = {name for name, named in types.items() if is_enum_type(schema.type_map.get(named))}
    plain = _plain(schema, operations[0])
    return Operation(parsed, operations[0], fragments, types, frozenset(switches.names | enums), plain)


def _plain(
    schema: GraphQLSchema, operation: OperationDefinitionNode
) -> tuple[tuple[str, GraphQLVariableSignature, type], ...] | None:
    found = []
    for node in operation.variable_definitions or ():
        signature = get_variable_signature(schema, node)
        if isinstance(signature, GraphQLError):
            return None
        of = signature.type.of_type if is_non_null_type(signature.type) else signature.type
        kind = next((kind for scalar, kind in _PLAIN if scalar is of), None)
        if kind is None:
            return None
        found.append((signature.name, signature, kind))
    return tuple(found)


#: Coerced, such a value is the same value.
_PLAIN: tuple[tuple[object, type], ...] = (
    (GraphQLID, str),
    (GraphQLString, str),
    (GraphQLBoolean, bool),
    (GraphQLInt, int),
)


def read_variables(
    schema: GraphQLSchema, operation: Operation, given: Mapping[str, Any], *, hide_suggestions: bool = False
) -> VariableValues:
    """Coerced variables.

    Raises
    ------
    GraphQLErrors
        A variable is missing or of another type.
    """
    if operation.plain is not None and len(given) == len(operation.plain):
        # Nearly every request: half of what the library's general way costs would be finding out that it is one.
        sources, coerced = {}, {}
        for name, signature, kind in operation.plain:
            value = given.get(name)
            if type(value) is not kind or (type(value) is int and not -(2**31) <= value < 2**31):
                break
            sources[name], coerced[name] = VariableValueSource(signature, value), value
        else:
            return VariableValues(sources, coerced)
    found = get_variable_values(
        schema, operation.node.variable_definitions or (), dict(given), max_errors=10, hide_suggestions=hide_suggestions
    )
    if isinstance(found, list):
        raise GraphQLErrors(found)
    return found


def switches_of(operation: Operation, variables: VariableValues) -> tuple[Any, ...]:
    """What of the variables says which fields are asked for."""
    if not operation.switches:
        return ()
    return tuple((name, variables.coerced.get(name)) for name in sorted(operation.switches))


def shape_of(operation: Operation, variables: VariableValues) -> tuple[Any, ...]:
    """What of the variables shapes a statement.

    Which are there and which are null, with the keys of input objects; the values of enumerations, of what directives
    look at, and the type that an id names. Two runs of one shape differ in bound values only.
    """
    shape: list[Any] = []
    for name, value in sorted(variables.coerced.items()):
        if name in operation.switches:
            shape.append((name, value))
        elif operation.variable_types.get(name) == "ID" and isinstance(value, str):
            entity = entity_of_id(value)
            shape.append((name, entity.name if entity else ""))
        else:
            shape.append((name, _outline(value)))
    return tuple(shape)


def _outline(value: Any) -> Any:
    if isinstance(value, Enum):
        return (str(value.value),)
    if isinstance(value, Mapping):
        return tuple((name, _outline(value[name])) for name in sorted(value))
    return value is None


class _Switches(Visitor):
    """Collects the variables that stand in directives."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        """Note the variables of one directive."""
        for argument in node.arguments or ():
            if isinstance(argument.value, VariableNode):
                self.names.add(argument.value.name.value)


def _named(node: TypeNode) -> str:
    while not isinstance(node, NamedTypeNode):
        node = node.type  # type: ignore[attr-defined]  # lists and non-nulls have one
    return node.name.value
