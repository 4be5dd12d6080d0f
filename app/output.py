"""How commands speak: tables for people, one JSON object for programs, errors in one line on standard error."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from hub.telemetry import peak_rss_mb

console = Console()
errors = Console(stderr=True)


def plain(value: object) -> object:
    """``value`` in terms of JSON: dataclasses as objects, days as ISO 8601, arrays as lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (str, bool, int, type(None))):
        return value
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):  # numpy's scalars and arrays
        return plain(value.tolist())
    return str(value)


def complain(line: str) -> None:
    """One line on standard error."""
    errors.print(line, style="red", markup=False, highlight=False, soft_wrap=True)


def show_json(report: object) -> None:
    """One object on one line of standard output."""
    sys.stdout.write(json.dumps(plain(report), ensure_ascii=False) + "\n")
    sys.stdout.flush()


def show_table(title: str, rows: Mapping[str, object]) -> None:
    """Names and values."""
    table = Table(title=title, show_header=False, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for name, value in rows.items():
        table.add_row(name.replace("_", " "), _cell(value))
    console.print(table)


def show_rows(title: str, rows: Sequence[Mapping[str, object]]) -> None:
    """A table with one line a row; says so when there is none."""
    if not rows:
        console.print(f"{title}: none.")
        return
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for name in rows[0]:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    console.print(table)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_cell(item)}" for name, item in value.items())
    return "" if value is None else str(plain(value))


def memory() -> dict[str, float]:
    """Peak memory of this process, for reports."""
    return {"peak_rss_mb": round(peak_rss_mb(), 1)}
