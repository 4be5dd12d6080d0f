"""Whoever got nothing, and why: the binding rule, or that every vacancy went to others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from matching.records import Bool, Int8, Int32, Int64, Shortfall, Verdict
from matching.rules import Eligibility

#: Rows whose verdict bits are held at once.
_CHUNK = 1024


def binding_rules(eligibility: Eligibility, rows: Int64, *, among: Bool) -> tuple[tuple[str, ...], Int32, Int32]:
    """The rule that binds each person most, for people whom the rules leave nothing.

    It is the rule whose waiving alone would open most targets; where no single one would open any, the rule that fails
    most of them. The first of the rule set among equals.

    Parameters
    ----------
    among
        Targets that count, of shape (n_targets,).

    Returns
    -------
    The codes; the place of the binding rule of each person in them, -1 where there are no rules; and the number of
    targets that waiving it alone would open.
    """
    codes, n_rules = eligibility.codes, len(eligibility.codes)
    binding, opened = np.full(len(rows), -1, dtype=np.int32), np.zeros(len(rows), dtype=np.int32)
    if not n_rules or not among.any():
        return codes, binding, opened
    counted = np.packbits(among)
    lines = [
        np.packbits((table != Verdict.FAIL)[:, eligibility.target_class[number]], axis=1)
        for number, table in enumerate(eligibility.tables)
    ]
    for start in range(0, len(rows), _CHUNK):
        part = rows[start : start + _CHUNK]
        passes = np.broadcast_to(counted, (n_rules, len(part), len(counted))).copy()
        for number, rule in enumerate(eligibility.rule_of):
            passes[rule] &= lines[number][eligibility.person_class[number, part]]
        fails = np.bitwise_count(counted & ~passes).sum(axis=2, dtype=np.int64)
        alone = np.empty_like(fails)
        for rule in range(n_rules):
            others = np.bitwise_and.reduce(np.delete(passes, rule, axis=0), axis=0, initial=255)
            alone[rule] = np.bitwise_count(counted & others & ~passes[rule]).sum(axis=1, dtype=np.int64)
        chosen = np.where(alone.any(axis=0), alone.argmax(axis=0), fails.argmax(axis=0))
        binding[start : start + _CHUNK] = chosen
        opened[start : start + _CHUNK] = alone[chosen, np.arange(len(part))]
    return codes, binding, opened


def find_shortfalls(
    nobody: NDArray[np.intp],
    *,
    openings: Eligibility,
    posts: Eligibility,
    vacancies: NDArray[np.integer],
    post_vacancies: NDArray[np.integer],
    open_counts: Int64,
    post_counts: Int64,
    wish_scope: Int8,
    needed_scope: Int8,
    quota_full: Bool,
) -> tuple[Shortfall, ...]:
    """Why each of ``nobody`` (rows of people) got neither an opening nor a post.

    Parameters
    ----------
    open_counts, post_counts
        Eligible openings and posts with a vacancy, of shape (n_people,).
    needed_scope
        How far from home one must be ready to go for each opening, in the order of WISH_SCOPE; -1 unknown.
    quota_full
        Whether the person's household holds as many welfare posts as it may, of shape (n_people,).
    """
    vacant, vacant_posts = vacancies > 0, post_vacancies > 0
    barred = nobody[(open_counts[nobody] == 0) & (post_counts[nobody] == 0)]
    reasons: dict[int, Shortfall] = {}
    if not vacant.any():
        for row in barred.tolist():
            reasons[row] = Shortfall(row, "eligibility", "no_opening", {"posts": int(vacant_posts.sum())})
    else:
        codes, binding, opened = binding_rules(openings, barred.astype(np.int64), among=vacant)
        total = int(vacant.sum())
        for row, rule, count in zip(barred.tolist(), binding.tolist(), opened.tolist(), strict=True):
            detail: dict[str, str | int | float | None] = {
                "rule": codes[rule] if rule >= 0 else None, "would_open": count, "openings": total,
            }  # fmt: skip
            reasons[row] = Shortfall(row, "eligibility", "no_eligible_opening", detail)
    left = nobody[(open_counts[nobody] > 0) | (post_counts[nobody] > 0)]
    within = _within_wish(openings, left, vacant=vacant, wish_scope=wish_scope, needed_scope=needed_scope)
    places = _places(openings, left, vacancies) + _places(posts, left, post_vacancies)
    for row, wished, count in zip(left.tolist(), within.tolist(), places.tolist(), strict=True):
        found: dict[str, str | int | float | None] = {
            "openings": int(open_counts[row] + post_counts[row]), "vacancies": count,
        }  # fmt: skip
        only_posts = open_counts[row] == 0
        code = "household_quota" if only_posts and quota_full[row] else "no_vacancy"
        if not only_posts and not wished:
            code = "outside_wish"
        reasons[row] = Shortfall(row, "allocation", code, found)
    return tuple(reasons[row] for row in sorted(reasons))


def _within_wish(
    openings: Eligibility, rows: NDArray[np.intp], *, vacant: Bool, wish_scope: Int8, needed_scope: Int8
) -> Bool:
    """Whether some eligible vacant opening lies where the person would go; so it does where nobody knows."""
    within = np.ones(len(rows), dtype=np.bool_)
    for scope in range(int(needed_scope.max(initial=-1))):
        mine = np.flatnonzero(wish_scope[rows] == scope)
        if len(mine):
            within[mine] = openings.counts(rows[mine], among=vacant & (needed_scope <= scope)) > 0
    return within


def _places(eligibility: Eligibility, rows: NDArray[np.intp], vacancies: NDArray[np.integer]) -> Int64:
    """Vacancies of the targets that each person may have."""
    total = np.zeros(len(rows), dtype=np.int64)
    weights = np.maximum(vacancies, 0).astype(np.float64)
    for start in range(0, len(rows), 4 * _CHUNK):
        part = slice(start, start + 4 * _CHUNK)
        dense = np.unpackbits(eligibility.bits(rows[part]), axis=1, count=eligibility.n_targets)
        total[part] = np.rint(dense @ weights).astype(np.int64)
    return total
