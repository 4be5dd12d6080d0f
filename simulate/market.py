"""What is on offer: openings open and past, training programmes, public-welfare posts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from schema.codes import CERTIFICATE_KIND, EDUCATION, POST_KIND, SKILL_LEVEL
from simulate.marginals import Bool, Dates, Dice, Float, Int, Int8, load_jobs, load_marginals
from simulate.places import Places, read_towns

LOCAL, PROVINCE, SHANGHAI, GUANGDONG = range(4)
OPEN, CLOSED, FILLED = range(3)
_CHANNELS = ("local", "province", "shanghai", "guangdong")
_FAR_TOWNS = {
    PROVINCE: ("5301", "5303", "5304", "5325"),
    SHANGHAI: ("3101",),
    GUANGDONG: ("4401", "4403", "4406", "4413", "4419", "4420"),
}


@dataclass(frozen=True, slots=True)
class Employers:
    """Employers, e of them. ``quality`` is what a worker finds out only by going there: it is written nowhere."""

    channel: Int8
    town: Int
    sector_job: Int  # the job that the employer's name speaks of
    quality: Float


@dataclass(frozen=True, slots=True)
class Openings:
    """Openings, m of them; ``int8`` are positions in lists of :mod:`schema.codes`, -1 where nothing is asked."""

    job: Int
    employer: Int
    channel: Int8
    region: Int
    wage_low: Int
    wage_high: Int
    vacancies: Int
    filled: Int
    education_min: Int8
    age_min: Int
    age_max: Int
    skill_level_min: Int8
    heavy: Bool
    night: Bool
    piece: Bool
    lodging: Bool
    insurance: Bool
    term_months: Int
    posted_on: Dates
    closes_on: Dates
    state: Int8

    def __len__(self) -> int:
        return len(self.job)


@dataclass(frozen=True, slots=True)
class Programmes:
    """Training programmes."""

    job: Int
    mode: Int8
    certificate: Int8
    skill_level: Int8
    education_min: Int8
    days: Int
    seats: Int
    taken: Int
    starts_on: Dates
    region: Int
    allowance: Int
    state: Int8  # OPEN or CLOSED

    def __len__(self) -> int:
        return len(self.job)


@dataclass(frozen=True, slots=True)
class Posts:
    """Public-welfare posts, forestry's guards included."""

    kind: Int8
    region: Int
    vacancies: Int
    filled: Int
    wage: Int
    term_months: Int
    heavy: Bool
    starts_on: Dates
    state: Int8

    def __len__(self) -> int:
        return len(self.kind)


def job_column(name: str) -> Float:
    """One numeric column of the table of jobs."""
    return np.array([float(job[name]) for job in load_jobs()])


def make_employers(count: int, willing_by_township: dict[int, int], shares: Float, dice: Dice) -> Employers:
    """Employers over the channels by ``shares``; local ones where the willing are."""
    channel = dice.pick(shares, count)
    town = np.zeros(count, dtype=np.int64)
    job = np.zeros(count, dtype=np.int64)
    for number in range(len(_CHANNELS)):
        rows = np.flatnonzero(channel == number)
        town[rows] = _draw_towns(number, willing_by_township, len(rows), dice)
        job[rows] = dice.pick(job_column(_CHANNELS[number]), len(rows))
    return Employers(
        channel=channel.astype(np.int8), town=town, sector_job=job, quality=dice.rng.normal(0.0, 1.0, count)
    )


def _draw_towns(channel: int, willing_by_township: dict[int, int], count: int, dice: Dice) -> Int:
    if channel == LOCAL:
        townships = np.array(sorted(willing_by_township), dtype=np.int64)
        weights = np.array([willing_by_township[t] for t in townships.tolist()], dtype=float)
        return np.asarray(townships[dice.pick(weights + 1.0, count)] * 1000)
    codes = read_towns(_FAR_TOWNS[channel]).code
    return np.asarray(codes[dice.rng.integers(0, len(codes), count)])


