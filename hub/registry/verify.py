"""Batch verification: is this claim true of these identities? Yes, no or unknown, and nothing more.

An identity is a citizen number and a name, and both must be one person's; whoever lies outside the verification's rows
does not exist. All of a batch is one statement, which counts it against the actor's day as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, LiteralString

import asyncpg

from hub.access.actor import Actor
from hub.access.claimed import ActorPool
from hub.access.policy import CLAIM_TYPES, Claims
from hub.access.rows import Scope, scope_sql
from hub.db.fragment import Fragment, Parameter, bind, sql
from hub.errors import Forbidden, LimitExceeded
from hub.identity.names import normalise_name
from hub.identity.numbers import parse_citizen_number
from hub.registry.lookup import people_by_numbers
from schema.grants import Grants
from schema.verifications import Claim, Verification, VerificationLimits

Answer = Literal["yes", "no", "unknown"]

_HOUSEHOLD = "FROM registry.household AS h WHERE h.household_id = p.household_id AND h.gone_on IS NULL"
#: SQL of each claim over the person ``p``; null where the register does not know.
_CLAIMS: dict[Claim, LiteralString] = {
    "identity": "true",
    "household_in_register": f"EXISTS (SELECT {_HOUSEHOLD})",
    "zero_employment": f"(SELECT h.zero_employment {_HOUSEHOLD})",
    "on_benefit": (
        "EXISTS (SELECT FROM registry.benefit AS b WHERE b.person_id = p.person_id AND b.state IN ('active', 'grace'))"
    ),
    "monitored": f"(SELECT h.monitored_kind IS NOT NULL {_HOUSEHOLD})",
}
#: Names tried for a number, or numbers of one birthday for a name, in one batch; more than slips of the pen.
_TRIES = 3
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a claim is made of."""

    citizen_number: str
    name: str


@dataclass(frozen=True, slots=True)
class Verified:
    """Answers in the order of the identities, and the keys of the people they are about."""

    answers: tuple[Answer, ...]
    person_ids: tuple[int, ...]


def choose_verification(grants: Grants, actor: Actor, purpose: str, claim: str, *, today: date) -> Verification:
    """The entry under which an actor may have a claim verified.

    Raises
    ------
    Forbidden
        ``verification_not_granted``.
    """
    for entry in grants.verifications:
        ours = actor.kind == "department" and actor.department in entry.departments and purpose in entry.purposes
        if ours and claim in entry.claims and entry.in_force(today):
            return entry
    raise Forbidden(
        "verification_not_granted",
        "Your department may not have this claim verified for this purpose.",
        hint="Apply for it; what is approved stands in the catalogue.",
    )


async def verify_identities(
    connection: asyncpg.Connection | asyncpg.Pool | ActorPool,
    identities: Sequence[Identity],
    *,
    claim: Claim,
    verification: Verification,
    limits: VerificationLimits,
    actor: Actor,
    claims: Claims,
    today: date,
) -> Verified:
    """Verify one claim of many identities, in one statement.

    Raises
    ------
    LimitExceeded
        ``verification_too_large``, ``verification_guesses``; ``verification_spent`` when the actor's day is used up.
    """
    if len(identities) > limits.most_at_once:
        raise LimitExceeded(
            "verification_too_large",
            f"At most {limits.most_at_once} identities are verified at once.",
            hint="Send them in parts.",
        )
    numbers = [parse_citizen_number(one.citizen_number[:_LONGEST]).number for one in identities]
    names = [normalise_name(one.name[:_LONGEST]) for one in identities]
    _refuse_guesses(numbers, names)
    statement = _statement(
        numbers,
        claim=claim,
        scope=Scope(verification.rows, verification.minors),
        limits=limits,
        actor=actor,
        claims=claims,
        today=today,
    )
    text, values = statement.render()
    rows = await connection.fetch(text, *values)
    if not rows[0]["admitted"]:
        raise LimitExceeded(
            "verification_spent",
            "Your department has verified as many identities today as it may, or too many that nobody has.",
            hint="Go on tomorrow, or apply for more.",
        )
    matched: dict[int, list[asyncpg.Record]] = defaultdict(list)
    for row in rows:
        if row["n"] is not None and names[row["n"] - 1] and normalise_name(row["name"] or "") == names[row["n"] - 1]:
            matched[row["n"] - 1].append(row)
    answers = tuple(_answer(claim, [row["claimed"] for row in matched.get(at, ())]) for at in range(len(identities)))
    return Verified(answers, tuple(sorted({row["person_id"] for found in matched.values() for row in found})))


def _answer(claim: Claim, claimed: list[bool | None]) -> Answer:
    """Of somebody who is not found, nothing is known; but that they are not found is what ``identity`` asks."""
    if claim == "identity":
        return "yes" if claimed else "no"
    if len(set(claimed)) != 1 or claimed[0] is None:
        return "unknown"
    return "yes" if claimed[0] else "no"


def _refuse_guesses(numbers: Sequence[str | None], names: Sequence[str]) -> None:
    """A batch that tries a name with many numbers of a birthday, or a number with many names, looks for somebody."""
    by_number, by_birthday = defaultdict[str, set[str]](set), defaultdict[tuple[str, str], set[str]](set)
    for number, name in zip(numbers, names, strict=True):
        if number is not None:
            by_number[number].add(name)
            by_birthday[name, number[6:14]].add(number)
    if any(len(tried) > _TRIES for group in (by_number, by_birthday) for tried in group.values()):
        raise LimitExceeded(
            "verification_guesses",
            f"A batch has at most {_TRIES} names to a number, and {_TRIES} numbers of one birthday to a name.",
            hint="Send what people gave you; this does not find out who they are.",
        )


def _statement(
    numbers: Sequence[str | None],
    *,
    claim: Claim,
    scope: Scope,
    limits: VerificationLimits,
    actor: Actor,
    claims: Claims,
    today: date,
) -> Fragment:
    parts = scope_sql("person", scope, "p", lambda name: f"\0{name}\0").split("\0")
    within = Fragment(
        tuple(
            Parameter(getattr(claims, part), CLAIM_TYPES[part]) if place % 2 else part
            for place, part in enumerate(parts)
        )
    )
    asked = bind(len(numbers), "integer")
    return (
        sql("WITH found AS MATERIALIZED (SELECT l.n, p.person_id, p.name, ")
        + sql(_CLAIMS[claim])
        + sql(" AS claimed FROM (")
        + people_by_numbers(numbers)
        + sql(") AS l JOIN registry.person AS p USING (person_id) WHERE ")
        + within
        + sql("), counted AS (INSERT INTO access.verified AS v (actor_id, day, asked, missed) SELECT ")
        + bind(actor.actor_id, "bigint")
        + sql(", ")
        + bind(today, "date")
        + sql(", ")
        + asked
        + sql(", ")
        + asked
        + sql(
            " - (SELECT count(DISTINCT f.n)::integer FROM found AS f) ON CONFLICT (actor_id, day)"
            " DO UPDATE SET asked = v.asked + excluded.asked, missed = v.missed + excluded.missed"
            " WHERE v.asked + excluded.asked <= "
        )
        + bind(limits.most_a_day, "integer")
        + sql(" AND v.missed <= ")
        + bind(limits.most_missed_a_day, "integer")
        + sql(
            " RETURNING 1) SELECT c.admitted, f.n::integer AS n, f.person_id, f.name, f.claimed"
            " FROM (SELECT EXISTS (SELECT FROM counted) AS admitted) AS c LEFT JOIN found AS f ON c.admitted"
        )
    )
