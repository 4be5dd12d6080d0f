"""Layouts are data, checked when they are read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from schema.codes import LISTS
from schema.feeds import FIELDS, LayoutError, load_layouts, parse_layout

GOOD = """
name = "disabled_federation"
entity = "person"
department = "disabled_federation"
record_key = [["citizen_number"]]
[fields.name]
headings = ["姓名"]
required = true
[fields.citizen_number]
headings = ["身份证号"]
"""


def test_the_built_in_layouts_are_those_the_departments_and_stations_send() -> None:
    assert set(load_layouts()) == {
        "human_resources", "civil_affairs", "rural_revitalization", "openings", "programmes", "posts", "referrals",
    }  # fmt: skip


def test_every_kind_of_every_canonical_field_can_be_read() -> None:
    plain = {"text", "identifier", "date", "month", "int", "number", "bool", "region", "occupation", "code"}
    for fields in FIELDS.values():
        for kind in fields.values():
            assert kind in plain or kind.removeprefix("code:") in LISTS


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ("name = ", "is not TOML"),
        (GOOD.replace('name = "disabled_federation"\n', "", 1), "name: is missing"),
        (GOOD.replace('"disabled_federation"', '"Disabled Federation"', 1), "name: must be lower-case"),
        (GOOD.replace('"person"', '"persons"'), "entity: 'persons' is not one of"),
        (GOOD.replace("[fields.name]", "[fields.nmae]"), "fields.nmae: the register has no such field"),
        (GOOD.replace("required = true", "requird = true"), "fields.name: 'requird' means nothing here"),
        (GOOD.replace("required = true", 'required = "yes"'), "fields.name.required: must be true or false"),
        (GOOD.replace('["姓名"]', '"姓名"'), "fields.name.headings: must be a list"),
        (GOOD.replace('["姓名"]', "[]"), "fields.name.headings: there must be at least one"),
        (GOOD.replace('["身份证号"]', '["姓 名*"]'), "already stands for name"),
        (GOOD.replace('[["citizen_number"]]', '[["phone"]]'), "record_key: 'phone' is not one of"),
        (GOOD.replace('[["citizen_number"]]', "[]"), "record_key: must be a list of lists"),
        (GOOD.replace("required = true", ""), "required_headings: name at least one"),
        ('formats = ["docx"]' + GOOD, "formats: 'docx' is not one of"),
        ('encodings = ["big5"]' + GOOD, "encodings: 'big5' is not one of"),
        ('mode = "half"' + GOOD, "mode: 'half' is not one of"),
        ("heading_rows = 0" + GOOD, "heading_rows: must be a whole number"),
        ("colour = 1" + GOOD, "top level: 'colour' means nothing here"),
        (GOOD + '[fields.sex]\nheadings = ["性别"]\ncodes = { "先生" = "9" }', "'先生' is given a code outside sex"),
        (GOOD + '[fields.age]\nheadings = ["年龄"]\ncodes = { "老" = "90" }', "the field holds int, not a code"),
        (GOOD + '[fields.born_on]\nheadings = ["生日"]\nforms = ["mm/dd"]', "'mm/dd' is no form of a date"),
        (GOOD + '[fields.age]\nheadings = ["年龄"]\nmin = "0"', "fields.age.min: must be a number"),
        (GOOD + '[fields.relocated]\nheadings = ["搬迁"]\nno = ["是"]', "'是' means yes and no at once"),
        (GOOD + '[derive.sex]\nfrom = "name"\nhow = "region_prefix"', "derive.sex: only a region can be derived"),
        (
            GOOD + '[derive.living_region_code]\nfrom = "phone"\nhow = "region_prefix"',
            "derive.living_region_code.from: 'phone' is not one of",
        ),
        (
            GOOD + '[derive.living_region_code]\nfrom = "name"\nhow = "region_prefix"\ndigits = 7',
            "derive.living_region_code.digits: must be 6, 9 or 12",
        ),
        (GOOD + '[constants]\nhealth = "ill"', "constants.health: the value is no code:health"),
        (GOOD + '[constants]\nname = "甲"', "constants.name: must be a field of the register that the form has no"),
        (GOOD + '[fill_down]\ngroup = "phone"\nfields = []', "fill_down.group: 'phone' is not one of"),
    ],
)
def test_a_broken_layout_says_which_file_where_and_what(broken: str, says: str) -> None:
    assert parse_layout(GOOD, source="good.toml").name == "disabled_federation"
    with pytest.raises(LayoutError, match=re.escape(says)) as caught:
        parse_layout(broken, source="broken.toml")
    assert str(caught.value).startswith("layout broken.toml: ")


def test_a_directory_of_the_installation_adds_layouts_and_replaces_built_in_ones(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "b.toml").write_text(GOOD.replace('"disabled_federation"', '"posts"', 1), encoding="utf-8")
    layouts = load_layouts(tmp_path)
    assert "disabled_federation" in layouts
    assert layouts["posts"].entity == "person"
    assert layouts["openings"] == load_layouts()["openings"]


def test_two_layouts_of_one_name_a_missing_directory_and_bad_bytes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match="is not there"):
        load_layouts(tmp_path / "none")
    (tmp_path / "a.toml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "b.toml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(LayoutError, match="two layouts have it"):
        load_layouts(tmp_path)
    (tmp_path / "b.toml").write_bytes("name = '残联'".encode("gb18030"))
    with pytest.raises(LayoutError, match=r"b\.toml.*cannot be read as UTF-8"):
        load_layouts(tmp_path)


def test_any_change_to_a_layout_changes_its_hash() -> None:
    assert parse_layout(GOOD, source="x").sha256 != parse_layout(GOOD + "\n", source="x").sha256
