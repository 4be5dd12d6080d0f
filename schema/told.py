"""What verdicts and reasons tell of: the fields of the register behind each column that a rule or a term reads.

A verdict or a reason is told only to those to whom every field behind it is open.
"""

from __future__ import annotations

#: Fields behind each column that a rule may read of a person. A column that is not here is open to nobody.
COLUMN_FIELDS: dict[str, tuple[str, ...]] = {
    "person_id": ("person.name",),
    "household_id": ("person.name",),
    "registered_region": ("person.registered_region_code",),
    "living_region": ("person.living_region_code",),
    "born_on": ("person.born_on",),
    "retires_on": ("person.retires_on",),
    "education": ("person.education",),
    "skill_level": ("certificate.skill_level",),
    "skill_occupation": ("certificate.occupation_code",),
    # Where civil affairs said nothing, rural revitalization's skill stands in.
    "labour_ability": ("person.labour_ability", "person.labour_skill"),
    "health": ("person.health",),
    "disability_level": ("person.disability_level",),
    "cannot_leave_home": ("wish.cannot_leave_home",),
    "accepts_night_shift": ("wish.accepts_night_shift",),
    "wish_scope": ("wish.scope",),
    "wish_occupation": ("wish.occupation_code",),
    "wish_wage": ("wish.wage_yuan_per_month",),
    "former_occupation": ("employment.occupation_code",),
    "away_months": ("employment.months_this_year",),
    "monitored": ("household.monitored_kind",),
    "poverty_exited": ("person.person_category",),
    "low_income": ("household.low_income",),
    "household_in_work": ("household.in_work_count",),
    "zero_employment": ("household.zero_employment",),
    "holds_post": ("employment.form",),
    "nationality": ("person.nationality",),
    "text": ("wish.occupation", "certificate.occupation", "training.occupation", "employment.occupation"),
}


def _behind(*columns: str) -> tuple[str, ...]:
    return tuple(name for column in columns for name in COLUMN_FIELDS[column])


#: Fields behind each reason (:mod:`schema.reasons`). A code that is not here is told to nobody who is not shown all.
REASON_FIELDS: dict[str, tuple[str, ...]] = {
    "wage": _behind("wish_wage", "low_income"),  # a low-income household's benefit is counted against the wage
    "distance": _behind("living_region"),
    "scope": _behind("wish_scope"),
    "occupation": _behind("wish_occupation", "former_occupation"),
    "skills": _behind("text"),
    "skill_level": _behind("skill_level", "skill_occupation"),
    "education": _behind("education"),
    "conditions": _behind("labour_ability", "health", "disability_level", "accepts_night_shift"),
    "lodging": (),
    "insurance": (),
    "experience": _behind("away_months"),
    "age": _behind("born_on"),
    "tied": _behind("cannot_leave_home"),
    "vacancies": (),
    "term": (),
    "crowding": (),
    "first_job": _behind("zero_employment"),
    "last_resort": _behind("cannot_leave_home", "living_region"),
    "unlocks": _behind("skill_level"),
    "raises_chance": _behind("skill_level"),
    "wished_occupation": _behind("wish_occupation"),
    "missing_skill": _behind("skill_level"),
    "taught_by": _behind("skill_level"),
}
