"""Plan: a selection and the decisions on it become a tree that says what is read of which rows.

What may not be read is decided here: a withheld field is planned as null and told of, a list that is narrowed or
ordered by one is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, SelectionSetNode

from hub.access.policy import Decisions, FieldDecision
from hub.query.arguments import Arguments
from hub.query.binding import Literally, Source, SqlType
from hub.query.counts import ROUNDED
from hub.query.ids import entity_of_id, ids_of_representations, key_of_id, kinds_and_keys
from hub.query.limits import LONGEST_KEY, Limits, too_deep, too_many_items
from hub.query.paging import check_text, plan_page
from hub.query.refusals import ForbiddenField, invalid_value
from hub.query.selection import Selected, Selector
from hub.query.tree import (
    ById,
    ByIds,
    Condition,
    Cost,
    Count,
    Cursor,
    Edges,
    Identifier,
    Item,
    Label,
    Name,
    Nodes,
    Nothing,
    One,
    Paged,
    PageFact,
    PageFacts,
    Part,
    Plan,
    Root,
    Row,
    Target,
    Value,
    Withheld,
)
from schema.catalog import ENTITIES, Entity, Field, Link, camel, plural_of, type_name
from schema.codes import LISTS
from schema.filters import FILTERS, Filter, FilterType
from schema.regions import prefix_of
from schema.told import REASON_FIELDS

#: Keys that are fields, or made of them.
_KEY_FIELDS = {
    "region": ("region_code",),
    "benefit_month": ("month",),
    "provenance": ("field",),
    "recommendation": ("run_id", "kind", "rank"),
}
#: The field that says why; what it reads is cut to what is open.
_REASONS = ("recommendation", "reasons")

Sets = tuple[SelectionSetNode, ...]
Lists = list[tuple[Source, Cost]]


@dataclass(slots=True)
class Planner:
    """Plans one operation."""

    schema: GraphQLSchema
    selector: Selector
    decisions: Decisions
    limits: Limits = field(default_factory=Limits)
    _withheld: dict[Withheld, None] = field(default_factory=dict)
    _fields: set[str] = field(default_factory=set)
    _counts: dict[str, None] = field(default_factory=dict)
    _items: int = 0  # all fields asked for
    _own: int = 0  # those of the rows just being planned, for the cost

    def plan_roots(self, roots: Sequence[Selected]) -> Plan:
        """Plan compiled root fields.

        Raises
        ------
        HubError
            The query asks for what it may not, or for too much.
        """
        lists: Lists = []
        planned = [(root.key, self._root(root, lists)) for root in roots]
        return self._plan(planned, lists)

    def plan_item(self, entity: str, key: Any, sets: Sets, path: str) -> Plan:
        """Plan one item by its key, for what a mutation returns."""
        lists: Lists = []
        return self._plan([("item", self._by_key(ENTITIES[entity], Literally(key), sets, path, lists))], lists)

    def _plan(self, roots: list[tuple[str, Root]], lists: Lists) -> Plan:
        cost = Cost(self._own, tuple(lists))
        return Plan(tuple(roots), tuple(self._withheld), tuple(sorted(self._fields)), cost, tuple(self._counts))

    # Root fields

    def _root(self, root: Selected, lists: Lists) -> Root:
        if root.name == "__typename":
            return Name("Query")
        arguments = self._arguments("Query", root)
        if root.name == "nodes":
            return self._by_ids(root, arguments, lists)
        if root.name == "_entities":
            return self._by_representations(root, arguments, lists)
        if root.name == "node":
            entity = entity_of_id(arguments.given("id"))
            return self._by_id(entity, root, arguments, lists) if entity is not None else Nothing()
        entity = roots_of_items().get(root.name)
        if entity is not None:
            return self._by_id(entity, root, arguments, lists)
        return self._list(roots_of_lists()[root.name], None, root, arguments, root.key, lists)

    def _by_id(self, entity: Entity, root: Selected, arguments: Arguments, lists: Lists) -> Root:
        def key_in(text: str, _: date) -> Any:
            return key_of_id(text, entity)

        return self._by_key(entity, arguments.source("id", convert=key_in), root.sets, root.key, lists)

    def _by_key(self, entity: Entity, key: Source, sets: Sets, path: str, lists: Lists) -> Root:
        if not self._sees(entity, path):
            return Nothing()
        return ById(self._row(entity, sets, path, lists), key)

    def _by_ids(self, root: Selected, arguments: Arguments, lists: Lists) -> ByIds:
        below: Lists = []
        before = self._own
        rows = tuple(
            self._row(entity, root.sets, root.key, below)
            for entity in roots_of_items().values()
            if self._sees(entity, root.key)
        )
        size = arguments.source("ids", convert=lambda ids, _: len(ids))
        lists.append((size, Cost(self._own - before, tuple(below))))
        self._own = before
        kinds = arguments.source("ids", convert=lambda ids, _: kinds_and_keys(ids)[0])
        return ByIds(rows, kinds, arguments.source("ids", convert=lambda ids, _: kinds_and_keys(ids)[1]))

    def _by_representations(self, root: Selected, arguments: Arguments, lists: Lists) -> ByIds:
        """What a gateway asks for, by objects that hold an id each."""
        below: Lists = []
        before = self._own
        rows = tuple(
            self._row(entity, root.sets, root.key, below)
            for entity in roots_of_items().values()
            if self._asked_of(entity, root)
        )
        size = arguments.source("representations", convert=lambda given, _: len(given))
        lists.append((size, Cost(self._own - before, tuple(below))))
        self._own = before
        kinds = arguments.source(
            "representations", convert=lambda given, _: kinds_and_keys(ids_of_representations(given))[0]
        )
        keys = arguments.source(
            "representations", convert=lambda given, _: kinds_and_keys(ids_of_representations(given))[1]
        )
        return ByIds(rows, kinds, keys)

    def _asked_of(self, entity: Entity, root: Selected) -> bool:
        """Whether an entity can be seen; that it cannot is only worth telling where something is asked of it."""
        if self.selector.collect(type_name(entity.name), root.sets):
            return self._sees(entity, root.key)
        return self.decisions.sees(entity.name)

    # Rows

    def _row(self, entity: Entity, sets: Sets, path: str, lists: Lists) -> Row:
        # A row's own fields stand one key below it.
        if path.count(".") + 2 > self.limits.depth:
            raise too_deep(self.limits)
        items = tuple(
            (selected.key, self._item(entity, selected, f"{path}.{selected.key}", lists))
            for selected in self._collect(type_name(entity.name), sets)
        )
        return Row(entity, items)

    def _item(self, entity: Entity, selected: Selected, path: str, lists: Lists) -> Item:
        if selected.name == "__typename":
            return Name(type_name(entity.name))
        if selected.name == "id":
            self._key_must_be_open(entity, "id")
            return Identifier()
        member = members_of(entity.name)[selected.name]
        if isinstance(member, Field):
            return self._value(entity, member, selected, path)
        if member.many:
            arguments = self._arguments(type_name(entity.name), selected)
            return self._list(ENTITIES[member.target], member, selected, arguments, path, lists)
        if member.target == "Target":
            rows = [self._row(ENTITIES[name], selected.sets, path, lists) for name in self._targets(member, path)]
            return Target(member, tuple(rows))
        target = ENTITIES[member.target]
        if not self._sees(target, path):
            return Nothing()
        return One(member, self._row(target, selected.sets, path, lists))

    def _targets(self, link: Link, path: str) -> list[str]:
        return [name for name in link.keys if self._sees(ENTITIES[name], path)]

    def _value(self, entity: Entity, item: Field, selected: Selected, path: str) -> Item:
        decision = self.decisions.field(entity.name, item.name)
        self._fields.add(f"{entity.name}.{item.name}")
        if decision.access != "open":
            name = f"{entity.name}.{item.name}"
            self._withheld[Withheld(path, decision.access, decision.reason, name)] = None
        if decision.access == "withheld":
            return Nothing()
        if (entity.name, item.name) == _REASONS:
            return self._reasons(item, decision, path)
        if selected.name == camel(item.name) or item.codes is None:
            return Value(item, decision)
        english = self._arguments(type_name(entity.name), selected).given("lang") == "en"
        words = {entry.code: entry.en if english else entry.zh for entry in LISTS[item.codes].entries}
        return Label(item, decision, words)

    def _reasons(self, item: Field, decision: FieldDecision, path: str) -> Value:
        """Reasons as far as what they read is open. Which of them a row has is not said of those that are left out."""
        entity = _REASONS[0]
        closed = {code: self.decisions.closed_to(entity, names) for code, names in REASON_FIELDS.items()}
        left_out = sorted({name for names in closed.values() for name in names})
        if not left_out:
            return Value(item, decision)
        self._withheld[Withheld(path, "masked", "not_told:" + ",".join(left_out))] = None
        return Value(item, decision, tuple(code for code, names in closed.items() if not names))

    # Lists

    def _list(
        self, entity: Entity, link: Link | None, selected: Selected, arguments: Arguments, path: str, lists: Lists
    ) -> Paged:
        page = plan_page(entity.name, arguments)
        if page.order is not None:
            self._must_be_open(entity.name, page.order.field, "order")
        conditions = tuple(
            self._condition(entity, item, arguments)
            for item in FILTERS.get(entity.name, ())
            if arguments.given("filter", camel(item.name)) is not None
        )
        seen = self._sees(entity, path)
        before = self._own
        below: Lists = []
        parts = tuple(
            (part.key, self._part(entity, part, f"{path}.{part.key}", below))
            for part in self._collect(type_name(entity.name) + "Connection", selected.sets)
        )
        lists.append((page.size, Cost(self._own - before, tuple(below))))
        self._own = before
        return Paged(entity, link, page, conditions, parts, seen)

    def _part(self, entity: Entity, part: Selected, path: str, lists: Lists) -> Part:
        connection = type_name(entity.name) + "Connection"
        if part.name == "nodes":
            return Nodes(self._row(entity, part.sets, path, lists))
        if part.name == "edges":
            edge = type_name(entity.name) + "Edge"
            return Edges(
                tuple(
                    (one.key, self._of_edge(entity, one, f"{path}.{one.key}", lists))
                    for one in self._collect(edge, part.sets)
                )
            )
        if part.name == "pageInfo":
            facts = self._collect("PageInfo", part.sets)
            return PageFacts(
                tuple(
                    (one.key, Name("PageInfo") if one.name == "__typename" else self._fact(entity, one))
                    for one in facts
                )
            )
        return self._count(entity, path) if part.name == "totalCount" else Name(connection)

    def _count(self, entity: Entity, path: str) -> Count:
        # Where nothing can be seen there is nothing to count: nought says no more than that.
        rule = self.decisions.count_rule(entity.name)
        if rule is not None:
            self._counts[path] = None
            if rule.rounded_to > 1:
                self._withheld[Withheld(path, "masked", f"{ROUNDED}:{rule.rounded_to}")] = None
        return Count(rule)

    def _of_edge(self, entity: Entity, one: Selected, path: str, lists: Lists) -> Row | Cursor | Name:
        if one.name == "node":
            return self._row(entity, one.sets, path, lists)
        if one.name == "cursor":
            self._key_must_be_open(entity, "cursor")
            return Cursor()
        return Name(type_name(entity.name) + "Edge")

    def _fact(self, entity: Entity, one: Selected) -> PageFact:
        if one.name.endswith("Cursor"):
            self._key_must_be_open(entity, "cursor")
        return PageFact(one.name)

    def _condition(self, entity: Entity, item: Filter, arguments: Arguments) -> Condition:
        via = entity.link(item.via) if item.via is not None else None
        owner = via.target if via is not None else entity.name
        if via is not None and not self.decisions.sees(owner):
            raise self._refusal(f"{owner}.{item.field}", "filter", "not_granted")
        self._must_be_open(owner, item.field, "filter", equality=item.equality)
        path = ("filter", camel(item.name))
        values: tuple[tuple[str, Source, SqlType], ...]
        if item.type == "region":
            low = arguments.source(*path, convert=lambda code, _: _region_bounds(code)[0])
            high = arguments.source(*path, convert=lambda code, _: _region_bounds(code)[1])
            values = (("low", low, "text"), ("high", high, "text"))
        else:
            sql_type, convert = _CONVERSIONS[item.type]
            values = (("v", arguments.source(*path, convert=convert), sql_type),)
        return Condition(item.condition, values, via)

    # Access

    def _must_be_open(self, entity: str, name: str, what: str, *, equality: bool = False) -> None:
        decision = self.decisions.field(entity, name)
        self._fields.add(f"{entity}.{name}")
        # Whoever knows a number in full may look for it though it is shown masked; ranges would give it away.
        if decision.access == "open" or (decision.access == "masked" and equality):
            return
        raise self._refusal(f"{entity}.{name}", what, decision.reason)

    def _key_must_be_open(self, entity: Entity, what: str) -> None:
        """An id and a cursor hold the key in the clear: where that is a field itself, the field must be open."""
        for name in _KEY_FIELDS.get(entity.name, ()):
            decision = self.decisions.field(entity.name, name)
            if self.decisions.sees(entity.name) and decision.access != "open":
                raise self._refusal(f"{entity.name}.{name}", what, decision.reason)

    def _refusal(self, name: str, what: str, reason: str) -> ForbiddenField:
        return ForbiddenField(
            "field_withheld",
            f"{name} is not open to you, so it can be no {what}.",
            hint=f"Leave it out. ({reason})",
            refused=name,
        )

    def _sees(self, entity: Entity, path: str) -> bool:
        if self.decisions.sees(entity.name):
            return True
        self._withheld[Withheld(path, "withheld", "not_granted", entity.name)] = None
        return False

    # The schema

    def _collect(self, name: str, sets: Sets) -> list[Selected]:
        found = self.selector.collect(name, sets)
        self._items += len(found)
        self._own += len(found)
        if self._items > self.limits.items:
            raise too_many_items(self.limits)
        for selected in found:
            assert len(selected.key) <= LONGEST_KEY  # noqa: S101 - the document was checked
        return found

    def _arguments(self, type_: str, selected: Selected) -> Arguments:
        held = self.schema.type_map[type_]
        assert isinstance(held, GraphQLObjectType)  # noqa: S101 - the types are ours
        definition: GraphQLField = held.fields[selected.name]
        return Arguments.of(definition, selected.nodes[0], self.selector.variables)


@cache
def members_of(entity: str) -> dict[str, Field | Link]:
    """Fields and links of an entity by GraphQL name; a label is under its own name."""
    found = ENTITIES[entity]
    members: dict[str, Field | Link] = {camel(link.name): link for link in found.links}
    for item in found.fields:
        members[camel(item.name)] = item
        if item.codes:
            members[camel(f"{item.name}_label")] = item
    return members


@cache
def roots_of_items() -> dict[str, Entity]:
    """Root fields that give one item by its id."""
    return {camel(entity.name): entity for entity in ENTITIES.values() if entity.node}


@cache
def roots_of_lists() -> dict[str, Entity]:
    """Root fields that give a list."""
    return {camel(plural_of(entity.name)): entity for entity in ENTITIES.values() if entity.node}


def _region_bounds(code: str) -> tuple[str, str]:
    if not (code.isascii() and code.isdecimal() and len(code) == 12):
        raise invalid_value("region", "A region is a division code of twelve digits.", hint="E.g. 530627000000.")
    low = prefix_of(code)
    return low, low[:-1] + chr(ord(low[-1]) + 1)


def _born_by(years: int, today: date) -> date:
    """The last birthday of those who are so many years old."""
    if not 0 <= years <= 150:
        raise invalid_value("age", "An age has 0 to 150 years.")
    # Whoever was born on a 29th of February grows older on the 1st of March.
    leap_day = (today.month, today.day) == (2, 29)
    return date(today.year - years, 2, 28) if leap_day else today.replace(year=today.year - years)


def _born_by_one_more(years: int, today: date) -> date:
    return _born_by(years + 1, today)


_CONVERSIONS: dict[FilterType, tuple[SqlType, Any]] = {
    "text": ("text", check_text),
    "texts": ("text[]", check_text),
    "int": ("integer", None),
    "bool": ("boolean", None),
    "date": ("date", None),
    "age_least": ("date", _born_by),
    "age_most": ("date", _born_by_one_more),
}
