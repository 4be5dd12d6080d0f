"""Documents: what an installation in production answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import asyncpg
import typer

from app.commands.options import Json, run_async
from app.ledger import record_command
from app.output import complain, show_json, show_rows, show_table
from hub.clock import SystemClock
from hub.db import migrate as migrate_database
from hub.db import open_database
from hub.settings import Settings

commands = typer.Typer(no_args_is_help=True, help="Trusted documents: what is answered in production.")

T = TypeVar("T")


def _with_pool(work: Callable[[asyncpg.Pool], Awaitable[T]]) -> T:
    settings = Settings.from_env()

    async def run() -> T:
        await migrate_database(settings)
        async with open_database(settings, max_size=2) as pool:
            return await work(pool)

    return run_async(run())


@commands.command()
def register(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="*.graphql, *.gql and manifests (*.json).")],
    as_json: Json = False,
) -> None:
    """Register the documents of a directory: all of them, or none where one is wrong."""
    from hub.api.schema import build_schema, core_schema
    from hub.query.limits import Limits
    from hub.query.trusted import DocumentsRefused, read_drafts, store_documents

    drafts, clock = read_drafts(folder), SystemClock()

    async def work(pool: asyncpg.Pool) -> list[str]:
        schema = core_schema(build_schema())
        new = await store_documents(pool, drafts, schema=schema, limits=Limits(), clock=clock)
        await record_command(pool, "register_documents", clock=clock, detail={"sha256": new[:1000], "new": len(new)})
        return new

    try:
        new = _with_pool(work)
    except DocumentsRefused as error:
        for line in error.complaints[1:]:
            complain(line)
        raise
    rows = [{"name": draft.name, "sha256": draft.sha256.hex()} for draft in drafts]
    if as_json:
        show_json({"documents": rows, "new": len(new)})
    else:
        show_rows(f"{len(new)} new of {len(drafts)} documents", rows)


@commands.command(name="list")
def show_documents(as_json: Json = False) -> None:
    """Show what was registered, and what of it was withdrawn."""
    from hub.query.trusted import fetch_documents

    rows = _with_pool(fetch_documents)
    if as_json:
        show_json({"documents": rows})
    else:
        show_rows("Documents", rows)


@commands.command()
def withdraw(
    sha256: Annotated[str, typer.Argument(help="The hash, or at least 8 digits that it begins with.")],
    as_json: Json = False,
) -> None:
    """Answer a document no more; running servers know within ten seconds."""
    from hub.query.trusted import store_withdrawal

    clock = SystemClock()

    async def work(pool: asyncpg.Pool) -> str:
        found = await store_withdrawal(pool, sha256, clock=clock)
        await record_command(pool, "withdraw_document", clock=clock, detail={"sha256": found})
        return found

    found = _with_pool(work)
    if as_json:
        show_json({"sha256": found})
    else:
        show_table("Withdrawn", {"sha256": found})
