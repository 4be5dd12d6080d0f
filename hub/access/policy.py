"""From grants to decisions: which rows an actor sees for a purpose, and which fields of which of them.

A decision's ``key`` is everything that shapes the SQL; who exactly asks (region, partner, person) is bound, never text.
Grants add up: a row is seen when some grant speaks of it, a field of a row is as open as the most open of the grants
that speak of this row. A deny beats them all on the rows it speaks of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Literal

from hub.access.actor import Actor
from hub.access.masks import MASKS, mask_sql
from hub.access.rows import ANCHORS, Claim, Scope, scope_sql, widest
from hub.clock import SystemClock
from hub.db.fragment import Fragment, Parameter
from hub.errors import Forbidden
from schema.grants import EXACT, CountRule, Grant, Grants, load_grants
from schema.regions import prefix_of

#: ``varies``: not the same on every row that is seen.
Access = Literal["open", "masked", "withheld", "varies"]

CLAIM_TYPES: dict[str, str] = {
    "region_low": "text",
    "region_high": "text",
    "partner_code": "text",
    "person_id": "bigint",
    "born_before": "date",
}


@dataclass(frozen=True, slots=True)
class Claims:
    """Values bound into row predicates. ``region_low`` ≤ code < ``region_high`` is "inside the region"."""

    region_low: str | None
    region_high: str | None
    partner_code: str | None
    person_id: int | None
    born_before: date  # latest birthday of those who are not closed as minors

    @classmethod
    def of(cls, actor: Actor, *, today: date, closed_under_years: int) -> Claims:
        """The claims of an actor."""
        low = prefix_of(actor.region_code) if actor.region_code else None
        high = low[:-1] + chr(ord(low[-1]) + 1) if low else None
        return cls(low, high, actor.partner_code, actor.person_id, _years_before(today, closed_under_years))


def _years_before(day: date, years: int) -> date:
    # Whoever was born on a 29th of February comes of age on the 1st of March.
    leap_day = (day.month, day.day) == (2, 29)
    return date(day.year - years, 2, 28) if leap_day else day.replace(year=day.year - years)


@dataclass(frozen=True, slots=True)
class FieldDecision:
    """Whether a field is open, masked or withheld, and by which grant or for which reason.

    Where that differs from row to row (``varies``), the three tuples say on which rows, looked at in this order:
    denied, open, masked. Everything else is withheld.
    """

    access: Access
    reason: str
    entity: str = ""
    denied: tuple[Scope, ...] = ()
    open: tuple[Scope, ...] = ()
    masked: tuple[Scope, ...] = ()

    def sql(
        self, name: str, value: str, *, alias: str = "", claim: Claim | None = None, masked: str | None = None
    ) -> str:
        """SQL of what may be seen of ``entity.field``.

        Parameters
        ----------
        value
            SQL of the value.
        alias, claim
            Of the entity's table, and where claims are bound; without them a field that varies is withheld.
        masked
            SQL to show instead of the value where it is masked; its mask when left out.
        """
        if self.access == "open":
            return value
        if self.access == "withheld" or (self.access == "varies" and claim is None):
            return "NULL"
        hidden = "NULL"
        if self.access == "masked" or self.masked:
            hidden = masked if masked is not None else mask_sql(name, value)
        if claim is None or self.access == "masked":
            return hidden
        cases = [
            f"WHEN {_any(self.entity, scopes, alias, claim)} THEN {shown}"
            for scopes, shown in ((self.denied, "NULL"), (self.open, value), (self.masked, hidden))
            if scopes
        ]
        return f"(CASE {' '.join(cases)} END)"


_NOT_GRANTED = FieldDecision("withheld", "not_granted")


@dataclass(frozen=True, slots=True)
class Decisions:
    """All that one kind of actor may see for one purpose."""

    key: tuple[str, ...]
    rows: dict[str, tuple[Scope, ...]]  # entity -> the widest scopes of its allowing grants
    fields: dict[str, FieldDecision]  # entity.field
    hidden: dict[str, tuple[Scope, ...]] = field(default_factory=dict)  # entity -> rows that a deny takes out whole
    grants: tuple[Grant, ...] = ()
    counts: CountRule = EXACT

    def count_rule(self, entity: str) -> CountRule | None:
        """How counts of an entity's rows are masked; None where they are shown as they are.

        They are exact where every row that is seen is so by some grant that gives exact counts.
        """
        exact = [
            Scope(grant.rows, grant.minors)
            for grant in self.grants
            if grant.effect == "allow" and grant.exact_counts and entity in grant.entities
        ]
        if all(any(scope.covers(seen) for scope in exact) for seen in self.rows.get(entity, ())):
            return None
        return self.counts

    def closed_to(self, entity: str, names: Iterable[str]) -> list[str]:
        """Which ``entity.field`` of ``names`` are not open for every row of ``entity`` that is seen.

        What is said of a row and reads other fields (a reason, a verdict) is told only where this is empty.
        """
        scopes = self.rows.get(entity, ())
        return [
            name for name in names if not scopes or any(_level(self.grants, name, scope) != "open" for scope in scopes)
        ]

    def field(self, entity: str, name: str) -> FieldDecision:
        """The decision on one field; withheld where nothing was granted."""
        return self.fields.get(f"{entity}.{name}", _NOT_GRANTED)

    def sees(self, entity: str) -> bool:
        """Whether any row of the entity could be seen."""
        return entity in self.rows

    def row_predicate(self, entity: str, alias: str, claim: Callable[[str], str]) -> str:
        """SQL that is true of the rows that may be seen.

        What hangs on a person, a household or a referral is bound by the predicate of what it hangs on, wherever that
        is at least as strict; only elsewhere does it get one of its own.

        Parameters
        ----------
        alias
            Of the entity's table.
        claim
            Gives the placeholder that a claim's name is bound to.
        """
        scopes = self.rows.get(entity)
        if scopes is None:
            return "false"
        seen = "true" if self._bound_by_anchors(entity, scopes) else _any(entity, scopes, alias, claim)
        taken = self.hidden.get(entity)
        return seen if not taken else f"({seen} AND {_any(entity, taken, alias, claim)} IS NOT TRUE)"

    def row_fragment(self, entity: str, alias: str, claims: Claims) -> Fragment:
        """The same with the claims' values in it."""
        text = self.row_predicate(entity, alias, lambda name: f"\0{name}\0")
        parts = text.split("\0")
        return Fragment(
            tuple(
                Parameter(getattr(claims, part), CLAIM_TYPES[part]) if place % 2 else part
                for place, part in enumerate(parts)
            )
        )

    def open_names(self, entity: str) -> list[str]:
        """Names of the fields of people, wishes and households that are open on every row of ``entity`` that is seen.

        Conflicts and provenance are rows about values: they tell of a field only where the field itself is open.
        """
        found = set()
        for name in self.fields:
            owner, _, item = name.partition(".")
            if owner not in ("person", "household", "wish"):
                continue
            scopes = self.rows.get(entity, ())
            if scopes and all(_level(self.grants, name, scope) == "open" for scope in scopes):
                found |= {item, f"wish_{item}"} if owner == "wish" else {item}
        return sorted(found)

    def _bound_by_anchors(self, entity: str, scopes: tuple[Scope, ...]) -> bool:
        anchors = [self.rows[anchor] for anchor in ANCHORS.get(entity, ()) if anchor in self.rows]
        if not anchors or entity not in ANCHORS:
            return False
        # A benefit is reached from its household too, and may be somebody's who lives elsewhere or who is gone: it
        # always says for itself.
        if entity in ("benefit", "benefit_month"):
            return False
        # A household has no age: its conflicts may tell of a child.
        if "household" in ANCHORS[entity] and "person" in ANCHORS[entity] and not all(s.minors for s in scopes):
            return False
        return all(any(scope.covers(inner) for scope in scopes) for anchor in anchors for inner in anchor)


