"""From grants to decisions: which rows an actor sees for a purpose, and which fields of them.

A decision's ``key`` is everything that shapes the SQL; who exactly asks (region, partner, person) is bound, never text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from hub.access.actor import Actor
from hub.access.masks import mask_sql
from hub.errors import Forbidden
from schema.catalog import ENTITIES
from schema.grants import Grant, Grants, load_grants
from schema.regions import prefix_of

Access = Literal["open", "masked", "withheld"]


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
    """Whether a field is open, masked or withheld, and by which grant or for which reason."""

    access: Access
    reason: str

    def sql(self, name: str, value: str) -> str:
        """SQL of what may be seen of ``entity.field``."""
        if self.access == "open":
            return value
        return mask_sql(name, value) if self.access == "masked" else "NULL"


@dataclass(frozen=True, slots=True)
class Decisions:
    """All that one kind of actor may see for one purpose."""

    key: tuple[str, ...]
    rows: dict[str, tuple[tuple[str, bool], ...]]  # entity -> (rows, minors) of each allowing grant
    fields: dict[str, FieldDecision]  # entity.field

    def field(self, entity: str, name: str) -> FieldDecision:
        """The decision on one field; withheld where nothing was granted."""
        return self.fields.get(f"{entity}.{name}", FieldDecision("withheld", "not_granted"))

    def sees(self, entity: str) -> bool:
        """Whether any row of the entity could be seen."""
        return entity in self.rows

    def row_predicate(self, entity: str, alias: str, claim: Callable[[str], str]) -> str:
        """SQL that is true of the rows that may be seen.

        Parameters
        ----------
        alias
            Of the entity's table.
        claim
            Gives the placeholder that a claim's name is bound to.
        """
        allowed = [_rows_sql(entity, rows, minors, alias, claim) for rows, minors in self.rows.get(entity, ())]
        return "(" + " OR ".join(allowed) + ")" if allowed else "false"


def decide(actor: Actor, purpose: str, grants: Grants | None = None) -> Decisions:
    """What an actor may see for a purpose.

    Raises
    ------
    Forbidden
        ``purpose_not_granted``: the purpose is not one that the actor may state.
    """
    grants = grants or load_grants()
    if purpose not in actor.purposes or purpose not in grants.purposes:
        raise Forbidden(
            "purpose_not_granted",
            "This purpose is not one that you may state.",
            hint="Yours are: " + ", ".join(actor.purposes) + ".",
        )
    ours = [grant for grant in grants.grants if _applies(grant, actor, purpose)]
    return Decisions((grants.version, actor.kind, actor.department or "", purpose), _rows(ours), _fields(ours))


def _applies(grant: Grant, actor: Actor, purpose: str) -> bool:
    return (
        actor.kind in grant.kinds
        and purpose in grant.purposes
        and (not grant.departments or actor.department in grant.departments)
    )


def _rows(grants: list[Grant]) -> dict[str, tuple[tuple[str, bool], ...]]:
    rows: dict[str, set[tuple[str, bool]]] = {}
    for grant in grants:
        if grant.effect == "allow":
            for entity in grant.entities:
                rows.setdefault(entity, set()).add((grant.rows, grant.minors))
    return {entity: tuple(sorted(found)) for entity, found in rows.items()}


def _fields(grants: list[Grant]) -> dict[str, FieldDecision]:
    """Deny beats allow; among allowing grants of the same rows, withheld beats masked beats open."""
    decisions: dict[str, FieldDecision] = {}
    for grant in grants:
        if grant.effect == "deny":
            decisions.update({name: FieldDecision("withheld", f"denied:{grant.id}") for name in grant.fields})
    for grant in grants:
        if grant.effect == "deny":
            continue
        for name in grant.fields:
            if name in grant.withheld:
                found = FieldDecision("withheld", f"withheld:{grant.id}")
            elif name in grant.masked:
                found = FieldDecision("masked", f"masked:{grant.id}")
            else:
                found = FieldDecision("open", f"granted:{grant.id}")
            held = decisions.get(name)
            if held is None or _STRICTNESS[found.access] > _STRICTNESS[held.access]:
                decisions[name] = found
    return decisions


_STRICTNESS = {"open": 0, "masked": 1, "withheld": 2}

_OWN = {
    "person": "{a}.person_id = {person_id}",
    "household": "{a}.household_id = (SELECT o.household_id FROM registry.person o WHERE o.person_id = {person_id})",
    "opening": "{a}.partner_code = {partner_code}",
    "referral": (
        "({a}.person_id = {person_id} OR EXISTS (SELECT FROM market.opening o WHERE o.opening_id = {a}.opening_id"
        " AND o.partner_code = {partner_code}))"
    ),
}
_REFERRED = (
    "EXISTS (SELECT FROM casework.referral f JOIN market.opening o USING (opening_id)"
    " WHERE f.person_id = {a}.person_id AND o.partner_code = {partner_code}"
    " AND f.state NOT IN ('shown'))"
)
_LIVES = "({a}.living_region_code >= {region_low} AND {a}.living_region_code < {region_high})"
_REGISTERED = "({a}.registered_region_code >= {region_low} AND {a}.registered_region_code < {region_high})"
_OF_PERSON = (
    "EXISTS (SELECT FROM registry.person w WHERE w.person_id = {a}.person_id AND w.gone_on IS NULL AND {inner})"
)
_ADULT = "({a}.born_on IS NULL OR {a}.born_on <= {born_before})"


def _rows_sql(entity: str, rows: str, minors: bool, alias: str, claim: Callable[[str], str]) -> str:
    """SQL of one grant's rows. Text from this module only; values through ``claim``."""
    if rows == "all":
        return "true"
    places = ("region_low", "region_high", "partner_code", "person_id", "born_before")
    if rows == "own":
        if entity not in _OWN:
            return "true"  # what hangs on a person or an opening is bound by its own
        template = _OWN[entity]
    elif rows == "referred":
        template = _REFERRED
    elif entity in ("person", "household"):
        template = _LIVES if rows == "lives" else f"({_LIVES} OR {_REGISTERED})"
    elif entity == "referral":
        inner = _LIVES if rows == "lives" else f"({_LIVES} OR {_REGISTERED})"
        template = _OF_PERSON.replace("{inner}", inner.replace("{a}", "w"))
    else:
        return "true"
    if entity == "person" and not minors:
        template = f"({template} AND {_ADULT})"
    values = {name: claim(name) for name in places if "{" + name + "}" in template}
    return template.format(a=alias, **values)


def describe() -> list[tuple[str, str, str, str, str, str]]:
    """Every role × entity × field × purpose, for the table that a reviewer reads: access and reason last."""
    grants = load_grants()
    roles: list[tuple[str, str | None]] = [("station", None), ("partner", None), ("county", None), ("person", None)]
    roles += [("administrator", None)]
    roles += [("department", name) for name in ("human_resources", "civil_affairs", "rural_revitalization")]
    table = []
    for kind, department in roles:
        for purpose in grants.purposes:
            actor = Actor(0, kind, "", department, None, None, None, (purpose,))  # type: ignore[arg-type]  # one of KINDS
            decisions = decide(actor, purpose, grants)
            for entity in ENTITIES.values():
                rows = "+".join(f"{r}{'' if m else '-minors'}" for r, m in decisions.rows.get(entity.name, ()))
                for field in entity.fields:
                    found = decisions.field(entity.name, field.name)
                    if rows:
                        role = f"{kind}:{department}" if department else kind
                        table.append((role, purpose, entity.name, field.name, rows, f"{found.access} {found.reason}"))
    return table
