"""Many records of one person → one value a field, its source, and the values that lost. Pure.

The order is: a row in force before a row gone; authority by department (``schema/authority.toml``); the newer word; the
later record. What a valid citizen number tells of birth and sex outranks what was written beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from hub.identity.numbers import certain_number
from hub.registry.records import Conflict, Merged, Source, Sources, Word
from schema.authority import Authority
from schema.regions import prefix_of

#: Added to the place in the order. Written beside a number that tells otherwise; not seen for too long; row gone.
WEAK, STALE, GONE = 50, 100, 1_000

_CATEGORY_OF_KIND = {"exited": "exited", "monitored": "monitored", "ordinary": "other"}
_REGIONS = ("registered_region_code", "living_region_code")

#: What one record says of a field: rank, record, value.
Said = tuple[int, Source, Any]


class Step(NamedTuple):
    """How one department's word for one field is taken; worked out once, since there are millions of words."""

    place: int
    lasting: bool
    max_age_days: int | None
    how: int


_PLAIN, _NUMBER, _FROM_NUMBER, _PHONE, _REGION, _HOUSEHOLD = range(6)
_TOLD_BY_NUMBER = frozenset({_NUMBER, _FROM_NUMBER})
_HOW = {
    "citizen_number": _NUMBER, "born_on": _FROM_NUMBER, "sex": _FROM_NUMBER, "phone": _PHONE,
    "registered_region_code": _REGION, "living_region_code": _REGION,
}  # fmt: skip


class Plans(dict[str, dict[str, Step]]):
    """Department → field → step, filled as departments come."""

    def __init__(self, authorities: Mapping[str, Authority]) -> None:
        super().__init__()
        self.authorities = authorities
        self.household_fields = frozenset(
            name for name, authority in authorities.items() if authority.entity == "household"
        )

    def __missing__(self, department: str) -> dict[str, Step]:
        plan = self[department] = {
            name: Step(
                authority.place_of(department),
                authority.lasting,
                authority.max_age_days.get(department),
                _HOUSEHOLD if authority.entity == "household" else _HOW.get(name, _PLAIN),
            )
            for name, authority in self.authorities.items()
        }
        return plan


def merge_person(person_id: int, sources: Sequence[Source], plans: Plans, *, today: date) -> Merged:
    """Merge what ``sources`` (newest first) say of a person.

    Of somebody whom every feed has dropped, the rows that were dropped last speak; ``gone_on`` says since when.
    """
    gone_on = gone_since(sources)
    values: dict[str, Any] = {}
    kept: Sources = {}
    conflicts: list[Conflict] = []
    for name, words in _words(sources, plans, gone_on, today).items():
        winner = words[0] if len(words) == 1 else min(words, key=_rank)
        if name in _REGIONS and len(words) > 1:
            winner = _refine(words, winner)
        if name == "citizen_number" and winner[1].number is None:
            continue  # a number that cannot be right is nobody's; it stays in its record
        values[name], kept[name] = winner[2], winner[1].source_record_id
        authority = plans.authorities[name]
        if len(words) > 1 and authority.conflict:
            conflicts.extend(_conflicts(person_id, name, words, winner, authority))
    return Merged(values, kept, tuple(conflicts), gone_on)


def _words(sources: Sequence[Source], plans: Plans, gone_on: date | None, today: date) -> dict[str, list[Said]]:
    """Everything that is said of each field, newest first."""
    words: dict[str, list[Said]] = {}
    for source in sources:
        plan, number = plans[source.department], source.number
        in_force = source.gone_on is None or source.gone_on == gone_on
        for name, value in _spoken(source, plan):
            rank, lasting, max_age_days, how = plan[name]
            if not in_force:
                if not lasting:
                    continue
                rank += GONE
            if number is None and how in _TOLD_BY_NUMBER:
                rank += WEAK
            if max_age_days is not None and (today - source.seen_on).days > max_age_days:
                rank += STALE
            if name in words:
                words[name].append((rank, source, value))
            else:
                words[name] = [(rank, source, value)]
    return words


def household_words(sources: Sequence[Source], plans: Plans, *, household_code: str | None) -> tuple[Word, ...]:
    """What a person's records say of their household; a record of another household's code says nothing."""
    gone_on = gone_since(sources)
    words: list[Word] = []
    for source in sources:
        values = source.values
        if values.get("household_code", household_code) != household_code:
            continue
        in_force = source.gone_on is None or source.gone_on == gone_on
        plan = plans[source.department]
        for name in values.keys() & plans.household_fields:
            step = plan[name]
            if in_force or step.lasting:
                rank = step.place if in_force else step.place + GONE
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


def gone_since(sources: Sequence[Source]) -> date | None:
    """The day the last feed dropped the person; None while one holds them."""
    latest: date | None = None
    for source in sources:
        if source.gone_on is None:
            return None
        if latest is None or source.gone_on > latest:
            latest = source.gone_on
    return latest


def _spoken(source: Source, plan: Mapping[str, Step]) -> list[tuple[str, Any]]:
    """What a record says of the fields in the plan, with what identity and the codes make of it."""
    values, number = source.values, source.number
    # A spreadsheet cuts the three last digits, the sex among them; one in eleven such numbers passes for a right one.
    certain = certain_number(number) is not None
    spoken: list[tuple[str, Any]] = []
    for name, value in values.items():
        step = plan.get(name)
        if step is None:
            continue
        how = step.how
        if how == _PLAIN:
            spoken.append((name, value))
        elif how == _NUMBER:
            spoken.append((name, number or value))
        elif how == _PHONE:
            spoken.append((name, source.phone or value))
        elif how == _FROM_NUMBER and (number is None or (name == "sex" and not certain)):
            spoken.append((name, value))
    if number is not None:
        spoken.append(("born_on", f"{number[6:10]}-{number[10:12]}-{number[12:14]}"))
        if certain:
            spoken.append(("sex", "1" if int(number[16]) % 2 else "2"))
    if source.registered_region_code is not None:
        spoken.append(("registered_region_code", source.registered_region_code))
    if source.living_region_code is not None:
        spoken.append(("living_region_code", source.living_region_code))
    kind = values.get("household_kind")
    if kind is not None and "person_category" not in values:
        spoken.append(("person_category", _CATEGORY_OF_KIND.get(kind, "other")))
    return spoken


def _rank(said: Said) -> int:
    return said[0]


def _word_order(word: Word) -> tuple[int, int, int, int]:
    return word.rank, -word.as_of.toordinal(), -word.seen_on.toordinal(), -word.source_record_id


def _refine(words: Sequence[Said], winner: Said) -> Said:
    """The finest region inside the one that won: who says only the county does not contradict who knows the village."""
    code = winner[2]
    if all(word[2] == code for word in words):
        return winner
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
