"""Where a table's headings stand and which column holds which canonical field. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from hub.intake.refusal import FileRefused
from hub.intake.table import Head
from schema.feeds import Layout, fold_heading

#: Between the parts of a heading that several rows make up. No department writes it so within one cell.
PATH = " / "


@dataclass(frozen=True, slots=True)
class Match:
    """A layout laid over a table."""

    head: Head
    row: int  # 0-based, of the first heading row among the head's rows
    height: int
    headings: tuple[str, ...]  # one a column, parts of a heading over several rows joined by PATH
    columns: dict[str, int]  # canonical field -> column

    @property
    def after(self) -> int:
        """Line on which the headings end."""
        return self.head.ends[self.row + self.height - 1]


@dataclass(frozen=True, slots=True)
class Miss:
    """The best that could be made of a table, and what it lacks."""

    where: str
    missing: tuple[str, ...]  # canonical fields
    matched: int


def join_headings(rows: list[list[str]]) -> tuple[str, ...]:
    """One heading a column from the rows it is spread over; blank columns at the right are cut off.

    A blank upper cell belongs to the one at its left (that is how a merged heading reads once the merge is lost), as
    long as something stands below it. Equal parts, one below the other, are one.
    """
    width = max((len(row) for row in rows), default=0)
    padded = [[" ".join(cell.split()) for cell in row] + [""] * (width - len(row)) for row in rows]
    for upper, lower in pairwise(padded):
        for column in range(1, width):
            if not upper[column] and lower[column]:
                upper[column] = upper[column - 1]
    paths = []
    for parts in zip(*padded, strict=True):
        path = [part for index, part in enumerate(parts) if part and (index == 0 or part != parts[index - 1])]
        paths.append(PATH.join(path))
    while paths and not paths[-1]:
        paths.pop()
    return tuple(paths)


def match_columns(layout: Layout, headings: tuple[str, ...]) -> tuple[dict[str, int], int]:
    """Canonical field → column, and how many of them by their whole path.

    A heading is known by its whole path or else by its last part. Where several columns are known as one field, the
    whole path goes before the last part and then the layout's order of preference decides.

    Raises
    ------
    FileRefused
        ``heading_ambiguous`` when two columns are equally good.
    """
    known = {
        fold_heading(heading): (name, rank)
        for name, item in layout.fields.items()
        for rank, heading in enumerate(item.headings)
    }
    best: dict[str, tuple[tuple[int, int], int]] = {}
    doubtful: dict[str, tuple[int, int]] = {}
    for column, heading in enumerate(headings):
        whole, last = known.get(fold_heading(heading)), known.get(fold_heading(heading.rpartition(PATH)[2]))
        found = whole or last
        if found is None:
            continue
        name, order = found
        rank = (0 if whole else 1, order)
        current = best.get(name)
        if current is None or rank < current[0]:
            best[name] = (rank, column)
            doubtful.pop(name, None)
        elif rank == current[0]:
            doubtful[name] = (current[1], column)
    for name, (one, other) in doubtful.items():
        raise FileRefused(
            "heading_ambiguous",
            f"Columns {one + 1} and {other + 1} both read {headings[other]!r}, the heading of {name}.",
            hint="Rename or remove one of the two.",
        )
    whole_paths = sum(rank[0] == 0 for rank, _ in best.values())
    return {name: column for name, (_, column) in best.items()}, whole_paths


def find_headings(layout: Layout, head: Head) -> Match | Miss:
    """The heading rows: those under which most fields are known, all required ones among them.

    Of equals the one with most whole paths, then the lowest, is taken: a title above is no part of a heading.

    Raises
    ------
    FileRefused
        ``heading_ambiguous``, when only that keeps the layout from fitting.
    """
    best: Match | None = None
    best_rank = (0, 0, 0)
    miss = Miss(head.where, layout.required_headings, 0)
    ambiguous: FileRefused | None = None
    for row in range(min(layout.search_rows, len(head.rows))):
        for height in range(1, min(layout.heading_rows, len(head.rows) - row) + 1):
            headings = join_headings(head.rows[row : row + height])
            try:
                columns, whole = match_columns(layout, headings)
            except FileRefused as error:
                ambiguous = ambiguous or error
                continue
            missing = tuple(name for name in layout.required_headings if name not in columns)
            if missing:
                if len(columns) > miss.matched:
                    miss = Miss(head.where, missing, len(columns))
            elif (rank := (len(columns), whole, -height)) > best_rank or best is None:
                best, best_rank = Match(head, row, height, headings, columns), rank
    if best is None and ambiguous is not None:
        raise ambiguous
    return best or miss


def choose_match(layout: Layout, heads: list[Head]) -> Match:
    """The one table of a file that the layout fits.

    Raises
    ------
    FileRefused
        ``heading_missing`` with the headings that lack, ``sheets_several``, ``heading_ambiguous``.
    """
    found = [find_headings(layout, head) for head in heads]
    matches = [item for item in found if isinstance(item, Match)]
    if len({match.head.key for match in matches}) > 1 and all(match.head.where for match in matches):
        raise FileRefused(
            "sheets_several",
            f"{len(matches)} worksheets hold the headings of {layout.name}.",
            hint="Put all rows on one worksheet, or hide the others.",
            where=", ".join(match.head.where for match in matches),
        )
    if matches:
        return max(matches, key=lambda match: len(match.columns))
    misses = [item for item in found if isinstance(item, Miss)]
    miss = max(misses, key=lambda item: item.matched, default=Miss("", layout.required_headings, 0))
    names = ", ".join(f"{layout.fields[name].headings[0]} ({name})" for name in miss.missing)
    raise FileRefused(
        "heading_missing",
        f"As {layout.name} the file lacks the heading{'s' if len(miss.missing) > 1 else ''} {names}.",
        hint="Check that it is the right file, or add the heading the form uses to the layout.",
        where=miss.where,
    )
