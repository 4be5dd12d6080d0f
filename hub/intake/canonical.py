"""Chunks of cells → canonical rows and rejections. Pure; columns at a time, since rows are many and columns few.

A row is taken whole or rejected whole: a label outside its code list rejects the row even where the field is optional.
Left out, the value would look like one the department never knew; rejected, it comes back with its line and reason,
what was known of the person before stays, and either the cell or the layout's ``codes`` are mended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from hub.intake.convert import BAD, Converter, derived_converter, field_converter
from hub.intake.headings import PATH, Match, match_columns
from hub.intake.reasons import reason_for
from hub.intake.table import BrokenRow, Chunk
from schema.codes import fold_label
from schema.feeds import Layout

#: A total says so in one of the first columns.
_LEADING: Final = 3


@dataclass(frozen=True, slots=True)
class Rejection:
    """One thing that is wrong with one row."""

    line: int
    field: str | None
    heading: str | None
    code: str
    reason: str
    raw: tuple[str, ...]


@dataclass(slots=True)
class Canonical:
    """What a chunk came to. The four lists run side by side."""

    lines: list[int] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)  # canonical JSON
    raws: list[list[str]] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    rejected_keys: list[str] = field(default_factory=list)  # of rejected rows whose key could be read
    rejected: int = 0

    @property
    def read(self) -> int:
        """Records in the chunk, rejected ones included."""
        return len(self.lines) + self.rejected


def row_hash(values: str) -> bytes:
    """SHA-256 of a row's canonical values."""
    return sha256(values.encode()).digest()


