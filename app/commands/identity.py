"""Who is who, by hand: the review queue, a clerk's decisions, and taking back what was done.

Whatever changes is published at once. An operator sees what a case is about masked: enough to decide by, and audited.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import asyncpg
import typer

from app.commands.options import Json, run_async
from app.ledger import record_command
from app.output import show_json, show_rows, show_table
from hub.access.masks import mask_text
from hub.casework.history import publish_history
from hub.clock import SystemClock
from hub.db import migrate as migrate_database
from hub.db import open_database
from hub.errors import InvalidInput
from hub.identity import clerk, queue
from hub.registry.publish import publish
from hub.settings import Settings
from hub.telemetry import RichProgress, SilentProgress

commands = typer.Typer(no_args_is_help=True, help="Who is who: doubtful cases, decisions, undo.")

Reason = Annotated[str, typer.Option(help="How it was found out; kept with the decision.")]
Same = Annotated[bool, typer.Option("--same/--different", help="One person, or not.")]


@commands.command()
def reviews(most: Annotated[int, typer.Option(min=1, max=1000)] = 50, as_json: Json = False) -> None:
    """List the doubtful cases, what is most at stake first."""

    async def work(pool: asyncpg.Pool) -> Any:
        return await queue.fetch_reviews(pool, most=most)

    found = _run(work, "reviews")
    rows = [
        {
            "case": case.review_id,
            "kind": case.kind,
            "records": len(case.records),
            "stake": case.stake,
            "bits": case.score,
        }
        for case in found
    ]
    if as_json:
        show_json({"reviews": rows})
    else:
        show_rows("Open cases", rows)


@commands.command()
def show(
    case: Annotated[int, typer.Argument(help="Number of the case.")],
    whole: Annotated[bool, typer.Option("--whole", help="Numbers and phones unmasked; the audit says so.")] = False,
    as_json: Json = False,
) -> None:
    """Show the records of a case side by side, numbers and phones masked."""

    def shown(field: str, value: str | None) -> str | None:
        return value if whole else mask_text(field, value)

    async def work(pool: asyncpg.Pool) -> Any:
        found = await queue.fetch_reviewed_records(pool, case)
        people = sorted({record.person_id for record in found[1]})
        await record_command(
            pool, "review", clock=SystemClock(), person_ids=people, detail={"case": case, "whole": whole}
        )
        return found

    review, records = _run(work)
    rows = [
        {
            "record": record.source_record_id,
            "person": record.person_id,
            "feed": record.feed,
            "name": record.name,
            "sex": record.sex,
            "born": record.born_on,
            "number": shown("person.citizen_number", record.number),
            "number is": record.number_state,
            "phone": shown("person.phone", record.phone),
            "region": record.registered_region_code,
            "relation": record.relation,
        }
        for record in records
    ]
    if as_json:
        show_json({"case": case, "kind": review.kind, "state": review.state, "records": rows})
    else:
        show_rows(f"Case {case}: {review.kind}, {review.state}", rows)


@commands.command()
def decide(
    case: Annotated[int, typer.Argument(help="Number of the case.")],
    same: Same,
    reason: Reason,
    as_json: Json = False,
) -> None:
    """Decide a case: its records are one person, or not. Holds against every later score."""

    async def work(pool: asyncpg.Pool) -> Any:
        clock = SystemClock()
        done = await queue.store_decision(pool, review_id=case, same=same, reason=reason, actor_id=None, clock=clock)
        return await _publish(pool, done.touched, "decide", {"case": case, "same": same})

    _show(_run(work), as_json)


@commands.command()
def link(
    records: Annotated[tuple[int, int], typer.Argument(help="Two records.")],
    same: Same,
    reason: Reason,
    as_json: Json = False,
) -> None:
    """Decide that two records are one person, or two people, whatever the scores say."""

    async def work(pool: asyncpg.Pool) -> Any:
        kind = "must" if same else "cannot"
        done = await clerk.store_clerk_link(
            pool, kind=kind, records=records, reason=reason, actor_id=None, clock=SystemClock()
        )
        return await _publish(pool, done.touched, "link", {"kind": kind, "records": list(records)})

    _show(_run(work), as_json)


@commands.command()
def withdraw(decision: Annotated[int, typer.Argument(help="Number of the decision.")], as_json: Json = False) -> None:
    """Take a decision back; the scores count again."""

    async def work(pool: asyncpg.Pool) -> Any:
        done = await clerk.store_clerk_link_withdrawal(pool, clerk_link_id=decision, actor_id=None, clock=SystemClock())
        return await _publish(pool, done.touched, "withdraw", {"decision": decision})

    _show(_run(work), as_json)


@commands.command()
def history(person: Annotated[int, typer.Argument(help="Key of the person.")], as_json: Json = False) -> None:
    """List what was merged into a person, split off or undone, and the decisions about their records."""

    async def work(pool: asyncpg.Pool) -> Any:
        events = await queue.fetch_events(pool, person)
        decisions = await queue.fetch_decisions(pool, person)
        await record_command(pool, "identity_history", clock=SystemClock(), person_ids=[person])
        return events, decisions

    events, decisions = _run(work)
    if as_json:
        show_json({"person": person, "events": events, "decisions": decisions})
        return
    show_rows(
        f"Events of person {person}",
        [
            {
                "event": e.event_id,
                "kind": e.kind,
                "by": e.cause,
                "records": e.records,
                "undone": e.undone,
                "at": e.happened_at,
            }
            for e in events
        ],
    )
    show_rows(
        "Decisions",
        [
            {
                "decision": d.clerk_link_id,
                "kind": d.kind,
                "records": f"{d.record_a}, {d.record_b}",
                "reason": d.reason,
                "in force": d.withdrawn_at is None,
            }
            for d in decisions
        ],
    )


@commands.command()
def undo(
    event: Annotated[int, typer.Argument(help="Number of the event.")],
    reason: Annotated[
        str | None, typer.Option(help="Why it was wrong; becomes a decision, so that no later run does it again.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Undo without a decision: a later run may do it again.")] = False,
    as_json: Json = False,
) -> None:
    """Undo a merge, a split or an undo."""
    if (reason is None) is not once:
        raise InvalidInput(
            "link_invalid", "An undo needs its reason, or --once.", hint="Add --reason TEXT, or --once without one."
        )

    async def work(pool: asyncpg.Pool) -> Any:
        touched = await clerk.undo_event(pool, event_id=event, actor_id=None, clock=SystemClock(), reason=reason)
        return await _publish(pool, touched, "undo", {"event": event})

    _show(_run(work), as_json)


def _run(work: Any, action: str | None = None) -> Any:
    settings = Settings.from_env()

    async def connected() -> Any:
        await migrate_database(settings)
        async with open_database(settings) as pool:
            found = await work(pool)
            if action is not None:
                await record_command(pool, action, clock=SystemClock())
            return found

    return run_async(connected())


async def _publish(
    pool: asyncpg.Pool, touched: Sequence[int], action: str, detail: dict[str, object]
) -> dict[str, object]:
    """Publish those concerned and what hangs on who they are."""
    clock = SystemClock()
    await publish(pool, clock=clock, progress=RichProgress(), person_ids=touched)
    await publish_history(pool, clock=clock, progress=SilentProgress())
    await record_command(pool, action, clock=clock, person_ids=sorted(touched), detail=detail)
    return {"people": sorted(touched)}


def _show(done: dict[str, object], as_json: bool) -> None:
    if as_json:
        show_json(done)
    else:
        show_table("Published anew", done)
