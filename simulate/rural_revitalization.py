"""Households and members as rural revitalization holds them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from schema.codes import (
    EDUCATION,
    HEALTH,
    HOUSEHOLD_KIND,
    LABOUR_SKILL,
    MONITORED_KIND,
    NATIONALITY,
    RISK_KIND,
    SCHOOL_STATE,
    WORK_REGION,
)
from simulate.columns import date_forms, day_column, flags, labels_of, whole_numbers
from simulate.faults import ErrorRates, Record, spoil_names, spoil_numbers
from simulate.history import World
from simulate.human_resources import labels
from simulate.marginals import Bool, Dice, Int, load_marginals
from simulate.numbers import Bytes, digits_of, text_of
from simulate.relations import relation_column
from simulate.sheet import Register, Sheet, break_rows, cut_rows, with_duplicates
from simulate.standing import MONITORED, ORDINARY, head_rows
from simulate.work import AWAY_OUTSIDE, AWAY_PROVINCE, FLEXIBLE, UNIT_LOCAL, WELFARE_POST

#: The form in which this office writes days of its own accord.
_OWN_FORM = 3
_TOWNSHIP, _COUNTY, _PROVINCE, _OUTSIDE = range(4)


def make_rural_revitalization(register: Register, *, rates: ErrorRates, dice: Dice) -> Sheet:
    """Every member of the exited and monitored households and of a share of the ordinary ones."""
    world = register.world
    families, traits, standing = world.families, world.traits, world.standing
    coverage = load_marginals()["coverage"]
    held = (standing.kind != ORDINARY) | dice.chance(coverage["rural_ordinary"], families.households)
    member = held[families.household] & ~dice.chance(coverage["member_missing_in_rural"], len(families))
    member[head_rows(families)] |= held
    person, second = with_duplicates(np.flatnonzero(member), rates, dice)
    record = Record(len(person))
    record.add("duplicate", second)
    household = families.household[person]
    head = families.first[household]
    number, as_cell = spoil_numbers(register.numbers, person, families, rates=rates, record=record, dice=dice)
    watched = standing.kind[household] == MONITORED
    form = date_forms(len(person), rates.date_form, _OWN_FORM, dice)
    record.add("date_form", (form != _OWN_FORM) & watched)
    work_region, months, post = _work(world, person, rates, record, dice)
    told = np.where(dice.chance(load_marginals()["disagreement"]["education"], len(person)), -1, 0)
    education = traits.education[person].astype(np.int64)
    education = np.where(education > 0, np.maximum(education + told, 0), education)
    columns = {
        "户编号": household_codes(world, household),
        "人编号": _person_codes(world, person),
        "户主姓名": register.names.take(pa.array(head)),
        "姓名": spoil_names(register.names.take(pa.array(person)), rates=rates, record=record, dice=dice),
        "证件号码": number,
        "与户主关系": relation_column(families, person, dice),
        "民族": labels_of(labels(NATIONALITY), families.nationality[person]),
        "文化程度": labels_of(labels(EDUCATION), education),
        "在校生状况": labels_of(labels(SCHOOL_STATE), traits.school[person]),
        "健康状况": labels_of(labels(HEALTH), traits.health[person]),
        "劳动技能": labels_of(labels(LABOUR_SKILL), traits.skill[person]),
        "户类型": labels_of(_kind_labels(), standing.kind[household]),
        "监测对象类别": labels_of(labels(MONITORED_KIND), standing.monitored_kind[household]),
        "风险类型": labels_of(labels(RISK_KIND), standing.risk[household]),
        "识别时间": day_column(standing.identified_on[household], form),
        "风险是否消除": flags(standing.risk_eliminated[household], empty=~watched),
        "务工区域": labels_of(labels(WORK_REGION), work_region),
        "务工时间（月）": whole_numbers(months, empty=work_region < 0),
        "公益性岗位": flags(post),
        "人均纯收入": whole_numbers(standing.income[household], empty=np.zeros(len(person), dtype=bool)),
        "是否易地搬迁": flags(standing.relocated[household]),
    }
    columns = break_rows(
        columns,
        dates=("识别时间",),
        codes=("文化程度", "与户主关系", "健康状况"),
        rates=rates,
        record=record,
        dice=dice,
    )
    return Sheet(columns, person, record, {"证件号码": as_cell}, cut_rows(rates, record, dice))


def _kind_labels() -> list[str]:
    return [HOUSEHOLD_KIND.zh(code) for code in ("ordinary", "exited", "monitored")]


def household_codes(world: World, household: Int) -> pa.Array:
    """Seventeen digits: the registered village, then the household's number in it."""
    return text_of(_household_digits(world, household)).cast(pa.string())


def _household_digits(world: World, household: Int) -> Bytes:
    village = world.families.village
    first_in_village = np.searchsorted(village, village, side="left")
    serial = np.arange(len(village)) - first_in_village + 1
    head = digits_of(world.places.code[village[household]], 12)
    return np.concatenate([head, digits_of(serial[household], 5)], axis=1)


def _person_codes(world: World, person: Int) -> pa.Array:
    families = world.families
    household = families.household[person]
    place = person - families.first[household] + 1
    return text_of(np.concatenate([_household_digits(world, household), digits_of(place, 2)], axis=1)).cast(pa.string())


def _work(world: World, person: Int, rates: ErrorRates, record: Record, dice: Dice) -> tuple[Int, Int, Bool]:
    """Region and months of work of the last year and whether in a welfare post, as the village reported them."""
    work, office = world.work, load_marginals()["disagreement"]
    activity = work.activity[person].astype(np.int64)
    months = work.months[person].astype(np.int64)
    region = np.select(
        [activity == AWAY_OUTSIDE, activity == AWAY_PROVINCE, activity == UNIT_LOCAL, activity == FLEXIBLE],
        [
            _OUTSIDE,
            _PROVINCE,
            np.where(dice.chance(office["work_in_own_township"], len(person)), _TOWNSHIP, _COUNTY),
            _TOWNSHIP,
        ],
        -1,
    )
    returned = (activity > WELFARE_POST) & (months > 0)
    region = np.where(returned, np.where(work.town[person] // 10_000_000_000 == 53, _PROVINCE, _OUTSIDE), region)
    disagrees = dice.chance(office["employment_in_rural"], len(person))
    months = np.where(disagrees, np.clip(months + dice.split(len(person), -4, 4), 1, 12), months)
    # What the village wrote down a year ago: people who have left since were at home then, and the other way round.
    stale = dice.chance(rates.stale, len(person)) & (region >= 0)
    record.add("stale", stale)
    return np.where(stale, -1, region), np.clip(months, 1, 12), activity == WELFARE_POST
