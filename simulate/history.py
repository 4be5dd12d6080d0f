"""Two years of past offers: who was shown what, what they chose, whom employers took and how long it lasted.

Choices follow a utility with terms that nobody will ever read: a taste for being away, a taste by sector, an ability
that employers see, the quality of an employer. They live in :class:`Latent` and :class:`simulate.market.Employers`, are
written to no file and leave their trace only in the outcomes.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date

import numpy as np
from numpy.typing import NDArray

from schema.codes import OUTCOME_REASON, OUTCOME_RESULT, REFERRAL_STATE
from simulate.families import Families
from simulate.marginals import Bool, Dates, Dice, Float, Int, Int8, load_jobs, load_marginals
from simulate.market import LOCAL, SHANGHAI, Employers, Openings
from simulate.places import Places, distance_km
from simulate.standing import Standing
from simulate.traits import ABILITY_PARTIAL, Traits
from simulate.work import IN_WORK, SCOPE_COUNTY, SCOPE_OUTSIDE, SCOPE_PROVINCE, Work

KIND_OPENING, KIND_PROGRAMME, KIND_POST = range(3)
SHOWN, DECLINED, PLACED, ENDED = (
    [entry.code for entry in REFERRAL_STATE.entries].index(code) for code in ("shown", "declined", "placed", "ended")
)
RESULT_PLACED, RESULT_DECLINED, RESULT_NOT_HIRED, RESULT_COMPLETED, RESULT_LEFT = range(len(OUTCOME_RESULT.entries))
R_WAGE, R_DISTANCE, R_CONDITIONS, R_FAMILY, R_HEALTH, R_SKILL, R_OTHER = range(len(OUTCOME_REASON.entries))
_WINDOW_DAYS = 45
_BLOCK = 50_000


@dataclass(frozen=True, slots=True)
class Referrals:
    """Past offers, r rows; ``int8`` are positions in lists of :mod:`schema.codes`, -1 and NaT where there is none."""

    person: Int
    kind: Int8
    target: Int
    shown_on: Dates
    rank: Int
    state: Int8
    result: Int8
    reason: Int8
    wage: Int
    started_on: Dates
    ended_on: Dates
    months_kept: Int
    contacted_on: Dates

    def __len__(self) -> int:
        return len(self.person)

    def take(self, rows: Int | Bool) -> Referrals:
        """The same columns, only these rows."""
        return Referrals(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


@dataclass(frozen=True, slots=True)
class Latent:
    """What drives outcomes and is never written: one row a person, but ``sector_taste`` of shape (n, sectors)."""

    away_taste: Float
    ability: Float
    sector_taste: Float


@dataclass(frozen=True, slots=True)
class World:
    """All that an offer's outcome depends on."""

    places: Places
    families: Families
    traits: Traits
    work: Work
    standing: Standing
    employers: Employers
    past: Openings
    latent: Latent
    as_of: date

    @property
    def home(self) -> Int:
        """Twelve-digit code of the living village, a person."""
        return self.places.code[self.standing.living_village[self.families.household]]


@dataclass(frozen=True, slots=True)
class Lists:
    """Lists shown, l of them, those of a person in the order of time; ``until``: when a placement ends at latest."""

    person: Int
    shown_on: Dates
    until: Dates
    trained: Bool


def make_latent(people: int, dice: Dice) -> Latent:
    """Draw the terms that are never written."""
    sectors = len({job["sector"] for job in load_jobs()})
    return Latent(
        away_taste=dice.rng.normal(size=people),
        ability=dice.rng.normal(size=people),
        sector_taste=dice.rng.normal(size=(people, sectors)).astype(np.float32).astype(np.float64),
    )


def make_referrals(world: World, trained_on: Dates, dice: Dice) -> Referrals:
    """Offers of openings.

    Parameters
    ----------
    trained_on
        Day on which each person completed a training programme, NaT where none: it helps with what comes after.
    """
    lists = _draw_lists(world, trained_on, dice)
    blocks = [
        _play(world, Lists(*(getattr(lists, f.name)[start : start + _BLOCK] for f in fields(lists))), dice)
        for start in range(0, len(lists.person), _BLOCK)
    ]
    return join_referrals(blocks)


def join_referrals(parts: list[Referrals]) -> Referrals:
    """Several sets of offers as one, in the order given."""
    return Referrals(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Referrals)})


