"""The audit's chain: numbered without gaps whoever writes, and whatever was done to it is found and named."""

# ruff: noqa: S608 - statements put together here are the tests' own
from __future__ import annotations

import asyncio
import json
import random
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import asyncpg
import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.access.anchors import append_anchor, store_anchor
from hub.access.audit import AuditEntry, AuditLog, store_audit
from hub.access.chain import entry_sha256
from hub.access.findings import VerifyReport
from hub.access.prune import prune
from hub.clock import ZONE, FixedClock
from hub.db.migrate import migrations_dir
from hub.db.pool import open_pool
from hub.errors import Unavailable
from hub.settings import Settings
from schema.keeping import load_audit_rules
from tests.chains import REWRITE, START, check, entry, fill

SIZES = (1, 4, 7, 3, 9)
Tamper = Callable[[asyncpg.Pool], Awaitable[Any]]


@pytest.fixture
def anchors(tmp_path: Path) -> Path:
    return tmp_path / "elsewhere" / "anchors.ndjson"


@pytest.fixture
async def chain(pool: asyncpg.Pool, owner: asyncpg.Pool, anchors: Path, clock: FixedClock) -> asyncpg.Pool:
    """24 entries in five segments of two months; the last two segments anchored."""
    await owner.execute("SELECT audit.ensure_months('2026-05-01', '2026-05-01')")
    await fill(pool, SIZES[:4])
    await store_anchor(pool, anchors, clock=clock)
    await fill(pool, SIZES[4:])
    await store_anchor(pool, anchors, clock=clock)
    return owner


async def test_numbers_have_no_gaps_and_the_chain_is_whole(
    chain: asyncpg.Pool, pool: asyncpg.Pool, anchors: Path
) -> None:
    report = await check(pool, anchors)
    assert report.whole, report.findings
    assert (report.entries, report.segments, report.anchors, report.anchored_to) == (24, 5, 2, 5)
    numbers = [row[0] for row in await pool.fetch("SELECT entry_id FROM audit.entry ORDER BY 1")]
    assert numbers == list(range(1, 25))
    tables = await chain.fetch("SELECT DISTINCT tableoid::regclass::text FROM audit.entry ORDER BY 1")
    assert [row[0] for row in tables] == ["audit.entry_2026_05", "audit.entry_other"]


async def test_nothing_written_is_whole_too(pool: asyncpg.Pool, anchors: Path) -> None:
    report = await check(pool, anchors)
    assert (report.whole, report.entries, report.anchors) == (True, 0, 0)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO audit.entry (entry_id, happened_at, request_id, actor_kind, purpose, action, allowed)"
        " VALUES (99, now(), gen_random_uuid(), 'x', '', '', true)",
        "UPDATE audit.entry SET reason = ''",
        "DELETE FROM audit.entry",
        "TRUNCATE audit.entry",
        "SELECT * FROM audit.entry FOR UPDATE",
        "DROP TABLE audit.entry_other",
        "INSERT INTO audit.entry_other SELECT * FROM audit.entry",
        "INSERT INTO audit.segment SELECT * FROM audit.segment",
        "UPDATE audit.segment SET sealed_at = now()",
        "DELETE FROM audit.segment",
        "UPDATE audit.head SET entry_id = 7",
        "DELETE FROM audit.head",
        "SELECT * FROM audit.head FOR UPDATE",
        "SELECT audit.entry_sha256(e) FROM audit.entry e",
        "ALTER FUNCTION audit.tidy() SECURITY INVOKER",
    ],
)
async def test_the_program_may_append_and_read_and_nothing_else(pool: asyncpg.Pool, statement: str) -> None:
    await store_audit(pool, [entry()])
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute(statement)


