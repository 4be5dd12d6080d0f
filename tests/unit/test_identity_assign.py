"""Keys are stable: the oldest lives, and a plan carried out has nothing left to plan."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hub.identity.assign import Plan, plan_keys

#: Cluster and person (None: new) of each record; records are numbered from 100.
rows = st.lists(
    st.tuples(st.integers(0, 5), st.one_of(st.none(), st.integers(1, 5))), min_size=1, max_size=16
)  # fmt: skip


def lay_out(given_rows: list[tuple[int, int | None]]) -> tuple[np.ndarray, list[int], dict[int, int]]:
    """Labels as clustering gives them (the lowest row of each cluster), record keys, and whose they are."""
    first: dict[int, int] = {}
    label = np.array([first.setdefault(name, row) for row, (name, _) in enumerate(given_rows)], dtype=np.int64)
    records = [100 + row for row in range(len(given_rows))]
    return label, records, {records[row]: person for row, (_, person) in enumerate(given_rows) if person is not None}


def plan_of(*given_rows: tuple[int, int | None]) -> Plan:
    return plan_keys(*lay_out(list(given_rows)))


@given(rows)
def test_every_cluster_has_one_key_and_every_key_one_place(given_rows: list[tuple[int, int | None]]) -> None:
    label, records, person_of = lay_out(given_rows)
    plan = plan_keys(label, records, person_of)
    living = [key for key in plan.owner.values() if key is not None]
    assert set(plan.owner) == set(label.tolist())
    assert len(living) == len(set(living))
    # Each key lives on or is retired, never both and never neither.
    assert set(living) | set(plan.retired) == set(person_of.values())
    assert not set(living) & set(plan.retired)


@given(rows)
def test_the_oldest_key_lives(given_rows: list[tuple[int, int | None]]) -> None:
    label, records, person_of = lay_out(given_rows)
    plan = plan_keys(label, records, person_of)
    for key, home in plan.retired.items():
        owner = plan.owner[home]
        assert owner is not None
        assert owner < key


@given(rows)
def test_a_key_goes_where_most_of_its_records_are(given_rows: list[tuple[int, int | None]]) -> None:
    label, records, person_of = lay_out(given_rows)
    plan = plan_keys(label, records, person_of)
    for person in set(person_of.values()):
        counts = Counter(int(label[row]) for row, record in enumerate(records) if person_of.get(record) == person)
        home = next((name for name, key in plan.owner.items() if key == person), plan.retired.get(person))
        assert home is not None
        assert counts[home] == max(counts.values())
        assert home == min(name for name in counts if counts[name] == counts[home])


@given(rows)
def test_a_plan_carried_out_has_nothing_left_to_plan(given_rows: list[tuple[int, int | None]]) -> None:
    label, records, person_of = lay_out(given_rows)
    plan = plan_keys(label, records, person_of)
    key_of: dict[int, int | None] = {name: key if key is not None else 50 + name for name, key in plan.owner.items()}
    after = {record: key for row, record in enumerate(records) if (key := key_of[int(label[row])]) is not None}
    assert plan_keys(label, records, after) == Plan(key_of, {}, set())


def test_cases_by_hand() -> None:
    assert plan_of((0, None), (0, None), (1, None)) == Plan({0: None, 2: None}, {}, set())
    assert plan_of((0, 4), (0, None)) == Plan({0: 4}, {}, set())
    assert plan_of((0, 4), (0, 2), (0, 2)) == Plan({0: 2}, {4: 0}, set())
    # Two of three records stay; the third leaves a living key.
    assert plan_of((0, 4), (1, 4), (1, 4)) == Plan({0: None, 1: 4}, {}, {0})
    # As many on both sides: the one with the oldest record keeps the key.
    assert plan_of((0, 4), (1, 4)) == Plan({0: 4, 1: None}, {}, {1})
    # One record goes from one living person to another: nobody retires.
    assert plan_of((0, 1), (1, 1), (1, 2), (1, 2), (0, 1)) == Plan({0: 1, 1: 2}, {}, set())
