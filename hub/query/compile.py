"""Compile: a selection and the decisions on it become one SQL statement that returns the finished JSON.

Text comes from the catalogue, the filters and this module; response keys are GraphQL names, quoted. Everything else is
bound. ``row_to_json`` over sub-selects is used throughout: it was the fastest of the forms measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema, SelectionSetNode

from hub.access.policy import Decisions
from hub.errors import Forbidden, InvalidInput, LimitExceeded
from hub.query.binding import Bindings, Constant, FromArgument, Source, read_arguments
from hub.query.paging import Page, read_cursor, read_page
from hub.query.selection import Selected, Selector
from schema.catalog import ENTITIES, TARGETS, Entity, Field, Link, camel, type_name
from schema.codes import LISTS
from schema.filters import FILTERS, Filter
from schema.regions import prefix_of

#: PostgreSQL cuts identifiers at 63 bytes; a response key is one.
_LONGEST_KEY = 60
_DEEPEST = 12
_OPEN_ONLY = {"conflict", "provenance"}


@dataclass(frozen=True, slots=True)
class Withheld:
    """A field that was asked for and is not shown, or not in full."""

    path: str
    access: str
    reason: str


@dataclass(frozen=True, slots=True)
class Statement:
    """The text, where its values come from, and what the answer must say besides the data."""

    text: str
    bindings: Bindings
    withheld: tuple[Withheld, ...]
    fields: tuple[str, ...]  # entity.field, for the audit


@dataclass(slots=True)
class Compiler:
    """Makes one statement."""

    schema: GraphQLSchema
    selector: Selector
    decisions: Decisions
    as_objects: bool = False  # an executor will complete the values: name the types of abstract positions
    bindings: Bindings = field(default_factory=Bindings)
    _withheld: list[Withheld] = field(default_factory=list)
    _fields: set[str] = field(default_factory=set)
    _aliases: int = 0

    def compile_roots(self, roots: Sequence[Selected]) -> Statement:
        """One statement for all compiled root fields; columns ``data`` (text) and ``person_ids``."""
        parts = [(root.key, *self._root(root)) for root in roots]
        with_list = ", ".join(f"r{n} AS MATERIALIZED ({sql})" for n, (_, sql) in enumerate(parts))
        data = ", ".join(f"(SELECT j FROM r{n}) AS {_key(key)}" for n, (key, _) in enumerate(parts))
        ids = " || ".join(f"coalesce((SELECT ids FROM r{n}), '{{}}')" for n in range(len(parts)))
        text = (
            f"WITH {with_list} SELECT (SELECT row_to_json(d) FROM (SELECT {data}) d)::text AS data,"
            f" ({ids})::bigint[] AS person_ids"
        )
        return self._statement(text)

    def compile_item(self, entity: str, key: Any, sets: tuple[SelectionSetNode, ...], path: str) -> Statement:
        """One item by its key, for what a mutation returns."""
        item = ENTITIES[entity]
        placeholder = self.bindings.bind(Constant(key), _key_type(entity))
        return self._statement(
            f"SELECT j::text AS data, ids AS person_ids FROM ({self._item(item, placeholder, sets, path)}) r"
        )

    def _statement(self, text: str) -> Statement:
        return Statement(text, self.bindings, tuple(self._withheld), tuple(sorted(self._fields)))

    def _root(self, root: Selected) -> tuple[str]:
        definition = self._definition("Query", root.name)
        number = self.bindings.add_field(definition, root.nodes[0])
        arguments = self._arguments(number)
        name = _snake_roots().get(root.name)
        if name is not None and name in ENTITIES and "id" in definition.args:
            return (self._by_id(root, ENTITIES[name], number),)
        if root.name == "node":
            entity = entity_of_id(arguments["id"])
            if entity is None:
                return ("SELECT NULL::json AS j, '{}'::bigint[] AS ids",)
            return (self._by_id(root, entity, number),)
        entity = next(e for e in ENTITIES.values() if name == e.name + "s")
        return (self._connection(entity, None, "", root, number, root.key, with_ids=True),)

    def _by_id(self, root: Selected, entity: Entity, number: int) -> str:
        source = FromArgument(number, ("id",), lambda text: key_of_id(text, entity))
        return self._item(entity, self.bindings.bind(source, _key_type(entity.name)), root.sets, root.key)

    def _item(self, entity: Entity, placeholder: str, sets: tuple[SelectionSetNode, ...], path: str) -> str:
        alias = self._alias()
        if not self._sees(entity, path):
            return "SELECT NULL::json AS j, '{}'::bigint[] AS ids"
        condition = f"{entity.key.format(a=alias)} = {placeholder} AND {self._predicate(entity, alias)}"
        if entity.name in ("person", "household"):
            condition += f" AND {alias}.gone_on IS NULL"
        items = self._object(entity, alias, sets, path)
        ids = _person_ids(entity, f"ARRAY[{placeholder}]")
        return (
            f"SELECT x.j, CASE WHEN x.j IS NULL THEN '{{}}' ELSE {ids} END AS ids FROM (SELECT (SELECT row_to_json(o)"
            f" FROM (SELECT {items} FROM {entity.table} {alias} WHERE {condition}) o) AS j) x"
        )

    def _object(self, entity: Entity, alias: str, sets: tuple[SelectionSetNode, ...], path: str) -> str:
        if path.count(".") > _DEEPEST:
            raise LimitExceeded("query_too_deep", f"A query goes at most {_DEEPEST} levels deep.", hint="Ask in two.")
        items = []
        by_name = _members(entity.name)
        for selected in self.selector.collect(type_name(entity.name), sets):
            where = f"{path}.{selected.key}"
            member = by_name.get(selected.name)
            if selected.name == "__typename":
                sql = f"'{type_name(entity.name)}'::text"
            elif selected.name == "id":
                sql = f"'{type_name(entity.name)}:' || {entity.key.format(a=alias)}"
            elif isinstance(member, Link):
                sql = self._link(entity, member, alias, selected, where)
            elif isinstance(member, Field):
                sql = self._field(entity, member, alias, selected, where)
            else:
                raise InvalidInput("field_unknown", f"{type_name(entity.name)} has no field {selected.name}.")
            items.append(f"{sql} AS {_key(selected.key)}")
        if self.as_objects:
            items.append(f"'{type_name(entity.name)}'::text AS \"__type\"")
        return ", ".join(items) or "NULL"

    def _field(self, entity: Entity, item: Field, alias: str, selected: Selected, path: str) -> str:
        decision = self.decisions.field(entity.name, item.name)
        self._fields.add(f"{entity.name}.{item.name}")
        if decision.access != "open":
            self._withheld.append(Withheld(path, decision.access, decision.reason))
        value = item.column.format(a=alias)
        if selected.name == camel(item.name):
            return decision.sql(f"{entity.name}.{item.name}", value)
        if decision.access != "open" or item.codes is None:
            return "NULL"
        number = self.bindings.add_field(self._definition(type_name(entity.name), selected.name), selected.nodes[0])
        lang = self._arguments(number).get("lang")
        english = getattr(lang, "value", lang) in ("en", "EN")
        labels = {entry.code: entry.en if english else entry.zh for entry in LISTS[item.codes].entries}
        return f"({self.bindings.bind(Constant(labels), 'jsonb')} ->> {value})"

    def _link(self, entity: Entity, link: Link, alias: str, selected: Selected, path: str) -> str:
        if link.target == "Target":
            return self._target(alias, selected, path)
        target = ENTITIES[link.target]
        if link.many:
            number = self.bindings.add_field(self._definition(type_name(entity.name), selected.name), selected.nodes[0])
            return f"(SELECT j FROM ({self._connection(target, link, alias, selected, number, path)}) r)"
        if not self._sees(target, path):
            return "NULL"
        inner = self._alias()
        condition = f"{link.join.format(a=alias, b=inner)} AND {self._predicate(target, inner)}"
        items = self._object(target, inner, selected.sets, path)
        return f"(SELECT row_to_json(o) FROM (SELECT {items} FROM {target.table} {inner} WHERE {condition} LIMIT 1) o)"

    def _target(self, alias: str, selected: Selected, path: str) -> str:
        """A member of the union: which one, the row says in its column ``kind``."""
        cases = []
        for name, column in TARGETS.items():
            entity = ENTITIES[name]
            if not self.decisions.sees(name):
                continue
            inner = self._alias()
            held = f"(to_jsonb({alias}) ->> 'target_id')::bigint, (to_jsonb({alias}) ->> '{column}')::bigint"
            condition = f"{entity.key.format(a=inner)} = coalesce({held}) AND {self._predicate(entity, inner)}"
            items = self._object(entity, inner, selected.sets, path)
            cases.append(
                f"WHEN '{name}' THEN (SELECT row_to_json(o) FROM (SELECT {items} FROM {entity.table} {inner}"
                f" WHERE {condition}) o)"
            )
        return f"(CASE {alias}.kind {' '.join(cases)} END)" if cases else "NULL"

    def _connection(
        self,
        entity: Entity,
        link: Link | None,
        outer: str,
        selected: Selected,
        number: int,
        path: str,
        *,
        with_ids: bool = False,
    ) -> str:
        page = read_page(entity.name, self._arguments(number))
        self.bindings.checks.append(lambda arguments: _check_page(entity.name, arguments[number], page))
        base, row, q = self._alias(), self._alias(), self._alias()
        seen = self._sees(entity, path)
        where = [self._predicate(entity, base)] if seen else ["false"]
        if link is not None:
            where.append(link.join.format(a=outer, b=base))
        if entity.name in ("person", "household"):
            where.append(f"{base}.gone_on IS NULL")
        where += self._filters(entity, base, number)
        order = page.order.expression.format(a=base) if page.order else None
        if page.order is not None and page.order.field is not None:
            self._must_be_open(entity.name, page.order.field, "order")
        size = self.bindings.bind(FromArgument(number, ("last" if page.backward else "first",), int), "integer")
        counted = " AND ".join(where)
        if page.cursor:
            where.append(self._after(entity, page, base, order, number))
        direction = "DESC" if page.descending else "ASC"
        # The key goes the same way as the order, so that one comparison of rows finds the place.
        key = entity.key.format(a=base)
        by = f"{order} {direction}, {key} {direction}" if order else f"{key} {direction}"
        rows = (
            f"SELECT {base}.*, {order or 'NULL::text'} AS _order, {key} AS _key FROM {entity.table} {base}"
            f" WHERE {' AND '.join(where)} ORDER BY {by} LIMIT {size} + 1"
        )
        name = page.order.name if page.order else "key"
        cursor = f"json_build_array('{name}', {row}._order, {row}._key)::text"
        lists: list[str] = []
        outputs = self._outputs(entity, row, q, selected, path, lists, page, counted, base)
        numbered = f"{row}._order {direction}, {row}._key {direction}" if order else f"{row}._key {direction}"
        columns = "".join(f", {sql} AS n{n}" for n, sql in enumerate(lists))
        inside = f"{q}.rn <= {size}"
        back = " DESC" if page.backward else ""
        forth = "" if page.backward else " DESC"
        gathered = "".join(
            f", coalesce(json_agg({q}.n{n} ORDER BY {q}.rn{back}) FILTER (WHERE {inside}), '[]') AS n{n}"
            for n in range(len(lists))
        )
        ids = f"array_agg({q}.k ORDER BY {q}.rn) FILTER (WHERE {inside})"
        people = _person_ids(entity, "g.ids") if with_ids else "NULL"
        return (
            f"SELECT (SELECT row_to_json(c) FROM (SELECT {outputs}) c) AS j, {people} AS ids"
            f" FROM (SELECT count(*) AS cnt, {size} AS size,"
            f" (array_agg({q}.cursor ORDER BY {q}.rn{back}) FILTER (WHERE {inside}))[1] AS first_cursor,"
            f" (array_agg({q}.cursor ORDER BY {q}.rn{forth}) FILTER (WHERE {inside}))[1] AS last_cursor,"
            f" {ids} AS ids{gathered}"
            f" FROM (SELECT row_number() OVER (ORDER BY {numbered}) AS rn, {cursor} AS cursor, {row}._key AS k"
            f"{columns} FROM ({rows}) {row}) {q}) g"
        )

    def _outputs(
        self,
        entity: Entity,
        row: str,
        q: str,
        selected: Selected,
        path: str,
        lists: list[str],
        page: Page,
        counted: str,
        base: str,
    ) -> str:
        """Columns of a connection over its gathered rows ``g``; ``lists`` takes the SQL of each list's item."""
        items = []
        connection = type_name(entity.name) + "Connection"
        more, before = "g.cnt > g.size", "true" if page.cursor else "false"
        for part in self.selector.collect(connection, selected.sets):
            where = f"{path}.{part.key}"
            if part.name == "__typename":
                sql = f"'{connection}'::text"
            elif part.name == "totalCount":
                sql = f"(SELECT count(*) FROM {entity.table} {base} WHERE {counted})"
            elif part.name == "pageInfo":
                flags = {
                    "hasNextPage": before if page.backward else more,
                    "hasPreviousPage": more if page.backward else before,
                    "startCursor": "g.first_cursor",
                    "endCursor": "g.last_cursor",
                    "__typename": "'PageInfo'::text",
                }
                wanted = self.selector.collect("PageInfo", part.sets)
                inner = ", ".join(f"{flags[one.name]} AS {_key(one.key)}" for one in wanted)
                sql = f"(SELECT row_to_json(o) FROM (SELECT {inner}) o)"
            else:
                lists.append(self._item_of_list(entity, row, part, where, page))
                sql = f"g.n{len(lists) - 1}"
            items.append(f"{sql} AS {_key(part.key)}")
        return ", ".join(items) or "NULL"

    def _item_of_list(self, entity: Entity, row: str, part: Selected, path: str, page: Page) -> str:
        if part.name == "nodes":
            return f"(SELECT row_to_json(o) FROM (SELECT {self._object(entity, row, part.sets, path)}) o)"
        items = []
        name = page.order.name if page.order else "key"
        for one in self.selector.collect(type_name(entity.name) + "Edge", part.sets):
            if one.name == "node":
                inner = self._object(entity, row, one.sets, f"{path}.{one.key}")
                sql = f"(SELECT row_to_json(o) FROM (SELECT {inner}) o)"
            elif one.name == "cursor":
                sql = f"json_build_array('{name}', {row}._order, {row}._key)::text"
            else:
                sql = f"'{type_name(entity.name)}Edge'::text"
            items.append(f"{sql} AS {_key(one.key)}")
        return f"(SELECT row_to_json(o) FROM (SELECT {', '.join(items)}) o)"

    def _filters(self, entity: Entity, alias: str, number: int) -> list[str]:
        given = self._arguments(number).get("filter") or {}
        conditions = []
        for item in FILTERS.get(entity.name, ()):
            name = camel(item.name)
            if given.get(name) is None:
                continue
            self._must_be_open(entity.name, item.field, "filter", equality="= {v}" in item.condition)
            conditions.append("(" + item.condition.format(a=alias, **self._filter_values(item, number, name)) + ")")
        return conditions

    def _filter_values(self, item: Filter, number: int, name: str) -> dict[str, str]:
        path = ("filter", name)
        if item.type == "region":
            low = FromArgument(number, path, _region_low)
            high = FromArgument(number, path, lambda code: (low := _region_low(code))[:-1] + chr(ord(low[-1]) + 1))
            return {"low": self.bindings.bind(low, "text"), "high": self.bindings.bind(high, "text")}
        source: Source = FromArgument(number, path, lambda value: value)
        types = {"text": "text", "int": "integer", "bool": "boolean", "date": "date", "texts": "text[]", "id": "text"}
        return {"v": self.bindings.bind(source, types[item.type])}

    def _after(self, entity: Entity, page: Page, alias: str, order: str | None, number: int) -> str:
        name = "before" if page.backward else "after"
        key = self.bindings.bind(FromArgument(number, (name,), lambda t: read_cursor(t, page, 1)), page.key_type)
        sign = "<" if page.descending else ">"
        held = entity.key.format(a=alias)
        if order is None or page.order is None:
            return f"{held} {sign} {key}"
        at = self.bindings.bind(FromArgument(number, (name,), lambda t: read_cursor(t, page, 0)), page.order.sql_type)
        return f"({order}, {held}) {sign} ({at}, {key})"

    def _must_be_open(self, entity: str, name: str, what: str, *, equality: bool = False) -> None:
        owner, _, item = name.rpartition(".")
        decision = self.decisions.field(owner or entity, item)
        self._fields.add(f"{owner or entity}.{item}")
        # Whoever knows a number in full may look for it though it is shown masked; ranges would give it away.
        if decision.access == "open" or (decision.access == "masked" and equality):
            return
        raise Forbidden(
            "field_withheld",
            f"{owner or entity}.{item} is not open to you, so it can be no {what}.",
            hint=f"Leave it out. ({decision.reason})",
        )

    def _predicate(self, entity: Entity, alias: str) -> str:
        predicate = self.decisions.row_predicate(entity.name, alias, self.bindings.claim)
        if entity.name in _OPEN_ONLY:
            names = [name.partition(".")[2] for name, found in self.decisions.fields.items() if found.access == "open"]
            names += [f"wish_{name}" for name in names]
            predicate += f" AND {alias}.field = ANY ({self.bindings.bind(Constant(sorted(set(names))), 'text[]')})"
        return predicate

    def _sees(self, entity: Entity, path: str) -> bool:
        if self.decisions.sees(entity.name):
            return True
        self._withheld.append(Withheld(path, "withheld", "not_granted"))
        return False

    def _definition(self, type_: str, name: str) -> Any:
        found = self.schema.type_map[type_]
        assert isinstance(found, GraphQLObjectType)  # noqa: S101 - the types are ours
        return found.fields[name]

    def _arguments(self, number: int) -> dict[str, Any]:
        return read_arguments([self.bindings.fields[number]], self.selector.variables)[0]

    def _alias(self) -> str:
        self._aliases += 1
        return f"t{self._aliases}"