async def test_its_functions_run_with_a_search_path_of_their_own(owner: asyncpg.Pool) -> None:
    rows = await owner.fetch(
        "SELECT proname, proconfig FROM pg_proc WHERE pronamespace = 'audit'::regnamespace AND prosecdef ORDER BY 1"
    )
    assert [row["proname"] for row in rows] == ["append", "ensure_months", "tidy"]
    assert all("search_path=pg_catalog, pg_temp" in row["proconfig"] for row in rows)


async def test_an_entry_is_durable_whatever_the_server_is_set_to(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        for given, kept in (("off", "on"), ("on", "on"), ("remote_apply", "remote_apply")):
            await connection.execute(f"SET synchronous_commit = {given}")
            async with connection.transaction():
                await store_audit(connection, [entry()])
                assert await connection.fetchval("SHOW synchronous_commit") == kept


async def test_a_batch_of_none_or_too_many_is_refused(pool: asyncpg.Pool) -> None:
    for count in (0, 10_001):
        with pytest.raises(asyncpg.ProgramLimitExceededError):
            await store_audit(pool, [entry()] * count)


async def test_a_batch_is_written_whole_or_not_at_all(pool: asyncpg.Pool, anchors: Path) -> None:
    bad = replace(entry(), reason="a\x00b")
    with pytest.raises(asyncpg.PostgresError):
        await store_audit(pool, [entry(), bad])
    await store_audit(pool, [entry()])
    report = await check(pool, anchors)
    assert (report.whole, report.entries, report.last_entry_id) == (True, 1, 1)


async def test_many_writers_make_one_chain(pool: asyncpg.Pool, anchors: Path) -> None:
    """Logs as several processes have them, and transactions with work before their entry."""
    logs = [AuditLog(pool) for _ in range(3)]

    async def work(number: int) -> None:
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_sleep(random() / 200)")
            await store_audit(connection, [entry(number, action="mutation")])
            if number % 5 == 0:
                raise LookupError

    jobs = [logs[number % 3].record(entry(number)) for number in range(300)]
    jobs += [work(number) for number in range(40)]
    random.Random(5).shuffle(jobs)
    done = await asyncio.gather(*jobs, return_exceptions=True)
    assert [type(one) for one in done if one is not None] == [LookupError] * 8
    report = await check(pool, anchors)
    assert report.whole, report.findings
    assert (report.entries, report.last_entry_id) == (332, 332)
    assert report.segments < 332, "some shared a segment"


_NUMBERS = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1))
_WORDS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=20)
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=3),
    max_leaves=6,
)
_ENTRIES = st.builds(
    AuditEntry,
    happened_at=st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds carry no zone
    request_id=st.uuids(),
    actor_id=_NUMBERS,
    actor_kind=_WORDS,
    purpose=_WORDS,
    action=_WORDS,
    operation_name=st.none() | _WORDS,
    operation_sha256=st.none() | st.binary(max_size=40),
    person_ids=st.lists(st.integers(-(2**63), 2**63 - 1), max_size=4),
    fields=st.lists(_WORDS, max_size=4),
    refused=st.lists(_WORDS, max_size=3),
    allowed=st.booleans(),
    reason=_WORDS,
    detail=st.dictionaries(_WORDS, _JSON, max_size=3),
    duration_ms=st.none() | st.floats(width=32),
)


async def test_any_entry_hashes_the_same_inside_and_outside_the_database(pool: asyncpg.Pool, anchors: Path) -> None:
    drawn: list[list[AuditEntry]] = []

    @hypothesis.settings(max_examples=150, deadline=None, database=None)
    @given(st.lists(_ENTRIES, min_size=1, max_size=4))
    def draw(entries: list[AuditEntry]) -> None:
        drawn.append(entries)

    draw()
    for entries in drawn:
        await store_audit(pool, entries)
    report = await check(pool, anchors)
    assert report.whole, report.findings
    assert report.entries == sum(map(len, drawn))


