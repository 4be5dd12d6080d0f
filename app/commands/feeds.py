"""From files to the register: simulate, ingest, rejections, resolve."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.options import AsOf, Json, Region, Scenario, parse_day, parse_mode, run_async, scalars, this_month
from app.ledger import record_command
from app.output import complain, show_json, show_rows, show_table
from hub.clock import SystemClock
from hub.db import migrate as migrate_database
from hub.db import open_database
from hub.errors import InvalidInput
from hub.settings import Settings
from hub.telemetry import RichProgress

commands = typer.Typer()


@commands.command()
def simulate(
    out: Annotated[Path, typer.Option(help="An empty or new directory.")],
    region: Region = "530627000000",
    households: Annotated[int, typer.Option(min=1)] = 20_000,
    seed: int = 42,
    scenario: Scenario = "plenty",
    format: Annotated[  # noqa: A002 - the option is called --format
        str | None, typer.Option(help="Of the rural feed: xlsx, ndjson or parquet; by size when left out.")
    ] = None,
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """Write what a made-up region's departments would send, and the truth beside it."""
    from simulate.errors import SimulationError
    from simulate.province import simulate as simulate_province

    with RichProgress().stage("simulate"):
        try:
            report = simulate_province(
                region, households, seed, out, scenario=scenario, format=format, as_of=parse_day(as_of) or this_month()
            )
        except SimulationError as error:
            raise InvalidInput("simulation_refused", str(error)) from error
    if as_json:
        show_json(report)
    else:
        show_rows("Files", [{"file": str(file)} for file in report.files])
        show_table("Simulated", {"persons": report.persons, "rows": report.rows, "seconds": report.seconds})


@commands.command()
def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files, or directories of files.")],
    feed: Annotated[str | None, typer.Option(help="Layout, where the file's name does not say.")] = None,
    region: Annotated[str | None, typer.Option(help="Sender's division code.")] = None,
    as_of: Annotated[str | None, typer.Option(help="Day the file speaks of, like 2026-06-01.")] = None,
    mode: Annotated[str | None, typer.Option(help="full or delta, where it differs from the layout.")] = None,
    as_json: Json = False,
) -> None:
    """Land files: keep them, stage them, reject bad rows."""
    from hub.intake.ingest import ingest_paths
    from hub.intake.report import BatchReport

    settings, day = Settings.from_env(), parse_day(as_of)

    async def work() -> list[BatchReport]:
        await migrate_database(settings)
        async with open_database(settings) as pool:
            reports = await ingest_paths(
                pool,
                paths,
                settings=settings,
                clock=SystemClock(),
                progress=RichProgress(),
                feed=feed,
                region_code=region,
                as_of=day,
                mode=parse_mode(mode),
            )
            landed = [report.batch_id for report in reports if report.state == "landed"]
            await record_command(pool, "ingest", clock=SystemClock(), detail={"batches": landed})
            return list(reports)

    reports = run_async(work())
    refused = [report for report in reports if report.state == "refused"]
    if as_json:
        show_json({"batches": reports})
    else:
        show_rows(
            "Batches",
            [
                {
                    "batch": report.batch_id,
                    "file": report.file_name,
                    "feed": report.feed,
                    "state": report.state,
                    "read": report.rows_read,
                    "new": report.rows_new,
                    "unchanged": report.rows_unchanged,
                    "gone": report.rows_gone,
                    "rejected": report.rows_rejected,
                }
                for report in reports
            ],
        )
    for report in refused:
        if report.refusal is not None:
            told = (report.refusal.detail, report.refusal.where, report.refusal.hint)
            complain(f"{report.refusal.code}: {report.file_name}: " + " ".join(filter(None, told)))
    if refused:
        raise typer.Exit(65)


@commands.command()
def rejections(
    batch: Annotated[int, typer.Argument(help="Number of the batch.")],
    xlsx: Annotated[Path | None, typer.Option(help="Write them to this workbook, to be mended and sent again.")] = None,
    as_json: Json = False,
) -> None:
    """Show the rows of a batch that could not be read, or give them back as a workbook."""
    from hub.intake.rejections import RejectedRows, fetch_rejections, store_rejections_xlsx

    settings = Settings.from_env()

    async def work() -> RejectedRows:
        async with open_database(settings) as pool:
            if xlsx is not None:
                await store_rejections_xlsx(pool, batch, xlsx)
            found = await fetch_rejections(pool, batch)
            detail = {"batch": batch, "workbook": xlsx is not None}
            await record_command(pool, "rejections", clock=SystemClock(), detail=detail)
            return found

    found = run_async(work())
    # The raw cells are personal data: they go into the workbook, not on a screen.
    rows = [{"line": r.line, "heading": r.heading, "code": r.code, "reason": r.reason} for r in found.rejections]
    if as_json:
        show_json({"batch": batch, "file": found.file_name, "rejections": rows, "xlsx": xlsx})
    elif xlsx is not None:
        lines = len({item.line for item in found.rejections})
        show_table("Rejections", {"file": found.file_name, "rows": lines, "written to": xlsx})
    else:
        show_rows(f"Rejections of batch {batch}, {found.file_name}", rows)


@commands.command()
def resolve(as_json: Json = False) -> None:
    """Find out who is who, and publish the register, the market and the history."""
    from app.stages import resolve_and_publish

    settings, progress = Settings.from_env(), RichProgress()

    async def work() -> dict[str, object]:
        await migrate_database(settings)
        async with open_database(settings) as pool:
            report = await resolve_and_publish(pool, clock=SystemClock(), progress=progress)
            await record_command(pool, "resolve", clock=SystemClock())
            return report

    report = run_async(work())
    if as_json:
        show_json({**report, "seconds": progress.seconds})
    else:
        for name, part in report.items():
            show_table(name, scalars(part))