def entity_of_id(text: str) -> Entity | None:
    """The entity that a global id names; None when it names none."""
    prefix = text.partition(":")[0]
    return next((entity for entity in ENTITIES.values() if entity.node and type_name(entity.name) == prefix), None)


def key_of_id(text: str, entity: Entity) -> Any:
    """The key in a global id of an entity; None when it is another's or no id at all."""
    prefix, _, key = text.partition(":")
    if prefix != type_name(entity.name):
        return None
    if _key_type(entity.name) == "text":
        return key
    return int(key) if key.isascii() and key.isdecimal() and len(key) < 19 else None


def _key_type(entity: str) -> Any:
    return "text" if entity == "region" else "bigint"


def _region_low(code: str) -> str:
    if not (code.isascii() and code.isdecimal() and len(code) == 12):
        raise InvalidInput("region_invalid", "A region is a division code of twelve digits.", hint="E.g. 530627000000.")
    return prefix_of(code)


def _check_page(entity: str, arguments: Mapping[str, Any], page: Page) -> None:
    if read_page(entity, arguments) != page:
        raise InvalidInput(
            "page_changed", "The page does not fit the query."
        )  # pragma: no cover - the cache key forbids


def _person_ids(entity: Entity, keys: str) -> str:
    if entity.name == "person":
        return f"coalesce({keys}, '{{}}')::bigint[]"
    if entity.name == "household":
        members = f"m.household_id = ANY ({keys}) AND m.gone_on IS NULL"
        return f"ARRAY(SELECT m.person_id FROM registry.person m WHERE {members})"
    if entity.name == "referral":
        return f"ARRAY(SELECT m.person_id FROM casework.referral m WHERE m.referral_id = ANY ({keys}))"
    return "'{}'::bigint[]"


def _members(entity: str) -> dict[str, Field | Link]:
    found = ENTITIES[entity]
    members: dict[str, Field | Link] = {camel(link.name): link for link in found.links}
    for item in found.fields:
        members[camel(item.name)] = item
        if item.codes:
            members[camel(f"{item.name}_label")] = item
    return members


def _snake_roots() -> dict[str, str]:
    roots = {camel(entity.name): entity.name for entity in ENTITIES.values() if entity.node}
    return roots | {camel(entity.name + "s"): entity.name + "s" for entity in ENTITIES.values() if entity.node}


def _key(key: str) -> str:
    if len(key) > _LONGEST_KEY:
        raise LimitExceeded("alias_too_long", f"An alias has at most {_LONGEST_KEY} characters.", hint="Shorten it.")
    return f'"{key}"'
