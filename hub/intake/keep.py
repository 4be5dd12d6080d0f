"""Keeping a file as it came, under its hash."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final
from uuid import uuid4

_BLOCK: Final = 1 << 20
_DRAFT: Final = ".part"
_STALE_SECONDS: Final = 24 * 3600


@dataclass(frozen=True, slots=True)
class Draft:
    """A copy that nobody else sees yet. Everything is read from it: the file itself may change meanwhile."""

    path: Path
    sha256: bytes
    size_bytes: int


def kept_path(files_dir: Path, digest: bytes) -> Path:
    """Where the file with this hash is kept."""
    name = digest.hex()
    return files_dir / name[:2] / name


@contextmanager
def draft_copy(source: Path, files_dir: Path) -> Iterator[Draft]:
    """A private copy of ``source``, gone when the context ends. One left by a crash is swept the next day."""
    files_dir.mkdir(parents=True, exist_ok=True)
    _sweep(files_dir)
    path = files_dir / f"{uuid4().hex}{_DRAFT}"
    digest, size = sha256(), 0
    try:
        with source.open("rb") as reader, path.open("xb") as writer:
            while block := reader.read(_BLOCK):
                digest.update(block)
                writer.write(block)
                size += len(block)
            writer.flush()
            os.fsync(writer.fileno())
        yield Draft(path, digest.digest(), size)
    finally:
        path.unlink(missing_ok=True)


def store_file(draft: Draft, files_dir: Path) -> Path:
    """Keep a draft under its hash; it is on disk before a batch speaks of it.

    The whole draft is linked into place, so whoever finds the name finds the whole file, and two who store the same
    file do not disturb each other.
    """
    path = kept_path(files_dir, draft.sha256)
    path.parent.mkdir(exist_ok=True)
    with suppress(FileExistsError):
        os.link(draft.path, path)
    _sync_directory(path.parent)
    _sync_directory(files_dir)
    return path


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sweep(files_dir: Path) -> None:
    for draft in files_dir.glob(f"*{_DRAFT}"):
        with suppress(FileNotFoundError):
            if time.time() - draft.stat().st_mtime > _STALE_SECONDS:
                draft.unlink()
