"""Telling a file apart: sender and day from its name or the call, layout from the name or the headings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from hub.intake.formats import read_kind
from hub.intake.headings import Match, choose_match
from hub.intake.naming import FileName
from hub.intake.read import open_table
from hub.intake.refusal import FileRefused, Limits
from hub.intake.table import Head, Table
from schema.feeds import Layout, Mode
from schema.regions import load_regions

_ENCODINGS: Final = ("utf-8", "gb18030", "utf-16")
#: What only says that a file is not of this layout, while it may be of another.
_OTHER_LAYOUT: Final = ("heading_missing", "heading_ambiguous", "sheets_several")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent a file and of which day it speaks; ``layout`` is None until the headings tell."""

    layout: Layout | None
    region_code: str
    as_of: date
    mode: Mode | None


@dataclass(frozen=True, slots=True)
class Plan:
    """A file told apart."""

    layout: Layout
    table: Table
    match: Match


def parse_sender(named: FileName, given: FileName, layouts: Mapping[str, Layout], *, today: date) -> Sender:
    """Sender and day; what the call gives goes before what the name says.

    Raises
    ------
    FileRefused
        ``region_missing``, ``region_unknown``, ``day_missing``, ``day_in_future``.
    """
    feed = given.feed or named.feed
    region, as_of = given.region_code or named.region_code, given.as_of or named.as_of
    if region is None:
        raise FileRefused(
            "region_missing",
            "Neither the file's name nor the call says which region sent it.",
            hint="Name it FEED_REGION_YYYYMMDD or say --region.",
        )
    if region not in load_regions():
        raise FileRefused("region_unknown", f"There is no region {region}.", hint="Use a twelve-digit division code.")
    if as_of is None:
        raise FileRefused(
            "day_missing",
            "Neither the file's name nor the call says of which day it speaks.",
            hint="Name it FEED_REGION_YYYYMMDD or say --as-of.",
        )
    if as_of > today:
        # Landed, it would make every file until that day look old.
        raise FileRefused("day_in_future", f"The file speaks of {as_of}, which is to come.", hint="Check its name.")
    return Sender(layouts.get(feed or ""), region, as_of, given.mode or named.mode)


def detect_layout(
    path: Path, layouts: Mapping[str, Layout], *, named: str | None, layout: Layout | None, limits: Limits
) -> Plan:
    """Open the file and lay its layout over it: ``layout`` where it is known, else the one that fits its headings best.

    Raises
    ------
    FileRefused
        The file cannot be read, or is not what any layout says.
    """
    kind = read_kind(path)
    if layout is not None:
        if kind.format not in layout.formats:
            raise FileRefused(
                "format_unexpected",
                f"{layout.name} does not come as {kind.format}.",
                hint=f"Send {', '.join(layout.formats)}.",
            )
        table = open_table(path, kind, encodings=layout.encodings, rows_at=layout.rows_at, limits=limits)
        return Plan(layout, table, choose_match(layout, table.heads()))
    opened: dict[str, tuple[Table, list[Head]]] = {}  # by the path at which NDJSON keeps its rows
    plans: list[Plan] = []
    for candidate in layouts.values():
        if kind.format not in candidate.formats:
            continue
        rows_at = candidate.rows_at if kind.format == "ndjson" else ""
        if rows_at not in opened:
            table = open_table(path, kind, encodings=_ENCODINGS, rows_at=rows_at, limits=limits)
            opened[rows_at] = table, table.heads()
        table, heads = opened[rows_at]
        try:
            plans.append(Plan(candidate, table, choose_match(candidate, heads)))
        except FileRefused as error:
            if error.code not in _OTHER_LAYOUT:
                raise
    return _best(plans, named)


def _best(plans: list[Plan], named: str | None) -> Plan:
    if not plans:
        what = f"There is no layout {named!r}" if named else "The file's name names no feed"
        raise FileRefused(
            "feed_unknown",
            f"{what}, and its headings are those of no layout.",
            hint="Name it FEED_REGION_YYYYMMDD, say --feed, or add a layout.",
        )
    plans = sorted(plans, key=lambda plan: len(plan.match.columns), reverse=True)
    if len(plans) > 1 and len(plans[0].match.columns) == len(plans[1].match.columns):
        raise FileRefused(
            "feed_ambiguous",
            f"The headings fit {plans[0].layout.name} as well as {plans[1].layout.name}.",
            hint="Name it FEED_REGION_YYYYMMDD or say --feed.",
        )
    return plans[0]
