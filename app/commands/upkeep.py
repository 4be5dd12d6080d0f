"""Upkeep of an installation: migrate, backup, restore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.options import Json, run_async
from app.output import show_json, show_rows, show_table
from hub.clock import SystemClock
from hub.db import migrate as migrate_database
from hub.settings import Settings
from hub.telemetry import RichProgress

commands = typer.Typer()


@commands.command()
def migrate(as_json: Json = False) -> None:
    """Bring the database's schema up to date."""
    applied = run_async(migrate_database(Settings.from_env()))
    if as_json:
        show_json({"applied": applied})
    else:
        show_rows("Applied", [{"migration": name} for name in applied])


@commands.command()
def backup(path: Annotated[Path, typer.Argument(help="File to write.")], as_json: Json = False) -> None:
    """Write the database and the kept files to one tar file."""
    from hub.db.backup import store_backup

    with RichProgress().stage("backup"):
        report = run_async(store_backup(Settings.from_env(), path, clock=SystemClock()))
    _show_backup("Saved", report, as_json)


@commands.command()
def restore(path: Annotated[Path, typer.Argument(help="File to read.")], as_json: Json = False) -> None:
    """Fill an empty installation from a backup."""
    from hub.db.backup import restore_backup

    settings = Settings.from_env()
    with RichProgress().stage("restore"):
        report = run_async(restore_backup(settings, path))
        run_async(migrate_database(settings))
    _show_backup("Restored", report, as_json)


def _show_backup(title: str, report: Any, as_json: bool) -> None:
    if as_json:
        show_json(report)
    else:
        rows = sum(report.tables.values())
        show_table(title, {"file": report.path, "rows": rows, "files": report.files, "bytes": report.size_bytes})
