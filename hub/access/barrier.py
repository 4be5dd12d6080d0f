"""The second barrier's claims: what a session tells the database of whoever it works for.

The policies of ``migrations/0008_row_security.sql`` read them; nothing here is SQL, and nothing there comes from
:mod:`hub.access.rows`, so that no one mistake opens both. A claim is a setting ``yunqiao.*`` of the session. Those of a
purpose are equal for all actors of one scope; only a change names the actor.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from hub.access.actor import Actor
from hub.access.policy import Claims, Decisions, decide
from hub.access.rows import Scope
from schema.catalog import ENTITIES
from schema.grants import load_grants
from schema.regions import prefix_of

#: Provenance is read out of the people's own rows: it has none to close.
ENTITIES_CLAIMED = tuple(name for name in ENTITIES if name != "provenance")
_WHO = (
    "for",
    "region",
    "partner",
    "person",
    "born_before",
    "person_born",
    "person_lives",
    "person_registered",
    "household_lives",
    "household_registered",
    "actor",
    "mutation",
    "within",
)
#: All settings; every set says each of them, so that nothing of another's can remain.
CLAIM_NAMES = tuple(f"yunqiao.{name}" for name in (*_WHO, *(f"{entity}_rows" for entity in ENTITIES_CLAIMED)))

#: Without an age of their own: a scope's word about children means nothing there.
_AGELESS = frozenset({"region", "household", "opening", "programme", "post", "monitoring"})
#: Scopes that the entity's policy knows by one word.
_PLAIN = {
    "region": frozenset({"all"}),
    "person": frozenset({"all", "region", "lives", "household", "own", "referred"}),
    "household": frozenset({"all", "region", "lives", "own"}),
    "opening": frozenset({"all", "own"}),
    "programme": frozenset({"all"}),
    "post": frozenset({"all"}),
}
#: By whose policy a row may be seen where its grants say the same as that one's.
_PARENTS = {
    **dict.fromkeys(("wish", "employment", "training", "certificate", "benefit", "recommendation"), ("person",)),
    "referral": ("person",),
    "benefit_month": ("benefit",),
    "monitoring": ("household",),
    "contact": ("referral",),
    "outcome": ("referral",),
    "conflict": ("person", "household"),
}
_OWN_ROWS = frozenset({"wish", "employment", "training", "certificate", "benefit", "recommendation"})
#: Words under which a row's region of living, and of registration, must be the actor's.
_PREFIXED = (("lives", "region"), ("region",))
_EVERYTHING = (Scope("all", True),)
_ONESELF = (Scope("own", True),)


@dataclass(frozen=True, slots=True)
class ClaimSet:
    """Values of :data:`CLAIM_NAMES`, in that order; empty where there is nothing to claim."""

    values: tuple[str, ...]

    def value(self, name: str) -> str:
        """One of them by its name."""
        return self.values[CLAIM_NAMES.index(name)]


#: Nobody's: what a session sees that has not said for whom it works, which is nothing.
NO_CLAIMS = ClaimSet(("",) * len(CLAIM_NAMES))


def claims_for(actor: Actor, purpose: str, *, today: date) -> ClaimSet:
    """What a session reads with for an actor and a purpose, by the grants shipped.

    Raises
    ------
    Forbidden
        ``purpose_not_granted``.
    """
    return _claims_for(
        actor.kind, actor.department, actor.region_code, actor.partner_code, actor.person_id, actor.purposes, purpose,
        today,
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _claims_for(
    kind: str,
    department: str | None,
    region_code: str | None,
    partner_code: str | None,
    person_id: int | None,
    purposes: tuple[str, ...],
    purpose: str,
    today: date,
) -> ClaimSet:
    # Without the actor's key and name: many actors share one set, and so the connections that have it.
    actor = Actor(0, kind, "", department, region_code, partner_code, person_id, purposes)  # type: ignore[arg-type]  # kind was checked where the actor was made
    decisions = decide(actor, purpose, today=today)
    return claim_set(actor, decisions, today=today, closed_under_years=load_grants().closed_under_years)


def claim_set(
    actor: Actor,
    decisions: Decisions,
    *,
    today: date,
    closed_under_years: int,
    mutation: str = "",
    within: str = "",
) -> ClaimSet:
    """What a session claims.

    Parameters
    ----------
    mutation, within
        The change that is about to be made, and the rows of its permit; the actor is named with it.
    """
    claims = Claims.of(actor, today=today, closed_under_years=closed_under_years)
    adult = claims.born_before.isoformat()
    region = prefix_of(actor.region_code) if actor.region_code else ""
    words = {entity: claim_word(entity, decisions, actor) for entity in ENTITIES_CLAIMED}
    simple = words["person"] in _PLAIN["person"]
    who = (
        actor.kind,
        region,
        actor.partner_code or "",
        str(actor.person_id) if actor.person_id is not None else "",
        adult,
        adult if simple and not decisions.rows["person"][0].minors else "infinity",
        *(region if words[entity] in told else "" for entity in ("person", "household") for told in _PREFIXED),
        str(actor.actor_id) if mutation else "",
        mutation,
        within,
    )
    return ClaimSet((*who, *words.values()))


def claim_word(entity: str, decisions: Decisions, actor: Actor) -> str:
    """Of which rows of an entity a purpose speaks, as the entity's policy reads it; empty for none.

    One word where one scope or another policy says it all, else scopes allowed, and after a "!" those taken away; a "+"
    says that children are among them.
    """
    allowed, taken = _scopes(entity, decisions)
    if not allowed:
        return ""
    if not taken and len(allowed) == 1 and allowed[0].rows in _PLAIN.get(entity, ()):
        return allowed[0].rows
    if entity in _PARENTS and not taken and allowed == _EVERYTHING:
        return "everything"
    if entity in _OWN_ROWS and not taken and allowed == _ONESELF:
        return "self"
    if entity == "referral" and not taken and len(allowed) == 1 and allowed[0].rows == "own":
        if actor.person_id is None:
            return "partner"
        if actor.partner_code is None and allowed[0].minors:
            return "self"
    if entity in _PARENTS and _as_parents(entity, decisions, (allowed, taken)):
        return "parent"
    return _words(allowed) + (f" ! {_words(taken)}" if taken else "")


Scopes = tuple[Scope, ...]


def _scopes(entity: str, decisions: Decisions) -> tuple[Scopes, Scopes]:
    """Scopes allowed and taken away, each once."""
    found = decisions.rows.get(entity, ()), decisions.hidden.get(entity, ())
    if entity not in _AGELESS:
        return found
    allowed, taken = ({Scope(scope.rows, True) for scope in scopes} for scopes in found)
    return tuple(sorted(allowed)), tuple(sorted(taken))


def _as_parents(entity: str, decisions: Decisions, scopes: tuple[Scopes, Scopes]) -> bool:
    """Whether what a row hangs on is seen under just the same scopes."""
    for parent in _PARENTS[entity]:
        mine = scopes
        if parent in _AGELESS:
            mine = tuple(tuple(sorted({Scope(scope.rows, True) for scope in held})) for held in scopes)  # type: ignore[assignment]  # two of two
        if _scopes(parent, decisions) != mine:
            return False
    named = {scope for held in scopes for scope in held}
    # All rows are also those of people who are no longer in the register, and so are one's own; a referral may be a
    # partner's own.
    if entity in _OWN_ROWS or entity == "referral":
        return not any(scope.rows == "own" for scope in named) and _EVERYTHING[0] not in named
    return entity != "conflict" or _EVERYTHING[0] not in named


def _words(scopes: Iterable[Scope]) -> str:
    return " ".join(scope.rows + ("+" if scope.minors else "") for scope in scopes)
