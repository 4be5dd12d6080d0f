"""Cells of every format as one kind of text, so that all that follows is the same for all of them."""

from __future__ import annotations

import json
import math
import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

#: What neither PostgreSQL nor UTF-8 can hold: NUL and halves of surrogate pairs (from JSON escapes).
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
#: Doubles keep whole numbers exactly up to here.
_EXACT: Final = 2.0**53


def cell_text(cell: object) -> str:
    """The text a cell would have had in a CSV file.

    Excel keeps every number as a double: a whole one is written without a point, a long citizen number as its digits
    (the last ones lost to Excel's rounding, which identity recognises), a day without a time as a day.
    """
    if isinstance(cell, str):
        return storable(cell)
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return _float_text(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.replace(tzinfo=None).isoformat(" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, int | Decimal | timedelta):
        return str(cell)
    if isinstance(cell, bytes):
        return cell.decode("utf-8", errors="replace").replace("\x00", "�")
    return storable(json.dumps(cell, ensure_ascii=False, default=str))


def _float_text(number: float) -> str:
    if not math.isfinite(number):
        return ""
    if number.is_integer():
        return str(int(number)) if abs(number) < _EXACT else format(Decimal(repr(number)), "f")
    return f"{number:.15g}"  # what a spreadsheet shows of 0.1 + 0.2


def storable(text: str) -> str:
    """``text`` with what PostgreSQL cannot hold replaced by the replacement character."""
    return _UNSTORABLE.sub("�", text) if _UNSTORABLE.search(text) else text
