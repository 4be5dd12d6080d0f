"""The log of a real server under a mixed workload: one JSON object a line, and nobody's data in any of them."""

from __future__ import annotations

import asyncio
import json
import random
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from hub.access.accounts import store_account
from hub.access.actor import Actor
from hub.access.token import issue_token
from hub.clock import FixedClock, SystemClock
from hub.settings import Settings
from tests.served import ROOT, environment, serving

Make = Callable[..., Awaitable[Actor]]
PASSWORD = "correct horse battery staple 7"
#: Columns of the register that say something of somebody.
_PERSONAL = ("name", "citizen_number", "phone", "bank_account", "registered_address", "living_address",
             "disability_certificate")  # fmt: skip


async def fill(owner: asyncpg.Pool, random_: random.Random) -> list[str]:
    """Give everybody values that stand nowhere else, and return them."""
    people = [row["person_id"] for row in await owner.fetch("SELECT person_id FROM registry.person")]
    for key in people:
        digits = "".join(random_.choices("123456789", k=40))
        await owner.execute(
            """UPDATE registry.person SET name = $2, citizen_number = $3, phone = $4, bank_account = $5,
                registered_address = $6, living_address = $7, disability_certificate = $8 WHERE person_id = $1""",
            key,
            "".join(random_.choices("龘靐齉爩麤龗灪吁", k=3)) + chr(0x4E00 + key),
            "00" + digits[:16],
            "100" + digits[16:24],
            "00" + digits[24:40],
            f"望江巷{digits[:6]}号",
            f"临水街{digits[6:12]}号",
            "00" + digits[5:23],
        )
    # Reasons as a run stores them: the pages show them.
    await owner.execute(
        """UPDATE matching.recommendation SET reasons = '[[{"code": "wage", "sign": 1, "value": 1.5}], [], []]'"""
    )
    rows = await owner.fetch(f"SELECT {', '.join(_PERSONAL)} FROM registry.person")  # noqa: S608 - the columns named above
    return [str(value) for row in rows for value in row if value]


def documents(secret: str) -> list[tuple[str, dict[str, Any]]]:
    """Queries and mutations with a personal value wherever a caller can put one; most of them are refused."""
    quoted = json.dumps(secret, ensure_ascii=False)
    return [
        ("query($n: String) { persons(first: 5, filter: { name: $n }) { nodes { name phone } } }", {"n": secret}),
        (f"{{ persons(first: 5, filter: {{ citizenNumber: {quoted} }}) {{ nodes {{ name }} }} }}", {}),
        (f"{{ persons(first: 5, after: {quoted}) {{ nodes {{ name }} }} }}", {}),
        (f"{{ persons(first: {quoted}) {{ nodes {{ name }} }} }}", {}),
        (f"{{ person(id: {quoted}) {{ name }} }}", {}),
        (f"# {secret}\n{{ nothing }}", {}),
        (f"{{ persons(first: 5, filter: {{ phone: {quoted} }}) {{ nodes {{ name }} }} }}", {}),
        ("query($n: Int!) { persons(first: $n) { nodes { name } } }", {"n": secret}),
        ("query($n: ID!) { node(id: $n) { id } }", {"n": f"Person:{secret}"}),
        ("query($n: String) { persons(first: 1, filter: { name: $n }) { nodes { id } } }", {"n": secret + "\0"}),
        (
            "mutation($i: AddPersonInput!, $k: String!) { addPerson(input: $i, idempotencyKey: $k) { person { id } } }",
            {"i": {"name": secret}, "k": secret},
        ),
        (
            "mutation($p: ID!, $t: ID!) { referPerson(personId: $p, targetId: $t, idempotencyKey: \"x\") "
            "{ referral { id } } }",
            {"p": f"Person:{secret}", "t": secret},
        ),
    ]  # fmt: skip


async def work(client: httpx.AsyncClient, tokens: list[str], secrets: list[str], random_: random.Random) -> None:
    """One of everything, each with somebody's data in it."""
    for secret in secrets:
        token = random_.choice(tokens)
        headers = {"Authorization": f"Bearer {token}", "X-Purpose": "employment_service"}
        document, variables = random_.choice(documents(secret))
        await client.post("/graphql", json={"query": document, "variables": variables}, headers=headers)
        await client.get("/graphql", params={"query": document, "variables": secret}, headers=headers)
        await client.post("/graphql", json={"query": document}, headers={**headers, "X-Purpose": secret.encode().hex()})
        await client.post("/graphql", json={"query": "{me{kind}}", "operationName": secret}, headers=headers)
        await client.post("/graphql", content=secret.encode(), headers=headers)
        await client.post("/graphql", json={}, headers={"Authorization": f"Bearer {secret.encode().hex()}"})
        query = "query($n: String) { persons(filter: { name: $n }) { nodes { name phone livingAddress } } }"
        for format_ in ("csv", "xlsx", secret):
            form = {"query": query, "variables": {"n": secret}, "format": format_}
            await client.post("/export", json=form, headers=headers)
        await client.post("/signin", data={"username": secret, "password": secret})
        await client.get(f"/people/{secret}")
        await client.get(f"/{secret}", params={"name": secret})


