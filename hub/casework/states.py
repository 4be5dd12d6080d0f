"""States of a referral and what may follow what. Every pair not named here is refused."""

from __future__ import annotations

from hub.errors import InvalidTransition

#: A place of the target is taken.
TAKEN = frozenset({"placed"})
#: Somebody is working on it.
LIVE = frozenset({"referred", "contacted", "accepted"})
#: Nothing more will come of it.
CLOSED = frozenset({"shown", "declined", "ended"})
ALL = TAKEN | LIVE | CLOSED

TRANSITIONS: dict[str, frozenset[str]] = {
    "referred": frozenset({"contacted", "accepted", "declined", "placed", "ended"}),
    "contacted": frozenset({"contacted", "accepted", "declined", "placed", "ended"}),
    "accepted": frozenset({"contacted", "declined", "placed", "ended"}),
    "placed": frozenset({"ended"}),
    "shown": frozenset(),
    "declined": frozenset(),
    "ended": frozenset(),
}

#: Where a recorded outcome leads.
OF_OUTCOME = {"placed": "placed", "declined": "declined", "not_hired": "ended", "left": "ended", "completed": "ended"}


def check_transition(from_state: str, to_state: str) -> None:
    """Let a referral go from state to state, or not.

    Raises
    ------
    InvalidTransition
        ``transition_refused``.
    """
    if to_state not in TRANSITIONS[from_state]:
        allowed = ", ".join(sorted(TRANSITIONS[from_state])) or "nothing"
        raise InvalidTransition(
            "transition_refused",
            f"A referral that is {from_state} cannot become {to_state}.",
            hint=f"From {from_state} it can become: {allowed}.",
        )
