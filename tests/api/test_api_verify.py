"""Batch verification: yes, no or unknown with the authorisation's reference, and nothing to find somebody out by."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from hub.access.actor import Actor
from hub.access.audit import AuditLog
from hub.access.claimed import open_claimed
from hub.api import verifying
from hub.api.service import GraphQLService
from hub.clock import FixedClock
from hub.db.pool import open_pool
from hub.identity.numbers import check_digit
from hub.settings import Settings
from schema.grants import Grants, load_grants
from tests.api.test_api_roles import SOURCE

Make = Callable[..., Awaitable[Actor]]
Ask = Callable[..., Awaitable[dict[str, Any]]]
COUNTY, PROVINCE = "530627000000", "530000000000"
QUERY = """query ($claim: IdentityClaim!, $identities: [IdentityInput!]!) {
    verifyIdentities(claim: $claim, identities: $identities) { answer reference } }"""
CIVIL = "YN-GX-2026-022/YN-PF-2026-022"


def number_of(key: int) -> str:
    body = f"000627{1980 + key:04d}0101{key:03d}"
    return body + check_digit(body)


def whom(key: int, name: str | None = None) -> dict[str, str]:
    return {"citizenNumber": number_of(key), "name": name or f"试{key}"}


@pytest.fixture
async def numbered(owner: asyncpg.Pool, register: None) -> None:
    """People with whole numbers; the first on a benefit, the third's stopped; a monitored household; one without."""
    await owner.execute(SOURCE)
    await owner.executemany(
        "UPDATE registry.person SET citizen_number = $2 WHERE person_id = $1",
        [(key, number_of(key)) for key in range(1, 11)],
    )
    await owner.execute(
        """
        INSERT INTO registry.benefit (household_id, person_id, certificate_number, kind, state, source_record_id)
        VALUES (1, 1, 'C1', 'dibao', 'active', 1), (2, 3, 'C3', 'dibao', 'stopped', 1);
        UPDATE registry.household SET monitored_kind = 'edge' WHERE household_id = 2;
        UPDATE registry.person SET household_id = NULL WHERE person_id = 5;
        UPDATE registry.person SET name = '阿卜杜·拉' WHERE person_id = 6;
        """
    )


@pytest.fixture
async def civil(actors: Make, numbered: None) -> Actor:
    """Civil affairs of the county."""
    return await actors("department", department="civil_affairs", region_code=COUNTY)


async def answers(ask: Ask, actor: Actor, claim: str, *identities: dict[str, str]) -> list[str]:
    answer = await ask(actor, QUERY, claim=claim, identities=list(identities))
    assert "errors" not in answer, answer
    found = answer["data"]["verifyIdentities"]
    assert {row["reference"] for row in found} <= {CIVIL}
    assert all(set(row) == {"answer", "reference"} for row in found)
    assert "extensions" not in answer
    return [row["answer"] for row in found]


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        # 1, 3, 5 (no household), 9 (another county), a name that is not 4's, nobody's number, no number
        ("IDENTITY", ["YES", "YES", "YES", "NO", "NO", "NO", "NO"]),
        ("HOUSEHOLD_IN_REGISTER", ["YES", "YES", "NO", "UNKNOWN", "UNKNOWN", "UNKNOWN", "UNKNOWN"]),
        ("ZERO_EMPLOYMENT", ["YES", "NO", "UNKNOWN", "UNKNOWN", "UNKNOWN", "UNKNOWN", "UNKNOWN"]),
        ("ON_BENEFIT", ["YES", "NO", "NO", "UNKNOWN", "UNKNOWN", "UNKNOWN", "UNKNOWN"]),
        ("MONITORED", ["NO", "YES", "UNKNOWN", "UNKNOWN", "UNKNOWN", "UNKNOWN", "UNKNOWN"]),
    ],
)
async def test_each_claim(ask: Ask, civil: Actor, owner: asyncpg.Pool, claim: str, expected: list[str]) -> None:
    asked = [whom(1), whom(3), whom(5), whom(9), whom(4, "别人"), whom(77), {"citizenNumber": "x", "name": "试1"}]
    assert await answers(ask, civil, claim, *asked) == expected
    entry = await owner.fetchrow("SELECT * FROM audit.entry ORDER BY entry_id DESC LIMIT 1")
    assert entry["person_ids"] == [1, 3, 5], "whose answer it was; not who was asked about in vain"
    (told,) = entry["detail"]["verified"]
    assert (told["asked"], told["claim"], told["reference"]) == (7, claim.lower(), CIVIL)
    assert {name: told[name] for name in ("yes", "no", "unknown") if name in told} == {
        name.lower(): expected.count(name) for name in dict.fromkeys(expected)
    }
    assert "verification." + claim.lower() in entry["fields"]


