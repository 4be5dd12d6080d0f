"""Canonical fields a layout may fill, by entity, and what kind of value each holds.

A layout says how a department writes a field; what the field *is* stands here, once. The kinds:

``text``        free text, blanks collapsed
``identifier``  a number kept as text: NFKC, blanks and leading apostrophes dropped, nothing judged
``code:LIST``   a code of that list of :mod:`schema.codes`
``code``        one of the words that the layout's own ``codes`` map to
``date``        a day
``month``       the first day of a month
``int`` ``number`` ``bool``
``region``      a twelve-digit division code of :mod:`schema.regions`
``occupation``  a ``d-dd-dd-dd`` code of the classification of 2022
"""

from __future__ import annotations

from typing import Final

_PERSON: Final = {
    "text": (
        "name registered_address living_address employer_name occupation work_place training_occupation "
        "wish_occupation head_name stop_reason"
    ),
    "identifier": (
        "citizen_number phone certificate_number head_citizen_number disability_certificate bank_account "
        "household_code person_code"
    ),
    "date": "born_on left_on returned_on identified_on",
    "month": "benefit_started_on",
    "int": "age work_months insured_persons wish_wage_yuan_per_month",
    "number": "benefit_yuan_per_month net_income_yuan_per_year_per_capita",
    "bool": "cannot_leave_home accepts_night_shift risk_eliminated welfare_post relocated",
    "region": "registered_region_code living_region_code",
    # A code list of the same name.
    "code:": (
        "sex nationality education person_category employment_status employment_form export_mode certificate_kind "
        "skill_level wish_scope cannot_leave_reason relation urban_rural benefit_kind benefit_class hardship_cause "
        "labour_ability disability_kind disability_level support_mode benefit_state school_state health labour_skill "
        "household_kind monitored_kind risk_kind work_region"
    ),
}

_OPENING: Final = {
    "text": "employer_name title duties",
    "identifier": "reference partner_code employer_code",
    "occupation": "occupation_code skill_occupation_code",
    "region": "region_code",
    "int": "wage_low_yuan_per_month wage_high_yuan_per_month vacancies filled age_min age_max term_months",
    "bool": "heavy_labour night_shift lodging social_insurance",
    "date": "posted_on closes_on",
    "code:": "channel wage_kind",
    "code:education": "education_min",
    "code:skill_level": "skill_level_min",
    "code": "state",
}

_PROGRAMME: Final = {
    "text": "name organiser",
    "identifier": "reference",
    "occupation": "occupation_code",
    "region": "region_code",
    "int": "age_min age_max days seats taken allowance_yuan_per_day",
    "date": "starts_on",
    "code:": "certificate_kind skill_level",
    "code:programme_mode": "mode",
    "code:education": "education_min",
    "code": "state",
}

_POST: Final = {
    "text": "name",
    "identifier": "reference",
    "region": "region_code",
    "int": "vacancies filled wage_yuan_per_month term_months",
    "bool": "heavy_labour",
    "date": "starts_on",
    "code:post_kind": "kind",
    "code": "state department",
}

_REFERRAL: Final = {
    "text": "name",
    "identifier": "citizen_number reference",
    "date": "shown_on started_on ended_on contacted_on",
    "int": "rank wage_yuan_per_month months_kept",
    "code:referral_state": "state",
    "code:outcome_result": "result",
    "code:outcome_reason": "reason",
    "code": "kind",
}


def _kinds(table: dict[str, str]) -> dict[str, str]:
    return {
        name: f"{kind}{name}" if kind == "code:" else kind for kind, names in table.items() for name in names.split()
    }


#: entity -> canonical field -> kind
FIELDS: Final[dict[str, dict[str, str]]] = {
    "person": _kinds(_PERSON),
    "opening": _kinds(_OPENING),
    "programme": _kinds(_PROGRAMME),
    "post": _kinds(_POST),
    "referral": _kinds(_REFERRAL),
}
