"""The command line: one thin command per stage. ``--json`` prints one object on the last line of standard output.

Exit codes follow sysexits.h: 0 done, 2 wrong usage, 65 bad input, 66 no such thing, 69 a needed part does not answer,
70 our own fault, 74 a file cannot be read or written, 75 somebody else was faster, 77 not allowed, 130 interrupted.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Coroutine
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, cast

import typer
from typer.exceptions import TyperException

from app.ledger import record_command
from app.output import errors, show_json, show_rows, show_table
from hub.clock import SystemClock
from hub.db import migrate as migrate_database
from hub.db import open_database
from hub.errors import HubError, InvalidInput
from hub.settings import Settings
from hub.telemetry import RichProgress

T = TypeVar("T")

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Yunqiao 云桥: a province's data-sharing hub with a job-matching service.",
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Region = Annotated[str, typer.Option(help="Division code of 12 digits.")]
Scenario = Annotated[
    str, typer.Option(help="plenty, scarce (vacancies half the willing) or skewed (most unlovely or far).")
]
AsOf = Annotated[
    str | None, typer.Option(help="Day the made-up files speak of, like 2026-06-01; this month's first when left out.")
]


def this_month() -> date:
    """The first of this month: openings of made-up files are open today, and the same for a month."""
    return SystemClock().today().replace(day=1)


def main() -> None:
    """Entry point. An error is one line on standard error that says what to do."""
    try:
        sys.exit(cli(standalone_mode=False) or 0)
    except HubError as error:
        _complain(error.line())
        sys.exit(error.exit_code)
    except TyperException as error:
        message = error.format_message() if hasattr(error, "format_message") else str(error)
        _complain(f"usage: {message} See: yunqiao --help")
        sys.exit(2)
    except OSError as error:
        _complain(
            f"file_unusable: {error.filename or 'A file'}: {error.strerror or error}. Check path, rights and space."
        )
        sys.exit(74)
    except (KeyboardInterrupt, typer.Abort):
        _complain("Interrupted. What was finished is kept; run the same command again to go on.")
        sys.exit(130)
    except Exception as error:  # what nobody foresaw: its message may hold personal data, its place does not
        place = traceback.extract_tb(error.__traceback__)[-1]
        _complain(f"internal: {type(error).__name__} in {Path(place.filename).name}:{place.lineno}. Report this line.")
        sys.exit(70)


def _complain(line: str) -> None:
    errors.print(line, style="red", markup=False, highlight=False, soft_wrap=True)


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on uvloop."""
    import uvloop

    return uvloop.run(work)


def parse_day(text: str | None) -> date | None:
    """A day from ``2026-06-01``."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput("day_unreadable", f"{text!r} is no day.", hint="Write it like 2026-06-01.") from error


def parse_mode(text: str | None) -> Literal["full", "delta"] | None:
    """How a file counts: all there is, or changes alone."""
    if text not in (None, "full", "delta"):
        raise InvalidInput("mode_unknown", f"{text!r} is no mode.", hint="Use full or delta.")
    return cast(Literal["full", "delta"] | None, text)


@cli.command()
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


@cli.command()
def migrate(as_json: Json = False) -> None:
    """Bring the database's schema up to date."""
    applied = run_async(migrate_database(Settings.from_env()))
    if as_json:
        show_json({"applied": applied})
    else:
        show_rows("Applied", [{"migration": name} for name in applied])


@cli.command()
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
            _complain(f"{report.refusal.code}: {report.file_name}: " + " ".join(filter(None, told)))
    if refused:
        raise typer.Exit(65)


@cli.command()
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


@cli.command()
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
            show_table(name, _scalars(part))


@cli.command()
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
        show_table(f"Matching run of {region}", _scalars(report))


@cli.command()
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


@cli.command()
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
    from hub.access.token import issue_token

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
        show_json({"actor_id": who.actor_id, "kind": who.kind, "purposes": list(who.purposes), "token": text})
    else:
        sys.stdout.write(text + "\n")


@cli.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to bind; YUNQIAO_HOST when left out.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="YUNQIAO_PORT when left out.")] = None,
) -> None:
    """Serve GraphQL and the pages until told to stop."""
    from dataclasses import replace

    from app.server import serve as serve_application

    settings = Settings.from_env()
    settings = replace(settings, host=host or settings.host, port=port or settings.port)
    run_async(migrate_database(settings))
    serve_application(settings)


@cli.command()
def backup(path: Annotated[Path, typer.Argument(help="File to write.")], as_json: Json = False) -> None:
    """Write the database and the kept files to one tar file."""
    from hub.db.backup import store_backup

    with RichProgress().stage("backup"):
        report = run_async(store_backup(Settings.from_env(), path, clock=SystemClock()))
    _show_backup("Saved", report, as_json)


@cli.command()
def restore(path: Annotated[Path, typer.Argument(help="File to read.")], as_json: Json = False) -> None:
    """Fill an empty installation from a backup."""
    from hub.db.backup import restore_backup

    settings = Settings.from_env()
    with RichProgress().stage("restore"):
        report = run_async(restore_backup(settings, path))
        run_async(migrate_database(settings))
    _show_backup("Restored", report, as_json)


@cli.command()
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


def _show_backup(title: str, report: Any, as_json: bool) -> None:
    if as_json:
        show_json(report)
    else:
        rows = sum(report.tables.values())
        show_table(title, {"file": report.path, "rows": rows, "files": report.files, "bytes": report.size_bytes})


def _scalars(report: Any) -> dict[str, object]:
    from app.output import plain

    fields = plain(report)
    assert isinstance(fields, dict)  # noqa: S101 - reports are dataclasses
    return {name: value for name, value in fields.items() if not isinstance(value, (list, dict)) or len(value) <= 12}


if __name__ == "__main__":
    main()
