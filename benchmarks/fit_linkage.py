"""Fit the linkage weights on made-up counties of development seeds; writes ``hub/identity/models/linkage-1.json``.

Fellegi–Sunter's score is a prior plus one weight per comparison and level. The weights are fitted by logistic
regression on the pairs that share a block, labelled by the truth beside the files: expectation–maximisation would assume
that comparisons are independent within blocks, which blocking by name and birth date breaks. Seeds and error rates are
others than those of the figures reported.

    python benchmarks/fit_linkage.py [--households 3000]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from sklearn.linear_model import LogisticRegression

from hub.clock import SystemClock
from hub.db import migrate, open_database
from hub.db.sql import load_queries
from hub.identity.cluster import cluster
from hub.identity.evaluate import score_clusters
from hub.identity.normalise import Normal, normalise
from hub.identity.score import COMPARISONS, LinkageModel, compare
from hub.intake.ingest import ingest_paths
from hub.settings import Settings
from hub.telemetry import SilentProgress
from simulate.faults import ErrorRates
from simulate.province import simulate

#: (region, seed, factor on the error rates)
TRAINING = [("530627000000", 101, 2.0), ("532601000000", 102, 0.5), ("530381000000", 103, 3.0)]
VALIDATION = [("533103000000", 104, 1.5)]
OUT = Path(__file__).parents[1] / "hub" / "identity" / "models" / "linkage-1.json"

Data = tuple[list[Normal], list[str], np.ndarray]


async def read(region: str, seed: int, factor: float, households: int) -> Data:
    """Normal forms, feeds and true people of one made-up county's records."""
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
            rows = await pool.fetch(load_queries("hub.identity").fetch_new_records)
            lines = await pool.fetch(
                "SELECT source_record_id, file_name, line FROM intake.source_record JOIN intake.batch USING (batch_id)"
            )
    where = {row["source_record_id"]: (row["file_name"], row["line"]) for row in lines}
    true = np.array([person[where[row["source_record_id"]]] for row in rows])
    return [normalise(row) for row in rows], [row["feed"] for row in rows], true


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
        len(records), pairs.a[kept], pairs.b[kept], score[kept], numbers=[record.citizen_number for record in records]
    )
    return score_clusters(clusters.label, true).f1


def main() -> None:
    """Fit, choose the threshold, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=3000)
    households = parser.parse_args().households
    features, labels = [], []
    for plan in TRAINING:
        records, feeds, true = asyncio.run(read(*plan, households))
        pairs = compare(records, feeds, np.ones(len(records), dtype=bool))
        features.append(one_hot(pairs.levels))
        labels.append(true[pairs.a] == true[pairs.b])
        print(plan, len(records), "records", len(pairs.a), "pairs", int(labels[-1].sum()), "true")
    fitted = LogisticRegression(C=1.0, max_iter=2000).fit(np.concatenate(features), np.concatenate(labels))
    bits = fitted.coef_[0] / np.log(2)
    weights: dict[str, dict[str, float]] = {}
    column = 0
    for name, levels in COMPARISONS.items():
        weights[name] = {levels[0]: 0.0}
        for level in levels[1:]:
            weights[name][level] = round(float(bits[column]), 3)
            column += 1
    prior = round(float(fitted.intercept_[0] / np.log(2)), 3)
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
            "method": "logistic regression on blocked pairs, benchmarks/fit_linkage.py",
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
