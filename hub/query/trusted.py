"""The installation's trusted documents: those that came with the program, and those that were registered."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from graphql import GraphQLSchema

from hub.clock import Clock
from hub.db.sql import load_queries
from hub.errors import HubError, InvalidInput, NotFound
from hub.query.documents import Draft, check_draft, hash_of, parse_manifest
from hub.query.limits import Limits

#: How long an answer of the database counts: a withdrawal is felt after so long, a registration after so short.
_FOUND_S, _MISSING_S = 10.0, 1.0


class DocumentsRefused(InvalidInput):
    """Some of the documents cannot be registered, so none was."""

    def __init__(self, complaints: Sequence[str]) -> None:
        more = f" (and {len(complaints) - 1} more)" if len(complaints) > 1 else ""
        super().__init__("documents_refused", f"{complaints[0]}{more}", hint="Nothing was registered; mend and repeat.")
        self.complaints = tuple(complaints)


def read_drafts(folder: Path) -> list[Draft]:
    """The documents of a directory: ``*.graphql`` and ``*.gql`` whole files, ``*.json`` manifests.

    Raises
    ------
    InvalidInput
        ``documents_missing``, ``document_unreadable``, ``document_manifest_unreadable``, ``document_id_wrong``.
    """
    drafts: list[Draft] = []
    files = sorted(file for file in folder.rglob("*") if file.suffix in (".graphql", ".gql", ".json"))
    for file in files if folder.is_dir() else ():
        try:
            text = file.read_bytes().decode()
        except UnicodeDecodeError as error:
            raise InvalidInput("document_unreadable", f"{file} is not UTF-8.", hint="Save it as UTF-8.") from error
        drafts += parse_manifest(str(file), text) if file.suffix == ".json" else [Draft(str(file), file.stem, text)]
    if not drafts:
        raise InvalidInput(
            "documents_missing", f"There are no documents in {folder}.", hint="Name a directory of .graphql files."
        )
    return drafts


async def store_documents(
    pool: asyncpg.Pool, drafts: Iterable[Draft], *, schema: GraphQLSchema, limits: Limits, clock: Clock
) -> list[str]:
    """Register all of them or none; returns the hashes that are new or named anew.

    Raises
    ------
    DocumentsRefused
        With a line for each that is wrong.
    """
    held = {draft.sha256: draft for draft in drafts}
    complaints = [line for draft in held.values() for line in check_draft(schema, draft, limits)]
    if complaints:
        raise DocumentsRefused(complaints)
    rows = await pool.fetch(
        load_queries("hub.query").store_documents,
        list(held),
        [draft.name for draft in held.values()],
        [draft.text for draft in held.values()],
        clock.now(),
    )
    return [row["sha256"].hex() for row in rows]


async def fetch_documents(pool: asyncpg.Pool) -> list[dict[str, Any]]:
    """All that were ever registered."""
    return [dict(row) for row in await pool.fetch(load_queries("hub.query").fetch_documents)]


async def store_withdrawal(pool: asyncpg.Pool, beginning: str, *, clock: Clock) -> str:
    """Withdraw the document whose hash begins so; returns the hash.

    Raises
    ------
    InvalidInput
        ``document_id_invalid``: too short, no hash, or several begin so.
    NotFound
        ``document_unknown``.
    """
    beginning = beginning.removeprefix("sha256:").lower()
    if len(beginning) < 8 or set(beginning) - set("0123456789abcdef"):
        raise InvalidInput("document_id_invalid", "A hash is hexadecimal.", hint="Give at least 8 of its digits.")
    async with pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(load_queries("hub.query").store_withdrawal, beginning, clock.now())
        if len(rows) > 1:
            raise InvalidInput("document_id_invalid", "Several hashes begin so.", hint="Give more digits.")
    if not rows:
        raise NotFound("document_unknown", "No such document is registered.", hint="See: yunqiao documents list")
    return str(rows[0][0])


@dataclass(frozen=True, slots=True)
class _Held:
    text: str | None
    until: float


class TrustedDocuments:
    """Looks documents up by their hashes.

    Parameters
    ----------
    builtin
        Documents of the program itself.
    most
        How many answers of the database are kept.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        *,
        builtin: Iterable[str] = (),
        most: int = 10_000,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool, self._most, self._monotonic = pool, most, monotonic
        self._builtin = {hash_of(text): text for text in builtin}
        self._held: OrderedDict[bytes, _Held] = OrderedDict()
        self._fetch = load_queries("hub.query").fetch_document

    async def find(self, sha256: bytes) -> str | None:
        """The text of a document; None where nobody registered one, or it was withdrawn."""
        text = self._builtin.get(sha256)
        if text is not None:
            return text
        now = self._monotonic()
        held = self._held.get(sha256)
        if held is None or held.until <= now:
            text = await self._pool.fetchval(self._fetch, sha256)
            held = _Held(text, now + (_MISSING_S if text is None else _FOUND_S))
            self._held[sha256] = held
            self._held.move_to_end(sha256)
            while len(self._held) > self._most:
                self._held.popitem(last=False)
        return held.text


def complaints_of(error: HubError) -> tuple[str, ...]:
    """All lines of a refusal; its one line otherwise."""
    return error.complaints if isinstance(error, DocumentsRefused) else (error.line(),)