def test_no_two_entries_have_one_text() -> None:
    """What would run together if columns were only joined."""
    values: dict[str, Any] = {
        "happened_at": datetime(2026, 1, 1, tzinfo=UTC), "request_id": uuid.UUID(int=1), "actor_id": 1,
        "actor_kind": "", "purpose": "", "action": "", "operation_name": None, "operation_sha256": None,
        "person_ids": [], "fields": [], "refused": [], "allowed": True, "reason": "", "detail_text": "{}",
        "duration_ms": None,
    }  # fmt: skip
    variants = [
        {}, {"actor_kind": "a", "purpose": "b"}, {"actor_kind": "ab"}, {"purpose": "ab"}, {"actor_kind": 'a","b'},
        {"person_ids": [1, 2]}, {"person_ids": [12]}, {"fields": ["a,b"]}, {"fields": ["a", "b"]}, {"refused": ["a,b"]},
        {"operation_name": ""}, {"operation_sha256": b""}, {"duration_ms": 0.0}, {"duration_ms": -0.0},
        {"fields": ["null"]}, {"reason": "null"}, {"actor_id": None}, {"allowed": False}, {"fields": [""]},
    ]  # fmt: skip
    hashes = {entry_sha256(**{**values, **variant}) for variant in variants}
    assert len(hashes) == len(variants)


# What somebody did who may do anything, and what is said of it: the kinds, and the number of an entry or segment.
async def _change(owner: asyncpg.Pool) -> None:
    await owner.execute("UPDATE audit.entry SET purpose = 'social_assistance' WHERE entry_id = 9")


async def _change_and_hide(owner: asyncpg.Pool) -> None:
    """The entry and its hash in the segment, but not the segment's own."""
    await _change(owner)
    await owner.execute(
        """UPDATE audit.segment s SET entry_sha256s = (SELECT string_agg(audit.entry_sha256(e), ''::bytea
           ORDER BY e.entry_id) FROM audit.entry e WHERE e.entry_id BETWEEN s.first_entry_id AND s.last_entry_id)
           WHERE segment_id = 3"""
    )


async def _change_and_hide_better(owner: asyncpg.Pool) -> None:
    await _change_and_hide(owner)
    await owner.execute(
        """UPDATE audit.segment SET sha256 = audit.segment_sha256(previous_sha256, segment_id, first_entry_id,
           sealed_at, entry_sha256s) WHERE segment_id = 3"""
    )


async def _delete(owner: asyncpg.Pool) -> None:
    await owner.execute("DELETE FROM audit.entry WHERE entry_id IN (6, 7, 10)")


async def _swap(owner: asyncpg.Pool) -> None:
    await owner.execute("UPDATE audit.entry SET entry_id = 1000 WHERE entry_id = 4")
    await owner.execute("UPDATE audit.entry SET entry_id = 4 WHERE entry_id = 15")
    await owner.execute("UPDATE audit.entry SET entry_id = 15 WHERE entry_id = 1000")


async def _insert(owner: asyncpg.Pool) -> None:
    await owner.execute(
        """INSERT INTO audit.entry (entry_id, happened_at, request_id, actor_kind, purpose, action, allowed)
           VALUES (25, '2026-06-02', gen_random_uuid(), 'x', '', '', true),
           (8, '2026-06-03', gen_random_uuid(), 'x', '', '', true)"""
    )


async def _segment_gone(owner: asyncpg.Pool) -> None:
    await owner.execute("DELETE FROM audit.segment WHERE segment_id = 3")
    await owner.execute("DELETE FROM audit.entry WHERE entry_id BETWEEN 6 AND 12")


async def _tail_gone(owner: asyncpg.Pool) -> None:
    await owner.execute("DELETE FROM audit.segment WHERE segment_id = 5")
    await owner.execute("DELETE FROM audit.entry WHERE entry_id > 15")


async def _tail_gone_and_head(owner: asyncpg.Pool) -> None:
    await _tail_gone(owner)
    await owner.execute(REWRITE)


async def _all_rewritten(owner: asyncpg.Pool) -> None:
    await _change(owner)
    await owner.execute(REWRITE)


