"""Trusted documents: ids, manifests, what may not be registered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.pages.documents import document_names, load_document
from hub.api.schema import build_schema, core_schema
from hub.errors import InvalidInput
from hub.query.documents import Draft, check_draft, hash_of, parse_manifest, read_document_id
from hub.query.limits import Limits
from hub.query.trusted import read_drafts

SCHEMA = core_schema(build_schema())
GOOD = "query Me { me { kind } }"


def test_a_document_is_named_by_either_form() -> None:
    digest = hash_of(GOOD)
    assert read_document_id({"documentId": f"sha256:{digest.hex()}"}) == digest
    assert read_document_id({"documentId": digest.hex().upper()}) == digest
    assert read_document_id({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest.hex()}}}) == digest
    assert read_document_id({"query": GOOD}) is None
    assert read_document_id({"query": GOOD, "extensions": {"other": 1}}) is None
    assert read_document_id({"query": GOOD, "documentId": digest.hex()}) == digest


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"documentId": "sha256:abc"}, "document_id_invalid"),
        ({"documentId": 5}, "document_id_invalid"),
        ({"documentId": "md5:" + "0" * 64}, "document_id_invalid"),
        ({"extensions": {"persistedQuery": {}}}, "document_id_invalid"),
        ({"query": "{ me { name } }", "documentId": hash_of(GOOD).hex()}, "document_id_wrong"),
    ],
)
def test_wrong_ids_are_refused(request_: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidInput, match=code):
        read_document_id(request_)


def test_manifests_of_both_shapes() -> None:
    digest = hash_of(GOOD).hex()
    apollo = {"format": "apollo-persisted-query-manifest", "version": 1}
    apollo["operations"] = [{"id": digest, "name": "Me", "type": "query", "body": GOOD}]  # type: ignore[assignment]  # JSON
    assert [(one.name, one.text) for one in parse_manifest("m", json.dumps(apollo))] == [("Me", GOOD)]
    assert [one.text for one in parse_manifest("m", json.dumps({f"sha256:{digest}": GOOD}))] == [GOOD]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[", "document_manifest_unreadable"),
        ("[]", "document_manifest_unreadable"),
        ("{}", "document_manifest_unreadable"),
        ('{"operations": [{"id": 1}]}', "document_manifest_unreadable"),
        ('{"a": 1}', "document_manifest_unreadable"),
        ('{"0123": "{ me { kind } }"}', "document_id_wrong"),
    ],
)
def test_manifests_that_are_none(text: str, code: str) -> None:
    with pytest.raises(InvalidInput, match=code):
        parse_manifest("m.json", text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("query {\n  nothing }", "f.graphql:2:3: Cannot query field 'nothing'"),
        ("query {", "f.graphql:1:8: Syntax Error"),
        ("fragment F on Person { name }", "there is no operation"),
        ("{ __schema { types { name } } }", "it asks for __schema"),
        ('{ a: __type(name: "Person") { name } }', "it asks for __type"),
        ("{ _service { sdl } }", "it asks for _service"),
        ("{" + " me { kind }" * 5000 + "}", "f.graphql"),
        ("query A { me { kind } } query A { me { name } }", "There can be only one operation named 'A'"),
    ],
)
def test_what_may_not_be_registered(text: str, said: str) -> None:
    lines = check_draft(SCHEMA, Draft("f.graphql", "f", text), Limits())
    assert lines
    assert any(said in line for line in lines), lines


def test_documents_of_the_pages_may_be_registered() -> None:
    for name in document_names():
        assert check_draft(SCHEMA, Draft(name, name, load_document(name)), Limits()) == []


def test_a_directory_is_read_whole(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="documents_missing"):
        read_drafts(tmp_path / "none")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "me.graphql").write_text(GOOD, encoding="utf-8")
    (tmp_path / "m.json").write_text(json.dumps({hash_of("{ a }").hex(): "{ a }"}), encoding="utf-8")
    (tmp_path / "read.me").write_text("no document", encoding="utf-8")
    assert sorted(draft.text for draft in read_drafts(tmp_path)) == [GOOD, "{ a }"]
    (tmp_path / "gb.gql").write_bytes("query 查 { me { kind } }".encode("gb18030"))
    with pytest.raises(InvalidInput, match="document_unreadable"):
        read_drafts(tmp_path)
