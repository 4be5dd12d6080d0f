"""What a person has more than one of: spells of work, courses, certificates, benefits month by month. Pure.

Departments repeat themselves: one spell of work stands in every monthly file. What is said again is one row, and its
source is the record that said it first, so that a row keeps its key while the record around it changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from hub.registry.records import Benefit, BenefitMonth, Certificate, Employment, Monitoring, Source, Training
from schema.addresses import region_of_address
from schema.law import PovertyLaw, WorkLaw
from schema.occupations import occupation_code_of

_JOB_FIELDS = ("employment_form", "employer_name", "occupation", "work_place", "left_on")


@lru_cache(maxsize=100_000)
def day_of(text: str | None) -> date | None:
    """A canonical day; None where there is none."""
    return None if text is None else date.fromisoformat(text)


def list_employment(person_id: int, sources: Sequence[Source], law: WorkLaw) -> tuple[Employment, ...]:
    """Spells of work, oldest record first.

    A row that a department dropped ends, at the latest, on the day it was dropped; a spell of somebody who is out of
    work on the day of the record ended by then. Rural revitalization tells months of the year and welfare posts: the
    months go to the running spell, a post that nobody else mentions is a spell of its own.
    """
    spells: dict[tuple[Any, ...], Employment] = {}
    newest: dict[tuple[Any, ...], Source] = {}
    for source in reversed(sources):
        values = source.values
        if not any(name in values for name in _JOB_FIELDS):
            continue
        started_on = day_of(values.get("left_on"))
        # A return before the last departure belongs to an earlier spell.
        returned_on = day_of(values.get("returned_on"))
        if returned_on is not None and started_on is not None and returned_on < started_on:
            returned_on = None
        key = (values.get("employment_form"), values.get("employer_name"), values.get("occupation"),
               values.get("work_place"), started_on)  # fmt: skip
        newest[key] = source
        spell = spells.get(key)
        ended_on = returned_on or _ended_on(source, law)
        if spell is not None:
            spells[key] = replace(spell, ended_on=ended_on)
            continue
        spells[key] = Employment(
            person_id=person_id,
            form=values.get("employment_form"),
            employer_name=values.get("employer_name"),
            occupation=values.get("occupation"),
            occupation_code=_occupation(values.get("occupation_code"), values.get("occupation")),
            work_place=values.get("work_place"),
            work_region_code=values.get("work_region_code") or _region(values.get("work_place"), source.region_code),
            export_mode=values.get("export_mode"),
            wage_yuan_per_month=values.get("wage_yuan_per_month"),
            months_this_year=None,
            started_on=started_on,
            ended_on=ended_on,
            source_record_id=source.source_record_id,
        )
    rows = _merged_ends(list(spells.values()))
    rural = next((source for source in sources if _tells_months(source)), None)
    return tuple(rows if rural is None else _with_months(person_id, rows, rural))


def _ended_on(source: Source, law: WorkLaw) -> date | None:
    if source.gone_on is not None:
        return source.gone_on
    status = source.values.get("employment_status")
    return source.as_of if status in law.wishing_status or status in law.unwilling_status else None


def _merged_ends(rows: list[Employment]) -> list[Employment]:
    """A running spell and the same spell ended (a station says both) are one: the end counts."""
    ended = {(row.employer_name, row.occupation, row.started_on) for row in rows if row.ended_on is not None}
    return [
        row
        for row in rows
        if row.ended_on is not None
        or row.employer_name is None
        or row.started_on is None
        or (row.employer_name, row.occupation, row.started_on) not in ended
    ]


def _tells_months(source: Source) -> bool:
    return source.gone_on is None and ("work_months" in source.values or bool(source.values.get("welfare_post")))


def _with_months(person_id: int, rows: list[Employment], rural: Source) -> list[Employment]:
    months, post = rural.values.get("work_months"), bool(rural.values.get("welfare_post"))
    if rows and months is not None:
        running = [place for place, row in enumerate(rows) if row.ended_on is None]
        place = running[-1] if running else len(rows) - 1
        rows[place] = replace(rows[place], months_this_year=months)
    if (post and not any(row.form == "welfare_post" and row.ended_on is None for row in rows)) or not rows:
        rows.append(
            Employment(
                person_id=person_id,
                form="welfare_post" if post else None,
                employer_name=None,
                occupation=None,
                occupation_code=None,
                work_place=None,
                work_region_code=None,
                export_mode=None,
                wage_yuan_per_month=None,
                months_this_year=months if not rows else None,
                started_on=None,
                ended_on=None,
                source_record_id=rural.source_record_id,
            )
        )
    return rows


def list_trainings(person_id: int, sources: Sequence[Source]) -> tuple[Training, ...]:
    """Courses attended, each once, from the record that named it first."""
    found: dict[str, Training] = {}
    for source in reversed(sources):
        occupation = source.values.get("training_occupation")
        if occupation is None:
            continue
        ended_on = day_of(source.values.get("training_ended_on"))
        known = found.get(occupation)
        if known is None:
            code = _occupation(source.values.get("training_occupation_code"), occupation)
            found[occupation] = Training(person_id, occupation, code, ended_on, source.source_record_id)
        elif known.ended_on is None and ended_on is not None:
            found[occupation] = replace(known, ended_on=ended_on, source_record_id=source.source_record_id)
    return tuple(found.values())


def list_certificates(person_id: int, sources: Sequence[Source]) -> tuple[Certificate, ...]:
    """Certificates held, each once, from the record that named it first; a level alone is a level certificate."""
    found: dict[tuple[str, str | None, str | None], Certificate] = {}
    for source in reversed(sources):
        values = source.values
        level = values.get("skill_level")
        kind = values.get("certificate_kind") or ("skill_level" if level else None)
        if kind is None:
            continue
        occupation = values.get("training_occupation")
        found.setdefault(
            (kind, occupation, level),
            Certificate(
                person_id=person_id,
                kind=kind,
                occupation=occupation,
                occupation_code=_occupation(values.get("training_occupation_code"), occupation),
                skill_level=level,
                issued_on=day_of(values.get("certificate_issued_on")),
                source_record_id=source.source_record_id,
            ),
        )
    return tuple(found.values())


def list_benefits(
    person_id: int, sources: Sequence[Source], *, gone_on: date | None
) -> tuple[tuple[Benefit, ...], tuple[BenefitMonth, ...]]:
    """Benefits as they stand and what each month paid, from civil affairs' records (newest first).

    A month is known by the record that was in force in it; the newest record that speaks of a month decides. An
    entitlement that the department no longer lists is stopped, unless the person is gone altogether.
    """
    by_certificate: dict[str, list[Source]] = {}
    for source in sources:
        values = source.values
        if values.get("certificate_number") and values.get("benefit_kind"):
            by_certificate.setdefault(values["certificate_number"], []).append(source)
    benefits: list[Benefit] = []
    months: list[BenefitMonth] = []
    for certificate, records in by_certificate.items():
        in_force = [record for record in records if record.gone_on is None]
        record = in_force[0] if in_force else records[0]
        values = record.values
        listed = bool(in_force) or record.gone_on == gone_on
        benefits.append(
            Benefit(
                person_id=person_id,
                certificate_number=certificate,
                kind=values["benefit_kind"],
                benefit_class=values.get("benefit_class"),
                insured_persons=values.get("insured_persons"),
                yuan_per_month=values.get("benefit_yuan_per_month"),
                hardship_cause=values.get("hardship_cause"),
                support_mode=values.get("support_mode"),
                started_on=day_of(values.get("benefit_started_on")),
                state=values.get("benefit_state", "active") if listed else "stopped",
                stop_reason=values.get("stop_reason"),
                source_record_id=record.source_record_id,
            )
        )
        known: dict[date, BenefitMonth] = {}
        for source in records:
            for month in months_of(source):
                known.setdefault(
                    month,
                    BenefitMonth(
                        person_id,
                        certificate,
                        month,
                        source.values.get("benefit_yuan_per_month"),
                        source.values.get("benefit_state", "active"),
                        source.source_record_id,
                    ),
                )
        months.extend(known.values())
    return tuple(benefits), tuple(months)


def months_of(source: Source) -> Iterator[date]:
    """First days of the months a record speaks of: from the file that brought it to the last one that held it.

    Where a delta replaced it, it held until then: a delta does not repeat what stays as it is.
    """
    month = source.as_of.replace(day=1)
    last = source.seen_on if source.gone_on is None else max(source.seen_on, source.gone_on - timedelta(days=1))
    if source.gone_on is not None and source.gone_on.replace(day=1) == month:
        last = source.seen_on
    while month <= last:
        yield month
        month = (month + timedelta(days=32)).replace(day=1)


def list_monitoring(sources: Sequence[Source], law: PovertyLaw, *, gone_on: date | None) -> tuple[Monitoring, ...]:
    """The household's monitoring in a member's records, newest first; in force unless the risk is eliminated."""
    rows: dict[tuple[str, str | None], Monitoring] = {}
    for source in sources:
        values = source.values
        kind = values.get("monitored_kind")
        if kind is None:
            continue
        eliminated = values.get("risk_eliminated")
        rows.setdefault(
            (kind, values.get("identified_on")),
            Monitoring(
                kind=kind,
                risk_kind=values.get("risk_kind"),
                identified_on=day_of(values.get("identified_on")),
                risk_eliminated=eliminated,
                in_force=kind in law.monitored_kinds
                and eliminated is not True
                and (source.gone_on is None or source.gone_on == gone_on),
                source_record_id=source.source_record_id,
            ),
        )
    return tuple(rows.values())


def low_income_source(benefits: Sequence[Benefit], law: PovertyLaw) -> int | None:
    """The record of a benefit in payment that makes the household one of low income; None without one."""
    return next(
        (
            benefit.source_record_id
            for benefit in benefits
            if benefit.kind in law.benefit_kinds and benefit.state in law.benefit_states
        ),
        None,
    )


def _occupation(code: str | None, text: str | None) -> str | None:
    return code or (occupation_code_of(text) if text else None)


def _region(text: str | None, within: str) -> str | None:
    return region_of_address(text, within) if text else None


def rural_values(sources: Sequence[Source]) -> Mapping[str, Any] | None:
    """Values of the newest row in force that tells months of work or a welfare post."""
    return next((source.values for source in sources if _tells_months(source)), None)
