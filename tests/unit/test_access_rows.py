"""What a statement's text is made of: no literal of a request, whatever the scope."""

from __future__ import annotations

import re

import pytest

from hub.access.policy import CLAIM_TYPES
from hub.access.rows import Scope, scope_sql, widest
from schema.catalog import ENTITIES


@pytest.mark.parametrize("entity", sorted(ENTITIES))
def test_scopes_bind_known_claims_only(entity: str) -> None:
    asked: set[str] = set()

    def claim(name: str) -> str:
        asked.add(name)
        return "$1"

    made = 0
    for rows in ("all", "region", "lives", "household", "own", "referred"):
        for minors in (True, False):
            try:
                text = scope_sql(entity, Scope(rows, minors), "t", claim)
            except ValueError:
                continue
            made += 1
            assert "{" not in text
            assert re.findall(r"'[^']*'", text) in ([], ["'shown'"], ["'household'", "'person'", "'wish'"]) or set(
                re.findall(r"'[^']*'", text)
            ) <= {"'shown'", "'household'", "'person'", "'wish'"}
    assert made >= 1
    assert asked <= CLAIM_TYPES.keys()


def test_only_scopes_that_no_other_covers_are_kept() -> None:
    lives, region, children = Scope("lives", False), Scope("region", False), Scope("lives", True)
    assert widest([lives, region]) == (region,)
    assert set(widest([lives, region, children])) == {region, children}
    assert widest([Scope("all", True), region, children]) == (Scope("all", True),)
