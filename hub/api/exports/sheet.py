"""What every file of an export says besides its rows: columns, who exported it, what is not in it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from hub.access.actor import Actor
from hub.clock import ZONE
from hub.query.rows import Column
from hub.query.tree import Withheld
from schema.grants import load_grants

#: A cell that begins so may be run as a formula, behind blanks of any kind too; full-width signs in a Chinese Excel. In
#: the syntax of RE2, which Arrow has. Source: OWASP, "CSV Injection".
FORMULA = r"^(?:[\t\r\n]|[\x00-\x20\x7f-\x{a0}\p{Z}\x{feff}\x{200b}-\x{200f}\x{2060}]*[=+\-@＝＋－＠])"


@dataclass(frozen=True, slots=True)
class Watermark:
    """Who exported, when, for which purpose, under which request."""

    actor: Actor
    purpose: str
    request_id: uuid.UUID
    exported_at: datetime

    @property
    def mark(self) -> str:
        """Short, for every row of a CSV file: the actor, the day, and the head of the request's id."""
        return f"{self.actor.actor_id}-{self._local:%Y%m%d}-{str(self.request_id)[:8]}"

    @property
    def _local(self) -> datetime:
        return self.exported_at.astimezone(ZONE)

    def file_name(self, entity: str, extension: str) -> str:
        """A name that leads back to the request."""
        stamp = f"{self._local:%Y%m%dT%H%M%S}"
        return f"{entity}_{stamp}_{self.actor.actor_id}_{str(self.request_id)[:8]}.{extension}"

    def lines(self) -> list[tuple[str, str, str]]:
        """Key, Chinese name and value, for notes and metadata."""
        purpose = load_grants().purposes.get(self.purpose, self.purpose)
        return [
            ("exporter", "导出人", f"{self.actor.name}（{self.actor.kind} {self.actor.actor_id}）"),
            ("exported_at", "导出时间", self._local.isoformat(timespec="seconds")),
            ("purpose", "用途", f"{purpose}（{self.purpose}）"),
            ("request_id", "请求编号", str(self.request_id)),
        ]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file's frame."""

    entity: str
    columns: tuple[Column, ...]
    withheld: tuple[Withheld, ...]
    watermark: Watermark
    rows: int
    zh_headings: bool = False

    @property
    def headings(self) -> list[str]:
        """Headings; a Chinese one that would be there twice has its name behind it."""
        if not self.zh_headings:
            return [column.path for column in self.columns]
        words = [column.zh for column in self.columns]
        return [
            word if words.count(word) == 1 else f"{word} {column.path}"
            for word, column in zip(words, self.columns, strict=True)
        ]

    def notes(self) -> dict[str, str]:
        """Key and value of all that stands beside the rows."""
        found = {f"yunqiao.{key}": value for key, _, value in self.watermark.lines()}
        found["yunqiao.rows"] = str(self.rows)
        for access in ("withheld", "masked", "varies"):
            told = [f"{item.path} ({item.reason})" for item in self.withheld if item.access == access]
            found[f"yunqiao.{access}"] = "; ".join(told)
        return found


class SheetWriter(Protocol):
    """Turns rows into a file, piece by piece; a piece may be empty where more rows are needed for one."""

    def begin(self) -> bytes:
        """What stands before the rows."""
        ...

    def add(self, rows: Sequence[Any]) -> bytes:
        """Rows as asyncpg gives them, columns ``c0`` …"""
        ...

    def end(self) -> Iterator[bytes]:
        """The rest of the file."""
        ...

    def close(self) -> None:
        """Leave nothing behind, finished or not."""
        ...
