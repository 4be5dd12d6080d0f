"""How long the steps of a run take, and where they report to."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol


class Progress(Protocol):
    """Where steps are shown; the hub's progress bars are one."""

    def stage(self, name: str, total: int | None = None) -> AbstractContextManager[Any]:
        """Begin a step; leaving the context ends it."""
        ...


class Stopwatch:
    """Seconds by step, in the order of their first start."""

    def __init__(self, progress: Progress | None = None) -> None:
        self.seconds: dict[str, float] = {}
        self._progress = progress

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step and show it."""
        start = time.perf_counter()
        with nullcontext() if self._progress is None else self._progress.stage(f"match: {name}"):
            yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