def _any(entity: str, scopes: tuple[Scope, ...], alias: str, claim: Claim) -> str:
    return "(" + " OR ".join(scope_sql(entity, scope, alias, claim) for scope in scopes) + ")"


def decide(actor: Actor, purpose: str, grants: Grants | None = None, *, today: date | None = None) -> Decisions:
    """What an actor may see for a purpose.

    Parameters
    ----------
    today
        The day on which grants must be in force; the present one when left out.

    Raises
    ------
    Forbidden
        ``purpose_not_granted``: the purpose is not one that the actor may state.
    """
    known = grants or load_grants()
    if purpose not in actor.purposes or purpose not in known.purposes:
        raise Forbidden(
            "purpose_not_granted",
            "This purpose is not one that you may state.",
            hint="Yours are: " + ", ".join(actor.purposes) + ".",
        )
    day = today or SystemClock().today()
    if grants is not None:
        return _decide(grants, actor.kind, actor.department, purpose, day)
    return _decide_shipped(actor.kind, actor.department, purpose, day)


@lru_cache(maxsize=256)
def _decide_shipped(kind: str, department: str | None, purpose: str, day: date) -> Decisions:
    return _decide(load_grants(), kind, department, purpose, day)


def _decide(grants: Grants, kind: str, department: str | None, purpose: str, day: date) -> Decisions:
    ours = tuple(
        grant
        for grant in grants.grants
        if kind in grant.kinds
        and purpose in grant.purposes
        and (not grant.departments or department in grant.departments)
        and grant.in_force(day)
    )
    # The grants in force shape the text: when one expires, statements made under it are not found again.
    key = (grants.version, kind, department or "", purpose, *(grant.id for grant in ours))
    scopes: dict[str, set[Scope]] = {}
    hidden: dict[str, set[Scope]] = {}
    for grant in ours:
        held = scopes if grant.effect == "allow" else hidden if grant.whole else {}
        for entity in grant.entities:
            held.setdefault(entity, set()).add(Scope(grant.rows, grant.minors))
    everywhere = {entity for entity, taken in hidden.items() if Scope("all", True) in taken}
    rows = {entity: widest(found) for entity, found in scopes.items() if entity not in everywhere}
    fields = {
        name: _decide_field(ours, name, rows[name.partition(".")[0]])
        for name in sorted({name for grant in ours for name in grant.fields})
        if name.partition(".")[0] in rows
    }
    return Decisions(
        key, rows, fields, {entity: widest(found) for entity, found in hidden.items()}, ours, grants.counts
    )


