"""Rules of law that the register and casework apply: retirement, work and willingness, low income, postings.

Every figure is in ``schema/rules/*.toml`` with its basis and date; here are its readers and the arithmetic on it.
"""

from __future__ import annotations

import calendar
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib import resources
from typing import Any


@dataclass(frozen=True, slots=True)
class RetirementCategory:
    """A column of the schedule. Ages in years; one month more for every ``every_months`` months since the start."""

    sex: str
    original_age_years: int
    final_age_years: int
    every_months: int
    article: str


@dataclass(frozen=True, slots=True)
class RetirementLaw:
    """The schedule of the statutory retirement age."""

    effective_on: date
    categories: Mapping[str, RetirementCategory]
    default: Mapping[str, str]
    legal_basis: str

    def retires_on(self, born_on: date, sex: str, category: str | None = None) -> date | None:
        """The day on which somebody reaches the statutory age; None where the sex has no category.

        Parameters
        ----------
        category
            A name in ``categories``; None takes the default of the sex.
        """
        name = category or self.default.get(sex)
        if name is None:
            return None
        entry = self.categories[name]
        original = _months(born_on) + entry.original_age_years * 12
        since_start = original - _months(self.effective_on)
        raised = 0
        if since_start >= 0:
            most = (entry.final_age_years - entry.original_age_years) * 12
            raised = min(since_start // entry.every_months + 1, most)
        return _day_in_month(original + raised, born_on.day)

    def latest(self, born_on: date) -> date:
        """The latest day any category gives; nobody born that day retires later."""
        return max(day for day in self._all(born_on))

    def earliest(self, born_on: date) -> date:
        """The earliest day any default gives; nobody born that day is taken to retire earlier."""
        return min(day for day in self._all(born_on))

    def _all(self, born_on: date) -> list[date]:
        days = [self.retires_on(born_on, sex, name) for sex, name in self.default.items()]
        return [day for day in days if day is not None]


@dataclass(frozen=True, slots=True)
class WorkLaw:
    """What counts as work and as willingness."""

    working_age_from_years: int
    in_work_forms: frozenset[str]
    not_in_work_forms: frozenset[str]
    form_unknown_is_work: bool
    welfare_post_is_work: bool
    months_worked_min: int
    unable_labour_ability: frozenset[str]
    unable_labour_skill: frozenset[str]
    school_states: frozenset[str]
    unwilling_status: frozenset[str]
    wishing_status: frozenset[str]
    wish_fields: tuple[str, ...]
    willing_members_min: int
    in_work_members_max: int
    only_listed_households: bool


@dataclass(frozen=True, slots=True)
class PovertyLaw:
    """What makes a household one of low income."""

    line_yuan_per_year_per_capita: float
    benefit_kinds: frozenset[str]
    benefit_states: frozenset[str]
    monitored_kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ground:
    """Something a posting may not ask for."""

    code: str
    article: str
    zh: str
    en: str
    unless: re.Pattern[str] | None
    patterns: tuple[re.Pattern[str], ...]

    def found_in(self, text: str) -> bool:
        """Whether the text asks for it."""
        rest = text if self.unless is None else self.unless.sub("", text)
        return any(pattern.search(rest) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class WageLine:
    """A minimum wage in force from a day on."""

    prefix: str
    from_on: date
    yuan_per_month: int
    basis: str


@dataclass(frozen=True, slots=True)
class PostingLaw:
    """What an opening may not ask for, and the least it must pay."""

    grounds: tuple[Ground, ...]
    wage_article: str
    wage_zh: str
    wage_lines: tuple[WageLine, ...]

    def minimum_wage(self, region_code: str, on: date) -> WageLine | None:
        """The line in force at a place: the longest prefix, then the latest day; None where the table knows none."""
        known = [line for line in self.wage_lines if region_code.startswith(line.prefix) and line.from_on <= on]
        return max(known, key=lambda line: (len(line.prefix), line.from_on), default=None)


def _months(day: date) -> int:
    return day.year * 12 + day.month - 1


@lru_cache(maxsize=100_000)
def _day_in_month(months: int, day: int) -> date:
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day, calendar.monthrange(year, month + 1)[1]))


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files("schema").joinpath(f"rules/{name}.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def load_retirement() -> RetirementLaw:
    """The schedule in force."""
    body = _read("retirement")
    categories = {
        name: RetirementCategory(**{key: value for key, value in entry.items() if key != "title"})
        for name, entry in body["category"].items()
    }
    default = {sex: name for sex, name in body["default"].items() if sex not in ("assumed", "basis")}
    return RetirementLaw(body["effective_on"], categories, default, body["legal_basis"])


@lru_cache(maxsize=1)
def load_work() -> WorkLaw:
    """What counts as work, willing and zero employment."""
    body = _read("work")
    work, willing, zero = body["in_work"], body["willing"], body["zero_employment"]
    return WorkLaw(
        working_age_from_years=body["working_age"]["from_years"],
        in_work_forms=frozenset(work["forms"]),
        not_in_work_forms=frozenset(work["not_in_work_forms"]),
        form_unknown_is_work=work["form_unknown"],
        welfare_post_is_work=work["welfare_post"],
        months_worked_min=work["months_worked_min"],
        unable_labour_ability=frozenset(willing["unable_labour_ability"]),
        unable_labour_skill=frozenset(willing["unable_labour_skill"]),
        school_states=frozenset(willing["school_states"]),
        unwilling_status=frozenset(willing["unwilling_status"]),
        wishing_status=frozenset(willing["wishing_status"]),
        wish_fields=tuple(willing["wish_fields"]),
        willing_members_min=zero["willing_members_min"],
        in_work_members_max=zero["in_work_members_max"],
        only_listed_households=zero["only_listed_households"],
    )


@lru_cache(maxsize=1)
def load_poverty() -> PovertyLaw:
    """Lines and categories of low income."""
    body = _read("poverty")
    low = body["low_income"]
    return PovertyLaw(
        line_yuan_per_year_per_capita=body["monitoring_line"]["yuan_per_year_per_capita"],
        benefit_kinds=frozenset(low["benefit_kinds"]),
        benefit_states=frozenset(low["benefit_states"]),
        monitored_kinds=frozenset(low["monitored_kinds"]),
    )


@lru_cache(maxsize=1)
def load_posting() -> PostingLaw:
    """What a posting may not ask for, and minimum wages."""
    body = _read("posting")
    grounds = tuple(
        Ground(
            entry["code"],
            entry["article"],
            entry["zh"],
            entry["en"],
            re.compile("|".join(entry["unless"])) if entry["unless"] else None,
            tuple(re.compile(pattern, re.IGNORECASE) for pattern in entry["patterns"]),
        )
        for entry in body["ground"]
    )
    lines = tuple(
        WageLine(prefix, entry["from_on"], entry["yuan_per_month"], entry["basis"])
        for entry in body["wage"]["line"]
        for prefix in entry["prefixes"]
    )
    return PostingLaw(grounds, body["wage"]["article"], body["wage"]["zh"], lines)
