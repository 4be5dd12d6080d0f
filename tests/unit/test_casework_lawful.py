"""An opening that asks for what the law forbids is refused with the article; one that merely mentions a word is not."""

from __future__ import annotations

from datetime import date

import pytest

from hub.casework.lawful import find_unlawful, refuse_unlawful
from hub.errors import InvalidInput
from schema.law import load_posting

TODAY = date(2026, 6, 15)


def found(text: str, *, region_code: str = "530627000000", wage: int = 3000) -> list[str]:
    return [
        item.code
        for item in find_unlawful(
            load_posting(), text, region_code=region_code, wage_low_yuan_per_month=wage, today=TODAY
        )
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("限男性", "sex"),
        ("仅限女", "sex"),
        ("只招男工，包住", "sex"),
        ("女士优先", "sex"),
        ("性别：女", "sex"),
        ("招聘女员工若干", "sex"),
        ("18-45岁，女，身体健康", "sex"),
        ("男性为主", "sex"),
        ("不招女工", "sex"),
        ("限 男 性", "sex"),
        ("限汉族", "nationality"),
        ("不招少数民族", "nationality"),
        ("汉族优先", "nationality"),
        ("民族要求：汉族", "nationality"),
        ("彝族勿扰", "nationality"),
        ("乙肝检测合格", "hepatitis_b"),
        ("体检含两对半", "hepatitis_b"),
        ("ＨＢｓＡｇ阴性", "hepatitis_b"),
        ("已婚已育者", "family"),
        ("三年内不得生育", "family"),
    ],
)
def test_forbidden(text: str, code: str) -> None:
    assert found(text) == [code]


@pytest.mark.parametrize(
    "text",
    [
        "操作平缝机缝制衬衫和校服，男女不限",
        "女装缝纫工",
        "招聘女装缝纫工，按样板拼接衣片",
        "女生宿舍管理员",
        "男鞋成型",
        "适合留守妇女就近就业",
        "性别不限，各民族均可",
        "少数民族同等条件下优先",
        "民族工艺品制作，彝绣、苗绣绣片",
        "婚否不限",
        "婚庆礼仪，月嫂",
        "持健康证上岗",
        "",
    ],
)
def test_allowed(text: str) -> None:
    assert found(text) == []


def test_two_texts_do_not_run_into_one() -> None:
    law = load_posting()
    assert (
        find_unlawful(
            law, "车间主任限", "男鞋成型", region_code="530627000000", wage_low_yuan_per_month=3000, today=TODAY
        )
        == []
    )


@pytest.mark.parametrize(
    ("region_code", "least"),
    [
        ("530627001000", 1770),
        ("530102001000", 2070),
        ("310115000000", 2740),
        ("440306000000", 2520),
        ("441900000000", 2080),
    ],
)
def test_wages_under_the_local_minimum(region_code: str, least: int) -> None:
    assert found("", region_code=region_code, wage=least) == []
    assert found("", region_code=region_code, wage=least - 1) == ["minimum_wage"]


def test_the_refusal_names_the_article() -> None:
    items = find_unlawful(
        load_posting(), "限男性，乙肝勿扰", region_code="530627000000", wage_low_yuan_per_month=100, today=TODAY
    )
    with pytest.raises(InvalidInput) as refused:
        refuse_unlawful(items)
    assert refused.value.code == "opening_unlawful"
    for article in ("就业促进法 第二十七条", "就业促进法 第三十条", "劳动法 第四十八条"):
        assert article in refused.value.detail
    refuse_unlawful([])
