"""Who sees what, as a table that a reviewer reads as a diff. ``UPDATE_GOLDEN=1`` writes it anew."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from hub.access.actor import Actor
from hub.access.policy import decide
from schema.catalog import ENTITIES
from schema.grants import Grants, load_grants

GOLDEN = Path(__file__).parents[1] / "golden" / "access" / "table.txt"
DAY = date(2026, 6, 15)
ROLES: list[tuple[Any, str | None]] = [
    ("department", "human_resources"), ("department", "civil_affairs"), ("department", "rural_revitalization"),
    ("station", None), ("county", None), ("partner", None), ("person", None), ("administrator", None),
]  # fmt: skip


def test_the_table_of_decisions_is_the_one_that_was_reviewed() -> None:
    lines = list(table())
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert GOLDEN.read_text(encoding="utf-8").splitlines() == lines


def table() -> Iterator[str]:
    """The grants; role, purpose, entity with its rows, then one field a line; then who may change and verify what."""
    grants = load_grants()
    yield f"# grants {grants.version}, in force on {DAY}; rows are inside the actor's scope; -minors: without under-14s"
    for grant in sorted(grants.grants, key=lambda grant: grant.id):
        yield (
            f"{grant.effect} {grant.id} | {grant.catalogue} | {grant.application} | {grant.approval} | until"
            f" {grant.expires_on} | {grant.legal_basis}"
        )
    yield f"counts under {grants.counts.smallest_shown} are not shown, others rounded to {grants.counts.rounded_to}"
    for kind, department in ROLES:
        for purpose in grants.purposes:
            decisions = decide(Actor(0, kind, "", department, None, None, None, (purpose,)), purpose, today=DAY)
            role = f"{kind}:{department}" if department else kind
            if set(decisions.rows) <= {"region", "programme", "post", "opening"}:
                yield f"{role} | {purpose} | {' '.join(sorted(decisions.rows))}: public market only"
                continue
            for entity in ENTITIES.values():
                rows = " + ".join(str(scope) for scope in decisions.rows.get(entity.name, ()))
                if not rows:
                    yield f"{role} | {purpose} | {entity.name} [no row]"
                    continue
                counts = "" if decisions.count_rule(entity.name) is None else ", small counts masked"
                yield f"{role} | {purpose} | {entity.name} [{rows}]{counts}"
                for field in entity.fields:
                    found = decisions.field(entity.name, field.name)
                    by_row = "; ".join(
                        f"{word} on {' + '.join(map(str, scopes))}"
                        for word, scopes in (("withheld", found.denied), ("open", found.open), ("masked", found.masked))
                        if scopes
                    )
                    yield f"    {field.name}: {found.access} {found.reason}" + (f" ({by_row})" if by_row else "")
    yield from changes_and_questions(grants)


def changes_and_questions(grants: Grants) -> Iterator[str]:
    """Who may change, ask and verify what."""
    for permit in sorted((*grants.permits, *grants.questions), key=lambda permit: permit.id):
        for mutation in sorted(permit.mutations):
            for kind in sorted(permit.kinds):
                yield f"{kind} | {' '.join(sorted(permit.purposes))} | {mutation} within {permit.rows} ({permit.id})"
    for opened in sorted(grants.open_documents, key=lambda opened: opened.id):
        yield (
            f"{' '.join(sorted(opened.kinds))} {' '.join(sorted(opened.names))} | {' '.join(sorted(opened.purposes))} |"
            f" any document in production ({opened.id} {opened.application}/{opened.approval},"
            f" until {opened.expires_on})"
        )
    for entry in sorted(grants.ledgers, key=lambda entry: entry.id):
        for kind in sorted(entry.kinds):
            yield f"{kind} | {' '.join(sorted(entry.purposes))} | accessLedger within {entry.rows} ({entry.id})"
    for one in sorted(grants.verifications, key=lambda one: one.id):
        departments, purposes = " ".join(sorted(one.departments)), " ".join(sorted(one.purposes))
        rows = one.rows if one.minors else f"{one.rows}-minors"
        yield (
            f"department:{departments} | {purposes} | verifies {' '.join(sorted(one.claims))} of [{rows}]"
            f" ({one.id} {one.reference}, until {one.expires_on})"
        )
