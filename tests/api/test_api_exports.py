"""Bulk exports: what is in the files, what is not, who is told of it, and what a broken one looks like."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import json
import re
import uuid
import zipfile
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from hub.access.actor import Actor
from hub.access.audit import AuditEntry, AuditLog
from hub.access.claimed import ClaimPool
from hub.access.token import issue_token, read_token
from hub.api.documents import DocumentGate
from hub.api.exports import service as exports_module
from hub.api.exports.form import ExportForm
from hub.api.exports.http import ExportApp
from hub.api.exports.service import ExportLimits, ExportService
from hub.api.service import GraphQLService
from hub.clock import FixedClock
from hub.errors import HubError
from hub.query.trusted import TrustedDocuments

SECRET = b"a secret of the tests, 32 bytes!"
TOWN = "530627001000"
PEOPLE = """query($filter: PersonFilter) { persons(filter: $filter) { nodes {
    id name sex sexLabel bornOn citizenNumber phone willing updatedAt bankAccount
    household { householdKind members: membersCount } livingRegion { fullName } } } }"""
Make = Callable[..., Awaitable[Actor]]


@pytest.fixture
def exports(
    pool: asyncpg.Pool, claimed: ClaimPool, service: GraphQLService, clock: FixedClock, tmp_path: Path
) -> ExportService:
    return ExportService(claimed, AuditLog(pool), clock, service.engine, folder=tmp_path / "exports")


@pytest.fixture
async def station(actors: Make) -> Actor:
    return await actors("station", region_code=TOWN)


@pytest.fixture
async def county(actors: Make) -> Actor:
    return await actors("county", region_code="530627000000")


async def take(exports: ExportService, actor: Actor, query: str = PEOPLE, **form: Any) -> bytes:
    asked = ExportForm(query=query, **{"format": "csv", **form})
    async with exports.open(asked, actor=actor, purpose="employment_service") as export:
        return b"".join([piece async for piece in export.pieces])


def rows_of(data: bytes, encoding: str = "utf-8-sig") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(encoding), newline="")))


async def entries(owner: asyncpg.Pool) -> list[dict[str, Any]]:
    found = await owner.fetch("SELECT * FROM audit.entry WHERE action = 'export' ORDER BY entry_id")
    return [dict(row) for row in found]


async def test_a_csv_holds_what_the_query_would_answer_and_no_withheld_column(
    exports: ExportService, station: Actor, ask: Any
) -> None:
    data = await take(exports, station)
    assert data.startswith(b"\xef\xbb\xbf")
    rows = rows_of(data)
    asked = await ask(station, PEOPLE.replace("filter: $filter)", "filter: $filter, first: 100)"))
    nodes = asked["data"]["persons"]["nodes"]
    assert [row["id"] for row in rows] == [node["id"] for node in nodes] == ["Person:1", "Person:3", "Person:4"]
    for row, node in zip(rows, nodes, strict=True):
        for name in ("name", "sex", "sexLabel", "bornOn", "citizenNumber", "phone"):
            assert row[name] == node[name]
        assert row["willing"] == ("true" if node["willing"] else "false")
        assert datetime.fromisoformat(row["updatedAt"]) == datetime.fromisoformat(node["updatedAt"])
        assert row["household.members"] == str(node["household"]["members"])
        assert row["livingRegion.fullName"] == node["livingRegion"]["fullName"]
        assert node["bankAccount"] is None
        assert "*" in row["citizenNumber"]
    assert "bankAccount" not in rows[0]


async def test_every_row_of_a_csv_names_its_exporter_and_how_many_there_are(
    exports: ExportService, station: Actor
) -> None:
    marks = [row["export_mark"] for row in rows_of(await take(exports, station))]
    assert [mark.split(" ")[1] for mark in marks] == ["1/3", "2/3", "3/3"]
    assert {mark.split("-")[0] for mark in marks} == {str(station.actor_id)}


async def test_gb18030_on_request(exports: ExportService, station: Actor) -> None:
    rows = rows_of(await take(exports, station, encoding="gb18030", headings="zh"), "gb18030")
    assert [row["姓名"] for row in rows] == ["试1", "试3", "试4"]
    assert rows[0]["性别（代码）"] == "1"
    assert rows[0]["家庭·人数"] == "2"


async def test_parquet_has_types_and_says_who_exported(exports: ExportService, station: Actor) -> None:
    file = pq.ParquetFile(io.BytesIO(await take(exports, station, format="parquet")))
    table = file.read()
    assert table.column("bornOn").to_pylist()[0] == date(1981, 1, 1)
    assert table.column("household.members").to_pylist() == [2, 2, 2]
    assert table.column("willing").to_pylist() == [True, True, True]
    assert str(table.schema.field("updatedAt").type) == "timestamp[us, tz=Asia/Shanghai]"
    assert table.schema.field("name").metadata[b"zh"] == "姓名".encode()
    notes = {key.decode(): value.decode() for key, value in file.schema_arrow.metadata.items()}
    assert f"station {station.actor_id}" in notes["yunqiao.exporter"]
    assert "employment_service" in notes["yunqiao.purpose"]
    assert notes["yunqiao.rows"] == "3"
    assert "bankAccount" in notes["yunqiao.withheld"]
    assert "citizenNumber" in notes["yunqiao.masked"]
    uuid.UUID(notes["yunqiao.request_id"])


async def test_a_workbook_keeps_text_and_days_and_explains_itself(
    exports: ExportService, station: Actor, owner: asyncpg.Pool, tmp_path: Path
) -> None:
    await owner.execute("UPDATE registry.person SET phone = '0087112345678' WHERE person_id = 1")
    data = await take(exports, station, format="xlsx", headings="zh")
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    assert book.sheet_names == ["数据", "说明 Notes"]
    head, *rows = book.get_sheet_by_index(0).to_python()
    assert head[:4] == ["编号", "姓名", "性别（代码）", "性别"]
    assert rows[0][head.index("联系电话")] == "0087112345678"
    assert rows[0][head.index("出生日期")] == date(1981, 1, 1)
    assert rows[0][head.index("更新时间")] == datetime(2026, 6, 1, 0, 1)  # noqa: DTZ001 - a cell has no zone
    assert rows[0][head.index("有就业意愿")] is True
    assert rows[0][head.index("家庭·人数")] == 2
    notes = book.get_sheet_by_index(1).to_python(skip_empty_area=False)
    told = {line[1]: line[2] for line in notes}
    assert f"station {station.actor_id}" in told["exporter"]
    assert told["rows"] == "3"
    columns = {line[1]: line for line in notes}
    assert columns["phone"][0] == "联系电话"
    assert columns["phone"][2] == "Telephone"
    assert columns["citizenNumber"][3].startswith("脱敏 masked")
    assert columns["bankAccount"][3].startswith("不提供 withheld")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        page = archive.read("xl/worksheets/sheet1.xml").decode()
        assert '<pane ySplit="1"' in page
        assert "<autoFilter" in page
        assert f"station {station.actor_id}" in page.partition("<oddFooter>")[2]
        assert f"station {station.actor_id}" in archive.read("docProps/core.xml").decode()
        assert "yunqiao.request_id" in archive.read("docProps/custom.xml").decode()
    assert not list((tmp_path / "exports").iterdir()), "nothing is left where it was made"


HOSTILE = [
    "=1+1", "+86", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "＋1", "－1", "＠A", "\u3000=1", "'=1",
    '=HYPERLINK("http://x","y")', "a,b\n\"c\"", "=cmd|' /C calc'!A0", "\ufeff=1",
]  # fmt: skip


async def test_no_value_becomes_a_formula(exports: ExportService, station: Actor, owner: asyncpg.Pool) -> None:
    query = "{ persons { nodes { name livingAddress } } }"
    for start in range(0, len(HOSTILE), 3):
        values = HOSTILE[start : start + 3]
        for person_id, value in zip((1, 3, 4), values, strict=True):
            await owner.execute("UPDATE registry.person SET living_address = $2 WHERE person_id = $1", person_id, value)
        shown = [row["livingAddress"] for row in rows_of(await take(exports, station, query))]
        for value, cell in zip(values, shown, strict=True):
            assert cell in (value, "'" + value)
            assert cell.lstrip("\t\r\n \u3000\ufeff")[:1] not in tuple("=+-@＝＋－＠"), repr(cell)
            assert cell[0] not in "\t\r\n"
        data = await take(exports, station, query, format="xlsx")
        read = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
        # Line ends within a cell are XML's to normalise.
        assert [row[1].replace("\r", "") for row in read[1:]] == [value.replace("\r", "") for value in values]
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert "<f>" not in archive.read("xl/worksheets/sheet1.xml").decode()
        table = pq.read_table(io.BytesIO(await take(exports, station, query, format="parquet")))
        assert table.column("livingAddress").to_pylist() == values


@pytest.mark.parametrize("format_", ["csv", "parquet", "xlsx"])
async def test_the_audit_knows_whose_rows_went_out(
    exports: ExportService, county: Actor, owner: asyncpg.Pool, format_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports_module, "_FETCH", 3)
    monkeypatch.setattr(exports_module, "_IDS", 2)
    data = await take(exports, county, format=format_)
    first, *parts, last = await entries(owner)
    assert len({entry["request_id"] for entry in (first, *parts, last)}) == 1
    assert all(len(entry["person_ids"]) <= 2 for entry in parts)
    assert {key for entry in parts for key in entry["person_ids"]} == {1, 2, 3, 4, 5, 6, 7, 8}
    assert sum(entry["detail"]["rows"] for entry in parts) == first["detail"]["rows"] == 8
    assert "person.citizen_number" in first["fields"]
    assert last["detail"] == {
        "format": format_,
        "outcome": "complete",
        "rows": 8,
        "rows_out": 8,
        "bytes_out": len(data),
        "parts": len(parts),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    assert all(entry["purpose"] == "employment_service" and entry["allowed"] for entry in (first, *parts, last))


async def test_ids_are_durable_before_the_bytes_that_tell_of_them(
    exports: ExportService, county: Actor, owner: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports_module, "_FETCH", 3)
    asked = ExportForm(query="{ persons { nodes { id } } }", format="csv")
    shown: set[int] = set()
    async with exports.open(asked, actor=county, purpose="employment_service") as export:
        async for piece in export.pieces:
            text = piece.decode("utf-8-sig")
            shown |= {int(key) for key in re.findall(r"Person:(\d+)", text)}
            told = {key for entry in await entries(owner) for key in entry["person_ids"]}
            assert shown <= told
    assert len(shown) == 8


async def test_whoever_stops_midway_stops_the_query_and_the_audit_says_how_much_went_out(
    exports: ExportService, county: Actor, owner: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch, pool: asyncpg.Pool
) -> None:
    monkeypatch.setattr(exports_module, "_FETCH", 3)
    asked = ExportForm(query=PEOPLE, format="csv")
    async with exports.open(asked, actor=county, purpose="employment_service") as export:
        await anext(export.pieces)
        await anext(export.pieces)
    last = (await entries(owner))[-1]
    assert last["detail"]["outcome"] == "broken"
    assert (last["detail"]["rows"], last["detail"]["rows_out"]) == (8, 3)
    assert last["reason"] == "export_broken"
    assert pool.get_idle_size() == pool.get_size(), "its connection is free again"


async def test_without_the_audit_no_byte_leaves(
    exports: ExportService, county: Actor, owner: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = 0

    class Failing(AuditLog):
        async def record(self, entry: AuditEntry) -> None:
            nonlocal written
            written += 1
            if written > 1:
                raise OSError("the disk is full")
            await super().record(entry)

    monkeypatch.setattr(exports, "_audit", Failing(exports._pool))
    pieces = []
    with pytest.raises(HubError, match="audit_unavailable"):
        async with exports.open(
            ExportForm(query=PEOPLE, format="csv"), actor=county, purpose="employment_service"
        ) as export:
            pieces = [piece async for piece in export.pieces]
    assert not pieces


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ persons(first: 3) { nodes { name } } }", "export_paged"),
        ('{ persons(after: "x") { nodes { name } } }', "export_paged"),
        ("{ persons { totalCount nodes { name } } }", "export_not_flat"),
        ("{ persons { edges { node { name } } } }", "export_not_flat"),
        ("{ persons { nodes { employments(first: 1) { nodes { id } } } } }", "export_not_flat"),
        ("{ a: persons { nodes { name } } b: persons { nodes { name } } }", "export_not_flat"),
        ('{ person(id: "Person:1") { name } }', "export_not_flat"),
        ("{ __typename }", "export_not_flat"),
        ("{ persons { nodes { bankAccount } } }", "export_empty"),
        ("{ persons(filter: { benefitKind: \"1\" }) { nodes { name } } }", "field_withheld"),
    ],
)  # fmt: skip
async def test_what_cannot_be_exported_says_so_and_is_recorded(
    exports: ExportService, station: Actor, owner: asyncpg.Pool, query: str, code: str
) -> None:
    with pytest.raises(HubError, match=code):
        await take(exports, station, query)
    (entry,) = await entries(owner)
    assert (entry["allowed"], entry["reason"], entry["person_ids"]) == (False, code, [])


async def test_limits(
    pool: asyncpg.Pool,
    claimed: ClaimPool,
    service: GraphQLService,
    clock: FixedClock,
    county: Actor,
    tmp_path: Path,
) -> None:
    def limited(**limits: int) -> ExportService:
        return ExportService(
            claimed, AuditLog(pool), clock, service.engine, folder=tmp_path, limits=ExportLimits(**limits)
        )

    assert len(rows_of(await take(limited(rows=8), county))) == 8
    with pytest.raises(HubError, match=r"export_too_large: .* 7 rows"):
        await take(limited(rows=7), county)
    with pytest.raises(HubError, match="export_too_large_for_xlsx") as refused:
        await take(limited(xlsx_rows=7), county, format="xlsx")
    assert "Parquet" in refused.value.hint
    busy = limited(at_once=1)
    form = ExportForm(query=PEOPLE, format="csv")
    async with busy.open(form, actor=county, purpose="employment_service"):
        with pytest.raises(HubError, match="exports_busy"):
            await take(busy, county)
    assert await take(busy, county)


async def test_orders_and_filters_are_the_lists_own(exports: ExportService, county: Actor) -> None:
    query = "query($f: PersonFilter) { persons(order: YOUNGEST_FIRST, filter: $f) { nodes { bornOn } } }"
    rows = rows_of(await take(exports, county, query, variables={"f": {"livingRegion": TOWN}}))
    days = [row["bornOn"] for row in rows]
    assert days == sorted(days, reverse=True)
    assert len(days) == 4, "the county sees the child too"


async def test_every_list_can_be_exported(exports: ExportService, county: Actor) -> None:
    for root, columns in {
        "households": "id householdCode membersCount netIncomeYuanPerYearPerCapita",
        "openings": "id title employerName wageLowYuanPerMonth postedOn",
        "programmes": "id name startsOn",
        "posts": "id name termMonths",
        "regions": "id regionCode name level levelLabel",
    }.items():
        for format_ in ("csv", "parquet", "xlsx"):
            data = await take(exports, county, f"{{ {root} {{ nodes {{ {columns} }} }} }}", format=format_)
            assert data


# Over HTTP


@pytest.fixture
def app(
    exports: ExportService, service: GraphQLService, station: Actor, clock: FixedClock, pool: asyncpg.Pool
) -> ExportApp:
    gate = DocumentGate(TrustedDocuments(pool), clock, trusted_only=False)

    async def actor_of(token: str) -> Actor:
        assert read_token(token, secret=SECRET, clock=clock).actor_id == station.actor_id
        return station

    return ExportApp(lambda: exports, lambda: service, actor_of, lambda: gate)


@pytest.fixture
def headers(station: Actor, clock: FixedClock) -> dict[str, str]:
    token = issue_token(station, secret=SECRET, clock=clock, valid_for=timedelta(hours=1))
    return {"Authorization": f"Bearer {token}", "X-Purpose": "employment_service"}


def client_of(app: ExportApp) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # raw ASGI, its own aliases
    return httpx.AsyncClient(transport=transport, base_url="http://hub")


@pytest.mark.parametrize("format_", ["csv", "parquet", "xlsx"])
async def test_over_http(app: ExportApp, headers: dict[str, str], format_: str) -> None:
    async with client_of(app) as client:
        answer = await client.post("/export", json={"query": PEOPLE, "format": format_}, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["x-export-rows"] == "3"
    assert answer.headers["x-export-withheld"] == "bankAccount"
    assert answer.headers["cache-control"] == "no-store"
    name = answer.headers["content-disposition"].split('"')[1]
    assert name.startswith("persons_20260615T090000_")
    assert name.endswith(f"_{answer.headers['x-request-id'][:8]}.{format_}")


@pytest.mark.parametrize(
    ("sent", "status", "reason"),
    [
        ({"json": {"query": PEOPLE}}, 400, "export_form_invalid"),
        ({"json": {"query": PEOPLE, "format": "ods"}}, 400, "export_form_invalid"),
        ({"json": {"query": PEOPLE, "format": "xlsx", "encoding": "gb18030"}}, 400, "export_form_invalid"),
        ({"json": {"query": PEOPLE, "format": "csv", "headings": "fr"}}, 400, "export_form_invalid"),
        ({"json": {"format": "csv"}}, 400, "query_missing"),
        ({"json": {"query": "{ persons { nodes { nme } } }", "format": "csv"}}, 400, None),
        ({"json": {"query": "{ persons(first: 1) { nodes { name } } }", "format": "csv"}}, 400, "export_paged"),
        ({"json": {"query": PEOPLE, "format": "csv"}, "headers": {"X-Purpose": "administration"}}, 403,
         "purpose_not_granted"),
        ({"json": {"query": PEOPLE, "format": "csv"}, "headers": {"Authorization": ""}}, 401, "token_missing"),
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 400, "json_invalid"),
        ({"content": b"query=x", "headers": {"Content-Type": "text/plain"}}, 415, "media_type_unsupported"),
    ],
)  # fmt: skip
async def test_what_is_wrong_over_http_is_refused_and_recorded_once(
    app: ExportApp, headers: dict[str, str], owner: asyncpg.Pool, sent: dict[str, Any], status: int, reason: str | None
) -> None:
    async with client_of(app) as client:
        answer = await client.post("/export", **{**sent, "headers": {**headers, **sent.get("headers", {})}})
    assert answer.status_code == status
    assert answer.json()["errors"][0]["extensions"].get("reason") == reason
    (entry,) = await owner.fetch("SELECT allowed, reason FROM audit.entry")
    assert dict(entry) == {"allowed": False, "reason": reason or "graphql"}


async def test_only_post(app: ExportApp, headers: dict[str, str]) -> None:
    async with client_of(app) as client:
        answer = await client.get("/export", headers=headers)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_a_client_that_goes_away_ends_the_export(
    app: ExportApp, headers: dict[str, str], owner: asyncpg.Pool, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports_module, "_FETCH", 1)
    body = json.dumps({"query": PEOPLE, "format": "csv"}).encode()
    gone = asyncio.Event()
    received = 0

    async def receive() -> dict[str, Any]:
        nonlocal received
        received += 1
        if received == 1:
            return {"type": "http.request", "body": body}
        await gone.wait()
        return {"type": "http.disconnect"}

    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)
        if len(sent) == 2:  # the head and the first piece went out; the second never will
            gone.set()
            await asyncio.sleep(3600)

    given = {**headers, "content-type": "application/json"}
    scope = {"type": "http", "method": "POST", "query_string": b"",
             "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()]}  # fmt: skip
    await asyncio.wait_for(app(scope, receive, send), 30)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[-1]["more_body"], "nothing says that it is whole"
    last = (await entries(owner))[-1]
    assert (last["detail"]["outcome"], last["detail"]["rows_out"]) == ("broken", 0)
    assert pool.get_idle_size() == pool.get_size()


async def test_an_export_that_fails_midway_has_no_last_chunk(
    app: ExportApp, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch, exports: ExportService
) -> None:
    monkeypatch.setattr(exports_module, "_FETCH", 1)
    tell, told = exports_module._Run.tell, 0

    async def failing(run: Any) -> None:
        nonlocal told
        told += 1
        if told == 3:
            raise OSError("the database went away")
        await tell(run)

    monkeypatch.setattr(exports_module._Run, "tell", failing)
    sent: list[dict[str, Any]] = []
    asked = asyncio.Queue[dict[str, Any]]()
    asked.put_nowait({"type": "http.request", "body": json.dumps({"query": PEOPLE, "format": "csv"}).encode()})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    given = {**headers, "content-type": "application/json"}
    scope = {"type": "http", "method": "POST", "query_string": b"",
             "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()]}  # fmt: skip
    await asyncio.wait_for(app(scope, asked.get, send), 30)
    assert sent[0]["status"] == 200
    assert all(message["more_body"] for message in sent[1:]), "no last chunk: the server breaks the connection"
