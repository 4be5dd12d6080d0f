"""Trusted documents and rates, over HTTP; each test says which mode it runs in."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from app.pages.documents import load_document
from app.server import build_app
from hub.access.actor import Actor
from hub.access.token import issue_token
from hub.api.schema import build_schema, core_schema
from hub.clock import FixedClock
from hub.errors import InvalidInput, NotFound
from hub.query.documents import Draft, hash_of
from hub.query.limits import Limits
from hub.query.trusted import TrustedDocuments, fetch_documents, store_documents, store_withdrawal
from hub.settings import Settings
from tests.served import ROOT, environment

Make = Callable[..., Awaitable[Actor]]
MINE = "query Mine { persons(first: 2) { nodes { name } } }"
OTHER = "query Other { persons(first: 1) { nodes { name } } }"


@asynccontextmanager
async def hub(settings: Settings, clock: FixedClock) -> AsyncIterator[httpx.AsyncClient]:
    app = build_app(settings, clock=clock)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://hub") as client,
    ):
        yield client


def headers(settings: Settings, actor: Actor, clock: FixedClock) -> dict[str, str]:
    token = issue_token(actor, secret=settings.token_secret, clock=clock, valid_for=timedelta(hours=1))
    return {"authorization": f"Bearer {token}", "x-purpose": actor.purposes[0]}


@pytest.fixture
def production(settings: Settings) -> Settings:
    return replace(settings, mode="production")


async def register(pool: asyncpg.Pool, clock: FixedClock, *texts: str) -> list[str]:
    drafts = [Draft(f"f{number}", f"f{number}", text) for number, text in enumerate(texts)]
    return await store_documents(pool, drafts, schema=core_schema(build_schema()), limits=Limits(), clock=clock)


def why(answer: httpx.Response) -> str:
    reason: str = answer.json()["errors"][0]["extensions"]["reason"]
    return reason


async def test_production_answers_registered_documents_alone(
    production: Settings, pool: asyncpg.Pool, actors: Make, clock: FixedClock
) -> None:
    station = await actors("station", region_code="530627001000")
    assert len(await register(pool, clock, MINE)) == 1
    async with hub(production, clock) as client:
        client.headers.update(headers(production, station, clock))
        named = {"documentId": f"sha256:{hash_of(MINE).hex()}"}
        apollo = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash_of(MINE).hex()}}}
        for request in (
            {"query": MINE},
            named,
            apollo,
            {"query": load_document("People"), "variables": {"first": 1, "lang": "ZH"}},
        ):
            answer = await client.post("/graphql", json=request)
            assert answer.status_code == 200, answer.text
            assert "data" in answer.json(), answer.text
        by_get = await client.get("/graphql", params=named)
        assert by_get.json()["data"]["persons"]["nodes"]
        for request, reason in (
            ({"query": OTHER}, "document_untrusted"),
            ({"query": MINE + " "}, "document_untrusted"),
            ({"query": "{ __schema { types { name } } }"}, "document_untrusted"),
            ({"documentId": f"sha256:{hash_of(OTHER).hex()}"}, "document_unknown"),
            ({"documentId": f"sha256:{hash_of(OTHER).hex()}", "query": OTHER}, "document_unknown"),
        ):
            answer = await client.post("/graphql", json=request)
            assert why(answer) == reason
            assert "data" not in answer.json()
    refused = await pool.fetch("SELECT reason FROM audit.entry WHERE NOT allowed ORDER BY entry_id")
    assert [row["reason"] for row in refused] == ["document_untrusted"] * 3 + ["document_unknown"] * 2


async def test_development_answers_every_document_and_finds_named_ones(
    settings: Settings, pool: asyncpg.Pool, actors: Make, clock: FixedClock
) -> None:
    assert settings.mode == "development"
    station = await actors("station", region_code="530627001000")
    await register(pool, clock, MINE)
    async with hub(settings, clock) as client:
        client.headers.update(headers(settings, station, clock))
        for request in ({"query": OTHER}, {"documentId": hash_of(MINE).hex()}, {"query": "{ __typename }"}):
            assert "data" in (await client.post("/graphql", json=request)).json()
        named = {"documentId": hash_of(OTHER).hex()}
        assert why(await client.post("/graphql", json=named)) == "document_unknown"
        # Clients that send the text along after "unknown" are answered.
        assert "data" in (await client.post("/graphql", json={**named, "query": OTHER})).json()
        wrong = await client.post("/graphql", json={"query": "{ persns { nodes { name } } }"})
        assert "Did you mean" in wrong.json()["errors"][0]["message"]


async def test_only_a_grant_opens_other_documents_in_production(
    production: Settings, pool: asyncpg.Pool, actors: Make, clock: FixedClock
) -> None:
    administrator = await actors("administrator", region_code="530000000000")
    county = await actors("county", region_code="530627000000")
    introspection = {"query": "{ __schema { queryType { name } } }"}
    async with hub(production, clock) as client:
        answer = await client.post("/graphql", json=introspection, headers=headers(production, administrator, clock))
        assert answer.json()["data"]["__schema"]["queryType"]["name"] == "Query"
        # Named and sent along, as a gateway does once the name alone was unknown.
        both = {**introspection, "documentId": f"sha256:{hash_of(introspection['query']).hex()}"}
        answer = await client.post("/graphql", json=both, headers=headers(production, administrator, clock))
        assert answer.json()["data"]["__schema"]["queryType"]["name"] == "Query"
        refused = await client.post("/graphql", json=both, headers=headers(production, county, clock))
        assert why(refused) == "document_unknown"
        answer = await client.post(
            "/graphql", json={"query": "{ persns { id } }"}, headers=headers(production, administrator, clock)
        )
        assert "Did you mean" not in answer.text, "names are not told in production"
        refused = await client.post("/graphql", json=introspection, headers=headers(production, county, clock))
        assert why(refused) == "document_untrusted"
        page = {"accept": "text/html"}
        assert "graphiql" not in (await client.get("/graphql", headers=page)).text.lower()
        for actor, shown in ((administrator, True), (county, False)):
            token = headers(production, actor, clock)["authorization"].removeprefix("Bearer ")
            answer = await client.get("/graphql", headers={**page, "cookie": f"session={token}"})
            assert ("graphiql" in answer.text.lower()) is shown
        assert "graphiql" not in (await client.get("/graphql", headers={**page, "cookie": "session=x"})).text.lower()


async def test_exports_take_trusted_documents_alone_in_production(
    production: Settings, pool: asyncpg.Pool, actors: Make, clock: FixedClock
) -> None:
    station = await actors("station", region_code="530627001000")
    flat = "query Flat { persons { nodes { name } } }"
    async with hub(production, clock) as client:
        client.headers.update(headers(production, station, clock))
        refused = await client.post("/export", json={"query": flat, "format": "csv"})
        assert (refused.status_code, why(refused)) == (403, "document_untrusted")
    # An export has no pages, which a query must have: it cannot be registered as one.
    with pytest.raises(InvalidInput, match="documents_refused"):
        await register(pool, clock, "query Flat { persons { nodes { nme } } }")
    await register(pool, clock, flat)
    async with hub(production, clock) as client:
        client.headers.update(headers(production, station, clock))
        answer = await client.post("/export", json={"documentId": hash_of(flat).hex(), "format": "csv"})
        assert answer.status_code == 200, answer.text
        assert "试1" in answer.text


async def test_all_or_none_is_registered_and_withdrawn_is_gone(pool: asyncpg.Pool, clock: FixedClock) -> None:
    with pytest.raises(InvalidInput, match="documents_refused"):
        await register(pool, clock, MINE, "{ nothing }", "{ nobody }")
    assert await fetch_documents(pool) == []
    assert len(await register(pool, clock, MINE, OTHER, OTHER)) == 2
    assert await register(pool, clock, MINE) == [], "it was there already"
    now = [0.0]
    trusted = TrustedDocuments(pool, builtin=["{ built }"], monotonic=lambda: now[0])
    digest = hash_of(MINE)
    assert await trusted.find(hash_of("{ built }")) == "{ built }"
    assert await trusted.find(digest) == MINE
    assert await store_withdrawal(pool, digest.hex()[:12], clock=clock) == digest.hex()
    now[0] = 11.0
    assert await trusted.find(digest) is None
    for beginning, error in (
        ("0" * 12, NotFound),
        ("abc", InvalidInput),
        ("zzzzzzzzz", InvalidInput),
        ("%" * 9, InvalidInput),
    ):
        with pytest.raises(error):
            await store_withdrawal(pool, beginning, clock=clock)
    await register(pool, clock, MINE)
    now[0] = 13.0
    assert await trusted.find(digest) == MINE
    rows = {row["sha256"]: row["withdrawn_at"] for row in await fetch_documents(pool)}
    assert rows == {digest.hex(): None, hash_of(OTHER).hex(): None}


async def test_what_is_held_of_strangers_hashes_is_bounded(pool: asyncpg.Pool) -> None:
    trusted = TrustedDocuments(pool, most=10)
    for number in range(25):
        assert await trusted.find(hash_of(str(number))) is None
    assert len(trusted._held) == 10


async def test_a_text_cannot_be_kept_under_anothers_hash(owner: asyncpg.Pool) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute(
            "INSERT INTO access.document (sha256, name, text, registered_at) VALUES ($1, 'n', $2, now())",
            hash_of(MINE),
            OTHER,
        )


def test_the_command_registers_lists_and_withdraws(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "Mine.graphql").write_text(MINE, encoding="utf-8")

    def run(*arguments: str) -> tuple[int, Any, str]:
        done = subprocess.run(
            [sys.executable, "-m", "app.cli", "documents", *arguments, "--json"], env=environment(settings),
            capture_output=True, text=True, cwd=ROOT, check=False, timeout=120,
        )  # fmt: skip
        out = done.stdout.strip().splitlines()
        return done.returncode, json.loads(out[-1]) if out else None, done.stderr.strip()

    code, report, _ = run("register", str(folder))
    assert (code, report["new"], report["documents"][0]["name"]) == (0, 1, "Mine")
    (folder / "Bad.graphql").write_text("{\n  nothing }", encoding="utf-8")
    (folder / "Worse.graphql").write_text("{", encoding="utf-8")
    code, report, said = run("register", str(folder))
    assert (code, report) == (65, None)
    assert "Bad.graphql:2:3: Cannot query field" in said
    assert "Worse.graphql:1:2: Syntax Error" in said
    assert "Traceback" not in said
    code, report, _ = run("withdraw", hash_of(MINE).hex()[:10])
    assert (code, report["sha256"]) == (0, hash_of(MINE).hex())
    code, report, _ = run("list")
    assert [row["withdrawn_at"] is not None for row in report["documents"]] == [True]
    assert run("withdraw", hash_of(MINE).hex()[:10])[0] == 66


async def test_who_asks_too_often_waits(
    settings: Settings, pool: asyncpg.Pool, actors: Make, clock: FixedClock
) -> None:
    person = await actors("person", person_id=1)
    station = await actors("station", region_code="530627001000")
    slow = replace(settings, rate_factor=0.02)  # a person: two at first, then one in 2.5 seconds
    async with hub(slow, clock) as client:
        ask = {"json": {"query": "{ me { kind } }"}, "headers": headers(slow, person, clock)}
        answers = [await client.post("/graphql", **ask) for _ in range(3)]  # type: ignore[arg-type]  # two of its keywords
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert why(answers[2]) == "rate_limited"
        assert 1 <= int(answers[2].headers["retry-after"]) <= 3
        other = await client.post("/graphql", json=ask["json"], headers=headers(slow, station, clock))
        assert other.status_code == 200
    assert await pool.fetchval("SELECT reason FROM audit.entry WHERE NOT allowed") == "rate_limited"
