"""Division codes from numbers that begin with one and from addresses. Pure; over :mod:`schema.regions`."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from schema.codes import NATIONALITY
from schema.regions import PREFIX_LENGTH, load_regions

#: Endings that people leave out or write otherwise, and how else they write them.
_ENDINGS: Final = {
    "省": (),
    "市": (),
    "州": (),
    "县": (),
    "区": (),
    "街道": ("街道办事处", "街道办", "办事处"),
    "镇": (),
    "乡": (),
    "社区居民委员会": ("社区居委会", "社区", "居委会"),
    "居民委员会": ("居委会", "社区"),
    "村民委员会": ("村委会", "村"),
}
_DIGIT: Final = re.compile(r"\d")
_NATIONS: Final = "|".join(entry.zh for entry in NATIONALITY.entries)
_OF_NATIONS: Final = re.compile(f"(.{{2,}}?)(?:{_NATIONS}|各族)+(自治)?(州|县|乡|镇)")


def region_of_code(text: str, digits: int = 12) -> str | None:
    """The finest listed division whose code ``text`` begins with, looking at no more than ``digits`` of it."""
    code = _squeeze(text)
    regions = load_regions()
    for length in (12, 9, 6):
        if length <= digits and len(code) >= length and code[:length].isascii() and code[:length].isdecimal():
            padded = code[:length].ljust(12, "0")
            if padded in regions:
                return padded
    return None


def parse_region(text: str) -> str | None:
    """A division written as a code of 2, 4, 6, 9 or 12 digits or as a full name; None when it is none we know."""
    code = _squeeze(text)
    if code.isascii() and code.isdecimal():
        padded = code.ljust(12, "0")
        return padded if len(code) in PREFIX_LENGTH.values() and padded in load_regions() else None
    return region_of_address(code, "")


def region_of_address(address: str, sender: str) -> str | None:
    """The finest division an address names from its beginning on.

    Parameters
    ----------
    address
        As written; it may begin at any level of the sender's own region.
    sender
        Twelve-digit code of the region that sent it, empty when unknown.
    """
    # Group and house number tell nothing here, and without them a village's addresses are one.
    digit = _DIGIT.search(address)
    if digit and not any(name in address for name in _numbered()):
        address = address[: digit.start()]
    return _locate(address, sender)


@lru_cache(maxsize=1)
def _numbered() -> tuple[str, ...]:
    """Names of divisions that have a digit in them, up to its end: one, as it happens."""
    found = ((region.name, _DIGIT.search(region.name)) for region in load_regions().values())
    return tuple(name[: digit.end()] for name, digit in found if digit)


def _squeeze(text: str) -> str:
    return "".join(ch for ch in unicodedata.normalize("NFKC", text) if not ch.isspace() and ch not in ",、")


@lru_cache(maxsize=100_000)
def _locate(address: str, sender: str) -> str | None:
    text, names, regions = _squeeze(address), _names(), load_regions()
    starts = [""]
    current = regions.get(sender)
    above: list[str] = []
    while current is not None:
        above.append(current.code)
        current = regions.get(current.parent_code)
    # From the province down: a name that stands at two levels is read as the coarser.
    for start in [*starts, *reversed(above)]:
        found, rest = start, text
        while step := _step(rest, names.get(found, {})):
            found, rest = step
        if found != start:
            return found
    return None


def _step(text: str, names: dict[str, str]) -> tuple[str, str] | None:
    for length in range(min(len(text), 24), 1, -1):
        if (code := names.get(text[:length])) is not None:
            return code, text[length:]
    return None


@lru_cache(maxsize=1)
def _names() -> dict[str, dict[str, str]]:
    """Code → every way in which a division within it is written → that division's code.

    Full names first; a short form that two share stands for neither. A province also knows its counties, since people
    leave the prefecture out.
    """
    regions = load_regions().values()
    names: dict[str, dict[str, str]] = {}
    for region in regions:
        # As an address is read: some names have brackets, which are of another width there.
        names.setdefault(region.parent_code, {})[_squeeze(region.name)] = region.code
    short: dict[str, dict[str, set[str]]] = {}
    for region in regions:
        for form in _short_forms(_squeeze(region.name)):
            short.setdefault(region.parent_code, {}).setdefault(form, set()).add(region.code)
        if region.level == "county":
            province = region.code[:2].ljust(12, "0")
            for form in (_squeeze(region.name), *_short_forms(_squeeze(region.name))):
                short.setdefault(province, {}).setdefault(form, set()).add(region.code)
    for parent, forms in short.items():
        for form, codes in forms.items():
            if len(codes) == 1:
                names.setdefault(parent, {}).setdefault(form, next(iter(codes)))
    return names


def _short_forms(name: str) -> set[str]:
    forms: set[str] = set()
    if found := _OF_NATIONS.fullmatch(name):
        forms |= {found[1], found[1] + found[3]}
    for ending, others in sorted(_ENDINGS.items(), key=lambda item: -len(item[0])):
        stem = name.removesuffix(ending)
        if stem != name and len(stem) >= 2:
            forms |= {stem, *(stem + other for other in others)}
            break
    return forms
