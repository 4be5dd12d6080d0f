"""The rural labour force as human resources holds it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from schema.codes import (
    CANNOT_LEAVE_REASON,
    CERTIFICATE_KIND,
    EDUCATION,
    EMPLOYMENT_FORM,
    EMPLOYMENT_STATUS,
    EXPORT_MODE,
    PERSON_CATEGORY,
    SKILL_LEVEL,
    WISH_SCOPE,
    CodeList,
)
from schema.regions import full_name
from simulate.columns import blank_where, date_forms, day_column, flags, join, labels_of, whole_numbers
from simulate.faults import ErrorRates, Record, spoil_names, spoil_numbers, spoil_phones
from simulate.marginals import Bool, Dates, Dice, Int, Int8, load_jobs, load_marginals
from simulate.places import Places
from simulate.sheet import Register, Sheet, break_rows, cut_rows, with_duplicates
from simulate.standing import EXITED, MONITORED
from simulate.traits import SCHOOL_NOT
from simulate.work import (
    AWAY_OUTSIDE,
    AWAY_PROVINCE,
    FARMING,
    FLEXIBLE,
    OWN_BUSINESS,
    UNEMPLOYED,
    UNIT_LOCAL,
    UNWILLING,
    WELFARE_POST,
    Work,
)

_EMPLOYED, _UNEMPLOYED, _UNWILLING = range(3)
#: Form of employment (position in EMPLOYMENT_FORM) by activity.
_FORM = {AWAY_OUTSIDE: 0, AWAY_PROVINCE: 0, UNIT_LOCAL: 0, FLEXIBLE: 1, OWN_BUSINESS: 2, WELFARE_POST: 3, FARMING: 4}


def labels(codes: CodeList) -> list[str]:
    """Labels of a code list by position."""
    return [entry.zh for entry in codes.entries]


@dataclass(frozen=True, slots=True)
class _Known:
    """Employment as the office knows it: for stale rows as it was before it changed."""

    status: Int
    form: Int
    working: Bool  # at a place that has a name
    back: Bool
    wish: Bool


def make_human_resources(register: Register, *, rates: ErrorRates, dice: Dice) -> Sheet:
    """One row for (nearly) everyone of 16 to 64 who is not at school."""
    world = register.world
    families, traits, work = world.families, world.traits, world.work
    held = (families.age >= 16) & (families.age < 65) & (traits.school == SCHOOL_NOT)
    held &= dice.chance(load_marginals()["coverage"]["human_resources"], len(families))
    person, second = with_duplicates(np.flatnonzero(held), rates, dice)
    record = Record(len(person))
    record.add("duplicate", second)
    known = _employment(work, person, rates, record, dice)
    number, as_cell = spoil_numbers(register.numbers, person, families, rates=rates, record=record, dice=dice)
    dates, form = _dates(work, person, known, rates=rates, record=record, dice=dice)
    away = known.working
    wish = known.wish
    trained = traits.trained_job[person]
    certificate = traits.certificate[person]
    jobs = [job["title"] for job in load_jobs()]
    registered, living = _addresses(world.places, register, person, rates=rates, record=record, dice=dice)
    columns = {
        "姓名": spoil_names(register.names.take(pa.array(person)), rates=rates, record=record, dice=dice),
        "身份证号码": number,
        "联系电话": spoil_phones(register.phones.take(pa.array(person)), rates=rates, record=record, dice=dice),
        "户籍地址": registered,
        "现居住地": living,
        "文化程度": _education(traits.education[person], dice),
        "人员类别": _category(world.standing.kind[families.household[person]]),
        "就业状态": labels_of(labels(EMPLOYMENT_STATUS), known.status),
        "意愿地点": labels_of(labels(WISH_SCOPE), np.where(wish, work.wish_scope[person], -1)),
        "意愿工种": labels_of(jobs, np.where(wish, work.wish_job[person], -1)),
        "期望月薪": whole_numbers(work.wish_wage[person], empty=~wish | (work.wish_wage[person] == 0)),
        "就业形式": labels_of(labels(EMPLOYMENT_FORM), known.form),
        "用工单位": labels_of(register.employer_names, np.where(away, register.employer[person], -1)),
        "务工地": _work_places(work, person, away),
        "外出时间": day_column(dates[0], form),
        "返乡时间": day_column(dates[1], form),
        "输出方式": labels_of(labels(EXPORT_MODE), np.where(away | known.back, work.export_mode[person], -1)),
        "培训工种": labels_of(jobs, trained),
        "证书类型": labels_of(labels(CERTIFICATE_KIND), certificate),
        "技能等级": labels_of(labels(SKILL_LEVEL), traits.skill_level[person]),
        "能否外出": flags(~work.cannot_leave[person], yes="能", no="不能", empty=~wish),
        "不能外出原因": labels_of(labels(CANNOT_LEAVE_REASON), np.where(wish, work.cannot_leave_reason[person], -1)),
        "能否上夜班": flags(work.accepts_night[person], yes="能", no="不能", empty=~wish),
    }
    columns = break_rows(
        columns,
        dates=("外出时间", "返乡时间"),
        codes=("文化程度", "就业状态", "人员类别"),
        rates=rates,
        record=record,
        dice=dice,
    )
    return Sheet(columns, person, record, {"身份证号码": as_cell}, cut_rows(rates, record, dice))


def _employment(work: Work, person: Int, rates: ErrorRates, record: Record, dice: Dice) -> _Known:
    office = load_marginals()["disagreement"]
    activity = work.activity[person].astype(np.int64)
    status = np.where(
        np.isin(activity, (UNEMPLOYED,)), _UNEMPLOYED, np.where(activity == UNWILLING, _UNWILLING, _EMPLOYED)
    )
    status = np.where((activity > UNWILLING), _UNWILLING, status)
    # A farmer with a wish is mostly put down as not in work, else as farming with a wish.
    wish = work.willing[person]
    farmer_out = (
        (activity == FARMING) & wish & dice.chance(office["farmer_with_wish_put_down_as_out_of_work"], len(person))
    )
    status = np.where(farmer_out, _UNEMPLOYED, status)
    form = np.array([_FORM.get(code, -1) for code in range(UNWILLING + 3)])[activity]
    form = np.where(farmer_out, -1, form)
    working = activity <= UNIT_LOCAL
    back = np.isin(activity, (UNEMPLOYED, FARMING, UNWILLING)) & ~np.isnat(work.returned_on[person])

    # The office has not heard: who came home is still away, who found work is still looking for it.
    throw = dice.chance(rates.stale, len(person))
    still_away = throw & back
    still_home = throw & (activity <= FLEXIBLE)
    record.add("stale", still_away | still_home)
    status = np.where(still_away, _EMPLOYED, np.where(still_home, _UNEMPLOYED, status))
    form = np.where(still_away, 0, np.where(still_home, -1, form))
    return _Known(
        status=status,
        form=form,
        working=(working | still_away) & ~still_home,
        back=back & ~still_away,
        wish=wish & ~still_away,
    )


def _dates(
    work: Work, person: Int, known: _Known, *, rates: ErrorRates, record: Record, dice: Dice
) -> tuple[tuple[Dates, Dates], Int]:
    nothing = np.datetime64("NaT", "D")
    left = np.where(known.working | known.back, work.started_on[person], nothing)
    returned = np.where(known.back, work.returned_on[person], nothing)
    form = date_forms(len(person), rates.date_form, 0, dice)
    record.add("date_form", (form != 0) & ~(np.isnat(left) & np.isnat(returned)))
    return (left, returned), form


def _education(position: Int8, dice: Dice) -> pa.Array:
    """Another honest answer in some rows, and now and then another word for the same."""
    office = load_marginals()["disagreement"]
    step = np.where(dice.chance(0.5, len(position)), 1, -1)
    told = np.where(dice.chance(office["education"], len(position)), np.clip(position + step, 0, 6), position)
    words = ["文盲", "小学毕业", "初中毕业", "普通高中", "中职", "大学专科", "大学本科", "硕士"]
    other = dice.chance(office["other_word_for_schooling"], len(position))
    return labels_of(labels(EDUCATION) + words, np.where(position < 0, -1, told + len(words) * other))


def _category(kind: Int8) -> pa.Array:
    order = {entry.code: i for i, entry in enumerate(PERSON_CATEGORY.entries)}
    position = np.where(
        kind == MONITORED, order["monitored"], np.where(kind == EXITED, order["exited"], order["other"])
    )
    return labels_of(labels(PERSON_CATEGORY), position)


def _addresses(
    places: Places, register: Register, person: Int, *, rates: ErrorRates, record: Record, dice: Dice
) -> tuple[pa.Array, pa.Array]:
    """Registered and living address; the second is the first where the office has not noticed that people moved."""
    world = register.world
    household = world.families.household[person]
    registered, living = world.families.village[household], world.standing.living_village[household]
    unnoticed = (registered != living) & dice.chance(rates.moved, len(person))
    record.add("moved", unnoticed)
    living = np.where(unnoticed, registered, living)
    # A household has one door: the group number hangs on the household, not on the row.
    group = (household * 7919) % 14 + 1
    tails = [f"{number}组" for number in range(1, 15)]
    tail = labels_of(tails, group - 1)
    full, short = list(places.address), [_shorter(address) for address in places.address]
    brief = dice.chance(load_marginals()["disagreement"]["address_without_province"], len(person))
    here = join(labels_of(full + short, registered + len(full) * brief), tail)
    there = join(labels_of(full + short, living + len(full) * brief), tail)
    return here, there


def _shorter(address: str) -> str:
    """An address as people write it: without the province, the committee as the village."""
    for ending, plain in (("社区居民委员会", "社区"), ("村民委员会", "村"), ("居民委员会", "社区")):
        if address.endswith(ending):
            address = address.removesuffix(ending) + plain
            break
    return address.removeprefix("云南省")


def _work_places(work: Work, person: Int, away: Bool) -> pa.Array:
    towns, position = np.unique(np.where(away, work.town[person], 0), return_inverse=True)
    names = ["" if town == 0 else full_name(str(town)) for town in towns.tolist()]
    elsewhere = load_marginals()["work_place"]["names"]
    other = work.elsewhere[person].astype(np.int64)
    column = labels_of(names + elsewhere, np.where(away & (other >= 0), len(names) + other, position))
    return blank_where(column, ~away | ((other < 0) & (work.town[person] == 0)))
