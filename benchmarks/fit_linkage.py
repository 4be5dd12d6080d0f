"""Fit the linkage weights on made-up counties of development seeds; writes ``hub/identity/models/linkage-1.json``.

Fellegi–Sunter's score is a prior plus one weight per comparison and level. The weights are fitted by logistic
regression on the pairs that share a block, labelled by the truth beside the files: expectation–maximisation would
assume that comparisons are independent within blocks, which blocking by name and birth date breaks. More agreement
never weighs less: a weight that says otherwise has learnt how blocks are made, and nobody could explain it to a clerk.
Seeds and error rates are others than those of the figures reported.

    python benchmarks/fit_linkage.py [--households 3000]
    python benchmarks/fit_linkage.py --report      measures the model that ships, by the program's own pipeline
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import numpy as np
import pyarrow.parquet as pq
from scipy.optimize import minimize

from hub.clock import SystemClock
from hub.db import migrate, open_database
from hub.db.sql import load_queries
from hub.identity.cluster import cluster
from hub.identity.evaluate import Quality, score_clusters
from hub.identity.normalise import Normal, normalise
from hub.identity.numbers import certain_number
from hub.identity.resolve import resolve
from hub.identity.score import COMPARISONS, LinkageModel, compare
from hub.intake.ingest import ingest_paths
from hub.settings import Settings
from hub.telemetry import SilentProgress
from simulate.faults import ErrorRates
from simulate.province import simulate

#: (region, seed, factor on the error rates)
TRAINING = [("530627000000", 101, 2.0), ("532601000000", 102, 0.5), ("530381000000", 103, 3.0)]
VALIDATION = [("533103000000", 104, 1.5)]
REPORTING = [("530627000000", 7, 1.0), ("530627000000", 42, 1.0)]
REPORTING_HOUSEHOLDS = 2000
OUT = Path(__file__).parents[1] / "hub" / "identity" / "models" / "linkage-1.json"

Data = tuple[list[Normal], list[str], np.ndarray]


@asynccontextmanager
async def county(
    region: str, seed: int, factor: float, households: int
) -> AsyncIterator[tuple[asyncpg.Pool, dict[int, int]]]:
    """A database with one made-up county's files landed, and the true person of each record."""
    with tempfile.TemporaryDirectory() as folder:
        simulate(region, households, seed, Path(folder) / "county", errors=ErrorRates().scaled(factor))
        truth = pq.read_table(Path(folder) / "county" / "truth" / "persons.parquet")
        columns = (truth[name].to_pylist() for name in ("file_name", "line", "true_person_id"))
        person = {(name, line): true for name, line, true in zip(*columns, strict=True)}
        settings = Settings(data_dir=Path(folder) / "home", token_secret=bytes(32))
        await migrate(settings)
        async with open_database(settings) as pool:
            await ingest_paths(
                pool, [Path(folder) / "county"], settings=settings, clock=SystemClock(), progress=SilentProgress()
            )
            lines = await pool.fetch(
                "SELECT source_record_id, file_name, line FROM intake.source_record JOIN intake.batch USING (batch_id) "
                "WHERE source_record.entity = 'person'"
            )
            yield pool, {row["source_record_id"]: person[row["file_name"], row["line"]] for row in lines}


async def read(region: str, seed: int, factor: float, households: int) -> Data:
    """Normal forms, feeds and true people of one made-up county's records."""
    async with county(region, seed, factor, households) as (pool, person):
        rows = await pool.fetch(load_queries("hub.identity").fetch_new_records)
    true = np.array([person[row["source_record_id"]] for row in rows])
    return [normalise(row) for row in rows], [row["feed"] for row in rows], true


async def report(region: str, seed: int, factor: float, households: int) -> None:
    """Print what the pipeline makes of one county, and what joining on valid numbers alone would."""
    async with county(region, seed, factor, households) as (pool, person):
        done = await resolve(pool, clock=SystemClock(), progress=SilentProgress())
        owner = dict(await pool.fetch("SELECT source_record_id, person_id FROM identity.membership"))
        numbers = dict(await pool.fetch("SELECT source_record_id, citizen_number FROM identity.normal"))
        kinds = dict(await pool.fetch("SELECT kind, count(*) FROM identity.review GROUP BY kind"))
    records = sorted(person)
    true = np.array([person[record] for record in records])
    joined: dict[str, int] = {}
    by_number = [joined.setdefault(numbers[record] or f"none {record}", record) for record in records]
    print(f"{region}, seed {seed}, {households} households: {done.records} records, {done.pairs} pairs, "
          f"{done.edges} kept, {done.created} people of {len(set(true.tolist()))}, reviews {kinds}")  # fmt: skip
    print("  resolve", _line(score_clusters(np.array([owner[record] for record in records]), true)))
    print("  joined on valid numbers", _line(score_clusters(np.array(by_number), true)))


