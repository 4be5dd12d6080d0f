"""Serving: demo, serve, token."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.options import AsOf, Json, Scenario, parse_day, run_async, this_month
from app.ledger import record_command
from app.output import show_json
from hub.clock import SystemClock
from hub.db import migrate as migrate_database
from hub.db import open_database
from hub.settings import Settings

commands = typer.Typer()


@commands.command()
def demo(
    region: Annotated[
        str | None, typer.Option(help="Division code of 12 digits; of the files' sender when left out.")
    ] = None,
    households: Annotated[int, typer.Option(min=1)] = 20_000,
    seed: int = 42,
    scenario: Scenario = "plenty",
    data: Annotated[Path | None, typer.Option(help="Files to use instead of a simulated county.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Do all but serve; the last line is one JSON object.")] = False,
    port: Annotated[int | None, typer.Option(min=1, max=65535)] = None,
    as_of: AsOf = None,
) -> None:
    """Make a county, run it from feeds to recommendations, and serve it."""
    from app.demo import DemoPlan, run_demo

    run_demo(
        DemoPlan(
            region=region,
            households=households,
            seed=seed,
            scenario=scenario,
            as_of=parse_day(as_of) or this_month(),
            data=data,
            check=check,
            port=port,
        ),
        Settings.from_env(),
    )


@commands.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to bind; YUNQIAO_HOST when left out.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="YUNQIAO_PORT when left out.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that share the port.")] = 1,
) -> None:
    """Serve GraphQL and the pages until told to stop."""
    from dataclasses import replace

    from app.server import serve as serve_application

    settings = Settings.from_env()
    settings = replace(settings, host=host or settings.host, port=port or settings.port)
    run_async(migrate_database(settings))
    serve_application(settings, workers=workers)


@commands.command()
def token(
    kind: Annotated[str, typer.Option(help="department, station, partner, county, person or administrator.")],
    region: Annotated[str | None, typer.Option(help="Scope of a department, station, county or administrator.")] = None,
    department: Annotated[str | None, typer.Option(help="Code of the department.")] = None,
    partner: Annotated[str | None, typer.Option(help="Code of the partner.")] = None,
    person: Annotated[int | None, typer.Option(help="Key of the person.")] = None,
    name: Annotated[str | None, typer.Option(help="Shown in the audit.")] = None,
    hours: Annotated[int, typer.Option(min=1, max=24 * 366, help="Valid for so many hours.")] = 12,
    as_json: Json = False,
) -> None:
    """Issue a signed token for an actor with a scope; the actor is made where there is none like it."""
    from hub.access.actors import ensure_actor
    from hub.access.token import issue_token, read_token

    settings, clock = Settings.from_env(), SystemClock()

    async def work() -> Any:
        await migrate_database(settings)
        async with open_database(settings) as pool:
            actor = await ensure_actor(
                pool,
                kind=kind,
                name=name or kind,
                region_code=region,
                department=department,
                partner_code=partner,
                person_id=person,
                clock=clock,
            )
            detail = {"actor": actor.actor_id, "hours": hours}
            await record_command(pool, "token", clock=clock, detail=detail)
            return actor

    who = run_async(work())
    text = issue_token(who, secret=settings.token_secret, clock=clock, valid_for=timedelta(hours=hours))
    if as_json:
        token_id = read_token(text, secret=settings.token_secret, clock=clock).token_id
        report = {"actor_id": who.actor_id, "kind": who.kind, "purposes": list(who.purposes)}
        show_json({**report, "token_id": token_id, "token": text})
    else:
        sys.stdout.write(text + "\n")
