"""CSV: encoding, delimiter and records, with the physical line of every record right.

``csv`` splits rows of 23 columns into Python's own strings nearly three times as fast as ``pyarrow.csv`` hands them
over, and says on which line each began.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from hub.intake.formats import OpenText, open_text
from hub.intake.refusal import FileRefused, Limits
from hub.intake.table import BrokenRow, Chunk, Head, fit

CHUNK_LINES: Final = 16_384
HEAD_LINES: Final = 80
DELIMITERS: Final = (",", "\t", ";", "|")
_SAMPLE_BYTES: Final = 1 << 20
#: More unreadable characters than this share, and the file is in no encoding we know.
_UNREADABLE_SHARE: Final = 0.01


def read_encoding(path: Path, encodings: Sequence[str], *, gzipped: bool, limits: Limits) -> str:
    """The first of ``encodings`` that the file can be read in, as a Python codec.

    A file that none can read without fault is read in the one with the fewest faults where these are few: a damaged
    row is then a Rejection, not a reason to refuse the rest.

    Raises
    ------
    FileRefused
        ``undecodable``.
    """
    with open_text(path, gzipped=gzipped, limits=limits) as text:
        sample = text.stream.read(_SAMPLE_BYTES)
        if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and "utf-16" in encodings:
            return "utf-16"
        if sample.startswith(codecs.BOM_UTF8) and "utf-8" in encodings:
            return "utf-8-sig"
        if "utf-8" in encodings:
            # Chinese in GB18030 fails this within a few characters, wherever in the file the first of it stands.
            decoder, block = codecs.getincrementaldecoder("utf-8")(), sample
            try:
                while block:
                    decoder.decode(block)
                    block = text.stream.read(_SAMPLE_BYTES)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                sample = sample if block is sample else sample + block
            else:
                return "utf-8"
    faults = {
        encoding: codecs.getincrementaldecoder(encoding)("replace").decode(sample).count("�")
        for encoding in encodings
        if encoding != "utf-16"
    }
    best = min(faults, key=lambda encoding: faults[encoding], default=None)
    if best is None or faults[best] > max(1, _UNREADABLE_SHARE * len(sample) / 2):
        raise FileRefused(
            "undecodable",
            f"The text is in none of {', '.join(encodings)}.",
            hint="Save the file as UTF-8 or GB18030.",
            where=_first_fault(sample, best or "utf-8"),
        )
    return best


def _first_fault(sample: bytes, encoding: str) -> str:
    text = codecs.getincrementaldecoder(encoding)("replace").decode(sample)
    return f"line {text.count(chr(10), 0, max(text.find('�'), 0)) + 1}"


@dataclass(slots=True)
class Split:
    """Records of a block of lines; ``starts`` are 0-based lines within it."""

    rows: list[list[str]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    broken: list[BrokenRow] = field(default_factory=list)
    used: int = 0  # lines consumed; the others begin a record that the next block ends


def split_lines(block: list[str], *, delimiter: str, width: int, final: bool, record_lines: int) -> Split:
    """Split lines into records.

    A quote without its fellow would swallow all that follows up to the next one. A record that spans more lines than
    one can, or ends with the file inside quotes, is therefore given up: its first line is a broken row, and reading
    goes on with the next line.
    """
    split = Split()
    base = 0
    while base < len(block):
        reader = csv.reader(block[base:] if base else block, delimiter=delimiter, strict=True)
        start = base
        try:
            for row in reader:
                end = base + reader.line_num
                if end - start > record_lines:
                    raise csv.Error("record too long")
                split.rows.append(row)
                split.starts.append(start)
                start = end
            base = len(block)
        except csv.Error as error:
            open_at_end = str(error) == "unexpected end of data"
            if open_at_end and not final and len(block) - start <= record_lines:
                split.used = start
                return split
            alone = next(csv.reader([block[start]], delimiter=delimiter), [])
            # "甲"乙 breaks the standard's rule for quotes, yet says what it means.
            if block[start].count('"') % 2 == 0 and fit(alone, width):
                split.rows.append(alone)
                split.starts.append(start)
            else:
                split.broken.append(BrokenRow(start, "row_quote", [block[start].rstrip("\r\n")]))
            base = start + 1
    split.used = len(block)
    return split


class CsvTable:
    """A CSV file. The same rows under each delimiter are so many heads; the headings tell which is right."""

    def __init__(self, path: Path, *, gzipped: bool, encodings: Sequence[str], limits: Limits) -> None:
        self._path, self._gzipped, self._limits = path, gzipped, limits
        self._encoding = read_encoding(path, encodings, gzipped=gzipped, limits=limits)

    def heads(self) -> list[Head]:
        """One head a delimiter that occurs in the first lines."""
        with self._lines() as (lines, _):
            first = list(islice(lines, HEAD_LINES))
        heads = []
        for delimiter in DELIMITERS:
            if delimiter == "," or any(delimiter in line for line in first):
                reader = csv.reader(first, delimiter=delimiter)
                rows, ends = [], []
                for row in reader:
                    rows.append(row)
                    ends.append(reader.line_num)
                heads.append(Head("", rows, ends, delimiter))
        return heads

    def chunks(self, head: Head, *, after: int, width: int) -> Iterator[Chunk]:
        """Records after line ``after``."""
        size = max(1, self._path.stat().st_size)
        with self._lines() as (lines, text):
            line = after + 1 + sum(0 for _ in islice(lines, after))
            pending: list[str] = []
            final = False
            while not final:
                fresh = list(islice(lines, CHUNK_LINES))
                final = len(fresh) < CHUNK_LINES
                block = pending + fresh
                split = split_lines(
                    block, delimiter=head.key, width=width, final=final, record_lines=self._limits.record_lines
                )
                pending = block[split.used :]
                chunk = _checked(split, first_line=line, width=width)
                chunk.done = text.position() / size
                line += split.used
                yield chunk

    def _lines(self) -> AbstractContextManager[tuple[Iterator[str], OpenText]]:
        return open_lines(self._path, self._encoding, gzipped=self._gzipped, limits=self._limits)


def _checked(split: Split, *, first_line: int, width: int) -> Chunk:
    chunk = Chunk(())
    chunk.broken = [BrokenRow(first_line + row.line, row.code, row.cells) for row in split.broken]
    for start, row in zip(split.starts, split.rows, strict=True):
        if len(row) == width or fit(row, width):
            chunk.rows.append(row)
            chunk.lines.append(first_line + start)
        elif row and any(cell.strip() for cell in row):
            chunk.broken.append(BrokenRow(first_line + start, "row_width", row))
    return chunk


@contextmanager
def open_lines(path: Path, encoding: str, *, gzipped: bool, limits: Limits) -> Iterator[tuple[Iterator[str], OpenText]]:
    """Decoded lines with their ends, and how far they have been read; damaged bytes become replacement characters."""
    with (
        open_text(path, gzipped=gzipped, limits=limits) as text,
        io.TextIOWrapper(text.stream, encoding=encoding, errors="replace", newline="") as lines,
    ):
        yield (line.replace("\x00", "�") if "\x00" in line else line for line in lines), text
