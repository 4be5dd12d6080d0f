"""Each kind of rule on cases that a reader of its law would think of, and the rule set as data."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.records import Evidence
from matching.rules import compile_rules, no_local_option
from matching.rules.base import ages
from matching.rules.eligibility import classes_of
from matching.rules.geography import at_level, inside
from schema.ruleset import load_ruleset, parse_ruleset
from tests.markets import (
    random_openings,
    random_people,
    some_opening,
    some_post,
    some_programme,
    somebody,
)

TODAY = date(2026, 6, 15)
HOME, SAME_COUNTY, OTHER_COUNTY = 530627100201, 530627101000, 530621100000

#: rule, person, target, verdict
CASES: list[tuple[str, dict[str, Any], Any, str]] = [
    # born_on to the day: sixteen today, sixteen tomorrow
    ("working_age", {"born_on": "2010-06-15", "retires_on": "2073-01-01"}, some_opening(), "pass"),
    ("working_age", {"born_on": "2010-06-16", "retires_on": "2073-01-01"}, some_opening(), "fail"),
    ("working_age", {"born_on": "1965-01-01", "retires_on": "2026-06-15"}, some_opening(), "fail"),
    ("working_age", {"born_on": "1965-01-01", "retires_on": "2026-06-16"}, some_opening(), "pass"),
    ("working_age", {"born_on": "2012-01-01"}, some_opening(), "fail"),  # too young whatever else is unknown
    ("working_age", {"retires_on": "2020-01-01"}, some_post(), "fail"),
    ("working_age", {}, some_programme(), "ask"),
    ("young_worker", {"born_on": "2009-01-01"}, some_opening(heavy_labour=1), "fail"),
    ("young_worker", {"born_on": "2009-01-01"}, some_opening(night_shift=1), "fail"),
    ("young_worker", {"born_on": "2009-01-01"}, some_opening(), "pass"),
    ("young_worker", {"born_on": "2008-06-15"}, some_opening(heavy_labour=1), "pass"),
    ("age_window", {"born_on": "1980-06-15"}, some_opening(age_max=46), "pass"),
    ("age_window", {"born_on": "1980-06-14"}, some_opening(age_max=45), "fail"),
    ("age_window", {"born_on": "2008-06-16"}, some_opening(age_min=18), "fail"),
    ("age_window", {}, some_opening(age_min=18), "ask"),
    ("age_window", {}, some_opening(), "pass"),
    ("education", {"education": 2}, some_opening(education_min=2), "pass"),
    ("education", {"education": 1}, some_opening(education_min=2), "fail"),
    ("education", {}, some_opening(education_min=2), "ask"),
    ("education", {}, some_opening(education_min=0), "pass"),  # no schooling is what everybody has
    ("skill", {"skill_level": 1, "skill_occupation": 6180204}, some_opening(skill_level_min=1), "pass"),
    (
        "skill",
        {"skill_level": 1, "skill_occupation": 6180204},
        some_opening(skill_level_min=0, skill_occupation=6180205),
        "pass",  # another occupation of the same minor group
    ),
    (
        "skill",
        {"skill_level": 1, "skill_occupation": 6180101},
        some_opening(skill_level_min=0, skill_occupation=6180205),
        "fail",
    ),
    ("skill", {"skill_level": 0, "skill_occupation": 6180204}, some_opening(skill_level_min=1), "fail"),
    ("skill", {}, some_opening(skill_level_min=0), "fail"),  # no recognition on record is none to show
    ("skill", {}, some_opening(), "pass"),
    ("labour_ability", {"labour_ability": 1}, some_opening(heavy_labour=1), "fail"),
    ("labour_ability", {"labour_ability": 1}, some_opening(), "pass"),
    ("labour_ability", {"labour_ability": 0}, some_post(), "fail"),
    ("labour_ability", {}, some_opening(heavy_labour=1), "ask"),
    ("labour_ability", {}, some_opening(), "pass"),
    ("labour_ability", {"labour_ability": 2}, some_opening(heavy_labour=-1), "pass"),
    ("labour_ability", {"labour_ability": 1}, some_opening(heavy_labour=-1), "ask"),
    ("health", {"health": 2}, some_opening(heavy_labour=1), "fail"),
    ("health", {"health": 2}, some_opening(night_shift=1), "fail"),
    ("health", {"health": 2}, some_opening(), "pass"),
    ("health", {"health": 1}, some_opening(heavy_labour=1), "ask"),
    ("health", {"health": 3, "disability_level": 2}, some_opening(heavy_labour=1), "fail"),
    ("health", {"health": 3, "disability_level": 1}, some_opening(heavy_labour=1), "ask"),
    ("night_shift", {"accepts_night_shift": 0}, some_opening(night_shift=1), "fail"),
    ("night_shift", {"accepts_night_shift": 1}, some_opening(night_shift=1), "pass"),
    ("night_shift", {}, some_opening(night_shift=1), "ask"),
    ("night_shift", {}, some_opening(), "pass"),
    ("leave_home", {"cannot_leave_home": 1, "living_region": HOME}, some_opening(region=SAME_COUNTY), "pass"),
    ("leave_home", {"cannot_leave_home": 1, "living_region": HOME}, some_opening(region=OTHER_COUNTY), "fail"),
    ("leave_home", {"cannot_leave_home": 0, "living_region": HOME}, some_opening(region=OTHER_COUNTY), "pass"),
    ("leave_home", {"living_region": HOME}, some_opening(region=OTHER_COUNTY), "ask"),
    ("leave_home", {"living_region": HOME}, some_opening(region=SAME_COUNTY), "pass"),
    ("leave_home", {"cannot_leave_home": 1, "living_region": 0}, some_opening(), "ask"),
    ("reach", {"living_region": HOME}, some_opening(region=OTHER_COUNTY, channel=0), "pass"),
    ("reach", {"living_region": HOME}, some_opening(region=530424100000, channel=0), "fail"),
    ("reach", {"living_region": HOME}, some_opening(region=440306000000, channel=3), "pass"),
    ("service_region", {"living_region": HOME}, some_post(region=530627100000), "pass"),
    ("service_region", {"living_region": HOME}, some_post(region=SAME_COUNTY), "fail"),
    ("service_region", {"living_region": HOME}, some_programme(region=530621000000), "pass"),
    ("service_region", {"living_region": HOME}, some_programme(region=530424000000), "fail"),
    ("target_group", {"poverty_exited": 1}, some_post(), "pass"),
    ("target_group", {"poverty_exited": 0, "monitored": 0, "low_income": 1}, some_post(), "pass"),
    ("target_group", {"poverty_exited": 0, "monitored": 0, "low_income": 0}, some_post(), "fail"),
    ("target_group", {"poverty_exited": 0, "monitored": 0}, some_post(), "ask"),
    ("one_post", {"holds_post": 1}, some_post(), "fail"),
    ("one_post", {"holds_post": 0}, some_post(), "pass"),
    ("one_post", {"holds_post": 1}, some_post(forestry=1), "fail"),  # forestry's posts count like the others
    ("post_term", {"retires_on": "2040-01-01"}, some_post(term_months=36), "pass"),
    ("post_term", {"retires_on": "2040-01-01"}, some_post(term_months=37), "fail"),
    ("post_term", {"retires_on": "2031-06-14"}, some_post(term_months=48), "pass"),
    ("post_term", {"retires_on": "2031-06-15"}, some_post(term_months=48), "fail"),
    ("already_holds", {"skill_level": 0, "skill_occupation": 6180204}, some_programme(skill_level=0), "fail"),
    ("already_holds", {"skill_level": 0, "skill_occupation": 6180204}, some_programme(skill_level=1), "pass"),
    ("already_holds", {"skill_level": 0, "skill_occupation": 6050103}, some_programme(skill_level=0), "pass"),
    ("already_holds", {}, some_programme(skill_level=0), "pass"),
    ("school_leaver", {"born_on": "2008-01-01", "education": 2}, some_programme(days=360), "pass"),
    ("school_leaver", {"born_on": "1998-01-01", "education": 2}, some_programme(days=360), "fail"),
    ("school_leaver", {"born_on": "2008-01-01", "education": 6}, some_programme(days=360), "fail"),
    ("school_leaver", {"born_on": "1970-01-01", "education": 1}, some_programme(days=15), "pass"),
]


@pytest.mark.parametrize(("code", "person", "target", "expected"), CASES)
def test_cases(code, person, target, expected):
    rules = compile_rules(load_ruleset(), today=TODAY)
    said = {v.rule: v.verdict for v in rules.explain(somebody(**person), target, 0, 0)}
    assert said[code] == expected


@pytest.mark.parametrize(
    ("tied", "without", "expected"),
    [(1, 1, "pass"), (1, 0, "fail"), (0, 1, "fail"), (1, -1, "ask"), (-1, 1, "ask"), (-1, 0, "fail")],
)
def test_a_welfare_post_is_the_last_resort(tied, without, expected):
    rules = compile_rules(load_ruleset(), today=TODAY)
    evidence = Evidence(no_local_option=np.array([without], dtype=np.int8))
    said = rules.explain(somebody(cannot_leave_home=tied), some_post(), 0, 0, evidence=evidence)
    assert {v.rule: v.verdict for v in said}["last_resort"] == expected


def test_without_evidence_on_record_the_last_resort_has_to_be_asked_about():
    rules = compile_rules(load_ruleset(), today=TODAY)
    said = rules.explain(somebody(cannot_leave_home=1), some_post(), 0, 0)
    assert {v.rule: v.verdict for v in said}["last_resort"] == "ask"


def test_evidence_of_other_people_is_refused():
    rules = compile_rules(load_ruleset(), today=TODAY)
    with pytest.raises(ValueError, match="evidence about 2 people"):
        rules.compile(somebody(), some_post(), evidence=Evidence(np.zeros(2, dtype=np.int8)))


def test_the_evidence_is_an_eligible_opening_with_a_vacancy_near_home():
    rules = compile_rules(load_ruleset(), today=TODAY)
    person = somebody(living_region=HOME, education=1, born_on="1990-01-01", retires_on="2053-01-01")

    def evidence(**opening: Any) -> int:
        openings = some_opening(**opening)
        return int(no_local_option(rules.compile(person, openings), person, openings).no_local_option[0])  # type: ignore[index]  # is given

    assert evidence(region=SAME_COUNTY) == 0
    assert evidence(region=SAME_COUNTY, vacancies=0) == 1
    assert evidence(region=SAME_COUNTY, education_min=4) == 1
    assert evidence(region=OTHER_COUNTY) == 1
    away = somebody(living_region=0)
    assert no_local_option(rules.compile(away, some_opening()), away, some_opening()).no_local_option == [-1]


def test_evidence_agrees_with_every_pair():
    rules = compile_rules(load_ruleset(), today=TODAY)
    people, openings = random_people(120, seed=3), random_openings(50, seed=3)
    eligibility = rules.compile(people, openings)
    found = no_local_option(eligibility, people, openings, within="township").no_local_option
    for i in range(120):
        home = people.living_region[i] // 1000
        near = (openings.region // 1000 == home) & (openings.vacancies > 0)
        some = eligibility.eligible(np.full(50, i), np.arange(50)) & near
        assert found[i] == (-1 if home == 0 else int(not some.any()))


def test_limits_come_from_the_rule_set():
    limits = compile_rules(load_ruleset(), today=TODAY).limits
    assert limits.posts_per_household == 1
    assert limits.seat_beside_job is True
    none = replace(load_ruleset(), rules=())
    assert compile_rules(none, today=TODAY).limits.posts_per_household is None


def test_the_codes_of_a_kind_follow_the_rule_set():
    rules = compile_rules(load_ruleset(), today=TODAY)
    assert rules.codes("opening")[:2] == ("working_age", "young_worker")
    assert "wish_scope" not in rules.codes("opening")  # switched off
    assert "last_resort" in rules.codes("post")
    assert "last_resort" not in rules.codes("opening")
    assert compile_rules(load_ruleset(), today=TODAY, kind="post").codes("opening") == ()


RULE = """
[[rule]]
code = "education"
kind = "education_min"
targets = ["opening"]
zh = "文化程度"
en = "education"
reads = ["education"]
unknown = "ask"
legal_basis = "x"
in_force_from = 2020-01-01
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (RULE, "version is missing"),
        ('version = "1"\n' + RULE + RULE, "two entries"),
        ('version = "1"\n' + RULE.replace('"ask"', '"guess"'), "not ask, pass or fail"),
        ('version = "1"\n' + RULE.replace('"opening"', '"boat"'), "targets"),
        ('version = "1"\n' + RULE.replace("zh =", "de ="), "missing"),
        ('version = "1"\n' + RULE + 'region = "5306"\n', "twelve-digit"),
        ('version = "1"\n' + RULE + "in_force_to = 2019-01-01\n", "ends before"),
        (
            'version = "1"\n' + RULE + RULE.replace("education_min", "night_shift") + 'region = "530600000000"\n',
            "kinds",
        ),
        ("version = ", "rules:"),
    ],
)
def test_a_rule_set_that_contradicts_itself_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        parse_ruleset(text)


