"""Who works, where and as what; who would work, where, as what, for how much; who cannot leave home and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from simulate.families import Families
from simulate.marginals import Bool, Dates, Dice, Float, Int, Int8, banded, load_jobs, load_marginals
from simulate.places import Places, read_towns
from simulate.traits import ABILITY_FULL, ABILITY_PARTIAL, SCHOOL_NOT, Traits

#: What people do; the first nine in the order of the table of activities.
AWAY_OUTSIDE, AWAY_PROVINCE, UNIT_LOCAL, FLEXIBLE, OWN_BUSINESS, WELFARE_POST, FARMING, UNEMPLOYED, UNWILLING = range(9)
STUDENT, NEITHER = 9, 10
#: Activities that count as work.
IN_WORK = (AWAY_OUTSIDE, AWAY_PROVINCE, UNIT_LOCAL, FLEXIBLE, OWN_BUSINESS, WELFARE_POST)
REASON_CARE, REASON_HEALTH, REASON_SCHOOLING, REASON_OTHER = range(4)
SCOPE_COUNTY, SCOPE_PROVINCE, SCOPE_OUTSIDE = range(3)


@dataclass(frozen=True, slots=True)
class Work:
    """One row a person. ``int8`` columns are positions in lists of :mod:`schema.codes`, -1 where there is none.

    ``job`` is the present job, or the last one where there is none now, as a row of the table of jobs. ``town`` is the
    twelve-digit code of the place of work, 0 for own village; ``elsewhere`` a row of the provinces that are no partner.
    """

    activity: Int8
    willing: Bool
    carer: Bool
    job: Int
    town: Int
    elsewhere: Int8
    started_on: Dates
    returned_on: Dates
    months: Int8  # worked away from the village during the last year
    wage: Int
    export_mode: Int8
    cannot_leave: Bool
    cannot_leave_reason: Int8
    accepts_night: Bool
    wish_scope: Int8
    wish_job: Int
    wish_wage: Int

    @property
    def in_work(self) -> Bool:
        return self.activity <= WELFARE_POST

    @property
    def has_wish(self) -> Bool:
        return self.wish_scope >= 0


def make_work(places: Places, families: Families, traits: Traits, as_of: date, dice: Dice) -> Work:
    """Draw activities, then what follows from them."""
    carer = _carers(families, traits, dice)
    activity = _activities(families, traits, carer, dice)
    table = load_marginals()
    working_age = (families.age >= table["working_age"]["from"]) & (families.age < table["working_age"]["below"])
    farmer = (activity == FARMING) & dice.chance(table["activity"]["farmers_with_a_wish"], len(families))
    willing = working_age & (traits.ability > 0) & ((activity == UNEMPLOYED) | farmer)
    home = places.code[families.village[families.household]]
    job, worked_before, far = _jobs(activity, traits, dice)
    town, elsewhere = _towns(activity, worked_before, far, home=home, dice=dice)
    started, returned, months = _dates(activity, worked_before, as_of, dice)
    wage = _wages(activity, job, elsewhere, traits, dice)
    cannot, reason = _tied(families, traits, carer, willing, dice)
    scope = _scopes(families, cannot, willing, dice)
    organised = dice.pick(table["working_lives"]["export_mode"], len(families))
    away = (activity <= AWAY_PROVINCE) | worked_before
    return Work(
        activity=activity.astype(np.int8),
        willing=willing,
        carer=carer,
        job=job,
        town=town,
        elsewhere=elsewhere,
        started_on=started,
        returned_on=returned,
        months=months.astype(np.int8),
        wage=wage,
        export_mode=np.where(away, organised, -1).astype(np.int8),
        cannot_leave=cannot,
        cannot_leave_reason=reason,
        accepts_night=dice.chance(table["wish"]["accepts_night_shift"], len(families)) & ~cannot,
        wish_scope=scope,
        wish_job=_wish_jobs(willing, job, traits, scope, dice),
        wish_wage=_wish_wages(willing, traits, scope, dice),
    )


def _carers(families: Families, traits: Traits, dice: Dice) -> Bool:
    """At most one person a household who stays for the sake of infants or the helpless."""
    table = load_marginals()["care"]
    helpless = (traits.disability_level >= 2) | ((families.age >= 85) & (traits.ability == 0))
    needing = (families.age < table["infant_below"]) | helpless
    needs = np.bincount(families.household[needing], minlength=families.households) > 0
    able = (families.age >= 18) & (families.age < 66) & (traits.ability > 0) & (traits.school == SCHOOL_NOT) & ~helpless
    woman_first = dice.chance(table["carer_is_woman"], families.households)[families.household] != families.male
    standing = np.where(able, 1.0 + woman_first + dice.rng.random(len(families)), 0.0)
    best = np.maximum.reduceat(standing, families.first[:-1])
    return np.asarray(able & needs[families.household] & (standing == best[families.household]))


def _activities(families: Families, traits: Traits, carer: Bool, dice: Dice) -> Int:
    table = load_marginals()["activity"]
    active = (families.age >= 16) & (families.age < 65) & (traits.ability > 0) & (traits.school == SCHOOL_NOT)
    rows = np.flatnonzero(active)
    from_band = np.asarray(table["shares"])
    shares = from_band[np.searchsorted(table["upto"], families.age[rows], side="right")].copy()
    luck = np.exp(dice.rng.normal(0.0, table["household_luck_sd"], families.households))[families.household[rows]]
    shares[:, : WELFARE_POST + 1] *= luck[:, None]
    weak, cares = traits.ability[rows] == ABILITY_PARTIAL, carer[rows]
    educated = traits.education[rows] >= 3
    # The odds, not the shares, change: rows need not sum to one.
    for mask, changes in (
        (weak, table["odds_weak"]),
        (cares, table["odds_carer"]),
        (educated, table["odds_educated"]),
    ):
        for name, factor in changes.items():
            shares[mask, table["names"].index(name)] *= factor
    activity = np.where(traits.school > SCHOOL_NOT, STUDENT, NEITHER)
    activity[rows] = dice.pick_rows(shares)
    _let_someone_earn(activity, rows, shares, families, dice)
    return activity


def _let_someone_earn(activity: Int, rows: Int, shares: Float, families: Families, dice: Dice) -> None:
    household, count = families.household, families.households
    active = np.bincount(household[rows], minlength=count)
    working = np.bincount(household[activity <= WELFARE_POST], minlength=count)
    chosen = (active >= 2) & (working == 0) & dice.chance(load_marginals()["activity"]["someone_earns"], count)
    likeliest = shares[:, : WELFARE_POST + 1].sum(axis=1) + dice.rng.random(len(rows)) * 1e-6
    standing = np.zeros(len(household))
    standing[rows] = likeliest
    best = np.maximum.reduceat(standing, families.first[:-1])
    goes = chosen[household[rows]] & (likeliest == best[household[rows]])
    activity[rows[goes]] = dice.pick_rows(shares[goes, : WELFARE_POST + 1])


def _jobs(activity: Int, traits: Traits, dice: Dice) -> tuple[Int, Bool, Bool]:
    """Row of the table of jobs, -1 where never worked for a wage; who is back from working away; who went far."""
    jobs, table = load_jobs(), load_marginals()["working_lives"]
    near = np.array([float(j["local"]) + float(j["province"]) / 2 for j in jobs])
    far = np.array([float(j["shanghai"]) + 2 * float(j["guangdong"]) for j in jobs])
    light = np.array([1.0 - table["shuns_heavy_near_home"] * float(j["heavy"]) for j in jobs])
    count = len(activity)
    back = np.isin(activity, (UNEMPLOYED, FARMING, UNWILLING)) & (traits.ability == ABILITY_FULL)
    back &= dice.chance(np.where(activity == UNEMPLOYED, table["back_if_out_of_work"], table["back_otherwise"]))
    went_far = (activity == AWAY_OUTSIDE) | (back & dice.chance(table["far_of_those_back"], count))
    job = np.where(went_far, dice.pick(far, count), dice.pick(near * light, count))
    in_trade = (traits.trained_job >= 0) & dice.chance(table["stays_in_trade_learnt"], count)
    job = np.where(in_trade, traits.trained_job, job)
    has = (activity <= FLEXIBLE) | back
    return np.where(has, job, -1), back, went_far


def _towns(activity: Int, back: Bool, outside: Bool, *, home: Int, dice: Dice) -> tuple[Int, Int8]:
    """Place of work: a town of the partner regions, of the province or of the county; or a province elsewhere."""
    table = load_marginals()["work_place"]
    count = len(activity)
    town = np.zeros(count, dtype=np.int64)
    province = (activity == AWAY_PROVINCE) | (back & ~outside)
    in_guangdong = dice.chance(table["guangdong_among_partners"], count)
    # The industrial cities of the Pearl River delta, not the whole of Guangdong.
    delta = ("4401", "4403", "4406", "4413", "4419", "4420")
    for where, prefixes in (
        (outside & in_guangdong, delta),
        (outside & ~in_guangdong, ("31",)),
        (province, ("5301", "5303", "5304", "5325", "5328")),
    ):
        rows = np.flatnonzero(where)
        codes = read_towns(prefixes).code
        town[rows] = codes[dice.rng.integers(0, len(codes), len(rows))]
    local = activity == UNIT_LOCAL
    town[local] = home[local] // 1000 * 1000
    elsewhere = np.where(outside & dice.chance(table["share_elsewhere"], count), dice.split(count, 0, 7), -1)
    town[elsewhere >= 0] = 0
    return town, elsewhere.astype(np.int8)


def _dates(activity: Int, back: Bool, as_of: date, dice: Dice) -> tuple[Dates, Dates, Int]:
    count, today = len(activity), np.datetime64(as_of, "D")
    # People leave in the weeks after the Spring Festival, of this year or of one before.
    spring = np.datetime64(date(as_of.year, 2, 10)) + dice.split(count, 0, 45).astype("timedelta64[D]")
    years = (
        np.minimum(dice.rng.geometric(load_marginals()["working_lives"]["leaves_again_each_spring"], count) - 1, 9)
        * 365
    )
    started = spring - years.astype("timedelta64[D]")
    returned = today - dice.split(count, 20, 420).astype("timedelta64[D]")
    started = np.where(back, returned - dice.split(count, 90, 900).astype("timedelta64[D]"), started)
    started = np.where(started >= today, today - np.timedelta64(30, "D"), started)
    nothing = np.datetime64("NaT", "D")
    works = activity <= FLEXIBLE
    away_days = np.clip(365 - (today - returned).astype(np.int64), 0, 330)
    months = np.where(back, away_days // 30, np.where(activity <= UNIT_LOCAL, dice.split(count, 7, 12), 0))
    months = np.where(activity == FLEXIBLE, dice.split(count, 2, 8), months)
    return np.where(works | back, started, nothing), np.where(back, returned, nothing), months


def _wages(activity: Int, job: Int, elsewhere: Int8, traits: Traits, dice: Dice) -> Int:
    jobs, table = load_jobs(), load_marginals()["working_lives"]
    near, away = (np.array([float(j[c]) for j in jobs]) for c in ("wage_near", "wage_away"))
    row = np.maximum(job, 0)
    base = np.where(activity == AWAY_OUTSIDE, away[row], near[row])
    base = np.where(activity == OWN_BUSINESS, table["own_business_yuan"], base)
    base = np.where(activity == WELFARE_POST, table["welfare_post_yuan"], base)
    base = np.where(activity == FLEXIBLE, base * table["flexible_share_of_wage"], base)
    skilled = 1.0 + table["certificate_premium"] * (traits.certificate >= 1)
    skilled = skilled + table["schooling_premium"] * np.maximum(traits.education - 2, 0)
    wage = base * skilled * np.exp(dice.rng.normal(0.0, table["wage_log_sd"], len(activity)))
    return np.where(activity <= WELFARE_POST, np.rint(wage / 50) * 50, 0).astype(np.int64)


def _tied(families: Families, traits: Traits, carer: Bool, willing: Bool, dice: Dice) -> tuple[Bool, Int8]:
    """Who cannot leave home, and why (positions in CANNOT_LEAVE_REASON)."""
    table = load_marginals()["care"]
    pupils = (families.age >= 6) & (families.age < table["pupil_below"])
    with_pupils = np.bincount(families.household[pupils], minlength=families.households)[families.household] > 0
    throws = dice.rng.random((5, len(families)))
    care = carer & (throws[0] < table["cannot_leave_carer"])
    weak = (traits.ability == ABILITY_PARTIAL) & (throws[1] < table["cannot_leave_weak"])
    pupil = (
        with_pupils
        & (families.age >= 24)
        & (throws[2] < table["cannot_leave_pupil"] * np.where(families.male, 0.5, 1.5))
    )
    other = (throws[3] < table["cannot_leave_other"]) | (
        (families.age >= 50) & (throws[4] < table["cannot_leave_from_50"])
    )
    cannot = willing & (care | weak | pupil | other)
    reason = np.select([care, weak, pupil], [REASON_CARE, REASON_HEALTH, REASON_SCHOOLING], REASON_OTHER)
    return cannot, np.where(cannot, reason, -1).astype(np.int8)


def _scopes(families: Families, cannot: Bool, willing: Bool, dice: Dice) -> Int8:
    table = load_marginals()["wish"]
    county = banded(table["scope_upto"], table["scope_county"], families.age)
    province = banded(table["scope_upto"], table["scope_province"], families.age)
    scope = dice.pick_rows(np.stack([county, province, 1.0 - county - province], axis=1))
    scope = np.where(cannot, SCOPE_COUNTY, scope)
    return np.where(willing, scope, -1).astype(np.int8)


def _wish_jobs(willing: Bool, job: Int, traits: Traits, scope: Int8, dice: Dice) -> Int:
    """Row of the table of jobs wished for: often what one has done or learnt; -1 where nothing is stated."""
    jobs, table = load_jobs(), load_marginals()["wish"]
    count = len(willing)
    demand: list[Float] = [
        np.array([float(j["local"]) for j in jobs]),
        np.array([float(j["province"]) for j in jobs]),
        np.array([float(j["shanghai"]) + float(j["guangdong"]) for j in jobs]),
    ]
    fresh = np.choose(np.maximum(scope, 0), [dice.pick(d, count) for d in demand])
    same = (job >= 0) & dice.chance(table["same_as_last_job"], count)
    trained = (traits.trained_job >= 0) & dice.chance(table["as_trained"], count)
    wish = np.where(trained, traits.trained_job, np.where(same, job, fresh))
    stated = willing & dice.chance(table["occupation_stated"], count)
    return np.where(stated, wish, -1)


def _wish_wages(willing: Bool, traits: Traits, scope: Int8, dice: Dice) -> Int:
    table = load_marginals()["wish"]
    median = np.asarray(table["wage_median_by_education"], dtype=float)[np.maximum(traits.education, 0)]
    factor = np.array([table["wage_county_factor"], table["wage_province_factor"], table["wage_outside_factor"]])
    wage = median * factor[np.maximum(scope, 0)] * np.exp(dice.rng.normal(0.0, table["wage_log_sd"], len(willing)))
    stated = willing & dice.chance(table["wage_stated"], len(willing))
    return np.where(stated, np.rint(wage / 100) * 100, 0).astype(np.int64)