class Canonicaliser:
    """Reads chunk after chunk of one file; a household's columns may go on from one chunk to the next."""

    def __init__(self, layout: Layout, match: Match, *, region_code: str) -> None:
        self._layout = layout
        self._footer_starts = {footer[:1] for footer in layout.footers}
        self._group: list[str] = []  # the cells that rows below the head of a group inherit
        self._fields = {name: field_converter(item) for name, item in layout.fields.items()}
        self._derived = [
            (derived_converter(item, layout.fields[item.source], region_code), item.source) for item in layout.derive
        ]
        constants = {
            name: Converter(name, lambda _, value=value: value)  # type: ignore[misc]  # the default binds the value
            for name, value in layout.constants.items()
        }
        self._constants = [converter["x"] for converter in constants.values()]
        self._offsets = {c.name: c.offset for c in (*self._fields.values(), *(c for c, _ in self._derived))} | {
            name: converter.offset for name, converter in constants.items()
        }
        self._plan(match.headings, match.columns)

    def _plan(self, headings: tuple[str, ...], columns: dict[str, int]) -> None:
        self.headings, self._columns = headings, columns
        plan = [(name, converter, columns[name]) for name, converter in self._fields.items() if name in columns]
        plan += [(c.name, c, columns[source]) for c, source in self._derived if source in columns]
        self._converters = plan
        # Positions of all fragments of a row in the order of names, constants included.
        names = [name for name, _, _ in plan] + list(self._layout.constants)
        self._order = sorted(range(len(names)), key=lambda index: names[index])
        self._position = {name: index for index, name in enumerate(names)}
        self._required = [
            name for name, item in self._layout.fields.items() if item.required and name in self._position
        ]
        self._keys = [key for key in self._layout.record_key if all(name in self._position for name in key)]
        self._lead = min(columns[name] for name in self._layout.required_headings)
        fill = self._layout.fill_fields if self._layout.fill_group in columns else ()
        self._fill = [columns[name] for name in fill if name in columns]
        self._fill_group = columns[self._layout.fill_group] if self._fill and self._layout.fill_group else None
        self._own = sorted(set(columns.values()) - set(self._fill))
        self._labels = [heading.rpartition(PATH)[2] for heading in headings]

    # -- one chunk -----------------------------------------------------------------------------------------------------

    def canonical(self, chunk: Chunk) -> Canonical:
        """The chunk's rows as canonical values, its unreadable ones as rejections."""
        if chunk.headings and chunk.headings != self.headings:
            self._plan(chunk.headings, match_columns(self._layout, chunk.headings)[0])
        rows, lines = self._without_furniture(chunk)
        if self._fill_group is not None:
            self._fill_down(rows)
        result = Canonical()
        if rows:
            self._rows(rows, lines, result)
        for broken in chunk.broken:
            self._broken(broken, result)
        return result

    def _without_furniture(self, chunk: Chunk) -> tuple[list[list[str]], list[int]]:
        """The rows but for totals, and for headings printed again on every page.

        Other footers fail to be records and are told from these then; a total can look like one: 合计 in the column of
        names and a count in the next.
        """
        drop = {
            index
            for column in range(min(_LEADING, len(self.headings)))
            for index, row in enumerate(chunk.rows)
            if row[column][:1] in self._footer_starts and row[column] and self._is_total(row)
        }
        if not chunk.headings:
            lead, label = self._lead, self._labels[self._lead]
            drop |= {i for i, row in enumerate(chunk.rows) if row[lead] == label and self._is_heading(row)}
        if not drop:
            return chunk.rows, chunk.lines
        kept = [index for index in range(len(chunk.rows)) if index not in drop]
        return [chunk.rows[index] for index in kept], [chunk.lines[index] for index in kept]

    def _is_total(self, row: Sequence[str]) -> bool:
        first = next((cell for cell in row if cell.strip()), "")
        return fold_label(first).rstrip(":") in self._layout.footers

    def _is_heading(self, row: Sequence[str]) -> bool:
        return all(row[column].strip() == self._labels[column] for column in self._columns.values())

    def _fill_down(self, rows: list[list[str]]) -> None:
        group = self._fill_group
        assert group is not None  # noqa: S101  # the caller looked; this tells the type checker
        for row in rows:
            if row[group].strip():
                self._group = [row[column] for column in self._fill]
            elif self._group and any(row[column].strip() for column in self._own) and not self._is_footer(row):
                for column, cell in zip(self._fill, self._group, strict=True):
                    row[column] = row[column] or cell

    def _rows(self, rows: list[list[str]], lines: list[int], result: Canonical) -> None:
        cells = list(zip(*rows, strict=True))
        fragments: list[Sequence[str]] = [
            list(map(converter.__getitem__, cells[column])) for _, converter, column in self._converters
        ]
        fragments += [[constant] * len(rows) for constant in self._constants]
        keys = self._record_keys(fragments)
        bad = self._faults(fragments, keys)
        ordered = [fragments[position] for position in self._order]
        values = ["{" + ",".join(filter(None, row)) + "}" for row in zip(*ordered, strict=True)]
        if not bad:
            result.lines, result.keys, result.values, result.raws = lines, keys, values, rows
            return
        good = [index for index in range(len(rows)) if index not in bad]
        result.lines = [lines[index] for index in good]
        result.keys = [keys[index] for index in good]
        result.values = [values[index] for index in good]
        result.raws = [rows[index] for index in good]
        for index in sorted(bad):
            row = rows[index]
            if self._is_blank(row) or self._is_footer(row):
                continue
            result.rejected += 1
            if keys[index]:
                result.rejected_keys.append(keys[index])
            for name, code in bad[index]:
                result.rejections.append(self._rejection(lines[index], name or None, code, row))

    def _faults(self, fragments: list[Sequence[str]], keys: list[str]) -> dict[int, list[tuple[str, str]]]:
        """Row → fields and codes of what is wrong with it. A column is scanned whole first, in C: few have anything."""
        bad: dict[int, list[tuple[str, str]]] = {}
        for (name, _, _), column in zip(self._converters, fragments, strict=False):
            if BAD in "".join(column):
                for index, fragment in enumerate(column):
                    if fragment.startswith(BAD):
                        bad.setdefault(index, []).append((name, fragment[1:]))
        for name in self._required:
            column = fragments[self._position[name]]
            if "" in column:
                for index, fragment in enumerate(column):
                    if not fragment:
                        bad.setdefault(index, []).append((name, "required_missing"))
        if "" in keys:
            for index, key in enumerate(keys):
                if not key and index not in bad:
                    bad[index] = [("", "key_missing")]
        return bad

    def _record_keys(self, fragments: list[Sequence[str]]) -> list[str]:
        """One key a row from the first alternative all of whose fields are filled; empty where none is."""
        keys = [""] * len(fragments[0])
        for names in self._keys:
            parts = [
                [
                    "" if part.startswith(BAD) else part[self._offsets[name] :].strip('"')
                    for part in fragments[self._position[name]]
                ]
                for name in names
            ]
            if len(parts) == 1:
                found = parts[0]
            else:
                found = ["|".join(row) if all(row) else "" for row in zip(*parts, strict=True)]
            keys = found if not any(keys) else [key or other for key, other in zip(keys, found, strict=True)]
            if all(keys):
                break
        return keys

    # -- what is no record ---------------------------------------------------------------------------------------------

    def _is_footer(self, row: Sequence[str]) -> bool:
        first = next((cell for cell in row if cell.strip()), "")
        return fold_label(first).startswith(self._layout.footers)

    def _is_blank(self, row: Sequence[str]) -> bool:
        """Nothing in any column the layout knows: forms come with rows numbered beforehand."""
        return not any(row[column].strip() for column in self._columns.values())

    def _broken(self, broken: BrokenRow, result: Canonical) -> None:
        if self._is_footer(broken.cells):
            return
        result.rejected += 1
        reason = reason_for(broken.code, None, found=len(broken.cells), wanted=len(self.headings))
        result.rejections.append(Rejection(broken.line, None, None, broken.code, reason, tuple(broken.cells)))

    def _rejection(self, line: int, name: str | None, code: str, row: list[str]) -> Rejection:
        heading = None if name is None else self._heading_of(name)
        return Rejection(line, name, heading, code, reason_for(code, heading), tuple(row))

    def _heading_of(self, name: str) -> str:
        return self.headings[self._columns[name]]
