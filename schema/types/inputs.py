"""Inputs of the mutations."""

from __future__ import annotations

from datetime import date

import strawberry


@strawberry.input(description="An opening as its poster enters it. Wages in yuan a month（岗位）")
class OpeningInput:
    """An opening as its poster enters it."""

    employer_name: str
    title: str
    occupation_code: str
    region_code: str
    channel: str
    wage_low_yuan_per_month: int
    wage_high_yuan_per_month: int
    vacancies: int
    employer_code: str | None = None
    duties: str = ""
    wage_kind: str = "monthly"
    education_min: str | None = None
    age_min: int | None = None
    age_max: int | None = None
    skill_level_min: str | None = None
    skill_occupation_code: str | None = None
    heavy_labour: bool = False
    night_shift: bool = False
    lodging: bool = False
    social_insurance: bool = False
    term_months: int | None = None
    closes_on: date | None = None


@strawberry.input(description="What a person wishes; a field left out stays as it is（就业意愿）")
class WishInput:
    """What a person wishes."""

    wishes_to_work: bool | None = None
    wish_scope: str | None = None
    wish_occupation: str | None = None
    wish_wage_yuan_per_month: int | None = None
    cannot_leave_home: bool | None = None
    cannot_leave_reason: str | None = None
    accepts_night_shift: bool | None = None


@strawberry.input(description="A person whom no file knows（新增人员）")
class PersonInput:
    """A person whom no file knows."""

    name: str
    citizen_number: str | None = None
    sex: str | None = None
    born_on: date | None = None
    phone: str | None = None
    nationality: str | None = None
    education: str | None = None
    registered_region_code: str | None = None
    living_region_code: str | None = None
    wishes_to_work: bool | None = None
    wish_scope: str | None = None
    wish_occupation: str | None = None
    wish_wage_yuan_per_month: int | None = None


@strawberry.input(description="Employment as a station knows it（就业情况）")
class EmploymentInput:
    """Employment as a station knows it."""

    employment_status: str
    employment_form: str | None = None
    employer_name: str | None = None
    occupation: str | None = None
    wage_yuan_per_month: int | None = None
    started_on: date | None = None
    ended_on: date | None = None


@strawberry.input(description="What came of a referral（推介结果）")
class OutcomeInput:
    """What came of a referral."""

    result: str
    reason: str | None = None
    wage_yuan_per_month: int | None = None
    started_on: date | None = None
    ended_on: date | None = None
    months_kept: int | None = None
