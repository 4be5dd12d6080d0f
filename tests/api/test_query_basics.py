"""What the compiled queries answer, and to whom."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from hub.access.actor import Actor

WUFENG, TANGFANG = "530627001000", "530627103000"
Make = Callable[..., Awaitable[Actor]]
Ask = Callable[..., Awaitable[dict[str, Any]]]


async def test_a_station_sees_who_lives_in_its_region(ask: Ask, actors: Make) -> None:
    station = await actors("station", region_code=WUFENG)
    answer = await ask(station, "{ persons(first: 50) { totalCount nodes { id name } } }")
    assert [node["name"] for node in answer["data"]["persons"]["nodes"]] == ["试1", "试3", "试4"]  # 2 is a child
    assert answer["data"]["persons"]["totalCount"] == 3
    outside = await ask(station, '{ person(id: "Person:5") { name } inside: person(id: "Person:1") { name } }')
    assert outside["data"] == {"person": None, "inside": {"name": "试1"}}


async def test_nested_selection_keeps_order_and_aliases(ask: Ask, actors: Make) -> None:
    station = await actors("station", region_code=WUFENG)
    answer = await ask(
        station,
        """query ($with: Boolean!, $first: Int!) {
             list: persons(first: $first, filter: {willing: true}) {
               pageInfo { endCursor hasNextPage }
               edges { cursor node { ...who household @include(if: $with) {
                 members(first: 5) { nodes { n: name } } } } }
             }
             __typename
           }
           fragment who on Person { educationLabel label: educationLabel(lang: EN) sexLabel
             livingRegion { name parent { name } } wish { scopeLabel } }""",
        **{"with": True, "first": 2},
    )
    assert "errors" not in answer, answer
    data = answer["data"]
    assert list(data) == ["list", "__typename"]
    first = data["list"]["edges"][0]["node"]
    assert list(first) == ["educationLabel", "label", "sexLabel", "livingRegion", "wish", "household"]
    assert (first["educationLabel"], first["label"], first["wish"]["scopeLabel"]) == (
        "初中",
        "junior secondary",
        "县内",
    )
    assert first["livingRegion"]["parent"]["name"] == "镇雄县"
    assert first["household"]["members"]["nodes"] == [{"n": "试1"}], "the child is closed"
    assert data["list"]["pageInfo"]["hasNextPage"] is True


@pytest.mark.parametrize("order", ["", ", order: NAME", ", order: YOUNGEST_FIRST", ", order: LAST_CHANGED"])
async def test_pages_forward_and_backward_meet_everybody_once(ask: Ask, actors: Make, order: str) -> None:
    county = await actors("county", region_code="530627000000")
    whole = await ask(county, f"{{ persons(first: 50{order}) {{ nodes {{ id }} }} }}")
    expected = [node["id"] for node in whole["data"]["persons"]["nodes"]]
    assert len(expected) == 8
    for size_name, cursor_name, page_key, has in (
        ("first", "after", "endCursor", "hasNextPage"),
        ("last", "before", "startCursor", "hasPreviousPage"),
    ):
        seen: list[str] = []
        cursor = None
        while True:
            answer = await ask(
                county,
                f"query ($c: String) {{ persons({size_name}: 3, {cursor_name}: $c{order}) "
                f"{{ nodes {{ id }} pageInfo {{ {page_key} {has} }} }} }}",
                c=cursor,
            )
            page = answer["data"]["persons"]
            ids = [node["id"] for node in page["nodes"]]
            seen = seen + ids if size_name == "first" else ids + seen
            if not page["pageInfo"][has]:
                break
            cursor = page["pageInfo"][page_key]
        assert seen == expected


async def test_masked_and_withheld_fields_say_so(ask: Ask, actors: Make) -> None:
    station = await actors("station", region_code=WUFENG)
    answer = await ask(station, '{ person(id: "Person:1") { citizenNumber bankAccount phone } }')
    assert answer["data"]["person"] == {
        "citizenNumber": "000***********0001",
        "bankAccount": None,
        "phone": "10020000001",
    }
    said = {item["path"]: item["access"] for item in answer["extensions"]["withheld"]}
    assert said == {"person.citizenNumber": "masked", "person.bankAccount": "withheld"}


async def test_a_withheld_field_is_no_filter_and_no_order(ask: Ask, actors: Make) -> None:
    partner = await actors("partner", partner_code="SH01")
    answer = await ask(partner, "{ persons(first: 5, filter: {ageMin: 30}) { nodes { id } } }")
    assert answer["errors"][0]["extensions"]["reason"] == "field_withheld"
    assert "data" not in answer or answer["data"] is None


async def test_a_partner_sees_its_openings_and_whom_it_was_sent(ask: Ask, actors: Make, owner: asyncpg.Pool) -> None:
    partner = await actors("partner", partner_code="SH01")
    before = await ask(partner, "{ openings(first: 9) { nodes { reference } } persons(first: 9) { nodes { name } } }")
    assert [node["reference"] for node in before["data"]["openings"]["nodes"]] == ["O1", "O2"]
    assert before["data"]["persons"]["nodes"] == []
    await owner.execute(
        "INSERT INTO casework.referral (person_id, kind, opening_id, state, referred_by, shown_on, updated_at)"
        " VALUES (7, 'opening', 1, 'referred', 1, '2026-06-01', now()),"
        " (8, 'opening', 3, 'referred', 1, '2026-06-01', now())"
    )
    after = await ask(
        partner,
        "{ persons(first: 9) { nodes { name phone citizenNumber } } openings(first: 1) { nodes { referrals(first: 5) "
        "{ nodes { stateLabel person { name } target { ... on Opening { title } } } } } } }",
    )
    assert after["data"]["persons"]["nodes"] == [{"name": "试7", "phone": "10020000007", "citizenNumber": None}]
    assert after["data"]["openings"]["nodes"][0]["referrals"]["nodes"] == [
        {"stateLabel": "已推介", "person": {"name": "试7"}, "target": {"title": "缝纫工"}}
    ]


async def test_lists_are_unnested_with_their_targets(ask: Ask, actors: Make) -> None:
    station = await actors("station", region_code=WUFENG)
    answer = await ask(
        station,
        """{ person(id: "Person:1") { recommendations(first: 9, filter: {kind: "opening"}) { totalCount nodes {
             rank score probability allocated reasons
             target { __typename ... on Opening { reference region { name } } } } } } }""",
    )
    lines = answer["data"]["person"]["recommendations"]
    assert lines["totalCount"] == 3
    assert [line["target"]["reference"] for line in lines["nodes"]] == ["O3", "O4", "O1"]
    assert lines["nodes"][0] == {
        "rank": 1, "score": 30, "probability": 0.5, "allocated": True, "reasons": [{"code": "wage"}],
        "target": {"__typename": "Opening", "reference": "O3", "region": {"name": "乌峰街道"}},
    }  # fmt: skip


async def test_one_statement_and_one_audit_entry_a_request(ask: Ask, actors: Make, pool: asyncpg.Pool) -> None:
    station = await actors("station", region_code=WUFENG)
    await ask(station, "{ persons(first: 2) { nodes { name household { members(first: 3) { nodes { name } } } } } }")
    entry = await pool.fetchrow("SELECT * FROM audit.entry ORDER BY entry_id DESC LIMIT 1")
    assert (entry["actor_id"], entry["allowed"], entry["person_ids"]) == (station.actor_id, True, [1, 3, 4])
    assert "person.name" in entry["fields"]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("{ persons { nodes { id } } }", "page_size_missing"),
        ("{ persons(first: 501) { nodes { id } } }", "page_too_large"),
        ("{ persons(first: 1, last: 1) { nodes { id } } }", "page_two_ends"),
        ('{ persons(first: 1, after: "x") { nodes { id } } }', "cursor_invalid"),
        ('{ persons(first: 1, filter: {livingRegion: "5306"}) { nodes { id } } }', "region_invalid"),
    ],
)
async def test_careless_lists_are_refused(ask: Ask, actors: Make, document: str, reason: str) -> None:
    county = await actors("county", region_code="530627000000")
    answer = await ask(county, document)
    assert answer["errors"][0]["extensions"]["reason"] == reason


async def test_a_purpose_must_be_ones_own(ask: Ask, actors: Make) -> None:
    station = await actors("station", region_code=WUFENG)
    answer = await ask(station, "{ persons(first: 1) { nodes { id } } }", purpose="social_assistance")
    assert answer["errors"][0]["extensions"]["reason"] == "purpose_not_granted"


async def test_mixed_documents_run_each_their_own_way(ask: Ask, actors: Make) -> None:
    station = await actors("station", region_code=WUFENG)
    answer = await ask(
        station,
        '{ me { kind } p: persons(first: 1) { nodes { name } } n: node(id: "Person:1") { id ... on Person { name } } '
        '__type(name: "Person") { name } }',
    )
    assert "errors" not in answer, answer
    assert answer["data"] == {
        "me": {"kind": "station"},
        "p": {"nodes": [{"name": "试1"}]},
        "n": {"id": "Person:1", "name": "试1"},
        "__type": {"name": "Person"},
    }
