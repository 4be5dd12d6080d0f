"""Households and who is in them: relation, sex, birth date, nationality.

Ages hang together: a mother is as many years older than her first child as mothers were, children follow each other, a
wife is near her husband's age, parents and grandchildren are a generation away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from schema.codes import NATIONALITY
from simulate.marginals import Bool, Dates, Dice, Float, Int, Int8, banded, load_marginals
from simulate.places import Places

#: What a member is to the head, in the order in which a household is written down.
HEAD, SPOUSE, CHILD, IN_LAW, GRANDCHILD, PARENT, SIBLING = range(7)
_SLOTS = (HEAD, SPOUSE, *[CHILD] * 4, IN_LAW, *[GRANDCHILD] * 3, *[PARENT] * 2, SIBLING)
_CHILDREN, _IN_LAW, _GRANDCHILDREN, _PARENTS, _SIBLING = slice(2, 6), 6, slice(7, 10), slice(10, 12), 12
_OLDEST, _YEAR_DAYS = 101.0, 365.25


@dataclass(frozen=True, slots=True)
class Families:
    """Households, h of them, and people, n of them, the people of a household side by side and its head first.

    ``first`` has shape (h + 1,): household i holds people ``first[i]`` to ``first[i + 1]``. ``age`` is in whole years
    on the day of the simulation, ``father`` the row of the person whose family name is carried (oneself where none is).
    """

    village: Int
    nationality_of_household: Int
    first: Int
    household: Int
    role: Int8
    slot: Int8
    male: Bool
    born_on: Dates
    age: Int
    nationality: Int
    father: Int

    def __len__(self) -> int:
        return len(self.household)

    @property
    def households(self) -> int:
        return len(self.village)

    @property
    def size(self) -> Int:
        """Members a household."""
        return np.diff(self.first)


def make_families(places: Places, households: int, as_of: date, dice: Dice) -> Families:
    """``households`` households spread over the villages by weight."""
    tables = load_marginals()
    kinds = tables["household_type"]
    village = np.sort(dice.pick(places.weight, households))
    kind = dice.pick(kinds["share"], households)

    def of(column: str) -> Float:
        return np.asarray(kinds[column], dtype=np.float64)[kind]

    present = np.zeros((households, len(_SLOTS)), dtype=bool)
    male = dice.chance(tables["sex_at_birth"]["male"], present.shape)
    age = np.full(present.shape, -1.0)
    present[:, 0] = True
    male[:, 0] = dice.chance(of("head_male"))
    age[:, 0] = dice.clipped_normal(
        of("head_age_mean"), of("head_age_sd"), of("head_age_min"), of("head_age_max"), households
    )
    present[:, 1] = dice.chance(of("spouse"))
    male[:, 1] = ~male[:, 0]
    older = _husband_older(households, dice)
    age[:, 1] = np.maximum(age[:, 0] - np.where(male[:, 0], older, -older), 20.0)

    mother = np.where(male[:, 0], age[:, 1], age[:, 0])
    wanted = dice.rng.random((households, 4)) < np.asarray(kinds["children"])[kind]
    age[:, _CHILDREN] = _brood(mother, 4, dice)
    present[:, _CHILDREN] = np.minimum.accumulate(wanted, axis=1) & (age[:, _CHILDREN] > 0)
    elder_head = np.asarray(kinds["in_law"])[kind] > 0
    _let_leave(present, male, age, keep_first=elder_head, dice=dice)
    _add_in_laws(present, male, age, of("in_law"), dice)
    _add_grandchildren(present, male, age, np.asarray(kinds["grandchildren"])[kind], dice)
    _add_elders(present, male, age, of("parents"), dice)
    present[:, _SIBLING] = dice.chance(of("siblings"))
    age[:, _SIBLING] = np.maximum(age[:, 0] - np.abs(dice.rng.normal(4, 3, households)) - 1, 14)
    return _flatten(places, village, present, male=male, age=age, as_of=as_of, dice=dice)


def _brood(mother: Float, count: int, dice: Dice) -> Float:
    """Ages of shape (h, count) of a mother's children, eldest first; negative where not born yet."""
    spacing = load_marginals()["birth_spacing"]
    at_first = dice.clipped_normal(
        spacing["mother_at_first_birth_mean"],
        spacing["mother_at_first_birth_sd"],
        spacing["mother_at_first_birth_min"],
        spacing["mother_at_first_birth_max"],
        len(mother),
    )
    gaps = np.maximum(
        dice.rng.normal(spacing["between_births_mean"], spacing["between_births_sd"], (len(mother), count)),
        spacing["between_births_min"],
    )
    gaps[:, 0] = 0.0
    births = at_first[:, None] + np.cumsum(gaps, axis=1)
    return np.asarray(np.where(births <= 46.0, mother[:, None] - births, -1.0))


