"""What a run of the matching service hands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from matching.allocate import Plan
from matching.explain import TopReasons
from matching.model import Model
from matching.records import Bool, Int8, Int32, Kind, Ranking, Shortfall


@dataclass(frozen=True, slots=True)
class Lists:
    """Recommendations of one kind and the reasons beside them, one row of ``reasons`` an entry of the lists.

    ``note`` of shape (n_entries, n_notes) holds facts beside the score, as indices into ``note_codes`` (-1 none), and
    ``note_figure`` what their wording quotes.
    """

    ranking: Ranking
    reasons: TopReasons
    note_codes: tuple[str, ...]
    note: Int8
    note_figure: Any


@dataclass(frozen=True, slots=True)
class Counts:
    """The figures a run is reported with."""

    willing: int
    with_eligible_opening: int
    with_eligible_post: int
    with_recommendation: int
    zero_employment_households: int
    zero_employment_placed: int
    zero_employment_max_flow: int
    priority_households: int
    priority_placed: int
    vacancies: int
    vacancies_filled: int
    posts: int
    posts_filled: int
    seats: int
    seats_filled: int
    placed: int


@dataclass(frozen=True, slots=True)
class Result:
    """Everything a run found out, in rows of the people and targets it was given.

    Attributes
    ----------
    lists
        By kind.
    opening_of, post_of, programme_of
        Target row each person was allotted, -1 none. Nobody has both an opening and a post.
    first_job
        Whether the allotted opening or post ends the zero employment of the person's household.
    no_local_option
        Whether a post was open to the person because no local opening was: the evidence that goes on record.
    plan
        Its surplus, bound and gap are those of the optimum over the candidates.
    surplus
        Of everything allotted, with what the optimum had left free; yuan.
    shortfalls
        One for everybody who was allotted neither an opening nor a post.
    """

    lists: Mapping[Kind, Lists]
    opening_of: Int32
    post_of: Int32
    programme_of: Int32
    first_job: Bool
    no_local_option: Bool
    shortfalls: tuple[Shortfall, ...]
    counts: Counts
    plan: Plan
    surplus: float
    seats: Plan
    model: Model
    rule_set_version: str
    seconds: Mapping[str, float]
