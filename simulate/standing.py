"""Where a household stands: income, exited or monitored, relocated, on which benefit, and where it lives now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from simulate.families import HEAD, Families
from simulate.marginals import Bool, Dates, Dice, Float, Int, Int8, load_marginals
from simulate.places import Places
from simulate.traits import Traits
from simulate.work import Work

ORDINARY, EXITED, MONITORED = range(3)
#: Positions in BENEFIT_KIND.
EXTREME_POVERTY, DIBAO, DIBAO_EDGE, RIGID_SPENDING, TEMPORARY, ORPHAN, UNSUPPORTED_CHILD = range(7)
MONTHS = 3
ABSENT, ACTIVE, GRACE, STOPPED = -1, 0, 1, 2


@dataclass(frozen=True, slots=True)
class Standing:
    """One row a household; ``int8`` are positions in lists of :mod:`schema.codes`, -1 where there is none.

    ``benefit_state`` and ``benefit_yuan`` have shape (h, 3), a column a month, the last the month of the simulation.
    ``benefit_yuan`` is a head and month. ``living_village`` is a row of :class:`simulate.places.Places`.
    """

    kind: Int8
    monitored_kind: Int8
    risk: Int8
    identified_on: Dates
    risk_eliminated: Bool
    relocated: Bool
    living_village: Int
    income: Int
    benefit: Int8
    benefit_class: Int8
    benefit_state: Int8
    benefit_yuan: Int
    benefit_started_on: Dates
    stop_reason: Int8
    cause: Int8
    urban: Bool


@dataclass(frozen=True, slots=True)
class _Need:
    """What weighs on a household, one row each."""

    income: Float
    weak: Float  # share of members with no full ability
    ill: Bool
    disabled: Bool
    schooling: Int
    able: Int


def make_standing(
    places: Places, families: Families, traits: Traits, work: Work, *, as_of: date, dice: Dice
) -> Standing:
    """Poorer, weaker and sicker households are likelier to be watched and helped."""
    need = _needs(families, traits, work, dice)
    count = families.households
    weight = load_marginals()["hardship"]
    hardship = weight["log_income"] * np.log(need.income) + weight["weak"] * need.weak
    hardship += weight["ill"] * need.ill + weight["disabled"] * need.disabled
    table = load_marginals()["household_kind"]
    kind, monitored_kind = _kinds(hardship, dice)
    risk = np.where(
        need.disabled & dice.chance(table["risk_is_disability_if_any"], count),
        1,
        np.where(
            need.ill & dice.chance(table["risk_is_illness_if_any"], count),
            0,
            np.where(need.able == 0, 6, dice.pick(table["risk_share"], count)),
        ),
    )
    today = np.datetime64(as_of, "D")
    identified = today - dice.split(count, 40, 1700).astype("timedelta64[D]")
    watched = kind == MONITORED
    benefit = _benefits(families, traits, need, hardship, dice)
    relocated, living = _homes(places, families, kind, dice)
    states, yuan, started, stop_reason, classes = _months(benefit, hardship, as_of, dice)
    cause = np.where(
        need.disabled, 1, np.where(need.ill, 0, np.where(need.able == 0, 4, np.where(need.schooling > 0, 2, 5)))
    )
    urban = dice.chance(load_marginals()["coverage"]["registered_urban"], count)
    return Standing(
        kind=kind,
        monitored_kind=monitored_kind,
        risk=np.where(watched, risk, -1).astype(np.int8),
        identified_on=np.where(watched, identified, np.datetime64("NaT", "D")),
        # Households with nobody able to work are not marked eliminated.
        risk_eliminated=watched & (need.able > 0) & dice.chance(table["risk_eliminated"], count),
        relocated=relocated,
        living_village=living,
        income=np.rint(np.where(watched, np.minimum(need.income, need.income * 0.75 + 1500), need.income)).astype(
            np.int64
        ),
        benefit=benefit,
        benefit_class=classes,
        benefit_state=states,
        benefit_yuan=yuan,
        benefit_started_on=started,
        stop_reason=stop_reason,
        cause=np.where(benefit >= 0, cause, -1).astype(np.int8),
        urban=urban & np.array(["社区" in name for name in places.name])[living],
    )


def _needs(families: Families, traits: Traits, work: Work, dice: Dice) -> _Need:
    table = load_marginals()["income"]
    household, count = families.household, families.households

    def total(values: Float | Int | Bool) -> Float:
        return np.asarray(np.bincount(household, weights=values, minlength=count), dtype=np.float64)

    earned = total(work.wage * np.where(work.in_work, np.maximum(work.months, 8), 0) * table["share_of_wage_kept"])
    land = table["land_and_transfers_mean"] * np.exp(dice.rng.normal(0.0, table["land_and_transfers_log_sd"], count))
    income = (earned / families.size + land) * np.exp(dice.rng.normal(0.0, table["log_sd"], count))
    return _Need(
        income=income,
        weak=total(traits.ability < 2) / families.size,
        ill=total(traits.health == 2) > 0,
        disabled=total(traits.disability_level >= 1) > 0,
        schooling=total(traits.school >= 4).astype(np.int64),
        able=total(traits.ability > 0).astype(np.int64),
    )


def _kinds(hardship: Float, dice: Dice) -> tuple[Int8, Int8]:
    table, chance = load_marginals()["household_kind"], load_marginals()["hardship"]
    count = len(hardship)
    rank = np.argsort(np.argsort(-(hardship + dice.rng.normal(0.0, chance["chance_monitored"], count)))) / count
    monitored = rank < table["monitored"]
    kind = np.where(monitored, MONITORED, ORDINARY)
    past = np.argsort(np.argsort(-(hardship + dice.rng.normal(0.0, chance["chance_exited"], count)))) / count
    kind = np.where(~monitored & (past < table["exited"] + table["monitored"] / 2), EXITED, kind)
    which = dice.pick(table["monitored_share"], count)
    return kind.astype(np.int8), np.where(monitored, which, -1).astype(np.int8)


def _homes(places: Places, families: Families, kind: Int8, dice: Dice) -> tuple[Bool, Int]:
    """Relocated households live in a community of their county; a few others moved to another of its villages."""
    table = load_marginals()["household_kind"]
    count = families.households
    relocated = dice.chance(
        np.where(kind == ORDINARY, table["relocated_among_others"], table["relocated_among_exited"])
    )
    moved = ~relocated & dice.chance(table["moved_otherwise"], count)
    living = families.village.copy()
    county = places.county
    town = np.array(["社区" in name for name in places.name])
    for code in np.unique(county[families.village]):
        inside = np.flatnonzero(county == code)
        # Few sites take in many: the resettlement communities are the same for all of a county.
        sites = inside[town[inside]] if town[inside].any() else inside
        sites = sites[: max(3, len(sites) // 8)]
        here = county[families.village] == code
        for rows, among in ((np.flatnonzero(here & relocated), sites), (np.flatnonzero(here & moved), inside)):
            living[rows] = among[dice.rng.integers(0, len(among), len(rows))]
    return relocated & (living != families.village), living


def _benefits(families: Families, traits: Traits, need: _Need, hardship: Float, dice: Dice) -> Int8:
    table = load_marginals()["benefit"]
    count = families.households
    head = families.first[:-1]
    rank = (
        np.argsort(
            np.argsort(-(hardship + dice.rng.normal(0.0, load_marginals()["hardship"]["chance_benefit"], count)))
        )
        / count
    )
    benefit = np.full(count, -1)
    edge = table["dibao_share"] + table["edge_share"]
    benefit[rank < edge] = DIBAO_EDGE
    benefit[rank < table["dibao_share"]] = DIBAO
    free = benefit < 0
    benefit[free & need.ill & dice.chance(table["rigid_share"] * 8, count)] = RIGID_SPENDING
    benefit[(benefit < 0) & dice.chance(table["temporary_share"], count)] = TEMPORARY
    alone = (families.size == 1) & (families.age[head] >= 60) & (traits.ability[head] == 0)
    benefit[alone & dice.chance(table["extreme_poverty_of_helpless_alone"], count)] = EXTREME_POVERTY
    children = np.bincount(families.household[families.age < 18], minlength=count)
    adults = np.bincount(families.household[(families.age >= 18) & (families.age < 50)], minlength=count)
    raised = (children > 0) & (adults == 0)
    benefit[raised & dice.chance(table["orphan_of_raised_by_elders"], count)] = ORPHAN
    benefit[raised & dice.chance(table["unsupported_of_raised_by_elders"], count)] = UNSUPPORTED_CHILD
    return benefit.astype(np.int8)


def _months(benefit: Int8, hardship: Float, as_of: date, dice: Dice) -> tuple[Int8, Int, Dates, Int8, Int8]:
    """States and amounts of three months, the day of the start, reason of a stop (row of a list) and class."""
    table = load_marginals()["benefit"]
    count = len(benefit)
    classes = dice.pick(table["dibao_class_share"], count)
    kinds = np.select(
        [benefit == EXTREME_POVERTY, benefit == DIBAO, benefit == ORPHAN, benefit == UNSUPPORTED_CHILD],
        [
            np.asarray(table["extreme_poverty_yuan"])[dice.pick(table["extreme_poverty_kind_share"], count)],
            np.asarray(table["dibao_yuan_per_person"])[classes],
            np.full(count, table["orphan_yuan"]),
            np.full(count, table["unsupported_yuan"]),
        ],
        0.0,
    )
    yuan = np.repeat(np.rint(kinds)[:, None], MONTHS, axis=1)
    changes = dice.chance(table["amount_changes"], count)
    rises = dice.chance(table["amount_rises"], int(changes.sum()))
    yuan[changes, 2] = np.rint(yuan[changes, 2] * np.where(rises, table["amount_rise"], table["amount_cut"]))
    state = np.full((count, MONTHS), ABSENT)
    state[benefit >= 0] = ACTIVE
    throw = dice.rng.random(count)
    starts, stops = table["starts_within_three_months"], table["stops_within_three_months"]
    begins = (benefit >= 0) & (throw < starts)
    month = dice.split(count, 1, MONTHS - 1)
    columns = np.arange(MONTHS)[None, :]
    state[begins[:, None] & (columns < month[:, None])] = ABSENT
    ends = (benefit >= 0) & (throw >= starts) & (throw < starts + stops)
    state[ends[:, None] & (columns == month[:, None])] = STOPPED
    state[ends[:, None] & (columns > month[:, None])] = ABSENT
    grace = (benefit == DIBAO) & (throw > 1.0 - table["grace_within_three_months"])
    state[grace[:, None] & (columns >= month[:, None])] = GRACE
    yuan[state == STOPPED] = 0
    this_month = np.datetime64(as_of, "M")
    started = this_month - dice.split(count, 4, 130).astype("timedelta64[M]")
    started = np.where(begins, this_month - (MONTHS - 1 - month).astype("timedelta64[M]"), started)
    reason = np.where(ends, dice.pick(table["stop_reason_share"], count), -1)
    dibao_class = np.where(benefit == DIBAO, classes, -1)
    return state.astype(np.int8), yuan.astype(np.int64), started, reason.astype(np.int8), dibao_class.astype(np.int8)


def head_rows(families: Families) -> Int:
    """Row of each household's head."""
    rows = families.first[:-1]
    if (families.role[rows] != HEAD).any():
        raise AssertionError("the first member of a household is its head")
    return rows
