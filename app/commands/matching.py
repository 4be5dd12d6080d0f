"""Matching and its reasons: match, explain."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from app.commands.options import Json, Region, run_async, scalars
from app.ledger import record_command
from app.output import show_json, show_rows, show_table
from hub.clock import SystemClock
from hub.db import open_database
from hub.settings import Settings
from hub.telemetry import RichProgress

commands = typer.Typer()


@commands.command()
def match(
    region: Region,
    actor: Annotated[int | None, typer.Option(help="Who runs it; the county office when left out.")] = None,
    purpose: Annotated[str, typer.Option(help="Stated in the audit.")] = "employment_service",
    seed: int = 0,
    as_json: Json = False,
) -> None:
    """Rank jobs, posts and programmes for every willing person of a region, and allot scarce places."""
    from app.stages import match_region

    settings, progress = Settings.from_env(), RichProgress()

    async def work() -> Any:
        async with open_database(settings) as pool:
            return await match_region(
                pool,
                region_code=region,
                actor_id=actor,
                purpose=purpose,
                clock=SystemClock(),
                progress=progress,
                seed=seed,
            )

    report = run_async(work())
    if as_json:
        show_json(report)
    else:
        show_table(f"Matching run of {region}", scalars(report))


@commands.command()
def explain(
    person: Annotated[int, typer.Argument(help="Key of the person.")],
    opening: Annotated[int, typer.Argument(help="Key of the opening.")],
    as_json: Json = False,
) -> None:
    """Say rule by rule why an opening suits a person, or why not."""
    from hub.recommend.explain import explain as explain_pair

    settings = Settings.from_env()

    async def work() -> Any:
        async with open_database(settings) as pool:
            found = await explain_pair(pool, person, opening, clock=SystemClock())
            detail = {"opening": opening}
            await record_command(pool, "explain", clock=SystemClock(), person_ids=[person], detail=detail)
            return found

    explanation = run_async(work())
    if as_json:
        show_json(explanation)
        return
    show_rows(
        f"Person {person}, opening {opening}",
        [
            {"rule": v.rule, "verdict": v.verdict, "compared": v.detail, "legal basis": v.legal_basis}
            for v in explanation.verdicts
        ],
    )
