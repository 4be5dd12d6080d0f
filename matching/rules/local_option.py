"""The evidence that nobody is given a welfare post without: no local opening is open to the person (无业可扶)."""

from __future__ import annotations

import numpy as np

from matching.records import Evidence, Int8, Openings, People
from matching.rules.eligibility import Eligibility
from matching.rules.geography import at_level, check_level


def no_local_option(
    eligibility: Eligibility, people: People, openings: Openings, *, within: str = "county"
) -> Evidence:
    """Who has no eligible opening with a vacancy near home.

    Parameters
    ----------
    eligibility
        Of these people and openings.
    within
        Level of region that counts as near home.

    Returns
    -------
    ``no_local_option`` is 1 where there is none, 0 where there is one, -1 where it is unknown where the person lives.
    """
    home, place = at_level(people.living_region, check_level(within)), at_level(openings.region, within)
    evidence: Int8 = np.where(home == 0, -1, 1).astype(np.int8)
    vacant = openings.vacancies > 0
    for here in np.unique(home[home > 0]).tolist():
        near = vacant & (place == here)
        rows = np.flatnonzero(home == here)
        if near.any():
            evidence[rows] = eligibility.counts(rows, among=near) == 0
    return Evidence(no_local_option=evidence)
