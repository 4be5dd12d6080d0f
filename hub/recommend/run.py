"""A run of the matching service over a region: read, learn, rank, allot, store. Runs stand side by side."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

import asyncpg

from hub.access.actor import Actor
from hub.access.audit import AuditEntry, store_audit
from hub.clock import Clock
from hub.db.sql import load_queries
from hub.errors import Forbidden, NotFound
from hub.recommend.read import Market, read_market
from hub.recommend.store import store_result
from hub.telemetry import Progress
from matching.artifact import save_model
from matching.model import Model
from matching.pipeline import Result, learn, recommend
from matching.records import Int64, Kind
from matching.rules import Rules, compile_rules
from schema.ranking import RankingPolicy, load_ranking
from schema.regions import prefix_of
from schema.ruleset import RuleSet, load_ruleset

_SQL = load_queries("hub.recommend")


@dataclass(frozen=True, slots=True)
class MatchReport:
    """What a run found, for people and programs alike."""

    run_id: int
    region_code: str
    rule_set_version: str
    model_version: str
    model_kind: str
    willing: int
    with_eligible_opening: int
    with_eligible_post: int
    with_recommendation: int
    zero_employment_households: int
    zero_employment_placed: int
    zero_employment_max_flow: int
    priority_households: int
    priority_placed: int
    vacancies: int
    vacancies_filled: int
    posts: int
    posts_filled: int
    seats: int
    seats_filled: int
    placed: int
    surplus_yuan: float
    gap: float
    quota_repairs: int
    shortfalls: Mapping[str, int]
    metrics: Mapping[str, Any]
    seconds: Mapping[str, float]


async def match(
    pool: asyncpg.Pool,
    *,
    region_code: str,
    actor: Actor,
    purpose: str,
    clock: Clock,
    progress: Progress,
    seed: int = 0,
) -> MatchReport:
    """Rank jobs, posts and programmes for every willing person who lives in a region, and allot scarce places.

    The run is stored as running before it computes and as done or failed after; its results appear all at once,
    together with the audit entry.

    Raises
    ------
    NotFound
        ``region_unknown``.
    Forbidden
        ``match_out_of_scope`` when the actor's scope does not hold the region, ``purpose_not_granted`` when the
        actor may not state the purpose. Denials are audited too.
    """
    started_at, today = clock.now(), clock.today()
    entry = AuditEntry(
        happened_at=started_at,
        request_id=uuid.uuid4(),
        actor_id=actor.actor_id,
        actor_kind=actor.kind,
        purpose=purpose,
        action="match",
        detail={"region_code": region_code},
    )
    if await pool.fetchval(_SQL.fetch_region, region_code) is None:
        raise NotFound("region_unknown", "There is no region with this code.", hint="Give a twelve-digit code.")
    refusal = _refusal(actor, region_code, purpose)
    if refusal is not None:
        await store_audit(pool, [replace(entry, allowed=False, reason=refusal.code)])
        raise refusal
    policy, rule_set = load_ranking(), load_ruleset()
    rules = compile_rules(rule_set, today=today)
    async with pool.acquire() as connection:
        with progress.stage("match: read"):
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                market = await read_market(connection, region_code, today=today, policy=policy)
        with progress.stage("match: learn"):
            model = await asyncio.to_thread(_learn, market, policy=policy, today=today, seed=seed)
        run_id = await _begin(
            connection, rule_set, model, region_code=region_code, actor=actor, purpose=purpose, at=started_at
        )
        try:
            result = await asyncio.to_thread(
                _recommend, market, rules, model, policy=policy, today=today, seed=seed, progress=progress
            )
            report = _report(run_id, region_code, result)
            with progress.stage("match: store"):
                async with connection.transaction():
                    await store_result(
                        connection,
                        run_id,
                        result,
                        person_id=market.people.person_id,
                        household_id=market.people.household_id,
                        target_ids=_target_ids(market),
                    )
                    await connection.execute(_SQL.store_run_end, run_id, "done", asdict(report), clock.now())
                    seen = {**entry.detail, "run_id": run_id, "people": report.willing, "fields": _FIELDS}
                    await store_audit(connection, [replace(entry, detail=seen, fields=_FIELDS)])
        except BaseException as error:
            # When cancelled, too: a run that will never end must not look as if it were running.
            failure = {"error": type(error).__name__}
            await connection.execute(_SQL.store_run_end, run_id, "failed", failure, clock.now())
            await store_audit(connection, [replace(entry, detail={**entry.detail, "run_id": run_id, **failure})])
            raise
    return report


#: What of people a run reads; the keys of the people themselves stand in its recommendations and shortfalls.
_FIELDS = ["person", "household", "wish", "employment", "certificate", "training", "referral", "outcome"]


def _refusal(actor: Actor, region_code: str, purpose: str) -> Forbidden | None:
    scope = actor.region_code
    if actor.kind in ("partner", "person") or scope is None or not region_code.startswith(prefix_of(scope)):
        return Forbidden(
            "match_out_of_scope", "The region lies outside the actor's scope.", hint="Match a region within it."
        )
    if purpose not in actor.purposes:
        return Forbidden("purpose_not_granted", "The actor may not state this purpose.")
    return None


def _learn(market: Market, *, policy: RankingPolicy, today: date, seed: int) -> Model:
    return learn(market.history, people=market.people, openings=market.openings, policy=policy, today=today, seed=seed)


def _recommend(
    market: Market, rules: Rules, model: Model, *, policy: RankingPolicy, today: date, seed: int, progress: Progress
) -> Result:
    return recommend(
        market.people,
        market.openings,
        market.posts,
        market.programmes,
        market.history,
        rules=rules,
        today=today,
        seed=seed,
        model=model,
        policy=policy,
        progress=progress,
        commitments=market.commitments,
    )


def _target_ids(market: Market) -> dict[Kind, Int64]:
    return {
        "opening": market.openings.target_id,
        "post": market.posts.target_id,
        "programme": market.programmes.target_id,
    }


async def _begin(
    connection: asyncpg.Connection,
    rule_set: RuleSet,
    model: Model,
    *,
    region_code: str,
    actor: Actor,
    purpose: str,
    at: datetime,
) -> int:
    """Keep the rule set and the model, once each, and begin the run that uses them."""
    async with connection.transaction():
        sha256 = bytes.fromhex(rule_set.sha256)
        await connection.execute(_SQL.store_rule_set, rule_set.version, sha256, rule_set.body, at)
        await connection.execute(
            _SQL.store_model,
            model.version,
            bytes.fromhex(model.data_sha256),
            save_model(model),
            dict(model.card),
            at,
        )
        rule_set_id = await connection.fetchval(_SQL.fetch_rule_set, sha256)
        model_id = await connection.fetchval(_SQL.fetch_model_key, model.version)
        run_id: int = await connection.fetchval(
            _SQL.store_run, region_code, actor.actor_id, purpose, rule_set_id, model_id, at
        )
    return run_id


def _report(run_id: int, region_code: str, result: Result) -> MatchReport:
    return MatchReport(
        run_id=run_id,
        region_code=region_code,
        rule_set_version=result.rule_set_version,
        model_version=result.model.version,
        model_kind=result.model.kind,
        **asdict(result.counts),
        surplus_yuan=round(result.surplus, 2),
        gap=round(result.plan.gap, 6),
        quota_repairs=result.plan.repairs,
        shortfalls=dict(sorted(Counter(shortfall.code for shortfall in result.shortfalls).items())),
        metrics=dict(result.model.card.get("metrics", {})),
        seconds={name: round(spent, 3) for name, spent in result.seconds.items()},
    )