async def test_somebody_out_of_sight_and_nobody_are_one_answer(ask: Ask, civil: Actor) -> None:
    for claim in ("IDENTITY", "ON_BENEFIT", "MONITORED"):
        outside, wrong, nobody = await answers(ask, civil, claim, whom(9), whom(1, "试2"), whom(88))
        assert outside == wrong == nobody


async def test_names_and_numbers_are_normalised_as_linkage_does(ask: Ask, civil: Actor) -> None:
    wide = "".join(chr(ord(character) + 0xFEE0) for character in number_of(6))
    asked = {"citizenNumber": f" {wide.lower()} ", "name": " 阿卜杜拉"}
    assert await answers(ask, civil, "IDENTITY", asked, {**asked, "name": ""}) == ["YES", "NO"]


async def test_children_are_closed_but_to_whom_they_are_opened(ask: Ask, actors: Make, civil: Actor) -> None:
    assert await answers(ask, civil, "IDENTITY", whom(2)) == ["YES"]
    office = await actors("department", department="human_resources", region_code=COUNTY)
    answer = await ask(office, QUERY, claim="IDENTITY", identities=[whom(2), whom(1)])
    assert [row["answer"] for row in answer["data"]["verifyIdentities"]] == ["NO", "YES"]


@pytest.mark.parametrize(
    ("kind", "scope", "purpose", "claim"),
    [
        ("department", {"department": "human_resources", "region_code": COUNTY}, "employment_service", "ON_BENEFIT"),
        ("department", {"department": "rural_revitalization", "region_code": COUNTY}, "poverty_monitoring",
         "ZERO_EMPLOYMENT"),
        ("station", {"region_code": COUNTY}, "employment_service", "IDENTITY"),
        ("administrator", {"region_code": PROVINCE}, "administration", "IDENTITY"),
        ("partner", {"partner_code": "SH01"}, "labour_cooperation", "IDENTITY"),
        ("person", {"person_id": 1}, "own_affairs", "IDENTITY"),
    ],
)  # fmt: skip
async def test_only_what_was_approved_is_verified(
    ask: Ask, actors: Make, numbered: None, kind: str, scope: dict[str, Any], purpose: str, claim: str
) -> None:
    actor = await actors(kind, **scope)
    answer = await ask(actor, QUERY, purpose=purpose, claim=claim, identities=[whom(1)])
    assert answer["errors"][0]["extensions"]["reason"] == "verification_not_granted"
    assert answer["data"] is None


