"""What came of a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from hub.intake.refusal import Refusal

#: landed: written; unchanged: the same file had landed before, nothing written; refused: nothing of it was taken
State = Literal["landed", "unchanged", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchReport:
    """One file. ``batch_id`` and what follows are None where the file could not even be told apart."""

    file_name: str
    state: State
    batch_id: int | None = None
    feed: str | None = None
    region_code: str | None = None
    as_of: date | None = None
    mode: Literal["full", "delta"] | None = None
    rows_read: int = 0  # records in the file: neither titles nor totals nor blank rows
    rows_new: int = 0
    rows_unchanged: int = 0  # known word for word from an earlier file
    rows_gone: int = 0  # known before, no longer in the file or replaced by it
    rows_rejected: int = 0
    rows_repeated: int = 0  # said the same as a row above, word for word
    refusal: Refusal | None = None
    rejected_by_code: dict[str, int] = field(default_factory=dict)  # reasons, which may be several a row
    unused_headings: tuple[str, ...] = ()  # columns the layout does not know
