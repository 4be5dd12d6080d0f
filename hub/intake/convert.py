"""Cells of one column → fragments of canonical JSON, each distinct cell worked out once. Pure.

A fragment is ``"field":value``; a row's canonical values are its fragments joined in the order of the fields' names, so
equal values give equal bytes and an equal hash whatever the file's format or order of columns. An empty cell gives an
empty fragment, an unreadable one ``\\0`` and the rejection's code.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from json.encoder import encode_basestring
from typing import Final

from hub.intake.places import region_of_address, region_of_code
from hub.intake.values import Unreadable, Value, parser_for
from schema.codes import fold_label
from schema.feeds import Derivation, Field

BAD: Final = "\0"
#: Distinct cells remembered; more of them do not repeat anyway.
_REMEMBERED: Final = 40_000


class Converter(dict[str, str]):
    """Cell → fragment, filled as cells come."""

    def __init__(
        self, name: str, parse: Callable[[str], Value], empty: frozenset[str] = frozenset(), *, judge: bool = True
    ) -> None:
        super().__init__()
        self.name = name
        self._judge = judge  # a derived field leaves the complaints to the field it comes from
        self._prefix = f'"{name}":'
        self._parse = parse
        self._empty = empty
        self._longest_empty = max((len(label) for label in empty), default=0) + 4  # blanks and brackets fold away

    @property
    def offset(self) -> int:
        """Where the value begins in a fragment."""
        return len(self._prefix)

    def __missing__(self, cell: str) -> str:
        if len(self) >= _REMEMBERED:
            self.clear()
        fragment = self[cell] = self._fragment(cell)
        return fragment

    def _fragment(self, cell: str) -> str:
        bare = cell.strip()
        if len(bare) <= self._longest_empty and (not bare or fold_label(bare) in self._empty):
            return ""
        try:
            if self._judge and "�" in cell:
                raise Unreadable("text_undecodable")
            value = self._parse(cell)
        except Unreadable as error:
            return BAD + error.code
        if isinstance(value, str):
            return self._prefix + encode_basestring(value) if value else ""
        return self._prefix + json.dumps(value)


def field_converter(field: Field) -> Converter:
    """The converter of a column."""
    return Converter(field.name, parser_for(field), field.empty)


def derived_converter(derivation: Derivation, source: Field, sender: str) -> Converter:
    """The converter of a field that is worked out from the column of ``source``; what cannot be is left empty."""

    def parse(cell: str) -> Value:
        if derivation.how == "region_prefix":
            return region_of_code(cell, derivation.digits) or ""
        return region_of_address(cell, sender) or ""

    return Converter(derivation.name, parse, source.empty, judge=False)
