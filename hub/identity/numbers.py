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
_SCIENTIFIC = re.compile(r"([0-9])(?:\.([0-9]+))?E\+?([0-9]{1,2})")
_LENGTH = 18
#: What a number that went through a spreadsheet ends in: a double keeps fifteen digits.
_CUT = "000"


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
        """GB/T 2261.1: the seventeenth digit is odd for men. None where that digit may be a spreadsheet's zero."""
        number = certain_number(self.number)
        return None if number is None else "1" if int(number[16]) % 2 else "2"


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

    Excel keeps fifteen digits: a number that went through it ends in three zeros or stands in scientific notation
    (``rounded``). As a number it has no leading zeros either; made-up numbers begin with two or three of them, real
    ones with none. None of this can be mended; what is left is padded to eighteen, so that it can be compared.
    """
    if not text:
        return MISSING
    cleaned = _NOISE.sub("", unicodedata.normalize("NFKC", text)).upper()
    power = _SCIENTIFIC.fullmatch(cleaned)
    if power:
        first, others, exponent = power[1], power[2] or "", int(power[3])
        # Another power of ten is some other quantity.
        if not _LENGTH - 4 <= exponent < _LENGTH:
            return MISSING
        return CitizenNumber(None, "rounded", (first + others)[: exponent + 1].ljust(exponent + 1, "0").zfill(_LENGTH))
    cleaned = cleaned.removesuffix(".0")
    if not re.search(r"[0-9]{6}", cleaned):
        return MISSING
    if re.fullmatch(r"[0-9]{15,17}", cleaned) and cleaned.endswith(_CUT):
        # It may look like a 15-digit number of GB 11643-1989 too, but a sequence of one day began with 001: nobody has
        # one that ends in 000. Where the padded digits tell a day, leading zeros are what it lost.
        padded = cleaned.zfill(_LENGTH)
        return (
            CitizenNumber(None, "rounded", padded) if _day(padded[6:14]) else CitizenNumber(None, "mistyped", cleaned)
        )
    if re.fullmatch(r"[0-9]{15}", cleaned) and _day("19" + cleaned[6:12]):
        return CitizenNumber(widen(cleaned), "widened", cleaned)
    if re.fullmatch(r"[0-9]{17}[0-9X]", cleaned):
        if _day(cleaned[6:14]) and check_digit(cleaned[:17]) == cleaned[17]:
            return CitizenNumber(cleaned, "valid", cleaned)
        if cleaned.endswith(_CUT):
            return CitizenNumber(None, "rounded", cleaned)
    return CitizenNumber(None, "mistyped", cleaned)


def certain_number(number: str | None) -> str | None:
    """A valid number that tells people apart beyond doubt; None for one that ends in 000.

    Of the numbers that a spreadsheet cut, one in eleven has the right check digit by chance. Such a number is about as
    often somebody's own as it is not; two people may seem to be there who are one.
    """
    return None if number is None or number.endswith(_CUT) else number


def lost_the_day(raw: str) -> bool:
    """Whether a rounded number keeps less than a birthday: a spreadsheet's display shows six digits of eighteen.

    The last four digits and the day are zeros then, which no number has.
    """
    return raw.endswith("000000")


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
