"""Citizen numbers: what is right is taken, what is broken is told apart, and noise does not matter."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from hub.identity.numbers import (
    MISSING,
    CitizenNumber,
    born_on_of,
    certain_number,
    check_digit,
    lost_the_day,
    parse_citizen_number,
    widen,
)

_WEIGHTS = [2 ** (17 - place) % 11 for place in range(17)]


def check_of(body: str) -> str:
    """ISO 7064 MOD 11-2, from its definition: the whole, check included, leaves 1 when divided by 11."""
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    (value,) = (check for check in range(11) if (total + check) % 11 == 1)
    return "X" if value == 10 else str(value)


days = st.dates(date(1900, 1, 1), date(2026, 12, 31))
#: Region parts that begin with 00: nobody's, as everywhere in these tests.
regions = st.integers(100, 9999).map(lambda code: f"{code:06d}")
bodies = st.builds(lambda region, day, seq: f"{region}{day:%Y%m%d}{seq:03d}", regions, days, st.integers(1, 999))
numbers = bodies.map(lambda body: body + check_of(body))


def parse(text: str | None) -> CitizenNumber:
    return parse_citizen_number(text)


@given(bodies)
def test_the_check_digit_is_that_of_the_standard(body: str) -> None:
    assert check_digit(body) == check_of(body)


@given(numbers)
def test_a_right_number_tells_birthday_and_sex(number: str) -> None:
    found = parse(number)
    assert (found.number, found.state, found.raw) == (number, "valid", number)
    assert f"{found.born_on:%Y%m%d}" == number[6:14]
    if number.endswith("000"):
        assert found.sex is None  # the seventeenth digit may be a spreadsheet's zero
    else:
        assert found.sex == ("1" if number[16] in "13579" else "2")


@given(numbers, st.data())
def test_one_wrong_digit_is_always_noticed(number: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, 16))
    wrong = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != number[place]]))
    broken = number[:place] + wrong + number[place + 1 :]
    found = parse(broken)
    assert (found.number, found.born_on, found.sex) == (None, None, None)
    assert (found.state, found.raw) == ("rounded" if broken.endswith("000") else "mistyped", broken)


@given(numbers, st.integers(0, 15))
def test_two_neighbours_changed_round_are_always_noticed(number: str, place: int) -> None:
    assume(number[place] != number[place + 1])
    assert parse(number[:place] + number[place + 1] + number[place] + number[place + 2 :]).number is None


_WIDE = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")
_NOISES = (
    lambda text: "'" + text,
    lambda text: "‘" + text + "’",
    lambda text: f"  {text}\t",
    lambda text: f"{text[:6]} {text[6:14]} {text[14:]}",
    lambda text: f"{text[:6]}-{text[6:14]}-{text[14:]}",
    lambda text: f'"{text}"',
    str.lower,
    lambda text: text.translate(_WIDE),
    lambda text: f"\u3000{text}\u00a0",
)


@given(numbers, st.lists(st.sampled_from(_NOISES), max_size=4))
def test_noise_does_not_matter(number: str, noises: list[object]) -> None:
    noisy = number
    for noise in noises:
        noisy = noise(noisy)  # type: ignore[operator]  # a list of lambdas
    assert parse(noisy) == parse(number)


@given(st.one_of(st.text(), st.text("0123456789X.Ex'٣３ -", max_size=24), numbers))
@example("٠٠٠٦٢٧١٩٨٥٠٣١٢٤٥٦٧")
def test_any_text_is_read_and_what_is_left_reads_the_same(text: str) -> None:
    found = parse(text)
    assert (found.number is not None) == (found.state in ("valid", "widened"))
    assert (found.raw is None) == (found.state == "missing")
    if found.number is not None:
        assert found.number == found.number[:17] + check_of(found.number[:17])
        assert found.born_on is not None
        # The widened form of an old number is a valid one.
        assert parse(found.number).number == found.number
    elif found.raw is not None:
        assert parse(found.raw).number is None


@given(regions, st.dates(date(1900, 1, 1), date(1999, 12, 31)), st.integers(1, 999))
def test_an_old_number_is_the_same_number(region: str, day: date, sequence: int) -> None:
    old, body = f"{region}{day:%y%m%d}{sequence:03d}", f"{region}{day:%Y%m%d}{sequence:03d}"
    number = body + check_of(body)
    assert widen(old) == number
    assert parse(old) == CitizenNumber(number, "widened", old)
    assert parse(old).born_on == day


@pytest.mark.parametrize("text", [None, "", "  ", "无", "不详", "/", "12345", "1.5E+3", "6.3E+25"])
def test_nothing_is_there(text: str | None) -> None:
    assert parse(text) == MISSING


@pytest.mark.parametrize(
    "text",
    [
        "000627198513124567",  # no thirteenth month
        "000627850230456",  # an old number, no 30 February
        "00062719850312456",  # a digit short
        "0006271985031245678",  # one too many
    ],
)
def test_what_cannot_be_is_kept_as_it_stands(text: str) -> None:
    assert parse(text) == CitizenNumber(None, "mistyped", text)


@given(numbers)
def test_fifteen_digits_survive_a_spreadsheet(number: str) -> None:
    cut = number[:15] + "000"
    as_text, as_cell = parse(cut), parse(str(int(cut)))
    # As a number in a cell it has lost its leading zeros; the digits are the same once they are back.
    assert (as_cell.number, as_cell.state, as_cell.raw) == (None, "rounded", cut)
    assert parse(str(int(cut)) + ".0") == as_cell
    assert as_text.raw == cut
    if cut[17] == check_of(cut[:17]):
        assert as_text.state == "valid"
        assert certain_number(as_text.number) is None
        assert as_text.sex is None
    else:
        assert (as_text.number, as_text.state) == (None, "rounded")
    assert born_on_of(as_text.raw) == date.fromisoformat(f"{number[6:10]}-{number[10:12]}-{number[12:14]}")


def test_a_cell_of_fifteen_digits_that_end_in_000_is_no_old_number() -> None:
    # Read as an old number this would be somebody born on 24 November 1950; read with its zeros, in January 1985.
    assert parse("627198501124000") == CitizenNumber(None, "rounded", "000627198501124000")
    assert parse("627198503124000") == CitizenNumber(None, "rounded", "000627198503124000")
    assert parse("3103198503124000") == CitizenNumber(None, "rounded", "003103198503124000")
    # No zeros are missing here, and no sequence is 000: nobody has this number.
    assert parse("000627850312000") == CitizenNumber(None, "mistyped", "000627850312000")


@given(numbers, st.integers(5, 14))
def test_scientific_notation_keeps_its_first_digits_in_their_place(number: str, decimals: int) -> None:
    value = int(number[:17] + "0")
    found = parse(f"{value:.{decimals}E}")
    assert (found.number, found.state) == (None, "rounded")
    assert found.raw is not None
    assert len(found.raw) == 18
    assert abs(int(found.raw) - value) <= 10 ** (len(str(value)) - decimals - 1)
    assert parse(f"{value:.{decimals}e}".replace("+", "")) == found


def test_six_digits_of_a_number_are_not_worth_comparing() -> None:
    shown = parse("6.27199E+14")
    assert shown == CitizenNumber(None, "rounded", "000627199000000000")
    assert shown.raw is not None
    assert lost_the_day(shown.raw)
    assert born_on_of(shown.raw) is None
    full = parse("6.27198503124000E+14")
    assert full == CitizenNumber(None, "rounded", "000627198503124000")
    assert full.raw is not None
    assert not lost_the_day(full.raw)


@given(numbers)
def test_no_number_has_lost_its_day(number: str) -> None:
    assert not lost_the_day(number)
    assert certain_number(number) == (None if number.endswith("000") else number)
    assert certain_number(None) is None
