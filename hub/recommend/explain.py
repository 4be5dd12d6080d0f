"""Why an opening suits a person, or why not: every rule's verdict, and the terms of the score."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg
import numpy as np

from hub.access.claimed import ActorPool
from hub.clock import Clock
from hub.db.sql import load_queries
from hub.errors import NotFound
from hub.recommend.read import read_opening, read_person
from matching.artifact import ArtifactError, load_model
from matching.explain import contributions, reason_of
from matching.features import FEATURE_NAMES
from matching.model import Model
from matching.pipeline import Scorer
from matching.records import Openings, People, Reason, RuleVerdict
from matching.rules import compile_rules
from schema.regions import load_regions
from schema.ruleset import load_ruleset

_SQL = load_queries("hub.recommend")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the opening stood in the person's latest list that held it."""

    run_id: int
    run_at: datetime
    rank: int  # 1-based
    surplus_yuan: float
    probability: float
    allocated: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is known of one pair.

    Attributes
    ----------
    verdicts
        Of every rule in force today.
    eligible
        No rule fails; questions still to be asked count as eligible meanwhile.
    open
        Whether the opening is open today.
    recommended
        Its place in the latest list that held it, None when no list did.
    reasons
        The terms of the score by the model of the latest run over the person's region; none without a run.
    base_yuan, score_yuan
        Score of a typical offer, and of this one: ``base + sum of contributions = score``.
    model_version
        The model that scored it.
    """

    person_id: int
    opening_id: int
    verdicts: tuple[RuleVerdict, ...]
    eligible: bool
    open: bool
    recommended: Place | None
    reasons: tuple[Reason, ...]
    base_yuan: float | None
    score_yuan: float | None
    probability: float | None
    model_version: str | None
    rule_set_version: str


async def explain(pool: asyncpg.Pool | ActorPool, person_id: int, opening_id: int, *, clock: Clock) -> Explanation:
    """Explain an opening to a person; the caller has made sure that the viewer may see both.

    Raises
    ------
    NotFound
        ``person_unknown`` or ``opening_unknown``.
    """
    today = clock.today()
    async with pool.acquire() as connection:
        people = (await read_person(connection, person_id, today=today)).people
        if not len(people):
            raise NotFound("person_unknown", "There is no such person.")
        openings, is_open = await read_opening(connection, opening_id, today=today)
        if not len(openings):
            raise NotFound("opening_unknown", "There is no such opening.")
        regions = _around(int(people.living_region[0]))
        stored = await connection.fetchrow(_SQL.fetch_latest_model, regions)
        listed = await connection.fetchrow(_SQL.fetch_recommended, person_id, opening_id)
    rule_set = load_ruleset()
    verdicts = tuple(compile_rules(rule_set, today=today, kind="opening").explain(people, openings, 0, 0))
    model = _usable(None if stored is None else bytes(stored["artifact"]))
    score, base, probability, reasons = (
        (None, None, None, ()) if model is None else _score(model, people, openings, clock)
    )
    return Explanation(
        person_id=person_id,
        opening_id=opening_id,
        verdicts=verdicts,
        eligible=all(verdict.verdict != "fail" for verdict in verdicts),
        open=is_open,
        recommended=None if listed is None else _place(listed),
        reasons=reasons,
        base_yuan=base,
        score_yuan=score,
        probability=probability,
        model_version=None if model is None else model.version,
        rule_set_version=rule_set.version,
    )


def _around(region: int) -> list[str]:
    """Codes of a region and of all that hold it."""
    regions, codes = load_regions(), []
    current = regions.get(f"{region:012d}")
    while current is not None:
        codes.append(current.code)
        current = regions.get(current.parent_code)
    return codes


def _usable(artifact: bytes | None) -> Model | None:
    """The stored model, unless the program has moved on to other features since."""
    if artifact is None:
        return None
    try:
        return load_model(artifact, feature_names=FEATURE_NAMES)
    except ArtifactError:
        return None


def _score(
    model: Model, people: People, openings: Openings, clock: Clock
) -> tuple[float, float, float, tuple[Reason, ...]]:
    if model.text is None or model.typical is None:
        raise TypeError("a model of a run has its texts and its typical pair")
    row = np.zeros(1, dtype=np.int64)
    scorer = Scorer(people, openings, model.text.vectors(people.text, openings.text), model, clock.today())
    x = scorer.features(row, row)
    parts = contributions(model, x, typical=model.typical)
    figures = {
        "wage": float(x[0, FEATURE_NAMES.index("wage_yuan")]),
        "distance": float(x[0, FEATURE_NAMES.index("distance_km")]),
    }
    order = np.argsort(-np.abs(parts.values[0]), kind="stable")
    reasons = tuple(
        reason_of(parts.codes[at], float(parts.values[0, at]), figures.get(parts.codes[at], float("nan")))
        for at in order.tolist()
    )
    ranked = model.rank_unchecked(x)
    return float(model.score(x)[0]), float(parts.base[0]), float(ranked.probability[0]), reasons


def _place(row: asyncpg.Record) -> Place:
    at = row["rank"] - 1
    return Place(
        run_id=row["run_id"],
        run_at=row["started_at"],
        rank=row["rank"],
        surplus_yuan=row["scores"][at],
        probability=row["probabilities"][at],
        allocated=row["allocated"] == at,
    )
