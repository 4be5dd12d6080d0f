"""Rates: one actor's flood is refused, and touches nobody else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.access.actor import Actor
from hub.access.rate import RateLimited, Turns
from schema.grants import Rate, load_grants

RATE = Rate(per_second=2, burst=3, at_once=2)


def actor(key: int = 1, kind: str = "station") -> Actor:
    return Actor(key, kind, "", None, None, None, None, ())  # type: ignore[arg-type]  # any kind


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_flood_is_refused_until_it_ebbs_and_others_are_not() -> None:
    time = Time()
    turns = Turns({"station": RATE}, monotonic=time)
    for _ in range(3):
        with turns.turn(actor()):
            pass
    with pytest.raises(RateLimited, match="rate_limited") as caught, turns.turn(actor()):
        pass
    assert (caught.value.http_status, caught.value.retry_after_s) == (429, 1)
    with turns.turn(actor(2)):
        pass
    time.now = 0.5  # one more at two a second
    with turns.turn(actor()):
        pass
    with pytest.raises(RateLimited), turns.turn(actor()):
        pass


def test_so_many_at_once() -> None:
    turns = Turns({"station": RATE}, monotonic=Time())
    with turns.turn(actor()), turns.turn(actor()):
        with pytest.raises(RateLimited, match="too_many_at_once"), turns.turn(actor()):
            pass
        with turns.turn(actor(2)):
            pass
    with turns.turn(actor()):
        pass


def test_a_turn_that_fails_is_over_too() -> None:
    turns = Turns({"station": RATE}, monotonic=Time())
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), turns.turn(actor()):
            raise ZeroDivisionError
    with pytest.raises(RateLimited, match="rate_limited"), turns.turn(actor()):
        pass


def test_no_rates_no_refusals() -> None:
    for turns in (Turns({"station": RATE}, factor=0), Turns({})):
        for _ in range(100):
            with turns.turn(actor()):
                pass


@given(st.lists(st.tuples(st.integers(1, 3), st.floats(0, 2)), max_size=60))
def test_never_more_than_the_rate_allows(asked: list[tuple[int, float]]) -> None:
    """Whatever the pattern: in any span since the start, at most burst + rate × seconds were let through."""
    time = Time()
    turns = Turns({"station": RATE}, monotonic=time)
    let_through: dict[int, int] = {}
    for key, wait in asked:
        time.now += wait
        try:
            with turns.turn(actor(key)):
                let_through[key] = let_through.get(key, 0) + 1
        except RateLimited:
            # Whoever is refused has had nearly all they may have.
            assert let_through[key] > RATE.burst - 1
        assert let_through.get(key, 0) <= RATE.burst + RATE.per_second * time.now + 1e-6


def test_every_kind_of_actor_has_a_rate() -> None:
    rates = load_grants().rates
    assert set(rates) == {"department", "station", "partner", "county", "person", "administrator"}
    assert all(rate.per_second > 0 and rate.burst >= rate.per_second and rate.at_once >= 1 for rate in rates.values())
