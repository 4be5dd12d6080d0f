"""The market of a scenario: employers, openings past and present, programmes, posts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from simulate.families import Families
from simulate.marginals import Dice, load_marginals
from simulate.market import (
    Employers,
    Openings,
    Posts,
    Programmes,
    fit_vacancies,
    make_employers,
    make_openings,
    make_posts,
    make_programmes,
)
from simulate.places import Places
from simulate.standing import Standing
from simulate.work import Work

SCENARIOS = ("plenty", "scarce", "skewed")


@dataclass(frozen=True, slots=True)
class Economy:
    """All that is or was on offer."""

    employers: Employers
    past: Openings
    openings: Openings
    programmes: Programmes
    posts: Posts

    @property
    def vacancies(self) -> int:
        """Vacancies of openings still to be filled."""
        return int((self.openings.vacancies - self.openings.filled).sum())


def make_economy(
    places: Places, families: Families, work: Work, standing: Standing, *, scenario: str, as_of: date, dice: Dice
) -> Economy:
    """Vacancies follow the scenario's ratio to the willing exactly; the past is the same in every scenario."""
    tables = load_marginals()
    market, scenarios = tables["market"], tables["scenario"]
    which = scenarios["names"].index(scenario)
    willing = int(work.willing.sum())
    home = standing.living_village[families.household]
    townships, number = np.unique(places.township[home[work.willing]], return_counts=True)
    by_township = dict(zip(townships.tolist(), number.tolist(), strict=True)) or {int(places.township[0]): 1}
    usual, now = (np.asarray(tables["channel"][name]) for name in ("plenty", scenario))
    past_count = max(
        market["fewest_past_openings"],
        round(willing * tables["history"]["years"] * market["past_openings_per_willing_year"]),
    )
    employers = make_employers(max(12, round(past_count * market["employers_per_opening"])), by_township, usual, dice)
    past = make_openings(
        employers, count=past_count, past=True, as_of=as_of, unlovely=market["past_unlovely"], shares=usual, dice=dice
    )
    wanted = max(1, round(willing * scenarios["vacancies_per_willing"][which]))
    mean = market["vacancies_per_opening_median"] * float(np.exp(market["vacancies_per_opening_log_sd"] ** 2 / 2))
    openings = make_openings(
        employers,
        count=min(wanted, max(market["fewest_openings"], round(wanted / mean))),
        past=False,
        as_of=as_of,
        unlovely=scenarios["unlovely"][which],
        shares=now,
        dice=dice,
    )
    vacancies, filled = fit_vacancies(openings, wanted, dice)
    people_by_village = np.bincount(home, minlength=len(places))
    return Economy(
        employers=employers,
        past=past,
        openings=replace(openings, vacancies=vacancies, filled=filled),
        programmes=make_programmes(places, willing, as_of, dice),
        posts=make_posts(places, people_by_village, as_of, dice),
    )
