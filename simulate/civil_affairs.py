"""Households on a benefit as civil affairs holds them, one file a month."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from schema.codes import (
    BENEFIT_CLASS,
    BENEFIT_KIND,
    BENEFIT_STATE,
    DISABILITY_KIND,
    DISABILITY_LEVEL,
    HARDSHIP_CAUSE,
    LABOUR_ABILITY,
    SUPPORT_MODE,
    URBAN_RURAL,
)
from simulate.columns import blank_where, date_forms, edit, join, labels_of, month_column, whole_numbers
from simulate.faults import BAD_DATES, ErrorRates, Record, spoil_names, spoil_numbers
from simulate.history import World
from simulate.human_resources import labels
from simulate.marginals import Bool, Dice, Int, load_marginals
from simulate.numbers import bank_accounts, digits_of, text_of
from simulate.relations import relation_column
from simulate.sheet import Register, Sheet, break_rows
from simulate.standing import ABSENT, EXTREME_POVERTY, MONTHS, ORPHAN, STOPPED, UNSUPPORTED_CHILD

#: Headings that speak of the household; the office merges their cells over the household's rows.
HOUSEHOLD_HEADINGS = (
    "救助证号", "户主姓名", "户主身份证号", "城乡类别", "救助类别", "保障类别", "保障人数",
    "月保障金额", "致困原因", "起保年月", "状态", "停保原因", "银行账号",
)  # fmt: skip
_STOP_REASONS = ("收入超过标准", "成员稳定就业", "户口迁出", "成员死亡")
_OWN_FORM = 4


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of all months together: a month's file is those that are not absent in it."""

    person: Int
    household: Int
    record: Record


def make_civil_affairs(register: Register, *, rates: ErrorRates, dice: Dice) -> list[Sheet]:
    """Three sheets, one a month, the last the month of the simulation."""
    world = register.world
    families, standing = world.families, world.standing
    benefit = standing.benefit[families.household]
    child_only = np.isin(benefit, (ORPHAN, UNSUPPORTED_CHILD))
    covered = (benefit >= 0) & (~child_only | (families.age < 18))
    covered &= (standing.benefit_state != ABSENT).any(axis=1)[families.household]
    person = np.flatnonzero(covered)
    rows = _Rows(person, families.household[person], Record(len(person)))
    columns, as_cell = _lasting(register, rows, rates, dice)
    insured = np.bincount(rows.household, minlength=families.households)
    return [_month(world, rows, columns, as_cell, insured=insured, month=month) for month in range(MONTHS)]


def _lasting(register: Register, rows: _Rows, rates: ErrorRates, dice: Dice) -> tuple[dict[str, pa.Array], Bool]:
    """What stands the same in every month's file, the office's own slips included."""
    world, person, household, record = register.world, rows.person, rows.household, rows.record
    families, traits, standing = world.families, world.traits, world.standing
    number, as_cell = spoil_numbers(register.numbers, person, families, rates=rates, record=record, dice=dice)
    name = spoil_names(register.names.take(pa.array(person)), rates=rates, record=record, dice=dice)
    head_name, head_number = _heads(register, rows, name, number)
    form = date_forms(families.households, rates.date_form, _OWN_FORM, dice)[household]
    record.add("date_form", form != _OWN_FORM)
    ability = traits.ability[person].astype(np.int64)
    other = dice.chance(load_marginals()["disagreement"]["labour_ability_in_civil_affairs"], len(person))
    ability = np.where(other, np.clip(ability + dice.split(len(person), -1, 1), 0, 2), ability)
    kind, level = traits.disability_kind[person], traits.disability_level[person]
    mode = np.where(
        standing.benefit[household] == EXTREME_POVERTY,
        dice.pick(load_marginals()["benefit"]["support_mode_share"], len(person)),
        -1,
    )
    columns = {
        "救助证号": _certificates(world, household),
        "户主姓名": head_name,
        "户主身份证号": head_number,
        "成员姓名": name,
        "成员身份证号": number,
        "与户主关系": relation_column(families, person, dice),
        "城乡类别": labels_of(labels(URBAN_RURAL), standing.urban[household].astype(np.int64)),
        "救助类别": labels_of(labels(BENEFIT_KIND), standing.benefit[household]),
        "保障类别": labels_of(labels(BENEFIT_CLASS), standing.benefit_class[household]),
        "致困原因": labels_of(labels(HARDSHIP_CAUSE), standing.cause[household]),
        "劳动能力": labels_of(labels(LABOUR_ABILITY), ability),
        "残疾证号": _disability_certificates(register, person),
        "残疾类别": labels_of(labels(DISABILITY_KIND), kind),
        "残疾等级": labels_of(labels(DISABILITY_LEVEL), level),
        "供养方式": labels_of(labels(SUPPORT_MODE), mode),
        "起保年月": month_column(standing.benefit_started_on[household], form),
        "银行账号": bank_accounts(household).cast(pa.string()),
    }
    columns = break_rows(columns, dates=(), codes=("劳动能力", "与户主关系"), rates=rates, record=record, dice=dice)
    # The month of the start is the household's: where it cannot be read, none of its rows can.
    word = dice.split(families.households, 0, len(BAD_DATES) - 1)
    broken = np.flatnonzero(dice.chance(rates.broken_date, families.households)[household])
    record.add("broken_date", broken)
    columns["起保年月"] = edit(columns["起保年月"], broken, lambda _text, row: BAD_DATES[word[household[row]]])
    return columns, as_cell


