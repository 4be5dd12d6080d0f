"""Every stated fault strikes near its rate, shows in the file as it should, and is on record."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from simulate.errors import SimulationError
from simulate.faults import BAD_CODES, BAD_DATES, KINDS, ErrorRates
from simulate.province import SimulationReport, simulate

# Diqing: names with a middle dot are common there.
REGION = "533400000000"
HOUSEHOLDS = 900
RATE = 0.08
DATE_PATTERNS = (
    r"\d{4}-\d\d-\d\d",
    r"\d{4}/\d{1,2}/\d{1,2}",
    r"\d{8}",
    r"\d{4}年\d{1,2}月\d{1,2}日",
    r"\d{4}\.\d\d\.\d\d",
)


class Run:
    """One simulation, read back."""

    def __init__(self, report: SimulationReport, out: Path) -> None:
        self.report = report
        truth = pq.read_table(out / "truth" / "persons.parquet").to_pylist()
        self.people = {p["true_person_id"]: p for p in pq.read_table(out / "truth" / "people.parquet").to_pylist()}
        self.truth = {(row["file_name"], row["line"]): row for row in truth}
        self.csv = next((out / "feeds").glob("human_resources_*.csv"))
        self.ndjson = next((out / "feeds").glob("rural_revitalization_*.ndjson"))
        text = self.csv.read_bytes().decode("gb18030").split("\r\n")
        self.headings = text[0].split(",")
        self.lines = {number: line.split(",") for number, line in enumerate(text[:-1], start=1) if number > 1}
        self.objects = dict(enumerate(self.ndjson.read_text(encoding="utf-8").splitlines(), start=1))

    def rows(self, kind: str) -> list[tuple[dict[str, str], dict[str, object]]]:
        """Cells of the CSV by heading, and the person's truth, of rows with ``kind`` and all their columns."""
        found = []
        for number, cells in self.lines.items():
            row = self.truth[self.csv.name, number]
            if kind in row["errors"] and len(cells) == len(self.headings):
                found.append((dict(zip(self.headings, cells, strict=True)), self.people[row["true_person_id"]]))
        return found

    def share(self, kind: str) -> float:
        rows = [row for (name, _), row in self.truth.items() if name == self.csv.name]
        return sum(kind in row["errors"] for row in rows) / len(rows)


def run(out: Path, rates: ErrorRates) -> Run:
    return Run(simulate(REGION, HOUSEHOLDS, 103, out, format="ndjson", errors=rates), out)


def only(**rates: float) -> ErrorRates:
    return replace(ErrorRates.none(), **rates)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(tmp_path_factory.mktemp("clean") / "data", ErrorRates.none())


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Run:
    kinds = (
        "missing_number", "mistyped_number", "transposed_number", "old_number", "shared_number", "rounded_number",
        "apostrophe_number", "full_width_number",
    )  # fmt: skip
    return run(tmp_path_factory.mktemp("numbers") / "data", only(lowercase_x=0.5, **dict.fromkeys(kinds, RATE)))


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Run:
    kinds = (
        "name_homophone", "name_traditional", "missing_phone", "mistyped_phone", "stale", "duplicate", "broken_columns",
        "broken_date", "broken_code",
    )  # fmt: skip
    rates = only(name_dots=0.5, moved=0.5, date_form=0.5, **dict.fromkeys(kinds, RATE))
    return run(tmp_path_factory.mktemp("others") / "data", rates)


def near(share: float, rate: float) -> bool:
    """Within what chance and the eligible rows allow at these sizes."""
    return 0.6 * rate <= share <= 1.45 * rate


def test_without_faults_every_row_is_the_truth(clean: Run) -> None:
    assert all(row["errors"] == [] for row in clean.truth.values())
    for number, cells in clean.lines.items():
        row = dict(zip(clean.headings, cells, strict=True))
        person = clean.people[clean.truth[clean.csv.name, number]["true_person_id"]]
        assert row["姓名"] == person["name"]
        assert row["身份证号码"] == person["citizen_number"]
        assert row["联系电话"] == (person["phone"] or "")
    for number, line in clean.objects.items():
        row = json.loads(line)
        person = clean.people[clean.truth[clean.ndjson.name, number]["true_person_id"]]
        assert (row["姓名"], row["证件号码"]) == (person["name"], person["citizen_number"])
    assert len({row["true_person_id"] for (name, _), row in clean.truth.items() if name == clean.csv.name}) == len(
        clean.lines
    )


