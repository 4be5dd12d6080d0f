"""States of a referral, and what may follow what. Every pair that is not named here is refused."""

from __future__ import annotations

from hub.errors import InvalidTransition

#: Somebody is working on it.
LIVE = frozenset({"referred", "contacted", "accepted"})
#: A place of the target is taken.
HOLDING = frozenset({"placed"})
#: Nothing more will come of it.
OVER = frozenset({"declined", "ended"})
#: Only the departments' books know it: an offer was shown and not taken up.
BOOK_ONLY = frozenset({"shown"})
STATES = LIVE | HOLDING | OVER | BOOK_ONLY

#: State → states that may follow.
TRANSITIONS: dict[str, frozenset[str]] = {
    "shown": frozenset(),
    "referred": frozenset({"contacted", "accepted", "declined", "placed", "ended"}),
    "contacted": frozenset({"accepted", "declined", "placed", "ended"}),
    "accepted": frozenset({"declined", "placed", "ended"}),
    "placed": frozenset({"ended"}),
    "declined": frozenset(),
    "ended": frozenset(),
}

#: Result of an outcome → states it may be recorded in, and the state it leads to.
OUTCOMES: dict[str, tuple[frozenset[str], str]] = {
    "placed": (LIVE, "placed"),
    "declined": (LIVE, "declined"),
    "not_hired": (LIVE, "ended"),
    "left": (HOLDING, "ended"),
    "completed": (HOLDING, "ended"),
}
#: Results that free the place that was taken. A course that was completed has used its seat.
RELEASING = frozenset({"left"})


def check_transition(from_state: str, to_state: str) -> None:
    """Let a referral go from state to state, or not.

    Raises
    ------
    InvalidTransition
        ``transition_refused``; the hint says what may follow.
    """
    if to_state not in TRANSITIONS[from_state]:
        raise _refused(f"A referral that is {from_state} cannot become {to_state}.", from_state)


def state_after(from_state: str, result: str) -> str:
    """The state that an outcome leads to.

    Raises
    ------
    InvalidTransition
        ``transition_refused``: nothing like it can come of a referral in this state.
    """
    allowed, to_state = OUTCOMES[result]
    if from_state not in allowed:
        raise _refused(f"A referral that is {from_state} has no outcome {result}.", from_state)
    return to_state


def results_in(state: str) -> list[str]:
    """Results that may be recorded in a state, in the order of the list."""
    return [result for result, (allowed, _) in OUTCOMES.items() if state in allowed]


def _refused(detail: str, state: str) -> InvalidTransition:
    if state in LIVE | HOLDING:
        hint = f"Possible here: {', '.join(results_in(state))}."
    else:
        hint = "It is over; make a new referral."
    return InvalidTransition("transition_refused", detail, hint=hint)
