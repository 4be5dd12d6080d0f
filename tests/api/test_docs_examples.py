"""The examples of the documentation: they stand in docs/api.md as it would be made today, and every one is answered."""

from __future__ import annotations

import json
import runpy
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema

from hub.access.actor import Actor
from tests.api.conftest import COUNTY, WUFENG, Ask

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.graphql"))
SCOPES: dict[str, dict[str, Any]] = {
    "county": {"region_code": COUNTY},
    "station": {"region_code": WUFENG},
    "partner": {"partner_code": "SH01"},
    "administrator": {"region_code": "530000000000"},
}


def test_the_page_is_up_to_date() -> None:
    schema = build_schema((ROOT / "schema" / "schema.graphql").read_text(encoding="utf-8"))
    page = runpy.run_path(str(ROOT / "docs" / "make_api.py"))["write_page"](schema)
    assert (ROOT / "docs" / "api.md").read_text(encoding="utf-8") == page, "run: python docs/make_api.py"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
async def test_an_example_can_be_pasted(path: Path, ask: Ask, actors: Callable[..., Awaitable[Actor]]) -> None:
    text = path.read_text(encoding="utf-8")
    told = dict(
        line.removeprefix("# ").split(": ", 1)
        for line in text.splitlines()[1:]
        if line.startswith("# ") and ": " in line
    )
    actor = await actors(told["actor"], **SCOPES[told["actor"]])
    answer = await ask(actor, text, told["purpose"], **json.loads(told["variables"]))
    assert "errors" not in answer, answer
    assert all(value for value in answer["data"].values()), "an example that shows nothing"
