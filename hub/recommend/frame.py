"""Rows of the register and the market → the columns that matching works on. What a row does not know stays unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.records import (
    Bool,
    Dates,
    Float32,
    History,
    Int8,
    Int32,
    Int64,
    Openings,
    People,
    Posts,
    Programmes,
    Text,
)
from schema.codes import (
    CERTIFICATE_KIND,
    CHANNEL,
    DISABILITY_LEVEL,
    EDUCATION,
    HEALTH,
    LABOUR_ABILITY,
    SKILL_LEVEL,
    WISH_SCOPE,
    CodeList,
)

Row = Mapping[str, Any]

#: A day before every other, for what has no day and is taken as known all along.
_EVER = np.datetime64("0001-01-01", "D")
#: Rural revitalization's labour skill, read as civil affairs' labour ability where that is silent.
_ABILITY_OF_SKILL = {"none": "none", "lost": "none", "weak": "partial", "ordinary": "full", "skilled": "full"}


@dataclass(frozen=True, slots=True)
class Rows:
    """What the register holds of people, as fetched."""

    people: Sequence[Row]
    employment: Sequence[Row]  # by person, oldest first
    certificates: Sequence[Row]  # by person, oldest first
    trainings: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Frame:
    """People as columns, with what is needed to say how they stood on an earlier day."""

    people: People
    willing: Bool
    rows: Rows


def frame_people(rows: Rows, *, today: date) -> Frame:
    """Columns of people as they stand today, one row each in the order given."""
    source = rows.people
    person_id = _numbers(source, "person_id", np.int64)
    last = _last_before(rows.employment, person_id, np.full(len(source), np.datetime64(today, "D")), undated=True)
    skill = _best_skill(rows.certificates, person_id, np.full(len(source), np.datetime64(today, "D")))
    ability = [row["labour_ability"] or _ABILITY_OF_SKILL.get(row["labour_skill"] or "") for row in source]
    months = _pick(rows.employment, last, "months_this_year", np.nan)
    people = People(
        person_id=person_id,
        household_id=_numbers(source, "household_id", np.int64),
        registered_region=_numbers(source, "registered_region", np.int64),
        living_region=_numbers(source, "living_region", np.int64),
        born_on=_dates(source, "born_on"),
        retires_on=_dates(source, "retires_on"),
        education=_ordinals([row["education"] for row in source], EDUCATION),
        skill_level=skill[0],
        skill_occupation=skill[1],
        labour_ability=_ordinals(ability, LABOUR_ABILITY),
        health=_positions([row["health"] for row in source], HEALTH),
        disability_level=_ordinals([row["disability_level"] for row in source], DISABILITY_LEVEL),
        cannot_leave_home=_flags(source, "cannot_leave_home"),
        accepts_night_shift=_flags(source, "accepts_night_shift"),
        wish_scope=_ordinals([row["scope"] for row in source], WISH_SCOPE),
        wish_occupation=_numbers(source, "wish_occupation", np.int32),
        wish_wage=_money(source, "wage_yuan_per_month"),
        former_occupation=_pick(rows.employment, last, "occupation", 0).astype(np.int32),
        away_months=months.astype(np.float32),
        monitored=_flags(source, "monitored"),
        poverty_exited=_is([row["person_category"] for row in source], "exited"),
        low_income=_flags(source, "low_income"),
        household_in_work=np.clip(_numbers(source, "in_work_count", np.int64), 0, 127).astype(np.int8),
        zero_employment=_flags(source, "zero_employment"),
        holds_post=_holds_post(rows, person_id, today),
        nationality=np.array([row["nationality"] or 0 for row in source], dtype=np.int8),
        text=_texts(rows),
    )
    return Frame(people, np.array([bool(row["willing"]) for row in source], dtype=np.bool_), rows)


def posted_vacancies(rows: Sequence[Row]) -> Int32:
    """Vacancies of openings as they were posted, whatever has been filled since."""
    return _numbers(rows, "posted", np.int32)


def frame_history(frame: Frame, openings: Openings, offers: Sequence[Row]) -> History:
    """Past offers as columns; offers to unknown people or of unknown openings are left out.

    ``openings`` come with their vacancies as posted: what is left of them would tell who was placed.

    People stand as they were known on the day of the offer: former work and certificates up to then. Where the register
    keeps no days (who of the household is in work, months away, a welfare post held), the present would tell what came
    of the offer, so those columns are unknown here.
    """
    people_rows = _rows_of(frame.people.person_id, _numbers(offers, "person_id", np.int64))
    opening_rows = _rows_of(openings.target_id, _numbers(offers, "opening_id", np.int64))
    kept = np.flatnonzero((people_rows >= 0) & (opening_rows >= 0))
    shown_on = _dates(offers, "shown_on")[kept]
    people = frame.people.take(people_rows[kept])
    unknown = np.full(len(kept), -1, dtype=np.int8)
    last = _last_before(frame.rows.employment, people.person_id, shown_on, undated=False)
    skill = _best_skill(frame.rows.certificates, people.person_id, shown_on)
    people = replace(
        people,
        former_occupation=_pick(frame.rows.employment, last, "occupation", 0).astype(np.int32),
        skill_level=skill[0],
        skill_occupation=skill[1],
        away_months=np.full(len(kept), np.nan, dtype=np.float32),
        household_in_work=unknown,
        zero_employment=unknown,
        holds_post=unknown,
    )
    placed = np.array([bool(row["placed"]) for row in offers], dtype=np.bool_)[kept]
    months = _money(offers, "months_kept")[kept]
    return History(
        people=people,
        openings=openings.take(opening_rows[kept]),
        shown_on=shown_on,
        placed=placed,
        months_kept=np.where(placed, months, np.nan).astype(np.float32),
    )


def frame_openings(rows: Sequence[Row]) -> tuple[Openings, Bool]:
    """Columns of openings, and which of them are open."""
    openings = Openings(
        target_id=_numbers(rows, "target_id", np.int64),
        region=_numbers(rows, "region", np.int64),
        occupation=_numbers(rows, "occupation", np.int32),
        wage_low=_money(rows, "wage_low"),
        wage_high=_money(rows, "wage_high"),
        vacancies=_numbers(rows, "vacancies", np.int32),
        education_min=_ordinals([row["education_min"] for row in rows], EDUCATION),
        age_min=_ages(rows, "age_min"),
        age_max=_ages(rows, "age_max"),
        skill_level_min=_ordinals([row["skill_level_min"] for row in rows], SKILL_LEVEL),
        skill_occupation=_numbers(rows, "skill_occupation", np.int32),
        heavy_labour=_flags(rows, "heavy_labour"),
        night_shift=_flags(rows, "night_shift"),
        lodging=_flags(rows, "lodging"),
        social_insurance=_flags(rows, "social_insurance"),
        piece_wage=_flags(rows, "piece_wage"),
        channel=_positions([row["channel"] for row in rows], CHANNEL),
        text=_text(rows),
        term_months=_numbers(rows, "term_months", np.int32),
    )
    return openings, np.array([bool(row["open"]) for row in rows], dtype=np.bool_)


def frame_posts(rows: Sequence[Row]) -> Posts:
    """Columns of welfare posts."""
    return Posts(
        target_id=_numbers(rows, "target_id", np.int64),
        region=_numbers(rows, "region", np.int64),
        vacancies=_numbers(rows, "vacancies", np.int32),
        wage=_money(rows, "wage"),
        heavy_labour=_flags(rows, "heavy_labour"),
        forestry=_flags(rows, "forestry"),
        term_months=_numbers(rows, "term_months", np.int32),
        text=_text(rows),
    )


def frame_programmes(rows: Sequence[Row]) -> Programmes:
    """Columns of training programmes."""
    return Programmes(
        target_id=_numbers(rows, "target_id", np.int64),
        region=_numbers(rows, "region", np.int64),
        occupation=_numbers(rows, "occupation", np.int32),
        seats=_numbers(rows, "seats", np.int32),
        education_min=_ordinals([row["education_min"] for row in rows], EDUCATION),
        age_min=_ages(rows, "age_min"),
        age_max=_ages(rows, "age_max"),
        skill_level=_ordinals([row["skill_level"] for row in rows], SKILL_LEVEL),
        certificate_kind=_ordinals([row["certificate_kind"] for row in rows], CERTIFICATE_KIND),
        days=_numbers(rows, "days", np.int32),
        starts_on=_dates(rows, "starts_on"),
        text=_text(rows),
    )


def accepted_targets(rows: Sequence[Row], kind: str, *, person_id: Int64, target_id: Int64) -> Int32:
    """Row of the target that each person has accepted, -1 none; the first offer counts where there are several."""
    accepted = np.full(len(person_id), -1, dtype=np.int32)
    offers = [row for row in rows if row["kind"] == kind]
    people_rows = _rows_of(person_id, _numbers(offers, "person_id", np.int64))
    target_rows = _rows_of(target_id, _numbers(offers, "target_id", np.int64))
    for person, target in zip(people_rows.tolist(), target_rows.tolist(), strict=True):
        if person >= 0 and target >= 0 and accepted[person] < 0:
            accepted[person] = target
    return accepted


def _rows_of(keys: Int64, wanted: Int64) -> NDArray[np.intp]:
    """Row of each wanted key in ``keys`` (ascending, each once); -1 where it is not there."""
    if not len(keys):
        return np.full(len(wanted), -1, dtype=np.intp)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, place, -1)


def _last_before(rows: Sequence[Row], person_id: Int64, day: Dates, *, undated: bool) -> NDArray[np.intp]:
    """Row of the latest work of each person that began before the day; -1 none.

    Without a day, work counts as the oldest (``undated``) or not at all: it may be the very job the offer led to.
    """
    began = _dates(rows, "began_on")
    at = np.arange(len(rows))
    if not undated:
        at = at[~np.isnat(began)]
    return _latest(
        _numbers(rows, "person_id", np.int64)[at],
        np.where(np.isnat(began[at]), _EVER, began[at]),
        at,
        person_id=person_id,
        day=day,
    )


def _latest(keys: Int64, days: Dates, values: NDArray[np.intp], *, person_id: Int64, day: Dates) -> NDArray[np.intp]:
    """The value with the latest day before ``day`` for each person, -1 none (an as-of join)."""
    if not len(keys):
        return np.full(len(person_id), -1, dtype=np.intp)
    order = np.lexsort((days, keys))
    keys, days, values = keys[order], days[order], values[order]
    # One sortable number a row: the person's place among the persons, then the day.
    known, place = np.unique(keys, return_inverse=True)
    span = np.int64(10_000_000)
    joined = place.astype(np.int64) * span + (days - _EVER).astype(np.int64)
    who = np.searchsorted(known, person_id)
    found = (who < len(known)) & (known[np.minimum(who, len(known) - 1)] == person_id)
    until = np.where(found, who, 0).astype(np.int64) * span + (day.astype("datetime64[D]") - _EVER).astype(np.int64)
    before = np.searchsorted(joined, until, side="left") - 1
    hit = found & (before >= 0)
    hit &= place[np.maximum(before, 0)] == np.where(found, who, -1)
    return np.where(hit, values[np.maximum(before, 0)], -1)


def _best_skill(rows: Sequence[Row], person_id: Int64, day: Dates) -> tuple[Int8, Int32]:
    """Highest skill level held before the day, and its occupation; a certificate without a day counts throughout."""
    levels = _ordinals([row["skill_level"] for row in rows], SKILL_LEVEL)
    held = np.flatnonzero(levels >= 0)
    keys = _numbers(rows, "person_id", np.int64)[held]
    issued = _dates(rows, "issued_on")[held]
    issued = np.where(np.isnat(issued), _EVER, issued)
    best, occupation = np.full(len(person_id), -1, dtype=np.int8), np.zeros(len(person_id), dtype=np.int32)
    codes = _numbers(rows, "occupation", np.int32)
    for level in range(int(levels.max(initial=-1)) + 1):
        at = levels[held] == level
        last = _latest(keys[at], issued[at], held[at], person_id=person_id, day=day)
        found = last >= 0
        best[found] = level
        occupation[found] = codes[last[found]]
    return best, occupation


def _holds_post(rows: Rows, person_id: Int64, today: date) -> Int8:
    holds = _is([row["employment_form"] for row in rows.people], "welfare_post")
    current = {
        row["person_id"]
        for row in rows.employment
        if row["form"] == "welfare_post" and (row["ended_on"] is None or row["ended_on"] > today)
    }
    if current:
        holds[np.isin(person_id, np.fromiter(current, dtype=np.int64))] = 1
    return holds


def _texts(rows: Rows) -> Text:
    """Wishes, training and certificates as written. Former work stays a code: its text could tell the outcome."""
    parts: dict[int, list[str]] = {row["person_id"]: [row["text"]] for row in rows.trainings if row["text"]}
    for row in rows.certificates:
        if row["text"]:
            parts.setdefault(row["person_id"], []).append(row["text"])
    texts = np.empty(len(rows.people), dtype=object)
    texts[:] = [
        " ".join(([row["wish_text"]] if row["wish_text"] else []) + parts.get(row["person_id"], []))
        for row in rows.people
    ]
    return texts


def _pick(rows: Sequence[Row], at: NDArray[np.intp], name: str, missing: float) -> NDArray[np.float64]:
    values = np.array([missing if row[name] is None else row[name] for row in rows] + [missing], dtype=np.float64)
    return values[at]  # -1 picks the last, which is missing


def _numbers(rows: Sequence[Row], name: str, dtype: type[np.integer[Any]]) -> NDArray[Any]:
    return np.array([row[name] or 0 for row in rows], dtype=dtype)


def _money(rows: Sequence[Row], name: str) -> Float32:
    return np.array([np.nan if row[name] is None else row[name] for row in rows], dtype=np.float32)


def _dates(rows: Sequence[Row], name: str) -> Dates:
    return np.array([row[name] for row in rows], dtype="datetime64[D]")


def _flags(rows: Sequence[Row], name: str) -> Int8:
    return np.array([-1 if row[name] is None else int(row[name]) for row in rows], dtype=np.int8)


def _ages(rows: Sequence[Row], name: str) -> Int8:
    return np.array([-1 if row[name] is None else min(row[name], 127) for row in rows], dtype=np.int8)


def _is(values: Sequence[str | None], code: str) -> Int8:
    return np.array([-1 if value is None else int(value == code) for value in values], dtype=np.int8)


def _text(rows: Sequence[Row]) -> Text:
    texts = np.empty(len(rows), dtype=object)
    texts[:] = [row["text"] or "" for row in rows]
    return texts


def _ordinals(values: Sequence[str | None], codes: CodeList) -> Int8:
    """Rank of each code within its list; -1 when unknown."""
    rank = {entry.code: entry.order for entry in codes.entries}
    return np.array([rank.get(value, -1) if value is not None else -1 for value in values], dtype=np.int8)


def _positions(values: Sequence[str | None], codes: CodeList) -> Int8:
    """Place of each code in a list that has no rank; -1 when unknown."""
    place = {entry.code: position for position, entry in enumerate(codes.entries)}
    return np.array([place.get(value, -1) if value is not None else -1 for value in values], dtype=np.int8)
