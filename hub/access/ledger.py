"""A person's ledger: the audit's entries about them, told in plain words as far as nobody else is given away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import asyncpg

from hub.clock import ZONE
from hub.db.sql import load_queries
from schema.catalog import ENTITIES
from schema.grants import Grants, load_grants
from schema.ledger import Lang, Veil, Words, load_ledger_words

#: No entry has so high a number.
_NEWEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One entry as its person is told.

    Attributes
    ----------
    at
        None where the time itself would give somebody away; the day is told always.
    fields, partly
        ``entity.field`` of people that were read or changed; those asked for and not given, or not in full.
    veil
        Set where only the kind of office is told; there are then no fields, no name and no action.
    """

    entry_id: int
    on: date
    at: datetime | None
    kind: str
    name: str | None
    purpose: str | None
    action: str | None
    fields: tuple[str, ...]
    partly: tuple[str, ...]
    legal_basis: tuple[str, ...]
    allowed: bool
    own: bool
    veil: Veil | None


async def fetch_ledger(
    pool: asyncpg.Pool, person_id: int, *, first: int, before: int | None = None, own: bool = False
) -> tuple[list[LedgerLine], bool]:
    """A page of a person's ledger, newest first, and whether more follow.

    Parameters
    ----------
    before
        Only entries with lower numbers.
    own
        With what the person looked at themself.
    """
    rows = await pool.fetch(
        load_queries("hub.access").fetch_ledger, person_id, before if before is not None else _NEWEST, own, first + 1
    )
    return [tell(row, person_id) for row in rows[:first]], len(rows) > first


def tell(row: Mapping[str, Any], person_id: int, grants: Grants | None = None) -> LedgerLine:
    """An entry as the person is told of it. Pure."""
    words, known = load_ledger_words(), grants or load_grants()
    own = row["actor_person_id"] == person_id
    veil = None if own else words.veil(kind=row["actor_kind"], purpose=row["purpose"], action=row["action"])
    day = row["happened_at"].astimezone(ZONE).date()
    if veil is not None:
        return LedgerLine(
            row["entry_id"],
            day,
            None,
            "office",
            None,
            None,
            None,
            (),
            (),
            (veil.legal_basis,),
            row["allowed"],
            False,
            veil,
        )
    partly = tuple(name for name in row["refused"] if _about_people(name))
    fields = tuple(name for name in row["fields"] if _about_people(name) and name not in partly)
    return LedgerLine(
        row["entry_id"],
        day,
        row["happened_at"].astimezone(ZONE),
        row["actor_kind"],
        row["actor_name"] if row["actor_kind"] != "operator" else None,
        row["purpose"],
        row["action"],
        fields,
        partly,
        _grounds(row, day, known),
        row["allowed"],
        own,
        None,
    )


def _about_people(name: str) -> bool:
    words = load_ledger_words()
    return name.partition(".")[0] in words.things and name not in words.untold


def _grounds(row: Mapping[str, Any], day: date, grants: Grants) -> tuple[str, ...]:
    """The legal bases of what lets such an actor do it for such a purpose."""
    kind, purpose, department = row["actor_kind"], row["purpose"], row["actor_department"]
    if row["action"] == "mutation":
        permit = grants.permit(row["operation_name"] or "", kind=kind, purpose=purpose)
        return (permit.legal_basis,) if permit else ()
    wanted = {name for name in row["fields"] if _about_people(name)}
    entities = {name.partition(".")[0] for name in wanted}
    found: dict[str, None] = {}
    for grant in grants.grants:
        speaks = grant.effect == "allow" and kind in grant.kinds and purpose in grant.purposes and grant.in_force(day)
        ours = not grant.departments or department in grant.departments
        if speaks and ours and (grant.fields & wanted or (grant.entities & entities & wanted)):
            found[grant.legal_basis] = None
    return tuple(found)


def who(line: LedgerLine, lang: Lang) -> str:
    """Who it was."""
    words = load_ledger_words()
    if line.veil is not None:
        return line.veil.words[lang]
    if line.own:
        return words.words["you"][lang]
    return line.name or words.kinds.get(line.kind, words.kinds["unknown"])[lang]


def purpose_label(line: LedgerLine, lang: Lang) -> str | None:
    """The purpose in words."""
    return None if line.purpose is None else _word(load_ledger_words().purposes, line.purpose)[lang]


def field_labels(names: tuple[str, ...], lang: Lang) -> list[str]:
    """What was read in words, each once: a person's fields by name, other things by their kind."""
    things = load_ledger_words().things
    person = {field.name: place for place, field in enumerate(ENTITIES["person"].fields)}
    order = {entity: place for place, entity in enumerate(things)}

    def place(name: str) -> tuple[int, int]:
        owner, _, item = name.partition(".")
        return order.get(owner, len(order)), person.get(item, -1)

    labels: dict[str, None] = {}
    for name in sorted(names, key=place):
        owner, _, item = name.partition(".")
        field = ENTITIES["person"].field(item) if owner == "person" else None
        if field is None:
            labels[things[owner][lang]] = None
        else:
            # The catalogue says more of a field in English: a standard, or what null means.
            english = field.en.partition(",")[0].partition(";")[0].partition(" (")[0]
            labels[field.zh if lang == "zh" else english[0].lower() + english[1:]] = None
    return list(labels)


def sentence(line: LedgerLine, lang: Lang) -> str:
    """The entry in one sentence."""
    words = load_ledger_words()
    if line.veil is not None:
        return words.words["veiled"][lang].format(who=who(line, lang))
    purpose = purpose_label(line, lang)
    if not line.allowed:
        return words.words["refused"][lang].format(who=who(line, lang), purpose=purpose)
    labels = field_labels(line.fields, lang)
    shown, more = labels[: words.things_in_sentence], len(labels) - words.things_in_sentence
    what = ("、" if lang == "zh" else ", ").join(shown) or words.words["nothing"][lang]
    if more > 0:
        count = len(labels) if lang == "zh" else more
        what += ("" if lang == "zh" else " ") + words.words["and_more"][lang].format(count=count)
    did = _word(words.actions, line.action or "")[lang]
    told = words.words["own" if line.own else "sentence"][lang]
    return told.format(who=who(line, lang), purpose=purpose, did=did, what=what)


def _word(words: Mapping[str, Words], key: str) -> Words:
    return words.get(key, words["other"])
