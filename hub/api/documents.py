"""The gate of documents: what a request asks, by text or by hash, and whether it may be asked here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.access.actor import Actor
from hub.clock import Clock
from hub.errors import Forbidden, InvalidInput, NotFound
from hub.query.documents import hash_of, read_document_id
from hub.query.trusted import TrustedDocuments
from schema.grants import load_grants


class DocumentGate:
    """Finds the text of what is asked.

    Parameters
    ----------
    trusted_only
        Production: whoever has no grant for it sends nothing but trusted documents.
    """

    def __init__(self, documents: TrustedDocuments, clock: Clock, *, trusted_only: bool) -> None:
        self._documents, self._clock, self._trusted_only = documents, clock, trusted_only

    async def text_of(self, request: Mapping[str, Any], *, actor: Actor, purpose: str) -> str:
        """The document of a request.

        Raises
        ------
        InvalidInput
            ``document_id_invalid``, ``document_id_wrong``, ``query_missing``.
        NotFound
            ``document_unknown``.
        Forbidden
            ``document_untrusted``.
        """
        sha256, text = read_document_id(request), request.get("query")
        closed = self._trusted_only and not self.may_send_any(actor, purpose)
        if sha256 is not None:
            found = await self._documents.find(sha256)
            if found is not None:
                return found
            # A gateway names its text first and sends it along once it was unknown: with the grant it is answered.
            if not text or closed:
                raise NotFound(
                    "document_unknown",
                    "No document of this hash is registered here.",
                    hint="Have it registered: yunqiao documents register DIR.",
                )
        if not isinstance(text, str) or not text:
            raise InvalidInput("query_missing", "There is no query.", hint='Send {"query": "…"} or a documentId.')
        if closed and await self._documents.find(hash_of(text)) is None:
            raise Forbidden(
                "document_untrusted",
                "Only registered documents are answered here.",
                hint="Have yours registered: yunqiao documents register DIR.",
            )
        return text

    def may_send_any(self, actor: Actor, purpose: str) -> bool:
        """Whether the actor has a grant to send what nobody registered."""
        return load_grants().may_send_any(kind=actor.kind, name=actor.name, purpose=purpose, day=self._clock.today())