@pytest.mark.parametrize(
    "change",
    [
        ('kind = "education_min"', 'kind = "horoscope"'),
        ('targets = ["opening"]', 'targets = ["post"]'),
        ("in_force_from", "parameters = { level = 3 }\nin_force_from"),
        ('kind = "education_min"', 'kind = "leave_home"\nparameters = { within = "galaxy" }'),
    ],
)
def test_a_rule_that_cannot_be_applied_is_refused(change):
    rule_set = parse_ruleset('version = "1"\n' + RULE.replace(*change))
    with pytest.raises(ValueError, match=r"education|horoscope"):
        compile_rules(rule_set, today=TODAY)


def test_a_rule_set_is_known_by_its_hash_and_can_be_stored():
    one, other = parse_ruleset('version = "1"\n' + RULE), parse_ruleset('version = "1"\n' + RULE + "# changed\n")
    assert one.sha256 != other.sha256
    assert len(bytes.fromhex(one.sha256)) == 32
    assert one.body["rule"][0]["in_force_from"] == "2020-01-01"
    assert one.label("education", "zh") == "文化程度"
    assert one.label("nothing", "en") == "nothing"


def test_the_nearest_region_decides():
    county = RULE.replace('"ask"', '"fail"') + 'region = "530627000000"\n'
    prefecture = RULE.replace('"ask"', '"pass"') + 'region = "530600000000"\n'
    rules = compile_rules(parse_ruleset('version = "1"\n' + prefecture + RULE + county), today=TODAY)
    opening = some_opening(education_min=3)
    said = [
        rules.explain(somebody(living_region=region), opening, 0, 0)[0].verdict
        for region in (530627100201, 530621100201, 530424100201, 0)
    ]
    assert said == ["fail", "pass", "ask", "ask"]


