"""The catalogue: what the register shares, field by field, as data.

The GraphQL types, the access table and the query compiler are all made from it, so a field that is not here can
neither be asked for nor granted. ``expression`` is SQL over the entity's alias where a value is no plain column.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FieldType = Literal["id", "text", "int", "float", "bool", "date", "datetime", "json"]


@dataclass(frozen=True, slots=True)
class Field:
    """One value of an entity.

    ``codes`` names the list of :mod:`schema.codes` its codes are of; such a field has a companion ``<name>_label``.
    """

    name: str
    type: FieldType
    zh: str
    en: str
    codes: str | None = None
    expression: str | None = None  # SQL over the alias {a}, where the value is no plain column

    @property
    def column(self) -> str:
        """SQL of the value over the alias ``{a}``."""
        return self.expression or f"{{a}}.{self.name}"


@dataclass(frozen=True, slots=True)
class Link:
    """A way from one entity to another.

    ``join`` is SQL over the aliases ``{a}`` (from) and ``{b}`` (to). ``many`` links are Relay connections.
    """

    name: str
    target: str  # entity, or "Target" for the union of openings, programmes and posts
    join: str
    many: bool
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Entity:
    """A kind of thing. ``key`` is the SQL of its key over the alias ``{a}``."""

    name: str
    table: str
    key: str
    fields: tuple[Field, ...]
    links: tuple[Link, ...]
    zh: str
    en: str
    node: bool = True
    guarded: bool = True  # rows are bound by access rules of their own; else by those of where they hang

    def field(self, name: str) -> Field | None:
        """The field of that name."""
        return next((field for field in self.fields if field.name == name), None)


def _f(name: str, type_: FieldType, zh: str, en: str, codes: str | None = None, expression: str | None = None) -> Field:
    return Field(name, type_, zh, en, codes, expression)


def _one(name: str, target: str, join: str, zh: str, en: str) -> Link:
    return Link(name, target, join, False, zh, en)


def _many(name: str, target: str, join: str, zh: str, en: str) -> Link:
    return Link(name, target, join, True, zh, en)


_VERSION = _f("version", "int", "版本", "Raised with each change; sent back by whoever edits")
_UPDATED = _f("updated_at", "datetime", "更新时间", "When the row last changed")
_REGISTERED = _one(
    "registered_region", "region", "{b}.region_code = {a}.registered_region_code", "户籍地", "Registered in"
)
_LIVING = _one("living_region", "region", "{b}.region_code = {a}.living_region_code", "现居住地", "Lives in")
_AT = _one("region", "region", "{b}.region_code = {a}.region_code", "所在地", "Region")
_PERSON = _one("person", "person", "{b}.person_id = {a}.person_id AND {b}.gone_on IS NULL", "人员", "The person")
_DEPARTMENT = _f(
    "department",
    "text",
    "来源部门",
    "Department that said so",
    "department",
    "(SELECT r.department FROM intake.source_record r WHERE r.source_record_id = {a}.source_record_id)",
)
_LAST_RUN = (
    "{b}.run_id = (SELECT max(x.run_id) FROM matching.recommendation x JOIN matching.run y USING (run_id)"
    " WHERE x.person_id = {a}.person_id AND y.state = 'done')"
)

ENTITIES: dict[str, Entity] = {
    entity.name: entity
    for entity in (
        Entity(
            "region",
            "registry.region",
            "{a}.region_code",
            (
                _f("region_code", "text", "区划代码", "Division code of twelve digits"),
                _f("name", "text", "名称", "Name"),
                _f("full_name", "text", "全称", "Name with all above it"),
                _f("level", "text", "级别", "Level", "region_level"),
                _f("longitude", "float", "经度", "Degrees, WGS84; of the prefecture where nothing finer is known"),
                _f("latitude", "float", "纬度", "Degrees, WGS84; of the prefecture where nothing finer is known"),
            ),
            (
                _one("parent", "region", "{b}.region_code = {a}.parent_code", "上级", "The division above"),
                _many("children", "region", "{b}.parent_code = {a}.region_code", "下级", "The divisions below"),
            ),
            "行政区划",
            "A statistical division",
            guarded=False,
        ),
        Entity(
            "person",
            "registry.person",
            "{a}.person_id",
            (
                _f("name", "text", "姓名", "Name"),
                _f("sex", "text", "性别", "Sex, GB/T 2261.1", "sex"),
                _f("born_on", "date", "出生日期", "Day of birth"),
                _f("citizen_number", "text", "公民身份号码", "Citizen number, GB 11643"),
                _f("phone", "text", "联系电话", "Telephone"),
                _f("nationality", "text", "民族", "Nationality, GB/T 3304", "nationality"),
                _f("education", "text", "文化程度", "Education, GB/T 4658", "education"),
                _f("registered_region_code", "text", "户籍地代码", "Division code of the household registration"),
                _f("living_region_code", "text", "现居住地代码", "Division code of where the person lives"),
                _f("registered_address", "text", "户籍地址", "Registered address, as written"),
                _f("living_address", "text", "现居住地址", "Living address, as written"),
                _f("person_category", "text", "人员类别", "Category of the poverty registers", "person_category"),
                _f("school_state", "text", "在校生状况", "School", "school_state"),
                _f("health", "text", "健康状况", "Health", "health"),
                _f("labour_ability", "text", "劳动能力", "Labour ability (civil affairs)", "labour_ability"),
                _f("labour_skill", "text", "劳动技能", "Labour skill (rural revitalization)", "labour_skill"),
                _f("disability_kind", "text", "残疾类别", "Kind of disability, GB/T 26341", "disability_kind"),
                _f("disability_level", "text", "残疾等级", "Level of disability", "disability_level"),
                _f("disability_certificate", "text", "残疾证号", "Disability certificate; contains the citizen number"),
                _f("bank_account", "text", "银行账号", "Account that benefits are paid to"),
                _f("relation", "text", "与户主关系", "Relation to the head, GB/T 4761", "relation"),
                _f("retires_on", "date", "法定退休日", "First day past the statutory age"),
                _f("employment_status", "text", "就业状态", "Employment status", "employment_status"),
                _f("employment_form", "text", "就业形式", "Form of employment", "employment_form"),
                _f("in_work", "bool", "在业", "In work, by the reading in force; null when nobody said"),
                _f("willing", "bool", "有就业意愿", "Willing, able, of age and not in work; null: to be asked"),
                _f("skill_level", "text", "技能等级", "Highest vocational skill level held", "skill_level"),
                _VERSION,
                _UPDATED,
            ),
            (
                _REGISTERED,
                _LIVING,
                _one("household", "household", "{b}.household_id = {a}.household_id", "家庭", "The household"),
                _one("wish", "wish", "{b}.person_id = {a}.person_id", "就业意愿", "Wishes"),
                _many("employments", "employment", "{b}.person_id = {a}.person_id", "就业经历", "Employment"),
                _many("trainings", "training", "{b}.person_id = {a}.person_id", "培训经历", "Training"),
                _many("certificates", "certificate", "{b}.person_id = {a}.person_id", "证书", "Certificates"),
                _many("benefits", "benefit", "{b}.person_id = {a}.person_id", "救助待遇", "Benefits"),
                _many(
                    "recommendations",
                    "recommendation",
                    "{b}.person_id = {a}.person_id AND " + _LAST_RUN,
                    "推荐",
                    "Recommendations of the last run",
                ),
                _many("referrals", "referral", "{b}.person_id = {a}.person_id", "推介", "Referrals"),
                _many(
                    "conflicts",
                    "conflict",
                    "{b}.entity IN ('person', 'wish') AND {b}.entity_id = {a}.person_id",
                    "冲突值",
                    "Values that lost to another source's",
                ),
                _many("provenance", "provenance", "{b}.person_id = {a}.person_id", "来源", "Source of each value"),
            ),
            "人员",
            "A person",
        ),
        Entity(
            "household",
            "registry.household",
            "{a}.household_id",
            (
                _f("household_code", "text", "户编号", "Code of rural revitalization, where known"),
                _f("registered_region_code", "text", "户籍地代码", "Division code of the registration"),
                _f("living_region_code", "text", "现居住地代码", "Division code of where the household lives"),
                _f("household_kind", "text", "户类型", "Kind of household", "household_kind"),
                _f("monitored_kind", "text", "监测对象类别", "Kind of monitoring in force", "monitored_kind"),
                _f("relocated", "bool", "易地扶贫搬迁", "Relocated for poverty alleviation"),
                _f("net_income_yuan_per_year_per_capita", "float", "人均纯收入", "Net income, yuan a year a head"),
                _f("members_count", "int", "人数", "Members"),
                _f("willing_count", "int", "有意愿人数", "Willing members"),
                _f("in_work_count", "int", "在业人数", "Members in work"),
                _f("zero_employment", "bool", "零就业家庭", "At least one willing member and none in work"),
                _f("low_income", "bool", "低收入", "Monitored, or in receipt of a civil-affairs category"),
                _VERSION,
                _UPDATED,
            ),
            (
                _REGISTERED,
                _LIVING,
                _one(
                    "head", "person", "{b}.person_id = {a}.head_person_id AND {b}.gone_on IS NULL", "户主", "The head"
                ),
                _many(
                    "members",
                    "person",
                    "{b}.household_id = {a}.household_id AND {b}.gone_on IS NULL",
                    "家庭成员",
                    "Members",
                ),
                _many("benefits", "benefit", "{b}.household_id = {a}.household_id", "救助待遇", "Benefits"),
                _many("monitorings", "monitoring", "{b}.household_id = {a}.household_id", "监测", "Monitoring"),
                _many(
                    "conflicts",
                    "conflict",
                    "{b}.entity = 'household' AND {b}.entity_id = {a}.household_id",
                    "冲突值",
                    "Values that lost to another source's",
                ),
            ),
            "家庭户",
            "A household",
        ),
        Entity(
            "wish",
            "registry.wish",
            "{a}.person_id",
            (
                _f("wishes_to_work", "bool", "有意愿", "Wishes to work"),
                _f("scope", "text", "意愿地点", "Where", "wish_scope"),
                _f("occupation", "text", "意愿工种", "Occupation, as stated"),
                _f("occupation_code", "text", "职业代码", "Occupation, classification of 2022"),
                _f("wage_yuan_per_month", "int", "期望月薪", "Wage wished, yuan a month"),
                _f("cannot_leave_home", "bool", "无法离乡", "Cannot leave home"),
                _f("cannot_leave_reason", "text", "无法离乡原因", "Why not", "cannot_leave_reason"),
                _f("accepts_night_shift", "bool", "能上夜班", "Accepts night shifts"),
                _VERSION,
                _UPDATED,
            ),
            (),
            "就业意愿",
            "What a person wishes",
            node=False,
            guarded=False,
        ),
        Entity(
            "employment",
            "registry.employment",
            "{a}.employment_id",
            (
                _f("form", "text", "就业形式", "Form", "employment_form"),
                _f("employer_name", "text", "用工单位", "Employer"),
                _f("occupation", "text", "工种", "Occupation, as stated"),
                _f("occupation_code", "text", "职业代码", "Occupation, classification of 2022"),
                _f("work_place", "text", "务工地", "Place of work, as written"),
                _f("export_mode", "text", "输出方式", "How the person went", "export_mode"),
                _f("wage_yuan_per_month", "int", "月薪", "Wage, yuan a month"),
                _f("months_this_year", "int", "务工月数", "Months worked in the year"),
                _f("started_on", "date", "开始", "Started"),
                _f("ended_on", "date", "结束", "Ended; null while it lasts"),
                _DEPARTMENT,
            ),
            (),
            "就业",
            "One employment of a person",
            node=False,
            guarded=False,
        ),
        Entity(
            "training",
            "registry.training",
            "{a}.training_id",
            (
                _f("occupation", "text", "培训工种", "Occupation trained in"),
                _f("occupation_code", "text", "职业代码", "Occupation, classification of 2022"),
                _f("ended_on", "date", "结束", "Ended"),
                _DEPARTMENT,
            ),
            (),
            "培训",
            "One training of a person",
            node=False,
            guarded=False,
        ),
        Entity(
            "certificate",
            "registry.certificate",
            "{a}.certificate_id",
            (
                _f("kind", "text", "证书类型", "Kind", "certificate_kind"),
                _f("occupation", "text", "工种", "Occupation"),
                _f("occupation_code", "text", "职业代码", "Occupation, classification of 2022"),
                _f("skill_level", "text", "技能等级", "Level", "skill_level"),
                _f("issued_on", "date", "发证日期", "Issued"),
                _DEPARTMENT,
            ),
            (),
            "证书",
            "One certificate of a person",
            node=False,
            guarded=False,
        ),
        Entity(
            "benefit",
            "registry.benefit",
            "{a}.benefit_id",
            (
                _f("certificate_number", "text", "救助证号", "Number of the entitlement"),
                _f("kind", "text", "救助类别", "Kind", "benefit_kind"),
                _f("class", "text", "保障类别", "Class", "benefit_class"),
                _f("insured_persons", "int", "保障人数", "People it covers"),
                _f("yuan_per_month", "float", "月保障金额", "Yuan a month"),
                _f("hardship_cause", "text", "致困原因", "Cause of hardship", "hardship_cause"),
                _f("support_mode", "text", "供养方式", "Mode of support", "support_mode"),
                _f("started_on", "date", "起保", "Started"),
                _f("state", "text", "状态", "State", "benefit_state"),
                _f("stop_reason", "text", "停保原因", "Why it stopped"),
            ),
            (_many("months", "benefit_month", "{b}.benefit_id = {a}.benefit_id", "逐月", "Month by month"),),
            "救助待遇",
            "One entitlement of a person",
            node=False,
            guarded=False,
        ),
        Entity(
            "benefit_month",
            "registry.benefit_month",
            "{a}.month",
            (
                _f("month", "date", "月份", "First day of the month"),
                _f("yuan_per_month", "float", "金额", "Yuan"),
                _f("state", "text", "状态", "State", "benefit_state"),
            ),
            (),
            "待遇月度",
            "One month of a benefit",
            node=False,
            guarded=False,
        ),
        Entity(
            "monitoring",
            "registry.monitoring",
            "{a}.monitoring_id",
            (
                _f("kind", "text", "监测类别", "Kind", "monitored_kind"),
                _f("risk_kind", "text", "风险类型", "Risk", "risk_kind"),
                _f("identified_on", "date", "识别时间", "Identified"),
                _f("risk_eliminated", "bool", "风险是否消除", "Whether the risk is eliminated"),
                _DEPARTMENT,
            ),
            (),
            "防返贫监测",
            "One monitoring of a household",
            node=False,
            guarded=False,
        ),
        Entity(
            "opening",
            "market.opening",
            "{a}.opening_id",
            (
                _f("reference", "text", "岗位编号", "The poster's number"),
                _f("partner_code", "text", "协作单位", "Partner who posted it"),
                _f("employer_name", "text", "用人单位", "Employer"),
                _f("employer_code", "text", "统一社会信用代码", "Unified social credit code"),
                _f("title", "text", "岗位名称", "Title"),
                _f("occupation_code", "text", "职业代码", "Occupation, classification of 2022"),
                _f("duties", "text", "岗位职责", "Duties"),
                _f("region_code", "text", "工作地代码", "Division code of the place of work"),
                _f("channel", "text", "渠道", "Channel", "channel"),
                _f("wage_low_yuan_per_month", "int", "最低月薪", "Lowest wage, yuan a month"),
                _f("wage_high_yuan_per_month", "int", "最高月薪", "Highest wage, yuan a month"),
                _f("wage_kind", "text", "计薪方式", "Kind of wage", "wage_kind"),
                _f("vacancies", "int", "招聘人数", "Vacancies"),
                _f("filled", "int", "已招人数", "Filled"),
                _f("education_min", "text", "学历要求", "Least education", "education"),
                _f("age_min", "int", "最小年龄", "Youngest"),
                _f("age_max", "int", "最大年龄", "Oldest"),
                _f("skill_level_min", "text", "技能等级要求", "Least skill level", "skill_level"),
                _f("heavy_labour", "bool", "重体力", "Heavy labour"),
                _f("night_shift", "bool", "夜班", "Night shift"),
                _f("lodging", "bool", "包住", "Lodging"),
                _f("social_insurance", "bool", "缴纳社保", "Social insurance"),
                _f("term_months", "int", "合同月数", "Months of contract"),
                _f("posted_on", "date", "发布日期", "Posted"),
                _f("closes_on", "date", "截止日期", "Closes"),
                _f("state", "text", "状态", "open, closed or filled"),
                _VERSION,
                _UPDATED,
            ),
            (
                _AT,
                _many("referrals", "referral", "{b}.opening_id = {a}.opening_id", "推介", "Who was referred"),
            ),
            "岗位",
            "A job offered by an employer",
        ),
        Entity(
            "programme",
            "market.programme",
            "{a}.programme_id",
            (
                _f("reference", "text", "项目编号", "The organiser's number"),
                _f("name", "text", "项目名称", "Name"),
                _f("organiser", "text", "承办单位", "Organiser"),
                _f("occupation_code", "text", "职业代码", "Occupation, classification of 2022"),
                _f("mode", "text", "培训方式", "Mode", "programme_mode"),
                _f("certificate_kind", "text", "证书类型", "Certificate awarded", "certificate_kind"),
                _f("skill_level", "text", "技能等级", "Level awarded", "skill_level"),
                _f("days", "int", "天数", "Days"),
                _f("seats", "int", "名额", "Seats"),
                _f("taken", "int", "已报", "Seats taken"),
                _f("starts_on", "date", "开班日期", "Starts"),
                _f("region_code", "text", "地点代码", "Division code"),
                _f("allowance_yuan_per_day", "int", "每日补贴", "Allowance, yuan a day"),
                _f("state", "text", "状态", "open or closed"),
                _VERSION,
                _UPDATED,
            ),
            (_AT,),
            "培训项目",
            "A training programme",
        ),
        Entity(
            "post",
            "market.post",
            "{a}.post_id",
            (
                _f("reference", "text", "岗位编号", "Number"),
                _f("name", "text", "岗位名称", "Name"),
                _f("kind", "text", "岗位类别", "Kind", "post_kind"),
                _f("department", "text", "主管部门", "Who pays"),
                _f("region_code", "text", "服务地代码", "Division code of the place served"),
                _f("vacancies", "int", "名额", "Places"),
                _f("filled", "int", "已聘", "Filled"),
                _f("wage_yuan_per_month", "int", "月补贴", "Yuan a month"),
                _f("term_months", "int", "期限", "Months"),
                _f("heavy_labour", "bool", "重体力", "Heavy labour"),
                _f("starts_on", "date", "到岗日期", "Starts"),
                _f("state", "text", "状态", "open or closed"),
                _VERSION,
                _UPDATED,
            ),
            (_AT,),
            "公益性岗位",
            "A public-welfare post",
        ),
        Entity(
            "recommendation",
            "(SELECT r.run_id, r.person_id, r.kind, u.target_id, u.score, u.probability, u.rank::integer AS rank,"
            " r.reasons -> (u.rank - 1)::integer AS reasons, coalesce(r.allocated = u.rank - 1, false) AS allocated"
            " FROM matching.recommendation r CROSS JOIN LATERAL unnest(r.target_ids, r.scores, r.probabilities)"
            " WITH ORDINALITY AS u (target_id, score, probability, rank))",
            "{a}.rank",
            (
                _f("run_id", "int", "批算", "Matching run"),
                _f("kind", "text", "类别", "opening, programme or post"),
                _f("rank", "int", "序位", "Place in the list of its kind, from 1"),
                _f("score", "float", "得分", "Expected surplus; orders the list"),
                _f("probability", "float", "上岗可能", "Chance that an offer ends in a placement, 0 to 1"),
                _f("allocated", "bool", "已预留", "A place is set aside; a proposal, not a decision"),
                _f("reasons", "json", "理由", "Codes and numbers of the terms the score used"),
            ),
            (_one("target", "Target", "", "目标", "What is recommended"),),
            "推荐",
            "One line of a person's list",
            node=False,
            guarded=False,
        ),
        Entity(
            "referral",
            "casework.referral",
            "{a}.referral_id",
            (
                _f("kind", "text", "类别", "opening, programme or post"),
                _f("state", "text", "状态", "State", "referral_state"),
                _f("rank", "int", "序位", "Place in the list it came from"),
                _f("shown_on", "date", "日期", "Day of the referral"),
                _VERSION,
                _UPDATED,
            ),
            (
                _PERSON,
                _one("target", "Target", "", "目标", "What the person was referred to"),
                _many("contacts", "contact", "{b}.referral_id = {a}.referral_id", "联系记录", "Contacts"),
                _many("outcomes", "outcome", "{b}.referral_id = {a}.referral_id", "结果", "Outcomes"),
            ),
            "推介",
            "A person put forward for a target",
        ),
        Entity(
            "contact",
            "casework.contact",
            "{a}.contact_id",
            (
                _f("channel", "text", "方式", "Channel", "contact_channel"),
                _f("result", "text", "结果", "Result", "contact_result"),
                _f("note", "text", "备注", "Note"),
                _f("contacted_at", "datetime", "时间", "When"),
            ),
            (),
            "联系记录",
            "One attempt to reach a person",
            node=False,
            guarded=False,
        ),
        Entity(
            "outcome",
            "casework.outcome",
            "{a}.outcome_id",
            (
                _f("result", "text", "结果", "Result", "outcome_result"),
                _f("reason", "text", "原因", "Reason", "outcome_reason"),
                _f("wage_yuan_per_month", "int", "月薪", "Wage, yuan a month"),
                _f("started_on", "date", "上岗日期", "Started"),
                _f("ended_on", "date", "离岗日期", "Ended"),
                _f("months_kept", "int", "在岗月数", "Months kept"),
                _f("recorded_at", "datetime", "登记时间", "When it was recorded"),
            ),
            (),
            "结果",
            "What came of a referral",
            node=False,
            guarded=False,
        ),
        Entity(
            "conflict",
            "registry.conflict",
            "{a}.conflict_id",
            (
                _f("field", "text", "字段", "Field"),
                _f("value", "text", "落选值", "The value that lost"),
                _f("kept_value", "text", "采用值", "The value that is kept"),
                _f("reason", "text", "原因", "authority or newer"),
                _DEPARTMENT,
            ),
            (),
            "冲突值",
            "A value that lost to another source's",
            node=False,
            guarded=False,
        ),
        Entity(
            "provenance",
            "(SELECT p.person_id, s.key AS field, r.source_record_id, r.department, r.feed, b.file_name, r.line,"
            " r.as_of FROM registry.person p CROSS JOIN LATERAL jsonb_each_text(p.sources) s"
            " JOIN intake.source_record r ON r.source_record_id = s.value::bigint"
            " JOIN intake.batch b USING (batch_id))",
            "{a}.field",
            (
                _f("field", "text", "字段", "Field of the person"),
                _f("department", "text", "来源部门", "Department", "department"),
                _f("feed", "text", "数据源", "Feed"),
                _f("file_name", "text", "文件", "File, as it came"),
                _f("line", "int", "行号", "Line of the file"),
                _f("as_of", "date", "数据日期", "Since when the source says so"),
            ),
            (),
            "来源",
            "Where one value comes from",
            node=False,
            guarded=False,
        ),
    )
}

#: Members of the union "Target": entity, and the column of the referring row that holds its key.
TARGETS = {"opening": "opening_id", "programme": "programme_id", "post": "post_id"}


def camel(name: str) -> str:
    """``living_region_code`` → ``livingRegionCode``."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def type_name(entity: str) -> str:
    """``benefit_month`` → ``BenefitMonth``."""
    return "".join(part.capitalize() for part in entity.split("_"))