def make_openings(
    employers: Employers, *, count: int, past: bool, as_of: date, unlovely: float, shares: Float, dice: Dice
) -> Openings:
    """``count`` openings; past ones are spread over the years before, present ones were posted in the last weeks.

    ``unlovely`` is the share that is heavy, by night or badly paid beyond what the job has of itself; ``shares`` the
    channels' shares of the openings.
    """
    market, history = load_marginals()["market"], load_marginals()["history"]
    employer = _employers_by_channel(employers, count, shares, dice)
    channel = employers.channel[employer].astype(np.int64)
    jobs = load_jobs()
    sector = np.array([job["sector"] for job in jobs])
    # An employer asks for its own job mostly, else for one of its sector.
    own = dice.chance(market["employer_asks_own_job"], count)
    near = _same_sector(sector, employers.sector_job[employer], dice)
    job = np.where(own, employers.sector_job[employer], near)

    bad = dice.chance(unlovely, count)
    how = dice.split(count, 0, 2)
    heavy = dice.chance(job_column("heavy")[job]) | (bad & (how == 0))
    night = dice.chance(job_column("night")[job]) | (bad & (how == 1))
    base = np.where(channel >= SHANGHAI, job_column("wage_away")[job], job_column("wage_near")[job])
    base = base * np.select(
        [channel == SHANGHAI, channel == PROVINCE],
        [market["shanghai_wage_factor"], market["province_wage_factor"]],
        1.0,
    )
    wage = base * np.exp(dice.rng.normal(0.0, market["wage_log_sd"], count))
    wage = np.where(bad & (how == 2), wage * load_marginals()["scenario"]["unlovely_wage_factor"], wage)
    low = np.maximum(np.rint(wage / 100) * 100, 1900).astype(np.int64)
    narrowest, widest = market["wage_spread"]
    spread = dice.rng.uniform(narrowest, widest, count)
    high = np.maximum(np.rint(low * (1 + spread) / 100) * 100, low).astype(np.int64)
    vacancies = np.exp(
        dice.rng.normal(np.log(market["vacancies_per_opening_median"]), market["vacancies_per_opening_log_sd"], count)
    )
    posted, closes, state = _calendar(count, past, as_of, int(history["years"]), dice)
    order = [entry.code for entry in EDUCATION.entries]
    asked = np.array([order.index(j["education_min"]) for j in jobs])[job]
    asked = np.where(dice.chance(market["asks_less_schooling"], count) & (asked > 1), asked - 1, asked)
    skilled = dice.chance(job_column("skilled")[job] * market["asks_skill_level"])
    levels = len(SKILL_LEVEL.entries)
    return Openings(
        job=job,
        employer=employer,
        channel=channel.astype(np.int8),
        region=employers.town[employer],
        wage_low=low,
        wage_high=high,
        vacancies=np.maximum(np.rint(vacancies), 1).astype(np.int64),
        filled=np.zeros(count, dtype=np.int64),
        education_min=np.where(asked >= 1, asked, -1).astype(np.int8),
        age_min=job_column("age_min")[job].astype(np.int64),
        age_max=(job_column("age_max")[job] + dice.split(count, -1, 1) * 2).astype(np.int64),
        skill_level_min=np.where(
            skilled, np.minimum(dice.pick(market["skill_level_asked_share"], count), levels - 1), -1
        ).astype(np.int8),
        heavy=heavy,
        night=night,
        piece=dice.chance(job_column("piece")[job]),
        lodging=dice.chance(job_column("lodging")[job] * np.where(channel == LOCAL, market["lodging_near_home"], 1.0)),
        insurance=dice.chance(job_column("insurance")[job]),
        term_months=job_column("term_months")[job].astype(np.int64),
        posted_on=posted,
        closes_on=closes,
        state=state,
    )


def _employers_by_channel(employers: Employers, count: int, shares: Float, dice: Dice) -> Int:
    employer = np.zeros(count, dtype=np.int64)
    channel = dice.pick(shares, count)
    for number in range(len(_CHANNELS)):
        rows = np.flatnonzero(channel == number)
        among = np.flatnonzero(employers.channel == number)
        if not len(among):
            among = np.arange(len(employers.channel))
        employer[rows] = among[dice.pick(1.0 / (np.arange(len(among)) + 5.0), len(rows))]
    return employer


def _same_sector(sector: Any, job: Int, dice: Dice) -> Int:
    result = job.copy()
    for name in np.unique(sector):
        among = np.flatnonzero(sector == name)
        rows = np.flatnonzero(sector[job] == name)
        result[rows] = among[dice.rng.integers(0, len(among), len(rows))]
    return result


