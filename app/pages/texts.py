"""The words of the pages, in Chinese and English."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Literal, cast

from starlette.requests import Request

Language = Literal["zh", "en"]
COOKIE = "language"


@cache
def load_texts() -> dict[str, dict[Language, str]]:
    """Every text by its key."""
    text = resources.files("app.pages").joinpath("texts.toml").read_text(encoding="utf-8")
    return cast(dict[str, dict[Language, str]], tomllib.loads(text))


def language_of(request: Request) -> Language:
    """Chinese, unless the visitor chose English."""
    return "en" if request.cookies.get(COOKIE) == "en" else "zh"


def translate(key: str, lang: Language, **values: object) -> str:
    """The text of ``key`` with ``values`` put in.

    Raises
    ------
    KeyError
        There is no such text: a page asks for a word nobody wrote.
    """
    return load_texts()[key][lang].format(**values)
