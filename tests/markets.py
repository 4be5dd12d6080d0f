"""Made-up people and targets for tests of matching: every column drawn at random, a share of the values unknown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from matching.records import Openings, People, Posts, Programmes

TODAY = np.datetime64("2026-06-15", "D")
#: Two villages of a township, another township, another county, another prefecture, a place known by its county only.
HOMES = np.array([530627100201, 530627100202, 530627101201, 530621100201, 530424100201, 530627000000, 0])
PLACES = np.array([530627100000, 530627101000, 530621100000, 530424100000, 310115000000, 440306000000, 0])
OCCUPATIONS = np.array([6180204, 6180205, 6180101, 6050103, 4140101, 4020507, 0])
WORDS = ("焊工", "电焊 打磨焊缝", "缝纫工", "操作平缝机", "保洁", "家政 照顾老人", "快递 分拣", "")


def random_people(n: int, seed: int = 0, *, unknown: float = 0.2) -> People:
    """People with every value that a rule or a feature could meet."""
    rng = np.random.default_rng(seed)

    def code(high: int) -> Any:
        values = rng.integers(0, high, n)
        return np.where(rng.random(n) < unknown, -1, values).astype(np.int8)

    def day(first: int, last: int) -> Any:
        days = TODAY - rng.integers(first, last, n).astype("timedelta64[D]")
        return np.where(rng.random(n) < unknown, np.datetime64("NaT", "D"), days)

    def money(low: int, high: int) -> Any:
        return np.where(rng.random(n) < unknown, np.nan, rng.integers(low, high, n) * 100).astype(np.float32)

    homes = HOMES if unknown else HOMES[:-1]
    return People(
        person_id=np.arange(1, n + 1, dtype=np.int64),
        household_id=rng.integers(0, max(n // 2, 1), n),
        registered_region=rng.choice(homes, n),
        living_region=rng.choice(homes, n),
        born_on=day(13 * 365, 66 * 365),
        retires_on=day(-30 * 365, 3 * 365),
        education=code(8),
        skill_level=code(5),
        skill_occupation=rng.choice(OCCUPATIONS, n).astype(np.int32),
        labour_ability=code(3),
        health=code(4),
        disability_level=code(4),
        cannot_leave_home=code(2),
        accepts_night_shift=code(2),
        wish_scope=code(3),
        wish_occupation=rng.choice(OCCUPATIONS, n).astype(np.int32),
        wish_wage=money(20, 90),
        former_occupation=rng.choice(OCCUPATIONS, n).astype(np.int32),
        away_months=np.where(rng.random(n) < unknown, np.nan, rng.integers(0, 13, n)).astype(np.float32),
        monitored=code(2),
        poverty_exited=code(2),
        low_income=code(2),
        household_in_work=code(4),
        zero_employment=code(2),
        holds_post=code(2),
        nationality=rng.integers(0, 57, n).astype(np.int8),
        text=_texts(rng, n),
    )


def random_openings(m: int, seed: int = 0, *, unknown: float = 0.2) -> Openings:
    """Openings that ask for everything that may be asked for."""
    rng = np.random.default_rng(seed + 1)
    low = rng.integers(15, 90, m) * 100.0
    low[rng.random(m) < unknown] = np.nan
    flag = lambda: np.where(rng.random(m) < unknown, -1, rng.integers(0, 2, m)).astype(np.int8)  # noqa: E731  # short
    return Openings(
        target_id=np.arange(1, m + 1, dtype=np.int64),
        region=rng.choice(PLACES if unknown else PLACES[:-1], m),
        occupation=rng.choice(OCCUPATIONS, m).astype(np.int32),
        wage_low=low.astype(np.float32),
        wage_high=(low + rng.integers(0, 20, m) * 100).astype(np.float32),
        vacancies=rng.integers(0, 6, m).astype(np.int32),
        education_min=rng.integers(-1, 6, m).astype(np.int8),
        age_min=rng.choice([-1, 16, 18, 25], m).astype(np.int8),
        age_max=rng.choice([-1, 35, 45, 60], m).astype(np.int8),
        skill_level_min=rng.integers(-1, 4, m).astype(np.int8),
        skill_occupation=rng.choice(OCCUPATIONS, m).astype(np.int32),
        heavy_labour=flag(),
        night_shift=flag(),
        lodging=flag(),
        social_insurance=flag(),
        piece_wage=flag(),
        channel=rng.integers(-1 if unknown else 0, 4, m).astype(np.int8),
        text=_texts(rng, m),
        term_months=rng.choice([0, 6, 12, 36], m).astype(np.int32),
    )


def random_posts(m: int, seed: int = 0, *, unknown: float = 0.2) -> Posts:
    """Welfare posts of townships."""
    rng = np.random.default_rng(seed + 2)
    return Posts(
        target_id=np.arange(1, m + 1, dtype=np.int64),
        region=rng.choice(PLACES[:4], m),
        vacancies=rng.integers(0, 6, m).astype(np.int32),
        wage=(rng.integers(5, 15, m) * 100).astype(np.float32),
        heavy_labour=np.where(rng.random(m) < unknown, -1, rng.integers(0, 2, m)).astype(np.int8),
        forestry=rng.integers(0, 2, m).astype(np.int8),
        term_months=rng.choice([12, 36, 48], m).astype(np.int32),
        text=_texts(rng, m),
    )


def random_programmes(m: int, seed: int = 0) -> Programmes:
    """Courses short and long."""
    rng = np.random.default_rng(seed + 3)
    return Programmes(
        target_id=np.arange(1, m + 1, dtype=np.int64),
        region=rng.choice(PLACES[:4], m) // 1_000_000 * 1_000_000,
        occupation=rng.choice(OCCUPATIONS, m).astype(np.int32),
        seats=rng.integers(0, 40, m).astype(np.int32),
        education_min=rng.integers(-1, 4, m).astype(np.int8),
        age_min=rng.choice([-1, 16, 18], m).astype(np.int8),
        age_max=rng.choice([-1, 45, 60], m).astype(np.int8),
        skill_level=rng.integers(-1, 3, m).astype(np.int8),
        certificate_kind=rng.integers(0, 3, m).astype(np.int8),
        days=rng.choice([5, 15, 45, 360], m).astype(np.int32),
        starts_on=TODAY + rng.integers(5, 100, m).astype("timedelta64[D]"),
        text=_texts(rng, m),
    )


def somebody(**values: Any) -> People:
    """One person about whom only these values are known."""
    return _one(random_people(1, unknown=1.0), {"retires_on": "NaT", "skill_occupation": 0, **values})


def some_opening(**values: Any) -> Openings:
    """One opening that asks for nothing but this."""
    nothing = {
        "region": 530627100000, "education_min": -1, "age_min": -1, "age_max": -1, "skill_level_min": -1,
        "skill_occupation": 0, "heavy_labour": 0, "night_shift": 0, "channel": 0, "vacancies": 1,
    }  # fmt: skip
    return _one(random_openings(1), nothing | values)


def some_post(**values: Any) -> Posts:
    """One welfare post of a township."""
    nothing = {"region": 530627100000, "heavy_labour": 0, "term_months": 12, "vacancies": 1}
    return _one(random_posts(1), nothing | values)


def some_programme(**values: Any) -> Programmes:
    """One short course that asks for nothing."""
    nothing = {
        "region": 530627000000, "education_min": -1, "age_min": -1, "age_max": -1, "skill_level": -1, "days": 10,
        "seats": 1, "occupation": 6180204,
    }  # fmt: skip
    return _one(random_programmes(1), nothing | values)


def _one(columns: Any, values: dict[str, Any]) -> Any:
    return replace(
        columns, **{name: np.array([value], dtype=getattr(columns, name).dtype) for name, value in values.items()}
    )


def _texts(rng: np.random.Generator, length: int) -> Any:
    texts = np.empty(length, dtype=object)
    texts[:] = [WORDS[place] for place in rng.integers(0, len(WORDS), length).tolist()]
    return texts


def pairs_of(n: int, m: int) -> tuple[Any, Any]:
    """Rows of all pairs."""
    return np.repeat(np.arange(n), m), np.tile(np.arange(m), n)
