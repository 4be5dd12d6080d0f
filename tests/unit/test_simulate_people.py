"""Households, traits and standing hang together."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from schema.codes import EDUCATION, NATIONALITY
from schema.regions import load_regions
from simulate.families import CHILD, GRANDCHILD, HEAD, PARENT, SPOUSE, Families, make_families, years_between
from simulate.faults import ErrorRates
from simulate.marginals import Dice, load_jobs, load_marginals, load_names
from simulate.naming import name_people
from simulate.places import Places, distance_km, read_places
from simulate.standing import MONITORED, Standing, make_standing
from simulate.traits import ABILITY_NONE, SCHOOL_COLLEGE, SCHOOL_NOT, SCHOOL_PRIMARY, Traits, make_traits
from simulate.work import STUDENT, Work, make_work

AS_OF = date(2026, 6, 1)
COUNTY = "530627000000"


@dataclass(frozen=True)
class Population:
    places: Places
    families: Families
    traits: Traits
    work: Work
    standing: Standing
    names: list[str]


def populate(region: str, households: int, seed: int) -> Population:
    dice = Dice(seed)
    places = read_places(region, dice)
    families = make_families(places, households, AS_OF, dice)
    traits = make_traits(families, dice)
    work = make_work(places, families, traits, AS_OF, dice)
    standing = make_standing(places, families, traits, work, as_of=AS_OF, dice=dice)
    return Population(places, families, traits, work, standing, name_people(families, dice).to_pylist())


@pytest.fixture(scope="module")
def county() -> Population:
    return populate(COUNTY, 6000, 101)


@pytest.fixture(scope="module")
def province() -> Population:
    return populate("530000000000", 4000, 102)


def test_every_household_has_one_head_and_at_most_one_spouse_of_the_other_sex(county: Population) -> None:
    families = county.families
    heads = families.role == HEAD
    assert np.array_equal(np.flatnonzero(heads), families.first[:-1])
    spouses = np.flatnonzero(families.role == SPOUSE)
    head_of_spouse = families.first[families.household[spouses]]
    assert len(np.unique(head_of_spouse)) == len(spouses)
    assert (families.male[spouses] != families.male[head_of_spouse]).all()


def test_parents_are_a_generation_older_than_children(county: Population) -> None:
    families = county.families
    age, household, role = families.age, families.household, families.role
    head = families.first[household]
    spouse_age = np.full(families.households, -1)
    spouses = role == SPOUSE
    spouse_age[household[spouses]] = age[spouses]
    children = role == CHILD
    assert (age[head][children] - age[children]).min() >= 15
    known = children & (spouse_age[household] >= 0)
    assert (spouse_age[household][known] - age[known]).min() >= 15
    # Mothers' ages at birth: nobody under 17, hardly anybody over 46.
    mother = np.where(families.male[head], spouse_age[household], age[head])
    gap = (mother - age)[known]
    assert gap.min() >= 17
    assert gap.max() <= 47
    parents = role == PARENT
    assert (age[parents] - age[head][parents]).min() >= 15
    grandchildren = role == GRANDCHILD
    assert (age[head][grandchildren] - age[grandchildren]).min() >= 30


def test_brothers_and_sisters_are_not_born_within_a_year(county: Population) -> None:
    families = county.families
    rows = np.flatnonzero(families.role == CHILD)
    same = np.diff(families.household[rows]) == 0
    days = np.diff(families.born_on[rows].astype("datetime64[D]").astype(int))[same]
    assert days.min() >= 365


def test_census_margins_are_near(county: Population) -> None:
    families = county.families
    assert 3.2 < families.size.mean() < 3.6
    assert 0.50 < families.male.mean() < 0.535
    # Yunnan 2020: 19.57 % under 15, 65.52 % of 15 to 59, 14.91 % of 60 and more.
    assert 0.15 < (families.age < 15).mean() < 0.23
    assert 0.11 < (families.age >= 60).mean() < 0.19
    assert families.age.max() <= 101


def test_nationalities_follow_the_prefecture_and_the_name_of_the_region(province: Population) -> None:
    families = province.families
    where = province.places.prefecture[families.village[families.household]]
    order = [entry.zh for entry in NATIONALITY.entries]

    def share(prefecture: int, name: str) -> float:
        inside = where == prefecture
        return float((families.nationality[inside] == order.index(name)).mean())

    assert share(5329, "白族") > 0.2 > share(5306, "白族")
    assert share(5333, "傈僳族") > 0.35
    assert share(5306, "汉族") > 0.8


def test_names_are_of_the_peoples(province: Population) -> None:
    order = [entry.zh for entry in NATIONALITY.entries]
    by_nationality: dict[str, list[str]] = {}
    for name, position in zip(province.names, province.families.nationality.tolist(), strict=True):
        by_nationality.setdefault(order[position], []).append(name)
    assert all(2 <= len(name) <= 4 for name in by_nationality["汉族"])
    assert not any("·" in name for name in by_nationality["汉族"])
    dai = by_nationality["傣族"]
    assert any(name.startswith("岩") for name in dai)
    assert any(name.startswith("玉") for name in dai)
    assert any("·" in name for name in by_nationality["藏族"])
    assert any("·" in name for name in by_nationality["彝族"])
    assert all(name and not any(ch.isspace() for ch in name) for name in province.names)


def test_children_carry_their_fathers_family_name(county: Population) -> None:
    families = county.families
    rows = np.flatnonzero((families.role == CHILD) & (families.nationality == 0))
    rows = rows[families.nationality[families.father[rows]] == 0]
    same = [county.names[row][0] == county.names[families.father[row]][0] for row in rows.tolist()]
    assert len(same) > 1000
    assert all(same)


def test_hardly_anybody_shares_a_name_within_a_household(county: Population) -> None:
    pairs = list(zip(county.families.household.tolist(), county.names, strict=True))
    assert len(pairs) - len(set(pairs)) <= len(pairs) / 2000


def test_dai_names_tell_men_from_women(province: Population) -> None:
    order = [entry.zh for entry in NATIONALITY.entries]
    families = province.families
    for row in np.flatnonzero(families.nationality == order.index("傣族")).tolist():
        if province.names[row].startswith("岩"):
            assert families.male[row]
        if province.names[row].startswith("玉") and len(province.names[row]) <= 3:
            assert not families.male[row]


def test_schooling_goes_with_age(county: Population) -> None:
    age, traits = county.families.age, county.traits
    pupils = traits.school == SCHOOL_PRIMARY
    assert age[pupils].min() >= 6
    assert age[pupils].max() <= 11
    assert age[traits.school == SCHOOL_COLLEGE].min() >= 18
    order = [entry.code for entry in EDUCATION.entries]
    assert (traits.education[age < 6] == -1).mean() > 0.9
    assert (traits.education[age < 15] <= order.index("70")).all()
    young, old = traits.education[(age >= 25) & (age < 35)], traits.education[age >= 70]
    assert (young >= order.index("70")).mean() > 0.7
    assert (old <= order.index("80")).mean() > 0.85


def test_ability_goes_with_age_and_disability(county: Population) -> None:
    age, traits, work = county.families.age, county.traits, county.work
    assert (traits.ability[age < 16] == ABILITY_NONE).all()
    assert (traits.ability[traits.disability_level >= 2] == ABILITY_NONE).all()
    assert not work.willing[traits.ability == ABILITY_NONE].any()
    assert not work.willing[traits.school != SCHOOL_NOT].any()
    assert ((work.activity == STUDENT) == (traits.school != SCHOOL_NOT)).all()
    assert work.willing[(age < 16) | (age >= 60)].sum() == 0


def test_wishes_belong_to_the_willing_and_agree_with_being_tied(county: Population) -> None:
    work = county.work
    assert ((work.wish_scope >= 0) == work.willing).all()
    assert (work.wish_scope[work.cannot_leave] == 0).all()
    assert (work.willing[work.cannot_leave]).all()
    assert ((work.cannot_leave_reason >= 0) == work.cannot_leave).all()
    assert not (work.accepts_night & work.cannot_leave).any()
    stated = work.wish_wage[work.wish_wage > 0]
    assert 2500 < np.median(stated) < 5000


def test_a_realistic_share_of_households_has_nobody_in_work(county: Population) -> None:
    families, work = county.families, county.work
    willing = np.bincount(families.household[work.willing], minlength=families.households)
    working = np.bincount(families.household[work.in_work], minlength=families.households)
    zero = (willing > 0) & (working == 0)
    assert 0.04 <= zero.mean() <= 0.08
    free = np.bincount(families.household[work.willing & ~work.cannot_leave], minlength=families.households)
    assert (zero & (free == 0)).sum() > 20, "some of them can only work at home"
    weak = np.bincount(families.household[work.willing & (county.traits.ability == 1)], minlength=families.households)
    assert (zero & (weak > 0)).sum() > 20, "some of them have weak labour"


def test_the_poorer_and_weaker_are_the_ones_watched(county: Population) -> None:
    standing = county.standing
    watched = standing.kind == MONITORED
    assert np.median(standing.income[watched]) < 0.7 * np.median(standing.income[~watched])
    assert 0.04 < watched.mean() < 0.06
    line = load_marginals()["income"]["line"]
    assert (standing.income[watched] < line).mean() > 0.7
    helpless = np.bincount(county.families.household[county.traits.ability > 0], minlength=len(watched)) == 0
    assert not standing.risk_eliminated[helpless].any()


def test_relocated_households_live_elsewhere_in_their_county(county: Population) -> None:
    standing, families, places = county.standing, county.families, county.places
    assert standing.relocated.any()
    living, registered = standing.living_village[standing.relocated], families.village[standing.relocated]
    assert (living != registered).all()
    assert (places.county[living] == places.county[registered]).all()
    assert len(np.unique(living)) < len(living) / 2, "resettlement sites take in many"


def test_distances_grow_with_what_is_not_shared() -> None:
    home = np.full(5, 530627212208)
    work = np.array([530627212208, 530627212000, 530627001000, 530602001000, 310101002000])
    km = distance_km(home, work)
    assert (np.diff(km) > 0).all()
    assert 1700 < km[-1] < 2000  # Zhaotong to Shanghai is some 1,800 km as the crow flies


@pytest.mark.parametrize("born", [date(2000, 2, 29), date(2008, 6, 1), date(2008, 6, 2), date(2026, 5, 31)])
def test_ages_are_whole_years_on_the_day(born: date) -> None:
    got = years_between(np.array([born], dtype="datetime64[D]"), np.datetime64(AS_OF))[0]
    wanted = AS_OF.year - born.year - ((AS_OF.month, AS_OF.day) < (born.month, born.day))
    assert got == wanted


def test_ages_agree_with_the_calendar_on_any_day() -> None:
    for offset in range(0, 1500, 7):
        born, today = date(1999, 12, 20) + timedelta(days=offset), date(2024, 2, 28) + timedelta(days=offset % 5)
        got = years_between(np.array([born], dtype="datetime64[D]"), np.datetime64(today))[0]
        assert got == today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def test_tables_are_well_formed() -> None:
    tables = load_marginals()
    assert all(table["source"].strip() for table in tables.values())
    for name in ("household_type", "household_kind"):
        key = "share" if name == "household_type" else "monitored_share"
        assert sum(tables[name][key]) == pytest.approx(1.0, abs=0.01)
    for name in ("education", "health", "labour_ability", "activity"):
        for row in tables[name]["shares"]:
            assert sum(row) == pytest.approx(1.0, abs=0.001), name
        assert len(tables[name]["shares"]) == len(tables[name]["upto"])
    nationalities = {entry.zh for entry in NATIONALITY.entries}
    prefectures = {r.code[:4] for r in load_regions().values() if r.level == "prefecture" and r.code[:2] == "53"}
    table = {key: value for key, value in tables["prefecture_nationality"].items() if key != "source"}
    assert set(table) == prefectures
    assert all(set(shares) <= nationalities and sum(shares.values()) < 97 for shares in table.values())
    assert set(load_names()["mixture"]) <= nationalities


def test_jobs_are_real_occupations() -> None:
    import csv
    from importlib import resources

    text = resources.files("schema").joinpath("data/occupations.csv").read_text(encoding="utf-8")
    known = {row["code"] for row in csv.DictReader(text.splitlines()) if row["level"] == "occupation"}
    jobs = load_jobs()
    assert len(jobs) >= 40
    assert {job["occupation_code"] for job in jobs} <= known
    assert all(len(job["duties"].split("|")) >= 3 for job in jobs)


def test_the_page_about_the_simulation_has_every_table_and_rate() -> None:
    page = (Path(__file__).parents[2] / "docs" / "simulation.md").read_text(encoding="utf-8")
    for name, table in load_marginals().items():
        (line,) = [line for line in page.splitlines() if line.startswith(f"| `{name}` |")]
        assert line.endswith(f"| {table['source']} |")
    for field in fields(ErrorRates):
        (line,) = [line for line in page.splitlines() if line.startswith(f"| `{field.name}` |")]
        assert line.split("|")[2].strip() == f"{getattr(ErrorRates(), field.name) * 100:g} %"
    pictures = {path.name for path in (Path(__file__).parents[2] / "docs" / "simulation").glob("*.png")}
    assert {f"simulation/{name}" for name in pictures} == set(re.findall(r"\]\((simulation/[^)]+\.png)\)", page))
