"""Why a field of a record is seen or not: each grant by itself, then what they come to. Pure.

This goes grant by grant through the words of ``schema/access.toml``; queries go through :mod:`hub.access.policy`, which
compiles the same words to SQL. A property test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from hub.access.actor import Actor
from hub.access.masks import MASKS
from schema.grants import Grant, Grants

#: Why a grant speaks of the record, or why not; looked at in this order.
Standing = Literal[
    "other_kind", "other_department", "other_purpose", "not_yet", "expired", "out_of_scope", "minor", "applies"
]
#: What a grant says of the field where it speaks of the record. ``takes_away`` is a deny of the record itself.
Says = Literal["open", "masked", "withheld", "not_among_its_fields", "denied", "takes_away"]
Outcome = Literal["open", "masked", "withheld", "no_record", "refused"]


@dataclass(frozen=True, slots=True)
class RowFacts:
    """What is known of the record, without a value of it.

    Attributes
    ----------
    gone
        It was removed from the register.
    inside, grown
        By the kind of rows that a grant names: whether the record is one of them, and whether it still is when people
        under the closed age are left out.
    reached
        A query can get to it: something that it hangs on is seen. True of what can be asked for by itself.
    person_ids
        Whose record it is.
    """

    gone: bool
    inside: Mapping[str, bool]
    grown: Mapping[str, bool]
    reached: bool
    person_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Considered:
    """One grant that names the entity."""

    grant: Grant
    standing: Standing
    says: Says

    @property
    def applies(self) -> bool:
        """Whether it counts for this actor, purpose, day and record."""
        return self.standing == "applies"


@dataclass(frozen=True, slots=True)
class Explained:
    """What somebody would see of a field, and which grant decided it (None where none did)."""

    outcome: Outcome
    reason: str
    decisive: Grant | None
    considered: tuple[Considered, ...]


def explain_access(
    grants: Grants, *, actor: Actor, revoked: bool, purpose: str, day: date, entity: str, name: str, facts: RowFacts
) -> Explained:
    """What an actor would see of a field of a record on a day, and why."""
    considered = tuple(
        Considered(grant, _standing(grant, actor, purpose, day, facts), _says(grant, f"{entity}.{name}"))
        for grant in grants.grants
        if entity in grant.entities
    )
    outcome, reason, decisive = _outcome(grants, actor, revoked, purpose, facts, considered)
    return Explained(outcome, reason, decisive, considered)


def _standing(grant: Grant, actor: Actor, purpose: str, day: date, facts: RowFacts) -> Standing:
    if actor.kind not in grant.kinds:
        return "other_kind"
    if grant.departments and actor.department not in grant.departments:
        return "other_department"
    if purpose not in grant.purposes:
        return "other_purpose"
    if grant.effective_on is not None and day < grant.effective_on:
        return "not_yet"
    if not grant.in_force(day):
        return "expired"
    if not facts.inside.get(grant.rows, False):
        return "out_of_scope"
    return "applies" if grant.minors or facts.grown.get(grant.rows, False) else "minor"


def _says(grant: Grant, name: str) -> Says:
    if grant.effect == "deny":
        return "takes_away" if grant.whole else "denied" if name in grant.fields else "not_among_its_fields"
    if name not in grant.fields:
        return "not_among_its_fields"
    if name in grant.withheld or (name in grant.masked and name not in MASKS):
        return "withheld"
    return "masked" if name in grant.masked else "open"


#: Grants that failed later came nearer: their reason is the one worth telling.
_NEARER = ("expired", "not_yet", "minor", "out_of_scope", "other_purpose", "other_department", "other_kind")


def _outcome(
    grants: Grants, actor: Actor, revoked: bool, purpose: str, facts: RowFacts, considered: tuple[Considered, ...]
) -> tuple[Outcome, str, Grant | None]:
    if revoked:
        return "refused", "actor_revoked", None
    if purpose not in actor.purposes or purpose not in grants.purposes:
        return "refused", "purpose_not_granted", None
    if facts.gone:
        return "no_record", "record_gone", None
    applying = [one for one in considered if one.applies]
    if not any(one.grant.effect == "allow" for one in applying):
        failed = [one for one in considered if one.grant.effect == "allow"]
        for standing in _NEARER:
            nearest = next((one.grant for one in failed if one.standing == standing), None)
            if nearest is not None:
                return "no_record", standing, nearest if standing not in _NEARER[-3:] else None
        return "no_record", "not_granted", None
    taking = next((one.grant for one in applying if one.says == "takes_away"), None)
    if taking is not None:
        return "no_record", "denied", taking
    if not facts.reached:
        return "no_record", "not_reached", None
    found: tuple[tuple[Says, Outcome, str], ...] = (
        ("denied", "withheld", "denied"),
        ("open", "open", "granted"),
        ("masked", "masked", "masked"),
        ("withheld", "withheld", "withheld"),
    )
    for says, outcome, reason in found:
        decisive = next((one.grant for one in applying if one.says == says), None)
        if decisive is not None:
            return outcome, reason, decisive
    return "withheld", "not_granted", None
