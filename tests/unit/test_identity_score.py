"""Blocking and comparing, against a slow and obvious version of both."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from importlib import resources
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.identity.block import CAP, block_keys
from hub.identity.normalise import Normal, normalise
from hub.identity.numbers import check_digit
from hub.identity.score import COMPARISONS, RARE, LinkageModel, Pairs, compare, load_model


def number_of(region: int, day: date, sequence: int) -> str:
    body = f"{region:06d}{day:%Y%m%d}{sequence:03d}"
    return body + check_digit(body)


#: Few values of everything, so that records meet.
DAYS = [date(1985, 3, 12), date(1985, 3, 21), date(1985, 12, 3), date(1985, 7, 9), date(1958, 3, 12), date(1990, 10, 1)]
NUMBERS = [number_of(region, day, seq) for region in (627, 3103) for day in DAYS[:3] for seq in (124, 125, 200)]
#: One whose check digit is right although a spreadsheet may have cut it.
CHANCE = next(
    body + "0"
    for day in range(1, 29)
    if check_digit(body := f"000627198503{day:02d}100") == "0"
)  # fmt: skip
NAMES = ["张伟", "張偉", "章伟", "张玮", "张小伟", "扎西·次仁", "扎西次仁", "欧阳娜娜", "李", "刘", None]
REGIONS = [None, "530627102214", "530627102215", "530627102000", "530627001000", "530627000000", "530600000000",
           "533103100200", "530000000000"]  # fmt: skip
#: What stands in a cell for each number: itself, cut as text, cut in a cell, as shown, a digit wrong, changed round.
FORMS = (
    lambda n: n,
    lambda n: n[:15] + "000",
    lambda n: str(int(n[:15] + "000")),
    lambda n: f"{int(n[:17] + '0'):.5E}",
    lambda n: n[:9] + str((int(n[9]) + 1) % 10) + n[10:],
    lambda n: n[:15] + n[16] + n[15] + n[17],
    lambda n: n[:6] + n[8:17],
    lambda n: n[:16],
)

cells = st.fixed_dictionaries(
    {
        "name": st.sampled_from(NAMES),
        "citizen_number": st.one_of(
            st.none(),
            st.sampled_from([CHANCE, CHANCE[:15] + "21" + check_digit(CHANCE[:15] + "21")]),
            st.builds(lambda form, number: form(number), st.sampled_from(FORMS), st.sampled_from(NUMBERS)),
        ),
        "born_on": st.one_of(st.none(), st.sampled_from(DAYS).map(date.isoformat)),
        "sex": st.sampled_from([None, "1", "2"]),
        "phone": st.sampled_from([None, "10020000001", "+86 10020000001", "10020000002"]),
        "registered_region_code": st.sampled_from(REGIONS),
        "living_region_code": st.sampled_from(REGIONS),
    }
)
FEEDS = ["human_resources", "civil_affairs", "rural_revitalization"]
people = st.lists(st.tuples(cells, st.sampled_from(FEEDS), st.booleans()), max_size=25)


def normals(rows: list[tuple[dict[str, Any], str, bool]]) -> list[Normal]:
    return [
        normalise({"source_record_id": row + 1, "feed": feed, "region_code": "530627000000", **values})
        for row, (values, feed, _) in enumerate(rows)
    ]


def close(one: str, other: str) -> bool:
    """Equal, or one digit more, one less, another in its place, or two neighbours changed round."""
    long, short = max(one, other, key=len), min(one, other, key=len)
    if len(long) > len(short):
        return any(long[:at] + long[at + 1 :] == short for at in range(len(long)))
    differing = [at for at in range(len(one)) if one[at] != other[at]]
    if len(differing) == 2:
        first, second = differing
        return second == first + 1 and one[first] == other[second] and one[second] == other[first]
    return len(differing) < 2


def number_level(one: Normal, other: Normal) -> str:
    left, right = (record.citizen_number or record.number_raw for record in (one, other))
    if left is None or right is None or left[12:] == "000000" or right[12:] == "000000":
        return "unknown"
    if one.citizen_number and one.citizen_number == other.citizen_number:
        return "same"
    cut = [r.number_state == "rounded" or (r.citizen_number or "").endswith("000") for r in (one, other)]
    if any(cut) and left[:15] == right[:15]:
        return "first fifteen agree"
    return "a digit apart" if close(left, right) else "differs"


def name_level(one: Normal, other: Normal, bearers: Counter[str | None]) -> str:
    if one.name is None or other.name is None:
        return "unknown"
    if one.name == other.name:
        return "same and rare" if bearers[one.name] <= RARE else "same"
    if one.pinyin == other.pinyin:
        return "sounds the same"
    # No two names here have neighbours changed round, which would be two changes of a name.
    near = close(one.name, other.name)
    return "a character apart" if near and len(one.name) > 1 and len(other.name) > 1 else "differs"


def day_level(one: date | None, other: date | None) -> str:
    if one is None or other is None:
        return "unknown"
    equal = (one.year == other.year, one.month == other.month, one.day == other.day)
    if sum(equal) >= 2:
        return "same" if all(equal) else "a part agrees"
    return "same year" if equal[0] else "differs"


def place_level(one: Normal, other: Normal) -> str:
    found = ["unknown", "differs", "same county", "same township", "same village"]
    sides = [{r.registered_region_code, r.living_region_code} - {None} for r in (one, other)]
    if any(all(code.endswith("00000000") for code in side if code) for side in sides):
        return "unknown"
    level = 1
    for left in sides[0]:
        for right in sides[1]:
            assert left
            assert right
            for at, (start, end) in enumerate(((4, 6), (6, 9), (9, 12)), start=2):
                if left[:end] == right[:end] and left[start:end] != "0" * (end - start):
                    level = max(level, at)
    return found[level]


def plain_level(one: str | None, other: str | None) -> str:
    return "unknown" if one is None or other is None else "same" if one == other else "differs"


def slow_levels(one: Normal, other: Normal, feeds: tuple[str, str], bearers: Counter[str | None]) -> dict[str, str]:
    return {
        "number": number_level(one, other),
        "name": name_level(one, other, bearers),
        "born_on": day_level(one.born_on, other.born_on),
        "sex": plain_level(one.sex, other.sex),
        "phone": plain_level(one.phone, other.phone),
        "place": place_level(one, other),
        "source": "same feed" if feeds[0] == feeds[1] else "other feed",
    }


def named(pairs: Pairs, row: int) -> dict[str, str]:
    return {name: levels[pairs.levels[row, at]] for at, (name, levels) in enumerate(COMPARISONS.items())}


@settings(max_examples=80, deadline=None)
@given(people)
def test_pairs_and_levels_are_those_of_the_slow_version(rows: list[tuple[dict[str, Any], str, bool]]) -> None:
    records, feeds = normals(rows), [feed for _, feed, _ in rows]
    fresh = np.array([new for _, _, new in rows], dtype=bool)
    pairs = compare(records, feeds, fresh)
    keys = [set(block_keys(record)) for record in records]
    wanted = [(a, b) for a, b in combinations(range(len(records)), 2) if keys[a] & keys[b] and (fresh[a] or fresh[b])]
    assert list(zip(pairs.a.tolist(), pairs.b.tolist(), strict=True)) == wanted
    bearers = Counter(record.name for record in records if record.born_on)
    for row, (a, b) in enumerate(wanted):
        assert named(pairs, row) == slow_levels(records[a], records[b], (feeds[a], feeds[b]), bearers)


def shares_a_key(one: Normal, other: Normal) -> bool:
    """The seven keys as the documentation states them."""

    def both(*names: str) -> bool:
        return all(getattr(one, name) is not None and getattr(one, name) == getattr(other, name) for name in names)

    digits = [record.citizen_number or record.number_raw or "" for record in (one, other)]
    # Registered or living there, either of them.
    neighbours = any(
        left is not None and right is not None and left[:9] == right[:9] and left[6:9] != "000"
        for left in (one.registered_region_code, one.living_region_code)
        for right in (other.registered_region_code, other.living_region_code)
    )
    return (
        both("citizen_number")
        or both("name", "born_on")
        or both("pinyin", "born_on")
        or (both("phone") and one.sex == other.sex)
        or (both("name") and neighbours)
        or (both("born_on", "sex") and neighbours)
        or (
            min(map(len, digits)) >= 15
            and digits[0][:15] == digits[1][:15]
            and "000000" not in [d[12:] for d in digits]
        )
    )


@given(cells, cells)
def test_a_key_is_shared_when_all_its_parts_are(one: dict[str, Any], other: dict[str, Any]) -> None:
    left, right = normals([(one, FEEDS[0], True), (other, FEEDS[1], True)])
    assert bool(set(block_keys(left)) & set(block_keys(right))) == shares_a_key(left, right)


def crowd(size: int) -> list[Normal]:
    return [
        normalise({"source_record_id": row, "feed": "x", "region_code": "", "phone": "10020000001", "sex": "1"})
        for row in range(size)
    ]


@pytest.mark.parametrize(("size", "pairs", "skipped"), [(CAP, CAP * (CAP - 1) // 2, 0), (CAP + 1, 0, 1)])
def test_a_block_that_tells_nobody_apart_is_skipped_and_counted(size: int, pairs: int, skipped: int) -> None:
    found = compare(crowd(size), ["x"] * size, np.ones(size, dtype=bool))
    assert (len(found.a), found.skipped_blocks) == (pairs, skipped)


def test_what_is_common_is_told_by_the_whole_register() -> None:
    records = normals([({"name": "张伟", "born_on": "1985-03-12"}, feed, True) for feed in FEEDS[:2]])
    fresh = np.ones(2, dtype=bool)
    assert named(compare(records, FEEDS[:2], fresh), 0)["name"] == "same and rare"
    assert named(compare(records, FEEDS[:2], fresh, common={"张伟"}), 0)["name"] == "same"
    assert named(compare(records, FEEDS[:2], fresh, common=set()), 0)["name"] == "same and rare"


@pytest.mark.parametrize("count", [RARE, RARE + 1])
def test_the_seventh_bearer_makes_a_name_common(count: int) -> None:
    rows = [({"name": "张伟", "born_on": "1985-03-12"}, FEEDS[0], True)] * count
    levels = {named(found, row)["name"] for found in [compare(normals(rows), FEEDS[:1] * count, np.ones(count, bool))]
              for row in range(len(found.a))}  # fmt: skip
    assert levels == {"same and rare" if count == RARE else "same"}


def test_the_score_is_the_prior_and_the_weights() -> None:
    model = load_model()
    rng = np.random.default_rng(11)
    sizes = [len(names) for names in COMPARISONS.values()]
    levels = np.stack([rng.integers(0, size, 200) for size in sizes], axis=1).astype(np.int8)
    by_hand = [model.prior + sum(w[level] for w, level in zip(model.weights, row, strict=True)) for row in levels]
    assert model.score(levels) == pytest.approx(by_hand)


def test_more_agreement_never_weighs_less() -> None:
    model = load_model()
    for name, weights in zip(COMPARISONS, model.weights, strict=True):
        known = weights if name == "source" else weights[1:]
        assert list(known) == sorted(known), name
    assert model.grey < model.link


def highest(model: LinkageModel, **at: str) -> float:
    """The best score two records can have with these levels."""
    best = model.prior
    for (name, levels), weights in zip(COMPARISONS.items(), model.weights, strict=True):
        best += weights[levels.index(at[name])] if name in at else max(weights)
    return best


def test_nothing_makes_one_person_of_two_names() -> None:
    # A number can be somebody else's by mistake, a telephone a whole family's, a birthday a twin's.
    model = load_model()
    assert highest(model, name="differs") < model.link
    assert highest(model, name="differs", born_on="differs", number="differs") < model.grey


def test_the_model_says_what_it_was_fitted_on() -> None:
    body = json.loads(resources.files("hub.identity").joinpath("models/linkage-1.json").read_text(encoding="utf-8"))
    assert {plan["seed"] for plan in body["fitted_on"]["training"]} == {101, 102, 103}
    assert {plan["seed"] for plan in body["fitted_on"]["validation"]} == {104}
    assert list(body["weights"]) == list(COMPARISONS)
