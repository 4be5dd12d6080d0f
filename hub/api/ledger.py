"""``accessLedger``: who looked at a person's data, when, for what and on which ground. Computed; itself audited."""

from __future__ import annotations

import base64
import binascii
from datetime import date, datetime
from typing import Any

import strawberry
from strawberry.types import Info

from hub.access.ledger import LedgerLine, fetch_ledger, field_labels, purpose_label, sentence, who
from hub.access.policy import decide
from hub.access.sight import fetch_sight
from hub.api.context import RequestContext
from hub.errors import Forbidden, InvalidInput, LimitExceeded, NotFound
from hub.query.ids import key_of_id
from schema.catalog import ENTITIES
from schema.grants import load_grants
from schema.ledger import Lang
from schema.types.register import Language

#: Most entries of one page.
_MOST = 500


@strawberry.type(description="One use of a person's data（一次使用记录）")
class AccessLedgerEntry:
    """One use of a person's data."""

    line: strawberry.Private[LedgerLine]

    @strawberry.field(description="The day（日期）")
    def happened_on(self) -> date:
        """The day."""
        return self.line.on

    @strawberry.field(description="The time; null where it would give a caller or complainant away（时间）")
    def happened_at(self) -> datetime | None:
        """The time."""
        return self.line.at

    @strawberry.field(description="Who it was; only the kind of office where callers are protected（使用者）")
    def who(self, lang: Language = Language.ZH) -> str:
        """Who it was."""
        return who(self.line, _lang(lang))

    @strawberry.field(description="The purpose stated; null where it is protected（用途）")
    def purpose_label(self, lang: Language = Language.ZH) -> str | None:
        """The purpose stated."""
        return purpose_label(self.line, _lang(lang))

    @strawberry.field(description="What was read or changed（涉及的信息项）")
    def field_labels(self, lang: Language = Language.ZH) -> list[str]:
        """What was read or changed."""
        return field_labels(self.line.fields, _lang(lang))

    @strawberry.field(description="What was asked for and not given, or not in full（未提供或未完整提供的信息项）")
    def partly_labels(self, lang: Language = Language.ZH) -> list[str]:
        """What was asked for and not given, or not in full."""
        return field_labels(self.line.partly, _lang(lang))

    @strawberry.field(description="On which ground（法律依据）")
    def legal_basis(self) -> list[str]:
        """On which ground."""
        return list(self.line.legal_basis)

    @strawberry.field(description="Whether it was allowed（是否获准）")
    def allowed(self) -> bool:
        """Whether it was allowed."""
        return self.line.allowed

    @strawberry.field(description="Whether it was the person themself（是否本人）")
    def own(self) -> bool:
        """Whether it was the person themself."""
        return self.line.own

    @strawberry.field(description="All of it in a sentence（说明）")
    def sentence(self, lang: Language = Language.ZH) -> str:
        """All of it in a sentence."""
        return sentence(self.line, _lang(lang))


@strawberry.type(description="A page of a person's ledger, newest first（个人信息使用记录）")
class AccessLedger:
    """A page of a person's ledger."""

    nodes: list[AccessLedgerEntry] = strawberry.field(description="The entries（记录）")
    has_next_page: bool = strawberry.field(description="Whether older ones follow（有更早的记录）")
    end_cursor: str | None = strawberry.field(description="Cursor of the last, for `after`（结束游标）")


async def read_access_ledger(
    info: Info[RequestContext, Any],
    first: int,
    after: str | None = None,
    include_own: bool = False,
    person_id: strawberry.ID | None = None,
) -> AccessLedger:
    """Who looked at the data of whoever asks; of another person for whom a grant opens their ledger.

    Raises
    ------
    Forbidden, NotFound, InvalidInput, LimitExceeded
        ``ledger_withheld``; ``person_unknown``; ``cursor_invalid`` or ``page_size_missing``; ``page_too_large``.
    """
    context = info.context
    actor, today = context.actor, context.clock.today()
    permit = load_grants().ledger(kind=actor.kind, purpose=context.purpose)
    if permit is None:
        raise Forbidden("ledger_withheld", "This ledger is not open to you.", hint="It is the person's own.")
    if first < 1:
        raise InvalidInput("page_size_missing", "A list needs first.", hint=f"Ask for up to {_MOST}, e.g. first: 20.")
    if first > _MOST:
        raise LimitExceeded("page_too_large", f"A page has at most {_MOST} items.", hint="Ask for fewer.")
    person = actor.person_id if person_id is None else key_of_id(person_id, ENTITIES["person"])
    seen = person is not None and await fetch_sight(
        context.pool,
        entity="person",
        key=person,
        actor=actor,
        decisions=decide(actor, context.purpose, today=today),
        today=today,
        within=permit.rows,
    )
    if person is None or not seen:
        raise NotFound("person_unknown", "There is no such person.")
    context.person_ids.append(person)
    context.fields.add("access_ledger")
    lines, more = await fetch_ledger(context.pool, person, first=first, before=_number(after), own=include_own)
    return AccessLedger(
        nodes=[AccessLedgerEntry(line=line) for line in lines],
        has_next_page=more,
        end_cursor=_cursor(lines[-1].entry_id) if lines else None,
    )


def _lang(language: Language) -> Lang:
    return "en" if language is Language.EN else "zh"


def _cursor(entry_id: int) -> str:
    return base64.b64encode(f"ledger:{entry_id}".encode()).decode()


def _number(after: str | None) -> int | None:
    if after is None:
        return None
    try:
        kind, _, number = base64.b64decode(after, validate=True).decode("ascii").partition(":")
    except (binascii.Error, ValueError):
        kind, number = "", ""
    if kind != "ledger" or not number.isdecimal() or len(number) > 18:
        raise InvalidInput("cursor_invalid", "This is no cursor of this list.", hint="Use a cursor as it came.")
    return int(number)
