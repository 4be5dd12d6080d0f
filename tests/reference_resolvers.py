"""The schema answered the plain way: one resolver for every field, over rows in memory, by graphql-core.

Nothing here is shared with the compiler but the schema and the words of the catalogue; links, filters, orders, pages,
masks and rights are written once more. Whoever is right where the two differ, one of them is wrong.

An operation that asks for what it may not is refused as a whole, before anything is read. Plain resolvers find that out
only where there are rows, so operations are also run over ghosts: rows without values, one wherever one could be.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from operator import itemgetter
from typing import Any

import asyncpg
from graphql import GraphQLResolveInfo, GraphQLSchema, build_schema, execute_sync, parse, print_schema

from hub.access.actor import Actor
from hub.access.policy import Decisions, decide
from schema.catalog import ENTITIES, TARGETS, Entity, camel, plural_of, type_name
from schema.codes import LISTS
from schema.grants import load_grants
from schema.regions import prefix_of
from schema.told import REASON_FIELDS
from tests.reference_access import Rights, Row, mask

Data = dict[str, list[dict[str, Any]]]
_PLAIN = {
    "region": "registry.region", "person": "registry.person", "household": "registry.household",
    "wish": "registry.wish", "employment": "registry.employment", "training": "registry.training",
    "certificate": "registry.certificate", "benefit": "registry.benefit", "benefit_month": "registry.benefit_month",
    "monitoring": "registry.monitoring", "conflict": "registry.conflict", "opening": "market.opening",
    "programme": "market.programme", "post": "market.post", "referral": "casework.referral",
    "contact": "casework.contact", "outcome": "casework.outcome", "list": "matching.recommendation",
    "run": "matching.run", "source": "intake.source_record", "batch": "intake.batch",
}  # fmt: skip
_KEYS = {
    "region": "region_code", "wish": "person_id", "benefit_month": "month", "recommendation": "place",
    "provenance": "field",
}  # fmt: skip
_KIND_PLACES = {"opening": 0, "post": 1_000_000, "programme": 2_000_000}


@dataclass(frozen=True, slots=True)
class Refused:
    """The operation is refused; the codes of all that is wrong with it."""

    codes: frozenset[str]


class _Wrong(Exception):
    """One thing that is wrong."""


@dataclass(frozen=True, slots=True, eq=False)
class Thing:
    """A row of an entity; ``row`` is None for a ghost."""

    entity: Entity
    row: Row | None


@dataclass
class Library:
    """All rows, in their tables, as PostgreSQL would write them in JSON."""

    data: Data
    texts: dict[str, int]  # place of each name and field in the database's own order

    @classmethod
    async def load(cls, owner: asyncpg.Pool) -> Library:
        """Read the whole database."""
        data: Data = {}
        for name, table in _PLAIN.items():
            rows = await owner.fetch(f"SELECT to_jsonb(t) FROM {table} t")  # noqa: S608  # our own names
            data[name] = [dict(row[0]) for row in rows]
        data["recommendation"] = list(_recommendations(data["list"]))
        data["provenance"] = list(_provenance(data))
        for name in ENTITIES:
            data[name].sort(key=itemgetter(key_of(name)))
        words = {row["name"] for row in data["person"] if row["name"]} | {row["field"] for row in data["provenance"]}
        ordered = await owner.fetch("SELECT w FROM unnest($1::text[]) w ORDER BY w", sorted(words))
        return cls(data, {row["w"]: place for place, row in enumerate(ordered)})

    def find(self, entity: str, **values: Any) -> list[dict[str, Any]]:
        """Rows with these values; nothing equals null."""
        return [
            row
            for row in self.data[entity]
            if all(row[name] == value and value is not None for name, value in values.items())
        ]


def key_of(entity: str) -> str:
    """Column of an entity's key."""
    return _KEYS.get(entity, f"{entity}_id")


def _recommendations(lists: list[dict[str, Any]]) -> Any:
    for row in lists:
        for place, target in enumerate(row["target_ids"]):
            yield {
                "run_id": row["run_id"],
                "person_id": row["person_id"],
                "kind": row["kind"],
                "target_id": target,
                "rank": place + 1,
                "score": row["scores"][place],
                "probability": row["probabilities"][place],
                "reasons": row["reasons"][place],
                "allocated": row["allocated"] == place,
                "place": _KIND_PLACES[row["kind"]] + place + 1,
            }


