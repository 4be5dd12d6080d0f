"""Compile: a plan becomes one SQL statement that returns the finished JSON and the ids of the people in it.

Text comes from the catalogue, the filters and this module; response keys are GraphQL names, quoted. Everything else is
bound. ``row_to_json`` over sub-selects is used throughout: it was the fastest of the forms measured.

Ids of people travel up as text, joined by commas: PostgreSQL adds up arrays of unequal length in no aggregate.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hub.access.policy import Decisions
from hub.query.binding import Bindings, Literally, Source
from hub.query.ids import entity_of_id, key_of_id, key_type
from hub.query.limits import fold_cost
from hub.query.paging import Page, cursor_sql
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
    Plan,
    Root,
    Row,
    Target,
    Value,
    Withheld,
)
from schema.catalog import ENTITIES, Entity, type_name
from schema.filters import KEY_TYPES

__all__ = ["Statement", "Withheld", "compile_plan", "entity_of_id", "key_of_id"]

#: Rows about values: they are seen only where the value's own field is open.
_ABOUT_FIELDS = {"conflict", "provenance"}
#: Rows that are removed by marking them.
_MAY_BE_GONE = {"person", "household"}
#: Entities whose row says whose data it is. What else hangs on a person is reached by way of one of these, or of the
#: person's household.
_PERSON_OF = {"person": "{a}.person_id::text", "benefit": "{a}.person_id::text", "referral": "{a}.person_id::text"}
#: Links that lead to other people than those of the row they start from.
#: A household's head need not be one of its members any more.
_OTHER_PEOPLE = {
    ("person", "household"),
    ("household", "person"),
    ("household", "benefit"),
    ("opening", "referral"),
}
#: What is known of a household is known of its members, whether or not whoever asks sees each of them.
_PERSONS_OF_HOUSEHOLD = (
    "(SELECT string_agg({b}.person_id::text, ',') FROM sight.member {b} WHERE {b}.household_id = {a}.household_id)"
)


@dataclass(frozen=True, slots=True)
class Statement:
    """The text, where its values come from, and what the answer must say besides the data.

    The text gives one row: ``data``, the finished JSON as text, and ``person_ids``, whose data it holds.
    """

    text: str
    sources: tuple[Source, ...]
    withheld: tuple[Withheld, ...]
    fields: tuple[str, ...]  # entity.field, for the audit
    cost: Cost
    #: Arguments that no part of the text needs (a list of which only the count is asked has no page): refused all the
    #: same where they are wrong.
    checks: tuple[Source, ...] = ()
    #: Paths of counts that are null where they are too small to be shown.
    counts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Select:
    """SQL of columns, of joins that the columns need, and of the ids of the people behind them (a text, or null)."""

    columns: str
    joins: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Cut:
    """The page of a list: its rows are numbered from the end it is read from, where that matters."""

    entity: Entity
    page: Page
    row: str
    size: str
    one_more: bool
    numbered: bool

    @property
    def cursor(self) -> str:
        """SQL of a row's cursor."""
        order = f"{self.row}.{self.page.order.field}" if self.page.order is not None else "NULL"
        return cursor_sql(self.page, order, self.entity.key.format(a=self.row))

    @property
    def here(self) -> str:
        """Leaves the one row more out of an aggregate."""
        return f" FILTER (WHERE {self.row}._n <= {self.size})" if self.one_more else ""

    @property
    def by(self) -> str:
        """Order within an aggregate: rows come in the order they were read in."""
        return f" ORDER BY {self.row}._n DESC" if self.page.backward else ""


