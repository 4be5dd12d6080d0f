"""Numbers that cannot be anyone's, with the check digits of real ones.

- Citizen numbers: the region part starts with 00, which GB/T 2260 never assigns (its first two digits name a province).
- Mobile phones: 100 and a digit that begins no service number of an operator; Chinese mobiles start with 13 to 19.
- Bank accounts: start with 0000; no issuer's range starts so (ISO/IEC 7812 leaves 0 to ISO/TC 68).
- Unified social credit codes: region part 00 as above.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from simulate.errors import SimulationError
from simulate.marginals import Bool, Dates, Int

Bytes = NDArray[np.uint8]

#: GB 11643-1999: weights of the first seventeen digits, and the check characters by the remainder of eleven.
_CITIZEN_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
_CITIZEN_CHECKS = np.frombuffer(b"10X98765432", dtype=np.uint8)
#: A prime, so that any step walks through all sequence numbers of a day before one repeats.
_SEQUENCES = 499
_PHONE_FIFTH = (2, 3, 4, 6, 7)
#: GB 32100-2015 and GB 11714-1997.
_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS = np.array([1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28])
_ORGANISATION_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2])


def digits_of(values: Int, width: int) -> Bytes:
    """ASCII digits of shape (n, width), zeros in front."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return ((values[:, None] // powers) % 10 + 48).astype(np.uint8)


def text_of(characters: Bytes) -> pa.StringArray:
    """One string a row of an array of ASCII codes."""
    count, width = characters.shape
    offsets = np.arange(0, (count + 1) * width, width, dtype=np.int64)
    flat = np.ascontiguousarray(characters)
    return pa.LargeStringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(flat))


def citizen_numbers(county: Int, born_on: Dates, male: Bool) -> Bytes:
    """Eighteen ASCII characters a person, of shape (n, 18), no two rows alike.

    Parameters
    ----------
    county
        Six-digit code of the county of birth; ``53cccc`` becomes ``00cccc``.
    born_on, male
        As real numbers encode them: the sequence is odd for men.

    Raises
    ------
    SimulationError
        When more were born in one county on one day than there are sequence numbers.

    Source
    ------
    GB 11643-1999.
    """
    day = born_on.astype("datetime64[D]").astype(np.int64)
    key = ((county % 10_000) * 200_000 + day + 100_000) * 2 + male
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    rank = np.empty(len(key), dtype=np.int64)
    rank[order] = np.arange(len(key)) - np.repeat(starts, np.diff(np.append(starts, len(key))))
    if len(rank) and rank.max() >= _SEQUENCES:
        raise SimulationError("Too many people would share a birthday in one county; give a larger region.")
    sequence = 2 * ((key * 7919 + rank * 137) % _SEQUENCES) + np.where(male, 1, 2)
    year = born_on.astype("datetime64[Y]").astype(np.int64) + 1970
    month = born_on.astype("datetime64[M]").astype(np.int64) % 12 + 1
    of_month = (born_on - born_on.astype("datetime64[M]")).astype(np.int64) + 1
    body = np.concatenate(
        [
            digits_of(county % 10_000, 6),
            digits_of(year, 4),
            digits_of(month, 2),
            digits_of(of_month, 2),
            digits_of(sequence, 3),
        ],
        axis=1,
    )
    return np.concatenate([body, check_characters(body)[:, None]], axis=1)


def check_characters(body: Bytes) -> Bytes:
    """Check characters of seventeen-digit bodies, shape (n, 17) to (n,)."""
    return np.asarray(_CITIZEN_CHECKS[((body.astype(np.int64) - 48) @ _CITIZEN_WEIGHTS) % 11])


def phone_numbers(serial: Int) -> pa.StringArray:
    """Eleven digits, one for each serial number; no two alike below fifty million."""
    mixed = (serial * 7_368_787 + 1_234_567) % 50_000_000
    fifth = np.array(_PHONE_FIFTH)[mixed // 10_000_000]
    return text_of(digits_of(10_000_000_000 + fifth * 10_000_000 + mixed % 10_000_000, 11))


def bank_accounts(serial: Int) -> pa.StringArray:
    """Nineteen digits that start with 0000, one for each serial number."""
    return text_of(digits_of(5_300_000_000_000 + (serial * 7_368_787 + 17) % 1_000_000_007, 19))


def credit_codes(region: Int, serial: Int) -> list[str]:
    """Unified social credit codes of companies: 91, a region part that starts with 00, nine of the organisation, check.

    Source
    ------
    GB 32100-2015; the organisation's own check digit after GB 11714-1997.
    """
    codes = []
    for county, number in zip(region.tolist(), serial.tolist(), strict=True):
        eight = f"{number * 7919 % 100_000_000:08d}"
        left = (11 - sum(int(d) * int(w) for d, w in zip(eight, _ORGANISATION_WEIGHTS, strict=True)) % 11) % 11
        body = f"9100{county % 10_000:04d}{eight}{'X' if left == 10 else left}"
        rest = sum(_CREDIT_ALPHABET.index(c) * int(w) for c, w in zip(body, _CREDIT_WEIGHTS, strict=True)) % 31
        codes.append(body + _CREDIT_ALPHABET[(31 - rest) % 31])
    return codes
