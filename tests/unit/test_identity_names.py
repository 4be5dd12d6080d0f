"""Names in every way they are written are one name; telephone numbers too."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.identity.names import normalise_name, normalise_phone, pinyin_of

_DOTS = ["·", "•", "・", "．", ".", "‧", "∙", "⋅", "●", "・", " ", "\u3000", "-", ""]
han = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=4)


@given(st.text())
@example("ΐ")
@example("ŉ")
@example("ﬃ")
@example("乾隆·後里")
@example("薴")
@example("R¸")
@example("ǰ")
def test_a_normal_name_is_its_own_normal_name(text: str) -> None:
    once = normalise_name(text)
    assert normalise_name(once) == once
    assert not set(once) & set(_DOTS[:-1])


@given(han)
def test_so_is_one_of_any_characters(text: str) -> None:
    assert normalise_name(normalise_name(text)) == normalise_name(text)


@given(han, han, st.sampled_from(_DOTS), st.sampled_from(_DOTS))
def test_the_dot_of_a_minority_name_does_not_matter(first: str, second: str, dot: str, other: str) -> None:
    assert normalise_name(f"{first}{dot}{second}") == normalise_name(f"{first}{other}{second}")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("張偉", "张伟"),
        ("趙國華", "赵国华"),
        ("龍鳳", "龙凤"),
        ("阿依古丽·买买提", "阿依古麗•買買提"),
        ("扎西 次仁", "扎西・次仁"),
        ("和志刚", "　和志刚 "),
        ("李明A", "李明ａ"),
        ("Ａli", "ALI"),
    ],
)
def test_two_ways_to_write_one_name(one: str, other: str) -> None:
    assert normalise_name(one) == normalise_name(other)


@pytest.mark.parametrize(("one", "other"), [("张伟", "张玮"), ("李明", "李明明"), ("王芳", "汪芳")])
def test_different_names_stay_different(one: str, other: str) -> None:
    assert normalise_name(one) != normalise_name(other)


def test_a_surname_is_read_as_a_surname() -> None:
    assert pinyin_of("单明") == "shan ming"
    assert pinyin_of("仇英") == "qiu ying"
    assert pinyin_of("曾伟") == "zeng wei"
    assert pinyin_of("朴成") == "piao cheng"
    assert pinyin_of("明单") == "ming dan"  # only in front
    assert pinyin_of("张伟") == pinyin_of("章玮") == pinyin_of("张薇")
    assert pinyin_of("") == ""


phones = st.integers(0, 99_999_999).map(lambda number: f"100{number:08d}")


@given(phones, st.sampled_from(["{}", "+86{}", "86{}", "0086{}", " {} ", "+86 {}", "'{}", "{}.", "（{}）"]))
def test_a_phone_is_its_digits(phone: str, form: str) -> None:
    spaced = f"{phone[:3]}-{phone[3:7]} {phone[7:]}"
    wide = phone.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    assert {normalise_phone(form.format(text)) for text in (phone, spaced, wide)} == {phone}


@pytest.mark.parametrize("text", [None, "", "无", "123456", "00000000000", "1111111"])
def test_what_tells_nobody_apart_is_no_phone(text: str | None) -> None:
    assert normalise_phone(text) is None


@given(st.text())
def test_any_phone_is_digits_or_nothing(text: str) -> None:
    found = normalise_phone(text)
    assert found is None or (found.isascii() and found.isdigit() and len(found) >= 7)
    assert found is None or normalise_phone(found) in (found, found[2:], found[4:])
