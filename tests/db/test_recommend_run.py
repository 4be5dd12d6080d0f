"""Runs over a small register: stored lists, side by side, read by nobody else's eyes than the audit's."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import UTC, date, datetime

import asyncpg
import pytest

import hub.recommend.run as run_module
from hub.access.actor import Actor
from hub.clock import FixedClock
from hub.errors import Forbidden, NotFound
from hub.recommend.explain import explain
from hub.recommend.run import MatchReport, match
from hub.telemetry import SilentProgress
from schema.reasons import REASONS

COUNTY, OTHER_COUNTY = "530627000000", "530628000000"
NOW = datetime(2026, 6, 15, 1, 0, tzinfo=UTC)
PURPOSE = "employment_service"

#: Forty people in twenty households of three villages, every second household without anybody in work.
PEOPLE = """
WITH keys AS (
    INSERT INTO identity.person_key (created_at) SELECT $1 FROM generate_series(1, 40) RETURNING person_id
), numbered AS (
    SELECT person_id, row_number() OVER (ORDER BY person_id) - 1 AS n FROM keys
), homes AS (
    INSERT INTO registry.household (zero_employment, low_income, in_work_count, living_region_code, updated_at)
    SELECT n % 2 = 0, n % 5 = 0, n % 2, '530627001001', $1 FROM generate_series(0, 19) AS n RETURNING household_id
), houses AS (
    SELECT household_id, row_number() OVER (ORDER BY household_id) - 1 AS n FROM homes
), made AS (
    INSERT INTO registry.person (person_id, household_id, living_region_code, born_on, retires_on, education,
        labour_ability, health, person_category, willing, updated_at)
    SELECT p.person_id, h.household_id, '53062700' || (1 + p.n % 3) || '001', date '1980-01-01' + (p.n * 200)::integer,
        '2050-01-01', (ARRAY['80', '70', '60'])[1 + p.n % 3], 'full', 'healthy', 'exited', true, $1
    FROM numbered AS p JOIN houses AS h ON h.n = p.n % 20
    RETURNING person_id
)
INSERT INTO registry.wish (person_id, scope, occupation, occupation_code, wage_yuan_per_month, cannot_leave_home,
    accepts_night_shift, updated_at)
SELECT person_id, (ARRAY['county', 'province', 'outside'])[1 + person_id % 3], '包装工', '6-31-05-02',
    3000 + person_id % 7 * 200, person_id % 8 = 0, true, $1
FROM made
"""
OPENINGS = """
INSERT INTO market.opening (reference, employer_name, title, occupation_code, region_code, channel,
    wage_low_yuan_per_month, wage_high_yuan_per_month, wage_kind, vacancies, posted_on, state, updated_at)
SELECT 'o' || n, '示例厂', '包装工', '6-31-05-02', CASE WHEN n % 2 = 0 THEN '530627001000' ELSE '440103000000' END,
    CASE WHEN n % 2 = 0 THEN 'local' ELSE 'guangdong' END, 2600 + n * 100, 3000 + n * 100, 'monthly', 2, '2026-06-01',
    'open', $1
FROM generate_series(1, 12) AS n
"""
OTHERS = """
WITH posts AS (
    INSERT INTO market.post (reference, name, kind, department, region_code, vacancies, wage_yuan_per_month,
        term_months, starts_on, state, updated_at)
    SELECT 'p' || n, '保洁员', 'cleaning', 'human_resources', '530627001000', 1, 900, 36, '2026-07-01', 'open', $1
    FROM generate_series(1, 3) AS n
)
INSERT INTO market.programme (reference, name, organiser, occupation_code, mode, certificate_kind, skill_level, days,
    seats, starts_on, region_code, state, updated_at)
SELECT 't' || n, '包装工培训', '示例学校', '6-31-05-02', 'course', 'skill_level', '5', 15, 3, '2026-07-01',
    '530627000000', 'open', $1
