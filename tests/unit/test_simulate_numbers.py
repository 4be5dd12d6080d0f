"""Numbers look like real ones to a checker and can be nobody's."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulate.errors import SimulationError
from simulate.numbers import bank_accounts, citizen_numbers, credit_codes, phone_numbers, text_of

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def check_of(body: str) -> str:
    """GB 11643, written out by hand."""
    return "10X98765432"[sum(int(d) * w for d, w in zip(body, _WEIGHTS, strict=True)) % 11]


people = st.lists(
    st.tuples(st.integers(530102, 533499), st.dates(date(1925, 1, 1), date(2026, 5, 31)), st.booleans()),
    min_size=1,
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(people)
def test_citizen_numbers_encode_their_people(rows: list[tuple[int, date, bool]]) -> None:
    county, born, male = (np.array(column) for column in zip(*rows, strict=True))
    numbers = text_of(citizen_numbers(county, born.astype("datetime64[D]"), male)).to_pylist()
    assert len(set(numbers)) == len(numbers)
    for number, (region, birth, is_male) in zip(numbers, rows, strict=True):
        assert len(number) == 18
        assert number[:6] == f"00{region % 10_000:04d}"
        assert number[6:14] == f"{birth:%Y%m%d}"
        assert int(number[16]) % 2 == is_male
        assert number[14:17] != "000"
        assert number[17] == check_of(number[:17])


def test_a_crowded_birthday_keeps_numbers_apart_until_they_run_out() -> None:
    born = np.full(499, np.datetime64("1990-02-03"))
    full = np.full(499, 530627)
    numbers = text_of(citizen_numbers(full, born, np.ones(499, dtype=bool))).to_pylist()
    assert len(set(numbers)) == 499
    with pytest.raises(SimulationError, match="birthday"):
        citizen_numbers(np.append(full, 530627), np.append(born, born[0]), np.ones(500, dtype=bool))


def test_phones_and_accounts_come_from_ranges_nobody_holds() -> None:
    phones = phone_numbers(np.arange(50_000)).to_pylist()
    assert len(set(phones)) == 50_000
    assert all(len(phone) == 11 and phone.startswith("100") for phone in phones)
    # No operator's service number (10000, 10010, 10050, 10086, 10099 and their neighbours) begins so.
    assert {phone[3] for phone in phones} <= set("23467")
    accounts = bank_accounts(np.arange(50_000)).to_pylist()
    assert len(set(accounts)) == 50_000
    assert all(len(account) == 19 and account.startswith("0000") for account in accounts)


@given(st.integers(530000, 539999), st.integers(0, 10**7))
def test_credit_codes_pass_both_checks(county: int, serial: int) -> None:
    (code,) = credit_codes(np.array([county]), np.array([serial]))
    assert len(code) == 18
    assert code.startswith(f"9100{county % 10_000:04d}")
    weights = [pow(3, position, 31) for position in range(17)]
    total = sum(_CREDIT.index(ch) * weight for ch, weight in zip(code[:17], weights, strict=True))
    assert (total + _CREDIT.index(code[17])) % 31 == 0
    organisation = code[8:16]
    left = sum(int(d) * w for d, w in zip(organisation, (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
    assert (left + (10 if code[16] == "X" else int(code[16]))) % 11 == 0
