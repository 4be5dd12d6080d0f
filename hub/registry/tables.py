"""The register's tables as publishing writes them, and rows for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.registry.records import (
    Benefit,
    BenefitMonth,
    Certificate,
    Conflict,
    Employment,
    Golden,
    Sources,
    Training,
)
from hub.registry.sync import Table

#: Columns of ``registry.person`` that merging fills; the household's come from its formation.
PERSON_VALUES = (
    "name", "sex", "born_on", "citizen_number", "phone", "nationality", "education", "registered_region_code",
    "living_region_code", "registered_address", "living_address", "person_category", "school_state", "health",
    "labour_ability", "labour_skill", "disability_kind", "disability_level", "disability_certificate", "bank_account",
    "retires_on", "employment_status", "employment_form", "in_work", "willing", "skill_level",
)  # fmt: skip
WISH_VALUES = (
    "wishes_to_work", "scope", "occupation", "occupation_code", "wage_yuan_per_month", "cannot_leave_home",
    "cannot_leave_reason", "accepts_night_shift",
)  # fmt: skip
#: Merged fields of a household; the rest is worked out.
HOUSEHOLD_MERGED = ("household_kind", "relocated", "net_income_yuan_per_year_per_capita")

PERSON = Table(
    "registry", "person", ("person_id",), (*PERSON_VALUES, "household_id", "relation", "gone_on", "sources"),
    silent=("sources",), json=("sources",), versioned=True,
)  # fmt: skip
WISH = Table(
    "registry", "wish", ("person_id",), (*WISH_VALUES, "sources"),
    silent=("sources",), json=("sources",), versioned=True,
)  # fmt: skip
HOUSEHOLD = Table(
    "registry", "household", ("household_id",),
    ("household_code", "head_person_id", "registered_region_code", "living_region_code", *HOUSEHOLD_MERGED,
     "members_count", "willing_count", "in_work_count", "zero_employment", "low_income", "monitored_kind", "gone_on",
     "sources"),
    scope="household_id", silent=("sources",), json=("sources",), versioned=True, keys_given=True,
)  # fmt: skip
EMPLOYMENT = Table(
    "registry", "employment", (),
    ("person_id", "form", "employer_name", "occupation", "occupation_code", "work_place", "work_region_code",
     "export_mode", "wage_yuan_per_month", "months_this_year", "started_on", "ended_on", "source_record_id"),
)  # fmt: skip
TRAINING = Table(
    "registry", "training", (), ("person_id", "occupation", "occupation_code", "ended_on", "source_record_id")
)
CERTIFICATE = Table(
    "registry", "certificate", (),
    ("person_id", "kind", "occupation", "occupation_code", "skill_level", "issued_on", "source_record_id"),
)  # fmt: skip
BENEFIT = Table(
    "registry", "benefit", ("person_id", "certificate_number"),
    ("household_id", "kind", "class", "insured_persons", "yuan_per_month", "hardship_cause", "support_mode",
     "started_on", "state", "stop_reason", "source_record_id"),
)  # fmt: skip
MONITORING = Table(
    "registry", "monitoring", (),
    ("household_id", "kind", "risk_kind", "identified_on", "risk_eliminated", "source_record_id"),
    scope="household_id",
)  # fmt: skip
CONFLICT = Table(
    "registry", "conflict", (),
    ("entity_id", "entity", "field", "value", "kept_value", "source_record_id", "kept_source_record_id", "reason"),
    scope="entity_id",
)  # fmt: skip


def person_row(golden: Golden, household_id: int, relation: str | None) -> tuple[object, ...]:
    """Row of :data:`PERSON`."""
    return (
        golden.person_id,
        *map(golden.values.get, PERSON_VALUES),
        household_id,
        relation,
        golden.gone_on,
        sources_text(golden.sources),
    )


def wish_row(golden: Golden) -> tuple[object, ...]:
    """Row of :data:`WISH`; only for somebody with a wish."""
    wish: Mapping[str, Any] = golden.wish or {}
    return golden.person_id, *map(wish.get, WISH_VALUES), sources_text(golden.wish_sources)


def employment_row(row: Employment) -> tuple[object, ...]:
    """Row of :data:`EMPLOYMENT`."""
    return (
        row.person_id, row.form, row.employer_name, row.occupation, row.occupation_code, row.work_place,
        row.work_region_code, row.export_mode, row.wage_yuan_per_month, row.months_this_year, row.started_on,
        row.ended_on, row.source_record_id,
    )  # fmt: skip


def training_row(row: Training) -> tuple[object, ...]:
    """Row of :data:`TRAINING`."""
    return row.person_id, row.occupation, row.occupation_code, row.ended_on, row.source_record_id


def certificate_row(row: Certificate) -> tuple[object, ...]:
    """Row of :data:`CERTIFICATE`."""
    return (
        row.person_id, row.kind, row.occupation, row.occupation_code, row.skill_level, row.issued_on,
        row.source_record_id,
    )  # fmt: skip


def benefit_row(row: Benefit, household_id: int) -> tuple[object, ...]:
    """Row of :data:`BENEFIT`."""
    return (
        row.person_id, row.certificate_number, household_id, row.kind, row.benefit_class, row.insured_persons,
        row.yuan_per_month, row.hardship_cause, row.support_mode, row.started_on, row.state, row.stop_reason,
        row.source_record_id,
    )  # fmt: skip


def benefit_month_row(row: BenefitMonth) -> tuple[object, ...]:
    """Row of the staging table of benefit months, which know their benefit by its natural key."""
    return row.person_id, row.certificate_number, row.month, row.yuan_per_month, row.state, row.source_record_id


def conflict_row(row: Conflict) -> tuple[object, ...]:
    """Row of :data:`CONFLICT`."""
    return (
        row.entity_id, row.entity, row.field, row.value, row.kept_value, row.source_record_id,
        row.kept_source_record_id, row.reason,
    )  # fmt: skip


def sources_text(sources: Sources) -> str:
    """JSON of a ``sources`` column. Its keys are our own names, so nothing needs escaping."""
    return "{" + ",".join([f'"{name}":{record}' for name, record in sources.items()]) + "}"
