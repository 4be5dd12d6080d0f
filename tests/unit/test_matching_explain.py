"""Reasons in words: every code in both languages, figures where they are known."""

from __future__ import annotations

from string import Formatter

import numpy as np
import pytest

from matching.explain import FIGURE_NAMES, reason_of, round_figures
from schema.ranking import load_ranking
from schema.reasons import REASONS, SHORTFALLS, render_reason


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("code", [*REASONS, *SHORTFALLS])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_every_code_reads_in_both_languages_with_and_without_figures(code, lang, sign):
    wording = (REASONS | SHORTFALLS)[code]
    names = {
        name
        for text in (getattr(wording, f"{lang}_{side}") for side in ("up", "down"))
        for _, name, _, _ in Formatter().parse(text)
        if name
    }
    whole = render_reason(code, dict.fromkeys(names, 12), lang, contribution=sign)
    assert whole
    assert "{" not in whole
    assert whole != code
    assert not names or "12" in whole
    bare = render_reason(code, {}, lang, contribution=sign)
    assert bare
    assert "{" not in bare


def test_a_term_that_lowers_the_score_reads_so():
    assert render_reason("distance", {"km": 1200}, "zh", contribution=-80) == "离家远：约 1,200 公里"
    assert render_reason("distance", {"km": 5}, "en", contribution=80) == "near home: about 5 km"


def test_an_unknown_code_is_shown_as_it_stands():
    assert render_reason("no_such_code", {}, "zh") == "no_such_code"


def test_every_reason_of_the_policy_has_a_wording():
    policy = load_ranking()
    assert {feature.reason for feature in policy.features.values()} - {"person"} <= set(REASONS)
    assert set(FIGURE_NAMES) <= set(REASONS)


def test_figures_are_as_precise_as_they_are_known():
    assert round_figures("wage", np.array([4812.5, 4826.0])).tolist() == [4800, 4850]
    assert round_figures("distance", np.array([12.4])).tolist() == [12]
    assert round_figures("crowding", np.array([3.26, 32.6])).tolist() == [3.3, 33]
    reason = reason_of("wage", 120.0, 4812.5)
    assert reason.detail == {"wage": 4800}
    assert reason_of("crowding", 0.0, 3.26).detail == {"people": 3.3}
    assert reason_of("wage", 120.0, float("nan")).detail == {}
    assert reason_of("occupation", -3.0, 7.0).detail == {}
    assert np.isclose(reason_of("occupation", -3.0, 7.0).contribution, -3)
