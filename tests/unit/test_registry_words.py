"""Addresses and occupations as people write them."""

from __future__ import annotations

import pytest

from schema.addresses import region_of_address
from schema.occupations import load_occupations, occupation_code_of
from schema.regions import full_name, load_regions

COUNTY = "530627000000"


@pytest.mark.parametrize(
    ("text", "within", "code"),
    [
        ("云南省昭通市镇雄县乌峰街道", "", "530627001000"),
        ("昭通市镇雄县乌峰街道办事处", "", "530627001000"),
        ("云南昭通镇雄泼机镇老包寨村三组12号", "", "530627102214"),
        ("泼机镇老包寨村委会", COUNTY, "530627102214"),
        ("红河州元阳县", "", "532528000000"),
        ("红河哈尼族彝族自治州元阳县", "", "532528000000"),
        ("广东省东莞市长安镇", "", "441900119000"),
        ("上海市浦东新区", COUNTY, "310115000000"),
        ("镇雄 县（老家）", "", COUNTY),
        ("北京市海淀区", "", None),
        ("", COUNTY, None),
        ("不详", COUNTY, None),
    ],
)
def test_addresses(text: str, within: str, code: str | None) -> None:
    assert region_of_address(text, within) == code


def test_every_full_name_is_read_back() -> None:
    # One name of 18,648 holds a digit, which ends an address.
    codes = [code for code in load_regions() if code.startswith("5306")]
    assert [code for code in codes if region_of_address(full_name(code)) != code] == []


def test_the_senders_own_township_before_somebody_elses() -> None:
    regions = load_regions()
    by_name: dict[str, list[str]] = {}
    for region in regions.values():
        if region.level == "township" and region.code.startswith("53"):
            by_name.setdefault(region.name, []).append(region.code)
    name, codes = next((name, codes) for name, codes in by_name.items() if len({c[:6] for c in codes}) > 2)
    for code in codes:
        assert region_of_address(name, code[:6] + "000000") == code


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("保洁", "保洁员"),
        ("缝纫工", "缝纫工"),
        ("建筑工地电工", "电工"),
        ("电焊工", "焊工"),
        ("养老护理", "养老护理员"),
        (" 中式 烹调师", "中式烹调师"),
        ("6-05-01-03", "缝纫工"),
        ("公益性岗位", None),
        ("9-99-99-99", None),
        ("工", None),
        ("", None),
    ],
)
def test_occupations(text: str, name: str | None) -> None:
    code = occupation_code_of(text)
    assert (None if code is None else load_occupations()[code].name) == name


def test_every_occupation_is_found_by_its_own_name() -> None:
    wrong = [o for o in load_occupations().values() if occupation_code_of(o.name) not in (o.code,)]
    twins = {o.name for o in wrong}
    assert all(sum(o.name == name for o in load_occupations().values()) > 1 for name in twins), wrong
