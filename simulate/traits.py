"""What people are like: schooling, health, disability, ability to work, training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from schema.codes import CERTIFICATE_KIND, DISABILITY_KIND, DISABILITY_LEVEL, EDUCATION, HEALTH, SKILL_LEVEL
from simulate.families import Families
from simulate.marginals import Bool, Dice, Int, Int8, banded, load_jobs, load_marginals

#: Positions in the code lists of :mod:`schema.codes`, as they stand there.
SCHOOL_NOT, SCHOOL_PRE, SCHOOL_PRIMARY, SCHOOL_JUNIOR, SCHOOL_SENIOR, SCHOOL_VOCATIONAL, SCHOOL_COLLEGE = range(7)
ABILITY_NONE, ABILITY_PARTIAL, ABILITY_FULL = range(3)
SKILL_NONE, SKILL_LOST, SKILL_WEAK, SKILL_ORDINARY, SKILL_SKILLED = range(5)


@dataclass(frozen=True, slots=True)
class Traits:
    """One row a person; every ``int8`` is the position in the code list of that name, -1 where there is none."""

    education: Int8
    school: Int8
    health: Int8
    disability_kind: Int8
    disability_level: Int8
    ability: Int8
    skill: Int8
    certificate: Int8
    skill_level: Int8
    trained_job: Int  # row of the table of jobs, -1 = never trained

    @property
    def at_school(self) -> Bool:
        return self.school > SCHOOL_NOT


def _position_of(codes: list[str], order: list[str]) -> Int:
    return np.array([order.index(code) for code in codes])


def make_traits(families: Families, dice: Dice) -> Traits:
    """Traits that hang together: no doctor of ten, no able worker with a first-degree disability."""
    tables = load_marginals()
    age, count = families.age, len(families)
    school = _schooling(age, dice)
    education = _education(age, school, dice)

    table = tables["disability"]
    disabled = dice.chance(banded(table["upto"], table["share"], age))
    kinds = _position_of(table["kinds"], [entry.code for entry in DISABILITY_KIND.entries])
    levels = _position_of(table["levels"], [entry.code for entry in DISABILITY_LEVEL.entries])
    kind = np.where(disabled, kinds[dice.pick(table["kind_share"], count)], -1)
    level = np.where(disabled, levels[dice.pick(table["level_share"], count)], -1)

    table = tables["health"]
    states = _position_of(table["codes"], [entry.code for entry in HEALTH.entries])
    health = states[dice.pick_banded(table["upto"], table["shares"], age)]
    health = np.where(disabled, [entry.code for entry in HEALTH.entries].index("disabled"), health)

    table = tables["labour_ability"]
    ability = dice.pick_banded(table["upto"], table["shares"], age)
    severe = disabled & (level >= 2)
    ability = np.where(
        severe | (disabled & (level == 1) & dice.chance(tables["disability"]["third_level_cannot_work"], count)),
        np.minimum(ability, 0),
        ability,
    )
    weakened = (
        (disabled & (level <= 1))
        | (health == 2)
        | ((health == 1) & dice.chance(tables["health"]["chronic_weakens"], count))
    )
    ability = np.where(weakened, np.minimum(ability, ABILITY_PARTIAL), ability)

    trained_job, certificate, skill_level = _training(age, ability, school, dice)
    skill = np.where(
        ability == ABILITY_FULL, SKILL_ORDINARY, np.where(ability == ABILITY_PARTIAL, SKILL_WEAK, SKILL_LOST)
    )
    skill = np.where((ability == ABILITY_FULL) & (certificate >= 1), SKILL_SKILLED, skill)
    skill = np.where((age < 16) | (school > SCHOOL_NOT) | ((age >= 75) & ~severe), SKILL_NONE, skill)
    return Traits(
        education=education.astype(np.int8),
        school=school.astype(np.int8),
        health=health.astype(np.int8),
        disability_kind=kind.astype(np.int8),
        disability_level=level.astype(np.int8),
        ability=ability.astype(np.int8),
        skill=skill.astype(np.int8),
        certificate=certificate.astype(np.int8),
        skill_level=skill_level.astype(np.int8),
        trained_job=trained_job,
    )


def _schooling(age: Int, dice: Dice) -> Int:
    table = load_marginals()["school"]
    going = dice.chance(banded(table["at_school_upto"], table["at_school"], age))
    vocational = dice.chance(table["vocational_among_senior"], len(age))
    senior = np.where(vocational, SCHOOL_VOCATIONAL, SCHOOL_SENIOR)
    stage = np.select(
        [age < 6, age < 12, age < 15, age < 19],
        [np.full(len(age), SCHOOL_PRE), np.full(len(age), SCHOOL_PRIMARY), np.full(len(age), SCHOOL_JUNIOR), senior],
        SCHOOL_COLLEGE,
    )
    return np.where(going, stage, SCHOOL_NOT)


def _education(age: Int, school: Int, dice: Dice) -> Int:
    """Position in EDUCATION; of pupils the school they attend, of children not at school yet none (-1)."""
    table = load_marginals()["education"]
    order = [entry.code for entry in EDUCATION.entries]
    drawn = _position_of(table["codes"], order)[dice.pick_banded(table["upto"], table["shares"], age)]
    attending = np.array([0, -1, 1, 2, 3, 4, 6])[school]
    attending = np.where(
        (school == SCHOOL_COLLEGE) & dice.chance(load_marginals()["school"]["college_is_diploma"], len(age)),
        order.index("30"),
        attending,
    )
    left_young = np.minimum(drawn, np.where(age < 18, order.index("70"), np.where(age < 21, order.index("40"), 7)))
    return np.where(school > SCHOOL_NOT, attending, np.where(age < 6, -1, np.where(age < 16, 1, left_young)))


def _training(age: Int, ability: Int, school: Int, dice: Dice) -> tuple[Int, Int, Int]:
    """Row of the job trained for, certificate and its level; -1 where none."""
    table = load_marginals()["skill_certificate"]
    count = len(age)
    trained = (age >= 18) & (age < 60) & (ability == ABILITY_FULL) & (school == SCHOOL_NOT)
    trained &= dice.chance(table["trained"], count)
    job = np.where(trained, dice.pick([0.02 + float(j["skilled"]) for j in load_jobs()], count), -1)
    kinds = _position_of(table["kinds"], [entry.code for entry in CERTIFICATE_KIND.entries])
    kind = np.where(trained, kinds[dice.pick(table["kind_share"], count)], -1)
    levels = _position_of(table["levels"], [entry.code for entry in SKILL_LEVEL.entries])
    level = np.where(kind == 2, levels[dice.pick(table["level_share"], count)], -1)
    return job, kind, level
