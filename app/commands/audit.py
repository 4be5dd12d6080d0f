"""The audit: verify its chain, anchor it outside the database, drop months whose time is over."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer

from app.commands.options import Json, run_async
from app.ledger import user_name
from app.output import complain, show_json, show_rows, show_table
from hub.clock import SystemClock
from hub.db import open_database
from hub.errors import InvalidInput
from hub.settings import Settings
from hub.telemetry import RichProgress

commands = typer.Typer(help="The audit: verify, anchor, prune.", no_args_is_help=True)

#: Findings shown on a terminal; ``--json`` has them all.
_SHOWN = 20


@commands.command()
def verify(
    since: Annotated[str | None, typer.Option(help="Begin with this month, like 2026-06.")] = None,
    as_json: Json = False,
) -> None:
    """Compute the chain again and say what is not as it was written. Ends with 1 where it is broken."""
    from hub.access.verify import verify as verify_audit

    settings, month = Settings.from_env(), _month(since)

    async def work() -> Any:
        async with open_database(settings, max_size=1) as pool:
            return await verify_audit(pool, settings.anchors_path, progress=RichProgress(), since=month)

    report = run_async(work())
    if as_json:
        show_json({**_plain(report), "anchors_file": settings.anchors_path})
    else:
        show_table(
            "Audit",
            {
                "entries": report.entries,
                "segments": report.segments,
                "entries dropped in their time": report.pruned,
                "lines of anchors": report.anchors,
                "anchored to segment": f"{report.anchored_to} of {report.last_segment_id}",
                "entries a second": report.entries_per_s,
                "chain": "whole" if report.whole else "broken",
            },
        )
        if report.findings:
            rows = [_row(finding) for finding in report.findings[:_SHOWN]]
            show_rows(f"Findings, {sum(report.counts.values())} in all", rows)
    if not report.whole:
        told = ", ".join(f"{count} {kind}" for kind, count in report.counts.items())
        complain(
            f"chain_broken: The audit is not as it was written: {told}. Keep everything as it is; see docs/audit.md."
        )
        raise typer.Exit(1)
    if not report.anchors and report.entries:
        complain("No line of the anchors was compared: rewriting all of the chain could not be seen.")


@commands.command()
def anchor(as_json: Json = False) -> None:
    """Append where the chain ends to the file of anchors."""
    from hub.access.anchors import store_anchor

    settings = Settings.from_env()

    async def work() -> Any:
        async with open_database(settings, max_size=1) as pool:
            return await store_anchor(pool, settings.anchors_path, clock=SystemClock())

    made = run_async(work())
    report = {"file": settings.anchors_path, "written": made is not None, "segment": made.segment if made else None}
    if as_json:
        show_json(report)
    else:
        show_table("Anchor", report)


@commands.command()
def prune(as_json: Json = False) -> None:
    """Drop whole months that the law need not have kept any longer; the chain stays verifiable."""
    from hub.access.prune import prune as prune_audit

    settings, clock = Settings.from_env(), SystemClock()

    async def work() -> Any:
        async with open_database(settings, role="owner", max_size=1) as pool, pool.acquire() as connection:
            return await prune_audit(connection, clock=clock, user=user_name())

    report = run_async(work())
    if as_json:
        show_json(report)
    else:
        show_table(
            "Audit", {"kept from": report.kept_from, "held": ", ".join(report.held), "basis": report.legal_basis[0]}
        )
        show_rows("Dropped", [{"month": month, "entries": count} for month, count in report.dropped.items()])


def _month(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise InvalidInput("month_unreadable", f"{text!r} is no month.", hint="Write it like 2026-06.") from error


def _plain(report: Any) -> dict[str, Any]:
    return {name: getattr(report, name) for name in report.__slots__}


def _row(finding: Any) -> dict[str, object]:
    first, last = finding.entry_id, finding.last_entry_id
    return {
        "what": finding.kind,
        "entry": f"{first}–{last}" if last != first else first,
        "segment": finding.segment_id,
        "month": finding.month,
        "line": finding.line,
        "said": finding.said,
    }