def compile_plan(plan: Plan, decisions: Decisions, *, as_objects: bool = False, alone: bool = False) -> Statement:
    """One statement for a plan.

    Parameters
    ----------
    as_objects
        An executor will complete the values: name the types of objects under ``__type``.
    alone
        The plan has one root, and ``data`` is what it holds rather than an object with its key.
    """
    if not plan.roots:
        # Every root was skipped: an answer all the same, and a statement, so that nothing need know of this case.
        text = "SELECT '{}'::text AS data, '{}'::bigint[] AS person_ids"
        return Statement(text, (), plan.withheld, plan.fields, plan.cost)
    writer = _Writer(decisions, as_objects)
    roots = [(key, writer.root(root), f"r{number}") for number, (key, root) in enumerate(plan.roots)]
    ids = ", ".join(f"{alias}.ids" for _, _, alias in roots)
    source = " CROSS JOIN ".join(f"({sql}) {alias}" for _, sql, alias in roots)
    columns = ", ".join(f"{alias}.j AS {_quote(key)}" for key, _, alias in roots)
    data = f"{roots[0][2]}.j" if alone else _json(columns)
    people = f"string_to_array(concat_ws(',', {ids}), ',')::bigint[]"
    text = f"SELECT {data}::text AS data, {people} AS person_ids FROM {source}"
    text, sources = _drop_unused(text, tuple(writer.bindings.sources))
    used = {id(source) for source in sources}
    checks = tuple(source for source in writer.checks if id(source) not in used)
    return Statement(text, sources, plan.withheld, plan.fields, fold_cost(plan.cost), checks, plan.counts)


def _drop_unused(text: str, sources: tuple[Source, ...]) -> tuple[str, tuple[Source, ...]]:
    """Leave out values that no part of the text needs."""
    used = sorted({int(number) for number in _PLACEHOLDER.findall(text)})
    if len(used) == len(sources):
        return text, sources
    place = {number: position for position, number in enumerate(used, start=1)}
    renumbered = _PLACEHOLDER.sub(lambda match: f"${place[int(match.group(1))]}::", text)
    return renumbered, tuple(sources[number - 1] for number in used)


_PLACEHOLDER = re.compile(r"\$(\d+)::")


