"""Who lives with whom, whatever the order in which people come; and households keep their keys."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.registry.households import Group, group_households, make_household, match_households
from hub.registry.records import Member
from schema.authority import load_authority
from schema.law import load_work


def homes(*members: Member) -> list[set[int]]:
    return [{member.person_id for member in group.members} for group in group_households(members)]


def test_codes_first_certificates_after_and_nobody_is_left_out() -> None:
    together = homes(
        Member(1, household_code="A", relation="02"),
        Member(2, household_code="A", certificates=("x",)),
        Member(3, certificates=("x",)),
        Member(4, certificates=("y",)),
        Member(5, certificates=("y",)),
        Member(6),
    )
    assert sorted(map(sorted, together)) == [[1, 2, 3], [4, 5], [6]]


def test_a_certificate_goes_to_its_heads_household_before_the_majoritys() -> None:
    together = homes(
        Member(1, household_code="A", certificates=("x",), relation="02"),
        Member(2, household_code="B", certificates=("x",)),
        Member(3, household_code="B", certificates=("x",)),
        Member(4, certificates=("x",)),
    )
    assert {1, 4} in together
    assert {2, 3} in together


def test_two_certificates_of_one_head_are_one_household() -> None:
    assert homes(
        Member(1, certificates=("x", "y"), relation="02"),
        Member(2, certificates=("x",)),
        Member(3, certificates=("y",)),
    ) == [{1, 2, 3}]


def test_one_shared_member_of_two_large_certificates_joins_nothing() -> None:
    together = homes(
        Member(1, certificates=("x", "y"), relation="30"),
        *(Member(n, certificates=("x",)) for n in (2, 3)),
        *(Member(n, certificates=("y",)) for n in (4, 5)),
    )
    assert {1, 2, 3} in together
    assert {4, 5} in together


def test_the_stations_word_moves_somebody_along_a_chain_but_not_in_a_circle() -> None:
    assert {1, 2, 3} in homes(Member(1, household_code="A"), Member(2, joins=1), Member(3, household_code="B", joins=2))
    circle = homes(Member(1, household_code="A", joins=2), Member(2, household_code="B", joins=1))
    assert sorted(map(sorted, circle)) == [[1], [2]]
    assert homes(Member(1, joins=99)) == [{1}]


def test_head_by_relation_then_by_age() -> None:
    by_relation = Group((Member(1, born_on=date(1950, 1, 1)), Member(2, relation="02")), None)
    assert by_relation.head.person_id == 2
    by_age = Group((Member(1, born_on=date(1990, 1, 1)), Member(2, born_on=date(1960, 1, 1)), Member(3)), None)
    assert by_age.head.person_id == 2
    gone = Group((Member(1, relation="02", gone_on=date(2026, 1, 1)), Member(2)), None)
    assert gone.head.person_id == 2


def test_keys_by_code_then_by_overlap_then_by_age_and_each_once() -> None:
    groups = group_households(
        [
            Member(1, household_code="A"),
            Member(2, household_code="B"),
            Member(3, household_code="B"),
            Member(4, household_code="C"),
            Member(5),
        ]
    )
    order = [group.household_code for group in groups]
    before = {1: 10, 2: 10, 3: 10, 4: 20}
    keys = dict(zip(order, match_households(groups, before, {"A": 10}), strict=True))
    assert keys == {"A": 10, "B": None, "C": 20, None: None}
    keys = dict(zip(order, match_households(groups, before, {}), strict=True))
    assert keys == {"A": None, "B": 10, "C": 20, None: None}


_MEMBERS = st.lists(
    st.tuples(
        st.sampled_from([None, "A", "B"]),
        st.lists(st.sampled_from("xyz"), max_size=2, unique=True),
        st.sampled_from([None, "02", "10"]),
        st.sampled_from([None, 1, 2, 3]),
    ),
    min_size=1,
    max_size=7,
)


@given(rows=_MEMBERS, seed=st.integers(0, 5))
def test_everybody_is_in_one_household_in_any_order(rows: list[Any], seed: int) -> None:
    members = [
        Member(n + 1, household_code=code, certificates=tuple(certificates), relation=relation, joins=joins)
        for n, (code, certificates, relation, joins) in enumerate(rows)
    ]
    groups = group_households(members)
    found = sorted(member.person_id for group in groups for member in group.members)
    assert found == [member.person_id for member in members]
    shuffled = members[:]
    random.Random(seed).shuffle(shuffled)
    assert group_households(shuffled) == groups
    keys = match_households(groups, {n + 1: n % 3 for n in range(len(rows))}, {"A": 0})
    given_out = [key for key in keys if key is not None]
    assert len(given_out) == len(set(given_out))


def test_counts_leave_out_whoever_is_gone() -> None:
    group = Group(
        (
            Member(1, willing=True, in_work=False, relation="02"),
            Member(2, willing=False, in_work=True, gone_on=date(2026, 6, 1)),
            Member(3, willing=None, in_work=None),
        ),
        None,
    )
    row = make_household(7, group, load_authority(), load_work()).values
    assert (row["members_count"], row["willing_count"], row["in_work_count"]) == (2, 1, 0)
    assert row["zero_employment"] is True
    assert row["gone_on"] is None


def test_nobody_knows_who_lives_with_somebody_in_nobodys_list() -> None:
    for member, expected in (
        (Member(1, willing=True, in_work=False), False),
        (Member(1, willing=True, in_work=False, household_code="A"), True),
        (Member(1, willing=True, in_work=False, certificates=("x",)), True),
        (Member(1, willing=True, in_work=False, relation="02"), True),
    ):
        group = Group((member,), member.household_code)
        assert make_household(7, group, load_authority(), load_work()).values["zero_employment"] is expected


def test_a_household_of_people_who_are_all_gone_is_gone() -> None:
    group = Group((Member(1, gone_on=date(2026, 6, 1)), Member(2, gone_on=date(2026, 6, 9))), "A")
    row = make_household(7, group, load_authority(), load_work()).values
    assert (row["gone_on"], row["members_count"], row["zero_employment"]) == (date(2026, 6, 9), 0, False)
