"""One person's records → everything the register holds of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from hub.registry.derive import (
    derive_in_work,
    derive_of_working_age,
    derive_retires_on,
    derive_skill_level,
    derive_willing,
    derive_wishes_to_work,
)
from hub.registry.details import (
    day_of,
    list_benefits,
    list_certificates,
    list_employment,
    list_monitoring,
    list_trainings,
    low_income_source,
    rural_values,
)
from hub.registry.merge import Plans, household_words, merge_person
from hub.registry.records import Golden, Member, Merged, Source, Sources
from schema.authority import Authority, load_authority
from schema.law import (
    PovertyLaw,
    RetirementLaw,
    WorkLaw,
    load_poverty,
    load_retirement,
    load_work,
)
from schema.occupations import occupation_code_of

#: Merged field → column of ``registry.wish``.
_WISH = {
    "wish_scope": "scope",
    "wish_occupation": "occupation",
    "wish_wage_yuan_per_month": "wage_yuan_per_month",
    "cannot_leave_home": "cannot_leave_home",
    "cannot_leave_reason": "cannot_leave_reason",
    "accepts_night_shift": "accepts_night_shift",
}


@dataclass(frozen=True, slots=True)
class Rules:
    """The data that merging goes by."""

    authorities: Mapping[str, Authority]
    plans: Plans
    retirement: RetirementLaw
    work: WorkLaw
    poverty: PovertyLaw

    @classmethod
    def load(cls) -> Rules:
        """Those that ship with the program."""
        authorities = load_authority()
        return cls(authorities, Plans(authorities), load_retirement(), load_work(), load_poverty())


def make_golden(person_id: int, sources: Sequence[Source], rules: Rules, *, today: date) -> Golden:
    """Everything the register holds of the person of these records (newest first)."""
    merged = merge_person(person_id, sources, rules.plans, today=today)
    values, kept = merged.values, merged.sources
    rural = rural_values(sources)
    in_work = derive_in_work(rules.work, values, rural)
    wishes = derive_wishes_to_work(rules.work, values)
    employment = list_employment(person_id, sources, rules.work)
    certificates = list_certificates(person_id, sources)
    benefits, months = list_benefits(person_id, sources, gone_on=merged.gone_on)
    person, from_record = _person(merged, rules, sources, in_work=in_work, wishes=wishes, today=today)
    person["skill_level"], skill_source = derive_skill_level(certificates)
    if skill_source is not None:
        from_record["skill_level"] = skill_source
    wish, wish_sources = _wish(values, kept, wishes, rules.work)
    return Golden(
        person_id=person_id,
        values=person,
        sources=from_record,
        wish=wish,
        wish_sources=wish_sources,
        gone_on=merged.gone_on,
        employment=employment,
        trainings=list_trainings(person_id, sources),
        certificates=certificates,
        benefits=benefits,
        benefit_months=months,
        conflicts=merged.conflicts,
        member=_member(
            person_id, sources, merged, person, rules, benefit_source=low_income_source(benefits, rules.poverty)
        ),
    )


def _person(
    merged: Merged,
    rules: Rules,
    sources: Sequence[Source],
    *,
    in_work: bool | None,
    wishes: bool | None,
    today: date,
) -> tuple[dict[str, Any], Sources]:
    values, kept = merged.values, dict(merged.sources)
    person = dict(values)
    born_on = person["born_on"] = day_of(values.get("born_on"))
    retires_on = person["retires_on"] = derive_retires_on(rules.retirement, born_on, values.get("sex"))
    if retires_on is not None:
        kept["retires_on"] = kept["born_on"]
    if "living_region_code" not in values:
        # Who says nowhere where they live is found where they are registered, else where the newest record came from.
        person["living_region_code"] = values.get("registered_region_code") or sources[0].region_code
        kept["living_region_code"] = kept.get("registered_region_code", sources[0].source_record_id)
    if values.get("employment_status") != "employed":
        person["employment_form"] = None
        kept.pop("employment_form", None)
    person["in_work"] = in_work
    if in_work is not None and "employment_status" in kept:
        kept["in_work"] = kept["employment_status"]
    of_working_age = derive_of_working_age(
        rules.work,
        rules.retirement,
        born_on=born_on,
        retires_on=retires_on,
        age=_age_now(merged, sources, today),
        today=today,
    )
    person["willing"] = (
        None
        if merged.gone_on is not None
        else derive_willing(rules.work, values, of_working_age=of_working_age, in_work=in_work, wishes_to_work=wishes)
    )
    columns = rules.authorities
    return person, {
        name: record for name, record in kept.items() if name not in columns or columns[name].entity == "person"
    }


def _age_now(merged: Merged, sources: Sequence[Source], today: date) -> int | None:
    age: int | None = merged.values.get("age")
    if age is None:
        return None
    record = merged.sources["age"]
    said_on = next(source.as_of for source in sources if source.source_record_id == record)
    return age + (today - said_on).days // 365


def _wish(
    values: Mapping[str, Any], kept: Sources, wishes: bool | None, law: WorkLaw
) -> tuple[dict[str, Any] | None, Sources]:
    row = {column: values.get(name) for name, column in _WISH.items()}
    if wishes is None and not any(value is not None for value in row.values()):
        return None, {}
    sources = {column: kept[name] for name, column in _WISH.items() if name in kept}
    occupation = row["occupation"]
    row["occupation_code"] = occupation_code_of(occupation) if occupation else None
    row["wishes_to_work"] = wishes
    said_by = next(
        (kept[name] for name in ("wishes_to_work", "employment_status", *law.wish_fields) if name in kept), None
    )
    if wishes is not None and said_by is not None:
        sources["wishes_to_work"] = said_by
    return row, sources


def _member(
    person_id: int,
    sources: Sequence[Source],
    merged: Merged,
    person: Mapping[str, Any],
    rules: Rules,
    *,
    benefit_source: int | None,
) -> Member:
    gone_on = merged.gone_on
    in_force = [source for source in sources if source.gone_on is None or source.gone_on == gone_on]
    coded = next((source for source in in_force if "household_code" in source.values), None)
    code = None if coded is None else str(coded.values["household_code"])
    certificates = dict.fromkeys(
        str(source.values["certificate_number"]) for source in in_force if "certificate_number" in source.values
    )
    joined = next((source for source in in_force if "household_person_id" in source.values), None)
    placed_by = joined or coded
    return Member(
        person_id=person_id,
        household_code=code,
        certificates=tuple(certificates),
        joins=None if joined is None else int(joined.values["household_person_id"]),
        relation=merged.values.get("relation"),
        relation_source=merged.sources.get("relation")
        or (placed_by.source_record_id if placed_by is not None else sources[0].source_record_id),
        known_from=min(source.as_of for source in sources),
        born_on=person["born_on"],
        registered_region_code=person.get("registered_region_code"),
        living_region_code=person.get("living_region_code"),
        in_work=person["in_work"],
        willing=person["willing"],
        gone_on=gone_on,
        benefit_source=benefit_source,
        words=household_words(sources, rules.plans, household_code=code),
        monitoring=list_monitoring(
            [source for source in sources if source.values.get("household_code", code) == code],
            rules.poverty,
            gone_on=gone_on,
        ),
    )
