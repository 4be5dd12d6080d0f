"""Every pair of states that the table does not name is refused, with a hint that says what to do."""

from __future__ import annotations

from itertools import product

import pytest

from hub.casework.states import (
    BOOK_ONLY,
    HOLDING,
    LIVE,
    OUTCOMES,
    OVER,
    RELEASING,
    STATES,
    TRANSITIONS,
    check_transition,
    results_in,
    state_after,
)
from hub.errors import InvalidTransition
from schema.codes import OUTCOME_RESULT, REFERRAL_STATE

ALLOWED = {
    ("referred", "contacted"), ("referred", "accepted"), ("referred", "declined"), ("referred", "placed"),
    ("referred", "ended"), ("contacted", "accepted"), ("contacted", "declined"), ("contacted", "placed"),
    ("contacted", "ended"), ("accepted", "declined"), ("accepted", "placed"), ("accepted", "ended"),
    ("placed", "ended"),
}  # fmt: skip


def test_the_named_sets_part_the_states() -> None:
    codes = {entry.code for entry in REFERRAL_STATE.entries}
    assert codes == STATES == set(TRANSITIONS)
    assert sum(map(len, (LIVE, HOLDING, OVER, BOOK_ONLY))) == len(STATES)


@pytest.mark.parametrize(("one", "other"), list(product(sorted(STATES), sorted(STATES))))
def test_every_pair(one: str, other: str) -> None:
    if (one, other) in ALLOWED:
        check_transition(one, other)
        return
    with pytest.raises(InvalidTransition) as refused:
        check_transition(one, other)
    assert refused.value.code == "transition_refused"
    assert refused.value.hint


@pytest.mark.parametrize(("state", "result"), list(product(sorted(STATES), sorted(OUTCOMES))))
def test_every_outcome_in_every_state(state: str, result: str) -> None:
    expected = {
        "placed": LIVE, "declined": LIVE, "not_hired": LIVE, "left": HOLDING, "completed": HOLDING,
    }[result]  # fmt: skip
    if state in expected:
        after = state_after(state, result)
        check_transition(state, after)
        assert (after in HOLDING) == (result == "placed")
    else:
        with pytest.raises(InvalidTransition) as refused:
            state_after(state, result)
        for possible in results_in(state):
            assert possible in refused.value.hint


def test_every_result_of_the_list_has_its_place() -> None:
    assert set(OUTCOMES) == {entry.code for entry in OUTCOME_RESULT.entries}
    for result in RELEASING:
        assert OUTCOMES[result][0] <= HOLDING, "only who holds a place can give it back"
