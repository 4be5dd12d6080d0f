"""Lines for COPY: what is read back is what was meant."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hub.recommend.store import recommendation_lines, shortfall_lines, two_digits
from matching.explain import TopReasons
from matching.pipeline import Lists
from matching.records import Ranking, Shortfall

NAN = float("nan")


def make_lists() -> Lists:
    """Three people: two entries, none, one; the second entry is allotted."""
    ranking = Ranking(
        "opening", np.array([0, 2, 2, 3]), np.array([1, 0, 1], np.int32), np.array([900.5, 20, 7], np.float32),
        np.array([0.5, 0.25, 0.125], np.float32), np.array([False, True, False]),
    )  # fmt: skip
    reasons = TopReasons(
        ("wage", "distance", "scope"),
        np.array([[0, 1], [2, -1], [1, 0]], np.int8),
        np.array([[1234.0, -56.7], [-3, 0], [0.2, 9]], np.float32),
        np.array([[4812.0, 12.4], [NAN, NAN], [NAN, 3000.0]], np.float32),
    )
    note = np.array([[0], [-1], [0]], np.int8)
    return Lists(ranking, reasons, ("crowding",), note, np.array([[3.26], [NAN], [32.6]], np.float32))


def test_lists_as_copy_reads_them():
    lines = list(
        recommendation_lines(
            7, "opening", make_lists(), person_id=np.array([10, 11, 12]), target_ids=np.array([100, 101])
        )
    )
    fields = [line.removesuffix("\n").split("\t") for line in lines]
    assert [row[:5] for row in fields] == [
        ["7", "10", "opening", "{101,100}", "{900.5,20}"],
        ["7", "12", "opening", "{101}", "{7}"],
    ]
    assert [row[5] for row in fields] == ["{0.5,0.25}", "{0.125}"]
    assert [row[7] for row in fields] == ["1", "\\N"]
    assert json.loads(fields[0][6]) == [
        [
            {"code": "wage", "sign": 1, "value": 1200, "wage": 4800},
            {"code": "distance", "sign": -1, "value": -57, "km": 12},
            {"code": "crowding", "sign": 0, "value": 0, "people": 3.3},
        ],
        [{"code": "scope", "sign": -1, "value": -3}],
    ]
    assert json.loads(fields[1][6]) == [
        [
            {"code": "distance", "sign": 0, "value": 0},
            {"code": "wage", "sign": 1, "value": 9, "wage": 3000},
            {"code": "crowding", "sign": 0, "value": 0, "people": 33},
        ]
    ]


@given(st.floats(-8e6, 8e6, width=32))
def test_two_digits_keep_sign_and_size(value: float):
    told = int(two_digits(np.array([value], np.float32))[0])
    assert abs(told - value) <= max(0.5, 0.06 * abs(value))
    assert len(str(abs(told)).rstrip("0")) <= 2


def test_a_shortfall_keeps_its_words():
    shortfall = Shortfall(1, "eligibility", "no_eligible_opening", {"rule": 'a\\b "c"\t劳', "openings": 3})
    (line,) = shortfall_lines(7, (shortfall,), person_id=np.array([1, 2]), household_id=np.array([0, 0]))
    row = line.removesuffix("\n").split("\t")
    assert row[:5] == ["7", "2", "\\N", "eligibility", "no_eligible_opening"]
    # COPY turns two backslashes into one before the server reads JSON.
    assert json.loads(row[5].replace("\\\\", "\\")) == shortfall.detail