def _calendar(count: int, past: bool, as_of: date, years: int, dice: Dice) -> tuple[Dates, Dates, Int8]:
    today = np.datetime64(as_of, "D")
    if past:
        posted = today - dice.split(count, 105, years * 365 + 45).astype("timedelta64[D]")
        closes = posted + dice.split(count, 45, 90).astype("timedelta64[D]")
        state = np.where(dice.chance(load_marginals()["market"]["past_filled_up"], count), FILLED, CLOSED)
    else:
        posted = today - dice.split(count, 0, 45).astype("timedelta64[D]")
        closes = today + dice.split(count, 20, 90).astype("timedelta64[D]")
        state = np.full(count, OPEN)
    return posted, closes, state.astype(np.int8)


def fit_vacancies(openings: Openings, wanted: int, dice: Dice) -> tuple[Int, Int]:
    """Vacancies and how many of them are filled, so that exactly ``wanted`` are left to fill."""
    weights = openings.vacancies.astype(float)
    left = np.floor(weights / weights.sum() * wanted).astype(np.int64)
    short = wanted - int(left.sum())
    left[np.argsort(-weights, kind="stable")[:short]] += 1
    filled = dice.rng.binomial(left, load_marginals()["market"]["filled_share_of_open"])
    return left + filled, filled


def make_programmes(places: Places, willing: int, as_of: date, dice: Dice) -> Programmes:
    """Courses of the coming months and some that closed, taught in the counties of the region."""
    market = load_marginals()["market"]
    low, high = market["programme_seats"]
    count = max(6, round(willing * market["programme_seats_per_willing"] / ((low + high) / 2) * 1.6))
    jobs = load_jobs()
    job = dice.pick([0.3 + float(j["skilled"]) for j in jobs], count)
    certificate = dice.pick(market["programme_certificate_share"], count)
    closed = dice.chance(market["programme_closed"], count)
    offset = np.where(closed, -dice.split(count, 20, 600), dice.split(count, 5, 120))
    seats = dice.split(count, low, high)
    order = [entry.code for entry in EDUCATION.entries]
    level = np.where(
        certificate == CERTIFICATE_KIND.order("skill_level"), dice.pick(market["programme_level_share"], count), -1
    )
    counties = np.unique(places.county)
    return Programmes(
        job=job,
        mode=dice.pick(market["programme_mode_share"], count).astype(np.int8),
        certificate=certificate.astype(np.int8),
        skill_level=level.astype(np.int8),
        education_min=np.where(dice.chance(market["programme_asks_schooling"], count), order.index("70"), -1).astype(
            np.int8
        ),
        days=np.where(level == 1, dice.split(count, 20, 45), dice.split(count, 5, 20)),
        seats=seats,
        taken=np.where(
            closed,
            dice.rng.binomial(seats, market["programme_taken"][1]),
            dice.rng.binomial(seats, market["programme_taken"][0]),
        ),
        starts_on=np.datetime64(as_of, "D") + offset.astype("timedelta64[D]"),
        region=counties[dice.rng.integers(0, len(counties), count)] * 1_000_000,
        allowance=dice.rng.choice([30, 40, 50, 60], count),
        state=np.where(closed, CLOSED, OPEN).astype(np.int8),
    )


def make_posts(places: Places, people_by_village: Int, as_of: date, dice: Dice) -> Posts:
    """Every township pays for a few kinds of posts; forest guards are the most numerous."""
    market = load_marginals()["market"]
    kinds = [entry.code for entry in POST_KIND.entries]
    weights = market["post_shares"]
    townships, inverse = np.unique(places.township, return_inverse=True)
    people = np.bincount(inverse, weights=people_by_village)
    kind = np.tile(np.arange(len(kinds)), len(townships))
    mean = np.repeat(people, len(kinds)) * market["posts_per_person"]
    mean = mean * np.tile([weights[code] for code in kinds], len(townships))
    number = dice.rng.poisson(mean)
    kept = number > 0
    if not kept.any():
        kept[0], number[0] = True, 1
    number, kind = number[kept], kind[kept]
    count = len(kind)
    low, high = market["post_yuan_per_month"]
    return Posts(
        kind=kind.astype(np.int8),
        region=(np.repeat(townships, len(kinds)) * 1000)[kept],
        vacancies=number,
        filled=dice.rng.binomial(number, market["posts_filled"]),
        wage=(dice.split(count, low // 50, high // 50) * 50).astype(np.int64),
        term_months=dice.rng.choice([12, 24, 36], count),
        heavy=np.isin(kind, [kinds.index("road"), kinds.index("water")]) & dice.chance(market["post_heavy"], count),
        starts_on=np.datetime64(as_of, "D") + dice.split(count, 5, 60).astype("timedelta64[D]"),
        state=np.full(count, OPEN, dtype=np.int8),
    )
