"""How fast one actor may ask: a token bucket each, and so many requests at once. Nobody's flood touches another's.

The numbers are those of ``schema/access.toml`` by kind of actor, times the installation's factor; each worker process
counts for itself. Written here: two dozen lines in the way of every request; the libraries for it bring stores
and windows that one process has no use for.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from hub.access.actor import Actor
from hub.errors import LimitExceeded
from schema.grants import Rate

#: Buckets kept; one that was not used longest is full again by then, and goes.
_MOST = 50_000


class RateLimited(LimitExceeded):
    """Somebody asks more often than is allowed."""

    http_status = 429

    def __init__(self, code: str, detail: str, *, hint: str, retry_after_s: int) -> None:
        super().__init__(code, detail, hint=hint)
        self.retry_after_s = retry_after_s


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float
    running: int = 0


class Turns:
    """Gives each actor their turns.

    Parameters
    ----------
    factor
        Multiplies all rates; 0 takes them away.
    """

    def __init__(
        self, rates: Mapping[str, Rate], *, factor: float = 1.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._rates = {
            kind: Rate(
                rate.per_second * factor, max(rate.burst * factor, 1.0), max(math.ceil(rate.at_once * factor), 1)
            )
            for kind, rate in rates.items()
            if factor > 0
        }
        self._monotonic = monotonic
        self._buckets: OrderedDict[int, _Bucket] = OrderedDict()

    @contextmanager
    def turn(self, actor: Actor) -> Iterator[None]:
        """One request's turn.

        Raises
        ------
        RateLimited
            ``rate_limited``: too many a second; ``too_many_at_once``.
        """
        rate = self._rates.get(actor.kind)
        if rate is None:
            yield
            return
        bucket = self._take(actor.actor_id, rate)
        bucket.running += 1
        try:
            yield
        finally:
            bucket.running -= 1

    def _take(self, actor_id: int, rate: Rate) -> _Bucket:
        now = self._monotonic()
        bucket = self._buckets.get(actor_id)
        if bucket is None:
            bucket = self._buckets[actor_id] = _Bucket(rate.burst, now)
            self._forget()
        else:
            self._buckets.move_to_end(actor_id)
            bucket.tokens = min(rate.burst, bucket.tokens + (now - bucket.filled_at) * rate.per_second)
            bucket.filled_at = now
        if bucket.running >= rate.at_once:
            raise RateLimited(
                "too_many_at_once",
                f"{rate.at_once} requests of yours are running.",
                hint="Wait for one of them.",
                retry_after_s=1,
            )
        if bucket.tokens < 1:
            wait = math.ceil((1 - bucket.tokens) / rate.per_second)
            raise RateLimited(
                "rate_limited",
                f"You may ask {rate.per_second:g} times a second.",
                hint="Ask again later, and for more at once.",
                retry_after_s=max(wait, 1),
            )
        bucket.tokens -= 1
        return bucket

    def _forget(self) -> None:
        while len(self._buckets) > _MOST:
            actor_id, bucket = next(iter(self._buckets.items()))
            if bucket.running:  # it has the oldest turn and is not done: it stays, as the newest
                self._buckets.move_to_end(actor_id)
                return
            del self._buckets[actor_id]