async def _emptied(owner: asyncpg.Pool) -> None:
    await owner.execute("TRUNCATE audit.entry, audit.segment, audit.head")


async def _moved_in_time(owner: asyncpg.Pool) -> None:
    await owner.execute("UPDATE audit.entry SET happened_at = '2026-05-01' WHERE entry_id = 20")


DEEDS: dict[str, tuple[Tamper, set[str], set[int]]] = {
    "a column changed": (_change, {"entry_changed"}, {9}),
    "and its hash": (_change_and_hide, {"segment_changed"}, {6}),
    "and its segment's": (_change_and_hide_better, {"segment_unlinked"}, {13}),
    "entries deleted": (_delete, {"entry_removed"}, {6, 10}),
    "two swapped": (_swap, {"entries_reordered"}, {4, 15}),
    "put in": (_insert, {"entry_inserted"}, {8, 25}),
    "a whole segment deleted": (_segment_gone, {"segment_removed"}, {6}),
    "the tail deleted": (_tail_gone, {"tail_removed"}, {16, None}),  # type: ignore[arg-type]  # the line of anchors names no entry
    "the tail deleted, the head with it": (_tail_gone_and_head, {"tail_removed"}, {None}),  # type: ignore[arg-type]  # as above
    "all rewritten": (_all_rewritten, {"anchor_differs"}, {13, 16}),
    "all emptied": (_emptied, {"tail_removed"}, {None}),  # type: ignore[arg-type]  # as above
    "moved into another month": (_moved_in_time, {"entry_changed"}, {20}),
}


@pytest.mark.parametrize("deed", DEEDS)
async def test_what_was_done_is_found_and_named(
    chain: asyncpg.Pool, pool: asyncpg.Pool, anchors: Path, deed: str
) -> None:
    tamper, kinds, numbers = DEEDS[deed]
    await tamper(chain)
    report = await check(pool, anchors)
    assert not report.whole
    assert set(report.counts) == kinds
    assert {finding.entry_id for finding in report.findings} == numbers
    for finding in report.findings:
        assert finding.said
        assert finding.line or finding.month or finding.kind == "tail_removed"


async def test_where_it_was_is_said(chain: asyncpg.Pool, pool: asyncpg.Pool, anchors: Path) -> None:
    await _change(chain)
    (finding,) = (await check(pool, anchors)).findings
    assert (finding.kind, finding.entry_id, finding.segment_id, finding.month) == ("entry_changed", 9, 3, "2026-05")
    assert "purpose" not in json.dumps(finding.said)


_COLUMNS = [
    "happened_at = happened_at + interval '1 microsecond'", "request_id = gen_random_uuid()",
    "actor_id = coalesce(actor_id, 0) + 1", "actor_kind = actor_kind || ' '", "purpose = ''", "action = 'Query'",
    "operation_name = ''", "operation_sha256 = ''", "person_ids = person_ids[2:] || person_ids[1]", "person_ids = '{}'",
    "fields = fields || fields", "refused = '{person.name}'", "allowed = NOT allowed", "reason = 'x'",
    "detail = detail || '{\"a\": 1}'", "duration_ms = duration_ms + 0.5", "duration_ms = NULL",
]  # fmt: skip
_NUMBER = st.integers(1, sum(SIZES))


def _swapped(pair: list[int]) -> str:
    one, other = pair
    return (
        f"UPDATE audit.entry SET entry_id = -1 WHERE entry_id = {one};"
        f"UPDATE audit.entry SET entry_id = {one} WHERE entry_id = {other};"
        f"UPDATE audit.entry SET entry_id = {other} WHERE entry_id = -1"
    )