@dataclass(slots=True)
class _Writer:
    decisions: Decisions
    as_objects: bool
    bindings: Bindings = field(default_factory=Bindings)
    checks: list[Source] = field(default_factory=list)
    _aliases: int = 0

    # Root fields: one row with the columns j and ids

    def root(self, root: Root) -> str:
        if isinstance(root, Name):
            return f"SELECT {_literal(root.text)}::text AS j, NULL AS ids"
        if isinstance(root, Nothing):
            return "SELECT NULL::json AS j, NULL AS ids"
        if isinstance(root, Paged):
            sql, has_ids = self._paged(root, "", person_known=False)
            return sql if has_ids else f"SELECT l.j, NULL AS ids FROM ({sql}) l"
        if isinstance(root, ByIds):
            return self._by_ids(root)
        return self._by_id(root)

    def _by_id(self, root: ById) -> str:
        entity, alias = root.row.entity, self._alias()
        key = self.bindings.bind(root.key, key_type(entity.name))
        select = self._select(root.row, alias, person_known=False)
        where = self._where(entity, alias, f"{entity.key.format(a=alias)} = {key}")
        return (
            f"SELECT x.j, x.ids FROM (SELECT 1) s LEFT JOIN LATERAL (SELECT {_json(select.columns)} AS j,"
            f" {_ids(select.ids)} AS ids FROM {entity.table} {alias}{select.joins} WHERE {where}) x ON true"
        )

    def _by_ids(self, root: ByIds) -> str:
        kinds, keys = self.bindings.bind(root.kinds, "text[]"), self.bindings.bind(root.keys, "text[]")
        joins, objects, ids = [], [], []
        for row in root.rows:
            alias, found = self._alias(), self._alias()
            select = self._select(row, alias, person_known=False)
            name, kind = row.entity.name, _literal(type_name(row.entity.name))
            key = f"(CASE WHEN u.kind = {kind} THEN u.key END)::{key_type(name)}"
            where = self._where(row.entity, alias, f"{row.entity.key.format(a=alias)} = {key}")
            joins.append(
                f" LEFT JOIN LATERAL (SELECT {_json(select.columns)} AS j, {_ids(select.ids)} AS ids"
                f" FROM {row.entity.table} {alias}{select.joins} WHERE {where}) {found} ON u.kind = {kind}"
            )
            objects.append(f"{found}.j")
            ids.append(f"{found}.ids")
        value = f"coalesce({', '.join(objects)})" if objects else "NULL::json"
        return (
            f"SELECT coalesce(json_agg({value} ORDER BY u.n), '[]') AS j, string_agg({_ids(ids)}, ',') AS ids"
            f" FROM unnest({kinds}, {keys}) WITH ORDINALITY AS u (kind, key, n){''.join(joins)}"
        )

    # Rows

    def _select(self, row: Row, alias: str, *, person_known: bool) -> _Select:
        """Columns of what is asked of a row under ``alias``; ``person_known``: whose it is was told further up."""
        entity = row.entity
        ids = [] if person_known else self._own_ids(entity, alias, (row,))
        known = person_known or bool(ids)
        columns, joins = [], []
        for key, item in row.items:
            sql, join, below = self._item(entity, item, alias, known)
            columns.append(f"{sql} AS {_quote(key)}")
            joins += join
            ids += below
        if self.as_objects:
            columns.append(f'{_literal(type_name(entity.name))}::text AS "__type"')
        return _Select(", ".join(columns), "".join(joins), tuple(ids))

    def _own_ids(self, entity: Entity, alias: str, rows: Sequence[Row]) -> list[str]:
        """SQL of whose data a row is."""
        if entity.name == "household":
            # A household that is only passed through tells nothing of those in it who are not shown.
            told = any(isinstance(item, Value | Label) for row in rows for _, item in row.items)
            return [_PERSONS_OF_HOUSEHOLD.format(a=alias, b=self._alias())] if told else []
        return [_PERSON_OF[entity.name].format(a=alias)] if entity.name in _PERSON_OF and rows else []

    def _item(self, entity: Entity, item: Item, alias: str, known: bool) -> tuple[str, list[str], list[str]]:
        """SQL of one column, the joins it needs, and ids of people it brings."""
        if isinstance(item, Name):
            return f"{_literal(item.text)}::text", [], []
        if isinstance(item, Nothing):
            return "NULL", [], []
        if isinstance(item, Identifier):
            key = (entity.identity or entity.key).format(a=alias)
            return f"{_literal(type_name(entity.name) + ':')} || {key}", [], []
        if isinstance(item, Value):
            name, value = f"{entity.name}.{item.field.name}", item.field.column.format(a=alias)
            if item.told is not None:
                value = _told(value, self.bindings.bind(Literally(list(item.told)), "text[]"))
            return item.decision.sql(name, value, alias=alias, claim=self.bindings.claim), [], []
        if isinstance(item, Label):
            label = _label(item.words, item.field.column.format(a=alias))
            return item.decision.sql("", label, alias=alias, claim=self.bindings.claim, masked="NULL"), [], []
        if isinstance(item, One):
            return self._one(entity, item, alias, known)
        if isinstance(item, Target):
            return self._target(item, alias, known)
        found = self._alias()
        sql, has_ids = self._paged(item, alias, person_known=known and _same_person(entity, item.entity))
        if not has_ids:
            return f"(SELECT j FROM ({sql}) {found})", [], []
        return f"{found}.j", [f" CROSS JOIN LATERAL ({sql}) {found}"], [f"{found}.ids"]

    def _one(self, entity: Entity, item: One, alias: str, known: bool) -> tuple[str, list[str], list[str]]:
        inner = self._alias()
        select = self._select(item.row, inner, person_known=known and _same_person(entity, item.row.entity))
        where = self._where(item.row.entity, inner, item.link.join.format(a=alias, b=inner), linked=True)
        rest = f"FROM {item.row.entity.table} {inner}{select.joins} WHERE {where}"
        return self._joined(select, rest)

    def _target(self, item: Target, alias: str, known: bool) -> tuple[str, list[str], list[str]]:
        cases, joins, ids = [], [], []
        for row in item.rows:
            inner = self._alias()
            select = self._select(row, inner, person_known=False)
            kind = _literal(row.entity.name)
            key = f"{row.entity.key.format(a=inner)} = {item.link.keys[row.entity.name].format(a=alias)}"
            where = self._where(row.entity, inner, f"{alias}.kind = {kind} AND {key}")
            sql, join, below = self._joined(select, f"FROM {row.entity.table} {inner}{select.joins} WHERE {where}")
            cases.append(f"WHEN {kind} THEN {sql}")
            joins += join
            ids += below
        return (f"(CASE {alias}.kind {' '.join(cases)} END)" if cases else "NULL"), joins, ids

    def _joined(self, select: _Select, rest: str) -> tuple[str, list[str], list[str]]:
        if not select.ids:
            return f"(SELECT {_json(select.columns)} {rest})", [], []
        found = self._alias()
        columns = f"{_json(select.columns)} AS j, {_ids(select.ids)} AS ids"
        # OFFSET 0 keeps the planner from making a hash or merge join of it, which would lose the order of the rows.
        join = f" LEFT JOIN LATERAL (SELECT {columns} {rest} OFFSET 0) {found} ON true"
        return f"{found}.j", [join], [f"{found}.ids"]

    def _where(self, entity: Entity, alias: str, condition: str, *, linked: bool = False) -> str:
        """The condition, and that the row may be seen. Links to people and households say themselves that they last."""
        parts = [condition] if condition else []
        predicate = self.decisions.row_predicate(entity.name, alias, self.bindings.claim)
        if predicate != "true":
            parts.append(predicate)
        if entity.name in _MAY_BE_GONE and not (linked and f"{alias}.gone_on" in condition):
            parts.append(f"{alias}.gone_on IS NULL")
        if entity.name in _ABOUT_FIELDS:
            names = self.decisions.open_names(entity.name)
            parts.append(f"{alias}.field = ANY ({self.bindings.bind(Literally(names), 'text[]')})")
        return " AND ".join(parts) or "true"

    # Lists: one row with the column j and, where it brings people, ids

    def _paged(self, item: Paged, outer: str, *, person_known: bool) -> tuple[str, bool]:
        base = self._alias()
        self.checks += [source for source in (item.page.size, item.page.at_value, item.page.at_key) if source]
        self.checks += [source for condition in item.conditions for _, source, _ in condition.values]
        where = self._list_where(item, outer, base)
        cut = self._cut(item)
        shown, gathered, ids = [], list[str](), list[str]()
        joins = []
        own = [] if person_known else self._own_ids(item.entity, cut.row, _rows_of(item))
        for key, part in item.parts:
            if isinstance(part, Count):
                sql = f"(SELECT {_count(part)} FROM {item.entity.table} {base} WHERE {where})"
            elif isinstance(part, Name):
                sql = f"{_literal(part.text)}::text"
            elif isinstance(part, PageFacts):
                sql = _json(
                    ", ".join(f"{self._fact(cut, fact, gathered)} AS {_quote(name)}" for name, fact in part.items)
                )
            else:
                select = self._list_item(cut, part, person_known=person_known or bool(own))
                joins.append(select.joins)
                ids += select.ids
                sql = _add(gathered, f"coalesce(json_agg({_json(select.columns)}{cut.by}){cut.here}, '[]')")
            shown.append(f"{sql} AS {_quote(key)}")
        if not gathered:
            return f"SELECT {_json(', '.join(shown))} AS j", False
        columns = [f"{sql} AS c{number}" for number, sql in enumerate(gathered)]
        ids = [*own, *ids]
        if ids:
            columns.append(f"string_agg({_ids(ids)}, ','){cut.here} AS ids")
        source = f"SELECT {', '.join(columns)} FROM ({self._rows(item, cut, base, where)}) {cut.row}{''.join(joins)}"
        return f"SELECT {_json(', '.join(shown))} AS j{', g.ids' if ids else ''} FROM ({source}) g", bool(ids)

    def _cut(self, item: Paged) -> _Cut:
        facts = {
            fact.name
            for _, part in item.parts
            if isinstance(part, PageFacts)
            for _, fact in part.items
            if isinstance(fact, PageFact)
        }
        # Only the far end is looked at; what lies before the page is known from there being a cursor.
        one_more = ("hasPreviousPage" if item.page.backward else "hasNextPage") in facts
        numbered = one_more or item.page.backward or bool(facts & {"startCursor", "endCursor"})
        size = self.bindings.bind(item.page.size, "integer")
        return _Cut(item.entity, item.page, self._alias(), size, one_more, numbered)

    def _list_item(self, cut: _Cut, part: Nodes | Edges, *, person_known: bool) -> _Select:
        if isinstance(part, Nodes):
            return self._select(part.row, cut.row, person_known=person_known)
        columns, joins, ids = [], [], list[str]()
        for key, one in part.items:
            if isinstance(one, Row):
                select = self._select(one, cut.row, person_known=person_known)
                joins.append(select.joins)
                ids += select.ids
                sql = _json(select.columns)
            else:
                sql = cut.cursor if isinstance(one, Cursor) else f"{_literal(one.text)}::text"
            columns.append(f"{sql} AS {_quote(key)}")
        return _Select(", ".join(columns), "".join(joins), tuple(ids))

    def _fact(self, cut: _Cut, fact: PageFact | Name, gathered: list[str]) -> str:
        if isinstance(fact, Name):
            return f"{_literal(fact.text)}::text"
        if fact.name in ("hasNextPage", "hasPreviousPage"):
            if (fact.name == "hasNextPage") == cut.page.backward:
                return "true" if cut.page.at_key is not None else "false"
            return _add(gathered, f"count(*) > {cut.size}")
        near = (fact.name == "startCursor") != cut.page.backward
        number = "1" if near else f"least({cut.row}._c, {cut.size})"
        return _add(
            gathered, f"max({cut.cursor}) FILTER (WHERE {cut.row}._n = {number} AND {cut.row}._n <= {cut.size})"
        )

    def _rows(self, item: Paged, cut: _Cut, base: str, where: str) -> str:
        """The rows of a page, and one more where that tells whether more follow."""
        page = cut.page
        direction = "DESC" if page.descending else "ASC"
        key = item.entity.key.format(a=base)
        by = f"{key} {direction}"
        order = f"{base}.{page.order.field}" if page.order is not None else None
        if page.order is not None:
            nulls = ""
            if page.order.nullable and page.order.descending:
                nulls = " NULLS FIRST" if page.backward else " NULLS LAST"
            by = f"{order} {direction}{nulls}, {by}"
        if page.at_key is not None:
            where += f" AND {self._after(page, order, key)}"
        limit = cut.size + (" + 1" if cut.one_more else "")
        rows = f"SELECT {base}.* FROM {item.entity.table} {base} WHERE {where} ORDER BY {by} LIMIT {limit}"
        if not cut.numbered:
            return rows
        numbered = self._alias()
        return f"SELECT {numbered}.*, row_number() OVER () AS _n, count(*) OVER () AS _c FROM ({rows}) {numbered}"

    def _list_where(self, item: Paged, outer: str, base: str) -> str:
        if not item.seen:
            return "false"
        link = item.link.join.format(a=outer, b=base) if item.link is not None else ""
        where = self._where(item.entity, base, link, linked=True)
        return " AND ".join([where, *(self._condition(one, base) for one in item.conditions)])

    def _condition(self, condition: Condition, base: str) -> str:
        values = {name: self.bindings.bind(source, sql_type) for name, source, sql_type in condition.values}
        if condition.via is None:
            return "(" + condition.text.format(a=base, **values) + ")"
        inner, target = self._alias(), ENTITIES[condition.via.target]
        link = condition.via.join.format(a=base, b=inner)
        where = self._where(target, inner, link, linked=True)
        text = condition.text.format(a=inner, **values)
        return f"EXISTS (SELECT FROM {target.table} {inner} WHERE {where} AND {text})"

    def _after(self, page: Page, order: str | None, held: str) -> str:
        assert page.at_key is not None  # noqa: S101 - the caller looked
        key = self.bindings.bind(page.at_key, KEY_TYPES.get(page.entity, "bigint"))
        sign = "<" if page.descending else ">"
        if page.order is None or page.at_value is None:
            return f"{held} {sign} {key}"
        at = self.bindings.bind(page.at_value, page.order.sql_type)
        beyond = f"({order}, {held}) {sign} ({at}, {key})"
        if not page.order.nullable:
            return beyond
        # Unknown values come last: beyond every known one going forward, before none going back.
        if page.backward:
            return f"({beyond} OR ({at} IS NULL AND ({order} IS NOT NULL OR {held} {sign} {key})))"
        return f"({beyond} OR ({order} IS NULL AND ({at} IS NOT NULL OR {held} {sign} {key})))"

    def _alias(self) -> str:
        self._aliases += 1
        return f"t{self._aliases}"


