"""What goes wrong on the way into a department's file, at stated rates, and the record of it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulate.columns import edit
from simulate.errors import SimulationError
from simulate.families import Families
from simulate.marginals import Bool, Dice, Int, load_names

#: Every kind of fault, in the order of its bit in the record.
KINDS = (
    "missing_number", "mistyped_number", "transposed_number", "old_number", "shared_number", "rounded_number",
    "apostrophe_number", "full_width_number", "lowercase_x", "name_dots", "name_homophone", "name_traditional",
    "missing_phone", "mistyped_phone", "date_form", "stale", "moved", "duplicate", "broken_columns", "broken_date",
    "broken_code",
)  # fmt: skip
_BIT = {kind: 1 << position for position, kind in enumerate(KINDS)}


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """How often each kind of fault strikes, as a share of the rows that can show it.

    Which rows can: ``old_number`` people born before 2000, ``lowercase_x`` numbers that end in X, ``name_dots`` names
    with a middle dot, ``name_homophone`` and ``name_traditional`` names with a character that has another of the kind,
    ``date_form`` rows with a date (the share written in another form than the file's own), ``stale`` people whose
    employment has changed, ``moved`` people who live elsewhere than registered, ``broken_columns`` lines of text
    formats, ``broken_date`` rows with a date, the two of phones rows with a phone; all others every row.
    """

    missing_number: float = 0.015
    mistyped_number: float = 0.008
    transposed_number: float = 0.003
    old_number: float = 0.006
    shared_number: float = 0.002
    rounded_number: float = 0.012
    apostrophe_number: float = 0.010
    full_width_number: float = 0.004
    lowercase_x: float = 0.30
    name_dots: float = 0.40
    name_homophone: float = 0.006
    name_traditional: float = 0.004
    missing_phone: float = 0.06
    mistyped_phone: float = 0.006
    date_form: float = 0.45
    stale: float = 0.02
    moved: float = 0.25
    duplicate: float = 0.004
    broken_columns: float = 0.0005
    broken_date: float = 0.001
    broken_code: float = 0.0008

    def __post_init__(self) -> None:
        for field in fields(self):
            if not 0.0 <= getattr(self, field.name) <= 1.0:
                raise SimulationError(f"The error rate {field.name} must lie between 0 and 1.")
        if sum(getattr(self, kind) for kind in _EXCLUSIVE) > 1.0:
            raise SimulationError("The error rates of the citizen number must not exceed 1 together.")

    @classmethod
    def none(cls) -> ErrorRates:
        """No fault at all."""
        return cls(**{field.name: 0.0 for field in fields(cls)})

    def scaled(self, factor: float) -> ErrorRates:
        """All rates times ``factor``, none above 1."""
        return replace(self, **{field.name: min(1.0, getattr(self, field.name) * factor) for field in fields(self)})


#: Faults of which a number has one at most.
_EXCLUSIVE = (
    "missing_number", "mistyped_number", "transposed_number", "old_number", "shared_number", "rounded_number",
    "apostrophe_number", "full_width_number",
)  # fmt: skip


class Record:
    """Which faults each row of a file has: a bit a kind."""

    def __init__(self, rows: int) -> None:
        self.bits = np.zeros(rows, dtype=np.int64)

    def add(self, kind: str, rows: Int | Bool) -> None:
        self.bits[rows] |= _BIT[kind]

    def remove(self, kind: str) -> None:
        self.bits &= ~_BIT[kind]

    def has(self, kind: str) -> Bool:
        return (self.bits & _BIT[kind]) > 0


def kinds_column(bits: Int) -> pa.Array:
    """Lists of the kinds that each record of bits holds."""
    distinct, inverse = np.unique(bits, return_inverse=True)
    lists = [[kind for kind in KINDS if value & _BIT[kind]] for value in distinct.tolist()]
    return pa.array(lists, type=pa.list_(pa.string())).take(pa.array(inverse))


def spoil_numbers(
    all_numbers: pa.Array, person: Int, families: Families, *, rates: ErrorRates, record: Record, dice: Dice
) -> tuple[pa.Array, Bool]:
    """Citizen numbers as a clerk would have them, and the rows that become a number cell where the format has cells.

    Digits change from the seventh on only: the part that makes the number nobody's stays.

    Parameters
    ----------
    all_numbers
        The true number of everybody, by row of ``families``.
    person
        Whom each row of the file speaks of.
    """
    numbers = all_numbers.take(pa.array(person))
    count = len(person)
    throw = dice.rng.random(count)
    year = families.born_on[person].astype("datetime64[Y]").astype(int) + 1970
    clean, edge = numbers, 0.0
    chosen: dict[str, Int] = {}
    for kind in _EXCLUSIVE:
        rate = getattr(rates, kind)
        hit = (throw >= edge) & (throw < edge + rate)
        edge += rate
        rows = np.flatnonzero(hit & (year < 2000) if kind == "old_number" else hit)
        chosen[kind] = rows
        record.add(kind, rows)
    ends_in_x = np.asarray(pc.ends_with(clean, "X"))
    spared = np.ones(count, dtype=bool)
    for kind in _EXCLUSIVE[:6]:
        spared[chosen[kind]] = False
    lower = np.flatnonzero(ends_in_x & spared & dice.chance(rates.lowercase_x, count))
    record.add("lowercase_x", lower)
    numbers = edit(numbers, lower, lambda text, _: text.lower())

    place, step = dice.split(count, 6, 16), dice.split(count, 1, 9)
    numbers = edit(
        numbers, chosen["mistyped_number"], lambda text, row: _mistype(text, int(place[row]), int(step[row]))
    )
    numbers = edit(numbers, chosen["transposed_number"], lambda text, row: _transpose(text, int(place[row])))
    numbers = edit(numbers, chosen["old_number"], lambda text, _: text[:6] + text[8:17])
    shared = chosen["shared_number"]
    lent = dict(zip(shared.tolist(), _lent(shared, person, all_numbers, families, dice), strict=True))
    numbers = edit(numbers, shared, lambda _text, row: lent[row])
    rounded = chosen["rounded_number"]
    form = dice.split(count, 0, 9)
    as_cell = np.zeros(count, dtype=bool)
    as_cell[rounded] = form[rounded] < 4
    numbers = edit(numbers, rounded, lambda text, row: _power(text) if form[row] >= 8 else text[:15] + "000")
    numbers = edit(numbers, chosen["apostrophe_number"], lambda text, _: "'" + text)
    wide = str.maketrans("0123456789Xx", "０１２３４５６７８９Ｘｘ")
    numbers = edit(numbers, chosen["full_width_number"], lambda text, _: text.translate(wide))
    numbers = edit(numbers, chosen["missing_number"], lambda _text, _row: None)
    return numbers, as_cell


def _mistype(text: str, place: int, step: int) -> str:
    return f"{text[:place]}{(int(text[place]) + step) % 10}{text[place + 1 :]}"


def _transpose(text: str, place: int) -> str:
    """Two neighbours change places; the first pair from ``place`` on that differs, else any from the birth date on."""
    for at in (*range(place, 16), *range(6, place)):
        if text[at] != text[at + 1]:
            return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text


def _power(text: str) -> str:
    """As a spreadsheet shows a number too long for its cell."""
    mantissa, exponent = f"{int(text[:17] + '0'):.5E}".split("E+")
    return f"{mantissa}E+{int(exponent)}"


def _lent(rows: Int, person: Int, all_numbers: pa.Array, families: Families, dice: Dice) -> list[str]:
    """The number each row carries by mistake: of another of the household, else of anybody in the file."""
    borrowers = person[rows]
    household = families.household[borrowers]
    first, size = families.first[household], families.size[household]
    step = dice.rng.integers(1, np.maximum(size, 2))
    within = first + (borrowers - first + step) % size
    anybody = person[dice.rng.integers(0, len(person), len(rows))]
    lenders = np.where((size > 1) & dice.chance(0.6, len(rows)), within, anybody)
    lenders = np.where(lenders == borrowers, (borrowers + 1) % len(families), lenders)
    return list(all_numbers.take(pa.array(lenders)).to_pylist())


def spoil_names(names: pa.Array, *, rates: ErrorRates, record: Record, dice: Dice) -> pa.Array:
    """Names with dots dropped or drawn otherwise, a homophone, a traditional character."""
    count = len(names)
    dotted = np.asarray(pc.match_substring(names, "·").fill_null(False))
    rows = np.flatnonzero(dotted & dice.chance(rates.name_dots, count))
    form = dice.split(count, 0, len(_DOTS) - 1)
    record.add("name_dots", rows)
    names = edit(names, rows, lambda text, row: text.replace("·", _DOTS[form[row]]))
    # A family name is rarely misheard: only what follows changes for homophones.
    names = _swap_some(names, "name_homophone", _homophones(), start=1, rates=rates, record=record, dice=dice)
    return _swap_some(names, "name_traditional", _traditional(), start=0, rates=rates, record=record, dice=dice)


def _swap_some(
    names: pa.Array, kind: str, table: dict[str, str], *, start: int, rates: ErrorRates, record: Record, dice: Dice
) -> pa.Array:
    rows = np.flatnonzero(dice.chance(getattr(rates, kind), len(names)))
    pick = dice.rng.random(len(names))
    before = names.take(pa.array(rows)).to_pylist()
    rows = rows[np.array([any(ch in table for ch in text[start:]) for text in before], dtype=bool)]
    record.add(kind, rows)
    return edit(names, rows, lambda text, row: _swap(text, table, start, float(pick[row])))


_DOTS = ("", "", "•", "・", ".", "‧", " ")


def _swap(text: str, table: dict[str, str], start: int, pick: float) -> str:
    places = [at for at in range(start, len(text)) if text[at] in table]
    at = places[int(pick * len(places))]
    others = table[text[at]]
    return text[:at] + others[int(pick * 997) % len(others)] + text[at + 1 :]


@lru_cache(maxsize=1)
def _characters() -> tuple[str, ...]:
    """Every character that a made-up name can hold, in a fixed order."""
    return tuple(sorted({ch for pool in load_names()["pool"].values() for ch in pool if not ch.isspace()}))


@lru_cache(maxsize=1)
def _homophones() -> dict[str, str]:
    """Character → the other characters of given names that sound the same, tone left aside."""
    from pypinyin import lazy_pinyin

    pools = load_names()["pool"]
    given = sorted({ch for name, pool in pools.items() if name.startswith("han_") for ch in pool if not ch.isspace()})
    by_sound: dict[str, list[str]] = {}
    for character in given:
        by_sound.setdefault(lazy_pinyin(character)[0], []).append(character)
    return {ch: "".join(o for o in group if o != ch) for group in by_sound.values() if len(group) > 1 for ch in group}


@lru_cache(maxsize=1)
def _traditional() -> dict[str, str]:
    """Character → its traditional form, where that differs."""
    from opencc import OpenCC

    converter = OpenCC("s2t")
    pairs = ((ch, converter.convert(ch)) for ch in _characters())
    return {simple: other for simple, other in pairs if other != simple and len(other) == 1}


def spoil_phones(phones: pa.Array, *, rates: ErrorRates, record: Record, dice: Dice) -> pa.Array:
    """Phones left out or with a digit mistyped, from the fifth on: what makes them nobody's stays."""
    count = len(phones)
    throw = dice.rng.random(count)
    there = np.asarray(phones.is_valid())
    gone = np.flatnonzero(there & (throw < rates.missing_phone))
    wrong = np.flatnonzero(
        there & (throw >= rates.missing_phone) & (throw < rates.missing_phone + rates.mistyped_phone)
    )
    record.add("missing_phone", gone)
    record.add("mistyped_phone", wrong)
    place, step = dice.split(count, 4, 10), dice.split(count, 1, 9)
    phones = edit(phones, wrong, lambda text, row: _mistype(text, int(place[row]), int(step[row])))
    return edit(phones, gone, lambda _text, _row: None)


#: Days that no calendar has, and words that stand where a code should.
BAD_DATES = ("2023-13-40", "去年冬月", "2024年2月30日", "春节后", "00000000", "3月初")
BAD_CODES = ("见附件", "其他情况待核", "同上", "？", "未知情况", "第三类")