async def test_an_approval_ends(ask: Ask, civil: Actor, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = tuple(replace(entry, expires_on=clock.today()) for entry in load_grants().verifications)
    _grants(monkeypatch, replace(load_grants(), verifications=entries))
    assert await answers(ask, civil, "IDENTITY", whom(1)) == ["YES"]
    before = tuple(replace(entry, expires_on=clock.today().replace(day=14)) for entry in entries)
    _grants(monkeypatch, replace(load_grants(), verifications=before))
    answer = await ask(civil, QUERY, claim="IDENTITY", identities=[whom(1)])
    assert answer["errors"][0]["extensions"]["reason"] == "verification_not_granted"


def _grants(monkeypatch: pytest.MonkeyPatch, grants: Grants) -> None:
    monkeypatch.setattr(verifying, "load_grants", lambda: grants)


async def refused(ask: Ask, actor: Actor, identities: list[dict[str, str]]) -> str:
    answer = await ask(actor, QUERY, claim="IDENTITY", identities=identities)
    assert answer["data"] is None
    return str(answer["errors"][0]["extensions"]["reason"])


async def test_a_batch_is_no_way_to_find_somebody(ask: Ask, civil: Actor) -> None:
    def sequence(place: int) -> str:
        body = f"00062719810101{place:03d}"
        return body + check_digit(body)

    by_number = [{"citizenNumber": sequence(place), "name": "试1"} for place in range(4)]
    assert await refused(ask, civil, by_number) == "verification_guesses"
    assert await answers(ask, civil, "IDENTITY", *by_number[:3]) == ["NO", "YES", "NO"]
    by_name = [whom(1, f"试{place}") for place in range(4)]
    assert await refused(ask, civil, by_name) == "verification_guesses"
    # The same identity any number of times is no guess.
    assert await answers(ask, civil, "IDENTITY", *[whom(1)] * 9) == ["YES"] * 9


async def test_a_call_and_a_day_have_an_end(
    ask: Ask, civil: Actor, owner: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = replace(load_grants().verification_limits, most_at_once=4, most_a_day=9, most_missed_a_day=2)
    _grants(monkeypatch, replace(load_grants(), verification_limits=limits))
    assert await refused(ask, civil, [whom(1)] * 5) == "verification_too_large"
    assert await answers(ask, civil, "IDENTITY", *[whom(1)] * 4) == ["YES"] * 4
    assert await answers(ask, civil, "IDENTITY", *[whom(1)] * 4) == ["YES"] * 4
    assert await refused(ask, civil, [whom(1)] * 2) == "verification_spent", "nine a day"
    assert await answers(ask, civil, "IDENTITY", whom(1)) == ["YES"]
    await owner.execute("UPDATE access.verified SET asked = 0")
    assert await answers(ask, civil, "IDENTITY", whom(70), whom(71), whom(9)) == ["NO"] * 3
    assert await refused(ask, civil, [whom(1)]) == "verification_spent", "too many that nobody has"
    await owner.execute("UPDATE access.verified SET day = day - 1")
    assert await answers(ask, civil, "IDENTITY", whom(1)) == ["YES"], "another day"


async def test_five_thousand_are_one_statement(
    settings: Settings, numbered: None, clock: FixedClock, actors: Make
) -> None:
    civil = await actors("department", department="civil_affairs", region_code=COUNTY)
    asked = [whom(key, f"名{key}") for key in range(100, 933)] * 6 + [whom(1), whom(3)]
    statements: list[str] = []
    assert settings.app_database_url is not None
    async with (
        open_pool(settings.app_database_url, max_size=1) as pool,
        open_claimed(settings, clock, max_size=1) as claimed,
    ):
        service = GraphQLService(claimed, AuditLog(pool), clock)
        for _ in range(2):
            reply = await service.execute(
                actor=civil,
                purpose="social_assistance",
                document=QUERY,
                variables={"claim": "ON_BENEFIT", "identities": asked},
            )
            async with claimed.of(civil, "social_assistance").acquire() as connection:
                connection.add_query_logger(lambda record: statements.append(record.query))
    answer = reply.parsed()["data"]["verifyIdentities"]
    assert len(answer) == 5000
    assert answer[0] == {"answer": "UNKNOWN", "reference": CIVIL}
    assert [row["answer"] for row in answer[-2:]] == ["YES", "NO"]
    told = [text for text in statements if "access.verified" in text or "registry." in text]
    assert len(told) == 1, told
    assert "000627" not in told[0], "numbers are bound, never text"