@pytest.mark.parametrize(
    "kind",
    [
        "missing_number", "mistyped_number", "transposed_number", "shared_number", "rounded_number",
        "apostrophe_number", "full_width_number",
    ],
)  # fmt: skip
def test_number_faults_come_at_their_rate(numbers: Run, kind: str) -> None:
    assert near(numbers.share(kind), RATE)


@pytest.mark.parametrize(
    "kind", ["missing_phone", "mistyped_phone", "duplicate", "broken_columns", "name_homophone", "name_traditional"]
)
def test_other_faults_come_at_their_rate(others: Run, kind: str) -> None:
    # Only names with a character of the kind can show it.
    lowest = 0.1 if kind.startswith("name_") else 0.6
    assert lowest * RATE < others.share(kind) < 1.45 * RATE


def test_only_people_born_before_2000_have_old_numbers(numbers: Run) -> None:
    rows = numbers.rows("old_number")
    assert len(rows) > 30
    for row, person in rows:
        assert str(person["born_on"]) < "2000"
        number = str(person["citizen_number"])
        assert row["身份证号码"] == number[:6] + number[8:17]


def differences(one: str, other: str) -> list[int]:
    return [at for at, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]


def test_mistyped_numbers_differ_in_one_digit_after_the_region(numbers: Run) -> None:
    for row, person in numbers.rows("mistyped_number"):
        (at,) = differences(row["身份证号码"].upper(), str(person["citizen_number"]))
        assert 6 <= at <= 16


def test_transposed_numbers_have_two_neighbours_changed(numbers: Run) -> None:
    for row, person in numbers.rows("transposed_number"):
        true = str(person["citizen_number"])
        first, second = differences(row["身份证号码"].upper(), true)
        assert second == first + 1
        assert (row["身份证号码"][first], row["身份证号码"][second]) == (true[second], true[first])
        assert first >= 6


def test_shared_numbers_are_somebody_elses(numbers: Run) -> None:
    owners = {person["citizen_number"]: key for key, person in numbers.people.items()}
    rows = numbers.rows("shared_number")
    within = 0
    for row, person in rows:
        owner = numbers.people[owners[row["身份证号码"]]]
        assert owner["true_person_id"] != person["true_person_id"]
        within += owner["true_household_id"] == person["true_household_id"]
    assert within > 0.4 * len(rows)


def test_rounded_numbers_end_in_000_or_are_powers_of_ten(numbers: Run) -> None:
    rows = [(row["身份证号码"], str(person["citizen_number"])) for row, person in numbers.rows("rounded_number")]
    powers = [(text, true) for text, true in rows if "E+" in text]
    assert 0.05 < len(powers) / len(rows) < 0.4
    for text, true in powers:
        assert float(text) == pytest.approx(int(true[:17] + "0"), rel=1e-5)
    assert all(text == true[:15] + "000" for text, true in rows if "E+" not in text)


def test_the_small_slips_of_writing(numbers: Run) -> None:
    for row, person in numbers.rows("apostrophe_number"):
        assert row["身份证号码"].upper() == "'" + str(person["citizen_number"])
    wide = str.maketrans("０１２３４５６７８９Ｘｘ", "0123456789Xx")
    for row, person in numbers.rows("full_width_number"):
        text = row["身份证号码"]
        assert not text.isascii()
        assert text.translate(wide).upper() == person["citizen_number"]
    lower = [row for row, _ in numbers.rows("lowercase_x")]
    assert lower
    assert all(row["身份证号码"].rstrip().endswith(("x", "ｘ")) for row in lower)
    assert all(not row["身份证号码"] for row, _ in numbers.rows("missing_number"))


def test_whatever_is_wrong_with_a_number_it_stays_nobodys(numbers: Run) -> None:
    wide = str.maketrans("０１２３４５６７８９Ｘｘ", "0123456789Xx")
    for cells in numbers.lines.values():
        number = cells[1].translate(wide).lstrip("'")
        assert number == "" or "E+" in number or number.startswith("00")


def test_names_vary_in_dots_homophones_and_traditional_characters(others: Run) -> None:
    dotted = [p for p in others.people.values() if "·" in str(p["name"])]
    assert len(dotted) > 50
    rows = others.rows("name_dots")
    assert len(rows) > 20
    for row, person in rows:
        assert "·" in str(person["name"])
        assert "·" not in row["姓名"]
    for kind in ("name_homophone", "name_traditional"):
        for row, person in others.rows(kind):
            if "name_dots" not in row and "·" not in str(person["name"]):
                assert len(row["姓名"]) == len(str(person["name"]))
                assert row["姓名"] != person["name"]
    from pypinyin import lazy_pinyin

    plain = [
        (row["姓名"], str(person["name"]))
        for row, person in others.rows("name_homophone")
        if "·" not in str(person["name"])
    ]
    alike = [all(set(lazy_pinyin(a)) & set(lazy_pinyin(b)) for a, b in zip(x, y, strict=True)) for x, y in plain]
    assert sum(alike) > 0.85 * len(alike)  # a traditional character may have struck as well