def _rows_of(item: Paged) -> list[Row]:
    """What is asked of the rows of a list; a row of nothing where only cursors are."""
    rows = [part.row for _, part in item.parts if isinstance(part, Nodes)]
    edges = [one for _, part in item.parts if isinstance(part, Edges) for _, one in part.items]
    facts = [fact for _, part in item.parts if isinstance(part, PageFacts) for _, fact in part.items]
    ends = any(isinstance(fact, PageFact) and fact.name.endswith("Cursor") for fact in facts)
    bare = [Row(item.entity, ())] if ends or any(isinstance(one, Cursor) for one in edges) else []
    return rows + [one for one in edges if isinstance(one, Row)] + bare


def _same_person(entity: Entity, target: Entity) -> bool:
    """Whether a link leads to what is known of the same people, so that they need not be told again."""
    return (entity.name, target.name) not in _OTHER_PEOPLE


def _json(columns: str) -> str:
    # No alias of a request is named like the row: "#" is no GraphQL name.
    return f'(SELECT row_to_json("#") FROM (SELECT {columns}) "#")'


def _ids(ids: Sequence[str]) -> str:
    if not ids:
        return "NULL"
    return ids[0] if len(ids) == 1 else f"nullif(concat_ws(',', {', '.join(ids)}), '')"


def _add(gathered: list[str], sql: str) -> str:
    gathered.append(sql)
    return f"g.c{len(gathered) - 1}"


def _told(value: str, codes: str) -> str:
    """Of a list of reasons, those with one of the codes."""
    kept = f"SELECT jsonb_agg(x.e ORDER BY x.n) FROM jsonb_array_elements({value}) WITH ORDINALITY x (e, n)"
    return (
        f"(CASE WHEN {value} IS NOT NULL THEN coalesce(({kept} WHERE x.e ->> 'code' = ANY ({codes})), '[]'::jsonb) END)"
    )


def _count(part: Count) -> str:
    if part.rule is None:
        return "count(*)"
    # The numbers are the grants' own, and the grants' version belongs to the statement's key.
    least, step = int(part.rule.smallest_shown), int(part.rule.rounded_to)
    return f"CASE WHEN count(*) >= {least} THEN count(*) - count(*) % {step} END"


def _label(words: Mapping[str, str], value: str) -> str:
    # The list is the program's own, so it may stand in the text: a bound one would be encoded anew at each run.
    return f"coalesce({_literal(json.dumps(words, ensure_ascii=False))}::jsonb ->> {value}, {value})"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _quote(key: str) -> str:
    return f'"{key}"'
