"""Names, as they can be compared: one width, one script, no dots; and how they sound."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

from opencc import OpenCC
from pypinyin import Style, lazy_pinyin

#: Dots between the parts of a minority name, in all the forms that keyboards and old systems produce.
_DROPPED = re.compile(r"[\s·•・．.‧∙⋅●｡。,，'’\-—_]")

#: Surnames that are not read as the character usually is. Source: 现代汉语词典, entries marked 姓.
_SURNAMES = {
    "单": "shan", "仇": "qiu", "曾": "zeng", "查": "zha", "解": "xie", "盖": "ge", "区": "ou", "朴": "piao",
    "翟": "zhai", "任": "ren", "华": "hua", "尉": "wei", "乐": "yue", "员": "yun", "召": "shao", "洗": "xian",
}  # fmt: skip


@cache
def _simplifier() -> OpenCC:
    return OpenCC("t2s")


@lru_cache(maxsize=1_000_000)
def normalise_name(text: str) -> str:
    """NFKC, simplified characters, no dots or blanks; capitals for Latin letters."""
    bare = _DROPPED.sub("", unicodedata.normalize("NFKC", text).upper())
    # Capitals of a few letters come apart into letter and accent: put them together again.
    folded = unicodedata.normalize("NFKC", bare)
    # Twice: 薴 is simplified to 苧, which is itself the traditional form of 苎.
    return str(_simplifier().convert(_simplifier().convert(folded)))


@lru_cache(maxsize=1_000_000)
def pinyin_of(name: str) -> str:
    """Toneless pinyin of a normalised name, the surname in its reading as a surname."""
    if not name:
        return ""
    syllables = lazy_pinyin(name, style=Style.NORMAL)
    if name[0] in _SURNAMES and syllables:
        syllables[0] = _SURNAMES[name[0]]
    return " ".join(syllables)


def normalise_phone(text: str | None) -> str | None:
    """Digits of a telephone number without the country's prefix; None where too few are left to tell people apart."""
    if not text:
        return None
    digits = re.sub(r"[^0-9]", "", unicodedata.normalize("NFKC", text)).removeprefix("0086")
    if len(digits) == 13 and digits.startswith("86"):
        digits = digits[2:]
    return digits if len(digits) >= 7 and len(set(digits)) > 1 else None
