"""The normal form of a record: which value counts where several could."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.identity.normalise import Normal, normalise
from hub.identity.numbers import check_digit

COUNTY, TOWNSHIP, VILLAGE = "530627000000", "530627102000", "530627102214"
BODY = "00062719850312457"
NUMBER = BODY + check_digit(BODY)


def seen(**values: Any) -> Normal:
    return normalise({"source_record_id": 7, "feed": "human_resources", "region_code": COUNTY, **values})


def test_the_fields_are_the_columns_of_the_table() -> None:
    migration = Path(__file__).parents[2] / "migrations" / "0002_identity.sql"
    table = migration.read_text(encoding="utf-8").split("CREATE TABLE identity.normal (")[1].split(");")[0]
    columns = [line.split()[0] for line in table.splitlines() if line.strip()]
    assert [field.name for field in fields(Normal)] == columns


def test_an_empty_record_is_all_unknown() -> None:
    told = {field.name: getattr(seen(), field.name) for field in fields(Normal)}
    assert {name: value for name, value in told.items() if value is not None} == {
        "source_record_id": 7,
        "number_state": "missing",
    }
    assert seen(name=" · ") == seen()


def test_the_number_is_believed_before_the_columns_beside_it() -> None:
    record = seen(citizen_number=NUMBER, sex="2", born_on="1999-01-01")
    assert (record.sex, record.born_on) == ("1", date(1985, 3, 12))


def test_a_broken_number_is_believed_after_them() -> None:
    broken = NUMBER[:16] + ("8" if NUMBER[16] == "7" else "7") + NUMBER[17]
    assert seen(citizen_number=broken, born_on="1999-01-01").born_on == date(1999, 1, 1)
    assert seen(citizen_number=broken).born_on == date(1985, 3, 12)
    assert seen(citizen_number=broken, sex="2").sex == "2"
    assert seen(citizen_number=broken).sex is None


def test_a_zero_that_a_spreadsheet_wrote_makes_no_woman() -> None:
    bodies = [f"000627198503{day:02d}100" for day in range(1, 29)]
    cut = next(body for body in bodies if check_digit(body) == "0")
    record = seen(citizen_number=cut + "0", sex="1")
    assert (record.number_state, record.sex) == ("valid", "1")


def test_an_address_stands_in_for_a_code() -> None:
    record = seen(registered_address="云南昭通镇雄泼机镇老包寨村三组12号", living_address="不详")
    assert (record.registered_region_code, record.living_region_code) == (VILLAGE, None)
    coded = seen(registered_address="云南昭通镇雄泼机镇老包寨村", registered_region_code="530627001000")
    assert coded.registered_region_code == "530627001000"


@pytest.mark.parametrize(
    ("values", "household"),
    [
        ({"household_code": "H1", "certificate_number": "C1"}, "human_resources:H1"),
        ({"certificate_number": "C1"}, "human_resources:C1"),
        ({}, None),
    ],
)
def test_a_household_is_its_feed_s_own(values: dict[str, str], household: str | None) -> None:
    assert seen(**values).household_ref == household


texts = st.one_of(st.none(), st.text(max_size=24), st.from_regex(r"[0-9]{15,18}", fullmatch=True))


@given(name=texts, citizen_number=texts, phone=texts, registered_address=texts, living_address=texts)
def test_whatever_a_department_sends_has_a_normal_form(**values: str | None) -> None:
    record = seen(**values)
    assert (record.pinyin is None) == (record.name is None)
    assert record.name != ""
    assert (record.citizen_number is not None) == (record.number_state in ("valid", "widened"))
