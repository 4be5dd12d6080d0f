"""From an address as written to a division code.

An address names divisions from the province down, but offices leave out what is plain to them: the province, the
prefecture, often the county. So the text is read from left to right, each step taking the longest name of a division
below the one reached so far, and skipping levels that were left out.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

from schema.codes import NATIONALITY
from schema.regions import Region, load_regions

#: Endings that people leave out or write otherwise, longest first, and how else they write them.
_ENDINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("社区居民委员会", ("社区居委会", "社区", "居委会", "村", "村委会")),
    ("居民委员会", ("居委会", "社区", "村")),
    ("村民委员会", ("村委会", "村")),
    ("社区居委会", ("社区居民委员会", "社区", "居委会", "村", "村委会")),
    ("村委会", ("村民委员会", "村")),
    ("居委会", ("居民委员会", "社区", "村")),
    ("社区", ("居委会", "社区居委会", "社区居民委员会")),
    ("街道", ("街道办事处", "街道办", "办事处")),
    *((ending, ()) for ending in ("省", "市", "州", "县", "区", "镇", "乡")),
)
_NATIONS = "|".join(entry.zh for entry in NATIONALITY.entries)
_OF_NATIONS = re.compile(f"(.{{2,}}?)(?:{_NATIONS}|各族)+(?:自治)?(州|县|乡|镇|区)")
_ASIDE = re.compile(r"\([^)]*\)")
_SKIPPED = re.compile(r"[\s,、.]")

#: Levels to look below a division for a name, itself left out. From nowhere: province, prefecture, county, township.
_DEPTH, _DEPTH_FROM_NOWHERE = 3, 4
_SHORTEST = 2

Index = dict[str, str]


@cache
def _children() -> dict[str, list[Region]]:
    children: dict[str, list[Region]] = {}
    for region in load_regions().values():
        children.setdefault(region.parent_code, []).append(region)
    return children


def _spellings(name: str) -> set[str]:
    """The name, and the shorter forms that people write."""
    bare = _ASIDE.sub("", unicodedata.normalize("NFKC", name))
    spellings = {bare}
    if found := _OF_NATIONS.fullmatch(bare):
        spellings |= {found[1], found[1] + found[2]}
    for ending, others in _ENDINGS:
        stem = bare.removesuffix(ending)
        if stem != bare and len(stem) >= _SHORTEST:
            spellings |= {stem, *(stem + other for other in others)}
            break
    return spellings


@cache
def _indexes(code: str) -> tuple[tuple[Index, int], ...]:
    """One index a level below ``code``, nearest first: spelling → division, with the longest spelling's length.

    A spelling that two divisions of one level share says nothing, unless it is the full name of one of them.
    """
    found: list[tuple[Index, int]] = []
    level = _children().get(code, [])
    for _ in range(_DEPTH if code else _DEPTH_FROM_NOWHERE):
        if not level:
            break
        names: dict[str, set[str]] = {}
        full: dict[str, set[str]] = {}
        for region in level:
            full.setdefault(region.name, set()).add(region.code)
            # Out of nowhere a township must be named in full: 北京街道 is in Guangzhou, 北京 is not.
            whole_only = not code and region.level == "township"
            for spelling in (region.name,) if whole_only else _spellings(region.name):
                names.setdefault(spelling, set()).add(region.code)
        index = {spelling: next(iter(codes)) for spelling, codes in names.items() if len(codes) == 1}
        index |= {name: next(iter(codes)) for name, codes in full.items() if len(codes) == 1}
        found.append((index, max(map(len, index), default=0)))
        level = [child for region in level for child in _children().get(region.code, [])]
    return tuple(found)


def region_of_address(text: str, within: str = "") -> str | None:
    """The finest division that ``text`` names from its beginning on; None when it names none.

    Parameters
    ----------
    text
        An address as written, e.g. ``云南省昭通市镇雄县乌峰街道``.
    within
        Division code of whoever wrote it: where the text leaves out upper levels, they are this one's.
    """
    # Group and house number tell nothing here, and without them a village's addresses are one in the cache.
    plain = _SKIPPED.sub("", _ASIDE.sub("", unicodedata.normalize("NFKC", text)))
    return _locate(re.split(r"\d", plain, maxsplit=1)[0], within)


@lru_cache(maxsize=200_000)
def _locate(text: str, within: str) -> str | None:
    found = _walk(text, "")
    regions = load_regions()
    if within and (found is None or regions[found].level in ("township", "village")):
        # It begins below the county: in doubt the writer means their own.
        current = regions.get(within)
        while current is not None:
            nearer = _walk(text, current.code)
            if nearer is not None:
                return nearer
            current = regions.get(current.parent_code)
    return found


def _walk(text: str, start: str) -> str | None:
    reached, rest = start, text
    while rest and (step := _step(rest, reached)) is not None:
        reached, rest = step
    return reached if reached != start else None


def _step(text: str, reached: str) -> tuple[str, str] | None:
    """The division below ``reached`` with the longest name that the text begins with, and what is left of the text."""
    best, best_length = None, 0
    for index, longest in _indexes(reached):
        for length in range(min(longest, len(text)), max(best_length, _SHORTEST - 1), -1):
            code = index.get(text[:length])
            if code is not None:
                best, best_length = code, length
                break
    return None if best is None else (best, text[best_length:])
