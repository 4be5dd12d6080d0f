"""Catalogue: recommendations, and what came of them."""

from __future__ import annotations

from schema.entity import PERSON, TARGETS, UPDATED, VERSION, Entity, many, one, value

ENTITIES = (
    Entity(
        "recommendation",
        "(SELECT r.run_id, r.person_id, r.kind, u.target_id, u.score, u.probability, u.rank::integer AS rank,"
        " r.reasons -> (u.rank - 1)::integer AS reasons, coalesce(r.allocated = u.rank - 1, false) AS allocated,"
        " (CASE r.kind WHEN 'opening' THEN 0 WHEN 'post' THEN 1000000 ELSE 2000000 END + u.rank)::integer AS place"
        " FROM matching.recommendation r CROSS JOIN LATERAL unnest(r.target_ids, r.scores, r.probabilities)"
        " WITH ORDINALITY AS u (target_id, score, probability, rank))",
        # Lists of all kinds: openings first, then posts, then programmes, each by rank.
        "{a}.place",
        (
            value("run_id", "int", "批算", "Matching run"),
            value("kind", "text", "类别", "opening, programme or post"),
            value("rank", "int", "序位", "Place in the list of its kind, from 1"),
            value("score", "float", "得分", "Expected surplus; orders the list"),
            value("probability", "float", "上岗可能", "Chance that an offer ends in a placement, 0 to 1"),
            value("allocated", "bool", "已预留", "A place is set aside; a proposal, not a decision"),
            value("reasons", "json", "理由", "Codes and numbers of the terms the score used"),
        ),
        (one("target", "Target", "", "目标", "What is recommended", dict.fromkeys(TARGETS, "{a}.target_id")),),
        "推荐",
        "One line of a person's list",
        owner="human_resources",
        sensitive=frozenset({"reasons"}),
        node=False,
        identity="{a}.run_id || '-' || {a}.person_id || '-' || {a}.place",
    ),
    Entity(
        "referral",
        "casework.referral",
        "{a}.referral_id",
        (
            value("kind", "text", "类别", "opening, programme or post"),
            value("state", "text", "状态", "State", "referral_state"),
            value("rank", "int", "序位", "Place in the list it came from"),
            value("shown_on", "date", "日期", "Day of the referral"),
            VERSION,
            UPDATED,
        ),
        (
            PERSON,
            one(
                "target",
                "Target",
                "",
                "目标",
                "What the person was referred to",
                {target: f"{{a}}.{target}_id" for target in TARGETS},
            ),
            many("contacts", "contact", "{b}.referral_id = {a}.referral_id", "联系记录", "Contacts"),
            many("outcomes", "outcome", "{b}.referral_id = {a}.referral_id", "结果", "Outcomes"),
        ),
        "推介",
        "A person put forward for a target",
        owner="human_resources",
    ),
    Entity(
        "contact",
        "casework.contact",
        "{a}.contact_id",
        (
            value("channel", "text", "方式", "Channel", "contact_channel"),
            value("result", "text", "结果", "Result", "contact_result"),
            value("note", "text", "备注", "Note"),
            value("contacted_at", "datetime", "时间", "When"),
        ),
        (),
        "联系记录",
        "One attempt to reach a person",
        owner="human_resources",
        sensitive=frozenset({"note"}),
        node=False,
    ),
    Entity(
        "outcome",
        "casework.outcome",
        "{a}.outcome_id",
        (
            value("result", "text", "结果", "Result", "outcome_result"),
            value("reason", "text", "原因", "Reason", "outcome_reason"),
            value("wage_yuan_per_month", "int", "月薪", "Wage, yuan a month"),
            value("started_on", "date", "上岗日期", "Started"),
            value("ended_on", "date", "离岗日期", "Ended"),
            value("months_kept", "int", "在岗月数", "Months kept"),
            value("recorded_at", "datetime", "登记时间", "When it was recorded"),
        ),
        (),
        "结果",
        "What came of a referral",
        owner="human_resources",
        node=False,
    ),
)
