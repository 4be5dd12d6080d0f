"""Cells of any form → canonical values."""

from __future__ import annotations

import string
from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.intake.cells import cell_text
from hub.intake.convert import BAD, field_converter
from hub.intake.places import parse_region, region_of_address, region_of_code
from hub.intake.reasons import REASONS, reason_for
from hub.intake.values import Unreadable, parse_date, parse_identifier, parse_text, parser_for
from schema.codes import LISTS
from schema.feeds import Field, load_layouts, parse_layout
from schema.regions import full_name, load_regions

COUNTY = "530627000000"


def person_field(name: str, options: str = "") -> Field:
    text = f"""
name = "x"
entity = "person"
department = "x"
required_headings = ["{name}"]
record_key = [["{name}"]]
[fields.{name}]
headings = ["甲"]
{options}
"""
    return parse_layout(text, source="x.toml").fields[name]


def read(name: str, cell: str, options: str = "") -> object:
    return parser_for(person_field(name, options))(cell)


def code_of(name: str, cell: str, options: str = "") -> str:
    with pytest.raises(Unreadable) as caught:
        read(name, cell, options)
    return caught.value.code


@pytest.mark.parametrize(
    "cell",
    ["2026-06-01", "2026/6/1", "2026.6.1", "2026年6月1日", "20260601", "46174", "46174.0", "20260601.0",
     "２０２６年６月１日", " 2026 年 6 月 1 号 ", "2026-06-01 08:30:00", "2026-06-01T00:00:00Z", "2026/06/01 0:00"],
)  # fmt: skip
def test_a_day_is_read_in_every_form_departments_write(cell: str) -> None:
    assert read("born_on", cell) == "2026-06-01"


@pytest.mark.parametrize(
    "cell", ["2026-02-30", "20261301", "2026-06", "六月一日", "1/6/2026", "12345678", "1700-01-01", "9"]
)
def test_what_is_no_day_is_not_guessed(cell: str) -> None:
    assert code_of("born_on", cell) == "date_unreadable"


def test_the_form_of_a_date_is_the_layouts_to_say() -> None:
    assert read("born_on", "01/06/2026", 'forms = ["D/M/YYYY"]') == "2026-06-01"
    assert code_of("born_on", "2026-06-01", 'forms = ["D/M/YYYY"]') == "date_unreadable"


@pytest.mark.parametrize("cell", ["2026-06", "2026年6月", "202606", "2026.6", "2026-06-17", "202606.0"])
def test_a_month_is_its_first_day_and_a_partial_date_the_first_of_its_month(cell: str) -> None:
    assert read("benefit_started_on", cell) == "2026-06-01"
    assert str(read("identified_on", cell, "partial = true")).startswith("2026-06")


@given(st.dates(date(1927, 6, 1), date(2099, 12, 31)))
def test_all_forms_of_a_day_are_one_day(day: date) -> None:
    forms = person_field("born_on").forms
    serial = (day - date(1899, 12, 30)).days
    for text in (day.isoformat(), f"{day:%Y%m%d}", f"{day.year}年{day.month}月{day.day}日", str(serial),
                 f"{day.year}.{day.month}.{day.day}", f"{day.year}/{day.month}/{day.day}"):  # fmt: skip
        assert parse_date(text, forms) == day


@pytest.mark.parametrize(
    ("cell", "value"),
    [("3500", 3500), ("3,500", 3500), ("3500.0", 3500), ("3500元", 3500), ("0.35万", 3500), ("３５００ 元/月", 3500)],
)
def test_whole_numbers_with_units_and_commas(cell: str, value: int) -> None:
    assert read("wish_wage_yuan_per_month", cell) == value


def test_numbers_that_are_none_or_out_of_range() -> None:
    assert code_of("wish_wage_yuan_per_month", "面议") == "number_unreadable"
    assert code_of("wish_wage_yuan_per_month", "3500.5") == "number_unreadable"
    assert code_of("wish_wage_yuan_per_month", "35,00") == "number_unreadable"
    assert code_of("wish_wage_yuan_per_month", ".") == "number_unreadable"
    assert code_of("age", "131", "max = 130") == "number_out_of_range"
    assert code_of("age", "-1", "min = 0") == "number_out_of_range"
    assert read("age", "43岁") == 43


def test_a_range_is_a_number_only_where_the_layout_says_which_end() -> None:
    assert code_of("wish_wage_yuan_per_month", "3000-4000元") == "number_unreadable"
    assert read("wish_wage_yuan_per_month", "3000-4000元", 'range = "low"') == 3000
    assert read("wish_wage_yuan_per_month", "3000元至4000元", 'range = "high"') == 4000


def test_a_number_keeps_its_fraction() -> None:
    assert read("net_income_yuan_per_year_per_capita", "8,650.50") == 8650.5
    assert read("net_income_yuan_per_year_per_capita", "8650.00") == 8650
    assert read("net_income_yuan_per_year_per_capita", "-120") == -120


def test_flags_and_a_heading_that_asks_the_opposite() -> None:
    assert read("relocated", "是") is True
    assert read("relocated", "×") is False
    assert code_of("relocated", "也许") == "flag_unreadable"
    field = load_layouts()["human_resources"].fields["cannot_leave_home"]
    assert parser_for(field)("否") is True
    assert parser_for(field)("能") is False


