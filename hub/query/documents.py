"""Trusted documents: texts that somebody registered, known by the SHA-256 of what is sent. Pure.

Source: GraphQL over HTTP, appendix "Persisted Documents" (``documentId``); Apollo's manifest and
``extensions.persistedQuery``; Relay's and GraphQL Code Generator's object of hashes and texts.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    parse,
    visit,
)
from graphql.language import Visitor

from hub.errors import HubError, InvalidInput
from hub.query.limits import Limits
from hub.query.operation import GraphQLErrors, parse_operation

_HEX = re.compile(r"[0-9a-f]{64}")
#: What it starts with says how the id was made.
_PREFIX = "sha256:"


@dataclass(frozen=True, slots=True)
class Draft:
    """A text to be registered. ``where`` is the file, and the place in a manifest."""

    where: str
    name: str
    text: str

    @property
    def sha256(self) -> bytes:
        """What it will be known by."""
        return hash_of(self.text)


def hash_of(text: str) -> bytes:
    """SHA-256 of a document as it is sent."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def read_document_id(request: Mapping[str, Any]) -> bytes | None:
    """The hash by which a request names its document; None where it sends the text alone.

    Raises
    ------
    InvalidInput
        ``document_id_invalid``; ``document_id_wrong``: the text that was sent along is another one.
    """
    given = request.get("documentId")
    if given is None:
        held = (request.get("extensions") or {}).get("persistedQuery")
        if not isinstance(held, Mapping):
            return None
        given = f"{_PREFIX}{held.get('sha256Hash')}"
    if not isinstance(given, str) or not _HEX.fullmatch(given.removeprefix(_PREFIX).lower()):
        raise InvalidInput(
            "document_id_invalid",
            "A document is named by the SHA-256 of its text.",
            hint='Send "documentId": "sha256:" and 64 hexadecimal digits.',
        )
    found = bytes.fromhex(given.removeprefix(_PREFIX))
    text = request.get("query")
    if isinstance(text, str) and text and hash_of(text) != found:
        raise InvalidInput(
            "document_id_wrong", "The id is not that of the text sent with it.", hint="Send one of the two."
        )
    return found


def parse_manifest(where: str, text: str) -> list[Draft]:
    """The documents of a generator's manifest.

    Raises
    ------
    InvalidInput
        ``document_manifest_unreadable``; ``document_id_wrong``: an id is not the SHA-256 of its text.
    """
    try:
        body = json.loads(text)
    except ValueError as error:
        raise _unreadable(where) from error
    drafts = []
    for given, name, document in _entries(where, body):
        draft = Draft(f"{where}:{name or given}", name or given[:12], document)
        if given.removeprefix(_PREFIX).lower() != draft.sha256.hex():
            raise InvalidInput(
                "document_id_wrong",
                f"{draft.where}: its id is not the SHA-256 of its text.",
                hint="Let the generator make SHA-256 ids (Relay: persistConfig with algorithm SHA256).",
            )
        drafts.append(draft)
    return drafts


def _entries(where: str, body: Any) -> Iterator[tuple[str, str, str]]:
    if isinstance(body, dict) and isinstance(body.get("operations"), list):
        for entry in body["operations"]:
            if not isinstance(entry, dict) or not all(isinstance(entry.get(key), str) for key in ("id", "body")):
                raise _unreadable(where)
            yield entry["id"], str(entry.get("name") or ""), entry["body"]
    elif isinstance(body, dict) and body and all(isinstance(value, str) for value in body.values()):
        for given, document in body.items():
            yield given, "", document
    else:
        raise _unreadable(where)


def _unreadable(where: str) -> InvalidInput:
    return InvalidInput(
        "document_manifest_unreadable",
        f"{where} is no manifest of documents.",
        hint="It is Apollo's manifest, or a JSON object of SHA-256 ids and texts.",
    )


def check_draft(schema: GraphQLSchema, draft: Draft, limits: Limits) -> list[str]:
    """What keeps a draft from being registered, a line each: ``file:line:column: …``; empty where it is good."""
    try:
        parsed = parse(draft.text, max_tokens=limits.tokens)
        operations = [node for node in parsed.definitions if isinstance(node, OperationDefinitionNode)]
        if not operations:
            return [f"{draft.where}: there is no operation in it."]
        for operation in operations:
            parse_operation(schema, draft.text, operation.name.value if operation.name else None, limits)
    except GraphQLSyntaxError as error:
        return [_place(draft, error)]
    except GraphQLErrors as errors:
        return [_place(draft, error) for error in errors.errors]
    except HubError as error:
        return [f"{draft.where}: {error.detail} {error.hint}".rstrip()]
    finder = _Introspection()
    visit(parsed, finder)
    # Registered, it would open to everybody what only some are granted.
    return [f"{draft.where}: it asks for {name}, which is not for everybody." for name in sorted(finder.found)]


def _place(draft: Draft, error: GraphQLError) -> str:
    at = f":{error.locations[0].line}:{error.locations[0].column}" if error.locations else ""
    return f"{draft.where}{at}: {error.message}"


class _Introspection(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def enter_field(self, node: FieldNode, *_: object) -> None:
        if node.name.value in ("__schema", "__type", "_service"):
            self.found.add(node.name.value)
