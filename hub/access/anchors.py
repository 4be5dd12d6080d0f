"""Anchors: how far the chain had come and what its hash was, as lines of a file outside the database.

Whoever can rewrite the whole chain, hashes and all, would have to rewrite this file too; so it belongs on another
machine's disk. Each line holds the hash of the line before it. Several processes may write one file: they take turns.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg

from hub.clock import Clock
from hub.db.sql import load_queries

#: What the first line has for a line before it.
_NONE = "0" * 64
#: No line of ours is longer.
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Anchor:
    """One line: a segment, its hash, and when the line was written."""

    segment: int
    sha256: str
    at: str
    previous: str


@dataclass(frozen=True, slots=True)
class AnchorLine:
    """A line as it was found.

    Attributes
    ----------
    anchor
        None where the line cannot be read.
    linked
        Whether it holds the hash of the line before it.
    torn
        It cannot be read because a machine went down while it was written: the next line speaks of the one before it.
    """

    line: int
    anchor: Anchor | None
    linked: bool
    torn: bool = False


async def store_anchor(pool: asyncpg.Pool | asyncpg.Connection, path: Path, *, clock: Clock) -> Anchor | None:
    """Append where the chain ends to the file, durably; None where the last line says it already."""
    head = await pool.fetchrow(load_queries("hub.access").fetch_audit_head)
    if head is None or head["segment_id"] == 0:
        return None
    return await asyncio.to_thread(append_anchor, path, head["segment_id"], head["sha256"], clock.now())


def append_anchor(path: Path, segment: int, sha256: bytes, at: datetime) -> Anchor | None:
    """Append a line unless one of this segment or a later one is there; returns it once it is durable."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        last, ended = _last_line(file)
        held = _parse(last)
        if held is not None and held.segment >= segment:
            return None
        anchor = Anchor(segment, sha256.hex(), at.isoformat(), _digest(last) if held is not None else _NONE)
        text = json.dumps({name: getattr(anchor, name) for name in Anchor.__slots__})
        # After a line that was torn off, ours begins a new one.
        os.write(file, (("" if ended else "\n") + text + "\n").encode())
        os.fsync(file)
        return anchor
    finally:
        os.close(file)


def read_anchors(path: Path, *, size: int | None = None) -> Iterator[AnchorLine]:
    """The lines of a file, one after another; none where there is no file.

    Parameters
    ----------
    size
        Read so many bytes: what is appended meanwhile is left out.
    """
    if not path.exists():
        return
    previous, unreadable, read = _NONE, [], 0
    with path.open("rb") as file:
        for number, raw in enumerate(iter(lambda: file.readline(_LONGEST), b""), 1):
            read += len(raw)
            if size is not None and read > size:
                break
            anchor = _parse(raw.rstrip(b"\n"))
            if anchor is None:
                unreadable.append((number, raw.endswith(b"\n")))
                continue
            linked = anchor.previous == previous
            for line, _ in unreadable:
                yield AnchorLine(line, None, False, torn=linked)
            unreadable = []
            yield AnchorLine(number, anchor, linked)
            previous = _digest(raw.rstrip(b"\n"))
    for line, ended in unreadable:
        yield AnchorLine(line, None, False, torn=not ended)


def _last_line(file: int) -> tuple[bytes, bool]:
    """The last line that can be read, and whether the file ends with a line's end."""
    size = os.fstat(file).st_size
    tail = os.pread(file, 4 * _LONGEST, max(0, size - 4 * _LONGEST))
    lines = [line for line in tail.split(b"\n") if _parse(line) is not None]
    return (lines[-1] if lines else b""), not tail or tail.endswith(b"\n")


def _parse(raw: bytes) -> Anchor | None:
    try:
        body = json.loads(raw)
        anchor = Anchor(int(body["segment"]), str(body["sha256"]), str(body["at"]), str(body["previous"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return anchor


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