#: Statements, the kind of finding they lead to, and the numbers it names.
_TAMPERINGS = st.one_of(
    st.builds(
        lambda number, column: (
            f"UPDATE audit.entry SET {column} WHERE entry_id = {number}", "entry_changed", {number},
        ),
        _NUMBER,
        st.sampled_from(_COLUMNS),
    ),
    st.builds(
        lambda numbers: (
            f"DELETE FROM audit.entry WHERE entry_id IN ({', '.join(map(str, numbers))})", "entry_removed", numbers,
        ),
        st.sets(_NUMBER, min_size=1),
    ),
    st.builds(
        lambda pair: (_swapped(pair), "entries_reordered", set(pair)),
        st.lists(_NUMBER, min_size=2, max_size=2, unique=True),
    ),
    st.builds(
        lambda number, at: (
            f"INSERT INTO audit.entry (entry_id, happened_at, request_id, actor_kind, purpose, action, allowed)"
            f" VALUES ({number}, '{at}', gen_random_uuid(), '', '', '', true)",
            "entry_inserted",
            {number},
        ),
        st.integers(1, 40),
        st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    ),
)  # fmt: skip

_SHADOW = """
CREATE SCHEMA shadow; CREATE TABLE shadow.entry AS SELECT * FROM audit.entry;
CREATE TABLE shadow.segment AS SELECT * FROM audit.segment; CREATE TABLE shadow.head AS SELECT * FROM audit.head
"""
_RESTORE = """
TRUNCATE audit.entry, audit.segment, audit.head; INSERT INTO audit.entry SELECT * FROM shadow.entry;
INSERT INTO audit.segment SELECT * FROM shadow.segment; INSERT INTO audit.head SELECT * FROM shadow.head
"""


@pytest.mark.slow
def test_whatever_is_drawn_is_found(settings: Settings, tmp_path: Path, clock: FixedClock) -> None:
    anchors = tmp_path / "anchors.ndjson"
    with asyncio.Runner() as runner:
        opened = open_pool(str(settings.database_url), max_size=2)
        owner = runner.run(opened.__aenter__())

        async def prepare() -> None:
            for size in SIZES:
                await fill(owner, [size])
                await store_anchor(owner, anchors, clock=clock)
            await owner.execute(_SHADOW)

        async def play(statement: str, *, rewritten: bool) -> VerifyReport:
            await owner.execute(_RESTORE)
            await owner.execute(statement)
            if rewritten:
                await owner.execute(REWRITE)
            return await check(owner, anchors)

        @hypothesis.settings(max_examples=120, deadline=None, database=None)
        @given(_TAMPERINGS, st.booleans())
        def example(tampering: tuple[str, str, set[int]], rewritten: bool) -> None:
            statement, kind, numbers = tampering
            rewritten = rewritten and kind in ("entry_changed", "entries_reordered")
            report = runner.run(play(statement, rewritten=rewritten))
            assert not report.whole, "nothing was seen"
            if rewritten:
                assert set(report.counts) == {"anchor_differs"}
                return
            assert set(report.counts) == {kind}
            told = {
                number
                for finding in report.findings
                if finding.entry_id and finding.last_entry_id
                for number in range(finding.entry_id, finding.last_entry_id + 1)
            }
            assert told == numbers

        runner.run(prepare())
        example()
        runner.run(opened.__aexit__(None, None, None))


# The anchors


async def test_a_forged_line_is_found_and_named(chain: asyncpg.Pool, pool: asyncpg.Pool, anchors: Path) -> None:
    whole = anchors.read_text(encoding="utf-8")
    first, last = whole.splitlines()
    other = json.dumps({**json.loads(last), "sha256": "f" * 64})
    later = json.dumps({**json.loads(first), "at": "2026-06-15T10:00:00+08:00"})
    beyond = json.dumps({**json.loads(last), "segment": 9})
    for text, kind, line in (
        (f"{first}\n{other}\n", "anchor_differs", 2),
        (f"{later}\n{last}\n", "anchor_forged", 2),
        (f"{last}\n", "anchor_forged", 1),
        (f"{last}\n{first}\n", "anchor_forged", 1),
        (f"{first}\n{beyond}\n", "tail_removed", 2),
        (f"no line of ours\n{last}\n", "anchor_unreadable", 1),
        (f"{first}\n{last}\nno line of ours\n", "anchor_unreadable", 3),
        (f"{whole}{first}\n", "anchor_forged", 3),
    ):
        anchors.write_text(text, encoding="utf-8")
        report = await check(pool, anchors)
        assert (kind, line) in {(finding.kind, finding.line) for finding in report.findings}, text
    anchors.write_text(whole, encoding="utf-8")
    assert (await check(pool, anchors)).whole


