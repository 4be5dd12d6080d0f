"""What is worked out: retirement as the law's own tables have it, work, willingness; and the rules' data."""

from __future__ import annotations

from datetime import date
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.registry.derive import (
    derive_in_work,
    derive_of_working_age,
    derive_retires_on,
    derive_willing,
    derive_wishes_to_work,
)
from hub.registry.details import months_of
from hub.registry.records import Source
from schema.law import load_posting, load_retirement, load_work

WORK, RETIREMENT = load_work(), load_retirement()
TODAY = date(2026, 6, 15)


@pytest.mark.parametrize(
    ("category", "born_on", "retires_on"),
    [
        # Rows of the decision's annexed tables: month of birth, new age, month of retirement.
        ("man", date(1964, 12, 9), date(2024, 12, 9)),
        ("man", date(1965, 1, 9), date(2025, 2, 9)),
        ("man", date(1965, 4, 9), date(2025, 5, 9)),
        ("man", date(1965, 5, 9), date(2025, 7, 9)),
        ("man", date(1970, 10, 9), date(2032, 4, 9)),
        ("man", date(1976, 8, 9), date(2039, 7, 9)),
        ("man", date(1976, 9, 9), date(2039, 9, 9)),
        ("man", date(1990, 1, 9), date(2053, 1, 9)),
        ("woman_55", date(1970, 1, 9), date(2025, 2, 9)),
        ("woman_55", date(1981, 9, 9), date(2039, 9, 9)),
        ("woman_55", date(1995, 2, 9), date(2053, 2, 9)),
        ("woman_50", date(1975, 1, 9), date(2025, 2, 9)),
        ("woman_50", date(1975, 3, 9), date(2025, 5, 9)),
        ("woman_50", date(1984, 11, 9), date(2039, 11, 9)),
        ("woman_50", date(1999, 11, 9), date(2054, 11, 9)),
    ],
)
def test_retirement_as_the_law_tabulates_it(category: str, born_on: date, retires_on: date) -> None:
    sex = RETIREMENT.categories[category].sex
    assert RETIREMENT.retires_on(born_on, sex, category) == retires_on


@given(born_on=st.dates(date(1940, 1, 1), date(2020, 12, 31)), category=st.sampled_from(sorted(RETIREMENT.categories)))
def test_nobody_retires_before_the_old_age_or_after_the_new(born_on: date, category: str) -> None:
    entry = RETIREMENT.categories[category]
    day = RETIREMENT.retires_on(born_on, entry.sex, category)
    assert day is not None
    months = (day.year - born_on.year) * 12 + day.month - born_on.month
    assert entry.original_age_years * 12 <= months <= entry.final_age_years * 12
    later = RETIREMENT.retires_on(date(born_on.year + 1, born_on.month, 1), entry.sex, category)
    assert later is not None
    assert later > day.replace(day=1), "who is born later does not retire earlier"


def test_unknown_birth_or_sex_retires_nobody() -> None:
    assert derive_retires_on(RETIREMENT, None, "1") is None
    assert derive_retires_on(RETIREMENT, date(1980, 1, 1), None) is None


@pytest.mark.parametrize(
    ("born_on", "age", "expected"),
    [
        (date(2010, 6, 15), None, True),
        (date(2010, 6, 16), None, False),
        (date(1962, 1, 1), None, False),  # past any age
        (date(1967, 1, 1), None, None),  # 59: a man works on, a woman has retired
        (date(1990, 1, 1), None, True),
        (None, None, None),
        (None, 15, None),
        (None, 14, False),
        (None, 30, True),
        (None, 70, False),
    ],
)
def test_working_age_without_a_sex(born_on: date | None, age: int | None, expected: bool | None) -> None:
    answer = derive_of_working_age(WORK, RETIREMENT, born_on=born_on, retires_on=None, age=age, today=TODAY)
    assert answer is expected


def test_working_age_ends_on_the_day_of_retirement() -> None:
    for day, expected in ((date(2026, 6, 14), False), (TODAY, False), (date(2026, 6, 16), True)):
        answer = derive_of_working_age(
            WORK, RETIREMENT, born_on=date(1965, 1, 1), retires_on=day, age=None, today=TODAY
        )
        assert answer is expected