def test_dates_come_in_all_five_forms(others: Run) -> None:
    import re

    seen = dict.fromkeys(DATE_PATTERNS, 0)
    marked = total = 0
    for number, cells in others.lines.items():
        if len(cells) != len(others.headings):
            continue
        row = dict(zip(others.headings, cells, strict=True))
        value = row["外出时间"]
        if not value or value in BAD_DATES:
            continue
        total += 1
        marked += "date_form" in others.truth[others.csv.name, number]["errors"]
        (form,) = [pattern for pattern in DATE_PATTERNS if re.fullmatch(pattern, value)]
        seen[form] += 1
    assert all(seen.values())
    assert near(marked / total, 0.5)
    assert seen[DATE_PATTERNS[0]] / total == pytest.approx(0.5, abs=0.08)


def test_stale_rows_contradict_what_people_do(others: Run) -> None:
    rows = others.rows("stale")
    assert len(rows) > 30
    for row, person in rows:
        if row["就业状态"] not in BAD_CODES:
            assert (row["就业状态"] == "已就业") != person["in_work"]


def test_moved_people_stand_at_their_old_address(others: Run, clean: Run) -> None:
    rows = others.rows("moved")
    moved = [p for p in others.people.values() if p["living_region_code"] != p["registered_region_code"]]
    assert len(rows) > 10
    for row, person in rows:
        assert person["living_region_code"] != person["registered_region_code"]
        assert row["现居住地"] == row["户籍地址"]
    ids = {person["true_person_id"] for _, person in rows}
    in_file = {row["true_person_id"] for (name, _), row in others.truth.items() if name == others.csv.name}
    assert near(len(ids) / len([p for p in moved if p["true_person_id"] in in_file]), 0.5)
    for number, cells in clean.lines.items():
        person = clean.people[clean.truth[clean.csv.name, number]["true_person_id"]]
        same = person["living_region_code"] == person["registered_region_code"]
        assert (cells[3] == cells[4]) == same


def test_duplicates_stand_beside_their_row(others: Run) -> None:
    for (name, number), row in others.truth.items():
        if "duplicate" in row["errors"]:
            assert others.truth[name, number - 1]["true_person_id"] == row["true_person_id"]


def test_broken_rows_are_broken_and_only_they(others: Run) -> None:
    for number, cells in others.lines.items():
        errors = others.truth[others.csv.name, number]["errors"]
        assert (len(cells) != len(others.headings)) == ("broken_columns" in errors)
        if "broken_columns" not in errors:
            row = dict(zip(others.headings, cells, strict=True))
            assert ("broken_date" in errors) == (row["外出时间"] in BAD_DATES or row["返乡时间"] in BAD_DATES)
            assert ("broken_code" in errors) == any(row[h] in BAD_CODES for h in ("文化程度", "就业状态", "人员类别"))
    for number, line in others.objects.items():
        broken = "broken_columns" in others.truth[others.ndjson.name, number]["errors"]
        try:
            json.loads(line)
        except json.JSONDecodeError:
            assert broken
        else:
            assert not broken


def test_every_kind_occurs_somewhere(numbers: Run, others: Run) -> None:
    seen = {kind for r in (numbers, others) for row in r.truth.values() for kind in row["errors"]}
    assert seen == set(KINDS)


def test_a_spreadsheet_keeps_some_rounded_numbers_as_numbers(tmp_path: Path) -> None:
    report = simulate(REGION, 300, 104, tmp_path / "data", format="xlsx", errors=only(rounded_number=0.5))
    (path,) = [p for p in report.files if p.name.startswith("rural")]
    rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    column = rows[0].index("证件号码")
    kinds = {type(row[column]) for row in rows[1:]}
    assert kinds == {str, float}
    for row in rows[1:]:
        if isinstance(row[column], float):
            assert row[column] % 1000 == 0


@pytest.mark.parametrize(
    "bad", [{"missing_number": -0.1}, {"stale": 1.5}, {"missing_number": 0.6, "rounded_number": 0.6}]
)
def test_impossible_rates_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(SimulationError):
        ErrorRates(**bad)


def test_rates_scale() -> None:
    assert ErrorRates().scaled(0.0) == ErrorRates.none()
    assert ErrorRates().scaled(2.0).stale == 2 * ErrorRates().stale
    assert ErrorRates().scaled(3.0).name_dots == 1.0
