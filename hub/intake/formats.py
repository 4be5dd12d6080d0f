"""Telling a file's format by its first bytes and opening it unpacked, within limits. Never by its name."""

from __future__ import annotations

import gzip
import io
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from hub.intake.refusal import FileRefused, Limits

_BLOCK: Final = 1 << 20
_GZIP, _ZIP, _OLE, _PARQUET = b"\x1f\x8b", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PAR1"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class FileKind:
    """``format`` is one of :data:`schema.feeds.parse.FORMATS`."""

    format: str
    gzipped: bool


def read_kind(path: Path) -> FileKind:
    """What the first bytes say the file is.

    Raises
    ------
    FileRefused
        ``file_empty``, ``file_broken`` or ``format_unknown``.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    gzipped = head.startswith(_GZIP)
    if gzipped:
        with broken_as_refusal(), gzip.open(path) as unpacked:
            head = unpacked.read(4096)
    if not head.strip(b"\x00\r\n\t \xef\xbb\xbf"):
        raise FileRefused("file_empty", "The file holds nothing.", hint="Export it again.")
    return FileKind(_format_of(head), gzipped)


def _format_of(head: bytes) -> str:
    if head.startswith(_ZIP):
        return "xlsx"
    if head.startswith(_OLE):
        return "xls"
    if head.startswith(_PARQUET):
        return "parquet"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"{"):
        return "ndjson"
    if text[:1] == b"<":
        raise FileRefused(
            "format_unknown",
            "The file is a web page or XML, whatever its name says.",
            hint="Open it in a spreadsheet program and save it as XLSX.",
        )
    if text.startswith(b"["):
        raise FileRefused(
            "format_unknown", "The file is one JSON array.", hint="Send NDJSON: one object a line, no brackets around."
        )
    # A stray control character costs its row; a file made of them is none of ours.
    if sum(byte < 9 for byte in head) > len(head) // 20 and not head.startswith(_UTF16):
        raise FileRefused(
            "format_unknown",
            "The first bytes are those of no format we read.",
            hint="Send CSV, XLSX, XLS, NDJSON or Parquet, gzipped or not.",
        )
    return "csv"


@contextmanager
def broken_as_refusal() -> Iterator[None]:
    """Damage to a packed file as a refusal."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise FileRefused(
            "file_broken", f"The file is damaged or cut off ({type(error).__name__}).", hint="Send it again."
        ) from error


class _Bounded(io.RawIOBase):
    """Passes bytes on until they are too many, or too many without a line's end."""

    def __init__(self, source: BinaryIO | gzip.GzipFile, limits: Limits) -> None:
        self._source, self._limits = source, limits
        self._bytes = self._since_line = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]  # RawIOBase's stub says object; any writable buffer comes
        with broken_as_refusal():
            data = self._source.read(len(view))
        view[: len(data)] = data
        self._bytes += len(data)
        if self._bytes > self._limits.unpacked_bytes:
            raise too_large(self._limits.unpacked_bytes)
        end = max(data.rfind(b"\n"), data.rfind(b"\r"))
        self._since_line = self._since_line + len(data) if end < 0 else len(data) - end - 1
        if self._since_line > self._limits.line_bytes:
            raise FileRefused(
                "line_too_long",
                f"A line is longer than {self._limits.line_bytes} bytes.",
                hint="The file is not made of lines; export it again.",
            )
        return len(data)


def too_large(limit: int) -> FileRefused:
    """The refusal of what unpacks to more than ``limit`` bytes."""
    return FileRefused(
        "file_too_large", f"Unpacked the file is larger than {limit} bytes.", hint="Send it in parts by region."
    )


@dataclass(frozen=True, slots=True)
class OpenText:
    """Unpacked bytes of a text file and how far into the file as it came they reach."""

    stream: io.BufferedReader[_Bounded]
    file: BinaryIO

    def position(self) -> int:
        """Bytes of the file, still packed, that have been read."""
        return self.file.tell()


@contextmanager
def open_text(path: Path, *, gzipped: bool, limits: Limits) -> Iterator[OpenText]:
    """The bytes of a CSV or NDJSON file, unpacked as they are read."""
    with ExitStack() as stack:
        file = stack.enter_context(path.open("rb"))
        source = stack.enter_context(gzip.open(file)) if gzipped else file
        yield OpenText(stack.enter_context(io.BufferedReader(_Bounded(source, limits), _BLOCK)), file)


@contextmanager
def open_whole(path: Path, *, gzipped: bool, limits: Limits) -> Iterator[BinaryIO]:
    """A workbook or Parquet file as a seekable file; a gzipped one is unpacked to a temporary file first."""
    if not gzipped:
        with path.open("rb") as file:
            yield file
        return
    with tempfile.TemporaryFile() as unpacked:
        with broken_as_refusal(), gzip.open(path) as source:
            while block := source.read(_BLOCK):
                if unpacked.tell() + len(block) > limits.sheet_bytes:
                    raise too_large(limits.sheet_bytes)
                unpacked.write(block)
        unpacked.seek(0)
        yield unpacked


def check_workbook(file: BinaryIO, limits: Limits) -> None:
    """Refuse a workbook that unpacks to too much.

    What a ZIP says of its own sizes is checked by unpacking: a member longer than it says fails its check sum.
    """
    with broken_as_refusal(), zipfile.ZipFile(file) as archive:
        if sum(member.file_size for member in archive.infolist()) > limits.sheet_bytes:
            raise too_large(limits.sheet_bytes)
        if not any(name.startswith("xl/workbook") for name in archive.namelist()):
            raise FileRefused(
                "format_unknown", "The file is a ZIP archive but no XLSX workbook.", hint="Send the files in it."
            )
        for member in archive.infolist():
            with archive.open(member) as content:
                while content.read(_BLOCK):
                    pass
    file.seek(0)
