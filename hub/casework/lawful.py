"""What an opening may not say and must pay: the check against ``schema/rules/posting.toml``. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date

from hub.errors import InvalidInput
from schema.law import PostingLaw


@dataclass(frozen=True, slots=True)
class Unlawful:
    """One thing that is against the law, with the article."""

    code: str
    article: str
    zh: str
    en: str


def find_unlawful(
    law: PostingLaw, *texts: str, region_code: str, wage_low_yuan_per_month: int, today: date
) -> list[Unlawful]:
    """Everything in an opening that the law forbids; empty when it is lawful.

    Parameters
    ----------
    texts
        Title, duties and whatever else people will read.
    region_code
        Where the work is: its minimum wage counts.
    """
    # Sentences of two texts must not run into one.
    read = "；".join("".join(unicodedata.normalize("NFKC", text).split()) for text in texts)
    found = [
        Unlawful(ground.code, ground.article, ground.zh, ground.en) for ground in law.grounds if ground.found_in(read)
    ]
    line = law.minimum_wage(region_code, today)
    if line is not None and wage_low_yuan_per_month < line.yuan_per_month:
        found.append(
            Unlawful(
                "minimum_wage",
                law.wage_article,
                f"{law.wage_zh}（每月 {line.yuan_per_month} 元）",
                f"The wage is under the local minimum of {line.yuan_per_month} yuan a month.",
            )
        )
    return found


def refuse_unlawful(found: list[Unlawful]) -> None:
    """Refuse an opening with every article it breaks.

    Raises
    ------
    InvalidInput
        ``opening_unlawful``.
    """
    if found:
        raise InvalidInput(
            "opening_unlawful",
            "；".join(f"{item.zh}（{item.article}）" for item in found),
            hint=" ".join(item.en for item in found),
        )