def _draw_lists(world: World, trained_on: Dates, dice: Dice) -> Lists:
    table = load_marginals()["history"]
    work, count = world.work, len(world.families)
    years = table["years"]
    number = np.where(work.willing, dice.rng.poisson(table["lists_per_willing_year"] * years, count), 0)
    hired = np.isin(work.activity, IN_WORK[:4]) & dice.chance(table["placed_workers_with_a_list"], count)
    number = np.where(
        hired, 1 + dice.chance(table["second_list_of_workers"], count), np.minimum(number, table["most_lists_a_person"])
    )
    number[np.cumsum(number) > table["most_lists"]] = 0
    person = np.repeat(np.arange(count), number)
    today = np.datetime64(world.as_of, "D")
    shown_on = today - dice.split(len(person), 110, years * 365).astype("timedelta64[D]")
    order = np.lexsort((shown_on, person))
    shown_on = shown_on[order]
    # The office shows nobody a new list before the last one can have led anywhere.
    gap = np.diff(shown_on, prepend=shown_on[:1]).astype(np.int64)
    kept = (np.diff(person, prepend=-1) != 0) | (gap >= table["days_between_lists"])
    person, shown_on = person[kept], shown_on[kept]
    # A placement is over before the next list, and before today where the person is looking for work today.
    following = np.append(shown_on[1:], today)
    last = np.append(person[1:] != person[:-1], True)
    open_end = np.where(work.willing[person], today - np.timedelta64(20, "D"), np.datetime64("2100-01-01"))
    return Lists(
        person=person,
        shown_on=shown_on,
        until=np.where(last, open_end, following),
        trained=trained_on[person] < shown_on,
    )


def _play(world: World, lists: Lists, dice: Dice) -> Referrals:
    """Candidates, what was shown of them, choices and outcomes of a block of lists."""
    table = load_marginals()["history"]
    candidate = _candidates(world, lists, int(table["candidates"]), dice)
    person = np.broadcast_to(lists.person[:, None], candidate.shape)
    present = candidate >= 0
    seen = np.zeros((3, *candidate.shape))
    seen[:, present] = _seen(world, person[present], candidate[present])
    eligible, fit, log_wage = seen[0] > 0, seen[1], seen[2]
    present &= eligible | ~dice.chance(table["eligible_only"], candidate.shape)
    # The office of the time looked at the trade and the wage a little, and mostly at what lay on the desk.
    liking = table["office_fit"] * fit + table["office_wage"] * log_wage
    liking += dice.rng.normal(0.0, table["office_chance"], candidate.shape)
    appeal = np.where(present, liking, -np.inf)
    low, high = table["list_length"]
    length = dice.split(len(candidate), low, high)
    order = np.argsort(-appeal, axis=1, kind="stable")[:, :high]
    shown = np.take_along_axis(candidate, order, axis=1)
    kept = np.take_along_axis(present, order, axis=1) & (np.arange(high)[None, :] < length[:, None])
    return _outcomes(world, lists, np.where(kept, shown, -1), dice)


