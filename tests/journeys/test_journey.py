"""From departments' files to a recorded outcome that the next training reads, each step by the way its users take."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg

from app.stages import MATCHING_PURPOSE, match_region, resolve_and_publish
from hub.access.actor import Actor
from hub.access.actors import ensure_actor
from hub.access.audit import AuditLog
from hub.access.claimed import ClaimPool
from hub.api.service import GraphQLService
from hub.clock import FixedClock
from hub.intake.ingest import ingest_paths
from hub.recommend.run import MatchReport
from hub.settings import Settings
from hub.telemetry import SilentProgress
from simulate.province import simulate

COUNTY = "530627000000"

SOMEBODY = """
query Somebody {
  persons(first: 200, filter: {willing: true}) {
    nodes {
      id name livingRegion { regionCode }
      reserved: recommendations(first: 1, filter: {allocated: true, kind: "opening"}) {
        nodes { runId rank reasons target { ... on Opening { id title filled vacancies } } }
      }
      referrals(first: 50) { nodes { state target { ... on Opening { id } } } }
    }
  }
}
"""
REFER = """
mutation Refer($person: ID!, $target: ID!, $run: Int!, $rank: Int!, $key: String!) {
  referPerson(personId: $person, targetId: $target, runId: $run, rank: $rank, idempotencyKey: $key) {
    referral { id version state }
  }
}
"""
CONTACT = """
mutation Contact($id: ID!, $version: Int!, $key: String!) {
  recordContact(referralId: $id, version: $version, channel: "phone", result: "reached", idempotencyKey: $key) {
    referral { id version state contacts(first: 5) { nodes { result } } }
  }
}
"""
OUTCOME = """
mutation Outcome($id: ID!, $version: Int!, $input: OutcomeInput!, $key: String!) {
  recordOutcome(referralId: $id, version: $version, input: $input, idempotencyKey: $key) {
    referral { id state outcomes(first: 5) { nodes { result startedOn wageYuanPerMonth } }
      person { inWork willing employmentStatus } target { ... on Opening { filled } } }
  }
}
"""


async def _ask(service: GraphQLService, actor: Actor, document: str, **variables: Any) -> dict[str, Any]:
    reply = await service.execute(actor=actor, purpose="employment_service", document=document, variables=variables)
    answer: dict[str, Any] = json.loads(reply.body)
    assert "errors" not in answer, answer
    return dict(answer["data"])


async def _match(pool: asyncpg.Pool, clock: FixedClock) -> tuple[MatchReport, asyncpg.Record]:
    report = await match_region(
        pool,
        region_code=COUNTY,
        actor_id=None,
        purpose=MATCHING_PURPOSE,
        clock=clock,
        progress=SilentProgress(),
        seed=1,
    )
    model = await pool.fetchrow(
        "SELECT m.version, m.data_sha256, m.card FROM matching.run JOIN matching.model m USING (model_id)"
        " WHERE run_id = $1",
        report.run_id,
    )
    return report, model


async def test_from_files_to_the_next_training(
    pool: asyncpg.Pool,
    owner: asyncpg.Pool,
    claimed: ClaimPool,
    settings: Settings,
    clock: FixedClock,
    tmp_path: Path,
) -> None:
    simulate(COUNTY, 300, 105, tmp_path / "county", as_of=date(2026, 6, 1))
    progress = SilentProgress()
    batches = await ingest_paths(pool, [tmp_path / "county"], settings=settings, clock=clock, progress=progress)
    assert {batch.state for batch in batches} == {"landed"}
    await resolve_and_publish(pool, clock=clock, progress=progress)
    first, model = await _match(pool, clock)
    assert first.zero_employment_placed == first.zero_employment_max_flow
    again, same = await _match(pool, clock)
    assert again.run_id != first.run_id, "runs stand side by side"
    assert same["data_sha256"] == model["data_sha256"], "nothing new to learn from"

    # The station where somebody lives for whom a place is set aside refers them.
    service = GraphQLService(claimed, AuditLog(pool), clock)
    county = await ensure_actor(pool, kind="county", name="县级调度", region_code=COUNTY, clock=clock)
    people = (await _ask(service, county, SOMEBODY))["persons"]["nodes"]
    person, line = next(
        (person, person["reserved"]["nodes"][0])
        for person in people
        if person["reserved"]["nodes"]
        and person["reserved"]["nodes"][0]["target"]["id"]
        not in {(referral["target"] or {}).get("id") for referral in person["referrals"]["nodes"]}
    )
    assert line["reasons"], "every line says why"
    township = person["livingRegion"]["regionCode"][:9] + "000"
    station = await ensure_actor(pool, kind="station", name="就业服务站", region_code=township, clock=clock)
    referred = await _ask(
        service,
        station,
        REFER,
        person=person["id"],
        target=line["target"]["id"],
        run=line["runId"],
        rank=line["rank"],
        key="journey-refer",
    )
    referral = referred["referPerson"]["referral"]
    assert referral["state"] == "referred"
    talked = await _ask(
        service, station, CONTACT, id=referral["id"], version=referral["version"], key="journey-contact"
    )
    referral = talked["recordContact"]["referral"]
    assert referral["state"] == "contacted"
    told = {"result": "placed", "startedOn": "2026-06-15", "wageYuanPerMonth": 4321}
    outcome = {"id": referral["id"], "version": referral["version"], "input": told, "key": "journey-outcome"}
    done = (await _ask(service, station, OUTCOME, **outcome))["recordOutcome"]["referral"]
    assert done["state"] == "placed"
    assert done["outcomes"]["nodes"] == [told]
    assert done["person"]["inWork"] is True, "the register knows it at once"
    assert done["target"]["filled"] == line["target"]["filled"] + 1
    twice = (await _ask(service, station, OUTCOME, **outcome))["recordOutcome"]["referral"]
    assert len(twice["outcomes"]["nodes"]) == 1, "a second click records nothing twice"

    third, next_model = await _match(pool, clock)
    assert next_model["data_sha256"] != model["data_sha256"], "the next training reads it"
    assert next_model["card"]["rows"] == model["card"]["rows"] + 1
    assert next_model["card"]["placed"] == model["card"]["placed"] + 1
    assert third.willing == first.willing - 1
    assert await pool.fetchval("SELECT count(*) FROM matching.run WHERE state = 'done'") == 3
    actions = await owner.fetch("SELECT action, operation_name, allowed FROM audit.entry ORDER BY entry_id")
    assert [row["action"] for row in actions].count("match") == 3
    assert [row["action"] for row in actions].count("mutation") >= 4, "every change, and the repeated one"
    assert all(row["allowed"] for row in actions)
