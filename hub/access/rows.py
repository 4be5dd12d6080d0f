"""Scopes as SQL: of which rows of an entity a grant speaks.

Text comes from this module alone; what identifies whoever asks (region, partner, person) goes through ``claim``, which
gives a placeholder. A row that cannot be placed (no region, no partner) is in nobody's scope but "all".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

Claim = Callable[[str], str]

#: A scope and what it holds besides itself.
_INSIDE: dict[str, frozenset[str]] = {
    "all": frozenset({"all", "region", "lives", "household", "own", "referred"}),
    "region": frozenset({"region", "lives"}),
    "lives": frozenset({"lives"}),
    "household": frozenset({"household", "own"}),
    "own": frozenset({"own"}),
    "referred": frozenset({"referred"}),
}


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """Rows of a kind; people under the closed age among them only with ``minors``."""

    rows: str
    minors: bool

    def covers(self, other: Scope) -> bool:
        """Whether every row of ``other`` is one of these."""
        return other.rows in _INSIDE[self.rows] and (self.minors or not other.minors)

    def __str__(self) -> str:
        return self.rows if self.minors else f"{self.rows}-minors"


_LIVES = "({a}.living_region_code >= {region_low} AND {a}.living_region_code < {region_high})"
_REGISTERED = "({a}.registered_region_code >= {region_low} AND {a}.registered_region_code < {region_high})"
_REGION = f"({_LIVES} OR {_REGISTERED})"
_MINE = "(SELECT o.household_id FROM registry.person o WHERE o.person_id = {person_id})"
_ADULT = "({a}.born_on IS NULL OR {a}.born_on <= {born_before})"

_PERSON = {
    "region": _REGION,
    "lives": _LIVES,
    "own": "{a}.person_id = {person_id}",
    "household": "({a}.person_id = {person_id} OR {a}.household_id = " + _MINE + ")",
    "referred": (
        "EXISTS (SELECT FROM casework.referral f JOIN market.opening o USING (opening_id)"
        " WHERE f.person_id = {a}.person_id AND o.partner_code = {partner_code} AND f.state <> 'shown')"
    ),
}
_HOUSEHOLD = {"region": _REGION, "lives": _LIVES, "own": "{a}.household_id = " + _MINE}
_PLACE = "({a}.region_code >= {region_low} AND {a}.region_code < {region_high})"
_OFFER = {"region": _PLACE, "lives": _PLACE}
_OPENING = {**_OFFER, "own": "{a}.partner_code = {partner_code}"}
_PARTNERS_REFERRAL = (
    "EXISTS (SELECT FROM market.opening o WHERE o.opening_id = {a}.opening_id AND o.partner_code = {partner_code})"
)

#: What hangs on another entity: table and join of what it hangs on.
_PARENT: dict[str, tuple[str, str, str]] = {
    **dict.fromkeys(
        ("wish", "employment", "training", "certificate", "benefit", "recommendation", "provenance"),
        ("person", "registry.person", "{w}.person_id = {a}.person_id AND {w}.gone_on IS NULL"),
    ),
    "benefit_month": ("benefit", "registry.benefit", "{w}.benefit_id = {a}.benefit_id"),
    "monitoring": ("household", "registry.household", "{w}.household_id = {a}.household_id"),
    "contact": ("referral", "casework.referral", "{w}.referral_id = {a}.referral_id"),
    "outcome": ("referral", "casework.referral", "{w}.referral_id = {a}.referral_id"),
}
#: The entities by way of which a dependent one is reached. A household's benefits may be a child's.
ANCHORS: dict[str, tuple[str, ...]] = {
    **{entity: (parent[0],) for entity, parent in _PARENT.items()},
    "benefit": ("person", "household"),
    "benefit_month": ("person", "household"),
    "conflict": ("person", "household"),
}
_CLAIM = re.compile(r"\{(region_low|region_high|partner_code|person_id|born_before)\}")


def scope_sql(entity: str, scope: Scope, alias: str, claim: Claim) -> str:
    """SQL that is true of the rows of ``entity``, under ``alias``, that lie in a scope.

    Raises
    ------
    ValueError
        The scope means nothing for the entity.
    """
    text = _text(entity, scope, alias)
    return _CLAIM.sub(lambda match: claim(match.group(1)), text)


def _text(entity: str, scope: Scope, alias: str, depth: int = 0) -> str:
    if scope.rows == "all" and (scope.minors or entity in ("region", "opening", "programme", "post", "household")):
        return "true"
    inner = f"{alias}_{depth}"
    if entity == "person":
        parts = [] if scope.rows == "all" else [_of(_PERSON, entity, scope)]
        parts += [] if scope.minors else [_ADULT]
        return "(" + " AND ".join(parts).replace("{a}", alias) + ")"
    if entity in ("household", "opening", "programme", "post"):
        templates = {"household": _HOUSEHOLD, "opening": _OPENING}.get(entity, _OFFER)
        return _of(templates, entity, scope).replace("{a}", alias)
    if entity == "referral":
        whose = _exists("person", _PERSON_OF, alias, inner, scope, depth)
        if scope.rows != "own":
            return whose
        return "(" + whose + " OR " + _PARTNERS_REFERRAL.replace("{a}", alias) + ")"
    if entity == "conflict":
        person = _exists("person", ("registry.person", "{w}.person_id = {a}.entity_id"), alias, inner, scope, depth)
        house = _exists(
            "household", ("registry.household", "{w}.household_id = {a}.entity_id"), alias, inner, scope, depth
        )
        return (
            f"CASE {alias}.entity WHEN 'household' THEN {house} WHEN 'person' THEN {person}"
            f" WHEN 'wish' THEN {person} ELSE false END"
        )
    if entity in _PARENT:
        parent, table, join = _PARENT[entity]
        if parent == "person" and scope == Scope("own", True):
            return f"{alias}.person_id = {{person_id}}"
        return _exists(parent, (table, join), alias, inner, scope, depth)
    raise ValueError(f"rows = {scope.rows!r} means nothing for {entity}")


_PERSON_OF = ("registry.person", "{w}.person_id = {a}.person_id AND {w}.gone_on IS NULL")


def _exists(parent: str, way: tuple[str, str], alias: str, inner: str, scope: Scope, depth: int) -> str:
    table, join = way
    condition = join.replace("{w}", inner).replace("{a}", alias)
    return f"EXISTS (SELECT FROM {table} {inner} WHERE {condition} AND {_text(parent, scope, inner, depth + 1)})"


def _of(templates: dict[str, str], entity: str, scope: Scope) -> str:
    if scope.rows not in templates:
        raise ValueError(f"rows = {scope.rows!r} means nothing for {entity}")
    return templates[scope.rows]


def widest(scopes: Iterable[Scope]) -> tuple[Scope, ...]:
    """The scopes that no other covers, sorted."""
    found = sorted(set(scopes))
    return tuple(one for one in found if not any(other != one and other.covers(one) for other in found))