_OPENNESS = {"withheld": 0, "masked": 1, "open": 2}


def _offered(grant: Grant, name: str) -> Access:
    """What one allowing grant gives of a field; a mask that nobody defined gives nothing."""
    if name not in grant.fields or name in grant.withheld:
        return "withheld"
    if name in grant.masked:
        return "masked" if name in MASKS else "withheld"
    return "open"


def _level(grants: tuple[Grant, ...], name: str, scope: Scope) -> Access:
    """What may be seen of a field on the rows of a scope, at the least."""
    for grant in grants:
        # A deny of other rows may still meet some of these.
        if grant.effect == "deny" and name in grant.fields:
            return "withheld"
    offers = [
        _offered(grant, name)
        for grant in grants
        if grant.effect == "allow" and Scope(grant.rows, grant.minors).covers(scope)
    ]
    return max(offers, key=_OPENNESS.__getitem__, default="withheld")


def _decide_field(grants: tuple[Grant, ...], name: str, rows: tuple[Scope, ...]) -> FieldDecision:
    entity = name.partition(".")[0]
    allowing = [grant for grant in grants if grant.effect == "allow" and entity in grant.entities]
    denying = [grant for grant in grants if grant.effect == "deny" and name in grant.fields]
    for grant in denying:
        if all(Scope(grant.rows, grant.minors).covers(scope) for scope in rows):
            return FieldDecision("withheld", f"denied:{grant.id}")
    by_access: dict[Access, list[Grant]] = {"open": [], "masked": [], "withheld": []}
    for grant in allowing:
        by_access[_offered(grant, name)].append(grant)
    shown = {access: widest(Scope(g.rows, g.minors) for g in found) for access, found in by_access.items()}
    if not denying:
        for access in ("open", "masked"):
            # One answer for every row that is seen, and no grant gives more anywhere.
            if (access == "open" or not shown["open"]) and all(any(s.covers(r) for s in shown[access]) for r in rows):
                word = "granted" if access == "open" else "masked"
                return FieldDecision(access, f"{word}:{by_access[access][0].id}")
        if not shown["open"] and not shown["masked"]:
            named = next((grant.id for grant in by_access["withheld"] if name in grant.fields), None)
            return FieldDecision("withheld", f"withheld:{named}" if named else "not_granted")
    ids = [grant.id for grant in (*denying, *by_access["open"], *by_access["masked"])]
    return FieldDecision(
        "varies",
        "by_row:" + ",".join(ids),
        entity,
        widest(Scope(grant.rows, grant.minors) for grant in denying),
        shown["open"],
        shown["masked"],
    )
