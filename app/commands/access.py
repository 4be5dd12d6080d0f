"""Access: whom a provider's subjects speak for, and tokens that are refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any, TypeVar

import asyncpg
import typer

from app.commands.options import Json, run_async
from app.ledger import record_command
from app.output import show_json, show_rows, show_table
from hub.access.signon.providers import load_providers
from hub.access.token import ISSUER
from hub.clock import SystemClock
from hub.db import migrate as migrate_database
from hub.db import open_database
from hub.errors import InvalidInput
from hub.settings import Settings

commands = typer.Typer(no_args_is_help=True, help="Sign-on: links to providers' subjects, revoked tokens.")

T = TypeVar("T")

#: Longer than any token of ours; after it a revocation is forgotten.
_LONGEST_TOKEN = timedelta(days=367)

Issuer = Annotated[str, typer.Option(help="The provider's issuer, letter by letter, or its name in the file.")]
Subject = Annotated[str, typer.Option(help="sub of its tokens: who it is to the provider.")]


def _with_pool(work: Callable[[asyncpg.Pool], Awaitable[T]]) -> T:
    settings = Settings.from_env()

    async def run() -> T:
        await migrate_database(settings)
        async with open_database(settings, max_size=2) as pool:
            return await work(pool)

    return run_async(run())


def _issuer(text: str) -> str:
    """The issuer of a configured provider: a link to another would never be asked for."""
    providers = load_providers(Settings.from_env().providers_file)
    for provider in providers.all:
        if text in (provider.issuer, provider.name):
            return provider.issuer
    known = ", ".join(provider.issuer for provider in providers.all) or "none; set YUNQIAO_PROVIDERS_FILE"
    raise InvalidInput("issuer_unknown", "No provider of this issuer is configured.", hint=f"There are: {known}.")


@commands.command()
def link(
    issuer: Issuer,
    subject: Subject,
    actor: Annotated[int, typer.Option(help="Key of the actor; yunqiao token --json makes one and names it.")],
    as_json: Json = False,
) -> None:
    """Let a provider's subject speak for an actor."""
    from hub.access.signon.links import store_link

    issuer, clock = _issuer(issuer), SystemClock()

    async def work(pool: asyncpg.Pool) -> int:
        link_id = await store_link(pool, issuer=issuer, subject=subject, actor_id=actor, clock=clock)
        # The subject may be a telephone number: the audit names the link, which names the subject.
        await record_command(pool, "link", clock=clock, detail={"link": link_id, "actor": actor})
        return link_id

    _show("Linked", {"link_id": _with_pool(work), "issuer": issuer, "actor_id": actor}, as_json)


@commands.command()
def unlink(issuer: Issuer, subject: Subject, as_json: Json = False) -> None:
    """End a link; the actor's tokens and visits so far end with it."""
    from hub.access.signon.links import store_unlinking

    issuer, clock = _issuer(issuer), SystemClock()

    async def work(pool: asyncpg.Pool) -> int:
        actor_id = await store_unlinking(pool, issuer=issuer, subject=subject, clock=clock)
        await record_command(pool, "unlink", clock=clock, detail={"actor": actor_id})
        return actor_id

    _show("Unlinked", {"issuer": issuer, "actor_id": _with_pool(work)}, as_json)


@commands.command(name="list")
def show_links(as_json: Json = False) -> None:
    """Show the links in force."""
    from hub.access.signon.links import fetch_links

    rows = [asdict(one) for one in _with_pool(fetch_links)]
    if as_json:
        show_json({"links": rows})
    else:
        show_rows("Links", rows)


@commands.command()
def revoke(
    token: Annotated[str | None, typer.Option(help="jti of a token.")] = None,
    issuer: Annotated[str, typer.Option(help="Who issued that token; this hub when left out.")] = ISSUER,
    actor: Annotated[int | None, typer.Option(help="Key of an actor: closed for good, with every token.")] = None,
    tokens_only: Annotated[
        bool, typer.Option("--tokens-only", help="With --actor: refuse what was issued until now; the actor stays.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Refuse a token, all tokens of an actor, or the actor, within seconds."""
    from hub.access.actors import store_revocation
    from hub.access.signon.links import store_token_revocation, store_tokens_revocation

    if (token is None) == (actor is None):
        raise InvalidInput("revocation_unclear", "Say what to revoke.", hint="Give either --token or --actor.")
    issuer = ISSUER if issuer == ISSUER else _issuer(issuer)
    clock = SystemClock()

    async def work(pool: asyncpg.Pool) -> None:
        if token is not None:
            until = clock.now() + _LONGEST_TOKEN
            await store_token_revocation(pool, issuer=issuer, token_id=token, expires_at=until, clock=clock)
            await record_command(pool, "revoke", clock=clock, detail={"what": "token"})
        elif actor is not None:
            await store_tokens_revocation(pool, actor, clock=clock)
            if not tokens_only:
                await store_revocation(pool, actor, clock=clock)
            what = "tokens" if tokens_only else "actor"
            await record_command(pool, "revoke", clock=clock, detail={"what": what, "actor": actor})

    _with_pool(work)
    what = {"token": token, "issuer": issuer} if token else {"actor_id": actor, "tokens_only": tokens_only}
    _show("Revoked", what, as_json)


def _show(title: str, report: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(report)
    else:
        show_table(title, report)