@given(
    st.lists(st.tuples(st.integers(-1, 3), st.sampled_from([0, 530627100201, 2**40]), st.integers(-5, 5)), max_size=40)
)
def test_classes_number_the_distinct_keys(rows):
    key = tuple(np.array([row[c] for row in rows], dtype=np.int64) for c in range(3))
    classes, keys = classes_of(key, len(rows))
    assert [tuple(int(k[c]) for k in keys) for c in classes] == rows
    assert len({*rows}) == (len(keys[0]) if rows else 0)


@given(st.dates(date(1930, 1, 1), date(2026, 6, 15)), st.dates(date(2000, 1, 1), date(2026, 6, 15)))
def test_ages_are_full_years(born, day):
    expected = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    assert ages(np.array([born], dtype="datetime64[D]"), np.datetime64(day, "D"))[0] == (
        expected if expected >= 0 else -1
    )


def test_regions_share_levels_by_their_digits():
    region = np.array([530627100201, 530627000000, 0])
    assert at_level(region, "county").tolist() == [530627, 530627, 0]
    assert inside(region, "530600000000").tolist() == [True, True, False]
    assert inside(region, "530627100000").tolist() == [True, False, False]
    assert inside(region, "530000000000").tolist() == [True, True, False]
    assert inside(region, "").tolist() == [True, True, True]


def test_counts_and_share_agree_with_the_pairs():
    rules = compile_rules(load_ruleset(), today=TODAY)
    people, openings = random_people(300, seed=8), random_openings(70, seed=8)
    eligibility = rules.compile(people, openings)
    indptr, rows = eligibility.pairs(np.arange(300))
    among = openings.vacancies > 2
    assert (eligibility.counts() == np.diff(indptr)).all()
    assert eligibility.share() == pytest.approx(len(rows) / (300 * 70))
    person = np.repeat(np.arange(300), np.diff(indptr))
    assert (eligibility.counts(among=among) == np.bincount(person[among[rows]], minlength=300)).all()
    assert (np.unpackbits(eligibility.bits(np.arange(300)), axis=1, count=70).sum() == len(rows)).all()
    taken = eligibility.take(np.array([5, 2]))
    assert (taken.counts() == eligibility.counts(np.array([5, 2]))).all()
