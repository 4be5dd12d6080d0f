"""What a verification of the audit found, and what it says of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from hub.clock import ZONE

Kind = Literal[
    "entry_changed", "entry_removed", "entry_inserted", "entries_reordered", "entry_pruned_early",
    "segment_changed", "segment_removed", "segment_unlinked", "head_differs", "tail_removed",
    "anchor_differs", "anchor_forged", "anchor_unreadable",
]  # fmt: skip

#: Findings told one by one; all are counted.
MOST = 1000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was written.

    Attributes
    ----------
    entry_id, last_entry_id
        Numbers of the first and the last entry concerned; None where it concerns none.
    segment_id
        The segment, None where it is unknown.
    month
        ``2026-06``: of the entry where it is there, else of its segment.
    line
        Of the file of anchors.
    """

    kind: Kind
    said: str
    entry_id: int | None = None
    last_entry_id: int | None = None
    segment_id: int | None = None
    month: str | None = None
    line: int | None = None


@dataclass(slots=True)
class Findings:
    """All findings, the first of them in full."""

    told: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, finding: Finding) -> None:
        """Note one."""
        self.counts[finding.kind] += 1
        if len(self.told) < MOST:
            self.told.append(finding)


def month_of(at: datetime) -> str:
    """The month a moment falls in, as China counts."""
    try:
        return at.astimezone(ZONE).strftime("%Y-%m")
    except (OverflowError, ValueError):  # the first or last hours that there are
        return at.strftime("%Y-%m")


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was verified, and what was found.

    Attributes
    ----------
    whole
        Nothing was found.
    pruned
        Entries that are gone because their time was over.
    anchors, anchored_to
        Lines compared, and the last segment that one of them vouches for; after it the tail could be rewritten unseen.
    torn_anchors
        Lines cut off by a machine that went down.
    """

    whole: bool
    entries: int
    segments: int
    last_entry_id: int
    last_segment_id: int
    pruned: int
    anchors: int
    anchored_to: int
    torn_anchors: int
    counts: dict[str, int]
    findings: list[Finding]
    seconds: float
    entries_per_s: float
