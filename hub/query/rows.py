"""Rows: a list of the register as a table with typed columns, for exports.

The same documents, planner, decisions and row predicates as every other query; only the shape of the answer differs.
What is asked of one row, and of the rows that single links lead to, becomes columns (``household.householdKind``).
There are no pages: whoever exports asks for all rows, and reads them with a cursor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from graphql import GraphQLError, OperationType

from hub.access.actor import Actor
from hub.access.policy import Claims, Decisions, decide
from hub.errors import InvalidInput
from hub.query.binding import Literally, Run, Source, values_of

# The writer of statements is shared within this package; nobody outside writes SQL for the register.
from hub.query.compile import _drop_unused, _ids, _same_person, _Writer
from hub.query.engine import Engine
from hub.query.operation import GraphQLErrors
from hub.query.plan import Planner, Sets, roots_of_lists
from hub.query.selection import Selected, Selector
from hub.query.tree import Condition, Identifier, Item, Label, Name, Nothing, One, Row, Value, Withheld
from schema.catalog import Entity, Field, FieldType, camel, type_name
from schema.filters import FILTERS, ORDERS, Order
from schema.grants import load_grants

_PAGING = ("first", "last", "after", "before")
#: SQL type that a column is brought to, so that a file's columns do not depend on expressions of the catalogue.
_SQL_TYPES: dict[FieldType, str] = {
    "id": "({})::text",
    "text": "({})::text",
    "int": "({})::bigint",
    "float": "({})::float8",
    "bool": "({})::boolean",
    "date": "({})::date",
    "datetime": "({})::timestamptz",
    "json": "to_json({})::text",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its response path, what it is called in Chinese and English, and its type."""

    path: str
    type: FieldType
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class RowsQuery:
    """A list as a table: two statements over the same rows, and the values that both are run with.

    Attributes
    ----------
    text, values
        Gives ``c0`` … and ``ids``, the people a row tells of, as text joined by commas.
    count_text, count_values
        Gives how many rows there are, counted up to one more than the most that were asked for.
    withheld
        Columns that are not there, or masked on some or all rows, with the reason; paths as columns have them.
    fields
        ``entity.field`` of all that is read.
    """

    entity: Entity
    columns: tuple[Column, ...]
    text: str
    values: tuple[Any, ...]
    count_text: str
    count_values: tuple[Any, ...]
    withheld: tuple[Withheld, ...]
    fields: tuple[str, ...]


def plan_rows(
    engine: Engine,
    *,
    document: str,
    operation_name: str | None,
    variables: Mapping[str, Any],
    actor: Actor,
    purpose: str,
    today: date,
    most: int,
) -> RowsQuery:
    """The statements of an export.

    Parameters
    ----------
    most
        Rows are counted up to one more than this.

    Raises
    ------
    GraphQLErrors
        The document is not valid.
    InvalidInput
        ``export_not_flat``: it is not one list of nodes with fields and single links; ``export_paged``.
    HubError
        It asks for what it may not.
    """
    operation = engine.read_operation(document, operation_name)
    read = engine.read_variables(operation, variables)
    roots = engine.roots(operation, read)
    if operation.kind is not OperationType.QUERY or len(roots) != 1 or roots[0].name not in roots_of_lists():
        raise _not_flat("An export is a query for one list.")
    decisions = decide(actor, purpose, today=today)
    planner = _RowsPlanner(engine.schema, Selector(engine.schema, operation.fragments, read), decisions, engine.limits)
    try:
        planned = planner.plan_list(roots[0])
    except GraphQLError as error:
        raise GraphQLErrors([error]) from error
    run = Run(read, Claims.of(actor, today=today, closed_under_years=load_grants().closed_under_years), today)
    return _RowsWriter(decisions).write(planned, run, most)


@dataclass(frozen=True, slots=True)
class _Planned:
    entity: Entity
    row: Row
    conditions: tuple[Condition, ...]
    order: Order | None
    seen: bool
    withheld: tuple[Withheld, ...]
    fields: tuple[str, ...]


class _RowsPlanner(Planner):
    """Plans a list without its pages."""

    __slots__ = ()

    def plan_list(self, root: Selected) -> _Planned:
        entity = roots_of_lists()[root.name]
        arguments = self._arguments("Query", root)
        if any(arguments.given(name) is not None for name in _PAGING):
            raise InvalidInput(
                "export_paged", "An export has all rows.", hint="Leave out first, last, after and before."
            )
        name = arguments.given("order")
        order = next((item for item in ORDERS.get(entity.name, ()) if item.name == name), None)
        if order is not None:
            self._must_be_open(entity.name, order.field, "order")
        conditions = tuple(
            self._condition(entity, item, arguments)
            for item in FILTERS.get(entity.name, ())
            if arguments.given("filter", camel(item.name)) is not None
        )
        parts = self._collect(type_name(entity.name) + "Connection", root.sets)
        if not parts or any(part.name != "nodes" for part in parts):
            raise _not_flat("An export has nodes and nothing beside them.")
        sets: Sets = tuple(one for part in parts for one in part.sets)
        seen = self._sees(entity, "nodes")
        row = self._row(entity, sets, "nodes", [])
        withheld = tuple(replace(item, path=item.path.removeprefix("nodes.")) for item in self._withheld)
        return _Planned(entity, row, conditions, order, seen, withheld, tuple(sorted(self._fields)))


