"""A cache of bounded size."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Lru(Generic[K, V]):
    """Forgets what was not used longest; counts lookups that found something and those that did not."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.hits = self.misses = 0
        self._held: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """What is held under ``key``."""
        value = self._held.get(key)
        if value is not None:
            self.hits += 1
            self._held.move_to_end(key)
        else:
            self.misses += 1
        return value

    def put(self, key: K, value: V) -> None:
        """Hold ``value``."""
        self._held[key] = value
        self._held.move_to_end(key)
        while len(self._held) > self._most:
            self._held.popitem(last=False)

    def __len__(self) -> int:
        return len(self._held)
