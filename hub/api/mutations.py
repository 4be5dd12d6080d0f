"""The mutations: openings, wishes, people, referrals. All take an idempotency key; edits the version they saw."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import asyncpg
import strawberry
from strawberry.types import Info

from hub.api.context import RequestContext
from hub.api.mutation import mutate
from hub.api.rights import check_opening, check_permit, check_person, check_place, check_referral, check_target
from hub.casework.opening import OpeningEntry, change_opening, close_opening, post_opening
from hub.casework.referral import OutcomeEntry, record_contact, record_outcome, refer
from hub.casework.wish import edit_person, edit_wish
from hub.errors import NotFound
from hub.query.ids import entity_of_id, key_of_id
from schema.catalog import ENTITIES, TARGETS
from schema.types.declared import declared
from schema.types.inputs import EmploymentInput, OpeningInput, OutcomeInput, PersonInput, WishInput
from schema.types.register import OBJECT_TYPES

RequestInfo = Info[RequestContext, Any]


def _payload(mutation: str, entity: str) -> Any:
    """A payload type with the changed item; null where the one who changed it may not see it."""
    kind = OBJECT_TYPES["".join(part.capitalize() for part in entity.split("_"))]
    name = mutation[0].upper() + mutation[1:] + "Payload"
    namespace = {
        "__annotations__": {},
        entity: declared(entity, kind | None, "The item as it is now; null when it is out of your sight"),
    }
    return strawberry.type(type(name, (), namespace), name=name, description=f"What {mutation} returns")


PostOpeningPayload = _payload("postOpening", "opening")
ChangeOpeningPayload = _payload("changeOpening", "opening")
CloseOpeningPayload = _payload("closeOpening", "opening")
EditWishPayload = _payload("editWish", "person")
AddPersonPayload = _payload("addPerson", "person")
EditEmploymentPayload = _payload("editEmployment", "person")
ReferPersonPayload = _payload("referPerson", "referral")
RecordContactPayload = _payload("recordContact", "referral")
RecordOutcomePayload = _payload("recordOutcome", "referral")


def _given(value: Any) -> dict[str, Any]:
    """Fields of an input that say something, in terms of JSON."""
    return {
        name: item.isoformat() if hasattr(item, "isoformat") else item
        for name, item in asdict(value).items()
        if item is not None
    }


def _key(text: str, entity: str) -> int:
    key = key_of_id(text, ENTITIES[entity])
    if key is None:
        raise NotFound(f"{entity}_unknown", f"There is no such {entity}.", hint="Use an id as the hub gave it.")
    return int(key)


@strawberry.type(description="Changes（变更）")
class Mutation:
    """Changes."""

    @strawberry.mutation(description="Post an opening（发布岗位）")
    async def post_opening(
        self,
        info: RequestInfo,
        input: OpeningInput,  # noqa: A002 - GraphQL's usual name
        idempotency_key: str,
    ) -> PostOpeningPayload | None:  # type: ignore[valid-type]  # made at run time
        """Post an opening."""
        entry = OpeningEntry(**asdict(input))
        context = info.context

        async def work(connection: asyncpg.Connection) -> int:
            permit = check_permit(context.actor, context.purpose, "postOpening")
            check_place(context.actor, permit, entry.region_code)
            return await post_opening(connection, actor=context.actor, entry=entry, clock=context.clock)

        return await mutate(
            info,
            mutation="postOpening",
            entity="opening",
            idempotency_key=idempotency_key,
            request=_given(input),
            work=work,
        )

    @strawberry.mutation(description="Replace what an opening says（修改岗位）")
    async def change_opening(
        self,
        info: RequestInfo,
        id: strawberry.ID,  # noqa: A002 - GraphQL's usual name
        version: int,
        input: OpeningInput,  # noqa: A002 - as above
        idempotency_key: str,
    ) -> ChangeOpeningPayload | None:  # type: ignore[valid-type]  # made at run time
        """Replace what an opening says."""
        entry = OpeningEntry(**asdict(input))
        context, key = info.context, _key(id, "opening")

        async def work(connection: asyncpg.Connection) -> int:
            await check_opening(connection, context, "changeOpening", key)
            permit = check_permit(context.actor, context.purpose, "changeOpening")
            check_place(context.actor, permit, entry.region_code)
            return await change_opening(connection, opening_id=key, version=version, entry=entry, clock=context.clock)

        return await mutate(
            info,
            mutation="changeOpening",
            entity="opening",
            idempotency_key=idempotency_key,
            request={**_given(input), "id": id, "version": version},
            work=work,
        )

    @strawberry.mutation(description="Close an opening（关闭岗位）")
    async def close_opening(
        self,
        info: RequestInfo,
        id: strawberry.ID,  # noqa: A002 - GraphQL's usual name
        version: int,
        idempotency_key: str,
    ) -> CloseOpeningPayload | None:  # type: ignore[valid-type]  # made at run time
        """Close an opening."""
        context, key = info.context, _key(id, "opening")

        async def work(connection: asyncpg.Connection) -> int:
            await check_opening(connection, context, "closeOpening", key)
            return await close_opening(connection, opening_id=key, version=version, clock=context.clock)

        return await mutate(
            info,
            mutation="closeOpening",
            entity="opening",
            idempotency_key=idempotency_key,
            request={"id": id, "version": version},
            work=work,
        )

    @strawberry.mutation(description="Change what a person wishes; version 0 where nothing was wished（修改意愿）")
    async def edit_wish(
        self,
        info: RequestInfo,
        person_id: strawberry.ID,
        version: int,
        input: WishInput,  # noqa: A002 - GraphQL's usual name
        idempotency_key: str,
    ) -> EditWishPayload | None:  # type: ignore[valid-type]  # made at run time
        """Change what a person wishes."""
        context, key = info.context, _key(person_id, "person")

        async def work(connection: asyncpg.Connection) -> int:
            await check_person(connection, context, "editWish", key)
            return await edit_wish(
                connection,
                actor=context.actor,
                person_id=key,
                version=version,
                values=_given(input),
                clock=context.clock,
            )

        return await mutate(
            info,
            mutation="editWish",
            entity="person",
            idempotency_key=idempotency_key,
            request={**_given(input), "person_id": person_id, "version": version},
            work=work,
            person_id=key,
        )

    @strawberry.mutation(description="Add a person whom no file knows（新增人员）")
    async def add_person(self, info: RequestInfo, input: PersonInput, idempotency_key: str) -> AddPersonPayload | None:  # type: ignore[valid-type]  # noqa: A002 - GraphQL's usual name
        """Add a person whom no file knows."""
        context = info.context
        values = _given(input)
        # Whoever a station adds lives in its region, unless it says where.
        values.setdefault("living_region_code", context.actor.region_code)

        async def work(connection: asyncpg.Connection) -> int:
            permit = check_permit(context.actor, context.purpose, "addPerson")
            check_place(context.actor, permit, values["living_region_code"])
            return await edit_person(
                connection, actor=context.actor, person_id=None, values=values, clock=context.clock
            )

        return await mutate(
            info,
            mutation="addPerson",
            entity="person",
            idempotency_key=idempotency_key,
            request=_given(input),
            work=work,
        )

    @strawberry.mutation(
        description="Enter what a station knows of a person's work; version is the person's（登记就业情况）"
    )
    async def edit_employment(
        self,
        info: RequestInfo,
        person_id: strawberry.ID,
        version: int,
        input: EmploymentInput,  # noqa: A002 - GraphQL's usual name
        idempotency_key: str,
    ) -> EditEmploymentPayload | None:  # type: ignore[valid-type]  # made at run time
        """Enter what a station knows of a person's work."""
        context, key = info.context, _key(person_id, "person")
        values = _given(input)
        values = {{"started_on": "left_on", "ended_on": "returned_on"}.get(name, name): v for name, v in values.items()}

        async def work(connection: asyncpg.Connection) -> int:
            await check_person(connection, context, "editEmployment", key, version=version)
            return await edit_person(connection, actor=context.actor, person_id=key, values=values, clock=context.clock)

        return await mutate(
            info,
            mutation="editEmployment",
            entity="person",
            idempotency_key=idempotency_key,
            request={**_given(input), "person_id": person_id, "version": version},
            work=work,
            person_id=key,
        )

    @strawberry.mutation(description="Put a person forward for an opening, a programme or a post（推介）")
    async def refer_person(
        self,
        info: RequestInfo,
        person_id: strawberry.ID,
        target_id: strawberry.ID,
        idempotency_key: str,
        run_id: int | None = None,
        rank: int | None = None,
    ) -> ReferPersonPayload | None:  # type: ignore[valid-type]  # made at run time
        """Put a person forward for a target."""
        context, key = info.context, _key(person_id, "person")
        target = entity_of_id(target_id)
        if target is None or target.name not in TARGETS:
            raise NotFound("target_unknown", "There is no such target.", hint="Use an id as the hub gave it.")
        kind, target_key = target.name, _key(target_id, target.name)

        async def work(connection: asyncpg.Connection) -> int:
            await check_person(connection, context, "referPerson", key)
            await check_target(connection, context, kind, target_key)
            return await refer(
                connection,
                actor=context.actor,
                person_id=key,
                kind=kind,
                target_id=target_key,
                run_id=run_id,
                rank=rank,
                clock=context.clock,
            )

        return await mutate(
            info,
            mutation="referPerson",
            entity="referral",
            idempotency_key=idempotency_key,
            request={"person_id": person_id, "target_id": target_id, "run_id": run_id, "rank": rank},
            work=work,
            person_id=key,
        )

    @strawberry.mutation(description="Record an attempt to reach a person（登记联系）")
    async def record_contact(
        self,
        info: RequestInfo,
        referral_id: strawberry.ID,
        version: int,
        channel: str,
        result: str,
        idempotency_key: str,
        note: str = "",
    ) -> RecordContactPayload | None:  # type: ignore[valid-type]  # made at run time
        """Record an attempt to reach a person."""
        context, key = info.context, _key(referral_id, "referral")

        async def work(connection: asyncpg.Connection) -> int:
            context.person_ids.append(await check_referral(connection, context, "recordContact", key))
            await record_contact(
                connection,
                actor=context.actor,
                referral_id=key,
                version=version,
                channel=channel,
                result=result,
                note=note,
                clock=context.clock,
            )
            return key

        return await mutate(
            info,
            mutation="recordContact",
            entity="referral",
            idempotency_key=idempotency_key,
            request={
                "referral_id": referral_id,
                "version": version,
                "channel": channel,
                "result": result,
                "note": note,
            },
            work=work,
        )

    @strawberry.mutation(description="Record what came of a referral（登记结果）")
    async def record_outcome(
        self,
        info: RequestInfo,
        referral_id: strawberry.ID,
        version: int,
        input: OutcomeInput,  # noqa: A002 - GraphQL's usual name
        idempotency_key: str,
    ) -> RecordOutcomePayload | None:  # type: ignore[valid-type]  # made at run time
        """Record what came of a referral."""
        context, key = info.context, _key(referral_id, "referral")
        entry = OutcomeEntry(**asdict(input))

        async def work(connection: asyncpg.Connection) -> int:
            context.person_ids.append(await check_referral(connection, context, "recordOutcome", key))
            await record_outcome(
                connection, actor=context.actor, referral_id=key, version=version, entry=entry, clock=context.clock
            )
            return key

        return await mutate(
            info,
            mutation="recordOutcome",
            entity="referral",
            idempotency_key=idempotency_key,
            request={**_given(input), "referral_id": referral_id, "version": version},
            work=work,
        )
