"""docs/limits.md says what the program does."""

from __future__ import annotations

import re
from pathlib import Path

from app import server
from hub.api import computed, http
from hub.api.live import changes, streams
from hub.api.live import socket as live_socket
from hub.query import limits, paging
from hub.settings import Settings
from schema.grants import load_grants

PAGE = (Path(__file__).parents[2] / "docs" / "limits.md").read_text(encoding="utf-8")


def table(heading: str) -> list[list[str]]:
    part = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def test_limits_of_a_request_are_those_of_the_program() -> None:
    held = limits.Limits()
    wanted = {
        "body_too_large": http._MOST_BYTES,
        "document_too_large": held.characters,
        "graphql": held.tokens,
        "query_too_deep": held.depth,
        "too_many_fields": held.fields,
        "too_many_aliases": held.aliases,
        "too_many_directives": held.directives,
        "too_many_spreads": held.spreads,
        "too_many_repeats": held.repeats,
        "too_many_items": held.items,
        "query_too_costly": held.values,
        "too_many_computed": computed.MOST,
        "alias_too_long": limits.LONGEST_KEY,
        "page_too_large": paging.MOST,
    }
    said = {re.findall(r"`([a-z_]+)`", code)[0]: int(value) for _, value, code in table("Of a request")}
    assert said == wanted


def test_limits_of_connections_that_stay() -> None:
    said = [int(value) for _, value, _ in table("Connections that stay")]
    held = [streams.MOST_OF_ACTOR, streams.MOST_IN_ALL, live_socket._MOST_OPERATIONS, server._MOST_OF_MESSAGE]
    assert said == [*held, changes._BEHIND]


def test_rates_are_those_of_the_grants() -> None:
    said = {kind: tuple(map(float, numbers)) for kind, *numbers in table("Rate")}
    assert said == {kind: (one.per_second, one.burst, one.at_once) for kind, one in load_grants().rates.items()}


def test_the_statement_timeout_is_the_default(tmp_path: Path) -> None:
    settings = Settings.from_env({"YUNQIAO_DATA_DIR": str(tmp_path)})
    assert f"`YUNQIAO_STATEMENT_TIMEOUT_MS` ({settings.statement_timeout_ms})" in PAGE
    assert settings.exports_at_once == 2