def _heads(register: Register, rows: _Rows, name: pa.Array, number: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Name and number of the head: copied from the head's own row, slips and all, where there is one."""
    families = register.world.families
    head = families.first[rows.household]
    at = np.minimum(np.searchsorted(rows.person, head), len(rows.person) - 1)
    own = pa.array(rows.person[at] == head) if len(rows.person) else pa.array([], type=pa.bool_())
    clean_name, clean_number = (column.take(pa.array(head)) for column in (register.names, register.numbers))
    at_rows = pa.array(np.maximum(at, 0))
    return (
        pa.compute.if_else(own, name.take(at_rows), clean_name),
        pa.compute.if_else(own, number.take(at_rows), clean_number.cast(pa.string())),
    )


def _certificates(world: World, household: Int) -> pa.Array:
    """Sixteen digits: the township's nine, then a running number."""
    township = world.places.township[world.families.village[household]]
    return text_of(np.concatenate([digits_of(township, 9), digits_of(household + 1, 7)], axis=1)).cast(pa.string())


def _disability_certificates(register: Register, person: Int) -> pa.Array:
    """The citizen number, the kind, the level: twenty characters."""
    traits = register.world.traits
    kind, level = traits.disability_kind[person], traits.disability_level[person]
    digits = [entry.code for entry in DISABILITY_KIND.entries], [entry.code for entry in DISABILITY_LEVEL.entries]
    return join(register.numbers.take(pa.array(person)), labels_of(digits[0], kind), labels_of(digits[1], level))


def _month(
    world: World, rows: _Rows, columns: dict[str, pa.Array], as_cell: Bool, *, insured: Int, month: int
) -> Sheet:
    standing = world.standing
    state = standing.benefit_state[rows.household, month]
    kept = np.flatnonzero(state != ABSENT)
    household = rows.household[kept]
    state = state[kept]
    paid = standing.benefit_yuan[household, month] * insured[household]
    stopped = state == STOPPED
    cells = {heading: column.take(pa.array(kept)) for heading, column in columns.items()}
    money = blank_where(pa.array(paid), (standing.benefit_yuan[household, 0] == 0) & ~stopped)
    cells |= {
        "保障人数": whole_numbers(insured[household], empty=np.zeros(len(kept), dtype=bool)),
        "月保障金额": money,
        "状态": labels_of(labels(BENEFIT_STATE), state),
        "停保原因": labels_of(_STOP_REASONS, np.where(stopped, standing.stop_reason[household], -1)),
    }
    record = Record(len(kept))
    record.bits[:] = rows.record.bits[kept]
    return Sheet(
        columns={heading: cells[heading] for heading in HEADINGS},
        person=rows.person[kept],
        record=record,
        number_cells={"成员身份证号": as_cell[kept]},
        merged=HOUSEHOLD_HEADINGS,
        group=household,
    )


#: In the order of the form.
HEADINGS = (
    "救助证号", "户主姓名", "户主身份证号", "成员姓名", "成员身份证号", "与户主关系", "城乡类别",
    "救助类别", "保障类别", "保障人数", "月保障金额", "致困原因", "劳动能力", "残疾证号",
    "残疾类别", "残疾等级", "供养方式", "起保年月", "状态", "停保原因", "银行账号",
)  # fmt: skip
#: The upper line of the two-line heading: words, first and last column.
HEADING_GROUPS = (
    ("户主信息", 1, 2),
    ("家庭成员信息", 3, 5),
    ("救助情况", 6, 11),
    ("成员状况", 12, 16),
    ("保障状态", 17, 19),
)
