"""Arguments of a field: what shapes the statement is read when it is made, the values when it is run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    ListValueNode,
    ObjectValueNode,
    ValueNode,
    VariableNode,
    get_named_type,
)
from graphql.execution.values import VariableValues, get_argument_values

from hub.query.binding import Convert, FromNode, FromVariable, Literally, Source


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of one field of an operation.

    Which of them are there and not null belongs to the shape of the operation, so it may decide on the text; values
    may not, but for enumerations and ids, which belong to the shape too.
    """

    definition: GraphQLField
    node: FieldNode
    values: dict[str, Any]

    @classmethod
    def of(cls, definition: GraphQLField, node: FieldNode, variables: VariableValues) -> Arguments:
        """Read the arguments of a field."""
        return cls(definition, node, get_argument_values(definition, node, variables))

    def given(self, *path: str) -> Any:
        """The value at ``path``, an enumeration's by its inner value; None where there is none."""
        value: Any = self.values
        for step in path:
            value = value.get(step) if value is not None else None
        return getattr(value, "value", value)

    def source(self, *path: str, convert: Convert | None = None) -> Source:
        """Where the value at ``path`` comes from at each run."""
        name, *rest = path
        argument = next((item for item in self.node.arguments or () if item.name.value == name), None)
        if argument is None:
            return Literally(self.given(*path), convert)
        node: ValueNode | None = argument.value
        kind: GraphQLInputType = self.definition.args[name].type
        while rest and isinstance(node, ObjectValueNode):
            held = get_named_type(kind)
            assert isinstance(held, GraphQLInputObjectType)  # noqa: S101 - validation saw to it
            step = rest.pop(0)
            kind = held.fields[step].type
            node = next((item.value for item in node.fields if item.name.value == step), None)
        if isinstance(node, VariableNode):
            return FromVariable(node.name.value, tuple(rest), convert)
        if node is None or not _has_variable(node):
            return Literally(self.given(*path), convert)
        return FromNode(node, kind, convert)


def _has_variable(node: ValueNode) -> bool:
    if isinstance(node, ListValueNode):
        return any(_has_variable(item) for item in node.values)
    if isinstance(node, ObjectValueNode):
        return any(_has_variable(item.value) for item in node.fields)
    return isinstance(node, VariableNode)