class _RowsWriter:
    """Writes the statements of a planned list."""

    def __init__(self, decisions: Decisions) -> None:
        self._writer = _Writer(decisions, as_objects=False)
        self._columns: list[Column] = []

    def write(self, planned: _Planned, run: Run, most: int) -> RowsQuery:
        writer, entity = self._writer, planned.entity
        base = writer._alias()
        shown, joins, ids = self._flatten(planned.row, base, known=False, path="", above=())
        if not self._columns:
            raise InvalidInput(
                "export_empty", "None of these columns is open to you.", hint="Ask for others, or for another purpose."
            )
        where = "false"
        if planned.seen:
            where = " AND ".join(
                [writer._where(entity, base, ""), *(writer._condition(one, base) for one in planned.conditions)]
            )
        source = f"FROM {entity.table} {base}"
        limit = writer.bindings.bind(Literally(most + 1), "bigint")
        sources = tuple(writer.bindings.sources)
        listed = ", ".join(f"{sql} AS c{number}" for number, sql in shown)
        by = _order_by(entity, planned.order, base)
        text, used = _drop_unused(
            f"SELECT {listed}, {_ids(ids)} AS ids {source}{''.join(joins)} WHERE {where} ORDER BY {by}", sources
        )
        count, counted = _drop_unused(
            f"SELECT count(*) FROM (SELECT {source} WHERE {where} LIMIT {limit}) counted", sources
        )
        return RowsQuery(
            entity,
            tuple(self._columns),
            text,
            _values(used, run),
            count,
            _values(counted, run),
            planned.withheld,
            planned.fields,
        )

    def _flatten(
        self, row: Row, alias: str, *, known: bool, path: str, above: tuple[str, ...]
    ) -> tuple[list[tuple[int, str]], list[str], list[str]]:
        """Columns of a row as numbers and SQL, the joins they need, and SQL of whose data it is."""
        ids = [] if known else self._writer._own_ids(row.entity, alias, (row,))
        known = known or bool(ids)
        shown: list[tuple[int, str]] = []
        joins: list[str] = []
        for key, item in row.items:
            here = f"{path}{key}"
            if isinstance(item, Nothing):
                continue
            if isinstance(item, One):
                inner = self._writer._alias()
                target = item.row.entity
                same = known and _same_person(row.entity, target)
                below, more, told = self._flatten(
                    item.row, inner, known=same, path=f"{here}.", above=(*above, item.link.zh)
                )
                if not below:
                    continue
                found = self._writer._alias()
                where = self._writer._where(target, inner, item.link.join.format(a=alias, b=inner), linked=True)
                listed = [f"{sql} AS c{number}" for number, sql in below]
                if told:
                    listed.append(f"{_ids(told)} AS ids")
                    ids.append(f"{found}.ids")
                # OFFSET 0, as everywhere: a hash join of it would lose the order of the rows, and the first rows
                # would wait for the last.
                joins.append(
                    f" LEFT JOIN LATERAL (SELECT {', '.join(listed)} FROM {target.table} {inner}{''.join(more)}"
                    f" WHERE {where} OFFSET 0) {found} ON true"
                )
                shown += [(number, f"{found}.c{number}") for number, _ in below]
                continue
            shown.append((len(self._columns), self._value(row.entity, item, alias, here)))
            self._columns.append(_column(item, here, above))
        return shown, joins, ids

    def _value(self, entity: Entity, item: Item, alias: str, path: str) -> str:
        if not isinstance(item, Name | Identifier | Value | Label):
            raise _not_flat(f"{path} is a list or of several kinds.")
        sql, _, _ = self._writer._item(entity, item, alias, known=True)
        return _SQL_TYPES[item.field.type if isinstance(item, Value) else "text"].format(sql)


def _column(item: Item, path: str, above: tuple[str, ...]) -> Column:
    if isinstance(item, Value | Label):
        field: Field = item.field
        coded = isinstance(item, Value) and field.codes is not None
        zh = field.zh + ("（代码）" if coded else "")
        return Column(path, field.type if isinstance(item, Value) else "text", "·".join((*above, zh)), field.en)
    words = ("编号", "Id in the hub") if isinstance(item, Identifier) else ("类型", "Type")
    return Column(path, "text", "·".join((*above, words[0])), words[1])


def _order_by(entity: Entity, order: Order | None, base: str) -> str:
    key = entity.key.format(a=base)
    if order is None:
        return key
    if not order.descending:
        return f"{base}.{order.field}, {key}"
    return f"{base}.{order.field} DESC{' NULLS LAST' if order.nullable else ''}, {key} DESC"


def _values(sources: Sequence[Source], run: Run) -> tuple[Any, ...]:
    return tuple(values_of(sources, run))


def _not_flat(detail: str) -> InvalidInput:
    return InvalidInput(
        "export_not_flat", detail, hint="Like: { persons(filter: {…}) { nodes { name household { membersCount } } } }"
    )
