"""Selection: what an operation asks for, with fragments spread out, directives decided and duplicates merged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLAbstractType,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionSetNode,
)
from graphql.execution.values import VariableValues, get_directive_values
from graphql.type import is_abstract_type


@dataclass(frozen=True, slots=True)
class Selected:
    """One response key: the field behind it and all nodes that ask for it."""

    key: str
    name: str
    nodes: tuple[FieldNode, ...]

    @property
    def sets(self) -> tuple[SelectionSetNode, ...]:
        """The selection sets below, to be merged."""
        return tuple(node.selection_set for node in self.nodes if node.selection_set is not None)


@dataclass(frozen=True, slots=True)
class Selector:
    """Collects fields for a concrete type.

    Source: GraphQL specification, section 6.3.2, CollectFields.
    """

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: VariableValues

    def collect(self, type_name: str, sets: tuple[SelectionSetNode, ...]) -> list[Selected]:
        """Fields asked for on an object of ``type_name``, in the order of their first mention."""
        found: dict[str, list[FieldNode]] = {}
        visited: set[str] = set()
        for one in sets:
            for node in self._walk(type_name, one, visited):
                key = node.alias.value if node.alias else node.name.value
                found.setdefault(key, []).append(node)
        return [Selected(key, nodes[0].name.value, tuple(nodes)) for key, nodes in found.items()]

    def _walk(self, type_name: str, selections: SelectionSetNode, visited: set[str]) -> Iterator[FieldNode]:
        for node in selections.selections:
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, InlineFragmentNode):
                if node.type_condition is None or self._applies(type_name, node.type_condition.name.value):
                    yield from self._walk(type_name, node.selection_set, visited)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in visited:
                visited.add(node.name.value)
                fragment = self.fragments[node.name.value]
                if self._applies(type_name, fragment.type_condition.name.value):
                    yield from self._walk(type_name, fragment.selection_set, visited)

    def _applies(self, type_name: str, condition: str) -> bool:
        if condition == type_name:
            return True
        abstract = self.schema.type_map.get(condition)
        concrete = self.schema.type_map.get(type_name)
        if not is_abstract_type(abstract) or not isinstance(concrete, GraphQLObjectType):
            return False
        assert isinstance(abstract, GraphQLAbstractType)  # noqa: S101 - what is_abstract_type says, for the type checker
        return self.schema.is_sub_type(abstract, concrete)

    def _included(self, node: Any) -> bool:
        skip = get_directive_values(GraphQLSkipDirective, node, self.variables)
        if skip and skip["if"] is True:
            return False
        include = get_directive_values(GraphQLIncludeDirective, node, self.variables)
        return not (include and include["if"] is False)
