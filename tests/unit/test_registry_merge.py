"""Merging: a winner a field, by authority and by freshness, and what lost."""

from __future__ import annotations

from datetime import date
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.registry.merge import Plans, merge_person
from hub.registry.records import Merged, Source
from schema.authority import load_authority, parse_authority
from schema.catalog import ENTITIES
from schema.codes import DEPARTMENT

TODAY = date(2026, 6, 15)
PLANS = Plans(load_authority())


def source(record: int, department: str, values: dict[str, Any], **other: Any) -> Source:
    as_of = other.pop("as_of", date(2026, 6, 1))
    return Source(
        record,
        department,
        "530627000000",
        as_of,
        other.pop("seen_on", as_of),
        other.pop("gone_on", None),
        values,
        **other,
    )


def merge(*sources: Source) -> Merged:
    newest_first = sorted(sources, key=lambda s: (s.as_of, s.seen_on, s.source_record_id), reverse=True)
    return merge_person(1, newest_first, PLANS, today=TODAY)


def test_every_field_of_the_file_names_known_departments_only() -> None:
    for authority in load_authority().values():
        assert set(authority.place) <= set(DEPARTMENT_CODES), authority.field
        assert set(authority.max_age_days) <= set(authority.place), authority.field


DEPARTMENT_CODES = [entry.code for entry in DEPARTMENT.entries]


def test_every_merged_column_of_a_person_has_an_authority() -> None:
    from hub.registry.tables import HOUSEHOLD_MERGED, PERSON_VALUES

    derived = {"retires_on", "in_work", "willing", "skill_level"}
    assert set(PERSON_VALUES) - derived <= set(load_authority())
    assert set(HOUSEHOLD_MERGED) <= set(load_authority())
    assert "person" in ENTITIES


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[person.name]\norder = ["station", ["station"]]', "twice"),
        ("[person.name]\norder = []\n[wish.name]\norder = []", "two entities"),
        ("[person.name]\norder = []\nlast = true", "unknown keys"),
    ],
)
def test_careless_authorities_are_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_authority(text)


@pytest.mark.parametrize("order", list(permutations([0, 1, 2])))
def test_the_first_department_of_the_order_wins_whatever_came_last(order: tuple[int, ...]) -> None:
    names = ["civil_affairs", "rural_revitalization", "human_resources"]
    days = [date(2026, 6, 1 + place) for place in order]
    said = [source(n + 1, names[n], {"name": f"名{n}"}, as_of=days[n]) for n in range(3)]
    merged = merge(*said)
    assert merged.values["name"] == "名0"
    assert merged.sources["name"] == 1
    assert {(c.value, c.reason) for c in merged.conflicts} == {("名1", "authority"), ("名2", "authority")}


@given(days=st.lists(st.dates(date(2026, 1, 1), date(2026, 6, 15)), min_size=2, max_size=5))
def test_the_newer_row_of_one_department_wins(days: list[date]) -> None:
    said = [source(n + 1, "human_resources", {"phone": f"1990000{n:04d}"}, as_of=day) for n, day in enumerate(days)]
    newest = max(range(len(days)), key=lambda n: (days[n], n))
    merged = merge(*said)
    assert merged.sources["phone"] == newest + 1
    assert len(merged.conflicts) == len(days) - 1
    assert {c.reason for c in merged.conflicts} == {"newer"}


def test_what_is_repeated_is_not_newer() -> None:
    repeated = source(
        1, "human_resources", {"wish_scope": "outside"}, as_of=date(2026, 1, 1), seen_on=date(2026, 6, 14)
    )
    asked = source(2, "station", {"wish_scope": "county"}, as_of=date(2026, 5, 1))
    assert merge(repeated, asked).values["wish_scope"] == "county"


def test_a_word_too_old_comes_last() -> None:
    rows = source(1, "human_resources", {"wish_scope": "outside"}, as_of=date(2025, 1, 1), seen_on=date(2026, 6, 1))
    fresh = source(2, "station", {"wish_scope": "county"}, as_of=date(2025, 6, 16))
    old = source(2, "station", {"wish_scope": "county"}, as_of=date(2025, 6, 14))
    assert merge(rows, fresh).values["wish_scope"] == "county"
    assert merge(rows, old).values["wish_scope"] == "outside"


