"""GraphQL over HTTP: statuses, media types, limits, and an audit entry for each answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from hub.access.actor import Actor
from hub.access.actors import ActorCache, store_revocation
from hub.access.audit import AuditLog
from hub.access.token import issue_token, read_token
from hub.api.http import GraphQLApp
from hub.api.service import GraphQLService
from hub.clock import FixedClock

SECRET = b"a secret of the tests, 32 bytes!"
RESPONSE, JSON = "application/graphql-response+json", "application/json"
ME = {"query": "{ me { kind } }"}
Make = Callable[..., Awaitable[Actor]]


@pytest.fixture
async def client(pool: asyncpg.Pool, service: GraphQLService, clock: FixedClock) -> AsyncIterator[httpx.AsyncClient]:
    """The endpoint in process; actors are not held, so that a revocation counts at once."""
    cache = ActorCache(pool, valid_s=0)

    async def actor_of(token: str) -> Actor:
        return await cache.fetch(read_token(token, secret=SECRET, clock=clock).actor_id)

    app = GraphQLApp(lambda: service, actor_of, graphiql=True, most_bytes=5000)
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # raw ASGI, its own aliases
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as opened:
        yield opened


@pytest.fixture
async def headers(actors: Make, clock: FixedClock) -> dict[str, str]:
    station = await actors("station", region_code="530627001000")
    token = issue_token(station, secret=SECRET, clock=clock, valid_for=timedelta(hours=1))
    return {"Authorization": f"Bearer {token}", "X-Purpose": "employment_service"}


async def last_entry(pool: asyncpg.Pool) -> Any:
    return await pool.fetchrow("SELECT * FROM audit.entry ORDER BY entry_id DESC LIMIT 1")


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, JSON),
        ("*/*", JSON),
        (JSON, JSON),
        (RESPONSE, RESPONSE),
        (f"{RESPONSE}; charset=utf-8, {JSON}; charset=utf-8", RESPONSE),
        (f"{JSON};q=0.5, {RESPONSE}", RESPONSE),
        (f"{RESPONSE};q=0.1, application/*", JSON),
        ("text/plain, */*;q=0.1", JSON),
    ],
)
async def test_the_answer_has_the_type_that_was_asked_for(
    client: httpx.AsyncClient, headers: dict[str, str], accept: str | None, media: str
) -> None:
    if accept is None:
        del client.headers["accept"]
    answer = await client.post("/graphql", json=ME, headers={**headers, **({"Accept": accept} if accept else {})})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"{media}; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json() == {"data": {"me": {"kind": "station"}}}


@pytest.mark.parametrize(
    ("request_", "status", "reason"),
    [
        ({"headers": {"Accept": "text/plain"}}, 406, "not_acceptable"),
        ({"headers": {"Accept": f"{JSON};q=0"}}, 406, "not_acceptable"),
        ({"headers": {"Content-Type": "text/plain"}, "content": b"{}"}, 415, "media_type_unsupported"),
        ({"headers": {"Content-Type": f"{JSON}; charset=gbk"}, "content": b"{}"}, 415, "media_type_unsupported"),
        (
            {"headers": {"Content-Type": JSON, "Content-Encoding": "br"}, "content": b"{}"},
            415,
            "media_type_unsupported",
        ),
        ({"content": b"{"}, 400, "json_invalid"),
        ({"content": b"\xff\xfe"}, 400, "json_invalid"),
        ({"content": b'{"query": "{me{kind}}", "variables": {"a": NaN}}'}, 400, "json_invalid"),
        ({"content": b"[" * 4000}, 400, "json_invalid"),
        ({"content": b"[]"}, 400, "query_missing"),
        ({"content": b'{"query": 1}'}, 400, "query_missing"),
        ({"content": b'{"query": ""}'}, 400, "query_missing"),
        ({"content": b'{"query": "\\ud800"}'}, 400, "query_invalid"),
        ({"content": b'{"query": "{me{kind}}", "variables": []}'}, 400, "request_invalid"),
        ({"content": b'{"query": "{me{kind}}", "operationName": 1}'}, 400, "request_invalid"),
        ({"content": b'{"query": "{me{kind}}", "extensions": 0}'}, 400, "request_invalid"),
        ({"content": b" " * 5001}, 413, "body_too_large"),
        ({"headers": {"X-Purpose": "social_assistance"}}, 403, "purpose_not_granted"),
        ({"headers": {"X-Purpose": "'; DROP TABLE audit.entry; --"}}, 403, "purpose_not_granted"),
        ({"headers": {"Authorization": ""}}, 401, "token_missing"),
        ({"headers": {"Authorization": "Basic x"}}, 401, "token_missing"),
        ({"headers": {"Authorization": "Bearer x.y.z"}}, 401, "token_invalid"),
        ({"method": "PUT"}, 405, "method_not_allowed"),
        ({"method": "DELETE"}, 405, "method_not_allowed"),
    ],
)
async def test_what_is_wrong_as_http_says_so_and_is_recorded(
    client: httpx.AsyncClient, headers: dict[str, str], pool: asyncpg.Pool, request_: dict[str, Any], status: int,
    reason: str,
) -> None:  # fmt: skip
    sent = {**headers, "Content-Type": JSON, **request_.get("headers", {})}
    content = request_.get("content", json.dumps(ME).encode())
    for media in (JSON, RESPONSE):
        accept = {} if "Accept" in sent else {"Accept": media}
        answer = await client.request(
            request_.get("method", "POST"), "/graphql", content=content, headers={**sent, **accept}
        )
        assert answer.status_code == status
        assert answer.json()["errors"][0]["extensions"]["reason"] == reason
        assert "data" not in answer.json()
    entry = await last_entry(pool)
    assert (entry["allowed"], entry["reason"], entry["action"]) == (False, reason, "request")
    assert str(entry["request_id"]) == answer.headers["x-request-id"]
    assert entry["purpose"] in ("", "employment_service", "social_assistance"), "no text of a stranger's choosing"
    assert await pool.fetchval("SELECT count(*) FROM audit.entry") == 2
    if status == 401:
        assert answer.headers["www-authenticate"] == "Bearer"
        assert entry["actor_id"] is None
    if status == 405:
        assert answer.headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    ("document", "strict", "code"),
    [
        ("{ me { kind ", 400, "GRAPHQL_VALIDATION_FAILED"),
        ("{ nothing }", 400, "GRAPHQL_VALIDATION_FAILED"),
        ("query ($x: Int!) { persons(first: $x) { nodes { id } } }", 400, "GRAPHQL_VALIDATION_FAILED"),
        ("{ persons(first: 501) { nodes { id } } }", 413, "LIMIT_EXCEEDED"),
        ("{ persons(first: 1, filter: { nameUnknown: 1 }) { nodes { id } } }", 400, "GRAPHQL_VALIDATION_FAILED"),
        ('{ verdicts(personId: "Person:5", openingId: "Opening:3") { rule } }', 404, "NOT_FOUND"),
    ],
)
async def test_a_well_formed_request_that_fails(
    client: httpx.AsyncClient, headers: dict[str, str], pool: asyncpg.Pool, document: str, strict: int, code: str
) -> None:
    for media, status in ((JSON, 200), (RESPONSE, strict)):
        answer = await client.post("/graphql", json={"query": document}, headers={**headers, "Accept": media})
        assert answer.status_code == status
        assert answer.json()["errors"][0]["extensions"]["code"] == code
        assert answer.json().get("data") is None
        assert (await last_entry(pool))["allowed"] is False
    assert await pool.fetchval("SELECT count(*) FROM audit.entry") == 2


async def test_get_answers_queries_and_changes_nothing(
    client: httpx.AsyncClient, headers: dict[str, str], pool: asyncpg.Pool
) -> None:
    query = "query a($n: Int!) { persons(first: $n) { nodes { name } } } query b { me { kind } }"
    params = {"query": query, "variables": '{"n": 1}', "operationName": "a"}
    answer = await client.get("/graphql", params=params, headers=headers)
    assert answer.json()["data"]["persons"]["nodes"] == [{"name": "试1"}]
    entry = await last_entry(pool)
    assert (entry["operation_name"], entry["person_ids"], entry["allowed"]) == ("a", [1], True)
    broken = await client.get("/graphql", params={**params, "variables": "{"}, headers=headers)
    assert (broken.status_code, broken.json()["errors"][0]["extensions"]["reason"]) == (400, "json_invalid")
    change = 'mutation { closeOpening(id: "Opening:3", version: 1, idempotencyKey: "12345678") { opening { id } } }'
    for media in (JSON, RESPONSE):
        refused = await client.get("/graphql", params={"query": change}, headers={**headers, "Accept": media})
        assert refused.status_code == 405
    assert await pool.fetchval("SELECT state FROM market.opening WHERE opening_id = 3") == "open"


async def test_graphiql_asks_nobody_else(client: httpx.AsyncClient) -> None:
    page = await client.get("/graphql", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "://" not in page.text.replace("http://www.w3.org", "")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "script-src 'self';" in policy


async def test_a_revoked_actor_and_an_expired_token_are_refused(
    client: httpx.AsyncClient, actors: Make, pool: asyncpg.Pool, clock: FixedClock
) -> None:
    county = await actors("county", region_code="530627000000")
    token = issue_token(county, secret=SECRET, clock=clock, valid_for=timedelta(hours=1))
    late = issue_token(county, secret=SECRET, clock=clock, valid_for=timedelta(seconds=0))
    purpose = {"X-Purpose": "employment_service"}
    first = await client.post("/graphql", json=ME, headers={**purpose, "Authorization": f"Bearer {token}"})
    assert first.status_code == 200
    expired = await client.post("/graphql", json=ME, headers={**purpose, "Authorization": f"Bearer {late}"})
    assert expired.json()["errors"][0]["extensions"]["reason"] == "token_expired"
    await store_revocation(pool, county.actor_id, clock=clock)
    refused = await client.post("/graphql", json=ME, headers={**purpose, "Authorization": f"Bearer {token}"})
    assert refused.status_code == 401
    assert refused.json()["errors"][0]["extensions"]["reason"] == "actor_revoked"


async def test_who_has_several_purposes_must_state_one(
    client: httpx.AsyncClient, actors: Make, headers: dict[str, str], clock: FixedClock
) -> None:
    county = await actors("county", region_code="530602000000")
    token = issue_token(county, secret=SECRET, clock=clock, valid_for=timedelta(hours=1))
    answer = await client.post("/graphql", json=ME, headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["reason"]) == (400, "purpose_missing")
    only = await client.post("/graphql", json=ME, headers={"Authorization": headers["Authorization"]})
    assert only.status_code == 200


@pytest.mark.parametrize(
    "variables",
    [
        {"f": {"name": "\u0000"}},
        {"f": {"name": "\ud800"}},
        {"f": {"ageMin": 2147483647}},
        {"f": {"livingRegion": "\u0661" * 12}},
        {"f": {"bornBefore": "0000-99-99"}},
        {"f": {"education": ["x" * 3000]}},
    ],
)
async def test_odd_values_are_never_our_fault(
    client: httpx.AsyncClient, headers: dict[str, str], variables: dict[str, Any]
) -> None:
    query = "query ($f: PersonFilter) { persons(first: 1, filter: $f) { totalCount } }"
    body = json.dumps({"query": query, "variables": variables})
    answer = await client.post("/graphql", content=body, headers={**headers, "Accept": RESPONSE, "Content-Type": JSON})
    assert answer.status_code in (200, 400)
    assert "postgres" not in answer.text.lower()


async def test_nothing_is_answered_that_could_not_be_recorded(
    client: httpx.AsyncClient, headers: dict[str, str], service: GraphQLService
) -> None:
    class Broken:
        async def execute(self, *_: Any) -> None:
            raise ConnectionResetError

    service._audit = AuditLog(Broken())  # a server that went away
    for sent in (headers, {}):
        answer = await client.post("/graphql", json={"query": "{ persons(first: 1) { nodes { name } } }"}, headers=sent)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "2"
        assert "试" not in answer.text
        assert answer.json()["errors"][0]["extensions"]["reason"] == "audit_unavailable"


async def test_what_nobody_foresaw_is_masked_with_a_number_that_the_log_has(
    client: httpx.AsyncClient, headers: dict[str, str], service: GraphQLService, pool: asyncpg.Pool,
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("张三 530627198001014321")

    monkeypatch.setattr(service.engine, "execute", broken)
    answer = await client.post("/graphql", json={"query": "{ persons(first: 1) { nodes { id } } }"}, headers=headers)
    number = answer.headers["x-request-id"]
    assert answer.status_code == 500
    assert number in answer.json()["errors"][0]["message"]
    assert "张三" not in answer.text
    assert "RuntimeError" not in answer.text
    assert any(getattr(record, "fields", {}).get("request_id") == number for record in caplog.records)
    assert (await last_entry(pool))["reason"] == "internal"


async def test_requests_at_once_have_an_entry_each(
    client: httpx.AsyncClient, headers: dict[str, str], pool: asyncpg.Pool
) -> None:
    answers = await asyncio.gather(*(client.post("/graphql", json=ME, headers=headers) for _ in range(40)))
    assert {answer.status_code for answer in answers} == {200}
    recorded = {str(row["request_id"]) for row in await pool.fetch("SELECT request_id FROM audit.entry")}
    assert recorded == {answer.headers["x-request-id"] for answer in answers}