async def test_a_line_torn_off_by_a_crash_is_no_forgery(
    chain: asyncpg.Pool, pool: asyncpg.Pool, anchors: Path, clock: FixedClock
) -> None:
    with anchors.open("a", encoding="utf-8") as file:
        file.write('{"segment": 6, "sha2')
    assert (await check(pool, anchors)).torn_anchors == 1
    await fill(pool, [1])
    assert await store_anchor(pool, anchors, clock=clock) is not None
    report = await check(pool, anchors)
    assert report.whole, report.findings
    assert (report.anchors, report.anchored_to, report.torn_anchors) == (3, 6, 1)


async def test_an_anchor_is_written_once_and_by_many_at_a_time(
    pool: asyncpg.Pool, anchors: Path, clock: FixedClock
) -> None:
    assert await store_anchor(pool, anchors, clock=clock) is None, "there is nothing to vouch for"
    await fill(pool, [2])
    assert await store_anchor(pool, anchors, clock=clock) is not None
    assert await store_anchor(pool, anchors, clock=clock) is None, "it is there already"
    assert anchors.stat().st_mode & 0o077 == 0

    async def write(number: int) -> None:
        await fill(pool, [1 + number % 3])
        await store_anchor(pool, anchors, clock=clock)

    await asyncio.gather(*(write(number) for number in range(30)))
    report = await check(pool, anchors)
    assert report.whole, report.findings
    assert 1 < report.anchors <= 31
    assert report.anchored_to == report.last_segment_id == 31


def test_a_line_of_an_earlier_segment_is_not_written(tmp_path: Path, clock: FixedClock) -> None:
    path = tmp_path / "a"
    assert append_anchor(path, 5, bytes(32), clock.now()) is not None
    assert append_anchor(path, 4, bytes(32), clock.now()) is None


async def test_since_a_month_takes_what_was_before_as_it_stands(
    chain: asyncpg.Pool, pool: asyncpg.Pool, anchors: Path
) -> None:
    await chain.execute("UPDATE audit.segment SET sealed_at = sealed_at - interval '3 months' WHERE segment_id < 4")
    await chain.execute(REWRITE)
    anchors.unlink()
    month = (await chain.fetchval("SELECT max(sealed_at) FROM audit.segment")).astimezone(ZONE).date().replace(day=1)
    await _change(chain)
    report = await check(pool, anchors, since=month)
    assert (report.whole, report.segments, report.entries) == (True, 2, 12)
    await chain.execute("UPDATE audit.entry SET reason = 'x' WHERE entry_id = 14")
    assert [finding.entry_id for finding in (await check(pool, anchors, since=month)).findings] == [14]
    assert [finding.entry_id for finding in (await check(pool, anchors)).findings] == [9, 14]
    later = await check(pool, anchors, since=date(2999, 1, 1))
    assert (later.whole, later.segments) == (True, 0)


# Months


