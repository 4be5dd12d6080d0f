"""What passes between the steps of publishing: what records say, what the register makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

Value = str | int | float | bool
#: A field's value and the source record it came from.
Sources = dict[str, int]


@dataclass(frozen=True, slots=True)
class Source:
    """One source record of a person, with what identity made of it."""

    source_record_id: int
    department: str
    region_code: str
    as_of: date
    seen_on: date
    gone_on: date | None
    values: Mapping[str, Any]
    name: str | None = None  # normal form
    number: str | None = None  # valid citizen number
    phone: str | None = None  # normal form
    registered_region_code: str | None = None
    living_region_code: str | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """A value that lost."""

    entity: str
    entity_id: int
    field: str
    value: str
    kept_value: str | None
    source_record_id: int
    kept_source_record_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Merged:
    """What one person's records come to: a value and a source a field; ``gone_on`` when no feed holds them any more."""

    values: dict[str, Any]
    sources: Sources
    conflicts: tuple[Conflict, ...]
    gone_on: date | None


@dataclass(frozen=True, slots=True)
class Employment:
    """One spell of work."""

    person_id: int
    form: str | None
    employer_name: str | None
    occupation: str | None
    occupation_code: str | None
    work_place: str | None
    work_region_code: str | None
    export_mode: str | None
    wage_yuan_per_month: int | None
    months_this_year: int | None
    started_on: date | None
    ended_on: date | None
    source_record_id: int


@dataclass(frozen=True, slots=True)
class Training:
    """One course attended."""

    person_id: int
    occupation: str
    occupation_code: str | None
    ended_on: date | None
    source_record_id: int


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate held."""

    person_id: int
    kind: str
    occupation: str | None
    occupation_code: str | None
    skill_level: str | None
    issued_on: date | None
    source_record_id: int


@dataclass(frozen=True, slots=True)
class Benefit:
    """One civil-affairs entitlement as it stands."""

    person_id: int
    certificate_number: str
    kind: str
    benefit_class: str | None
    insured_persons: int | None
    yuan_per_month: float | None
    hardship_cause: str | None
    support_mode: str | None
    started_on: date | None
    state: str
    stop_reason: str | None
    source_record_id: int


@dataclass(frozen=True, slots=True)
class BenefitMonth:
    """What was paid under a certificate in one month."""

    person_id: int
    certificate_number: str
    month: date
    yuan_per_month: float | None
    state: str
    source_record_id: int


@dataclass(frozen=True, slots=True)
class Monitoring:
    """A household's monitoring, as one of its members' records has it."""

    kind: str
    risk_kind: str | None
    identified_on: date | None
    risk_eliminated: bool | None
    in_force: bool
    source_record_id: int


@dataclass(frozen=True, slots=True)
class Word:
    """What a member's record says of the household."""

    field: str
    value: Any
    rank: int
    as_of: date
    seen_on: date
    source_record_id: int


@dataclass(frozen=True, slots=True)
class Member:
    """What household formation needs to know of a person."""

    person_id: int
    household_code: str | None = None
    certificates: tuple[str, ...] = ()  # newest first
    joins: int | None = None  # the person in whose household a station put them
    relation: str | None = None
    relation_source: int | None = None
    known_from: date | None = None
    born_on: date | None = None
    registered_region_code: str | None = None
    living_region_code: str | None = None
    in_work: bool | None = None
    willing: bool | None = None
    gone_on: date | None = None
    benefit_source: int | None = None  # of a benefit in payment that makes the household one of low income
    words: tuple[Word, ...] = ()
    monitoring: tuple[Monitoring, ...] = ()


@dataclass(frozen=True, slots=True)
class Golden:
    """Everything the register holds of one person, their household apart."""

    person_id: int
    values: dict[str, Any]
    sources: Sources
    wish: dict[str, Any] | None
    wish_sources: Sources
    gone_on: date | None
    employment: tuple[Employment, ...] = ()
    trainings: tuple[Training, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    benefits: tuple[Benefit, ...] = ()
    benefit_months: tuple[BenefitMonth, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    member: Member = field(default_factory=lambda: Member(0))
