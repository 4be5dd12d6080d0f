"""Rules about the whole plan, which no pair alone can break: the allocation reads them as numbers.

- Welfare posts a household may hold. Source: guidance on rural public-welfare posts (2020); the number is a default.
- Whether somebody may be given a programme seat and a job at once. The platform's own default.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from schema.ruleset import Rule

#: Kinds that bind the plan and not a pair.
PLAN_KINDS = frozenset({"household_quota", "seat_and_job"})


@dataclass(frozen=True, slots=True)
class Limits:
    """What the plan as a whole must keep to.

    Attributes
    ----------
    posts_per_household
        Most welfare posts a household may hold, those it has included; None sets no limit.
    seat_beside_job
        Whether a person may be given a programme seat as well as an opening or a post.
    """

    posts_per_household: int | None = None
    seat_beside_job: bool = True


def compile_limits(rules: Iterable[Rule]) -> Limits:
    """The limits that rules in force set.

    Raises
    ------
    ValueError
        A parameter is missing, unknown or no number of at least 0.
    """
    posts, together = None, True
    for rule in rules:
        names = {"household_quota": {"posts_per_household"}, "seat_and_job": {"together"}}.get(rule.kind)
        if names is None:
            continue
        if set(rule.parameters) != names:
            raise ValueError(f"rule {rule.code}: parameters are {sorted(rule.parameters)}, not {sorted(names)}")
        if rule.kind == "household_quota":
            posts = rule.parameters["posts_per_household"]
            if not isinstance(posts, int) or isinstance(posts, bool) or posts < 0:
                raise ValueError(f"rule {rule.code}: posts_per_household is {posts!r}")
        else:
            together = bool(rule.parameters["together"])
    return Limits(posts, together)
