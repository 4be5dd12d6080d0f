"""Reasons in words: one entry a code, Chinese and English, for a term that raises the score and one that lowers it.

The figures come from the calculation; nothing here is written by a model. A template may use the names in its
``detail``; where one of them is missing, the plain form is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Literal

Language = Literal["zh", "en"]
Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class Wording:
    """How a code reads. ``*_up`` raises the score, ``*_down`` lowers it; ``*_plain`` needs no figure."""

    zh_up: str
    zh_down: str
    en_up: str
    en_down: str
    zh_up_plain: str = ""
    zh_down_plain: str = ""
    en_up_plain: str = ""
    en_down_plain: str = ""


def _same(zh: str, en: str, *, zh_plain: str = "", en_plain: str = "") -> Wording:
    return Wording(zh, zh, en, en, zh_plain, zh_plain, en_plain, en_plain)


#: Terms of the score, then facts beside it.
REASONS: dict[str, Wording] = {
    "wage": Wording(
        "工资较好：约 {wage} 元/月",
        "工资偏低：约 {wage} 元/月",
        "well paid: about ¥{wage} a month",
        "poorly paid: about ¥{wage} a month",
        "工资较好",
        "工资偏低",
        "well paid",
        "poorly paid",
    ),
    "distance": Wording(
        "离家近：约 {km} 公里",
        "离家远：约 {km} 公里",
        "near home: about {km} km",
        "far from home: about {km} km",
        "离家近",
        "离家远",
        "near home",
        "far from home",
    ),
    "scope": Wording(
        "在意愿地点范围内",
        "不在意愿地点范围内",
        "where the person wishes to work",
        "not where the person wishes to work",
    ),
    "occupation": Wording(
        "与意愿工种或从事过的工种相近",
        "与意愿工种和从事过的工种不同",
        "close to the work wished for or done before",
        "unlike the work wished for or done before",
    ),
    "skills": Wording(
        "技能和经历与岗位职责相符",
        "技能和经历与岗位职责不太相符",
        "skills and experience fit the duties",
        "skills and experience fit the duties little",
    ),
    "skill_level": Wording(
        "技能等级达到或超过要求",
        "技能等级不占优势",
        "skill level meets or exceeds what is asked",
        "skill level gives no advantage",
    ),
    "education": Wording(
        "文化程度达到或超过要求",
        "文化程度不占优势",
        "education meets or exceeds what is asked",
        "education gives no advantage",
    ),
    "conditions": Wording(
        "劳动强度和班次合适",
        "劳动强度或班次不太合适",
        "shifts and strain suit",
        "shifts or strain suit little",
    ),
    "lodging": Wording("包住", "不包住", "lodging provided", "no lodging"),
    "insurance": Wording("缴纳社会保险", "不缴纳社会保险", "social insurance paid", "no social insurance"),
    "experience": Wording(
        "与外出务工经历相符",
        "与外出务工经历不太相符",
        "fits the experience of working away",
        "fits the experience of working away little",
    ),
    "age": Wording("年龄合适", "年龄接近上限", "age suits", "close to the age limit"),
    "tied": Wording(
        "不需要离家", "需要离家，而本人不能外出", "no need to leave home", "away, though the person cannot leave home"
    ),
    "vacancies": Wording("招聘人数较多", "招聘人数较少", "many places", "few places"),
    "term": Wording("合同期限较长", "合同期限较短", "a long contract", "a short contract"),
    "other": Wording("其他因素有利", "其他因素不利", "other factors in favour", "other factors against"),
    "crowding": _same(
        "竞争较大：每个名额约有 {people} 人首选",
        "crowded: first choice of about {people} people a vacancy",
        zh_plain="竞争较大",
        en_plain="crowded",
    ),
    "first_job": _same("可使零就业家庭有一人就业", "ends the household's zero employment"),
    "last_resort": _same(
        "无法离乡、无业可扶：附近没有适合的岗位，公益性岗位兜底",
        "cannot leave home and no local option is on record: a post of last resort",
    ),
    "unlocks": _same(
        "取得证书后至少可多应聘 {openings} 个岗位",
        "with the certificate at least {openings} more openings are within reach",
        zh_plain="取得证书后可应聘更多岗位",
        en_plain="with the certificate more openings are within reach",
    ),
    "raises_chance": _same(
        "就业可能性提高约 {points} 个百分点",
        "raises the chance of a placement by about {points} points",
        zh_plain="提高就业可能性",
        en_plain="raises the chance of a placement",
    ),
    "wished_occupation": _same("培训工种与意愿工种相近", "teaches the work wished for"),
    "missing_skill": _same(
        "还缺技能等级：{level}",
        "still missing: skill level {level}",
        zh_plain="还缺技能等级",
        en_plain="a skill level is missing",
    ),
    "taught_by": _same(
        "可参加 {days} 天的培训取得（项目 {programme}）", "a course of {days} days teaches it (programme {programme})"
    ),
}

#: Why somebody got nothing.
SHORTFALLS: dict[str, Wording] = {
    "no_opening": _same("目前没有在招岗位", "no opening is posted"),
    "no_eligible_opening": _same(
        "没有符合条件的岗位；最常见的限制：{rule}",
        "no opening the person qualifies for; most often stopped by: {rule}",
        zh_plain="没有符合条件的岗位",
        en_plain="no opening the person qualifies for",
    ),
    "outside_wish": _same(
        "符合条件的岗位都不在意愿地点范围内", "all suitable openings lie outside where the person would go"
    ),
    "no_vacancy": _same(
        "符合条件的岗位名额已满（{openings} 个岗位、{vacancies} 个名额）",
        "every suitable vacancy went to others ({openings} openings, {vacancies} vacancies)",
        zh_plain="符合条件的岗位名额已满",
        en_plain="every suitable vacancy went to others",
    ),
    "household_quota": _same("家庭公益性岗位名额已用完", "the household holds as many welfare posts as it may"),
}


def render_reason(code: str, detail: Mapping[str, Value], lang: Language, *, contribution: float = 0.0) -> str:
    """The reason in words. An unknown code is shown as it stands.

    Parameters
    ----------
    contribution
        Of the term to the score; below 0 the lowering form is taken.
    """
    wording = REASONS.get(code) or SHORTFALLS.get(code)
    if wording is None:
        return code
    side = "down" if contribution < 0 else "up"
    text: str = getattr(wording, f"{lang}_{side}")
    wanted = {name for _, name, _, _ in Formatter().parse(text) if name}
    if any(detail.get(name) is None for name in wanted):
        return getattr(wording, f"{lang}_{side}_plain") or code
    return text.format_map({name: _figure(detail[name]) for name in wanted})


def _figure(value: Value) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 10 else f"{value:.1f}".removesuffix(".0")
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
