"""Explanations in plain words, Chinese and English. No value of a record is in them."""

from __future__ import annotations

from hub.access.considered import Considered, Explained
from schema.grants import Grant

_STANDINGS = {
    "applies": ("适用", "applies"),
    "other_kind": ("授予其他类别的使用者", "is for other kinds of actors"),
    "other_department": ("授予其他部门", "is for other departments"),
    "other_purpose": ("用于其他目的", "is for other purposes"),
    "not_yet": ("当日尚未生效（{effective_on} 起）", "is not in force yet on that day (from {effective_on})"),
    "expired": ("当日已过期（至 {expires_on}）", "has expired on that day (until {expires_on})"),
    "out_of_scope": ("记录不在其范围内（{rows}）", "does not reach the record (its rows: {rows})"),
    "minor": ("未满十四周岁人员未开放", "does not open people under the closed age"),
}
_SAYS = {
    "open": ("开放该字段", "opens the field"),
    "masked": ("部分隐藏该字段", "masks the field"),
    "withheld": ("不提供该字段", "withholds the field"),
    "not_among_its_fields": ("不含该字段", "does not speak of the field"),
    "denied": ("禁止该字段", "denies the field"),
    "takes_away": ("禁止整条记录", "denies the record"),
}
_OUTCOMES = {
    "open": ("可以看到该字段的原值", "The value is shown"),
    "masked": ("只能看到部分隐藏的值", "The value is shown masked"),
    "withheld": ("看不到该字段", "The field is withheld"),
    "no_record": ("对其而言该记录不存在", "For this actor the record does not exist"),
    "refused": ("请求本身被拒绝", "The request itself is refused"),
}
_REASONS = {
    "actor_revoked": ("账号已停用", "the actor was revoked"),
    "purpose_not_granted": ("不得声明该目的", "the actor may not state this purpose"),
    "record_gone": ("记录已移出登记库", "the record was removed from the register"),
    "not_reached": ("看不到其所属的记录", "nothing that the record hangs on is seen"),
    "not_granted": ("没有授权涉及", "no grant speaks of it"),
    "granted": ("由授权开放", "a grant opens it"),
    "masked": ("授权要求隐藏部分内容", "a grant masks it"),
    "withheld": ("授权明确不提供", "a grant withholds it"),
    "denied": ("有禁止性授权", "a deny beats every allow"),
}


def standing_words(considered: Considered) -> tuple[str, str]:
    """Why a grant applies or does not, and what it says of the field: Chinese, English."""
    grant = considered.grant
    zh, en = (
        text.format(effective_on=grant.effective_on, expires_on=grant.expires_on, rows=grant.rows)
        for text in _STANDINGS[considered.standing]
    )
    if considered.applies:
        says = _SAYS[considered.says]
        zh, en = f"{zh}，{says[0]}", f"{en} and {says[1]}"
    return zh, en


def outcome_words(explained: Explained) -> tuple[str, str]:
    """What it comes to, and why: Chinese, English."""
    zh, en = _OUTCOMES[explained.outcome]
    reason = _REASONS.get(explained.reason) or _STANDINGS[explained.reason]
    grant = explained.decisive
    if grant is not None:
        said = (
            text.format(effective_on=grant.effective_on, expires_on=grant.expires_on, rows=grant.rows)
            for text in reason
        )
        why = list(said)
        return (
            f"{zh}：{why[0]}（{_named(grant, '授权', '批准文号')}）。",
            f"{en}: {why[1]} ({_named(grant, 'grant', 'approval')}).",
        )
    if explained.reason in _STANDINGS:
        reason = {
            "out_of_scope": ("没有一项授权的范围包含该记录", "the record lies outside the rows of every grant"),
            "other_purpose": ("没有授权用于该目的", "no grant is for this purpose"),
        }.get(explained.reason, _REASONS["not_granted"])
    return f"{zh}：{reason[0]}。", f"{en}: {reason[1]}."


def _named(grant: Grant, word: str, approval: str) -> str:
    return f"{word} {grant.id}, {approval} {grant.approval}"