async def test_no_entry_is_lost_for_want_of_a_table(pool: asyncpg.Pool, owner: asyncpg.Pool, anchors: Path) -> None:
    days = [
        "1999-12-31T23:59:59+08:00",
        "2026-06-01T00:00:00+08:00",
        "2026-05-31T23:59:59+08:00",
        "4000-01-01T00:00:00Z",
    ]
    await store_audit(pool, [entry(happened_at=datetime.fromisoformat(day)) for day in days])
    assert await owner.fetchval("SELECT count(*) FROM audit.entry_other") == 4
    assert await pool.fetchval("SELECT audit.ensure_months('2026-05-20', '2026-06-01')") == 2
    assert await pool.fetchval("SELECT audit.ensure_months('2026-05-20', '2026-06-01')") == 0
    assert await owner.fetchval("SELECT count(*) FROM audit.entry_other") == 2
    assert await owner.fetchval("SELECT array_agg(entry_id) FROM audit.entry_2026_06") == [2]
    await store_audit(pool, [entry(happened_at=datetime.fromisoformat(days[2]))])
    assert await owner.fetchval("SELECT array_agg(entry_id ORDER BY 1) FROM audit.entry_2026_05") == [3, 5]
    assert (await check(pool, anchors)).whole
    with pytest.raises(asyncpg.ProgramLimitExceededError):
        await pool.execute("SELECT audit.ensure_months('2026-05-20', '2226-06-01')")


async def test_tables_are_made_while_many_write(pool: asyncpg.Pool, anchors: Path) -> None:
    async def write(number: int) -> None:
        for place in range(6):
            await store_audit(pool, [entry(40 * number + 7 * place)])

    async def make() -> None:
        for month in range(1, 13):
            await pool.execute("SELECT audit.ensure_months($1, $1)", date(2026, month, 1))

    await asyncio.gather(make(), make(), *(write(number) for number in range(6)))
    report = await check(pool, anchors)
    assert report.whole, report.findings
    assert report.entries == 36


@pytest.fixture
async def aged(pool: asyncpg.Pool, owner: asyncpg.Pool, anchors: Path) -> AsyncIterator[asyncpg.Connection]:
    """Three months of 2020 in segments that hold two months each, and one of now; the owner's connection."""
    for number in range(3):
        months = [datetime(2020, 1 + number + half, 15, tzinfo=ZONE) for half in (0, 1)]
        await store_audit(pool, [entry(happened_at=months[place % 2]) for place in range(6)])
    await owner.execute(
        "UPDATE audit.segment SET sealed_at = '2020-01-16T00:00:00+08:00'::timestamptz"
        " + segment_id * interval '1 month'"
    )
    await owner.execute(REWRITE)
    await store_audit(pool, [entry(happened_at=datetime.now(ZONE))])
    append_anchor(anchors, 2, await owner.fetchval("SELECT sha256 FROM audit.segment WHERE segment_id = 2"), START)
    async with owner.acquire() as connection:
        yield connection


async def test_months_whose_time_is_over_go_and_the_chain_stays_whole(
    aged: asyncpg.Connection, pool: asyncpg.Pool, anchors: Path
) -> None:
    clock = FixedClock(datetime(2023, 4, 20, tzinfo=ZONE))
    report = await prune(aged, clock=clock, user="somebody")
    assert (report.dropped, report.held) == ({"2020-01": 3, "2020-02": 6}, ["2020-03"]), "half of March came in April"
    assert report.legal_basis
    verified = await check(pool, anchors)
    assert verified.whole, verified.findings
    assert (verified.entries, verified.pruned, verified.segments) == (12, 9, 6)
    assert [row[0] for row in await pool.fetch("SELECT DISTINCT detail ->> 'month' FROM audit.entry ORDER BY 1")] == [
        "2020-01", "2020-02", None,
    ]  # fmt: skip
    again = await prune(aged, clock=clock, user="somebody")
    assert again.dropped == {}
    later = await prune(aged, clock=FixedClock(datetime(2023, 6, 20, tzinfo=ZONE)), user="somebody")
    assert later.dropped == {"2020-03": 6, "2020-04": 3}
    verified = await check(pool, anchors)
    assert verified.whole, verified.findings
    assert verified.pruned == 18
    detail = await pool.fetchval("SELECT detail FROM audit.entry ORDER BY entry_id DESC LIMIT 1")
    assert detail["ranges"] == [[1, 18]]
    # What is left can no more be taken than before.
    await aged.execute("DELETE FROM audit.entry WHERE entry_id = 19")
    assert [finding.kind for finding in (await check(pool, anchors)).findings] == ["entry_removed"]


