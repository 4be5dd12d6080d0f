"""Why a file as a whole cannot be taken in, and the limits it has to keep."""

from __future__ import annotations

from dataclasses import dataclass

from hub.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is wrong with a file, where in it, and what to do. Holds no value of any record."""

    code: str
    detail: str
    hint: str
    where: str


class FileRefused(InvalidInput):
    """The file is not what its layout says."""

    def __init__(self, code: str, detail: str, *, hint: str = "", where: str = "") -> None:
        super().__init__(code, detail, hint=hint)
        self.where = where

    @property
    def refusal(self) -> Refusal:
        """The same as a value, for the batch and its report."""
        return Refusal(self.code, self.detail, self.hint, self.where)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one file may cost. A small file can unpack to a very large one."""

    unpacked_bytes: int = 16 * 2**30  # of text, read in pieces
    sheet_bytes: int = 3 * 2**30  # of a workbook, which is held in memory
    line_bytes: int = 8 * 2**20
    columns: int = 512
    record_lines: int = 64  # lines that one quoted record may span
    rejections: int = 1_000_000