def _husband_older(count: int, dice: Dice) -> Float:
    """Years by which husbands are older; bounded so that no father is a child when his wife is of age."""
    spacing = load_marginals()["birth_spacing"]
    years = dice.rng.normal(spacing["husband_older_mean"], spacing["husband_older_sd"], count)
    return np.clip(years, -2.0, 14.0)


def _let_leave(present: Bool, male: Bool, age: Float, *, keep_first: Bool, dice: Dice) -> None:
    """Grown children found a household of their own; where the eldest is to stay with a family, it does."""
    table = load_marginals()["daughters_leave"]
    ages, boys = age[:, _CHILDREN], male[:, _CHILDREN]
    stays = np.where(boys, banded(table["upto"], table["son_stays"], ages), 0.0)
    stays = np.where(boys, stays, banded(table["upto"], table["daughter_stays"], ages))
    staying = dice.chance(stays)
    staying[:, 0] |= keep_first
    present[:, _CHILDREN] &= staying


def _add_in_laws(present: Bool, male: Bool, age: Float, share: Float, dice: Dice) -> None:
    married = present[:, 2] & (age[:, 2] >= 22.0) & dice.chance(share)
    older = _husband_older(len(age), dice)
    present[:, _IN_LAW] = married
    male[:, _IN_LAW] = ~male[:, 2]
    age[:, _IN_LAW] = np.maximum(age[:, 2] - np.where(male[:, 2], older, -older), 20.0)


def _add_grandchildren(present: Bool, male: Bool, age: Float, shares: Float, dice: Dice) -> None:
    """Of the eldest child and its spouse; where the middle generation is not in the register, of somebody elsewhere."""
    with_couple = present[:, _IN_LAW]
    mother = np.where(male[:, 2], age[:, _IN_LAW], age[:, 2])
    grandmother = np.where(male[:, 0], age[:, 1], age[:, 0])
    absent = grandmother - dice.clipped_normal(24.0, 3.0, 18.0, 34.0, len(age))
    ages = _brood(np.where(with_couple, mother, absent), 3, dice)
    wanted = np.minimum.accumulate(dice.rng.random(shares.shape) < shares, axis=1)
    skipping = (shares[:, 0] > 0) & ~present[:, _CHILDREN].any(axis=1)
    fits = with_couple[:, None] | (skipping[:, None] & (ages < 19.0))
    age[:, _GRANDCHILDREN] = ages
    present[:, _GRANDCHILDREN] = wanted & fits & (ages > 0)


def _add_elders(present: Bool, male: Bool, age: Float, share: Float, dice: Dice) -> None:
    count, table = len(age), load_marginals()["survival"]
    mother = age[:, 0] + dice.clipped_normal(25.5, 4.5, 18.0, 42.0, count)
    father = mother + _husband_older(count, dice)
    for slot, ages, is_male in ((10, father, True), (11, mother, False)):
        alive = np.clip(1.0 - (ages - table["sure_until"]) / table["years_to_none"], 0.0, 1.0)
        present[:, slot] = dice.chance(share * alive) & (ages < _OLDEST)
        age[:, slot], male[:, slot] = ages, is_male


