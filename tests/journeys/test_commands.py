"""Every command as its users type it: what it says, its exit code, and one line where something is wrong."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from python_calamine import CalamineWorkbook

from hub.db import open_database
from hub.settings import Settings

ROOT = Path(__file__).parents[2]
COUNTY = "530627000000"


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """The object on the last line."""
        assert self.code in (0, 65), self.err
        return json.loads(self.out.splitlines()[-1])

    def complaint(self, code: str) -> str:
        """The one line on standard error, which begins with its code."""
        lines = [line for line in self.err.splitlines() if line.strip() and not line.endswith(" s")]
        assert len(lines) == 1, self.err
        assert lines[0].startswith(f"{code}: "), self.err
        assert self.out == ""
        return lines[0]


@dataclass(frozen=True)
class Installation:
    """An installation of its own, embedded database and all."""

    data_dir: Path

    def __call__(self, *arguments: str, **environ: str) -> Done:
        """Run ``yunqiao`` with arguments."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("YUNQIAO_")}
        done = subprocess.run(
            [sys.executable, "-m", "app.cli", *arguments],
            env={**kept, "YUNQIAO_DATA_DIR": str(self.data_dir), **environ},
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=300,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("county")
    done = Installation(folder)(
        "simulate", "--out", str(folder / "out"), "--households", "120", "--seed", "101", "--json"
    )
    assert done.json()["persons"] > 200
    return folder / "out"


@pytest.fixture(scope="module")
def yunqiao(tmp_path_factory: pytest.TempPathFactory, county: Path) -> Installation:
    """An installation with the county taken in, resolved and matched."""
    installation = Installation(tmp_path_factory.mktemp("installation"))
    # One column name broken in one file, one value in another.
    (rural,) = county.glob("feeds/rural_revitalization_*")
    broken = county / "feeds" / "openings_530627000000_20260101.csv"
    broken.write_text("岗位编号,奇怪的表头\n1,2\n", encoding="utf-8")
    assert rural.exists()
    taken = installation("ingest", str(county), "--json")
    assert taken.code == 65, "one file was refused, and the others are landed all the same"
    states = {batch["file_name"]: batch["state"] for batch in taken.json()["batches"]}
    assert states.pop(broken.name) == "refused"
    assert set(states.values()) == {"landed"}
    assert f"heading_missing: {broken.name}" in taken.err
    broken.unlink()
    assert installation("resolve", "--json").json()["identity"]
    return installation


def test_simulating_twice_gives_the_same_bytes(yunqiao: Installation, county: Path, tmp_path: Path) -> None:
    again = ("simulate", "--out", str(tmp_path / "b"), "--households", "120", "--seed", "101")
    assert yunqiao(*again).code == 0
    ours = {file.relative_to(county): file.read_bytes() for file in county.rglob("*") if file.is_file()}
    other = {
        file.relative_to(tmp_path / "b"): file.read_bytes() for file in (tmp_path / "b").rglob("*") if file.is_file()
    }
    assert ours == other


def test_the_same_files_again_write_nothing(yunqiao: Installation, county: Path) -> None:
    batches = yunqiao("ingest", str(county), "--json").json()["batches"]
    assert {batch["state"] for batch in batches} == {"unchanged"}
    report = yunqiao("resolve", "--json").json()
    assert report["identity"]["touched"] == []


def test_matching_reports_and_explains(yunqiao: Installation) -> None:
    report = yunqiao("match", "--region", COUNTY, "--json").json()
    for name in (
        "willing",
        "with_eligible_opening",
        "with_recommendation",
        "zero_employment_households",
        "zero_employment_placed",
        "zero_employment_max_flow",
        "vacancies",
        "vacancies_filled",
    ):
        assert isinstance(report[name], int), name
    assert report["zero_employment_placed"] == report["zero_employment_max_flow"]
    assert yunqiao("match", "--region", COUNTY).code == 0
    told = yunqiao("explain", "1", "1", "--json").json()
    assert {verdict["verdict"] for verdict in told["verdicts"]} <= {"pass", "fail", "ask"}
    assert all(verdict["legal_basis"] for verdict in told["verdicts"])
    assert "legal basis" in yunqiao("explain", "1", "1").out


def test_rejected_rows_come_back_as_a_workbook(yunqiao: Installation, county: Path, tmp_path: Path) -> None:
    (human,) = county.glob("feeds/human_resources_*.csv")
    lines = human.read_bytes().split(b"\r\n" if b"\r\n" in human.read_bytes() else b"\n")
    spoilt = tmp_path / human.name.replace(".csv", "_delta.csv")
    spoilt.write_bytes(b"\n".join([lines[0], lines[1], b"1,2,3"]) + b"\n")
    (batch,) = yunqiao("ingest", str(spoilt), "--json").json()["batches"]
    assert (batch["state"], batch["rows_rejected"]) == ("landed", 1)
    number = str(batch["batch_id"])
    (row,) = yunqiao("rejections", number, "--json").json()["rejections"]
    assert (row["line"], row["code"]) == (3, "row_width")
    assert "row_width" in yunqiao("rejections", number).out
    assert yunqiao("rejections", number, "--xlsx", str(tmp_path / "back.xlsx")).code == 0
    table = CalamineWorkbook.from_path(str(tmp_path / "back.xlsx")).get_sheet_by_index(0).to_python()
    assert table[1][0] == "3"
    assert list(table[1][2:5]) == ["1", "2", "3"]


def test_a_clerk_decides_who_is_who(yunqiao: Installation, county: Path, tmp_path: Path) -> None:
    # Somebody's number comes again, under another name and from another house.
    (rural,) = county.glob("feeds/rural_revitalization_*")
    rows = CalamineWorkbook.from_path(str(rural)).get_sheet_by_index(0).to_python()
    start = next(place for place, row in enumerate(rows) if "姓名" in row)
    headings = [str(cell) for cell in rows[start]]
    found = (dict(zip(headings, row, strict=True)) for row in rows[start + 1 :])
    lent = next(row for row in found if len(str(row["证件号码"])) == 18 and not str(row["证件号码"]).endswith("000"))
    lent |= {"姓名": "欧阳借证", "户编号": "53062700100199999", "人编号": "5306270010019999901", "与户主关系": "户主"}
    sent = tmp_path / f"{rural.stem}_delta.ndjson"
    sent.write_text(json.dumps(lent, ensure_ascii=False) + "\n", encoding="utf-8")
    (batch,) = yunqiao("ingest", str(sent), "--json").json()["batches"]
    assert batch["rows_new"] == 1
    assert yunqiao("resolve", "--json").code == 0
    cases = yunqiao("identity", "reviews", "--json").json()["reviews"]
    assert cases, "a made-up county has doubtful cases"
    assert [case["stake"] for case in cases] == sorted((case["stake"] for case in cases), reverse=True)
    case = str(cases[0]["case"])
    shown = yunqiao("identity", "show", case, "--json").json()["records"]
    assert len(shown) == cases[0]["records"]
    assert len({record["person"] for record in shown}) > 1
    assert all("****" in record["number"] for record in shown if record["number"])
    whole = yunqiao("identity", "show", case, "--whole", "--json").json()["records"]
    assert not any("*" in (record["number"] or "") for record in whole)
    yunqiao("identity", "decide", case, "--same", "--reason", " ").complaint("link_invalid")
    done = yunqiao("identity", "decide", case, "--same", "--reason", "seen at the counter", "--json").json()
    assert done["people"]
    now = yunqiao("identity", "show", case, "--json").json()
    assert now["state"] == "same"
    (person,) = {record["person"] for record in now["records"]}
    yunqiao("identity", "decide", case, "--different", "--reason", "no").complaint("review_decided")
    told = yunqiao("identity", "history", str(person), "--json").json()
    assert (told["events"][0]["kind"], told["events"][0]["cause"]) == ("merge", "clerk")
    # Taken back for good: the register shows two again, and so does the next run.
    event = str(told["events"][0]["event_id"])
    yunqiao("identity", "undo", event).complaint("link_invalid")
    assert yunqiao("identity", "undo", event, "--reason", "a sister", "--json").json()["people"]
    assert yunqiao("resolve", "--json").code == 0
    after = yunqiao("identity", "show", case, "--json").json()["records"]
    assert {r["record"]: r["person"] for r in after} == {r["record"]: r["person"] for r in shown}
    # Any two records, and back.
    pair = [str(after[0]["record"]), str(next(r["record"] for r in after if r["person"] != after[0]["person"]))]
    assert yunqiao("identity", "link", *pair, "--same", "--reason", "papers").code == 0
    decision = yunqiao("identity", "history", str(after[0]["person"]), "--json").json()["decisions"][0]
    assert decision["kind"] == "must"
    assert yunqiao("identity", "withdraw", str(decision["clerk_link_id"]), "--json").json()
    assert yunqiao("identity", "reviews").code == 0


def test_a_token_for_each_kind_and_a_refusal_for_none(yunqiao: Installation) -> None:
    for arguments in (
        ("--kind", "station", "--region", "530627001000"),
        ("--kind", "county", "--region", COUNTY),
        ("--kind", "department", "--region", COUNTY, "--department", "civil_affairs"),
        ("--kind", "partner", "--partner", "SH001"),
        ("--kind", "person", "--person", "1"),
        ("--kind", "administrator", "--region", "530000000000"),
    ):
        made = yunqiao("token", *arguments, "--json").json()
        assert made["kind"] == arguments[1]
        assert made["purposes"]
        assert made["token"].count(".") == 2
    refused = yunqiao("token", "--kind", "station")
    assert refused.code == 65
    refused.complaint("actor_invalid")


def test_what_is_restored_is_what_was_saved(yunqiao: Installation, tmp_path: Path) -> None:
    saved = yunqiao("backup", str(tmp_path / "all.tar"), "--json").json()
    again = yunqiao("backup", str(tmp_path / "all.tar"))
    assert again.code == 75
    again.complaint("backup_exists")
    other = Installation(tmp_path / "other")
    restored = other("restore", str(tmp_path / "all.tar"), "--json").json()
    assert restored["tables"] == saved["tables"]
    second = other("restore", str(tmp_path / "all.tar"))
    assert second.code == 75
    second.complaint("not_empty")


@pytest.mark.parametrize(
    ("arguments", "environ", "exit_code", "code"),
    [
        (("ingest", "no/such/file.csv"), {}, 65, "path_missing"),
        (("ingest", "x.csv", "--as-of", "yesterday"), {}, 65, "day_unreadable"),
        (("ingest", "README.md", "--mode", "both"), {}, 65, "mode_unknown"),
        (("rejections", "999999"), {}, 66, "batch_unknown"),
        (("match", "--region", "000000000000"), {}, 65, "actor_invalid"),
        (("explain", "999999", "1"), {}, 66, "person_unknown"),
        (("identity", "show", "999999"), {}, 66, "review_unknown"),
        (("identity", "undo", "999999", "--once"), {}, 66, "event_unknown"),
        (("restore", "README.md"), {}, 65, "backup_unreadable"),
        (("demo", "--check", "--data", "no/such/directory"), {}, 65, "data_missing"),
        (("simulate", "--out", "/proc/nothing", "--households", "5"), {}, 74, "file_unusable"),
        (("simulate", "--out", "x", "--region", "999999000000"), {}, 65, "simulation_refused"),
        (("migrate",), {"YUNQIAO_PORT": "many"}, 65, "setting_invalid"),
        (("migrate",), {"YUNQIAO_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x"}, 69, "database_unavailable"),
    ],
)
def test_what_is_wrong_is_one_line(
    yunqiao: Installation, arguments: tuple[str, ...], environ: dict[str, str], exit_code: int, code: str
) -> None:
    done = yunqiao(*arguments, **environ)
    assert done.code == exit_code, done.err
    done.complaint(code)


def test_every_command_that_tells_or_changes_something_is_audited(yunqiao: Installation) -> None:
    made = yunqiao("token", "--kind", "county", "--region", COUNTY, "--json").json()
    assert yunqiao("explain", "2", "1", "--json").code == 0

    async def read() -> dict[str, asyncpg.Record]:
        settings = Settings.from_env({"YUNQIAO_DATA_DIR": str(yunqiao.data_dir)})
        async with open_database(settings, role="owner", max_size=1) as pool:
            rows = await pool.fetch("SELECT * FROM audit.entry WHERE actor_kind = 'operator' ORDER BY entry_id")
        return {row["action"]: row for row in rows}

    entries = asyncio.run(read())
    assert {"ingest", "resolve", "token", "explain"} <= set(entries)
    assert entries["explain"]["person_ids"] == [2]
    assert entries["token"]["detail"]["actor"] == made["actor_id"]
    assert all(entry["detail"]["user"] for entry in entries.values())


def test_the_audit_is_verified_anchored_and_pruned(yunqiao: Installation, tmp_path: Path) -> None:
    elsewhere = {"YUNQIAO_AUDIT_ANCHORS": str(tmp_path / "anchors")}
    assert yunqiao("audit", "verify").err.count("No line of the anchors"), "what is not proved is said"
    assert yunqiao("audit", "anchor", "--json", **elsewhere).json()["written"] is True
    assert yunqiao("audit", "anchor", "--json", **elsewhere).json()["written"] is False
    report = yunqiao("audit", "verify", "--json", **elsewhere).json()
    assert report["whole"]
    assert report["anchored_to"] == report["last_segment_id"] > 1
    assert report["entries"] == report["last_entry_id"]
    pruned = yunqiao("audit", "prune", "--json").json()
    assert (pruned["dropped"], pruned["held"]) == ({}, [])
    assert "个人信息保护法" in pruned["legal_basis"][0]

    async def change(statement: str) -> None:
        settings = Settings.from_env({"YUNQIAO_DATA_DIR": str(yunqiao.data_dir)})
        async with open_database(settings, role="owner", max_size=1) as pool:
            await pool.execute(statement)

    asyncio.run(change("UPDATE audit.entry SET action = 'nothing' WHERE entry_id = 2"))
    done = yunqiao("audit", "verify", "--json", **elsewhere)
    assert done.code == 1
    found = json.loads(done.out.splitlines()[-1])
    assert [(one["kind"], one["entry_id"]) for one in found["findings"]] == [("entry_changed", 2)]
    assert "chain_broken: " in done.err
    shown = yunqiao("audit", "verify", **elsewhere)
    assert (shown.code, "entry_changed" in shown.out, "broken" in shown.out) == (1, True, True)
    asyncio.run(change("UPDATE audit.entry SET action = 'resolve' WHERE entry_id = 2"))
    assert yunqiao("audit", "verify", "--since", "2026-01", **elsewhere).code == 0
    done = yunqiao("audit", "verify", "--since", "June")
    assert done.code == 65
    done.complaint("month_unreadable")


def test_wrong_usage_is_one_line_and_2(yunqiao: Installation) -> None:
    for arguments in (("nonsense",), ("match",), ("simulate", "--households", "many", "--out", "x")):
        done = yunqiao(*arguments)
        assert done.code == 2
        assert len(done.err.strip().splitlines()) == 1, done.err
        assert "--help" in done.err


def test_help_lists_every_command(yunqiao: Installation) -> None:
    listed = yunqiao("--help").out
    for command in (
        "demo", "simulate", "migrate", "ingest", "rejections", "resolve", "match", "serve", "token", "explain",
        "backup", "restore", "identity", "audit",
    ):  # fmt: skip
        assert f" {command} " in listed
