"""One cell's text → its canonical value. Pure; a cell that cannot be read is an :class:`Unreadable`, never a guess."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from importlib import resources
from typing import Final

from hub.intake.places import parse_region
from schema.codes import LISTS, fold_label
from schema.feeds import Field

Value = str | int | float | bool

MAX_TEXT: Final = 4_000
_YEARS: Final = range(1850, 2101)
_SERIAL_EPOCH: Final = date(1899, 12, 30)  # day 0 of spreadsheets
_SERIALS: Final = range(10_000, 73_051)  # 1927-05-18 to 2100-01-01
_TIME: Final = re.compile(r"[T ]\s*\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?$")
_NUMBER: Final = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?")
_RANGE: Final = re.compile(r"([\d,.]+)[^\d,.]*?(?:-|~|—|–|至|到)([\d,.]+)(.*)")
_TOKENS: Final = {"YYYY": r"(?P<y>\d{4})", "MM": r"(?P<m>\d{2})", "M": r"(?P<m>\d{1,2})", "DD": r"(?P<d>\d{2})",
                  "D": r"(?P<d>\d{1,2})"}  # fmt: skip


class Unreadable(Exception):
    """A cell that does not hold what its column should; ``code`` is the rejection's."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _visible(text: str) -> str:
    # Private-use and unassigned characters stay: rare characters of names are among them.
    return "".join(ch for ch in text if ch.isspace() or unicodedata.category(ch) not in ("Cc", "Cf", "Cs"))


def parse_text(cell: str) -> str:
    """Free text: composed form, blanks collapsed, control characters gone."""
    text = unicodedata.normalize("NFC", cell)
    if not text.isprintable() or "  " in text or text[:1] == " " or text[-1:] == " ":
        text = " ".join(_visible(text).split())
    if len(text) > MAX_TEXT:
        raise Unreadable("text_too_long")
    return text


def parse_identifier(cell: str) -> str:
    """A number kept as text: NFKC, blanks and the apostrophe that keeps a spreadsheet from rounding it dropped."""
    text = cell if cell.isascii() else unicodedata.normalize("NFKC", cell)
    if not text.isalnum():
        text = "".join(_visible(text).split()).lstrip("'`‘’")
    if len(text) > MAX_TEXT:
        raise Unreadable("text_too_long")
    return text


@lru_cache(maxsize=256)
def _pattern(form: str) -> re.Pattern[str]:
    parts = re.split(r"(YYYY|MM|M|DD|D)", unicodedata.normalize("NFKC", form))
    return re.compile("".join(_TOKENS.get(part, re.escape(part)) for part in parts))


def parse_date(cell: str, forms: tuple[str, ...]) -> date:
    """A day in the first of ``forms`` that fits; a form without a day stands for the first of its month."""
    text = _TIME.sub("", unicodedata.normalize("NFKC", cell).strip())
    text = "".join(text.split()).replace("号", "日")
    text = re.sub(r"(?<=^\d{5})\.\d+$|(?<=^\d{8})\.0+$|(?<=^\d{6})\.0+$", "", text)
    for form in forms:
        if form == "serial":
            if len(text) == 5 and text.isdecimal() and int(text) in _SERIALS:
                return _SERIAL_EPOCH + timedelta(days=int(text))
            continue
        found = _pattern(form).fullmatch(text)
        if found is None:
            continue
        parts = found.groupdict()
        try:
            day = date(int(parts["y"]), int(parts["m"]), int(parts.get("d") or 1))
        except ValueError:
            continue  # 20261301 may still be something in another form
        if day.year in _YEARS:
            return day
    raise Unreadable("date_unreadable")


def parse_number(cell: str, field: Field) -> Decimal:
    """A number with or without thousands' commas, a unit behind it, or ten thousands (万)."""
    text = "".join(unicodedata.normalize("NFKC", cell).split()).lstrip("'¥￥")
    if field.span is not None and (found := _RANGE.fullmatch(text)):
        text = found.group(1 if field.span == "low" else 2) + found.group(3)
    text = next((text.removesuffix(unit) for unit in field.units if text.endswith(unit)), text)
    factor = 10_000 if text.endswith("万") else 1
    text = text.removesuffix("万")
    if len(text) > 18 or not _NUMBER.fullmatch(text):
        raise Unreadable("number_unreadable")
    try:
        number = Decimal(text.replace(",", "")) * factor
    except InvalidOperation:
        raise Unreadable("number_unreadable") from None
    if (field.min is not None and number < field.min) or (field.max is not None and number > field.max):
        raise Unreadable("number_out_of_range")
    return number


def parse_code(cell: str, field: Field) -> str:
    """A code from the layout's own words, then from the code list's labels and aliases."""
    label = fold_label(cell)
    code = field.codes.get(label)
    if code is None and field.kind.startswith("code:"):
        code = LISTS[field.kind.removeprefix("code:")].code_of(cell)
    if code is None:
        raise Unreadable("code_unknown")
    return code


@lru_cache(maxsize=1)
def load_occupations() -> dict[str, str]:
    """Code or name of an occupation → its code."""
    text = resources.files("schema").joinpath("data/occupations.csv").read_text(encoding="utf-8")
    rows = [line.split(",") for line in text.splitlines()[1:]]
    codes = {row[1]: row[0] for row in rows if row[2] == "occupation"}
    return codes | {code: code for code in codes.values()}


def _text(cell: str) -> Value:
    return parse_text(cell)


def _identifier(cell: str) -> Value:
    return parse_identifier(cell)


def _region(cell: str) -> Value:
    code = parse_region(cell)
    if code is None:
        raise Unreadable("region_unknown")
    return code


def _occupation(cell: str) -> Value:
    code = load_occupations().get(parse_identifier(cell))
    if code is None:
        raise Unreadable("occupation_unknown")
    return code


def parser_for(field: Field) -> Callable[[str], Value]:
    """The parser of a field's kind. An empty text it returns means the cell held nothing after all."""
    kind = field.kind

    def parse_int(cell: str) -> Value:
        number = parse_number(cell, field)
        if number != number.to_integral_value():
            raise Unreadable("number_unreadable")
        return int(number)

    def parse_float(cell: str) -> Value:
        number = parse_number(cell, field)
        return int(number) if number == number.to_integral_value() else float(number)

    def parse_flag(cell: str) -> Value:
        try:
            return field.flags[fold_label(cell)]
        except KeyError:
            raise Unreadable("flag_unreadable") from None

    parsers: dict[str, Callable[[str], Value]] = {
        "text": _text,
        "identifier": _identifier,
        "date": lambda cell: parse_date(cell, field.forms).isoformat(),
        "month": lambda cell: parse_date(cell, field.forms).replace(day=1).isoformat(),
        "int": parse_int,
        "number": parse_float,
        "bool": parse_flag,
        "region": _region,
        "occupation": _occupation,
    }
    return parsers.get(kind) or (lambda cell: parse_code(cell, field))
