"""What lists of the register can be narrowed and ordered by, as data.

``condition`` is SQL over the alias ``{a}`` with ``{v}`` for the bound value; regions come as two bounds ``{low}`` and
``{high}``: a region means everything inside it. A filter reads ``field``, so that must be open to whoever asks. Where
``via`` names a link of the entity, ``{a}`` and ``field`` are those of what the link leads to, and the filter is true
where one of them that may be seen fits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FilterType = Literal["text", "texts", "int", "bool", "date", "region", "age_least", "age_most"]


@dataclass(frozen=True, slots=True)
class Filter:
    """One way to narrow a list."""

    name: str
    type: FilterType
    condition: str
    field: str
    zh: str
    en: str
    via: str | None = None

    @property
    def equality(self) -> bool:
        """It finds only what whoever asks can already name in full."""
        return self.condition == f"{{a}}.{self.field} = {{v}}"


@dataclass(frozen=True, slots=True)
class Order:
    """One way to order a list. Unknown values come last, either way; the key breaks ties."""

    name: str
    field: str
    sql_type: Literal["text", "date", "timestamptz", "integer"]
    descending: bool
    nullable: bool
    zh: str
    en: str


def _inside(column: str) -> str:
    return "{a}." + column + " >= {low} AND {a}." + column + " < {high}"


def _is(name: str, zh: str, en: str, *, field: str = "", via: str | None = None, type_: FilterType = "text") -> Filter:
    column = field or name
    condition = "{a}." + column + (" = ANY ({v})" if type_ == "texts" else " = {v}")
    return Filter(name, type_, condition, column, zh, en, via)


_REGISTERED = Filter(
    "registered_region",
    "region",
    _inside("registered_region_code"),
    "registered_region_code",
    "户籍地（含下级）",
    "Registered inside a region",
)
_LIVING = Filter(
    "living_region",
    "region",
    _inside("living_region_code"),
    "living_region_code",
    "现居住地（含下级）",
    "Living inside a region",
)
_REGION = Filter("region", "region", _inside("region_code"), "region_code", "所在地（含下级）", "Inside a region")
_STATE = _is("state", "状态", "State")
_OCCUPATION = Filter(
    "occupation_prefix",
    "text",
    "{a}.occupation_code ^@ {v}",
    "occupation_code",
    "职业大类、中类、小类",
    "Occupations whose code begins so: a major, minor or unit group",
)

FILTERS: dict[str, tuple[Filter, ...]] = {
    "person": (
        _REGISTERED,
        _LIVING,
        _is("name", "姓名", "Exactly this name"),
        Filter("name_prefix", "text", "{a}.name ^@ {v}", "name", "姓名开头", "Names that begin so"),
        _is("citizen_number", "公民身份号码", "This citizen number, all eighteen characters"),
        _is("willing", "有就业意愿", "Willing to work", type_="bool"),
        _is("in_work", "在业", "In work", type_="bool"),
        _is("sex", "性别", "Sex, GB/T 2261.1"),
        _is("nationality", "民族", "One of these nationalities, GB/T 3304", type_="texts"),
        _is("education", "文化程度", "One of these levels of education, GB/T 4658", type_="texts"),
        _is("skill_level", "技能等级", "One of these skill levels", type_="texts"),
        _is("employment_status", "就业状态", "Employment status"),
        _is("person_category", "人员类别", "Category of the poverty registers"),
        _is("labour_ability", "劳动能力", "Labour ability"),
        Filter("age_min", "age_least", "{a}.born_on <= {v}", "born_on", "最小年龄", "At least so many years old"),
        Filter("age_max", "age_most", "{a}.born_on > {v}", "born_on", "最大年龄", "At most so many years old"),
        Filter("born_before", "date", "{a}.born_on < {v}", "born_on", "出生早于", "Born before a day"),
        _is(
            "zero_employment",
            "零就业家庭成员",
            "In a household with a willing member and nobody in work",
            via="household",
            type_="bool",
        ),
        _is("household_kind", "户类型", "In a household of this kind", via="household"),
        _is("monitored_kind", "监测对象类别", "In a household monitored so", via="household"),
        Filter(
            "monitored",
            "bool",
            "({a}.monitored_kind IS NOT NULL) = {v}",
            "monitored_kind",
            "监测对象",
            "In a monitored household",
            "household",
        ),
        _is(
            "benefit_kind",
            "救助类别",
            "In receipt of a benefit of this kind, now or before",
            field="kind",
            via="benefits",
        ),
        _is("wish_scope", "意愿地点", "Wishes to work there", field="scope", via="wish"),
    ),
    "household": (
        _REGISTERED,
        _LIVING,
        _is("household_code", "户编号", "This code of rural revitalization"),
        _is("household_kind", "户类型", "Kind"),
        _is("monitored_kind", "监测对象类别", "Kind of monitoring in force"),
        _is("zero_employment", "零就业家庭", "Zero employment", type_="bool"),
        _is("low_income", "低收入", "Low income", type_="bool"),
        _is("relocated", "易地扶贫搬迁", "Relocated", type_="bool"),
        _is(
            "benefit_kind",
            "救助类别",
            "In receipt of a benefit of this kind, now or before",
            field="kind",
            via="benefits",
        ),
    ),
    "employment": (_is("form", "就业形式", "Form"),),
    "certificate": (_is("kind", "证书类型", "Kind"),),
    "benefit": (_is("kind", "救助类别", "Kind"), _STATE),
    "monitoring": (_is("kind", "监测类别", "Kind"),),
    "recommendation": (
        _is("kind", "类别", "opening, programme or post"),
        _is("allocated", "已预留", "A place is set aside", type_="bool"),
    ),
    "referral": (
        _is("kind", "类别", "opening, programme or post"),
        _is("state", "状态", "One of these states", type_="texts"),
    ),
    "opening": (
        _REGION,
        _STATE,
        _is("channel", "渠道", "Channel"),
        _OCCUPATION,
        Filter(
            "title_contains",
            "text",
            "position({v} IN {a}.title) > 0",
            "title",
            "岗位名称包含",
            "Title holds these words",
        ),
        Filter(
            "employer_contains",
            "text",
            "position({v} IN {a}.employer_name) > 0",
            "employer_name",
            "用人单位包含",
            "Employer's name holds these words",
        ),
        Filter(
            "wage_at_least",
            "int",
            "{a}.wage_high_yuan_per_month >= {v}",
            "wage_high_yuan_per_month",
            "月薪不低于",
            "Pays up to so much or more, yuan a month",
        ),
        Filter(
            "has_vacancies", "bool", "({a}.filled < {a}.vacancies) = {v}", "filled", "尚有名额", "Has vacancies left"
        ),
        _is("heavy_labour", "重体力", "Heavy labour", type_="bool"),
        _is("night_shift", "夜班", "Night shift", type_="bool"),
        _is("lodging", "包住", "Lodging", type_="bool"),
        _is("social_insurance", "缴纳社保", "Social insurance", type_="bool"),
    ),
    "programme": (
        _REGION,
        _STATE,
        _OCCUPATION,
        Filter("starts_after", "date", "{a}.starts_on > {v}", "starts_on", "开班晚于", "Starts after a day"),
        _is("certificate_kind", "证书类型", "Certificate awarded"),
        Filter("has_seats", "bool", "({a}.taken < {a}.seats) = {v}", "taken", "尚有名额", "Has seats left"),
    ),
    "post": (
        _REGION,
        _STATE,
        _is("kind", "岗位类别", "Kind"),
        Filter("has_vacancies", "bool", "({a}.filled < {a}.vacancies) = {v}", "filled", "尚有名额", "Has places left"),
    ),
    "region": (
        _is("level", "级别", "Level"),
        Filter("name_contains", "text", "position({v} IN {a}.name) > 0", "name", "名称包含", "Name holds these words"),
        Filter(
            "inside",
            "region",
            _inside("region_code"),
            "region_code",
            "位于（含本级）",
            "Inside a region, itself included",
        ),
    ),
    "conflict": (_is("field", "字段", "Field"),),
    "provenance": (_is("department", "来源部门", "Department"),),
}

_LAST_CHANGED = Order("last_changed", "updated_at", "timestamptz", True, False, "最近更新在前", "Last changed first")
_NEWEST = "newest_first"

ORDERS: dict[str, tuple[Order, ...]] = {
    "person": (
        Order("name", "name", "text", False, True, "按姓名", "By name"),
        Order("youngest_first", "born_on", "date", True, True, "年龄从小到大", "Youngest first"),
        Order("oldest_first", "born_on", "date", False, True, "年龄从大到小", "Oldest first"),
        _LAST_CHANGED,
    ),
    "household": (
        Order("largest_first", "members_count", "integer", True, False, "人数从多到少", "Most members first"),
        _LAST_CHANGED,
    ),
    "employment": (Order(_NEWEST, "started_on", "date", True, True, "最近在前", "Newest first"),),
    "benefit": (Order(_NEWEST, "started_on", "date", True, True, "最近在前", "Newest first"),),
    "benefit_month": (Order(_NEWEST, "month", "date", True, False, "最近在前", "Newest first"),),
    "opening": (
        Order(_NEWEST, "posted_on", "date", True, False, "最新发布在前", "Newest first"),
        Order("best_paid_first", "wage_high_yuan_per_month", "integer", True, False, "高薪在前", "Best paid first"),
        Order("closes_first", "closes_on", "date", False, True, "最早截止在前", "Closes first"),
    ),
    "programme": (Order("starts_first", "starts_on", "date", False, False, "最早开班在前", "Starts first"),),
    "post": (Order("starts_first", "starts_on", "date", False, False, "最早到岗在前", "Starts first"),),
    "referral": (Order(_NEWEST, "shown_on", "date", True, False, "最近在前", "Newest first"),),
    "outcome": (Order(_NEWEST, "recorded_at", "timestamptz", True, False, "最近在前", "Newest first"),),
}
#: SQL type of each entity's key, where it is no bigint.
KEY_TYPES: dict[str, Literal["text", "date", "integer"]] = {
    "region": "text",
    "benefit_month": "date",
    "provenance": "text",
    "recommendation": "integer",
}


def filterable(entity: str, name: str) -> bool:
    """Whether a list can be narrowed by a field."""
    return any(item.field == name and item.via is None for item in FILTERS.get(entity, ()))


def sortable(entity: str, name: str) -> bool:
    """Whether a list can be ordered by a field."""
    return any(item.field == name for item in ORDERS.get(entity, ()))
