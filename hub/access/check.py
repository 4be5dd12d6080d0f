"""Checks the audit's chain, segment by segment as it streams by. Pure; holds one segment's entries at a time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.access.anchors import AnchorLine
from hub.access.chain import GENESIS, Segment, entry_sha256
from hub.access.findings import Finding, Findings, month_of

#: Entries whose hash differs that are compared with each other, to tell an exchange from a change.
_COMPARED = 10_000
_HASHED = (
    "happened_at", "request_id", "actor_id", "actor_kind", "purpose", "action", "operation_name", "operation_sha256",
    "person_ids", "fields", "refused", "allowed", "reason", "detail_text", "duration_ms",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pruned:
    """Numbers of entries that were dropped when their time was over, as the chain itself says.

    Attributes
    ----------
    ranges
        First and last number of each run, ascending.
    before
        Nothing sealed at or after it may have been dropped.
    """

    ranges: tuple[tuple[int, int], ...] = ()
    before: datetime | None = None

    def holds(self, entry_id: int) -> bool:
        """Whether the entry was dropped."""
        place = bisect_right(self.ranges, (entry_id, 1 << 63)) - 1
        return place >= 0 and self.ranges[place][0] <= entry_id <= self.ranges[place][1]


@dataclass(frozen=True, slots=True)
class _Odd:
    entry_id: int
    segment_id: int
    month: str
    is_now: bytes
    was: bytes


@dataclass(slots=True)
class ChainCheck:
    """Told the segments in order, each with the entries of its numbers; then the end.

    Parameters
    ----------
    before
        The segment before the first one told; None at the chain's beginning.
    anchors
        Lines of the file of anchors, in its order.
    """

    before: Segment | None
    anchors: Iterator[AnchorLine]
    pruned: Pruned = field(default_factory=Pruned)
    findings: Findings = field(default_factory=Findings)
    entries: int = 0
    segments: int = 0
    gone: int = 0
    anchors_compared: int = 0
    anchored_to: int = 0
    torn: int = 0
    _odd: list[_Odd] = field(default_factory=list)
    _anchor: AnchorLine | None = None
    _anchor_segment: int = 0

    def take(self, segment: Segment, rows: Sequence[Mapping[str, Any]]) -> None:
        """One segment and the entries numbered as its own."""
        self.segments += 1
        self._check_link(segment)
        self._check_anchors(segment)
        self._check_entries(segment, rows)
        self.before = segment

    def stray(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Entries whose numbers no segment has."""
        for row in rows:
            self.entries += 1
            self._find("entry_inserted", "No segment has this number.", row["entry_id"], month=_month(row))

    def end(self, head: Mapping[str, Any] | None) -> None:
        """The chain's end, as its head tells it."""
        last = self.before
        tip = (last.segment_id, last.last_entry_id, last.sha256) if last else (0, 0, GENESIS)
        held = (head["segment_id"], head["entry_id"], head["sha256"]) if head else (0, 0, GENESIS)
        if held > tip and held[0] > tip[0]:
            said = f"The chain ended with segment {held[0]}; the last one there is {tip[0]}."
            self._find("tail_removed", said, tip[1] + 1, held[1], segment_id=tip[0] + 1)
        elif held != tip:
            self._find("head_differs", "The head of the chain is not its last segment.", segment_id=held[0])
        self._told_beyond(tip[0])
        self._tell_odd()

    def _find(
        self,
        kind: Any,
        said: str,
        entry_id: int | None = None,
        last_entry_id: int | None = None,
        *,
        segment_id: int | None = None,
        month: str | None = None,
        line: int | None = None,
    ) -> None:
        self.findings.add(Finding(kind, said, entry_id, last_entry_id or entry_id, segment_id, month, line))

    # The links

    def _check_link(self, segment: Segment) -> None:
        before = self.before
        number, entry = (before.segment_id, before.last_entry_id) if before else (0, 0)
        where: dict[str, Any] = {"segment_id": segment.segment_id, "month": month_of(segment.sealed_at)}
        span = (segment.first_entry_id, segment.last_entry_id)
        if segment.segment_id > number + 1:
            said = f"Segments {number + 1} to {segment.segment_id - 1} are not there."
            lost = (entry + 1, segment.first_entry_id - 1)
            self._find("segment_removed", said, *lost, segment_id=number + 1, month=where["month"])
        elif segment.previous_sha256 != (before.sha256 if before else GENESIS):
            said = f"It does not follow from segment {number}: one of the two was rewritten."
            self._find("segment_unlinked", said, *span, **where)
        elif segment.first_entry_id != entry + 1:
            self._find("segment_changed", "Its numbers do not follow those before.", *span, **where)
        if not segment.whole() or segment.computed() != segment.sha256:
            self._find("segment_changed", "Its hash is not the hash of what it holds.", *span, **where)
        if before is not None and segment.sealed_at < before.sealed_at:
            self._find("segment_changed", "It was sealed before the segment before it.", *span, **where)

    # The entries

    def _check_entries(self, segment: Segment, rows: Sequence[Mapping[str, Any]]) -> None:
        self.entries += len(rows)
        by_number: dict[int, list[Mapping[str, Any]]] = {}
        for row in rows:
            by_number.setdefault(row["entry_id"], []).append(row)
        missing: list[int] = []
        early = 0
        for number in range(segment.first_entry_id, segment.last_entry_id + 1):
            held = by_number.get(number)
            if held is not None:
                self._check_entry(segment, number, held)
            elif not self.pruned.holds(number):
                missing.append(number)
            else:
                self.gone += 1
                early = early or number
        if early and self.pruned.before is not None and segment.sealed_at >= self.pruned.before:
            said = "It was dropped before its time was over."
            month = month_of(segment.sealed_at)
            self._find("entry_pruned_early", said, early, segment_id=segment.segment_id, month=month)
        for first, last in runs(missing):
            said = "It is not there." if first == last else "They are not there."
            month = month_of(segment.sealed_at)
            self._find("entry_removed", said, first, last, segment_id=segment.segment_id, month=month)

    def _check_entry(self, segment: Segment, number: int, held: list[Mapping[str, Any]]) -> None:
        was = segment.entry_sha256(number)
        hashes = [entry_sha256(**{name: row[name] for name in _HASHED}) for row in held]
        right = hashes.index(was) if was in hashes else 0
        for place, row in enumerate(held):
            if place != right:
                said = "A second entry has this number."
                self._find("entry_inserted", said, number, segment_id=segment.segment_id, month=_month(row))
        if hashes[right] != was:
            odd = _Odd(number, segment.segment_id, _month(held[right]), hashes[right], was)
            if len(self._odd) < _COMPARED:
                self._odd.append(odd)
            else:
                self._changed(odd)

    def _changed(self, odd: _Odd) -> None:
        said = "It is not what was written."
        self._find("entry_changed", said, odd.entry_id, segment_id=odd.segment_id, month=odd.month)

    def _tell_odd(self) -> None:
        """An entry that is now what another one was, was moved; the others were changed."""
        was = {odd.was: odd.entry_id for odd in self._odd}
        for odd in self._odd:
            other = was.get(odd.is_now)
            if other is None:
                self._changed(odd)
            else:
                said = f"What was entry {other} stands here."
                self._find("entries_reordered", said, odd.entry_id, segment_id=odd.segment_id, month=odd.month)

    # The anchors

    def _next_anchor(self) -> AnchorLine | None:
        """The next line that can be compared; the others are told of on the way."""
        for found in self.anchors:
            if found.torn:
                self.torn += 1
            elif found.anchor is None:
                self._find("anchor_unreadable", "The line cannot be read.", line=found.line)
            else:
                if not found.linked:
                    said = "It does not follow from the line before it: a line was changed, removed or put in."
                    self._find("anchor_forged", said, segment_id=found.anchor.segment, line=found.line)
                elif found.anchor.segment <= self._anchor_segment:
                    said = "It speaks of an earlier segment than the line before it."
                    self._find("anchor_forged", said, segment_id=found.anchor.segment, line=found.line)
                self._anchor_segment = max(self._anchor_segment, found.anchor.segment)
                return found
        return None

    def _check_anchors(self, segment: Segment) -> None:
        self._anchor = self._anchor or self._next_anchor()
        while self._anchor is not None and self._anchor.anchor is not None:
            line, anchor = self._anchor.line, self._anchor.anchor
            if anchor.segment > segment.segment_id:
                return
            first = self.before.segment_id if self.before else 0
            if anchor.segment > first or anchor.segment == segment.segment_id:
                self._compare(segment, line, anchor.segment, anchor.sha256)
            self._anchor = self._next_anchor()

    def _compare(self, segment: Segment, line: int, number: int, sha256: str) -> None:
        self.anchors_compared += 1
        if number != segment.segment_id:
            self._find("anchor_differs", "Its segment is not there.", segment_id=number, line=line)
        elif sha256 != segment.sha256.hex():
            said = "The chain had another hash here when the line was written: it was rewritten, or the line was."
            span = (segment.first_entry_id, segment.last_entry_id)
            month = month_of(segment.sealed_at)
            self._find("anchor_differs", said, *span, segment_id=number, month=month, line=line)
        else:
            self.anchored_to = max(self.anchored_to, number)

    def _told_beyond(self, last: int) -> None:
        self._anchor = self._anchor or self._next_anchor()
        while self._anchor is not None and self._anchor.anchor is not None:
            number = self._anchor.anchor.segment
            if number > last:
                self.anchors_compared += 1
                said = f"It vouches for segment {number}; the chain ends with {last}: its tail was cut off."
                self._find("tail_removed", said, segment_id=last + 1, line=self._anchor.line)
            self._anchor = self._next_anchor()


def runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Ascending numbers as first and last of each run without a gap."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def _month(row: Mapping[str, Any]) -> str:
    return month_of(row["happened_at"])
