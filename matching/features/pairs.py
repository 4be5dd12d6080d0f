"""The matrix that the ranker reads: one row a pair of person and target, one column a feature.

Every column means the same for openings, welfare posts and programmes; what a target has not is NaN. A direction says
which way policy demands the score to move with the column: a nearer, better-paid, better-fitting offer never ranks
lower.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from matching.features.columns import (
    as_openings,
    is_away,
    known,
    level_distances,
    middle_wage,
    prefecture_distances,
    weakness,
)
from matching.features.text import TextVectors
from matching.records import Dates, Float32, People, Targets
from matching.rules.base import ages

#: Pairs a thread takes at a time.
_CHUNK = 65_536
_THREADS = 2


@dataclass(frozen=True, slots=True)
class Feature:
    """A column of the matrix.

    ``direction`` is 1 where more never ranks lower, -1 where more never ranks higher, 0 where policy is silent.
    ``about`` says whose the figure is: of the person alone, of the target alone, or of the two together.
    """

    name: str
    direction: int
    about: str


#: The columns in their order. A model is only good for the columns it was trained on: append, never reorder.
FEATURES: tuple[Feature, ...] = (
    Feature("fit", 1, "pair"),  # cosine of duties with wishes, skills and training
    Feature("wage_yuan", 1, "target"),  # a month, middle of the range
    Feature("wish_wage_yuan", 0, "person"),
    Feature("wage_over_wish", 1, "pair"),  # wage over wish, less 1
    Feature("distance_km", -1, "pair"),
    Feature("same_county", 1, "pair"),
    Feature("scope_excess", -1, "pair"),  # steps further than the person wishes to go, 0 to 2
    Feature("wish_scope", 0, "person"),
    Feature("wish_closeness", 1, "pair"),  # levels of the occupational tree shared with the wish, 0 to 4
    Feature("former_closeness", 1, "pair"),  # with the former occupation
    Feature("skill_closeness", 1, "pair"),  # with the occupation of the certificate
    Feature("skill_margin", 1, "pair"),  # levels above what is asked; NaN where none is asked
    Feature("skill_level", 0, "person"),  # 0 none, 1 level five ... 5 level one
    Feature("education", 0, "person"),
    Feature("education_margin", 0, "pair"),  # steps above what is asked; NaN where none is asked
    Feature("age_years", 0, "person"),
    Feature("years_to_age_max", 0, "pair"),
    Feature("heavy_labour", 0, "target"),
    Feature("heavy_strain", -1, "pair"),  # heavy labour × weakness, 0 to 1
    Feature("night_shift", 0, "target"),
    Feature("night_unwanted", -1, "pair"),  # night shift × refusal; a half where nobody was asked
    Feature("lodging", 1, "target"),
    Feature("lodging_away", 1, "pair"),
    Feature("social_insurance", 1, "target"),
    Feature("piece_wage", 0, "target"),
    Feature("channel", 0, "target"),
    Feature("away", 0, "target"),
    Feature("away_months", 0, "person"),
    Feature("away_experience", 0, "pair"),  # share of a year worked away, where the work is away
    Feature("tied_but_away", -1, "pair"),  # cannot leave home × work away
    Feature("labour_ability", 0, "person"),
    Feature("health", 0, "person"),
    Feature("household_in_work", 0, "person"),
    Feature("zero_employment", 0, "person"),
    Feature("low_income", 0, "person"),
    Feature("monitored", 0, "person"),
    # Wage that a low-income household's benefit would be counted against. It rises with the wage, so it may not lower
    # what a better wage raises.
    Feature("benefit_at_stake_yuan", 1, "pair"),
    Feature("vacancies_log", 0, "target"),
    Feature("term_months", 0, "target"),
)
FEATURE_NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)
DIRECTIONS: tuple[int, ...] = tuple(feature.direction for feature in FEATURES)


def pair_features(
    people: People,
    targets: Targets,
    person_rows: NDArray[np.integer],
    target_rows: NDArray[np.integer],
    *,
    vectors: TextVectors,
    today: date | Dates,
) -> tuple[Float32, tuple[str, ...]]:
    """Features of pairs.

    Parameters
    ----------
    person_rows, target_rows
        Rows of the two sides of each pair, of shape (n_pairs,).
    vectors
        Of the texts of these people and these targets, by one :class:`matching.features.TextModel`.
    today
        The day ages are reckoned on: one, or one for each person (the day of a past offer).

    Returns
    -------
    The matrix, ``float32`` of shape (n_pairs, n_features), NaN where unknown, and :data:`FEATURE_NAMES`.

    Raises
    ------
    ValueError
        The vectors are not those of these people and targets.
    """
    if len(vectors.people) != len(people) or len(vectors.targets) != len(targets):
        raise ValueError("the text vectors are of other people or targets")
    openings = as_openings(targets)
    wage, away = middle_wage(openings), is_away(openings.channel)
    born = ages(people.born_on, np.datetime64(today, "D") if isinstance(today, date) else today)
    term = openings.term_months
    mine = _table(
        ("wish_wage", np.where(people.wish_wage > 0, people.wish_wage, np.nan)),
        ("wish_scope", known(people.wish_scope)),
        ("skill_level", people.skill_level + 1),
        ("education", known(people.education)),
        ("age", np.where(born < 0, np.nan, born)),
        ("weakness", weakness(people)),
        ("refuses_nights", np.where(people.accepts_night_shift < 0, 0.5, people.accepts_night_shift == 0)),
        ("away_months", people.away_months),
        ("tied", known(people.cannot_leave_home)),
        ("labour_ability", known(people.labour_ability)),
        ("health", known(people.health)),
        ("in_work", known(people.household_in_work)),
        ("zero_employment", known(people.zero_employment)),
        ("low_income", known(people.low_income)),
        ("monitored", known(people.monitored)),
    )
    theirs = _table(
        ("wage", wage),
        ("education_min", known(openings.education_min)),
        ("skill_min", np.where(openings.skill_level_min < 0, np.nan, openings.skill_level_min + 1)),
        ("age_max", known(openings.age_max)),
        ("heavy", known(openings.heavy_labour)),
        ("night", known(openings.night_shift)),
        ("lodging", known(openings.lodging)),
        ("insurance", known(openings.social_insurance)),
        ("piece", known(openings.piece_wage)),
        ("channel", known(openings.channel)),
        ("away", away),
        ("vacancies", np.log1p(np.maximum(openings.vacancies, 0))),
        ("term", np.full(len(openings), np.nan) if term is None else np.where(term > 0, term, np.nan)),
    )
    (home, place), km = prefecture_distances(people.living_region, openings.region)
    work = np.stack([people.wish_occupation, people.former_occupation, people.skill_occupation], axis=1)
    out = np.empty((len(person_rows), len(FEATURES)), dtype=np.float32)
    person, target = np.asarray(person_rows, dtype=np.int64), np.asarray(target_rows, dtype=np.int64)

    def run(start: int) -> None:
        part = slice(start, start + _CHUNK)
        _fill(
            person[part], target[part], mine, theirs, vectors.people, vectors.targets, np.ascontiguousarray(work),
            openings.occupation, people.living_region, openings.region, home, place, km, level_distances(), out[part],
        )  # fmt: skip

    _in_threads(run, range(0, len(person), _CHUNK))
    return out, FEATURE_NAMES


def _table(*columns: tuple[str, NDArray[Any]]) -> Float32:
    """Columns side by side, one row an entity; the names are for the reader."""
    return np.ascontiguousarray(np.stack([values.astype(np.float32) for _, values in columns], axis=1))


def _in_threads(run: Callable[[int], None], starts: range) -> None:
    if len(starts) <= 1:
        for start in starts:
            run(start)
        return
    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(run, starts))


@njit(cache=True, inline="always")
def _closeness(mine, theirs):  # type: ignore[no-untyped-def]  # compiled: numba derives the types
    """Levels of the occupational tree shared, 0 to 4; NaN where one is unknown."""
    if mine == 0 or theirs == 0:
        return np.float32(np.nan)
    if mine == theirs:
        return np.float32(4)
    if mine // 100 == theirs // 100:
        return np.float32(3)
    if mine // 10_000 == theirs // 10_000:
        return np.float32(2)
    return np.float32(1) if mine // 1_000_000 == theirs // 1_000_000 else np.float32(0)


@njit(cache=True, inline="always")
def _times(left, right):  # type: ignore[no-untyped-def]  # compiled: numba derives the types
    """Product in which a zero decides, known or not what it meets."""
    return np.float32(0) if left == 0 or right == 0 else left * right


@njit(cache=True, nogil=True)
def _fill(  # type: ignore[no-untyped-def]  # compiled: numba derives the types
    person,
    target,
    mine,
    theirs,
    mine_text,
    theirs_text,
    work,
    occupation,
    home,
    place,
    home_at,
    place_at,
    km,
    near,
    out,
):
    nan = np.float32(np.nan)
    dims = mine_text.shape[1]
    for row in range(person.shape[0]):
        i, j = person[row], target[row]
        p, t, x = mine[i], theirs[j], out[row]

        fit, told_mine, told_theirs = np.float32(0), np.float32(0), np.float32(0)
        for d in range(dims):
            fit += mine_text[i, d] * theirs_text[j, d]
            told_mine += abs(mine_text[i, d])
            told_theirs += abs(theirs_text[j, d])
        x[0] = fit if told_mine > 0 and told_theirs > 0 else nan

        wage, wish = t[0], p[0]
        x[1], x[2], x[3] = wage, wish, wage / wish - np.float32(1)

        here, there = home[i], place[j]
        same_county = nan
        if here == 0 or there == 0:
            distance = nan
        elif here // 100_000_000 != there // 100_000_000:
            distance, same_county = km[home_at[i], place_at[j]], np.float32(0)
        else:
            # Two zeros are no shared village: the place is then known only coarsely.
            county = here // 1_000_000 == there // 1_000_000 and here // 1_000_000 % 100 != 0
            township = county and here // 1_000 == there // 1_000 and here // 1_000 % 1_000 != 0
            village = township and here == there and here % 1_000 != 0
            distance = near[0] if village else near[1] if township else near[2] if county else near[3]
            same_county = np.float32(county)
        x[4], x[5] = distance, same_county

        channel, scope = t[9], p[1]
        needed = min(channel, np.float32(2)) if channel >= 0 else nan
        x[6], x[7] = (max(needed - scope, np.float32(0)) if needed >= 0 and scope >= 0 else nan), scope

        x[8] = _closeness(work[i, 0], occupation[j])
        x[9] = _closeness(work[i, 1], occupation[j])
        x[10] = _closeness(work[i, 2], occupation[j])
        x[11], x[12] = p[2] - t[2], p[2]
        x[13], x[14] = p[3], p[3] - t[1]
        x[15], x[16] = p[4], t[3] - p[4]
        x[17], x[18] = t[4], _times(t[4], p[5])
        x[19], x[20] = t[5], _times(t[5], p[6])
        away = t[10]
        x[21], x[22], x[23], x[24] = t[6], _times(t[6], away), t[7], t[8]
        x[25], x[26], x[27] = channel, away, p[7]
        x[28] = _times(away, min(p[7], np.float32(12)) / np.float32(12))
        x[29] = _times(p[8], away)
        for column in range(6):  # ability, health, household in work, zero employment, low income, monitored
            x[30 + column] = p[9 + column]
        x[36] = _times(p[13], wage)
        x[37], x[38] = t[11], t[12]
