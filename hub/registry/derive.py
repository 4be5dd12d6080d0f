"""What the register works out: retirement, work, willingness, the highest skill. Pure; the rules are data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from hub.registry.records import Certificate
from schema.codes import SKILL_LEVEL
from schema.law import RetirementLaw, WorkLaw


def derive_retires_on(law: RetirementLaw, born_on: date | None, sex: str | None) -> date | None:
    """The statutory day; None while birth or sex is unknown."""
    return None if born_on is None or sex is None else law.retires_on(born_on, sex)


def derive_in_work(law: WorkLaw, values: Mapping[str, Any], rural: Mapping[str, Any] | None) -> bool | None:
    """Whether the person is in work; None when nobody says.

    Parameters
    ----------
    values
        Merged values: ``employment_status`` and ``employment_form`` decide where they are known.
    rural
        Values of rural revitalization's row in force, read only where they are not.
    """
    status = values.get("employment_status")
    if status is not None:
        if status in law.unwilling_status or status in law.wishing_status:
            return False
        form = values.get("employment_form")
        return law.form_unknown_is_work if form is None else form in law.in_work_forms
    if rural is not None:
        if rural.get("welfare_post") and law.welfare_post_is_work:
            return True
        months = rural.get("work_months")
        if months is not None and months >= law.months_worked_min:
            return True
    return None


def derive_wishes_to_work(law: WorkLaw, values: Mapping[str, Any]) -> bool | None:
    """What the person is known to want; None when nobody asked."""
    explicit: bool | None = values.get("wishes_to_work")
    if explicit is not None:
        return explicit
    status = values.get("employment_status")
    if status in law.unwilling_status:
        return False
    if status in law.wishing_status or any(values.get(name) is not None for name in law.wish_fields):
        return True
    return None


def derive_willing(
    law: WorkLaw,
    values: Mapping[str, Any],
    *,
    of_working_age: bool | None,
    in_work: bool | None,
    wishes_to_work: bool | None,
) -> bool | None:
    """Of working age, able, wishing to work and not in work. One "no" makes no; without one, an unknown makes None.

    Nobody is taken to be unable, or in work, because nothing was said of it.
    """
    able = not (
        values.get("labour_ability") in law.unable_labour_ability
        or values.get("labour_skill") in law.unable_labour_skill
        or values.get("school_state") in law.school_states
    )
    parts = (of_working_age, able, wishes_to_work, not in_work)
    if False in parts:
        return False
    return None if None in parts else True


def derive_of_working_age(
    work: WorkLaw,
    retirement: RetirementLaw,
    *,
    born_on: date | None,
    retires_on: date | None,
    age: int | None,
    today: date,
) -> bool | None:
    """Whether the person is of working age today; None where what is known does not decide.

    Parameters
    ----------
    age
        Stated years of age, used where the day of birth is unknown and only where either end is far enough away.
    """
    if born_on is None:
        if age is None:
            return None
        # Somebody of n years was born in the year that ends n years ago.
        youngest, oldest = _years_before(today, age), _years_before(today, age + 1)
        answers = {
            derive_of_working_age(work, retirement, born_on=day, retires_on=None, age=None, today=today)
            for day in (youngest, oldest)
        }
        return answers.pop() if len(answers) == 1 else None
    if _years_before(today, work.working_age_from_years) < born_on:
        return False
    if retires_on is not None:
        return today < retires_on
    if today < retirement.earliest(born_on):
        return True
    return False if today >= retirement.latest(born_on) else None


def derive_skill_level(certificates: Sequence[Certificate]) -> tuple[str | None, int | None]:
    """The highest vocational skill level held, and the record that says so."""
    held = [certificate for certificate in certificates if certificate.skill_level is not None]
    if not held:
        return None, None
    best = max(
        held, key=lambda certificate: (SKILL_LEVEL.order(certificate.skill_level), -certificate.source_record_id)
    )
    return best.skill_level, best.source_record_id


def _years_before(day: date, years: int) -> date:
    """The same day so many years earlier; 29 February falls on 28."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)
