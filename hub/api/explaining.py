"""``explainAccess``: why somebody could or could not see a field of a record. Computed; no value leaves."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Any

import strawberry
from strawberry.types import Info

from hub.access.actor import Actor
from hub.access.actors import fetch_actor_even_revoked
from hub.access.considered import Considered, Explained, explain_access
from hub.access.plain import outcome_words, standing_words
from hub.access.policy import Claims, decide
from hub.access.record import fetch_facts, parse_record
from hub.access.rows import Scope
from hub.api.context import RequestContext
from hub.api.rights import check_question
from hub.errors import Forbidden, InvalidInput, NotFound
from schema.catalog import ENTITIES, camel
from schema.grants import load_grants
from schema.regions import prefix_of


@strawberry.enum(description="What somebody sees of a field of a record（查看结果）")
class AccessOutcome(Enum):
    """What somebody sees of a field of a record."""

    OPEN = strawberry.enum_value("open", description="The value（原值）")
    MASKED = strawberry.enum_value("masked", description="The value with its middle hidden（部分隐藏）")
    WITHHELD = strawberry.enum_value("withheld", description="Null, and the answer says so（不予显示）")
    NO_RECORD = strawberry.enum_value("no_record", description="The record does not exist for them（记录不存在）")
    REFUSED = strawberry.enum_value("refused", description="The request itself is refused（请求被拒绝）")


@strawberry.type(description="A grant that names the entity, and why it counts or does not（授权）")
class GrantConsidered:
    """A grant that names the entity, and why it counts or does not."""

    id: str = strawberry.field(description="Id of the grant（授权标识）")
    effect: str = strawberry.field(description="allow or deny（允许或禁止）")
    applies: bool = strawberry.field(description="It counts for this actor, purpose, day and record（是否适用）")
    standing: str = strawberry.field(
        description="applies, other_kind, other_department, other_purpose, not_yet, expired, out_of_scope or minor"
        "（原因代码）"
    )
    says: str = strawberry.field(
        description="open, masked, withheld, not_among_its_fields, denied or takes_away（对该字段的规定）"
    )
    rows: str = strawberry.field(description="Rows it speaks of（范围）")
    catalogue: str = strawberry.field(description="Entry of the data catalogue（目录）")
    application: str = strawberry.field(description="Number of the application（申请文号）")
    approval: str = strawberry.field(description="Number of the approval（批准文号）")
    legal_basis: str = strawberry.field(description="Legal basis（法律依据）")
    effective_on: date | None = strawberry.field(description="First day of force; null: from the start（生效日）")
    expires_on: date | None = strawberry.field(description="Last day of force（到期日）")
    zh: str = strawberry.field(description="In plain words, Chinese（中文说明）")
    en: str = strawberry.field(description="In plain words, English（英文说明）")

    @classmethod
    def of(cls, considered: Considered) -> GrantConsidered:
        """One considered grant as it is shown."""
        grant = considered.grant
        zh, en = standing_words(considered)
        return cls(
            id=grant.id,
            effect=grant.effect,
            applies=considered.applies,
            standing=considered.standing,
            says=considered.says,
            rows=grant.rows,
            catalogue=grant.catalogue,
            application=grant.application,
            approval=grant.approval,
            legal_basis=grant.legal_basis,
            effective_on=grant.effective_on,
            expires_on=grant.expires_on,
            zh=zh,
            en=en,
        )


@strawberry.type(description="Why somebody could or could not see a field of a record（权限说明）")
class AccessExplanation:
    """Why somebody could or could not see a field of a record."""

    outcome: AccessOutcome = strawberry.field(description="What they see（结果）")
    reason: str = strawberry.field(description="Stable code of the reason（原因代码）")
    entity: str = strawberry.field(description="Entity of the record（实体）")
    field: str = strawberry.field(description="Field asked about（字段）")
    actor_kind: str = strawberry.field(description="Kind of the actor（使用者类别）")
    purpose: str = strawberry.field(description="Purpose asked about（目的）")
    on: date = strawberry.field(description="Day asked about（日期）")
    decisive: GrantConsidered | None = strawberry.field(description="The grant that decided it（起决定作用的授权）")
    grants: list[GrantConsidered] = strawberry.field(
        description="All grants that name the entity, each with why it counts or not（全部相关授权）"
    )
    zh: str = strawberry.field(description="In plain words, Chinese（中文说明）")
    en: str = strawberry.field(description="In plain words, English（英文说明）")


async def read_explanation(
    info: Info[RequestContext, Any],
    actor_id: strawberry.ID,
    purpose: str,
    id: strawberry.ID,  # noqa: A002 - GraphQL's usual name
    field: str,
    on: date | None = None,
) -> AccessExplanation:
    """Explain, for administrators, about records of their region.

    Raises
    ------
    Forbidden, InvalidInput, NotFound
        ``question_forbidden``; ``field_unknown``; ``actor_unknown``, ``record_unknown``.
    """
    context, grants = info.context, load_grants()
    check_question(context.actor, context.purpose, "explainAccess")
    record = parse_record(id)
    unknown = NotFound(
        "record_unknown", "There is no such record in your region.", hint="Use an id as the hub gave it."
    )
    if record is None:
        raise unknown
    name = next((item.name for item in record.entity.fields if field in (item.name, camel(item.name))), None)
    if name is None:
        raise InvalidInput("field_unknown", "The entity has no such field.", hint="Use a name of the schema.")
    if not (actor_id.isascii() and actor_id.isdecimal() and len(actor_id) < 19):
        raise NotFound("actor_unknown", "There is no such actor.", hint="Use the number that the audit names.")
    # Where a record lies is told, whatever the administrator may see of it; ``viewer`` below bounds which records.
    everywhere = context.pool.for_question("explainAccess", {entity: (Scope("all", True),) for entity in ENTITIES})
    actor, revoked = await fetch_actor_even_revoked(everywhere, int(actor_id))
    day = on or context.clock.today()
    if not 1950 <= day.year <= 2150:
        raise InvalidInput(
            "day_unreadable", "This is no day that grants could speak of.", hint="Write it like 2026-06-01."
        )
    try:
        decisions = decide(actor, purpose, today=day)
    except Forbidden:
        decisions = None
    facts = await fetch_facts(
        everywhere,
        record,
        rows={grant.rows for grant in grants.grants if record.entity.name in grant.entities},
        claims=Claims.of(actor, today=day, closed_under_years=grants.closed_under_years),
        decisions=decisions,
        viewer=_bound(context.actor, day),
    )
    if facts is None:
        raise unknown
    context.person_ids.extend(facts.person_ids)
    explained = explain_access(
        grants,
        actor=actor,
        revoked=revoked,
        purpose=purpose,
        day=day,
        entity=record.entity.name,
        name=name,
        facts=facts,
    )
    return _shown(explained, entity=record.entity.name, field=name, kind=actor.kind, purpose=purpose, day=day)


def _bound(viewer: Actor, day: date) -> Claims | None:
    """Bounds whom an administrator may ask about; who has the whole province has those without a place too."""
    if viewer.region_code is not None and len(prefix_of(viewer.region_code)) == 2:
        return None
    return Claims.of(viewer, today=day, closed_under_years=load_grants().closed_under_years)


def _shown(explained: Explained, *, entity: str, field: str, kind: str, purpose: str, day: date) -> AccessExplanation:
    zh, en = outcome_words(explained)
    shown = {one.grant.id: GrantConsidered.of(one) for one in explained.considered}
    return AccessExplanation(
        outcome=AccessOutcome(explained.outcome),
        reason=explained.reason,
        entity=entity,
        field=camel(field),
        actor_kind=kind,
        purpose=purpose,
        on=day,
        decisive=shown[explained.decisive.id] if explained.decisive is not None else None,
        grants=list(shown.values()),
        zh=zh,
        en=en,
    )
