"""Many records of one person → one value a field, its source, and the values that lost. Pure.

The order is: a row in force before a row gone; authority by department (``schema/authority.toml``); the newer word; the
later record. What a valid citizen number tells of birth and sex outranks what was written beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from hub.registry.records import Conflict, Merged, Source, Sources, Word
from schema.authority import Authority
from schema.regions import prefix_of

#: Added to the place in the order. Written beside a number that tells otherwise; not seen for too long; row gone.
WEAK, STALE, GONE = 50, 100, 1_000

_CATEGORY_OF_KIND = {"exited": "exited", "monitored": "monitored", "ordinary": "other"}
_REGIONS = ("registered_region_code", "living_region_code")
_FROM_NUMBER = ("born_on", "sex")

#: What one record says of a field: rank, record, value.
Said = tuple[int, Source, Any]


def merge_person(
    person_id: int, sources: Sequence[Source], authorities: Mapping[str, Authority], *, today: date
) -> Merged:
    """Merge what ``sources`` (newest first) say of a person.

    Of somebody whom every feed has dropped, the rows that were dropped last speak; ``gone_on`` says since when.
    """
    gone_on = _gone_on(sources)
    said: dict[str, list[Said]] = {}
    for source in sources:
        in_force = source.gone_on is None or source.gone_on == gone_on
        numbered = source.number is not None
        for name, value in _spoken(source):
            authority = authorities.get(name)
            if authority is None or authority.entity == "household":
                continue
            rank = authority.place.get(source.department, authority.last)
            if not in_force:
                if not authority.lasting:
                    continue
                rank += GONE
            if authority.max_age_days and _is_stale(authority, source, today):
                rank += STALE
            if not numbered and (name == "citizen_number" or name in _FROM_NUMBER):
                rank += WEAK
            said.setdefault(name, []).append((rank, source, value))
    values: dict[str, Any] = {}
    kept: Sources = {}
    conflicts: list[Conflict] = []
    for name, words in said.items():
        rank, winner, value = words[0] if len(words) == 1 else min(words, key=_rank)
        if name in _REGIONS and len(words) > 1:
            rank, winner, value = _refine(value, words, (rank, winner, value))
        if name == "citizen_number" and winner.number is None:
            continue  # a number that cannot be right is nobody's; it stays in its record
        values[name], kept[name] = value, winner.source_record_id
        if len(words) > 1 and authorities[name].conflict:
            conflicts.extend(_conflicts(person_id, name, words, (rank, winner, value), authorities[name]))
    return Merged(values, kept, tuple(conflicts), gone_on)


def household_words(
    sources: Sequence[Source], authorities: Mapping[str, Authority], *, household_code: str | None
) -> tuple[Word, ...]:
    """What a person's records say of their household; a record of another household's code says nothing."""
    gone_on = _gone_on(sources)
    words: list[Word] = []
    for source in sources:
        values = source.values
        if values.get("household_code", household_code) != household_code:
            continue
        in_force = source.gone_on is None or source.gone_on == gone_on
        for name, authority in authorities.items():
            if authority.entity != "household" or name not in values or not (in_force or authority.lasting):
                continue
            rank = authority.place_of(source.department) + (0 if in_force else GONE)
            words.append(Word(name, values[name], rank, source.as_of, source.seen_on, source.source_record_id))
    return tuple(words)


def merge_household(
    household_id: int, words: Sequence[Word], authorities: Mapping[str, Authority]
) -> tuple[dict[str, Any], Sources, list[Conflict]]:
    """One value a field of a household from what its members' records say. A losing value is told once."""
    values: dict[str, Any] = {}
    kept: Sources = {}
    conflicts: list[Conflict] = []
    by_field: dict[str, list[Word]] = {}
    for word in words:
        by_field.setdefault(word.field, []).append(word)
    for name, spoken in by_field.items():
        spoken.sort(key=_word_order)
        winner = spoken[0]
        values[name], kept[name] = winner.value, winner.source_record_id
        told = {winner.value}
        for word in spoken[1:]:
            if word.value in told or word.rank >= GONE or not authorities[name].conflict:
                continue
            told.add(word.value)
            conflicts.append(
                Conflict(
                    "household",
                    household_id,
                    name,
                    _text(word.value),
                    _text(winner.value),
                    word.source_record_id,
                    winner.source_record_id,
                    "newer" if word.rank == winner.rank else "authority",
                )
            )
    return values, kept, conflicts


def _gone_on(sources: Sequence[Source]) -> date | None:
    """The day the last feed dropped the person; None while one holds them."""
    days = [source.gone_on for source in sources]
    return None if None in days else max((day for day in days if day is not None), default=None)


def _spoken(source: Source) -> Iterator[tuple[str, Any]]:
    """What a record says, with what identity and the codes make of it."""
    values = source.values
    number = source.number
    for name, value in values.items():
        if name == "citizen_number":
            yield name, number or value
        elif name == "phone":
            yield name, source.phone or value
        elif name in _REGIONS or (number is not None and name in _FROM_NUMBER):
            continue
        else:
            yield name, value
    if number is not None:
        yield "born_on", f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
        yield "sex", "1" if int(number[16]) % 2 else "2"
    if source.registered_region_code:
        yield "registered_region_code", source.registered_region_code
    if source.living_region_code:
        yield "living_region_code", source.living_region_code
    kind = values.get("household_kind")
    if kind is not None and "person_category" not in values:
        yield "person_category", _CATEGORY_OF_KIND.get(kind, "other")


def _rank(said: Said) -> int:
    return said[0]


def _word_order(word: Word) -> tuple[int, int, int, int]:
    return word.rank, -word.as_of.toordinal(), -word.seen_on.toordinal(), -word.source_record_id


def _is_stale(authority: Authority, source: Source, today: date) -> bool:
    days = authority.max_age_days.get(source.department)
    return days is not None and (today - source.seen_on).days > days


def _refine(code: str, words: Sequence[Said], winner: Said) -> Said:
    """The finest region inside the one that won: who says only the county does not contradict who knows the village."""
    prefix = prefix_of(code)
    inside = [word for word in words if word[2].startswith(prefix)]
    finest = max(len(prefix_of(word[2])) for word in inside)
    if finest == len(prefix):
        return winner
    return min((word for word in inside if len(prefix_of(word[2])) == finest), key=_rank)


def _conflicts(
    person_id: int, name: str, words: Sequence[Said], winner: Said, authority: Authority
) -> Iterator[Conflict]:
    rank, source, value = winner
    kept_key = _key(name, source, value)
    for other_rank, other, other_value in words:
        if other is source or other_rank >= GONE or _agree(name, kept_key, _key(name, other, other_value)):
            continue
        yield Conflict(
            authority.entity,
            person_id,
            name,
            _text(other_value),
            _text(value),
            other.source_record_id,
            source.source_record_id,
            "newer" if other_rank == rank else "authority",
        )


def _key(name: str, source: Source, value: Any) -> Any:
    """What is compared: spellings of one name are no contradiction."""
    return source.name if name == "name" and source.name else value


def _agree(name: str, one: Any, other: Any) -> bool:
    if one == other:
        return True
    return name in _REGIONS and prefix_of(one).startswith(prefix_of(other))


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
