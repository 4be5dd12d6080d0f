"""Sign-ins for the demo: one account of each kind, so that every page can be looked at."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import asyncpg

from app.output import console, show_rows
from hub.access.accounts import store_account
from hub.access.actor import Actor
from hub.access.actors import ensure_actor
from hub.access.token import issue_token
from hub.clock import Clock, SystemClock
from hub.db import open_database
from hub.db.sql import load_queries
from hub.settings import Settings
from schema.regions import full_name

#: File in the data directory that keeps the passwords made for a demo; readable by its owner alone.
KEPT = "signins.json"
_TOKEN = timedelta(hours=12)
_WHO = {
    "station": "乡镇就业服务站 · employment station",
    "county": "县级调度 · county office",
    "partner": "劳务协作单位 · labour-cooperation partner",
    "person": "本人 · a person",
}


@dataclass(frozen=True, slots=True)
class SignIn:
    """One account: its kind, scope in words, name and password."""

    kind: str
    scope: str
    username: str
    password: str


async def ensure_signins(settings: Settings, *, region_code: str, clock: Clock | None = None) -> list[SignIn]:
    """Accounts for the county's pages; made once for a data directory, then the same again.

    The station is the one with most to do, the partner the one with most openings, the person the
    first zero-employment household's first willing member. Where the files held no such thing, that account is left
    out.
    """
    kept = settings.data_dir / KEPT
    if kept.exists():
        return [SignIn(**item) for item in json.loads(kept.read_text(encoding="utf-8"))]
    clock = clock or SystemClock()
    made: list[SignIn] = []
    async with open_database(settings, max_size=2) as pool:
        for actor, scope in await _actors(pool, region_code, clock):
            password = secrets.token_urlsafe(12)
            await store_account(pool, username=actor.kind, password=password, actor=actor, clock=clock)
            made.append(SignIn(actor.kind, scope, actor.kind, password))
    text = json.dumps([asdict(item) for item in made], ensure_ascii=False, indent=1)
    with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    return made


async def _actors(pool: asyncpg.Pool, region_code: str, clock: Clock) -> list[tuple[Actor, str]]:
    row = await pool.fetchrow(load_queries("app").fetch_demo_scopes)
    found: list[tuple[Actor, str]] = []
    scopes: tuple[tuple[str, dict[str, Any]], ...] = (
        ("station", {"region_code": row["station_region_code"]}),
        ("county", {"region_code": region_code}),
        ("partner", {"partner_code": row["partner_code"]}),
        ("person", {"person_id": row["person_id"]}),
    )
    for kind, scope in scopes:
        value = next(iter(scope.values()))
        if value is None:
            continue
        actor = await ensure_actor(pool, kind=kind, name=_name(kind, str(value)), clock=clock, **scope)
        found.append((actor, _scope(kind, str(value))))
    return found


def _name(kind: str, value: str) -> str:
    return {"station": f"{full_name(value)}就业服务站", "county": f"{full_name(value)}就业局"}.get(kind) or (
        f"协作单位 {value}" if kind == "partner" else "本人"
    )


def _scope(kind: str, value: str) -> str:
    return full_name(value) if kind in ("station", "county") else value if kind == "partner" else f"Person:{value}"


async def issue_demo_tokens(settings: Settings, *, region_code: str, clock: Clock | None = None) -> dict[str, str]:
    """A token for each official of the demo, by kind; good for half a day."""
    clock = clock or SystemClock()
    async with open_database(settings, max_size=1) as pool:
        actors = [actor for actor, _ in await _actors(pool, region_code, clock)]
    return {
        actor.kind: issue_token(actor, secret=settings.token_secret, clock=clock, valid_for=_TOKEN) for actor in actors
    }


def show_welcome(settings: Settings, signins: list[SignIn], tokens: dict[str, str]) -> None:
    """Addresses, sign-ins, and two queries to paste."""
    address = f"http://{settings.host}:{settings.port}"
    console.print()
    console.print(f"[bold]Yunqiao is at[/bold] {address}   GraphQL and GraphiQL: {address}/graphql   (Ctrl-C ends it)")
    show_rows(
        "Sign-ins",
        [
            {"who": _WHO[item.kind], "of": item.scope, "user": item.username, "password": item.password}
            for item in signins
        ],
    )
    console.print("[bold]Two queries to paste[/bold] into GraphiQL, each with its headers:")
    for kind, title, query in _QUERIES:
        if kind in tokens:
            headers = {"Authorization": f"Bearer {tokens[kind]}", "X-Purpose": "employment_service"}
            console.print(f"\n# {title}", style="cyan", highlight=False)
            for line in (json.dumps(headers), query):
                console.print(line, soft_wrap=True, highlight=False, markup=False)
    console.print()


_QUERIES = (
    (
        "station",
        "The station's zero-employment households, and the place set aside for each willing member",
        "{ persons(first: 3, filter: { willing: true, zeroEmployment: true }) { totalCount nodes { name livingRegion"
        " { name } recommendations(first: 1, filter: { allocated: true }) { nodes { rank probability"
        " target { __typename ... on Opening { title employerName } ... on Post { name } } } } } } }",
    ),
    (
        "county",
        "The county's openings that pay best and still have room",
        "{ openings(first: 3, order: BEST_PAID_FIRST, filter: { hasVacancies: true }) { totalCount nodes { title"
        " employerName wageHighYuanPerMonth region { fullName } } } }",
    ),
)