FROM generate_series(1, 2) AS n
"""


async def make_register(owner: asyncpg.Pool) -> None:
    for statement in (PEOPLE, OPENINGS, OTHERS):
        await owner.execute(statement, NOW)


@pytest.fixture
async def actor(owner: asyncpg.Pool) -> Actor:
    """Who runs the matching of the county."""
    key = await owner.fetchval(
        """INSERT INTO access.actor (kind, name, region_code, purposes, created_at)
           VALUES ('county', '县级调度', $1, $2, $3) RETURNING actor_id""",
        COUNTY,
        [PURPOSE],
        NOW,
    )
    return Actor(key, "county", "县级调度", None, COUNTY, None, None, (PURPOSE,))


async def run(pool: asyncpg.Pool, actor: Actor, clock: FixedClock, *, region: str = COUNTY) -> MatchReport:
    return await match(pool, region_code=region, actor=actor, purpose=PURPOSE, clock=clock, progress=SilentProgress())


async def test_a_run_stores_lists_a_plan_and_shortfalls(pool, owner, actor, clock):
    await make_register(owner)
    report = await run(pool, actor, clock)
    assert report.willing == 40
    assert report.with_recommendation == 40
    assert report.zero_employment_households == 10
    assert report.zero_employment_placed == report.zero_employment_max_flow == 10
    assert report.vacancies == 24
    assert report.vacancies_filled == 24
    assert report.model_kind == "prior"
    stored = await pool.fetchrow("SELECT * FROM matching.run WHERE run_id = $1", report.run_id)
    assert (stored["state"], stored["actor_id"], stored["purpose"]) == ("done", actor.actor_id, PURPOSE)
    assert stored["report"]["zero_employment_placed"] == 10
    assert stored["finished_at"] is not None

    lists = await pool.fetch("SELECT * FROM matching.recommendation WHERE run_id = $1", report.run_id)
    assert {row["person_id"] for row in lists if row["kind"] == "opening"} == {
        row["person_id"] for row in await pool.fetch("SELECT person_id FROM registry.person")
    }
    for row in lists:
        assert len(row["target_ids"]) == len(row["scores"]) == len(row["probabilities"]) == len(row["reasons"])
        assert len(row["target_ids"]) <= {"opening": 10, "post": 5, "programme": 5}[row["kind"]]
        assert list(row["scores"]) == sorted(row["scores"], reverse=True)
        assert all(0 <= chance <= 1 for chance in row["probabilities"])
        for reasons in row["reasons"]:
            for reason in reasons:
                assert reason["code"] in REASONS
                assert reason["sign"] in (-1, 0, 1)
    known = {row["opening_id"] for row in await pool.fetch("SELECT opening_id FROM market.opening")}
    assert {target for row in lists if row["kind"] == "opening" for target in row["target_ids"]} <= known

    allotted = await pool.fetch("SELECT * FROM matching.allocation WHERE run_id = $1", report.run_id)
    by_list = {(row["person_id"], row["kind"]): row for row in lists}
    for row in allotted:
        entry = by_list[row["person_id"], row["kind"]]
        assert entry["target_ids"][entry["allocated"]] == row["target_id"]
    assert sum(row["first_job"] for row in allotted) == 10
    placed = {row["person_id"] for row in allotted if row["kind"] != "programme"}
    shortfalls = await pool.fetch("SELECT * FROM matching.shortfall WHERE run_id = $1", report.run_id)
    assert {row["person_id"] for row in shortfalls} == {row["person_id"] for row in lists} - placed
    assert report.shortfalls == {"no_vacancy": len(shortfalls)}


async def test_a_second_run_stands_beside_the_first(pool, owner, actor, clock):
    await make_register(owner)
    first = await run(pool, actor, clock)
    before = await pool.fetch("SELECT * FROM matching.recommendation ORDER BY person_id, kind")
    second = await run(pool, actor, clock)
    assert second.run_id != first.run_id
    assert (
        await pool.fetch(
            "SELECT * FROM matching.recommendation WHERE run_id = $1 ORDER BY person_id, kind", first.run_id
        )
        == before
    )
    # Nothing changed between them: the same model, the same rule set, the same answer.
    assert second.model_version == first.model_version
    assert await pool.fetchval("SELECT count(*) FROM matching.model") == 1
    assert await pool.fetchval("SELECT count(*) FROM matching.rule_set") == 1
    differing = await pool.fetchval(
        """SELECT count(*) FROM matching.recommendation AS a JOIN matching.recommendation AS b USING (person_id, kind)
           WHERE a.run_id = $1 AND b.run_id = $2
               AND (a.target_ids, a.scores, a.reasons, a.allocated) IS DISTINCT FROM
                   (b.target_ids, b.scores, b.reasons, b.allocated)""",
        first.run_id,
        second.run_id,
    )
    assert differing == 0


async def test_a_recorded_outcome_is_read_by_the_next_training(pool, owner, actor, clock):
    await make_register(owner)
    first = await run(pool, actor, clock)
    person, opening = await pool.fetchrow(
        "SELECT person_id, target_ids[1] FROM matching.recommendation WHERE kind = 'opening' ORDER BY person_id LIMIT 1"
    )
    referral = await pool.fetchval(
        """INSERT INTO casework.referral (person_id, kind, opening_id, state, run_id, rank, referred_by, shown_on,
               updated_at)
           VALUES ($1, 'opening', $2, 'accepted', $3, 1, $4, $5, $6) RETURNING referral_id""",
        person, opening, first.run_id, actor.actor_id, date(2026, 6, 15), NOW,
    )  # fmt: skip
    talking = await run(pool, actor, clock)
    assert talking.model_version == first.model_version  # an offer in talks teaches nothing yet
    assert await pool.fetchval(
        "SELECT target_id FROM matching.allocation WHERE run_id = $1 AND person_id = $2 AND kind = 'opening'",
        talking.run_id, person,
    ) == opening  # fmt: skip
    await pool.execute("UPDATE casework.referral SET state = 'placed' WHERE referral_id = $1", referral)
    await pool.execute(
        """INSERT INTO casework.outcome (referral_id, result, started_on, recorded_at, actor_id)
           VALUES ($1, 'placed', $2, $3, $4)""",
        referral, date(2026, 6, 15), NOW, actor.actor_id,
    )  # fmt: skip
    after = await run(pool, actor, clock)
    hashes = {
        row["version"]: row["data_sha256"]
        for row in await pool.fetch("SELECT version, data_sha256 FROM matching.model")
    }
    assert hashes[after.model_version] != hashes[first.model_version]
    card = await pool.fetchval("SELECT card FROM matching.model WHERE version = $1", after.model_version)
    assert (card["rows"], card["placed"]) == (1, 1)
    assert after.willing == first.willing - 1  # who is placed is looked for no longer


async def test_every_run_has_an_audit_entry_of_its_own(pool, owner, actor, clock):
    await make_register(owner)
    report = await run(pool, actor, clock)
    entries = await owner.fetch("SELECT * FROM audit.entry WHERE action = 'match'")
    assert len(entries) == 1
    entry = entries[0]
    assert (entry["actor_id"], entry["actor_kind"], entry["purpose"]) == (actor.actor_id, "county", PURPOSE)
    assert entry["allowed"] is True
    assert entry["detail"]["run_id"] == report.run_id
    assert entry["detail"]["people"] == 40


@pytest.mark.parametrize(
    ("change", "region", "code"),
    [
        ({}, OTHER_COUNTY, "match_out_of_scope"),
        ({}, "530000000000", "match_out_of_scope"),
        ({"kind": "partner", "region_code": None, "partner_code": "p"}, COUNTY, "match_out_of_scope"),
        ({"kind": "person", "region_code": COUNTY}, COUNTY, "match_out_of_scope"),
        ({"purposes": ("statistics",)}, COUNTY, "purpose_not_granted"),
    ],
)
async def test_who_may_not_match_is_refused_and_audited(pool, owner, actor, clock, change, region, code):
    other = dataclasses.replace(actor, **change)
    with pytest.raises(Forbidden) as refused:
        await run(pool, other, clock, region=region)
    assert refused.value.code == code
    assert await pool.fetchval("SELECT count(*) FROM matching.run") == 0
    entry = await owner.fetchrow("SELECT * FROM audit.entry")
    assert (entry["allowed"], entry["reason"]) == (False, code)


async def test_an_unknown_region_is_an_error(pool, actor, clock):
    with pytest.raises(NotFound, match="region_unknown"):
        await run(pool, dataclasses.replace(actor, region_code="530000000000"), clock, region="539999000000")


async def test_a_region_without_anybody(pool, actor, clock):
    report = await run(pool, actor, clock)
    assert report.willing == report.vacancies == report.placed == 0
    assert report.zero_employment_households == report.zero_employment_placed == report.zero_employment_max_flow == 0
    assert await pool.fetchval("SELECT state FROM matching.run") == "done"


async def test_a_run_that_fails_says_so_and_leaves_no_results(pool, owner, actor, clock, monkeypatch):
    await make_register(owner)

    async def broken(*args, **kwargs):
        await original(*args, **kwargs)
        raise RuntimeError("the disk is full")

    original = run_module.store_result
    monkeypatch.setattr(run_module, "store_result", broken)
    with pytest.raises(RuntimeError):
        await run(pool, actor, clock)
    row = await pool.fetchrow("SELECT state, report, finished_at FROM matching.run")
    assert (row["state"], row["report"]) == ("failed", {"error": "RuntimeError"})
    assert row["finished_at"] is not None
    for table in ("recommendation", "allocation", "shortfall"):
        assert await pool.fetchval(f"SELECT count(*) FROM matching.{table}") == 0  # noqa: S608  # names of the test's own


async def test_a_cancelled_run_does_not_look_as_if_it_ran(pool, owner, actor, clock, monkeypatch):
    await make_register(owner)

    async def cancelled(*args, **kwargs):
        raise asyncio.CancelledError

    monkeypatch.setattr(run_module, "store_result", cancelled)
    with pytest.raises(asyncio.CancelledError):
        await run(pool, actor, clock)
    assert await pool.fetchval("SELECT state FROM matching.run") == "failed"


async def test_explain_says_why_and_where_it_stood(pool, owner, actor, clock):
    await make_register(owner)
    person, opening = await pool.fetchrow(
        """SELECT p.person_id, o.opening_id FROM registry.person AS p, market.opening AS o
           WHERE o.reference = 'o12' ORDER BY person_id LIMIT 1"""
    )
    before = await explain(pool, person, opening, clock=clock)
    assert before.eligible
    assert before.open
    assert before.recommended is None
    assert before.reasons == ()
    assert {verdict.rule for verdict in before.verdicts} >= {"working_age", "education", "leave_home"}
    assert all(verdict.legal_basis for verdict in before.verdicts)

    report = await run(pool, actor, clock)
    person, opening, score, chance = await pool.fetchrow(
        """SELECT person_id, target_ids[1], scores[1], probabilities[1] FROM matching.recommendation
           WHERE run_id = $1 AND kind = 'opening' ORDER BY person_id LIMIT 1""",
        report.run_id,
    )
    after = await explain(pool, person, opening, clock=clock)
    assert after.recommended is not None
    assert (after.recommended.run_id, after.recommended.rank) == (report.run_id, 1)
    assert after.model_version == report.model_version
    # What is explained is what was ranked by.
    assert after.score_yuan == pytest.approx(score, rel=1e-4)
    assert after.probability == pytest.approx(chance, rel=1e-3)
    total = after.base_yuan + sum(reason.contribution for reason in after.reasons)
    assert total == pytest.approx(after.score_yuan, rel=1e-6)
    sizes = [abs(reason.contribution) for reason in after.reasons]
    assert sizes == sorted(sizes, reverse=True)


async def test_explain_names_the_rule_that_fails(pool, owner, clock):
    await make_register(owner)
    person = await pool.fetchval(
        "SELECT person_id FROM registry.wish WHERE cannot_leave_home ORDER BY person_id LIMIT 1"
    )
    away = await pool.fetchval("SELECT opening_id FROM market.opening WHERE channel = 'guangdong' LIMIT 1")
    explanation = await explain(pool, person, away, clock=clock)
    assert not explanation.eligible
    assert [verdict.rule for verdict in explanation.verdicts if verdict.verdict == "fail"] == ["leave_home"]


async def test_explain_knows_whom_it_does_not_know(pool, owner, clock):
    await make_register(owner)
    person = await pool.fetchval("SELECT min(person_id) FROM registry.person")
    with pytest.raises(NotFound, match="person_unknown"):
        await explain(pool, 10**9, 1, clock=clock)
    with pytest.raises(NotFound, match="opening_unknown"):
        await explain(pool, person, 10**9, clock=clock)