def _flatten(
    places: Places, village: Int, present: Bool, *, male: Bool, age: Float, as_of: date, dice: Dice
) -> Families:
    first = np.concatenate(([0], np.cumsum(present.sum(axis=1))))
    household, slot = np.nonzero(present)
    days = np.rint(np.minimum(age[present], _OLDEST) * _YEAR_DAYS).astype(np.int64)
    born_on = np.datetime64(as_of, "D") - np.maximum(days, 3).astype("timedelta64[D]")
    nationality_of_household = _nationalities(places, village, dice)
    nationality = nationality_of_household[household].copy()
    incoming = np.isin(slot, (1, _IN_LAW)) & dice.chance(
        load_marginals()["named_regions"]["mixed_marriage"], len(household)
    )
    nationality[incoming] = _nationalities(places, village[household[incoming]], dice)
    return Families(
        village=village,
        nationality_of_household=nationality_of_household,
        first=first,
        household=household,
        role=np.array(_SLOTS, dtype=np.int8)[slot],
        slot=slot.astype(np.int8),
        male=male[present],
        born_on=born_on,
        age=years_between(born_on, np.datetime64(as_of, "D")),
        nationality=nationality,
        father=_fathers(present, male, first)[household, slot],
    )


def _fathers(present: Bool, male: Bool, first: Int) -> Int:
    """Row of the person whose family name each slot carries, of shape (h, slots); of no meaning where nobody is."""
    row = first[:-1, None] + np.cumsum(present, axis=1) - 1
    result = row.copy()
    husband = np.where(male[:, 0] | ~present[:, 1], row[:, 0], row[:, 1])
    result[:, _CHILDREN] = husband[:, None]
    young = np.where(present[:, 2], np.where(male[:, 2] | ~present[:, _IN_LAW], row[:, 2], row[:, _IN_LAW]), husband)
    result[:, _GRANDCHILDREN] = young[:, None]
    result[:, _SIBLING] = row[:, 0]
    # The head carries the father's name, not the other way round: an elder's name is what the head's is.
    result[:, 10] = row[:, 0]
    return result


def _nationalities(places: Places, village: Int, dice: Dice) -> Int:
    """Position in the list of nationalities, drawn by prefecture and boosted where a region is named after one."""
    table = load_marginals()["prefecture_nationality"]
    position = {entry.zh: i for i, entry in enumerate(NATIONALITY.entries)}
    shares = np.zeros((len(places), len(position)))
    for prefecture in np.unique(places.prefecture):
        inside = places.prefecture == prefecture
        for name, percent in table.get(str(prefecture), {}).items():
            shares[inside, position[name]] = percent / 100.0
    shares *= places.boost
    total = shares.sum(axis=1, keepdims=True)
    shares /= np.maximum(total / 0.97, 1.0)
    shares[:, 0] = 1.0 - shares.sum(axis=1)
    edges = np.cumsum(shares, axis=1)
    result = np.zeros(len(village), dtype=np.int64)
    throw = dice.rng.random(len(village))
    for start in range(0, len(village), 100_000):
        part = slice(start, start + 100_000)
        result[part] = (throw[part, None] >= edges[village[part]]).sum(axis=1)
    return np.minimum(result, len(position) - 1)


def years_between(start: Dates, end: np.datetime64) -> Int:
    """Whole years from each day in ``start`` to ``end``: a birthday counts on its day."""
    years = end.astype("datetime64[Y]").astype(int) - start.astype("datetime64[Y]").astype(int)
    month_day = (start - start.astype("datetime64[Y]")).astype(int)
    today = (end - end.astype("datetime64[Y]")).astype(int)
    start_leap, end_leap = _leap(start), _leap(np.array([end]))[0]
    month_day = month_day - (start_leap & (month_day > 58))
    today = today - int(end_leap and today > 58)
    return np.asarray(years - (month_day > today), dtype=np.int64)


def _leap(days: Dates) -> Bool:
    year = days.astype("datetime64[Y]").astype(int) + 1970
    return np.asarray((year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0)))
