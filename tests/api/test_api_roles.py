"""Each role's way in: what it sees, what it does not, and that the answer says so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from hub.access.actor import Actor

Make = Callable[..., Awaitable[Actor]]
Ask = Callable[..., Awaitable[dict[str, Any]]]
COUNTY, WUFENG = "530627000000", "530627001000"
EVERYBODY = "{ persons(first: 50) { totalCount nodes { name } } }"

#: kind, scope, purpose, people seen (2 is a child; 9 and 10 live in another county).
ROLES = [
    ("station", {"region_code": WUFENG}, "employment_service", [1, 3, 4]),
    ("county", {"region_code": COUNTY}, "employment_service", [1, 2, 3, 4, 5, 6, 7, 8]),
    ("county", {"region_code": COUNTY}, "poverty_monitoring", [1, 2, 3, 4, 5, 6, 7, 8]),
    ("partner", {"partner_code": "SH01"}, "labour_cooperation", [7]),
    ("partner", {"partner_code": "GD09"}, "labour_cooperation", []),
    ("person", {"person_id": 1}, "own_affairs", [1, 2]),
    ("person", {"person_id": 9}, "own_affairs", [9, 10]),
    ("administrator", {"region_code": "530000000000"}, "administration", [1, 3, 4, 5, 6, 7, 8, 9, 10]),
    (
        "department", {"department": "human_resources", "region_code": COUNTY}, "employment_service",
        [1, 3, 4, 5, 6, 7, 8],
    ),
    (
        "department", {"department": "civil_affairs", "region_code": COUNTY}, "social_assistance",
        [1, 2, 3, 4, 5, 6, 7, 8],
    ),
    (
        "department", {"department": "rural_revitalization", "region_code": "530600000000"}, "poverty_monitoring",
        list(range(1, 11)),
    ),
]  # fmt: skip


#: A batch of one row, for what must name its source.
SOURCE = """
    INSERT INTO intake.batch (feed, entity, department, region_code, layout_sha256, file_sha256, file_name, size_bytes,
        mode, as_of, state, received_at)
    VALUES ('f', 'person', 'civil_affairs', '530627000000', 'a', 'a', 'f', 1, 'full', '2026-06-01', 'landed', now());
    INSERT INTO intake.source_record (batch_id, line, feed, entity, department, region_code, record_key, row_hash,
        values, raw, as_of, seen_on)
    VALUES (1, 1, 'f', 'person', 'civil_affairs', '530627000000', 'k', 'a', '{}', '{}', '2026-06-01', '2026-06-01');
