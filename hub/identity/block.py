"""Blocking: seven kinds of keys; only records that share one are compared.

Source: the design's measured keys. A key that too many records share is skipped, since its pairs grow with the square
and it tells nobody apart; what was skipped is counted.
"""

from __future__ import annotations

from collections.abc import Iterator

from hub.identity.normalise import Normal
from hub.identity.numbers import lost_the_day

#: A block larger than this is skipped.
CAP = 80
#: Digits of a number that a spreadsheet keeps.
_KEPT = 15


def block_keys(record: Normal) -> Iterator[tuple[int, str]]:
    """Kinds and keys of one record; a key is there only where all its parts are known."""
    if record.citizen_number:
        yield 1, record.citizen_number
    digits = record.citizen_number or record.number_raw
    if digits and len(digits) >= _KEPT and not lost_the_day(digits):
        # What is left of a number that a spreadsheet cut, and a mistyped one's whose last digits are wrong.
        yield 7, digits[:_KEPT]
    born = record.born_on.isoformat() if record.born_on else None
    if record.name and born:
        yield 2, f"{record.name}|{born}"
    if record.pinyin and born:
        yield 3, f"{record.pinyin}|{born}"
    if record.phone:
        yield 4, f"{record.phone}|{record.sex or ''}"
    for township in _townships(record):
        if record.name:
            yield 5, f"{record.name}|{township}"
        if born and record.sex:
            yield 6, f"{born}|{township}|{record.sex}"


def _townships(record: Normal) -> list[str]:
    """Where somebody is registered and where they live: of who is away, one department may know only the former."""
    codes = (record.registered_region_code, record.living_region_code)
    return sorted({code[:9] for code in codes if code and code[6:9] != "000"})
