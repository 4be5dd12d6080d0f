"""Citizen numbers: GB 11643-1999, and the ways in which they arrive broken."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Literal

NumberState = Literal["valid", "widened", "mistyped", "rounded", "missing"]

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_NOISE = re.compile(r"[\s'’`‘\"\-_]")
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?E\+?\d{1,2}\Z")


@dataclass(frozen=True, slots=True)
class CitizenNumber:
    """What a cell of a number column is worth.

    ``number`` holds 18 characters with a right check digit, or None. ``raw`` is what stood there, cleaned of noise: it
    may still agree with another record's number in all but a digit.
    """

    number: str | None
    state: NumberState
    raw: str | None

    @property
    def born_on(self) -> date | None:
        """The day of birth the number encodes; None where it is not valid."""
        return _day(self.number[6:14]) if self.number else None

    @property
    def sex(self) -> str | None:
        """GB/T 2261.1: the seventeenth digit is odd for men."""
        return None if self.number is None else "1" if int(self.number[16]) % 2 else "2"


MISSING = CitizenNumber(None, "missing", None)


def check_digit(body: str) -> str:
    """The eighteenth character of a number, from its first seventeen digits."""
    return _CHECKS[sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, body, strict=True)) % 11]


def widen(number: str) -> str:
    """An old 15-digit number in its present form: the century goes in, the check digit goes on."""
    body = number[:6] + "19" + number[6:]
    return body + check_digit(body)


def parse_citizen_number(text: str | None) -> CitizenNumber:
    """Read a citizen number as a department sent it.

    Excel keeps fifteen digits: a number that went through it ends in three zeros (``rounded``) or stands in scientific
    notation. Neither can be mended; both still tell the first fifteen digits.
    """
    if not text:
        return MISSING
    cleaned = _NOISE.sub("", unicodedata.normalize("NFKC", text)).upper()
    if _SCIENTIFIC.match(cleaned):
        mantissa, _, exponent = cleaned.partition("E")
        digits = mantissa.replace(".", "")
        cleaned = digits.ljust(int(exponent) + 1, "0")
        return CitizenNumber(None, "rounded", cleaned)
    cleaned = cleaned.removesuffix(".0")
    if not re.search(r"\d{6}", cleaned):
        return MISSING
    if re.fullmatch(r"\d{15}", cleaned) and _day("19" + cleaned[6:12]):
        return CitizenNumber(widen(cleaned), "widened", cleaned)
    if re.fullmatch(r"\d{17}[\dX]", cleaned):
        if _day(cleaned[6:14]) and check_digit(cleaned[:17]) == cleaned[17]:
            return CitizenNumber(cleaned, "valid", cleaned)
        if cleaned.endswith("000"):
            return CitizenNumber(None, "rounded", cleaned)
    return CitizenNumber(None, "mistyped", cleaned)


def born_on_of(raw: str | None) -> date | None:
    """The day that a broken number still tells, where its date part is a day; None otherwise.

    Only used where nothing better is known: the broken digit may be in the date.
    """
    return _day(raw[6:14]) if raw and len(raw) == 18 else None


def _day(text: str) -> date | None:
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return None
    return day if 1880 <= day.year <= 2100 else None
