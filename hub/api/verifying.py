"""``verifyIdentities``: thousands of identities in; yes, no or unknown and the authorisation's reference out."""

from __future__ import annotations

from collections import Counter
from enum import Enum
from typing import Any, cast

import strawberry
from strawberry.types import Info

from hub.access.policy import Claims
from hub.access.rows import Scope
from hub.api.context import RequestContext
from hub.registry.verify import Identity, choose_verification, verify_identities
from schema.grants import load_grants
from schema.verifications import Claim


@strawberry.enum(description="What is claimed of somebody（核验事项）")
class IdentityClaim(Enum):
    """What is claimed of somebody."""

    IDENTITY = strawberry.enum_value("identity", description="The number and the name are one person's（身份属实）")
    HOUSEHOLD_IN_REGISTER = strawberry.enum_value(
        "household_in_register", description="The register has the household（家庭户在册）"
    )
    ZERO_EMPLOYMENT = strawberry.enum_value(
        "zero_employment", description="Of a household with a willing member and none in work（零就业家庭成员）"
    )
    ON_BENEFIT = strawberry.enum_value("on_benefit", description="In receipt of a benefit now（正在享受救助）")
    MONITORED = strawberry.enum_value("monitored", description="Of a monitored household（监测对象家庭成员）")


@strawberry.enum(description="Whether a claim is true（核验结果）")
class VerificationAnswer(Enum):
    """Whether a claim is true."""

    YES = strawberry.enum_value("yes", description="It is（是）")
    NO = strawberry.enum_value("no", description="It is not（否）")
    UNKNOWN = strawberry.enum_value(
        "unknown", description="Not known, or nobody within your rows has this number and name（无法核实）"
    )


@strawberry.input(description="Whom a claim is made of（被核验人）")
class IdentityInput:
    """Whom a claim is made of."""

    citizen_number: str = strawberry.field(description="Citizen number（公民身份号码）")
    name: str = strawberry.field(description="Name, as the person gave it（姓名）")


@strawberry.type(description="The answer about one identity（核验答复）")
class IdentityAnswer:
    """The answer about one identity."""

    answer: VerificationAnswer = strawberry.field(description="Whether the claim is true（结果）")
    reference: str = strawberry.field(description="Numbers of the application and of its approval（授权文号）")


async def read_verification(
    info: Info[RequestContext, Any], claim: IdentityClaim, identities: list[IdentityInput]
) -> list[IdentityAnswer]:
    """Verify one claim of many identities, in their order.

    Raises
    ------
    Forbidden, LimitExceeded
        ``verification_not_granted``; ``verification_too_large``, ``verification_guesses``, ``verification_spent``.
    """
    context, grants = info.context, load_grants()
    asked, today = cast(Claim, claim.value), context.clock.today()
    verification = choose_verification(grants, context.actor, context.purpose, asked, today=today)
    scope = (Scope(verification.rows, verification.minors),)
    verified = await verify_identities(
        context.pool.for_question(
            "verifyIdentities", {"person": scope, "household": (Scope("all", True),), "benefit": (Scope("all", True),)}
        ),
        [Identity(one.citizen_number, one.name) for one in identities],
        claim=asked,
        verification=verification,
        limits=grants.verification_limits,
        actor=context.actor,
        claims=Claims.of(context.actor, today=today, closed_under_years=grants.closed_under_years),
        today=today,
    )
    context.person_ids.extend(verified.person_ids)
    context.fields |= {"person.citizen_number", "person.name", f"verification.{asked}"}
    context.detail.setdefault("verified", []).append(
        {
            "verification": verification.id,
            "reference": verification.reference,
            "claim": asked,
            "asked": len(identities),
            **dict[str, int](Counter(verified.answers)),
        }
    )
    shown = {
        answer: IdentityAnswer(answer=VerificationAnswer(answer), reference=verification.reference)
        for answer in set(verified.answers)
    }
    return [shown[answer] for answer in verified.answers]
