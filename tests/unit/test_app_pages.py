"""The pages without a browser: documents fit the schema, texts are whole, forms are read as people type."""

from __future__ import annotations

import re
from importlib import resources
from typing import Any

import pytest
from graphql import parse, validate
from hypothesis import given
from hypothesis import strategies as st

from app.pages.documents import document_names, load_document
from app.pages.forms import FormProblem, number_in, opening_input, place_code, wish_input
from app.pages.paths import local_path
from app.pages.render import age_of, environment, reason_words
from app.pages.texts import load_texts, translate
from app.pages.visit import Refused
from hub.api.schema import build_schema, core_schema
from hub.casework.states import STATES
from schema.codes import REFERRAL_STATE

OPENING = {
    "title": "缝纫工",
    "employer_name": "试用单位",
    "occupation": "缝纫工",
    "place": "云南省昭通市镇雄县",
    "wage_low": "3,000",
    "wage_high": "4000元",
    "vacancies": "２",
}


@pytest.mark.parametrize("name", document_names())
def test_every_operation_fits_the_schema(name: str) -> None:
    document = parse(load_document(name))
    assert not validate(core_schema(build_schema()), document)
    assert [d.name.value for d in document.definitions if d.kind == "operation_definition"] == [name]  # type: ignore[attr-defined]  # operations have names


def test_every_text_is_in_both_languages_and_every_key_of_a_template_exists() -> None:
    texts = load_texts()
    for key, words in texts.items():
        assert set(words) == {"zh", "en"}, key
        assert sorted(re.findall(r"{(\w+)}", words["zh"])) == sorted(re.findall(r"{(\w+)}", words["en"])), key
    folder = resources.files("app.pages").joinpath("templates")
    templates = {entry.name: entry.read_text(encoding="utf-8") for entry in folder.iterdir()}
    for name, text in templates.items():
        for key in re.findall(r"\bt\('([^']+)'", text):
            assert key in texts or key.endswith("."), f"{name}: {key}"
        environment().get_template(name)


def test_every_text_is_used() -> None:
    folder = resources.files("app.pages")
    sources = [entry for place in (folder, folder.joinpath("templates")) for entry in place.iterdir()]
    text = "".join(s.read_text(encoding="utf-8") for s in sources if s.name.endswith((".py", ".html")))
    made_up = ("done.", "field.", "refused.", "state.", "menu.")
    unused = [
        key for key in load_texts() if not key.startswith(made_up) and f"'{key}'" not in text and f'"{key}"' not in text
    ]
    assert not unused


def test_every_state_of_a_referral_has_words() -> None:
    assert {entry.code for entry in REFERRAL_STATE.entries} == STATES


def test_an_opening_form_is_read_as_people_type_it() -> None:
    given_ = opening_input({**OPENING, "lodging": "on", "age_min": "18"})
    assert given_["regionCode"] == "530627000000"
    assert given_["occupationCode"] == "6-05-01-03"
    assert (given_["wageLowYuanPerMonth"], given_["wageHighYuanPerMonth"], given_["vacancies"]) == (3000, 4000, 2)
    assert given_["lodging"] is True
    assert given_["nightShift"] is False
    assert "ageMax" not in given_


@pytest.mark.parametrize("name", sorted(OPENING))
def test_what_is_needed_is_asked_for_by_name(name: str) -> None:
    with pytest.raises(FormProblem) as caught:
        opening_input({key: value for key, value in OPENING.items() if key != name})
    assert (caught.value.key, caught.value.field) == ("form.missing", name)
    assert translate("form.missing", "zh", field=translate(f"field.{name}", "zh"))


@pytest.mark.parametrize(
    ("name", "value", "key"),
    [
        ("wage_low", "三千", "form.number"),
        ("vacancies", "-1", "form.number"),
        ("vacancies", "9999999999", "form.number"),
        ("occupation", "宇宙航行大师傅", "form.occupation"),
        ("place", "某地", "form.place"),
        ("place", "县", "form.place"),
    ],
)
def test_what_cannot_be_read_is_said(name: str, value: str, key: str) -> None:
    with pytest.raises(FormProblem) as caught:
        opening_input({**OPENING, name: value})
    assert (caught.value.key, caught.value.field) == (key, name)


def test_a_place_is_found_by_code_full_name_or_a_name_that_is_its_own() -> None:
    assert place_code("530627000000") == place_code("云南省昭通市镇雄县") == place_code("镇雄县") == "530627000000"
    assert place_code("上海市浦东新区") == "310115000000"


def test_an_empty_box_says_no_and_an_empty_field_says_nothing() -> None:
    assert wish_input({"wage": "3000"}) == {
        "wishesToWork": False,
        "cannotLeaveHome": False,
        "acceptsNightShift": False,
        "wishWageYuanPerMonth": 3000,
    }


@given(st.text())
def test_nobody_is_sent_to_another_host(text: str) -> None:
    path = local_path(text)
    assert path.startswith("/")
    assert not path.startswith("//")
    assert "\\" not in path


@pytest.mark.parametrize("text", ["https://else.where/", "//else.where/", "/\\else.where", "javascript:alert(1)", None])
def test_these_would(text: str | None) -> None:
    assert local_path(text) == "/"


@given(st.text(min_size=1))
def test_numbers_are_numbers_or_refused(text: str) -> None:
    try:
        value = number_in({"n": text}, "n")
    except FormProblem:
        return
    assert isinstance(value, int)
    assert 0 <= value < 10**9


def test_reasons_are_told_in_words() -> None:
    up = {"code": "wage", "sign": 1, "value": 300, "wage": 4200}
    assert reason_words(up, "zh") == "工资较好：约 4,200 元/月"
    assert reason_words({**up, "value": -300}, "en") == "poorly paid: about ¥4,200 a month"
    assert reason_words({"code": "wage", "sign": 1, "value": 300}, "zh") == "工资较好"


def test_age_is_in_full_years() -> None:
    assert age_of(None) is None
    assert age_of("1980-01-01") is not None


@pytest.mark.parametrize(
    ("said", "zh", "status"),
    [
        (
            {"code": "CONFLICT", "reason": "version_stale", "detail": "x"},
            "刚才已有其他人修改了这条记录，请核对后重新提交。",
            409,
        ),
        (
            {"code": "INVALID_INPUT", "reason": "opening_unlawful", "detail": "不得限制性别", "hint": "no sex"},
            "不得限制性别",
            400,
        ),
        (
            {"code": "INVALID_INPUT", "reason": "opening_invalid", "detail": "title: x", "hint": "y"},
            "未能保存：title: x y",
            400,
        ),
        (
            {"code": "UNAVAILABLE", "reason": "database_unavailable"},
            "系统暂时没有响应，已填写的内容没有丢失，请稍后重试。",
            503,
        ),
    ],
)
def test_a_refusal_is_told_in_the_visitors_language(said: dict[str, Any], zh: str, status: int) -> None:
    refusal = Refused({"message": "", "extensions": said})
    assert refusal.words("zh") == zh
    assert refusal.status == status
