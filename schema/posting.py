"""What the law says of an opening: forbidden demands and the least wage, from ``rules/posting.toml``."""

from __future__ import annotations

import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True, slots=True)
class Unlawful:
    """One thing an opening may not do, with the article."""

    code: str
    article: str
    detail_zh: str
    detail_en: str


@cache
def _rules() -> tuple[tuple[tuple[str, ...], Unlawful], ...]:
    return tuple(
        (
            tuple(entry["patterns"]),
            Unlawful(entry["code"], entry["article"], entry["detail_zh"], entry["detail_en"]),
        )
        for entry in _body()["forbidden"]
    )


@cache
def _body() -> dict[str, Any]:
    return tomllib.loads(resources.files("schema").joinpath("rules/posting.toml").read_text(encoding="utf-8"))


@cache
def _wages() -> tuple[str, dict[str, int]]:
    table: dict[str, Any] = _body()["minimum_wage"]
    return str(table["article"]), {
        name: int(wage) for name, wage in table.items() if name.isdigit() or name == "default"
    }


def minimum_wage(region_code: str) -> int:
    """Yuan a month in a region: the entry with the longest prefix of its code."""
    wages = _wages()[1]
    prefix = max(
        (name for name in wages if name.isdigit() and region_code.startswith(name)), key=len, default="default"
    )
    return wages[prefix]


def find_unlawful(*texts: str, region_code: str, wage_low_yuan_per_month: int) -> list[Unlawful]:
    """Everything in an opening that the law forbids; empty when it is lawful.

    Parameters
    ----------
    texts
        Title, duties and whatever else people will read.
    """
    read = "".join("".join(unicodedata.normalize("NFKC", text).split()) for text in texts)
    found = [rule for patterns, rule in _rules() if any(pattern in read for pattern in patterns)]
    least = minimum_wage(region_code)
    if wage_low_yuan_per_month < least:
        found.append(
            Unlawful(
                "below_minimum_wage",
                _wages()[0],
                f"工资不得低于当地最低工资标准（每月 {least} 元）",
                f"The wage is below the local minimum of {least} yuan a month",
            )
        )
    return found