def _provenance(data: Data) -> Any:
    records = {row["source_record_id"]: row for row in data["source"]}
    batches = {row["batch_id"]: row for row in data["batch"]}
    for owner in (*data["person"], *data["wish"]):
        for name, record in owner["sources"].items():
            row = records[int(record)]
            yield {
                "person_id": owner["person_id"],
                "field": name,
                "file_name": batches[row["batch_id"]]["file_name"],
                **{column: row[column] for column in ("department", "feed", "line", "as_of")},
            }


@dataclass
class Reference:
    """Answers operations for one actor and purpose."""

    schema: GraphQLSchema
    library: Library
    actor: Actor
    purpose: str
    today: date
    person_ids: set[int] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)  # of what is wrong with the operation
    ghost: str | None = None  # in a run over ghosts: which member of a union or interface there is

    def __post_init__(self) -> None:
        self.rights = Rights(load_grants(), self.actor, self.purpose, self.today, self.library.data)
        self.decisions: Decisions = decide(self.actor, self.purpose, today=self.today)

    def answer(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any] | Refused:
        """The data of an operation, or that it asks for what it may not."""
        wrong: set[str] = set()
        for member in (name for name, entity in ENTITIES.items() if entity.node):
            self.ghost = member
            wrong |= self._run(document, variables)[1]
        self.ghost = None
        if wrong:
            return Refused(frozenset(wrong))
        self.person_ids.clear()
        data, wrong = self._run(document, variables)
        assert not wrong, wrong
        answered: dict[str, Any] = data
        return answered

    def _run(self, document: str, variables: Mapping[str, Any]) -> tuple[Any, set[str]]:
        self.codes = set()
        result = execute_sync(
            self.schema,
            parse(document),
            variable_values=dict(variables),
            field_resolver=self._resolve,
            type_resolver=lambda thing, *_: type_name(thing.entity.name),
        )
        for error in result.errors or ():
            if not isinstance(error.original_error, _Wrong):
                raise error
            self.codes.add(str(error.original_error))
        return result.data, self.codes

    # Fields

    def _resolve(self, source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        if isinstance(source, dict):
            if info.field_name == "nodes":
                for thing in source["nodes"]:
                    self._tell_row(thing)
            return source[info.field_name]
        if isinstance(source, Thing):
            return self._of_thing(source, info.field_name, arguments)
        return self._root(info.field_name, arguments)

    def _root(self, name: str, arguments: dict[str, Any]) -> Any:
        if name in ("nodes", "_entities") and self.ghost is not None:
            # A list of ids may hold any.
            return [self._seen(ENTITIES[self.ghost], [])]
        if name == "nodes":
            return [self._by_id(text, None) for text in arguments["ids"]]
        if name == "_entities":
            given = [(one["__typename"], one["id"]) for one in arguments["representations"]]
            return [self._by_id(text if text.startswith(f"{kind}:") else "", None) for kind, text in given]
        if name == "node":
            return self._by_id(arguments["id"], None)
        for entity in ENTITIES.values():
            if name == camel(entity.name):
                return self._by_id(arguments["id"], entity)
            if name == camel(plural_of(entity.name)):
                return self._list(entity, self.library.data[entity.name], arguments)
        raise AssertionError(name)

    def _by_id(self, text: str, wanted: Entity | None) -> Thing | None:
        kind, _, key = text.partition(":")
        entity = next((e for e in ENTITIES.values() if e.node and type_name(e.name) == kind), None)
        if self.ghost is not None:
            # One id holds only what it names.
            entity = wanted or entity
            return Thing(entity, None) if entity is not None and self.decisions.sees(entity.name) else None
        if entity is None or (wanted is not None and entity != wanted):
            return None
        rows = [row for row in self.library.data[entity.name] if str(row[key_of(entity.name)]) == key]
        return self._seen(entity, rows)

    def _seen(self, entity: Entity, rows: list[dict[str, Any]]) -> Thing | None:
        if self.ghost is not None:
            return Thing(entity, None) if self.decisions.sees(entity.name) else None
        here = [row for row in rows if not row.get("gone_on") and self.rights.sees(entity.name, row)]
        if not here:
            return None
        self._tell_row(Thing(entity, here[0]))
        return Thing(entity, here[0])

    def _of_thing(self, thing: Thing, name: str, arguments: dict[str, Any]) -> Any:
        entity = thing.entity
        self._tell(thing, name)
        if name == "id":
            return f"{type_name(entity.name)}:{self._identity(thing)}"
        for item in entity.fields:
            if name in (camel(item.name), camel(f"{item.name}_label")):
                return self._value(thing, item.name, item.codes if name != camel(item.name) else None, arguments)
        link = next(link for link in entity.links if camel(link.name) == name)
        if link.target == "Target":
            return self._target(thing)
        rows = [] if thing.row is None else _LINKS[entity.name, link.name](self.library, thing.row)
        if link.many:
            return self._list(ENTITIES[link.target], rows, arguments)
        return self._seen(ENTITIES[link.target], rows)

    def _identity(self, thing: Thing) -> str:
        row = thing.row
        if row is None:
            return "ghost"
        columns = {
            "benefit_month": ("benefit_id", "month"),
            "provenance": ("person_id", "field"),
            "recommendation": ("run_id", "person_id", "place"),
        }.get(thing.entity.name, (key_of(thing.entity.name),))
        return "-".join(str(row[column]) for column in columns)

    def _value(self, thing: Thing, name: str, codes: str | None, arguments: dict[str, Any]) -> Any:
        entity, row = thing.entity.name, thing.row
        if row is None:
            return None
        access = self.rights.access(entity, name, row)
        value = self._department(row) if name == "department" and "department" not in row else row[name]
        if access == "withheld" or value is None or (codes is not None and access != "open"):
            return None
        if (entity, name) == ("recommendation", "reasons"):
            return [reason for reason in value if self._may_be_told(reason["code"])]
        if codes is None:
            return mask(f"{entity}.{name}", value) if access == "masked" else value
        entry = next((entry for entry in LISTS[codes].entries if entry.code == value), None)
        return value if entry is None else entry.en if arguments.get("lang") == "EN" else entry.zh

    def _may_be_told(self, code: str) -> bool:
        """Whether all that a reason reads is open on the rows of recommendations; the shipped grants have one kind."""
        shown = [g for g in self.rights.mine if g.effect == "allow" and g.fields & {"recommendation.reasons"}]
        opened = {name for g in self.rights.mine if g.effect == "allow" for name in g.fields - g.masked - g.withheld}
        behind = REASON_FIELDS.get(code)
        everything = {name for names in REASON_FIELDS.values() for name in names} <= opened
        return bool(shown) and (everything if behind is None else set(behind) <= opened)

    def _department(self, row: Row) -> Any:
        return self.library.find("source", source_record_id=row["source_record_id"])[0]["department"]

    def _target(self, thing: Thing) -> Thing | None:
        if thing.row is None:
            name = self.ghost if self.ghost in TARGETS else "opening"
            return self._seen(ENTITIES[name], [])
        name = thing.row["kind"]
        target = thing.row["target_id"] if "target_id" in thing.row else thing.row[f"{name}_id"]
        return self._seen(ENTITIES[name], self.library.find(name, **{f"{name}_id": target}))

    def _tell_row(self, thing: Thing) -> None:
        """Note whose row it is: that it is there says something, even where nothing of it is shown."""
        if thing.row is not None and thing.entity.name not in ("region", *TARGETS) and "person_id" in thing.row:
            self.person_ids.add(thing.row["person_id"])

    def _tell(self, thing: Thing, name: str) -> None:
        """Note whose data the answer holds."""
        self._tell_row(thing)
        if thing.row is None or thing.entity.name in ("region", *TARGETS):
            return
        values = {camel(f.name) for f in thing.entity.fields}
        values |= {camel(f"{f.name}_label") for f in thing.entity.fields}
        if thing.entity.name == "household" and name in values:
            column = next(f.name for f in thing.entity.fields if name in (camel(f.name), camel(f"{f.name}_label")))
            if self.decisions.field("household", column).access != "withheld":
                members = self.library.find("person", household_id=thing.row["household_id"])
                self.person_ids |= {row["person_id"] for row in members if not row["gone_on"]}

    # Lists

    def _list(self, entity: Entity, rows: list[dict[str, Any]], arguments: dict[str, Any]) -> dict[str, Any]:
        first, last = arguments.get("first"), arguments.get("last")
        name = (arguments.get("order") or "KEY").lower()
        column, descending = ORDERS.get((entity.name, name), (None, False))
        given = {key: value for key, value in (arguments.get("filter") or {}).items() if value is not None}
        cursor = arguments.get("before" if last is not None else "after")
        tag = f"{entity.name}.{name}"
        tests: list[Any] = []
        wrong = [
            *_wrongs(lambda: self._check_page(arguments)),
            *_wrongs(lambda: self._open(entity.name, column) if column is not None else None),
            *_wrongs(lambda: self._check_cursor(cursor, tag) if cursor is not None else None),
        ]
        for key, value in given.items():
            wrong += _wrongs(partial(self._add_test, tests, entity.name, key, value))
        if wrong:
            # Noted, and on as if it were right: there may be more below.
            self.codes |= set(wrong)
            return self._ghosts(entity)
        size = int(arguments["last" if first is None else "first"])  # one is there: the page was checked
        if self.ghost is not None:
            return self._ghosts(entity)
        open_names = self.decisions.open_names(entity.name) if entity.name in ("conflict", "provenance") else None
        found = [
            row
            for row in rows
            if not row.get("gone_on")
            and self.rights.sees(entity.name, row)
            and (open_names is None or row["field"] in open_names)
            and all(test(row) for test in tests)
        ]
        found.sort(key=lambda row: self._place(entity.name, column, descending, row))
        total = len(found)
        cursors = [make_cursor(tag, row[column] if column else None, row[key_of(entity.name)]) for row in found]
        if cursor is not None:
            _, value, key = json.loads(base64.b64decode(cursor))
            at = self._place(entity.name, column, descending, {column or "": value, key_of(entity.name): key})
            keep = [
                place > at if last is None else place < at
                for place in (self._place(entity.name, column, descending, row) for row in found)
            ]
            cursors = [text for text, kept in zip(cursors, keep, strict=True) if kept]
            found = [row for row, kept in zip(found, keep, strict=True) if kept]
        more = len(found) > size
        chosen = slice(0, size) if last is None else slice(len(found) - min(size, len(found)), None)
        page, marks = found[chosen], cursors[chosen]
        things = [Thing(entity, row) for row in page]
        return {
            "edges": [_Edge(self, thing, mark) for thing, mark in zip(things, marks, strict=True)],
            "nodes": things,
            "pageInfo": _Info(self, things, {
                "hasNextPage": more if last is None else cursor is not None,
                "hasPreviousPage": cursor is not None if last is None else more,
                "startCursor": marks[0] if marks else None,
                "endCursor": marks[-1] if marks else None,
            }),
            "totalCount": self._count(entity.name, total),
        }  # fmt: skip

    def _count(self, entity: str, total: int) -> int | None:
        """A count as it is shown: small ones are not, others are rounded down, unless a grant gives exact ones."""
        rows = [(g.rows, g.minors) for g in self.rights.mine if g.effect == "allow" and entity in g.entities]
        exact = [
            (g.rows, g.minors)
            for g in self.rights.mine
            if g.effect == "allow" and entity in g.entities and g.exact_counts
        ]
        # The shipped grants of one actor and purpose are nested; wider ones come with those they hold.
        if all(one in exact or any(_holds(wider, one) for wider in exact) for one in rows):
            return total
        rule = load_grants().counts
        return None if total < rule.smallest_shown else total // rule.rounded_to * rule.rounded_to

    def _add_test(self, tests: list[Any], entity: str, key: str, value: Any) -> None:
        tests.append(self._filter(entity, key, value))

    def _check_page(self, arguments: dict[str, Any]) -> None:
        first, last = arguments.get("first"), arguments.get("last")
        if first is None and last is None:
            raise _Wrong("page_size_missing")
        if (first is not None and last is not None) or arguments.get("after" if last is not None else "before"):
            raise _Wrong("page_two_ends")
        if not 0 <= int(arguments["last" if first is None else "first"]) <= 500:
            raise _Wrong("page_too_large")

    def _ghosts(self, entity: Entity) -> dict[str, Any]:
        thing = Thing(entity, None)
        info = {"hasNextPage": True, "hasPreviousPage": True, "startCursor": None, "endCursor": None}
        return {"edges": [{"node": thing, "cursor": ""}], "nodes": [thing], "pageInfo": info, "totalCount": 0}

    def _place(self, entity: str, column: str | None, descending: bool, row: Row) -> tuple[Any, ...]:
        key = self._comparable(row[key_of(entity)])
        if column is None:
            return (key,)
        value = row[column]
        if value is None:
            return (1, 0, -key if descending else key)
        value = self._comparable(value)
        return (0, -value, -key) if descending else (0, value, key)

    def _comparable(self, value: Any) -> float:
        if not isinstance(value, str):
            return float(value)
        if value in self.texts:
            return float(self.texts[value])
        if value.isdecimal():
            return float(value)
        moment = datetime.fromisoformat(value)
        return moment.timestamp() if moment.tzinfo else float(moment.toordinal())

    @property
    def texts(self) -> dict[str, int]:
        """Place of each text in the database's order."""
        return self.library.texts

    def _check_cursor(self, text: str, tag: str) -> None:
        try:
            found, _, _ = json.loads(base64.b64decode(text, validate=True))
        except ValueError as error:
            raise _Wrong("cursor_invalid") from error
        if found != tag:
            raise _Wrong("cursor_invalid")

    def _open(self, entity: str, name: str, *, equality: bool = False) -> None:
        access = self.decisions.field(entity, name).access
        if access != "open" and not (access == "masked" and equality):
            raise _Wrong("field_withheld")

    def _filter(self, entity: str, name: str, value: Any) -> Callable[[Row], bool]:
        if (entity, name) in VIA:
            target, column, rows_of, test = VIA[entity, name]
            self._open(target, column)
            return lambda row: any(
                self.rights.sees(target, one) and not one.get("gone_on") and test(one[column], value)
                for one in rows_of(self.library, row)
            )
        column, test = FILTERS[entity, name]
        self._open(entity, column, equality=test is _equal)
        if test in (_inside, _at_least_aged, _at_most_aged):
            test(None, value, self)
            return lambda row: test(row[column], value, self)
        if column in ("filled", "taken"):
            places = {"opening": "vacancies", "programme": "seats", "post": "vacancies"}[entity]
            return lambda row: (row[column] < row[places]) == value
        return lambda row: row[column] is not None and test(row[column], value)


def _holds(wider: tuple[str, bool], one: tuple[str, bool]) -> bool:
    inside = {"all": {"region", "lives", "household", "own", "referred"}, "region": {"lives"}, "household": {"own"}}
    return (one[0] == wider[0] or one[0] in inside.get(wider[0], ())) and (wider[1] or not one[1])


def _wrongs(check: Callable[[], Any]) -> list[str]:
    """Codes of what a check finds; which of several the hub names first is its own affair."""
    try:
        check()
    except _Wrong as found:
        return [str(found)]
    return []


class _Edge(dict[str, Any]):
    """An edge; its cursor names the row."""

    def __init__(self, reference: Reference, thing: Thing, cursor: str) -> None:
        super().__init__(node=thing, cursor=cursor)
        self._reference, self._thing = reference, thing

    def __getitem__(self, name: str) -> Any:
        if name == "cursor":
            self._reference._tell(self._thing, name)
        return super().__getitem__(name)


class _Info(dict[str, Any]):
    """What is known of a page; cursors name rows."""

    def __init__(self, reference: Reference, things: list[Thing], facts: dict[str, Any]) -> None:
        super().__init__(facts)
        self._reference, self._things = reference, things

    def __getitem__(self, name: str) -> Any:
        if name.endswith("Cursor"):
            # Rows are gathered for their cursors, so all of the page counts as told.
            for thing in self._things:
                self._reference._tell(thing, name)
        return super().__getitem__(name)


def make_cursor(tag: str, value: Any, key: Any) -> str:
    """The cursor of a row, as the hub writes it."""
    return base64.b64encode(json.dumps([tag, value, key], ensure_ascii=False).encode()).decode()


def reference_schema(schema: GraphQLSchema) -> GraphQLSchema:
    """The same schema without a resolver in it."""
    return build_schema(print_schema(schema))


def _equal(held: Any, value: Any) -> bool:
    return bool(held == value)


def _one_of(held: Any, value: Any) -> bool:
    return held in value


def _starts(held: Any, value: Any) -> bool:
    return bool(held.startswith(value))


def _contains(held: Any, value: Any) -> bool:
    return value in held


def _inside(held: Any, value: str, _: Reference) -> bool:
    if len(value) != 12 or not value.isdecimal():
        raise _Wrong("region_invalid")
    return held is not None and held.startswith(prefix_of(value))


def _age(held: str, reference: Reference) -> int:
    born, today = date.fromisoformat(held), reference.today
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _at_least_aged(held: Any, value: int, reference: Reference) -> bool:
    if not 0 <= value <= 150:
        raise _Wrong("age_invalid")
    return held is not None and _age(held, reference) >= value


def _at_most_aged(held: Any, value: int, reference: Reference) -> bool:
    if not 0 <= value + 1 <= 150:
        raise _Wrong("age_invalid")
    return held is not None and _age(held, reference) <= value


def _earlier(held: Any, value: Any) -> bool:
    return bool(held < value)


def _later(held: Any, value: Any) -> bool:
    return bool(held > value)


def _no_less(held: Any, value: Any) -> bool:
    return bool(held >= value)


#: (entity, filter) -> column and test of a value that is there.
FILTERS: dict[tuple[str, str], tuple[str, Any]] = {
    **{
        (e, f"{w}Region"): (f"{w}_region_code", _inside)
        for e in ("person", "household")
        for w in ("registered", "living")
    },
    **{(e, "region"): ("region_code", _inside) for e in TARGETS},
    **{(e, "state"): ("state", _equal) for e in (*TARGETS, "benefit")},
    **{
        (e, camel(name)): (name, _equal)
        for e, names in {
            "person": (
                "name",
                "citizen_number",
                "willing",
                "in_work",
                "sex",
                "employment_status",
                "person_category",
                "labour_ability",
            ),
            "household": (
                "household_code",
                "household_kind",
                "monitored_kind",
                "zero_employment",
                "low_income",
                "relocated",
            ),
            "employment": ("form",),
            "certificate": ("kind",),
            "benefit": ("kind",),
            "monitoring": ("kind",),
            "recommendation": ("kind", "allocated"),
            "referral": ("kind",),
            "post": ("kind",),
            "opening": ("channel", "heavy_labour", "night_shift", "lodging", "social_insurance"),
            "programme": ("certificate_kind",),
            "region": ("level",),
            "conflict": ("field",),
            "provenance": ("department",),
        }.items()
        for name in names
    },
    **{("person", camel(name)): (name, _one_of) for name in ("nationality", "education", "skill_level")},
    ("person", "namePrefix"): ("name", _starts),
    ("person", "ageMin"): ("born_on", _at_least_aged),
    ("person", "ageMax"): ("born_on", _at_most_aged),
    ("person", "bornBefore"): ("born_on", _earlier),
    ("referral", "state"): ("state", _one_of),
    ("opening", "occupationPrefix"): ("occupation_code", _starts),
    ("programme", "occupationPrefix"): ("occupation_code", _starts),
    ("opening", "titleContains"): ("title", _contains),
    ("opening", "employerContains"): ("employer_name", _contains),
    ("opening", "wageAtLeast"): ("wage_high_yuan_per_month", _no_less),
    ("opening", "hasVacancies"): ("filled", _equal),
    ("programme", "startsAfter"): ("starts_on", _later),
    ("programme", "hasSeats"): ("taken", _equal),
    ("post", "hasVacancies"): ("filled", _equal),
    ("region", "nameContains"): ("name", _contains),
    ("region", "inside"): ("region_code", _inside),
}


def _household_of(library: Library, row: Row) -> list[dict[str, Any]]:
    return library.find("household", household_id=row["household_id"])


def _there(held: Any, value: bool) -> bool:
    return (held is not None) == value


#: (entity, filter) -> entity and column looked at, the rows that the link leads to, test.
Via = tuple[str, str, Callable[[Library, Row], list[dict[str, Any]]], Callable[[Any, Any], bool]]
VIA: dict[tuple[str, str], Via] = {
    ("person", "zeroEmployment"): ("household", "zero_employment", _household_of, _equal),
    ("person", "householdKind"): ("household", "household_kind", _household_of, _equal),
    ("person", "monitoredKind"): ("household", "monitored_kind", _household_of, _equal),
    ("person", "monitored"): ("household", "monitored_kind", _household_of, _there),
    ("person", "benefitKind"): (
        "benefit",
        "kind",
        lambda lib, row: lib.find("benefit", person_id=row["person_id"]),
        _equal,
    ),
    ("person", "wishScope"): ("wish", "scope", lambda lib, row: lib.find("wish", person_id=row["person_id"]), _equal),
    ("household", "benefitKind"): (
        "benefit", "kind", lambda lib, row: lib.find("benefit", household_id=row["household_id"]), _equal,
    ),
}  # fmt: skip
#: (entity, order) -> column, descending.
ORDERS: dict[tuple[str, str], tuple[str, bool]] = {
    ("person", "name"): ("name", False),
    ("person", "youngest_first"): ("born_on", True),
    ("person", "oldest_first"): ("born_on", False),
    ("person", "last_changed"): ("updated_at", True),
    ("household", "largest_first"): ("members_count", True),
    ("household", "last_changed"): ("updated_at", True),
    ("employment", "newest_first"): ("started_on", True),
    ("benefit", "newest_first"): ("started_on", True),
    ("benefit_month", "newest_first"): ("month", True),
    ("opening", "newest_first"): ("posted_on", True),
    ("opening", "best_paid_first"): ("wage_high_yuan_per_month", True),
    ("opening", "closes_first"): ("closes_on", False),
    ("programme", "starts_first"): ("starts_on", False),
    ("post", "starts_first"): ("starts_on", False),
    ("referral", "newest_first"): ("shown_on", True),
    ("outcome", "newest_first"): ("recorded_at", True),
}


def _by(entity: str, column: str, theirs: str = "") -> Callable[[Library, Row], list[dict[str, Any]]]:
    return lambda library, row: library.find(entity, **{theirs or column: row[column]})


def _last_run(library: Library, row: Row) -> list[dict[str, Any]]:
    done = {run["run_id"] for run in library.data["run"] if run["state"] == "done"}
    lines = [line for line in library.find("recommendation", person_id=row["person_id"]) if line["run_id"] in done]
    return [line for line in lines if line["run_id"] == max(one["run_id"] for one in lines)]


def _conflicts(*entities: str) -> Callable[[Library, Row], list[dict[str, Any]]]:
    def read(library: Library, row: Row) -> list[dict[str, Any]]:
        key = row["household_id"] if entities == ("household",) else row["person_id"]
        return [one for one in library.find("conflict", entity_id=key) if one["entity"] in entities]

    return read


_LINKS: dict[tuple[str, str], Callable[[Library, Row], list[dict[str, Any]]]] = {
    ("region", "parent"): _by("region", "parent_code", "region_code"),
    ("region", "children"): _by("region", "region_code", "parent_code"),
    **{
        (entity, f"{which}_region"): _by("region", f"{which}_region_code", "region_code")
        for entity in ("person", "household")
        for which in ("registered", "living")
    },
    ("person", "household"): _household_of,
    ("person", "wish"): _by("wish", "person_id"),
    **{
        ("person", name): _by(entity, "person_id")
        for name, entity in {
            "employments": "employment", "trainings": "training", "certificates": "certificate",
            "benefits": "benefit", "referrals": "referral", "provenance": "provenance",
        }.items()
    },
    ("person", "recommendations"): _last_run,
    ("person", "conflicts"): _conflicts("person", "wish"),
    ("household", "head"): _by("person", "head_person_id", "person_id"),
    ("household", "members"): _by("person", "household_id"),
    ("household", "benefits"): _by("benefit", "household_id"),
    ("household", "monitorings"): _by("monitoring", "household_id"),
    ("household", "conflicts"): _conflicts("household"),
    ("benefit", "months"): _by("benefit_month", "benefit_id"),
    **{(entity, "region"): _by("region", "region_code") for entity in TARGETS},
    ("opening", "referrals"): _by("referral", "opening_id"),
    ("referral", "person"): _by("person", "person_id"),
    ("referral", "contacts"): _by("contact", "referral_id"),
    ("referral", "outcomes"): _by("outcome", "referral_id"),
}  # fmt: skip
