"""When to ask again, and how long to wait before."""

from __future__ import annotations

import random
from dataclasses import dataclass

#: Answers after which the same request may succeed.
PASSING = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Retry:
    """Waits double from ``first_wait_s`` to ``longest_wait_s``, with full jitter; ``Retry-After`` is obeyed.

    Attributes
    ----------
    attempts
        Requests in all; 1 asks once.

    Notes
    -----
    Source: M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
    """

    attempts: int = 5
    first_wait_s: float = 0.25
    longest_wait_s: float = 20.0

    def wait_s(self, attempt: int, retry_after: str | None) -> float | None:
        """Seconds before the next request after the ``attempt``-th (from 1) failed; None to give up."""
        if attempt >= self.attempts:
            return None
        if retry_after is not None and retry_after.isdecimal():
            # Together with everybody else who was told the same, not at the same instant.
            return min(float(retry_after), self.longest_wait_s) + random.uniform(0, self.first_wait_s)  # noqa: S311 - no secret
        most = min(self.first_wait_s * 2 ** (attempt - 1), self.longest_wait_s)
        return random.uniform(0, most)  # noqa: S311 - no secret
