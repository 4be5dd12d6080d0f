"""The audit's chain of hashes, computed outside the database. Pure.

An entry's hash is the SHA-256 of a JSON array of texts: all its columns but its number. A segment's hash covers the
hash of the segment before, its own number, the number of its first entry, when it was sealed, and its entries' hashes
in their order; so an entry's number is its place, and no part can be mistaken for another. ``audit.entry_sha256`` and
``audit.segment_sha256`` do the same inside the database (SHA-256: FIPS 180-4).
"""

from __future__ import annotations

import hashlib
import json
import struct
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

#: What the first segment has for a segment before it.
GENESIS = bytes(32)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Segment:
    """A batch of entries and its link. ``entry_sha256s`` holds 32 bytes an entry."""

    segment_id: int
    first_entry_id: int
    last_entry_id: int
    sealed_at: datetime
    previous_sha256: bytes
    entry_sha256s: bytes
    sha256: bytes

    def entry_sha256(self, entry_id: int) -> bytes:
        """The hash kept of one of its entries."""
        at = (entry_id - self.first_entry_id) * 32
        return self.entry_sha256s[at : at + 32]

    def computed(self) -> bytes:
        """The hash that it should have."""
        return segment_sha256(
            self.previous_sha256, self.segment_id, self.first_entry_id, self.sealed_at, self.entry_sha256s
        )

    def whole(self) -> bool:
        """Whether it has a hash for each of its numbers."""
        return len(self.entry_sha256s) == 32 * (self.last_entry_id - self.first_entry_id + 1) > 0


def entry_sha256(
    *,
    happened_at: datetime,
    request_id: uuid.UUID,
    actor_id: int | None,
    actor_kind: str,
    purpose: str,
    action: str,
    operation_name: str | None,
    operation_sha256: bytes | None,
    person_ids: Sequence[int],
    fields: Sequence[str],
    refused: Sequence[str],
    allowed: bool,
    reason: str,
    detail_text: str,
    duration_ms: float | None,
) -> bytes:
    """The hash of an entry.

    Parameters
    ----------
    detail_text
        As the database writes it: an object's text after ``jsonb`` has put it in order.
    duration_ms
        Of single precision; its four bytes count.
    """
    texts = [
        str(micros(happened_at)),
        str(request_id),
        None if actor_id is None else str(actor_id),
        actor_kind,
        purpose,
        action,
        operation_name,
        None if operation_sha256 is None else operation_sha256.hex(),
        _json(person_ids),
        _json(fields),
        _json(refused),
        "true" if allowed else "false",
        reason,
        detail_text,
        None if duration_ms is None else struct.pack(">f", duration_ms).hex(),
    ]
    return hashlib.sha256(json.dumps(texts, ensure_ascii=False).encode()).digest()


def segment_sha256(
    previous_sha256: bytes, segment_id: int, first_entry_id: int, sealed_at: datetime, entry_sha256s: bytes
) -> bytes:
    """The hash of a segment."""
    numbers = struct.pack(">qqq", segment_id, first_entry_id, micros(sealed_at))
    return hashlib.sha256(previous_sha256 + numbers + entry_sha256s).digest()


def micros(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def _json(values: Sequence[object]) -> str:
    return json.dumps(list(values), ensure_ascii=False, separators=(",", ":"))
