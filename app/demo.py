"""The demo: a county from files to recommendations, then served, with sign-ins and queries to paste."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np
import uvloop

from app.output import plain, show_json, show_rows, show_table
from app.stages import MATCHING_PURPOSE, match_region, resolve_and_publish
from hub.clock import SystemClock
from hub.db import migrate, open_database
from hub.db.sql import load_queries
from hub.errors import InvalidInput
from hub.identity.evaluate import score_clusters
from hub.intake.ingest import ingest_paths
from hub.intake.report import BatchReport
from hub.settings import Settings
from hub.telemetry import RichProgress, peak_rss_mb

#: Zhenxiong in Zhaotong, a county of 1.4 million people in the north-east of the province.
DEFAULT_REGION = "530627000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPlan:
    """What to make, or which files to take, and whether to serve it."""

    region: str | None
    households: int
    seed: int
    scenario: str
    as_of: date
    data: Path | None
    check: bool
    port: int | None

    @property
    def name(self) -> str:
        """Folder of this demo: the same plan finds its own data again."""
        if self.data is not None:
            return "files-" + hashlib.sha256(str(self.data.resolve()).encode()).hexdigest()[:12]
        return f"{self.region or DEFAULT_REGION}-{self.households}-{self.seed}-{self.scenario}-{self.as_of:%Y%m%d}"


def run_demo(plan: DemoPlan, settings: Settings) -> None:
    """Run the plan. With ``check``: in an installation of its own that is gone afterwards, last line one JSON object.

    Raises
    ------
    InvalidInput
        ``data_missing``: the given directory is not there or holds no files.
    """
    if plan.data is not None and not plan.data.is_dir():
        raise InvalidInput("data_missing", f"{plan.data} is no directory.", hint="Give one that holds feed files.")
    with _home(plan, settings) as home:
        report, region = uvloop.run(_run(plan, home))
        if plan.check:
            show_json(report)
            return
        from app.server import serve
        from app.signins import ensure_signins, issue_demo_tokens, show_welcome

        signins = uvloop.run(ensure_signins(home, region_code=region))
        show_welcome(home, signins, uvloop.run(issue_demo_tokens(home, region_code=region)))
        serve(home)


@contextmanager
def _home(plan: DemoPlan, settings: Settings) -> Iterator[Settings]:
    port = plan.port or settings.port
    if not plan.check:
        folder = settings.data_dir / f"demo-{plan.name}"
        folder.mkdir(parents=True, exist_ok=True)
        yield replace(settings, data_dir=folder, port=port)
        return
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="check-", dir=settings.data_dir))
    try:
        yield replace(settings, data_dir=folder, port=port)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _run(plan: DemoPlan, settings: Settings) -> tuple[dict[str, Any], str]:
    progress, clock = RichProgress(), SystemClock()
    files = plan.data or _simulate(plan, settings.data_dir / "county", progress)
    with progress.stage("migrate"):
        await migrate(settings)
    async with open_database(settings) as pool:
        batches = await ingest_paths(pool, [files], settings=settings, clock=clock, progress=progress)
        refused = [batch for batch in batches if batch.state == "refused"]
        show_rows(
            "Files",
            [{"file": b.file_name, "state": b.state, "new": b.rows_new, "rejected": b.rows_rejected} for b in batches],
        )
        if len(refused) == len(batches):
            raise InvalidInput("data_missing", f"No file in {files} could be used.", hint="See the refusals above.")
        region = plan.region or _region_of(batches)
        await resolve_and_publish(pool, clock=clock, progress=progress)
        with progress.stage("identity quality"):
            identity = await _identity_quality(pool, files)
        matched = await match_region(
            pool,
            region_code=region,
            actor_id=None,
            purpose=MATCHING_PURPOSE,
            clock=clock,
            progress=progress,
            seed=plan.seed,
        )
        counts = await pool.fetchrow(load_queries("app").fetch_demo_counts)
    report = {
        **dict(counts),
        "identity": identity,
        **{name: plain(getattr(matched, name)) for name in _MATCHED},
        "seconds": {name: round(spent, 2) for name, spent in progress.seconds.items()},
        "peak_rss_mb": round(peak_rss_mb(), 1),
    }
    show_table("The county", {name: value for name, value in report.items() if name != "seconds"})
    show_table("Seconds by stage", report["seconds"])
    return report, region


def _region_of(batches: Sequence[BatchReport]) -> str:
    """The division that most files come from."""
    senders = Counter(batch.region_code for batch in batches if batch.region_code is not None)
    return senders.most_common(1)[0][0] if senders else DEFAULT_REGION


_MATCHED = (
    "willing",
    "with_eligible_opening",
    "with_recommendation",
    "zero_employment_households",
    "zero_employment_placed",
    "zero_employment_max_flow",
    "vacancies",
    "vacancies_filled",
)


def _simulate(plan: DemoPlan, out: Path, progress: RichProgress) -> Path:
    """The county's files; made once. A folder without its scenario was interrupted, and is made again."""
    from simulate.errors import SimulationError
    from simulate.province import simulate

    if (out / "truth" / "scenario.json").exists():
        return out
    shutil.rmtree(out, ignore_errors=True)
    with progress.stage("simulate"):
        try:
            simulate(
                plan.region or DEFAULT_REGION, plan.households, plan.seed, out, scenario=plan.scenario, as_of=plan.as_of
            )
        except SimulationError as error:
            raise InvalidInput("simulation_refused", str(error)) from error
    return out


async def _identity_quality(pool: asyncpg.Pool, files: Path) -> dict[str, float] | None:
    """Pairwise precision, recall and F1 against the truth beside the files; None where there is none."""
    path = files / "truth" / "persons.parquet"
    if not path.exists():
        return None
    import pyarrow.parquet as pq

    truth = pq.read_table(path, columns=["file_name", "line", "true_person_id"])
    true_of = {
        (name, line): person
        for name, line, person in zip(*(column.to_pylist() for column in truth.columns), strict=True)
    }
    rows = await pool.fetch(load_queries("app").fetch_memberships)
    pairs = [(row["person_id"], true_of.get((row["file_name"], row["line"]))) for row in rows]
    known = [(predicted, true) for predicted, true in pairs if true is not None]
    predicted, true = (np.array(column, dtype=np.int64) for column in zip(*known, strict=True))
    quality = score_clusters(predicted, true)
    return {name: round(float(getattr(quality, name)), 5) for name in ("precision", "recall", "f1")}
