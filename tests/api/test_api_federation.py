"""The hub as a subgraph: composed by npm's composition with another, asked through npm's gateway, and by itself."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from hub.access.actor import Actor
from hub.access.token import issue_token
from hub.api.federation import subgraph_sdl
from hub.api.schema import build_schema
from hub.clock import SystemClock
from hub.settings import Settings
from schema.catalog import ENTITIES, type_name
from tests.api.test_api_server import _free_port, _serve
from tests.node import ROOT, run_script

Make = Callable[..., Awaitable[Actor]]
Ask = Callable[..., Awaitable[dict[str, Any]]]
FOLDER = Path(ROOT) / "tests" / "node" / "federation"
WUFENG, COUNTY = "530627001000", "530627000000"
ENTITIES_OF = "query ($r: [_Any!]!) { _entities(representations: $r) { __typename ... on Person { name phone } } }"


def person(key: int | str) -> dict[str, str]:
    return {"__typename": "Person", "id": f"Person:{key}"}


def test_it_composes_with_another_subgraph() -> None:
    composed = run_script(FOLDER, "compose.mjs", {"sdl": subgraph_sdl(build_schema())})
    assert composed["errors"] == []
    for line in ("houseGrade: String @join__field(graph: HOUSING)", "citizenNumber: String @join__field(graph: HUB)"):
        assert line in composed["supergraph"]
    people = composed["supergraph"].partition("type Person")[2].partition("{")[0]
    joined = set(re.findall(r"@join__type\((.*?)\)", people))
    assert joined == {'graph: HUB, key: "id", resolvable: true', 'graph: HOUSING, key: "id"'}


def test_what_does_not_fit_is_not_composed() -> None:
    """The check above can fail: a field of another type is no shared field."""
    sdl = subgraph_sdl(build_schema()).replace("hasNextPage: Boolean!", "hasNextPage: String!")
    composed = run_script(FOLDER, "compose.mjs", {"sdl": sdl})
    assert composed["supergraph"] is None
    assert any("hasNextPage" in error for error in composed["errors"])


def test_every_entity_with_an_id_of_its_own_has_a_key() -> None:
    sdl = subgraph_sdl(build_schema())
    for entity in ENTITIES.values():
        line = next(line for line in sdl.splitlines() if line.startswith(f"type {type_name(entity.name)} "))
        assert ('@key(fields: "id"' in line) == entity.node
    assert "union _Entity = " in sdl


async def test_the_schema_is_the_same_for_everybody(ask: Ask, actors: Make) -> None:
    station = await actors("station", region_code=WUFENG)
    answer = await ask(station, "{ _service { sdl } }")
    assert answer["data"]["_service"]["sdl"] == subgraph_sdl(build_schema())


async def test_representations_keep_their_order_and_what_is_out_of_sight_is_null(
    ask: Ask, actors: Make, owner: asyncpg.Pool
) -> None:
    station = await actors("station", region_code=WUFENG)
    asked = [
        person(4),
        person(5),
        person(1),
        person(999),
        person("x"),
        {**person(3), "__typename": "Household"},
        person(1),
    ]
    answer = await ask(station, ENTITIES_OF, r=asked)
    found = answer["data"]["_entities"]
    assert [item and item["name"] for item in found] == ["试4", None, "试1", None, None, None, "试1"]
    entry = await owner.fetchrow("SELECT * FROM audit.entry ORDER BY entry_id DESC LIMIT 1")
    assert entry["person_ids"] == [1, 4]
    assert {"person.name", "person.phone"} <= set(entry["fields"])


async def test_a_representation_written_out_takes_its_variables_anew(ask: Ask, actors: Make) -> None:
    station = await actors("station", region_code=WUFENG)
    document = (
        'query ($id: ID!) { _entities(representations: [{__typename: "Person", id: $id}]) { ... on Person { name } } }'
    )
    for key in (1, 3, 4):
        answer = await ask(station, document, id=f"Person:{key}")
        assert answer["data"]["_entities"] == [{"name": f"试{key}"}]


async def test_access_holds_for_representations(ask: Ask, actors: Make) -> None:
    county = await actors("county", region_code=COUNTY)
    document = """query ($r: [_Any!]!) { _entities(representations: $r) {
        ... on Person { name phone bankAccount citizenNumber } ... on Household { membersCount } } }"""
    answer = await ask(county, document, r=[person(1), {"__typename": "Household", "id": "Household:1"}])
    one, household = answer["data"]["_entities"]
    assert (one["phone"], one["bankAccount"], household) == ("100****0001", None, {"membersCount": 2})
    said = {item["path"]: item["access"] for item in answer["extensions"]["withheld"]}
    assert said["_entities.bankAccount"] == "withheld"
    partner = await actors("partner", partner_code="SH01")
    assert (await ask(partner, ENTITIES_OF, r=[person(1)]))["data"]["_entities"] == [None]


@pytest.mark.parametrize(
    ("representations", "reason"),
    [
        ([{"__typename": "Person"}], "representation_invalid"),
        ([{"id": "Person:1"}], "representation_invalid"),
        (["Person:1"], "representation_invalid"),
        ([{"__typename": "Person", "id": 1}], "representation_invalid"),
        ([{"__typename": "Person", "id": "Person:1"}] * 501, "ids_invalid"),
    ],
)
async def test_what_is_no_representation_is_refused(
    ask: Ask, actors: Make, representations: list[Any], reason: str
) -> None:
    station = await actors("station", region_code=WUFENG)
    answer = await ask(station, ENTITIES_OF, r=representations)
    assert answer["errors"][0]["extensions"]["reason"] == reason


async def test_it_may_stand_beside_computed_fields(ask: Ask, actors: Make) -> None:
    station = await actors("station", region_code=WUFENG)
    document = "query ($r: [_Any!]!) { me { kind } " + ENTITIES_OF.partition("{ ")[2]
    answer = await ask(station, document, r=[person(1), person(9)])
    assert answer["data"]["_entities"] == [{"__typename": "Person", "name": "试1", "phone": "10020000001"}, None]
    assert answer["data"]["me"] == {"kind": "station"}


@pytest.fixture
def served(settings: Settings, register: None) -> Iterator[str]:
    """Address of a server process of its own."""
    port = _free_port()
    server = _serve(settings, port)
    try:
        _wait(server, port)
        yield f"http://127.0.0.1:{port}/graphql"
    finally:
        server.kill()
        server.communicate()


def _wait(server: subprocess.Popen[str], port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            assert httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
            return
        except (httpx.TransportError, OSError):
            assert server.poll() is None, server.stderr and server.stderr.read()
            assert time.monotonic() < deadline, "it did not start"
            time.sleep(0.2)


async def test_a_gateway_asks_the_served_hub(served: str, settings: Settings, actors: Make) -> None:
    station = await actors("station", region_code=WUFENG)
    secret = (settings.data_dir / "token.key").read_bytes()
    token = issue_token(station, secret=secret, clock=SystemClock(), valid_for=timedelta(hours=1))
    queries = [
        "{ repairs { address owner { name houseGrade phone bankAccount } } }",
        "{ persons(first: 3) { nodes { name houseGrade } pageInfo { hasNextPage } } }",
    ]
    given = {
        "url": served,
        "headers": {"authorization": f"Bearer {token}", "x-purpose": "employment_service"},
        "queries": queries,
    }
    found = run_script(FOLDER, "gateway.mjs", given)
    houses, people = found["answers"]
    assert houses["errors"] == []
    assert [house["owner"] for house in houses["data"]["repairs"]] == [
        {"name": "试1", "houseGrade": "C", "phone": "10020000001", "bankAccount": None},
        {"name": "试3", "houseGrade": "D", "phone": "10020000003", "bankAccount": None},
        # Out of sight here: what another office knows is still its own to tell.
        {"name": None, "houseGrade": "D", "phone": None, "bankAccount": None},
    ]
    assert [(node["name"], node["houseGrade"]) for node in people["data"]["persons"]["nodes"]] == [
        ("试1", "C"), ("试3", "D"), ("试4", None),
    ]  # fmt: skip
    assert len([query for query in found["sent"] if "_entities" in query]) == 1, "all in one request"