@pytest.mark.parametrize(
    ("values", "rural", "expected"),
    [
        ({"employment_status": "employed", "employment_form": form}, None, True) if counts
        else ({"employment_status": "employed", "employment_form": form}, None, False)
        for form, counts in [("unit", True), ("flexible", True), ("own_business", True), ("welfare_post", True),
                             ("farming", False)]
    ]
    + [
        ({"employment_status": "employed"}, None, True),
        ({"employment_status": "unemployed", "employment_form": "unit"}, {"welfare_post": True}, False),
        ({"employment_status": "unwilling"}, {"work_months": 12}, False),
        ({}, {"welfare_post": True}, True),
        ({}, {"work_months": 6}, True),
        ({}, {"work_months": 5}, None),
        ({}, None, None),
    ],
)  # fmt: skip
def test_in_work(values: dict[str, Any], rural: dict[str, Any] | None, expected: bool | None) -> None:
    assert derive_in_work(WORK, values, rural) is expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"employment_status": "unwilling", "wish_scope": "county"}, False),
        ({"employment_status": "unwilling", "wishes_to_work": True}, True),
        ({"employment_status": "unemployed", "wishes_to_work": False}, False),
        ({"employment_status": "unemployed"}, True),
        ({"employment_status": "employed", "wish_wage_yuan_per_month": 4000}, True),
        ({"employment_status": "employed"}, None),
        ({}, None),
    ],
)
def test_wishes_to_work(values: dict[str, Any], expected: bool | None) -> None:
    assert derive_wishes_to_work(WORK, values) is expected


def test_one_no_makes_no_and_without_one_an_unknown_leaves_it_open() -> None:
    for age, wishes, in_work, able in product(
        (True, False, None), (True, False, None), (True, False, None), (True, False)
    ):
        values = {} if able else {"labour_ability": "none"}
        answer = derive_willing(WORK, values, of_working_age=age, in_work=in_work, wishes_to_work=wishes)
        if False in (age, wishes) or in_work is True or not able:
            assert answer is False
        elif None in (age, wishes):
            assert answer is None
        else:
            assert answer is True


@pytest.mark.parametrize(
    "values",
    [{"labour_skill": "lost"}, {"labour_skill": "none"}, {"school_state": "vocational"}, {"labour_ability": "none"}],
)
def test_who_cannot_work_is_not_willing(values: dict[str, str]) -> None:
    assert derive_willing(WORK, values, of_working_age=True, in_work=False, wishes_to_work=True) is False


@pytest.mark.parametrize(
    "values", [{"labour_skill": "weak"}, {"labour_ability": "partial"}, {"school_state": "not"}, {}]
)
def test_who_may_be_able_is(values: dict[str, str]) -> None:
    assert derive_willing(WORK, values, of_working_age=True, in_work=False, wishes_to_work=True) is True


@pytest.mark.parametrize(
    ("as_of", "seen_on", "gone_on", "months"),
    [
        (date(2026, 1, 5), date(2026, 1, 5), None, [1]),
        (date(2026, 1, 5), date(2026, 3, 5), None, [1, 2, 3]),
        (date(2026, 1, 5), date(2026, 3, 5), date(2026, 4, 5), [1, 2, 3, 4]),
        (date(2026, 1, 5), date(2026, 3, 5), date(2026, 4, 1), [1, 2, 3]),
        # A delta replaced it in the month that brought it.
        (date(2026, 1, 5), date(2026, 1, 5), date(2026, 1, 20), [1]),
        # A delta says nothing until something changes.
        (date(2026, 1, 5), date(2026, 1, 5), date(2026, 4, 1), [1, 2, 3]),
    ],
)
def test_months_a_record_speaks_of(as_of: date, seen_on: date, gone_on: date | None, months: list[int]) -> None:
    record = Source(1, "civil_affairs", "530627000000", as_of, seen_on, gone_on, {})
    assert [month.month for month in months_of(record)] == months


def test_minimum_wages_by_the_longest_prefix_and_the_latest_day() -> None:
    law = load_posting()
    assert law.minimum_wage("530102001000", TODAY) is not None
    kunming, zhaotong = law.minimum_wage("530102001000", TODAY), law.minimum_wage("530627001000", TODAY)
    assert kunming is not None
    assert zhaotong is not None
    assert kunming.yuan_per_month > zhaotong.yuan_per_month
    assert law.minimum_wage("530102001000", date(2024, 9, 30)) is None
    assert law.minimum_wage("110105000000", TODAY) is None
