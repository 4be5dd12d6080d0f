"""What inputs, arguments, payloads and computed types are called in both languages.

Registry types have their words from the catalogue. Everything else stands here, in one place, so that a programmer of
a department reads the same word for the same thing wherever it occurs. A name alone holds for every field or argument
of that name; ``Type.name`` holds for that one.
"""

from __future__ import annotations

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
)

WORDS: dict[str, str] = {
    # Scalars
    "Date": "A day, ISO 8601, like 2026-06-01（日期）",
    "DateTime": "A moment with its time zone, ISO 8601（时刻）",
    "JSON": "Any JSON value（任意 JSON）",
    # Arguments of mutations
    "input": "What to write（内容）",
    "idempotencyKey": "A key of 8 to 200 characters that you make; the same request again with the same key changes "
    "nothing and returns the same（幂等键，重复提交不会重复办理）",
    "version": "The version that you saw; another one by now is a conflict（您看到的版本号）",
    "id": "Id, as the hub gave it（标识）",
    "personId": "Id of the person（人员标识）",
    "openingId": "Id of the opening（岗位标识）",
    "targetId": "Id of the opening, programme or post（岗位或项目标识）",
    "referralId": "Id of the referral（推介标识）",
    "runId": "Matching run that put it forward, where one did（来自哪次匹配）",
    "rank": "Place in the person's list, where it came from one（推荐名次）",
    "channel": "How, a code（方式代码）",
    "result": "What came of it, a code（结果代码）",
    "note": "A note, nothing personal beyond what is needed（备注）",
    # Lists and words
    "first": "So many from the start, up to 500（前几条）",
    "after": "Only what follows this cursor（起于游标之后）",
    "lang": "Language of the words（语言）",
    "includeOwn": "Your own looks at your data too（包括本人查询）",
    # Questions about access, and verification
    "actorId": "Number of the actor, as the audit has it（使用者编号）",
    "purpose": "Purpose, a code（用途代码）",
    "field": "Field of the record（信息项）",
    "on": "As of this day; today when left out（截至日期）",
    "claim": "What is to be verified（核验事项）",
    "identities": "Whom it is claimed of, up to 5,000（核验对象）",
    # Federation's own
    "_Any": "A representation of a thing: its __typename and id（对象引用）",
    "_FieldSet": "A selection of fields（字段集）",
    "link__Purpose": "What a linked specification is for（规范用途）",
    "link__Purpose.SECURITY": "Needed to secure fields（安全）",
    "link__Purpose.EXECUTION": "Needed to execute（执行）",
    "link__Import": "An element of a linked specification（规范元素）",
    # Openings
    "employerName": "Employer（用人单位）",
    "title": "Name of the opening（岗位名称）",
    "occupationCode": "Occupation, classification of 2022（职业代码）",
    "regionCode": "Division code of twelve digits（区划代码）",
    "OpeningInput.channel": "Channel, a code of the list channel（渠道）",
    "wageLowYuanPerMonth": "Lowest wage, yuan a month（最低月薪，元）",
    "wageHighYuanPerMonth": "Highest wage, yuan a month（最高月薪，元）",
    "vacancies": "Vacancies（招聘人数）",
    "employerCode": "Unified social credit code of the employer（统一社会信用代码）",
    "duties": "Duties（岗位职责）",
    "wageKind": "How wages are counted, a code of the list wage_kind（计薪方式）",
    "educationMin": "Lowest education asked for, GB/T 4658（学历要求）",
    "ageMin": "Lowest age in years（最小年龄）",
    "ageMax": "Highest age in years（最大年龄）",
    "skillLevelMin": "Lowest skill level asked for, 5 (lowest) to 1（技能等级要求）",
    "skillOccupationCode": "Occupation of that skill, classification of 2022（技能职业代码）",
    "heavyLabour": "Heavy labour（重体力）",
    "nightShift": "Night shifts（夜班）",
    "lodging": "Lodging provided（包住）",
    "socialInsurance": "Social insurance paid（缴纳社保）",
    "termMonths": "Term of the contract in months（合同月数）",
    "closesOn": "Last day to apply（截止日期）",
    # People
    "name": "Name（姓名）",
    "citizenNumber": "Citizen number, GB 11643, eighteen characters（公民身份号码）",
    "sex": "Sex, GB/T 2261.1（性别）",
    "bornOn": "Day of birth（出生日期）",
    "phone": "Phone（联系电话）",
    "nationality": "Nationality, GB/T 3304（民族）",
    "education": "Education, GB/T 4658（文化程度）",
    "registeredRegionCode": "Registered at, division code（户籍地区划）",
    "livingRegionCode": "Living at, division code（现居住地区划）",
    "wishesToWork": "Wishes to work（有就业意愿）",
    "wishScope": "How far away: county, province or outside（意愿务工范围）",
    "wishOccupation": "Occupation wished for, in words（意愿工种）",
    "wishWageYuanPerMonth": "Lowest wage wished for, yuan a month（期望月薪，元）",
    "cannotLeaveHome": "Cannot leave home（不能外出）",
    "cannotLeaveReason": "Why: care, health, schooling or other（不能外出原因）",
    "acceptsNightShift": "Would work at night（能上夜班）",
    "employmentStatus": "employed, unemployed or unwilling（就业状态）",
    "employmentForm": "Form of employment, a code（就业形式）",
    "occupation": "Occupation, in words（工种）",
    "wageYuanPerMonth": "Wage, yuan a month（月薪，元）",
    "startedOn": "First day（开始日期）",
    "endedOn": "Last day（结束日期）",
    "monthsKept": "Months in the job so far（在岗月数）",
    "reason": "Why, a code（原因代码）",
    # Who asks, and verdicts
    "Query.me": "Who you are. Computed（当前使用者）",
    "Query.verdicts": "Why an opening suits a person, or why not, rule by rule. Computed（逐条判断是否符合）",
    "Viewer.kind": "department, station, partner, county, person or administrator（使用者类别）",
    "Viewer.name": "Name（名称）",
    "Viewer.regionCode": "Your region（所辖区划）",
    "Viewer.partnerCode": "Your partner code（协作单位编码）",
    "Viewer.personId": "You, where you are in the register（本人标识）",
    "Viewer.purposes": "Purposes you may state（可声明的用途）",
    "VerdictKind": "What one rule says（判断）",
    "VerdictKind.PASS": "It suits（符合）",
    "VerdictKind.FAIL": "It does not suit（不符合）",
    "VerdictKind.ASK": "Something is not known; ask the person（待核实）",
    "Verdict.rule": "The rule, a code（规则代码）",
    "Verdict.label": "The rule in words（规则）",
    "Verdict.verdict": "What it says（判断结果）",
    "Verdict.legalBasis": "Legal basis（法律依据）",
    "Verdict.detail": "What was compared（比对内容）",
}
_ITEM = "The item as it is now; null when it is out of your sight（办理后的内容；超出查看范围时为空）"


def describe(schema: GraphQLSchema) -> None:
    """Give every element that has no words of both languages its words from the table."""
    for name, kind in schema.type_map.items():
        if name.startswith("__"):
            continue
        if name.endswith("Payload") and isinstance(kind, GraphQLObjectType):
            kind.description = f"What {name[0].lower()}{name[1:].removesuffix('Payload')} returns（办理结果）"
            for field in kind.fields.values():
                field.description = _ITEM
            continue
        kind.description = (
            WORDS.get(name, kind.description) if not name[0].islower() or name in WORDS else kind.description
        )
        if isinstance(kind, GraphQLEnumType):
            for item, value in kind.values.items():
                value.description = value.description or WORDS.get(f"{name}.{item}")
        elif isinstance(kind, GraphQLInputObjectType):
            for item, given in kind.fields.items():
                given.description = given.description or WORDS.get(f"{name}.{item}") or WORDS.get(item)
        elif isinstance(kind, (GraphQLObjectType, GraphQLInterfaceType)):
            for item, field in kind.fields.items():
                field.description = WORDS.get(f"{name}.{item}", field.description)
                for argument, told in field.args.items():
                    told.description = told.description or WORDS.get(argument)
