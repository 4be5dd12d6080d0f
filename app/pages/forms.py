"""What people type into forms, as inputs of the schema."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import FormData

from schema.occupations import occupation_code_of
from schema.regions import load_regions

#: No form of ours has longer fields.
_LONGEST = 5_000


def entered(form: FormData) -> dict[str, str]:
    """What was typed, trimmed; what is empty is left out. Also what is put back when a form has to be sent again."""
    fields: dict[str, str] = {}
    for name, value in form.items():
        if isinstance(value, str) and value.strip():
            fields[name] = value.strip()[:_LONGEST]
    return fields


class FormProblem(Exception):
    """A field that cannot be used; ``key`` names the text that says so."""

    def __init__(self, key: str, field: str) -> None:
        self.key, self.field = key, field
        super().__init__(key)


def number_in(fields: Mapping[str, str], name: str) -> int | None:
    """A whole number, in whatever digits and with thousands marked or not.

    Raises
    ------
    FormProblem
        It is none.
    """
    if name not in fields:
        return None
    text = unicodedata.normalize("NFKC", fields[name]).replace(",", "").removesuffix("元").strip()
    if not text.isdecimal() or len(text) > 9:
        raise FormProblem("form.number", name)
    return int(text)


def wish_input(fields: Mapping[str, str]) -> dict[str, Any]:
    """``WishInput`` from the wish form. Boxes are told apart from boxes left empty: the form shows them all."""
    given: dict[str, Any] = {
        "wishesToWork": "wishes_to_work" in fields,
        "cannotLeaveHome": "cannot_leave_home" in fields,
        "acceptsNightShift": "accepts_night_shift" in fields,
        "wishScope": fields.get("scope"),
        "wishOccupation": fields.get("occupation"),
        "wishWageYuanPerMonth": number_in(fields, "wage"),
    }
    return {name: value for name, value in given.items() if value is not None}


def outcome_input(fields: Mapping[str, str]) -> dict[str, Any]:
    """``OutcomeInput`` from the outcome form."""
    given: dict[str, Any] = {
        "result": fields.get("result", ""),
        "reason": fields.get("reason"),
        "wageYuanPerMonth": number_in(fields, "wage"),
        "startedOn": fields.get("started_on"),
        "endedOn": fields.get("ended_on"),
    }
    return {name: value for name, value in given.items() if value is not None}


def opening_input(fields: Mapping[str, str]) -> dict[str, Any]:
    """``OpeningInput`` from the opening form: occupation and place may be written as names or as codes.

    Raises
    ------
    FormProblem
        A field that is needed is empty, or names nothing known.
    """
    for name in ("title", "employer_name", "occupation", "place", "wage_low", "wage_high", "vacancies"):
        if name not in fields:
            raise FormProblem("form.missing", name)
    occupation = occupation_code_of(fields["occupation"])
    if occupation is None:
        raise FormProblem("form.occupation", "occupation")
    given: dict[str, Any] = {
        "title": fields["title"],
        "employerName": fields["employer_name"],
        "employerCode": fields.get("employer_code"),
        "occupationCode": occupation,
        "regionCode": place_code(fields["place"]),
        "channel": fields.get("channel", "local"),
        "wageLowYuanPerMonth": number_in(fields, "wage_low"),
        "wageHighYuanPerMonth": number_in(fields, "wage_high"),
        "vacancies": number_in(fields, "vacancies"),
        "duties": fields.get("duties", ""),
        "educationMin": fields.get("education_min"),
        "ageMin": number_in(fields, "age_min"),
        "ageMax": number_in(fields, "age_max"),
        "closesOn": fields.get("closes_on"),
        "heavyLabour": "heavy_labour" in fields,
        "nightShift": "night_shift" in fields,
        "lodging": "lodging" in fields,
        "socialInsurance": "social_insurance" in fields,
    }
    return {name: value for name, value in given.items() if value is not None}


def place_code(text: str) -> str:
    """The division that a name, a full name or a code stands for.

    Raises
    ------
    FormProblem
        None, or several by that name.
    """
    regions = load_regions()
    if text in regions:
        return text
    found = places().get(text)
    if found is None:
        by_name = [code for full, code in places().items() if full.endswith(text)]
        if len(by_name) != 1:
            raise FormProblem("form.place", "place")
        return by_name[0]
    return found


def places() -> dict[str, str]:
    """Prefectures and counties by their full name: where work is."""
    if not _PLACES:
        regions = load_regions()
        for region in regions.values():
            if region.level not in ("prefecture", "county") or region.name == "市辖区":
                continue
            names, above = [region.name], regions.get(region.parent_code)
            while above is not None:
                if above.name != "市辖区":
                    names.append(above.name)
                above = regions.get(above.parent_code)
            _PLACES["".join(reversed(names))] = region.code
    return _PLACES


_PLACES: dict[str, str] = {}