def _line(quality: Quality) -> str:
    return (
        f"precision {quality.precision:.4f} recall {quality.recall:.4f} F1 {quality.f1:.4f} exact {quality.exact:.4f}"
    )


def one_hot(levels: np.ndarray) -> np.ndarray:
    """A column a comparison and level; level 0 (unknown) is the zero."""
    columns = [levels[:, c] == level for c, names in enumerate(COMPARISONS.values()) for level in range(1, len(names))]
    return np.stack(columns, axis=1).astype(np.float32)


def quality(model: LinkageModel, data: Data, link: float) -> float:
    """Pairwise F1 of clusters at one threshold."""
    records, feeds, true = data
    pairs = compare(records, feeds, np.ones(len(records), dtype=bool))
    score = model.score(pairs.levels)
    kept = score >= link
    clusters = cluster(
        len(records),
        pairs.a[kept],
        pairs.b[kept],
        score[kept],
        numbers=[certain_number(record.citizen_number) for record in records],
    )
    return score_clusters(clusters.label, true).f1


def fit(levels: np.ndarray, same: np.ndarray) -> tuple[float, np.ndarray]:
    """Prior and weights, in bits, one for each column of :func:`one_hot`.

    Logistic regression with a ridge of 1, in which each known level weighs at least as much as the one below it.
    """
    known = [len(names) - 1 for names in COMPARISONS.values()]
    ends = np.cumsum(known)
    # A weight is the first known level's plus what each step up adds.
    sums = np.zeros((ends[-1], ends[-1]))
    for end, count in zip(ends, known, strict=True):
        sums[end - count : end, end - count : end] = np.tri(count)
    columns, sign = one_hot(levels).astype(np.float64), np.where(same, 1.0, -1.0)

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        weights = sums @ parameters[1:]
        margin = sign * (columns @ weights + parameters[0])
        slope = -sign / (1 + np.exp(margin))
        value = np.logaddexp(0, -margin).sum() + weights @ weights / 2
        return value, np.concatenate([[slope.sum()], sums.T @ (columns.T @ slope + weights)])

    lowest = set(ends - known)
    bounds = [(None, None), *((None, None) if column in lowest else (0, None) for column in range(ends[-1]))]
    found = minimize(
        loss, np.zeros(1 + ends[-1]), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 5000}
    )
    return float(found.x[0] / np.log(2)), sums @ found.x[1:] / np.log(2)


def main() -> None:
    """Fit, choose the threshold, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=3000)
    parser.add_argument("--report", action="store_true")
    arguments = parser.parse_args()
    households = arguments.households
    if arguments.report:
        for plan in REPORTING:
            asyncio.run(report(*plan, REPORTING_HOUSEHOLDS))
        return
    levels, labels = [], []
    for plan in TRAINING:
        records, feeds, true = asyncio.run(read(*plan, households))
        pairs = compare(records, feeds, np.ones(len(records), dtype=bool))
        levels.append(pairs.levels)
        labels.append(true[pairs.a] == true[pairs.b])
        print(plan, len(records), "records", len(pairs.a), "pairs", int(labels[-1].sum()), "true")
    intercept, bits = fit(np.concatenate(levels), np.concatenate(labels))
    weights: dict[str, dict[str, float]] = {}
    column = 0
    for name, names in COMPARISONS.items():
        weights[name] = {names[0]: 0.0}
        for level in names[1:]:
            weights[name][level] = round(float(bits[column]), 3)
            column += 1
    prior = round(intercept, 3)
    model = LinkageModel("draft", prior, tuple(tuple(w.values()) for w in weights.values()), 0.0, 0.0)
    held_out = [asyncio.run(read(*plan, households)) for plan in VALIDATION]
    figures = {
        link: float(np.mean([quality(model, data, link) for data in held_out])) for link in np.arange(-2, 6.5, 0.5)
    }
    link = max(figures, key=lambda bits: (round(figures[bits], 5), -abs(bits)))
    for at, f1 in figures.items():
        print(f"link at {at:5.1f} bits: F1 {f1:.5f}")
    body = {
        "version": "linkage-1",
        "fitted_on": {
            "training": [dict(zip(("region", "seed", "error_factor"), plan, strict=True)) for plan in TRAINING],
            "validation": [dict(zip(("region", "seed", "error_factor"), plan, strict=True)) for plan in VALIDATION],
            "households": households,
            "method": "logistic regression on blocked pairs, weights rising with agreement; benchmarks/fit_linkage.py",
            "validation_pairwise_f1": round(figures[link], 5),
        },
        "prior": prior,
        "link": float(link),
        "grey": float(link) - 4.0,
        "weights": weights,
    }
    OUT.write_text(json.dumps(body, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({"prior": prior, "link": float(link), "f1": figures[link]}))


if __name__ == "__main__":
    main()
