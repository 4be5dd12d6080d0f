"""Reasons of rejections: a stable code and one sentence for the department, never with the value itself."""

from __future__ import annotations

from typing import Final

#: code -> sentence; {heading} is the heading in the file, {found} and {wanted} are numbers of columns
REASONS: Final = {
    "row_width": "本行有{found}列，应为{wanted}列",
    "row_quote": "本行引号不成对，无法分列",
    "line_unreadable": "本行不是完整的JSON对象",
    "row_stale": "同一对象已有日期更新的记录",
    "key_missing": "缺少能识别本行的编号或姓名等信息",
    "required_missing": "“{heading}”必填，现为空",
    "text_undecodable": "“{heading}”含有无法识别的字符，可能是编码损坏",
    "text_too_long": "“{heading}”过长",
    "date_unreadable": "“{heading}”不是能识别的日期",
    "number_unreadable": "“{heading}”不是能识别的数字",
    "number_out_of_range": "“{heading}”超出合理范围",
    "flag_unreadable": "“{heading}”不是能识别的是或否",
    "code_unknown": "“{heading}”不在允许的选项之内",
    "region_unknown": "“{heading}”不是已知的区划",
    "occupation_unknown": "“{heading}”不是职业分类大典中的职业",
}


def reason_for(code: str, heading: str | None, *, found: int = 0, wanted: int = 0) -> str:
    """The sentence for a code."""
    return REASONS[code].format(heading=heading or "", found=found, wanted=wanted)
