"""What lists of the register can be narrowed and ordered by, as data.

``condition`` is SQL over the alias ``{a}`` with ``{v}`` for the bound value; regions come as two bounds ``{low}`` and
``{high}``: a region means everything inside it. ``field`` names the ``entity.field`` that must be open to whoever asks:
a filter reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FilterType = Literal["text", "int", "bool", "date", "region", "id", "texts"]


@dataclass(frozen=True, slots=True)
class Filter:
    """One way to narrow a list."""

    name: str
    type: FilterType
    condition: str
    field: str
    en: str


@dataclass(frozen=True, slots=True)
class Order:
    """One way to order a list; ``expression`` is never null. The key breaks ties."""

    name: str
    expression: str
    sql_type: str
    descending: bool
    field: str | None
    en: str


def _inside(column: str) -> str:
    return "{a}." + column + " >= {low} AND {a}." + column + " < {high}"


_REGISTERED = Filter(
    "registered_region",
    "region",
    _inside("registered_region_code"),
    "registered_region_code",
    "Registered inside a region",
)
_LIVING = Filter(
    "living_region", "region", _inside("living_region_code"), "living_region_code", "Living inside a region"
)
_REGION = Filter("region", "region", _inside("region_code"), "region_code", "Inside a region")
_AGE = "extract(year FROM age(current_date, {a}.born_on))"

FILTERS: dict[str, tuple[Filter, ...]] = {
    "person": (
        _REGISTERED,
        _LIVING,
        Filter("name", "text", "{a}.name = {v}", "name", "Exactly this name"),
        Filter("name_prefix", "text", "starts_with({a}.name, {v})", "name", "Names that begin so"),
        Filter("citizen_number", "text", "{a}.citizen_number = {v}", "citizen_number", "This citizen number"),
        Filter("willing", "bool", "{a}.willing = {v}", "willing", "Willing to work"),
        Filter("in_work", "bool", "{a}.in_work = {v}", "in_work", "In work"),
        Filter("sex", "text", "{a}.sex = {v}", "sex", "Sex, GB/T 2261.1"),
        Filter("nationality", "texts", "{a}.nationality = ANY ({v})", "nationality", "Nationalities, GB/T 3304"),
        Filter("education", "texts", "{a}.education = ANY ({v})", "education", "Levels of education, GB/T 4658"),
        Filter("skill_level", "texts", "{a}.skill_level = ANY ({v})", "skill_level", "Skill levels"),
        Filter("person_category", "text", "{a}.person_category = {v}", "person_category", "Category"),
        Filter("labour_ability", "text", "{a}.labour_ability = {v}", "labour_ability", "Labour ability"),
        Filter("age_min", "int", _AGE + " >= {v}", "born_on", "At least so many years old"),
        Filter("age_max", "int", _AGE + " <= {v}", "born_on", "At most so many years old"),
        Filter("born_before", "date", "{a}.born_on < {v}", "born_on", "Born before a day"),
        Filter(
            "zero_employment",
            "bool",
            "EXISTS (SELECT FROM registry.household z WHERE z.household_id = {a}.household_id"
            " AND z.zero_employment = {v})",
            "household.zero_employment",
            "In a household with a willing member and nobody in work",
        ),
        Filter(
            "monitored",
            "bool",
            "EXISTS (SELECT FROM registry.household z WHERE z.household_id = {a}.household_id"
            " AND (z.monitored_kind IS NOT NULL) = {v})",
            "household.monitored_kind",
            "In a monitored household",
        ),
    ),
    "household": (
        _REGISTERED,
        _LIVING,
        Filter("household_kind", "text", "{a}.household_kind = {v}", "household_kind", "Kind"),
        Filter("monitored_kind", "text", "{a}.monitored_kind = {v}", "monitored_kind", "Kind of monitoring in force"),
        Filter("zero_employment", "bool", "{a}.zero_employment = {v}", "zero_employment", "Zero employment"),
        Filter("low_income", "bool", "{a}.low_income = {v}", "low_income", "Low income"),
        Filter("relocated", "bool", "{a}.relocated = {v}", "relocated", "Relocated"),
    ),
    "benefit": (
        Filter("kind", "text", "{a}.kind = {v}", "kind", "Kind"),
        Filter("state", "text", "{a}.state = {v}", "state", "State"),
    ),
    "recommendation": (
        Filter("kind", "text", "{a}.kind = {v}", "kind", "opening, programme or post"),
        Filter("allocated", "bool", "{a}.allocated = {v}", "allocated", "A place is set aside"),
    ),
    "referral": (
        Filter("kind", "text", "{a}.kind = {v}", "kind", "opening, programme or post"),
        Filter("state", "texts", "{a}.state = ANY ({v})", "state", "States"),
    ),
    "opening": (
        _REGION,
        Filter("state", "text", "{a}.state = {v}", "state", "State"),
        Filter("channel", "text", "{a}.channel = {v}", "channel", "Channel"),
        Filter(
            "occupation_prefix", "text", "starts_with({a}.occupation_code, {v})", "occupation_code", "Occupations below"
        ),
        Filter("title_contains", "text", "position({v} IN {a}.title) > 0", "title", "Title holds these words"),
        Filter(
            "wage_at_least", "int", "{a}.wage_high_yuan_per_month >= {v}", "wage_high_yuan_per_month", "Pays so much"
        ),
        Filter("has_vacancies", "bool", "({a}.filled < {a}.vacancies) = {v}", "filled", "Has vacancies left"),
        Filter("night_shift", "bool", "{a}.night_shift = {v}", "night_shift", "Night shift"),
        Filter("lodging", "bool", "{a}.lodging = {v}", "lodging", "Lodging"),
    ),
    "programme": (
        _REGION,
        Filter("state", "text", "{a}.state = {v}", "state", "State"),
        Filter("starts_after", "date", "{a}.starts_on > {v}", "starts_on", "Starts after a day"),
        Filter("certificate_kind", "text", "{a}.certificate_kind = {v}", "certificate_kind", "Certificate awarded"),
    ),
    "post": (
        _REGION,
        Filter("state", "text", "{a}.state = {v}", "state", "State"),
        Filter("kind", "text", "{a}.kind = {v}", "kind", "Kind"),
    ),
    "region": (
        Filter("level", "text", "{a}.level = {v}", "level", "Level"),
        Filter("name_contains", "text", "position({v} IN {a}.name) > 0", "name", "Name holds these words"),
        Filter("inside", "region", _inside("region_code"), "region_code", "Inside a region"),
    ),
}

ORDERS: dict[str, tuple[Order, ...]] = {
    "person": (
        Order("name", "coalesce({a}.name, '')", "text", False, "name", "By name"),
        Order("youngest_first", "coalesce({a}.born_on, '0001-01-01'::date)", "date", True, "born_on", "Youngest first"),
        Order("last_changed", "{a}.updated_at", "timestamptz", True, "updated_at", "Last changed first"),
    ),
    "household": (Order("last_changed", "{a}.updated_at", "timestamptz", True, "updated_at", "Last changed first"),),
    "opening": (
        Order("newest_first", "{a}.posted_on", "date", True, "posted_on", "Newest first"),
        Order(
            "best_paid_first", "{a}.wage_high_yuan_per_month", "integer", True, "wage_high_yuan_per_month", "Best paid"
        ),
    ),
    "referral": (Order("newest_first", "{a}.shown_on", "date", True, "shown_on", "Newest first"),),
    "benefit_month": (Order("newest_first", "{a}.month", "date", True, "month", "Newest first"),),
}
#: SQL type of each entity's key, where it is no bigint.
KEY_TYPES = {"region": "text", "benefit_month": "date", "provenance": "text", "recommendation": "integer"}