@pytest.mark.parametrize("name", [name for name in LISTS if name in ("education", "sex", "relation", "benefit_kind")])
def test_labels_aliases_and_codes_give_the_code(name: str) -> None:
    for entry in LISTS[name].entries:
        assert read(name, entry.code) == entry.code
        assert read(name, f" {entry.zh} ") == entry.code


def test_the_layouts_own_words_go_before_the_lists() -> None:
    assert read("education", "扫盲班", 'codes = { "扫盲班" = "90" }') == "90"
    assert code_of("education", "扫盲班") == "code_unknown"


def test_identifiers_are_kept_as_sent_but_for_width_blanks_and_apostrophes() -> None:
    assert parse_identifier("'００１２３４ 19900101 002x") == "00123419900101002x"
    assert parse_identifier("\ufeff001234\u200b") == "001234"


def test_text_keeps_rare_characters_and_loses_what_nobody_sees() -> None:
    rare = "李𠮷㑇䶮\ue863"  # beyond the basic plane, and one that GB18030 once kept in private use
    assert parse_text(f"　{rare}\u200b \n 张\x07 ") == f"{rare} 张"
    with pytest.raises(Unreadable, match="text_too_long"):
        parse_text("长" * 4_001)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (5.3010219900307e17, "530102199003070000"), (13800138000.0, "13800138000"), (0.1 + 0.2, "0.3"), (12.0, "12"),
        (datetime(2026, 6, 1), "2026-06-01"), (datetime(2026, 6, 1, 8, 30), "2026-06-01 08:30:00"),  # noqa: DTZ001  # cells have no zone
        (date(2026, 6, 1), "2026-06-01"), (time(8, 30), "08:30:00"), (True, "true"), (None, ""), (float("nan"), ""),
        ("a\x00b\ud800", "a�b�"), (b"\xff\x00", "��"), ([1, "二"], '[1, "二"]'),
    ],
)  # fmt: skip
def test_cells_of_spreadsheets_as_text(cell: object, text: str) -> None:
    assert cell_text(cell) == text


@given(st.text(max_size=30))
def test_a_fragment_is_empty_bad_or_its_fields_json(cell: str) -> None:
    for field in load_layouts()["human_resources"].fields.values():
        fragment = field_converter(field)[cell]
        assert fragment == "" or fragment.startswith((f'"{field.name}":', BAD))
        if fragment.startswith(BAD):
            assert fragment[1:] in REASONS


@given(st.text(string.whitespace + "　-—/", max_size=12))
def test_blanks_and_strokes_are_nothing(cell: str) -> None:
    for name in ("education", "born_on", "age"):
        fragment = field_converter(person_field(name))[cell]
        assert fragment == "" or len(cell.strip()) > 1  # "-/" means nothing we know


def test_reasons_never_hold_the_value() -> None:
    for code in REASONS:
        assert "机密" not in reason_for(code, "姓名", found=3, wanted=4)
        assert reason_for(code, "姓名", found=3, wanted=4).strip()


@pytest.mark.parametrize(
    "address",
    ["云南省昭通市镇雄县泼机镇泼机村民委员会3组", "镇雄县泼机镇泼机村12号", "泼机镇泼机村委会",
     "云南省镇雄县泼机镇泼机村",
     "昭通市镇雄县泼机镇泼机村委会大田坝组５号", " 云南省 昭通市 镇雄县 泼机镇 泼机村"],
)  # fmt: skip
def test_an_address_names_its_village_however_it_is_written(address: str) -> None:
    assert region_of_address(address, COUNTY) == "530627102201"


def test_addresses_elsewhere_or_nowhere() -> None:
    assert region_of_address("广东省深圳市", COUNTY) == "440300000000"
    assert region_of_address("上海市浦东新区", COUNTY) == "310115000000"
    assert region_of_address("楚雄州禄丰市", COUNTY) == next(
        code for code, region in load_regions().items() if region.name == "禄丰市"
    )
    assert region_of_address("四川省泸州市", COUNTY) is None
    assert region_of_address("", COUNTY) is None


def test_every_full_name_is_read_back() -> None:
    read = {code: region_of_address(full_name(code), "") for code in load_regions()}
    # Two that are written alike are one to whoever reads them.
    wrong = [full_name(code) for code, found in read.items() if full_name(found or "") != full_name(code)]
    assert not wrong, "names with brackets, and one with a digit, are names too"


def test_house_numbers_tell_nothing() -> None:
    village = region_of_address("云南省保山市龙陵县镇安镇八0八社区村民委员会3组12号", "")
    assert village == "530523102203"
    assert region_of_address("云南省保山市龙陵县镇安镇12号", "") == "530523102000"


def test_codes_of_every_length_and_prefixes() -> None:
    assert parse_region("530627") == COUNTY
    assert parse_region("530627102201") == "530627102201"
    assert parse_region("99") is None
    assert parse_region("5306271") is None
    assert parse_region("镇雄县") is None  # of which of several provinces' counties nobody says
    assert region_of_code("53062710220100001") == "530627102201"
    assert region_of_code("53062710220100001", 9) == "530627102000"
    assert region_of_code("53062710299900001") == "530627102000"  # a village since merged away
    assert region_of_code("99062710299900001") is None