def test_a_valid_number_outranks_what_stands_beside_it() -> None:
    number = "000627199005040110"
    told = source(1, "civil_affairs", {"born_on": "1991-01-01", "sex": "1", "citizen_number": "00062719900504"})
    numbered = source(
        2, "human_resources", {"citizen_number": number, "born_on": "1980-01-01", "sex": "1"}, number=number
    )
    merged = merge(told, numbered)
    assert (merged.values["born_on"], merged.values["sex"]) == ("1990-05-04", "1")
    assert merged.values["citizen_number"] == number
    assert {(c.field, c.value) for c in merged.conflicts} == {
        ("born_on", "1991-01-01"),
        ("citizen_number", "00062719900504"),
    }


def test_a_number_that_a_spreadsheet_may_have_cut_tells_the_day_but_not_the_sex() -> None:
    number = "000627199005040000"
    cut = source(2, "human_resources", {"citizen_number": number, "sex": "1"}, number=number)
    merged = merge(cut)
    assert (merged.values["born_on"], merged.values["sex"]) == ("1990-05-04", "1")
    assert merged.conflicts == ()
    # Nobody's word: none at all, rather than one read from a zero that took the digit's place.
    assert "sex" not in merge(source(2, "human_resources", {"citizen_number": number}, number=number)).values


def test_a_number_that_cannot_be_right_is_nobodys() -> None:
    merged = merge(source(1, "civil_affairs", {"name": "甲", "citizen_number": "123"}))
    assert "citizen_number" not in merged.values
    assert "citizen_number" not in merged.sources


def test_lasting_values_outlive_their_row_and_states_do_not() -> None:
    before = source(
        1, "human_resources", {"phone": "19900000001", "employment_status": "employed"}, gone_on=date(2026, 6, 1)
    )
    now = source(2, "human_resources", {"name": "甲"}, as_of=date(2026, 6, 1))
    merged = merge(before, now)
    assert merged.values["phone"] == "19900000001"
    assert "employment_status" not in merged.values
    assert merged.gone_on is None
    assert merged.conflicts == ()
    alone = merge(before)
    assert (alone.values["employment_status"], alone.gone_on) == ("employed", date(2026, 6, 1))


def test_a_department_nobody_named_comes_last() -> None:
    merged = merge(
        source(1, "forestry", {"education": "20"}, as_of=date(2026, 6, 14)),
        source(2, "rural_revitalization", {"education": "70"}),
    )
    assert merged.values["education"] == "70"
    assert merge(source(1, "forestry", {"education": "20"})).values["education"] == "20"


def test_household_kind_tells_the_persons_category() -> None:
    merged = merge(
        source(1, "rural_revitalization", {"household_kind": "exited"}),
        source(2, "human_resources", {"person_category": "other"}),
    )
    assert merged.values["person_category"] == "exited"
    assert [c.value for c in merged.conflicts] == ["other"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(DEPARTMENT_CODES),
            st.dictionaries(
                st.sampled_from(["name", "education", "phone", "wish_scope", "health"]), st.sampled_from("甲乙丙")
            ),
            st.integers(1, 14),
            st.booleans(),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_every_value_stands_in_its_source_and_every_loser_differs(rows: list[Any]) -> None:
    said = [
        source(n + 1, department, values, as_of=date(2026, 6, day), gone_on=date(2026, 6, 15) if gone else None)
        for n, (department, values, day, gone) in enumerate(rows)
    ]
    merged = merge(*said)
    by_key = {s.source_record_id: s.values for s in said}
    assert set(merged.values) == set(merged.sources)
    for name, value in merged.values.items():
        assert by_key[merged.sources[name]][name] == value
    for conflict in merged.conflicts:
        assert by_key[conflict.source_record_id][conflict.field] == conflict.value
        assert conflict.kept_value == merged.values[conflict.field]
        assert conflict.value != conflict.kept_value
    current = {name for s in said if s.gone_on is None for name in s.values}
    assert current <= set(merged.values)
