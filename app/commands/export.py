"""Exports at the command line, with a token's rights."""

from __future__ import annotations

import json
import os
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Any

import typer

from app.commands.options import Json, run_async
from app.output import show_json, show_table
from hub.clock import SystemClock
from hub.db import open_database
from hub.errors import InvalidInput, Unauthenticated
from hub.settings import Settings
from hub.telemetry import RichProgress, Step

commands = typer.Typer()


@commands.command()
def export(
    path: Annotated[Path, typer.Argument(help="File to write: .csv, .parquet or .xlsx.")],
    query: Annotated[Path, typer.Option(help="File with a GraphQL query for one list, without first.")],
    purpose: Annotated[str, typer.Option(help="One that the token may state.")],
    variables: Annotated[str, typer.Option(help="The query's variables as a JSON object.")] = "{}",
    encoding: Annotated[str, typer.Option(help="Of CSV: utf-8 or gb18030.")] = "utf-8",
    headings: Annotated[str | None, typer.Option(help="names or zh.")] = None,
    as_json: Json = False,
) -> None:
    """Write all rows of a list that the actor of YUNQIAO_TOKEN may see to a file.

    The token comes from the environment, so that it is in no list of processes.
    """
    request: dict[str, Any] = {
        "query": query.read_text(encoding="utf-8"),
        "format": path.suffix.lstrip("."),
        "variables": _object(variables),
        "headings": headings,
        "encoding": encoding,
    }
    with RichProgress().stage("export") as step:
        report = run_async(_store(Settings.from_env(), request, path, purpose, step))
    if as_json:
        show_json(report)
    else:
        show_table("Exported", report)


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise InvalidInput("json_invalid", "--variables is no JSON.", hint='Like {"filter": {…}}.') from error
    if not isinstance(found, dict):
        raise InvalidInput("request_invalid", "--variables is no object.", hint='Like {"filter": {…}}.')
    return found


async def _store(
    settings: Settings, request: dict[str, Any], path: Path, purpose: str, step: Step
) -> dict[str, object]:
    from hub.access.actors import fetch_actor
    from hub.access.audit import AuditLog
    from hub.access.token import read_token
    from hub.api.exports.form import parse_form
    from hub.api.exports.service import ExportLimits, ExportService
    from hub.api.service import GraphQLService

    clock, form = SystemClock(), parse_form(request, request["query"])
    token = os.environ.get("YUNQIAO_TOKEN", "")
    if not token:
        raise Unauthenticated("token_missing", "YUNQIAO_TOKEN is not set.", hint="Make one with 'yunqiao token'.")
    claims = read_token(token, secret=settings.token_secret, clock=clock)
    from hub.access.claimed import open_claimed

    # The audit is written while the rows are read.
    async with open_database(settings, max_size=1) as pool, open_claimed(settings, clock, max_size=1) as claimed:
        actor, audit = await fetch_actor(pool, claims.actor_id), AuditLog(pool)
        exports = ExportService(
            claimed,
            audit,
            clock,
            GraphQLService(claimed, audit, clock).engine,
            folder=settings.exports_dir,
            limits=ExportLimits(rows=settings.export_rows),
        )
        async with exports.open(form, actor=actor, purpose=purpose) as opened:
            step.expect(opened.rows)
            # Under another name until it is whole; the owner's eyes only.
            with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as draft:
                try:
                    seen = 0
                    async for piece in opened.pieces:
                        draft.write(piece)
                        step.advance(opened.told.rows - seen)
                        seen = opened.told.rows
                    draft.flush()
                    os.fsync(draft.fileno())
                    Path(draft.name).replace(path)
                except BaseException:
                    Path(draft.name).unlink(missing_ok=True)
                    raise
        await audit.close()
    return {
        "file": str(path),
        "rows": opened.rows,
        "bytes": opened.told.bytes_out,
        "columns": len(opened.columns),
        "withheld": list(opened.withheld),
        "sha256": opened.told.digest.hexdigest(),
    }