"""


@pytest.fixture
async def referrals(owner: asyncpg.Pool, register: None) -> None:
    await owner.execute(
        """
        INSERT INTO casework.referral (person_id, kind, opening_id, state, referred_by, shown_on, updated_at)
        VALUES (7, 'opening', 1, 'referred', 1, '2026-06-01', now()),
            (8, 'opening', 1, 'shown', 1, '2026-06-01', now());
        UPDATE access.actor SET purposes = '{employment_service,poverty_monitoring}' WHERE kind = 'county';
        """
    )


@pytest.mark.parametrize(("kind", "scope", "purpose", "seen"), ROLES)
async def test_a_role_sees_its_people_and_nobody_else(
    ask: Ask, actors: Make, referrals: None, kind: str, scope: dict[str, Any], purpose: str, seen: list[int]
) -> None:
    actor = await actors(kind, **scope)
    answer = await ask(actor, EVERYBODY, purpose=purpose)
    names = [node["name"] for node in answer["data"]["persons"]["nodes"]]
    assert names == [f"试{number}" for number in seen]
    exact = kind in ("station", "county", "person")
    few = len(seen) < 5
    assert answer["data"]["persons"]["totalCount"] == (len(seen) if exact else None if few else len(seen) // 5 * 5)
    said = [item for item in answer.get("extensions", {}).get("withheld", ()) if item["path"] == "persons.totalCount"]
    assert [item["reason"] for item in said] == ([] if exact else ["count_too_small" if few else "count_rounded:5"])
    for number in range(1, 11):
        one = await ask(actor, f'{{ person(id: "Person:{number}") {{ name }} }}', purpose=purpose)
        assert (one["data"]["person"] is not None) == (number in seen), "a record outside the scope does not exist"
        node = await ask(actor, f'{{ node(id: "Person:{number}") {{ id }} }}', purpose=purpose)
        assert (node["data"]["node"] is not None) == (number in seen)


async def test_oneself_in_full_and_the_household_by_name(ask: Ask, actors: Make, owner: asyncpg.Pool) -> None:
    await owner.execute(SOURCE)
    await owner.execute(
        "INSERT INTO registry.wish (person_id, wishes_to_work, updated_at) VALUES (2, true, now());"
        "INSERT INTO registry.benefit (household_id, person_id, certificate_number, kind, state, source_record_id)"
        " VALUES (1, 1, '5306270011234567', 'dibao', 'active', 1), (1, 2, '5306270011234568', 'orphan', 'active', 1)"
    )
    person = await actors("person", person_id=1)
    answer = await ask(
        person,
        """{ person(id: "Person:1") { name phone citizenNumber healthLabel sexLabel wish { scope }
               household { membersCount netIncomeYuanPerYearPerCapita benefits(first: 9) { totalCount nodes { kind } }
                 members(first: 9) { nodes { name relation phone bornOn sexLabel citizenNumber wish { scope }
                   benefits(first: 9) { totalCount } recommendations(first: 9) { totalCount } } } } } }""",
    )
    me = answer["data"]["person"]
    assert (me["phone"], me["citizenNumber"], me["healthLabel"], me["sexLabel"]) == (
        "10020000001", "000***********0001", "健康", "男",
    )  # fmt: skip
    assert me["household"]["netIncomeYuanPerYearPerCapita"] is None
    assert [benefit["kind"] for benefit in me["household"]["benefits"]["nodes"]] == ["dibao"], "not the child's"
    own, child = me["household"]["members"]["nodes"]
    assert own["phone"] == "10020000001"
    assert (own["benefits"]["totalCount"], own["recommendations"]["totalCount"]) == (1, 4)
    assert child == {
        "name": "试2", "relation": "20", "phone": None, "bornOn": None, "sexLabel": None, "citizenNumber": None,
        "wish": None, "benefits": {"totalCount": 0}, "recommendations": {"totalCount": 0},
    }  # fmt: skip
    said = {item["path"]: item for item in answer["extensions"]["withheld"]}
    assert said["person.phone"]["access"] == "varies"
    assert said["person.household.netIncomeYuanPerYearPerCapita"]["access"] == "withheld"
    refused = await ask(person, '{ persons(first: 9, filter: {bornBefore: "2000-01-01"}) { totalCount } }')
    assert refused["errors"][0]["extensions"]["reason"] == "field_withheld", "a field that varies is no filter"


async def test_conflicts_do_not_tell_what_the_field_does_not(ask: Ask, actors: Make, owner: asyncpg.Pool) -> None:
    await owner.execute(SOURCE)
    await owner.execute(
        "INSERT INTO registry.conflict"
        " (entity, entity_id, field, value, source_record_id, kept_source_record_id, reason)"
        " VALUES ('person', 1, 'education', '60', 1, 1, 'newer'), ('person', 1, 'bank_account', '0009', 1, 1, 'newer'),"
        " ('person', 1, 'citizen_number', '000627198001010002', 1, 1, 'newer'),"
        " ('person', 2, 'education', '60', 1, 1, 'newer'),"
        " ('household', 1, 'net_income_yuan_per_year_per_capita', '1', 1, 1, 'newer'),"
        " ('household', 1, 'household_kind', 'exited', 1, 1, 'newer')"
    )
    document = (
        '{ person(id: "Person:1") { conflicts(first: 9) { nodes { field value } } household { conflicts(first: 9)'
        " { nodes { field } } } } }"
    )
    station = await actors("station", region_code=WUFENG)
    seen = (await ask(station, document))["data"]["person"]
    assert seen["conflicts"]["nodes"] == [{"field": "education", "value": "60"}]
    assert seen["household"]["conflicts"]["nodes"] == [{"field": "household_kind"}]


@pytest.mark.parametrize(
    ("kind", "scope", "purpose", "expected"),
    [
        ("station", {"region_code": WUFENG}, "employment_service", None),
        ("station", {"region_code": "530602001000"}, "employment_service", "person_unknown"),
        ("person", {"person_id": 1}, "own_affairs", None),
        ("person", {"person_id": 2}, "own_affairs", "person_unknown"),
        ("partner", {"partner_code": "SH01"}, "labour_cooperation", "verdicts_withheld"),
        (
            "department", {"department": "civil_affairs", "region_code": COUNTY}, "social_assistance",
            "verdicts_withheld",
        ),
        ("administrator", {"region_code": COUNTY}, "administration", None),
    ],
)  # fmt: skip
async def test_verdicts_are_for_those_who_may_see_the_person(
    ask: Ask, actors: Make, owner: asyncpg.Pool, kind: str, scope: dict[str, Any], purpose: str, expected: str | None
) -> None:
    await owner.execute("UPDATE registry.person SET retires_on = '2041-01-01'")
    actor = await actors(kind, **scope)
    answer = await ask(
        actor,
        '{ verdicts(personId: "Person:1", openingId: "Opening:3") { rule label verdict legalBasis detail } }',
        purpose=purpose,
    )
    if expected is not None:
        assert answer["errors"][0]["extensions"]["reason"] == expected
        assert answer["data"] is None
        return
    assert "errors" not in answer, answer
    by_rule = {verdict["rule"]: verdict for verdict in answer["data"]["verdicts"]}
    assert by_rule["working_age"]["verdict"] == "PASS"
    assert by_rule["working_age"]["label"] == "法定劳动年龄"
    hidden = kind == "administrator"  # health is withheld from administrators
    assert (by_rule["health"]["verdict"] is None) == hidden
    assert (by_rule["health"]["detail"] is None) == hidden
    said = [item["path"] for item in answer.get("extensions", {}).get("withheld", ())]
    assert ("verdicts.health" in said) == hidden


async def test_me_says_who_i_am(ask: Ask, actors: Make) -> None:
    partner = await actors("partner", partner_code="SH01")
    answer = await ask(partner, "{ me { kind name partnerCode regionCode personId purposes } }")
    assert answer["data"]["me"] == {
        "kind": "partner", "name": "a partner", "partnerCode": "SH01", "regionCode": None, "personId": None,
        "purposes": ["labour_cooperation"],
    }  # fmt: skip


async def test_days_come_through_an_executor_as_they_come_without(ask: Ask, actors: Make) -> None:
    station = await actors("station", region_code=WUFENG)
    fields = (
        "persons(first: 2) { nodes { bornOn updatedAt version household { membersCount } } pageInfo { endCursor } }"
    )
    alone, mixed = await ask(station, f"{{ {fields} }}"), await ask(station, f"{{ me {{ kind }} {fields} }}")
    assert "errors" not in mixed, mixed
    assert mixed["data"]["persons"] == alone["data"]["persons"]