async def test_a_month_with_an_entry_written_later_is_held(aged: asyncpg.Connection, pool: asyncpg.Pool) -> None:
    await store_audit(pool, [entry(happened_at=datetime(2020, 1, 31, tzinfo=ZONE))])
    report = await prune(aged, clock=FixedClock(datetime(2023, 4, 20, tzinfo=ZONE)), user="somebody")
    assert (report.dropped, report.held) == ({"2020-02": 6}, ["2020-01", "2020-03"])


async def test_who_calls_a_deletion_pruning_is_found(chain: asyncpg.Pool, pool: asyncpg.Pool, anchors: Path) -> None:
    await chain.execute("DELETE FROM audit.entry WHERE entry_id BETWEEN 6 AND 8")
    await store_audit(pool, [entry(action="audit_prune", detail={"ranges": [[6, 8]], "month": "2020-01"})])
    report = await check(pool, anchors)
    assert [(finding.kind, finding.entry_id) for finding in report.findings] == [("entry_pruned_early", 6)]
    await store_audit(pool, [entry(action="audit_prune", detail={"ranges": "all"})])
    assert "entry_removed" in (await check(pool, anchors)).counts


async def test_who_is_read_for_long_is_not_dropped(aged: asyncpg.Connection, pool: asyncpg.Pool) -> None:
    async with pool.acquire() as reader, reader.transaction():
        await reader.fetch("SELECT * FROM audit.entry")
        with pytest.raises(Unavailable, match="audit_busy"):
            await prune(aged, clock=FixedClock(datetime(2023, 4, 20, tzinfo=ZONE)), user="somebody")
    assert await pool.fetchval("SELECT count(*) FROM audit.entry") == 19


def test_three_years_are_kept() -> None:
    rules = load_audit_rules()
    assert rules.kept_from(date(2026, 11, 23)) == date(2023, 11, 1)
    assert rules.keep_months >= 36, "个人信息保护法 第五十六条"


# From the table as it was


async def test_entries_of_before_are_sealed_as_the_first_segments(
    pool: asyncpg.Pool, owner: asyncpg.Pool, anchors: Path
) -> None:
    text = (migrations_dir() / "0009_audit_chain.sql").read_text(encoding="utf-8")
    apply, rollback = text.split("-- migrate: apply")[1].split("-- migrate: rollback")
    await fill(owner, [3, 4])
    await owner.execute(rollback)
    assert await owner.fetchval("SELECT count(*) FROM audit.entry") == 7, "going back loses none either"
    await owner.execute(
        """
        DELETE FROM audit.entry WHERE entry_id = 2;
        INSERT INTO audit.entry (happened_at, request_id, actor_kind, purpose, action, person_ids, fields, allowed,
            detail)
        SELECT '2024-01-01T00:00:00+08:00'::timestamptz + n * interval '40 minutes', gen_random_uuid(), 'station', 'p',
            'query', ARRAY[n, n + 1], '{person.name}', true, '{"b": 1, "a": [null]}'
        FROM generate_series(1, 10100) n;
        """
    )
    before = await owner.fetch("SELECT request_id, happened_at, person_ids, detail FROM audit.entry ORDER BY entry_id")
    await owner.execute(apply)
    after = await pool.fetch("SELECT request_id, happened_at, person_ids, detail FROM audit.entry ORDER BY entry_id")
    assert after == before
    await fill(pool, [2])
    report = await check(pool, anchors)
    assert report.whole, report.findings
    assert (report.entries, report.segments, report.last_entry_id) == (10_108, 3, 10_108)
    assert await owner.fetchval("SELECT count(*) FROM audit.entry_2024_03") > 1000
