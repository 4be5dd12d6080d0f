"""Random operations: fragments, aliases, directives, variables, nested lists with filters, orders and pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
)
from hypothesis import strategies as st

from schema.catalog import ENTITIES, camel, type_name
from tests.reference_resolvers import ORDERS, Library, key_of, make_cursor

_TEXTS: dict[str, tuple[str, ...]] = {
    "name": ("李红", "岩温罕", "O'Neil \"x\" \\"), "namePrefix": ("李", "O'", "%"), "sex": ("1", "2"),
    "citizenNumber": ("000627199001010001", "000627199001010007", "' OR true --"), "employmentStatus": ("employed",),
    "personCategory": ("exited",), "labourAbility": ("full", "none"), "householdKind": ("ordinary", "exited"),
    "monitoredKind": ("unstable", "edge"), "benefitKind": ("urban_minimum",), "wishScope": ("county",),
    "householdCode": ("H1", "H2"), "form": ("unit", "farming"), "kind": ("opening", "completion", "care", "unstable"),
    "state": ("open", "active", "closed"), "channel": ("local",), "occupationPrefix": ("6-05", "4", ""),
    "titleContains": ("工", "100%_"), "employerContains": ("1",), "certificateKind": ("completion",),
    "level": ("county", "prefecture"), "nameContains": ("镇雄", "昭"), "field": ("name", "health"),
    "department": ("civil_affairs",),
}  # fmt: skip
_LISTS = {"nationality": ("01", "06"), "education": ("70", "60"), "skillLevel": ("5",), "state": ("shown", "referred")}
_REGIONS = ("530000000000", "530627000000", "530627001000", "530602000000", "530627", "x")
_ENTITY_OF = {type_name(entity.name): entity.name for entity in ENTITIES.values()}


@dataclass(slots=True)
class Operation:
    """A document and the values of its variables."""

    document: str
    variables: dict[str, Any]


@dataclass(slots=True)
class _Writer:
    draw: Any
    schema: GraphQLSchema
    library: Library
    careless: bool
    definitions: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)
    names: int = 0

    def chance(self, part: int) -> bool:
        """True once in ``part`` times; false in the simplest operation, which otherwise would nest without end."""
        return bool(self.draw(st.integers(1, part)) == part)

    def pick(self, values: Any) -> Any:
        """One of some values."""
        return self.draw(st.sampled_from(list(values)))

    def name(self, prefix: str) -> str:
        """A name not used before."""
        self.names += 1
        return f"{prefix}{self.names}"

    # Selections

    def selection(self, kind: Any, depth: int) -> str:
        """A selection set on a type."""
        parts = [self.part(kind, depth) for _ in range(self.draw(st.integers(1, 4)))]
        return "{ " + " ".join(parts) + " }"

    def part(self, kind: Any, depth: int) -> str:
        """A field or a fragment."""
        if isinstance(kind, (GraphQLInterfaceType, GraphQLUnionType)):
            if self.chance(4):
                return "__typename" if isinstance(kind, GraphQLUnionType) or self.chance(2) else "id"
            member = self.pick(self.schema.get_possible_types(kind))
            return self.fragment(member, depth)
        if self.chance(6):
            interfaces = [kind, *kind.interfaces] if depth > 0 else [kind]
            return self.fragment(self.pick(interfaces), depth)
        text = self.field(kind, depth)
        # The same field once more merges with itself.
        return text + " " + text if self.chance(12) else text

    def fragment(self, kind: Any, depth: int) -> str:
        """An inline fragment, with or without its type, or a named one."""
        body = self.selection(kind, depth)
        switch = self.switch()
        if self.chance(3):
            name = self.name("F")
            self.fragments.append(f"fragment {name} on {kind.name} {body}")
            return f"...{name}{switch}"
        return f"... on {kind.name}{switch} {body}"

    def field(self, kind: GraphQLObjectType, depth: int) -> str:
        """A field with arguments, alias, directive and what is below."""
        fields = {name: item for name, item in kind.fields.items() if self.fits(item, depth)}
        if self.chance(10) or not fields:
            return "__typename" if self.chance(2) else f"{self.name('a')}: __typename"
        name = self.pick(self.favourites(fields))
        item = fields[name]
        arguments = self.arguments(item, name)
        # What has arguments gets a name of its own, so that no two of one name differ.
        alias = (
            f"{self.name('a')}: " if arguments or self.chance(5) or not is_leaf_type(get_named_type(item.type)) else ""
        )
        below = (
            ""
            if is_leaf_type(get_named_type(item.type))
            else " " + self.selection(get_named_type(item.type), depth - 1)
        )
        return f"{alias}{name}{arguments}{self.switch()}{below}"

    def favourites(self, fields: dict[str, GraphQLField]) -> list[str]:
        """Names to draw from: links and lists as often as all plain fields together."""
        deep = [name for name, item in fields.items() if not is_leaf_type(get_named_type(item.type))]
        plain = [name for name in fields if name not in deep]
        return deep if deep and (not plain or self.chance(2)) else plain

    def fits(self, item: GraphQLField, depth: int) -> bool:
        """Whether a field may still be drawn."""
        return depth > 0 or is_leaf_type(get_named_type(item.type))

    def switch(self) -> str:
        """A directive, now and then."""
        if not self.chance(8):
            return ""
        on = self.draw(st.booleans())
        value = self.variable("Boolean!", on) if self.chance(2) else str(on).lower()
        return f" @{self.pick(['skip', 'include'])}(if: {value})"

    # Arguments

    def arguments(self, item: GraphQLField, name: str) -> str:
        """Arguments of a field, in brackets; empty where it has none."""
        if "first" in item.args:
            return self.page(item)
        if "lang" in item.args:
            return f"(lang: {self.value('Language', self.pick(['ZH', 'EN']), enum=True)})" if self.chance(2) else ""
        if "representations" in item.args:
            return f"(representations: {self.representations()})"
        if "ids" in item.args:
            ids = [self.some_id(None) for _ in range(self.draw(st.integers(0, 4)))]
            return f"(ids: {self.value('[ID!]!', ids)})"
        if "id" in item.args:
            return f"(id: {self.value('ID!', self.some_id(None if name == 'node' else name))})"
        return ""

    def representations(self) -> str:
        """What a gateway asks by: whole in a variable, or written out with variables at any depth of it."""
        ids = [self.some_id(None) for _ in range(self.draw(st.integers(0, 4)))]
        # Now and then the type is another than the id's.
        kinds = ["Person" if self.careless and self.chance(4) else text.partition(":")[0] for text in ids]
        given = [{"__typename": kind, "id": text} for kind, text in zip(kinds, ids, strict=True)]
        if self.chance(2):
            return self.variable("[_Any!]!", given)
        written = []
        for one in given:
            if self.chance(3):
                written.append(self.variable("_Any!", one))
            else:
                text = self.variable("ID!", one["id"]) if self.chance(2) else literal(one["id"])
                written.append(f"{{__typename: {literal(one['__typename'])}, id: {text}}}")
        return "[" + ", ".join(written) + "]"

    def some_id(self, root: str | None) -> str:
        """An id, mostly of something that is there."""
        if self.careless and self.chance(4):
            wrong = ["Person:0", "Person:x", "Nobody:1", "", "Person:1 ", "Region:53", "Person:01"]
            return str(self.pick(wrong))
        names = [entity.name for entity in ENTITIES.values() if entity.node and root in (None, camel(entity.name))]
        entity = self.pick(names)
        row = self.pick(self.library.data[entity][:30])
        return f"{type_name(entity)}:{row[key_of(entity)]}"

    def page(self, item: GraphQLField) -> str:
        """Arguments of a list."""
        entity = _ENTITY_OF[get_named_type(item.type).name.removesuffix("Connection")]
        backward = self.chance(3)
        size = (
            self.draw(st.sampled_from([-1, 501])) if self.careless and self.chance(20) else self.draw(st.integers(0, 5))
        )
        parts: dict[str, str] = {}
        if not self.careless or not self.chance(25):
            parts["last" if backward else "first"] = self.value("Int!" if self.chance(2) else "Int", size)
        order = "key"
        if "order" in item.args and self.chance(2):
            kind = get_named_type(item.args["order"].type)
            assert isinstance(kind, GraphQLEnumType)
            chosen = self.pick(kind.values)
            order = chosen.lower()
            parts["order"] = self.value(kind.name, chosen, enum=True)
        if self.chance(3):
            parts["before" if backward else "after"] = self.value("String", self.cursor(entity, order))
        if "filter" in item.args and self.chance(2):
            kind = get_named_type(item.args["filter"].type)
            assert isinstance(kind, GraphQLInputObjectType)
            parts["filter"] = self.filter(kind)
        return "(" + ", ".join(f"{name}: {text}" for name, text in parts.items()) + ")" if parts else ""

    def cursor(self, entity: str, order: str) -> str | None:
        """A cursor of some row of the entity, or something that is none."""
        if self.careless and self.chance(10):
            return str(self.pick(["x", "", "W10=", make_cursor(f"{entity}.other", None, 1)]))
        if self.chance(10) or not self.library.data[entity]:
            return None
        row = self.pick(self.library.data[entity][:40])
        column, _ = ORDERS.get((entity, order), (None, False))
        return make_cursor(f"{entity}.{order}", row[column] if column else None, row[key_of(entity)])

    def filter(self, kind: GraphQLInputObjectType) -> str:
        """A filter: written out, partly or wholly in variables."""
        names = self.draw(st.lists(st.sampled_from(sorted(kind.fields)), max_size=2, unique=True))
        given = {name: self.filter_value(name, str(kind.fields[name].type)) for name in names}
        if self.chance(3):
            return self.variable(kind.name, given)
        parts = [
            f"{name}: {self.variable(str(kind.fields[name].type), value) if self.chance(2) else literal(value)}"
            for name, value in given.items()
        ]
        return "{" + ", ".join(parts) + "}"

    def filter_value(self, name: str, kind: str) -> Any:
        """A value for one filter."""
        if self.chance(12):
            return None
        if kind == "Boolean":
            return self.draw(st.booleans())
        if kind == "Int":
            ages = [-1, 151] if self.careless and self.chance(10) else [0, 14, 16, 18, 36, 60]
            return self.pick(ages) if name.startswith("age") else self.pick([0, 3500, 4001])
        if kind == "Date":
            return self.pick(["2008-02-29", "1990-02-28", "2026-02-02"])
        if kind == "[String!]":
            return self.draw(st.lists(st.sampled_from(_LISTS[name]), max_size=2))
        if name.endswith("Region") or name in ("region", "inside"):
            return self.pick(_REGIONS if self.careless and self.chance(8) else _REGIONS[:4])
        return self.pick(_TEXTS[name])

    def value(self, kind: str, value: Any, *, enum: bool = False) -> str:
        """A value: literally, or as a variable with or without a default."""
        if self.chance(2):
            return self.variable(kind, value)
        return str(value) if enum else literal(value)

    def variable(self, kind: str, value: Any) -> str:
        """A new variable that holds a value: given, or by its default."""
        name = self.name("v")
        by_default = not kind.endswith("!") and value is not None and isinstance(value, (int, str)) and self.chance(3)
        if by_default:
            enum = isinstance(self.schema.type_map.get(kind), GraphQLEnumType)
            self.definitions[name] = f"${name}: {kind} = {value if enum else literal(value)}"
        else:
            self.definitions[name] = f"${name}: {kind}"
            if value is not None or self.chance(2):
                self.values[name] = value
        return f"${name}"


def literal(value: Any) -> str:
    """A value as GraphQL writes it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)


def write_operation(draw: Any, schema: GraphQLSchema, library: Library, roots: frozenset[str]) -> Operation:
    """A valid query over compiled root fields; one in three is careless about values."""
    writer = _Writer(draw, schema, library, careless=draw(st.integers(1, 3)) == 1)
    query = schema.query_type
    assert query is not None
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(sorted(roots & query.fields.keys())))
        item = query.fields[name]
        below = writer.selection(get_named_type(item.type), draw(st.integers(1, 4)))
        parts.append(f"{writer.name('a')}: {name}{writer.arguments(item, name)}{writer.switch()} {below}")
    if writer.chance(5):
        parts.append("__typename")
    head = f"query ({', '.join(writer.definitions.values())}) " if writer.definitions else ""
    return Operation("\n".join([head + "{ " + " ".join(parts) + " }", *writer.fragments]), writer.values)


operations = st.composite(write_operation)