async def visit(address: str, secrets: list[str]) -> None:
    """A station's visit: the list, somebody, a search, a form, a download."""
    async with httpx.AsyncClient(base_url=address, follow_redirects=True) as client:
        page = await client.get("/signin")
        csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
        form = {"username": "town", "password": PASSWORD, "csrf": csrf.group(1) if csrf else ""}
        page = await client.post("/signin", data=form)
        assert page.status_code == 200
        found = await client.get("/people", params={"name": secrets[0][:1]})
        csrf = re.search(r'name="csrf" value="([^"]+)"', (await client.get("/people")).text)
        assert csrf, found.text[:500]
        book = await client.post("/people/export", data={"csrf": csrf.group(1)})
        assert book.headers["content-disposition"].endswith('.xlsx"')
        for secret in secrets[:6]:
            await client.get(f"/people/Person:{secret}")
            await client.post("/people/Person:1/contact", data={"csrf": csrf.group(1), "note": secret})
            await client.post(
                "/people/Person:1/wish", data={"csrf": csrf.group(1), "occupation": secret, "wage": secret}
            )
            await client.post("/openings/new", data={"csrf": csrf.group(1), "title": secret, "place": secret})


@pytest.mark.slow
async def test_no_line_holds_anybodys_data(
    settings: Settings, owner: asyncpg.Pool, pool: asyncpg.Pool, actors: Make, clock: FixedClock, tmp_path: Path
) -> None:
    random_ = random.Random(20261124)
    secrets = await fill(owner, random_)
    station = await actors("station", region_code="530627001000")
    county = await actors("county", region_code="530627000000")
    await store_account(pool, username="town", password=PASSWORD, actor=station, clock=clock)
    issue = {"secret": settings.token_secret, "clock": SystemClock(), "valid_for": timedelta(hours=1)}
    tokens = [issue_token(actor, **issue) for actor in (station, county)]  # type: ignore[arg-type]  # as named above
    with serving(settings, tmp_path) as process:
        async with httpx.AsyncClient(base_url=process.url, timeout=60) as client:
            chosen = random_.sample(secrets, 15)
            await asyncio.gather(*(work(client, tokens, chosen[start::3], random_) for start in range(3)))
            # Something that nobody foresaw: a table that is not there.
            await owner.execute("ALTER TABLE registry.wish RENAME TO wish_away")
            try:
                for token in tokens:
                    query = "{ persons(first: 5) { nodes { name wish { occupation } } } }"
                    headers = {"Authorization": f"Bearer {token}", "X-Purpose": "employment_service"}
                    answer = await client.post("/graphql", json={"query": query}, headers=headers)
                    assert answer.status_code == 500
            finally:
                await owner.execute("ALTER TABLE registry.wish_away RENAME TO wish")
        await visit(process.url, [row["name"] for row in await owner.fetch("SELECT name FROM registry.person")])
        await owner.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'yunqiao_app'")
        async with httpx.AsyncClient(base_url=process.url, timeout=60) as client:
            for token in tokens:
                await client.post(
                    "/graphql", json={"query": "{me{kind}}"}, headers={"Authorization": f"Bearer {token}"}
                )
    output = process.words() + intake(settings, tmp_path, secrets)
    lines = process.words().splitlines()
    events = {json.loads(line)["event"] for line in lines}
    assert {"graphql", "export", "internal"} <= events
    for line in lines:
        entry = json.loads(line)
        assert datetime.fromisoformat(entry["time"]).tzinfo is not None
        assert {"time", "level", "event", "logger"} <= entry.keys()
        if entry["event"] in ("graphql", "export", "internal"):
            assert re.fullmatch(r"[0-9a-f-]{36}", entry["request_id"])
    assert len(lines) > 100
    unescaped = output + re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found.group(1), 16)), output)
    told = [value for value in {*secrets, *tokens, PASSWORD, settings.token_secret.decode()} if value in unescaped]
    assert not told
    assert not [value for value in secrets if value.encode().hex() in output], "a header's words"


def intake(settings: Settings, folder: Path, secrets: list[str]) -> str:
    """What ``yunqiao ingest`` says of a file full of rows that cannot be read."""
    sheet = folder / "human_resources_530627000000_20260601.csv"
    heads = "姓名,公民身份号码,联系电话,现居住地址"
    rows = "\n".join(f"{value},{value},{value},{value}" for value in secrets)
    sheet.write_text(f"{heads}\n{rows}\n{secrets[0]}", encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "app.cli", "ingest", str(sheet), "--json"],
        env=environment(settings), cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert run.stdout + run.stderr
    return run.stdout + run.stderr
