"""What time it is. Passed in, so that a test can hold it still."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Protocol
from zoneinfo import ZoneInfo

#: Days begin and end here.
ZONE = ZoneInfo("Asia/Shanghai")
#: The same for the present: no summer time since 1991. Much is stamped, and a zone's history costs a search each time.
_NOW = timezone(timedelta(hours=8), "CST")


class Clock(Protocol):
    """Source of the present."""

    def now(self) -> datetime:
        """The present, with a time zone."""
        ...

    def today(self) -> date:
        """The day in Yunnan."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present, in China Standard Time."""
        return datetime.now(_NOW)

    def today(self) -> date:
        """The day in Yunnan."""
        return self.now().date()


@dataclass(frozen=True, slots=True)
class FixedClock:
    """A clock that stands still."""

    at: datetime

    def now(self) -> datetime:
        """The moment it was set to."""
        return self.at

    def today(self) -> date:
        """Its day in Yunnan."""
        return self.at.astimezone(ZONE).date()