def _candidates(world: World, lists: Lists, count: int, dice: Dice) -> Int:
    """Openings of shape (lists, count) that were open on the day, none twice in a row, -1 where there were too few."""
    past, work = world.past, world.work
    shares = np.asarray(load_marginals()["history"]["channels_shown"])
    person = lists.person
    # Who works now had the wish that led there.
    went = np.select(
        [work.activity[person] == 0, work.activity[person] == 1], [SCOPE_OUTSIDE, SCOPE_PROVINCE], SCOPE_COUNTY
    )
    scope = np.where(work.willing[person], work.wish_scope[person], went)
    scope = np.where(work.cannot_leave[person], len(shares) - 1, scope)
    edges = np.cumsum(shares, axis=1)[scope]
    throw = dice.rng.random((len(person), count))
    channel = (throw[:, :, None] >= edges[:, None, :3]).sum(axis=2)
    counties, opening_county = np.unique(past.region // 1_000_000, return_inverse=True)
    home_county = np.searchsorted(counties, world.home[person] // 1_000_000)
    base = np.datetime64("2000-01-01", "D")
    day, posted = (lists.shown_on - base).astype(np.int64), (past.posted_on - base).astype(np.int64)
    # Local openings are sorted by county and day, those of the other channels by day: one key finds either.
    span = 1_000_000
    group = np.where(past.channel == LOCAL, opening_county + 4, past.channel)
    key = group * span + posted
    by_key = np.argsort(key, kind="stable")
    ordered = key[by_key]
    wanted = np.where(channel == LOCAL, home_county[:, None] + 4, channel) * span
    first = np.searchsorted(ordered, wanted + day[:, None] - _WINDOW_DAYS, side="left")
    last = np.searchsorted(ordered, wanted + day[:, None], side="right")
    chosen = first + np.floor(dice.rng.random(first.shape) * (last - first)).astype(np.int64)
    opening = np.where(last > first, by_key[np.minimum(chosen, len(by_key) - 1)], -1)
    opening = np.sort(opening, axis=1)
    repeated = np.concatenate([np.zeros((len(person), 1), dtype=bool), opening[:, 1:] == opening[:, :-1]], axis=1)
    return np.where(repeated, -1, opening)


def _sectors() -> Int:
    return np.unique(np.array([job["sector"] for job in load_jobs()]), return_inverse=True)[1]


def _seen(world: World, person: Int, opening: Int) -> tuple[Float, Float, Float]:
    """What anyone could see of a pair: within the opening's conditions, fit of the trade, log of wage over wish."""
    past, traits, work = world.past, world.traits, world.work
    age = world.families.age[person]
    within = (age >= past.age_min[opening]) & (age <= past.age_max[opening])
    within &= traits.education[person] >= past.education_min[opening]
    within &= traits.skill_level[person] >= past.skill_level_min[opening]
    within &= ~(past.heavy[opening] & (traits.ability[person] <= ABILITY_PARTIAL))
    return within.astype(float), _fit(world, person, opening), _log_wage(work, past, person, opening)


def _fit(world: World, person: Int, opening: Int) -> Float:
    utility, sector, job = load_marginals()["utility"], _sectors(), world.past.job[opening]
    fit = np.zeros(len(person))
    for known in (world.work.wish_job[person], world.work.job[person], world.traits.trained_job[person]):
        match = np.where(
            known == job, utility["same_job"], np.where(sector[known] == sector[job], utility["same_sector"], 0.0)
        )
        fit = np.maximum(fit, np.where(known >= 0, match, 0.0))
    return fit


def _log_wage(work: Work, past: Openings, person: Int, opening: Int) -> Float:
    middle = (past.wage_low[opening] + past.wage_high[opening]) / 2.0
    wish = np.where(work.wish_wage[person] > 0, work.wish_wage[person], np.maximum(work.wage[person], 3200))
    return np.log(middle / wish)


def _utility(world: World, person: Int, opening: Int, dice: Dice) -> tuple[Float, Int]:
    """Utility of each pair, and the position in OUTCOME_REASON of what speaks most against it."""
    weight = load_marginals()["utility"]
    past, work, latent = world.past, world.work, world.latent
    km = distance_km(world.home[person], past.region[opening])
    away = past.channel[opening] != LOCAL
    scope_needed = np.array([SCOPE_COUNTY, SCOPE_PROVINCE, SCOPE_OUTSIDE, SCOPE_OUTSIDE])[past.channel[opening]]
    weak = (world.traits.ability[person] == ABILITY_PARTIAL) + weight["heavy_from_50"] * (
        world.families.age[person] >= 50
    )
    wage = weight["wage"] * _log_wage(work, past, person, opening)
    distance = -weight["distance"] * np.log1p(km / weight["distance_scale_km"])
    distance -= (
        weight["beyond_scope"]
        * np.maximum(scope_needed - np.maximum(work.wish_scope[person], 0), 0)
        * (work.willing[person])
    )
    distance += weight["lodging_away"] * (past.lodging[opening] & away)
    conditions = -weight["night_unwanted"] * (past.night[opening] & ~work.accepts_night[person])
    conditions += weight["insurance"] * past.insurance[opening]
    health = -weight["heavy_for_the_weak"] * past.heavy[opening] * weak
    family = -weight["away_for_carers"] * (away & (work.carer | work.cannot_leave)[person])
    hidden = weight["latent_employer"] * world.employers.quality[past.employer[opening]]
    hidden += weight["latent_sector"] * latent.sector_taste[person, _sectors()[past.job[opening]]]
    hidden += weight["latent_away"] * latent.away_taste[person] * (past.channel[opening] >= SHANGHAI)
    hidden += dice.rng.gumbel(0.0, weight["noise"], len(person))
    fit = _fit(world, person, opening)
    against = np.stack(
        [wage, distance + 0.35, conditions, family, health, fit - 0.12, np.full(len(person), -0.25)], axis=1
    )
    return wage + distance + conditions + health + family + fit + hidden + weight["level"], np.argmin(against, axis=1)


def hired(world: World, person: Int, opening: Int, trained: Bool, dice: Dice) -> Bool:
    """Whether the employer takes each person who said yes; ``trained`` since a course was completed."""
    weight = load_marginals()["utility"]
    past, traits = world.past, world.traits
    little = traits.education[person] <= 2
    surplus = np.clip(traits.education[person] - past.education_min[opening], -1, 3)
    score = weight["hire"] + weight["hire_ability"] * world.latent.ability[person]
    score = score + weight["hire_skill"] * (traits.trained_job[person] == past.job[opening])
    score += weight["hire_education"] * surplus + weight["hire_weak"] * (traits.ability[person] == ABILITY_PARTIAL)
    score += trained * (weight["hire_after_training"] + weight["hire_after_training_if_little_schooling"] * little)
    return dice.chance(1.0 / (1.0 + np.exp(-score)))


def _outcomes(world: World, lists: Lists, shown: Int, dice: Dice) -> Referrals:
    """Choices over the lists ``shown``, of shape (lists, length) with -1 at the end of shorter ones."""
    weight = load_marginals()["utility"]
    row, column = np.nonzero(shown >= 0)
    person, opening = lists.person[row], shown[row, column]
    utility = np.full(shown.shape, -np.inf)
    utility[row, column], against = _utility(world, person, opening, dice)
    outside = weight["outside_option"] + weight["outside_option_sd"] * dice.rng.normal(size=len(shown))
    by_utility = np.argsort(-utility, axis=1, kind="stable")
    result = np.full(shown.shape, -1)
    settled = np.zeros(len(shown), dtype=bool)
    for turn in range(min(3, shown.shape[1])):
        place = by_utility[:, turn]
        value = utility[np.arange(len(shown)), place]
        tries = np.flatnonzero(~settled & (value > outside) & (np.isfinite(value)))
        taken = hired(world, lists.person[tries], shown[tries, place[tries]], lists.trained[tries], dice)
        result[tries, place[tries]] = np.where(taken, RESULT_PLACED, RESULT_NOT_HIRED)
        settled[tries[taken]] = True
        settled |= ~dice.chance(weight["second_try"], len(shown))
    surplus = (utility - outside[:, None])[row, column]
    return _written(
        world,
        lists,
        row,
        column,
        opening=opening,
        result=result[row, column],
        surplus=surplus,
        against=against,
        dice=dice,
    )


def _written(
    world: World,
    lists: Lists,
    row: Int,
    column: Int,
    *,
    opening: Int,
    result: Int,
    surplus: Float,
    against: Int,
    dice: Dice,
) -> Referrals:
    """Rows as an office would have kept them."""
    past, count = world.past, len(row)
    table, weight = load_marginals()["history"], load_marginals()["utility"]
    person, shown_on = lists.person[row], lists.shown_on[row]

    def days(low: int, high: int) -> NDArray[np.timedelta64]:
        return dice.split(count, low, high).astype("timedelta64[D]")

    placed = result == RESULT_PLACED
    started = shown_on + days(6, 34)
    scale = weight["months_scale"] * np.exp(weight["months_surplus"] * np.clip(surplus, -1.5, 3.0))
    lasting = 1.0 + scale * dice.rng.exponential(1.0, count)
    ended = started + np.rint(lasting * 30.4).astype("timedelta64[D]")
    ended = np.maximum(np.minimum(ended, lists.until[row] - np.timedelta64(5, "D")), started + np.timedelta64(3, "D"))
    over = placed & (ended < np.datetime64(world.as_of, "D"))
    said_no = (result < 0) & dice.chance(table["declines_in_words"], count)
    result = np.where(over, RESULT_LEFT, np.where(said_no, RESULT_DECLINED, result))
    state = np.select([over | (result == RESULT_NOT_HIRED), placed, said_no], [ENDED, PLACED, DECLINED], SHOWN)
    for_skill, for_health = (dice.chance(table[key], count) for key in ("refused_for_skill", "refused_for_health"))
    refused = np.where(for_skill, R_SKILL, np.where(for_health, R_HEALTH, R_OTHER))
    reason = np.select([said_no | over, result == RESULT_NOT_HIRED], [against, refused], -1)
    middle = past.wage_low[opening] + dice.rng.random(count) * (past.wage_high[opening] - past.wage_low[opening])
    nothing = np.datetime64("NaT", "D")
    spoken = state != SHOWN
    return Referrals(
        person=person,
        kind=np.full(count, KIND_OPENING, dtype=np.int8),
        target=opening,
        shown_on=shown_on,
        rank=column + 1,
        state=state.astype(np.int8),
        result=result.astype(np.int8),
        reason=reason.astype(np.int8),
        wage=np.where(placed, np.rint(middle / 50) * 50, 0).astype(np.int64),
        started_on=np.where(placed, started, nothing),
        ended_on=np.where(over, ended, nothing),
        months_kept=np.where(over, ((ended - started).astype(np.int64) / 30.4).round(), -1).astype(np.int64),
        contacted_on=np.where(spoken, shown_on + days(1, 5), nothing),
    )
