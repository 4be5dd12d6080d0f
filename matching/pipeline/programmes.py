"""What a training programme gains a person: the openings it leads to, with and without the level it awards.

A person's chances are tried in the order of their worth until one succeeds, so a list of chances is worth
``Σ p_k u_k Π_{j<k} (1 − p_j)``. The programme's worth is that of the list with the openings it leads to, judged and
scored as if the level were held already, less that of the list as it is. More chances and better ones never make it
less.

The same ranker scores both lists. It learnt how placements differ between people with and without a level, not what a
course changes in one and the same person, so the gain is an estimate until uplift is learnt from the programmes' own
outcomes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from matching.features import TextVectors, pair_features
from matching.model import Model
from matching.pipeline.lists import Pairs
from matching.records import Float32, Int32, Openings, People, Programmes
from matching.rules import Rules
from schema.ranking import RankingPolicy

#: Pairs of person and programme worked on at once; each is tried on several openings.
_CHUNK = 40_000


@dataclass(frozen=True, slots=True)
class Chances:
    """Each person's best chances as they stand, of shape (n_people, k); no chance has probability 0."""

    target: Int32  # row of the opening, -1 none
    probability: Float32
    worth: Float32  # yuan if it succeeds


@dataclass(frozen=True, slots=True)
class Gains:
    """What pairs gain; ``pairs.score`` in yuan, ``pairs.probability`` the rise of the chance of any placement."""

    pairs: Pairs
    unlocked: Int32  # openings tried that the person qualifies for only with the level


def best_chances(pairs: Pairs, worth: Float32, *, n_people: int, most: int) -> Chances:
    """The ``most`` best openings of each person by expected surplus."""
    order = np.lexsort((pairs.target, -pairs.score, pairs.person))
    person = pairs.person[order]
    place = np.arange(len(order)) - np.searchsorted(person, np.arange(n_people))[person]
    kept = place < most
    at = (person[kept], place[kept])
    target = np.full((n_people, most), -1, dtype=np.int32)
    probability = np.zeros((n_people, most), dtype=np.float32)
    value = np.zeros((n_people, most), dtype=np.float32)
    target[at], probability[at], value[at] = (
        pairs.target[order][kept], pairs.probability[order][kept], worth[order][kept],
    )  # fmt: skip
    return Chances(target, probability, value)


def linked_openings(programmes: Programmes, openings: Openings, *, most: int) -> Int32:
    """Openings that each programme leads to, of shape (n_programmes, most), -1 where there are fewer.

    The occupation taught or its minor group, vacancies, in the programme's own county first, then by wage.
    """
    out = np.full((len(programmes), most), -1, dtype=np.int32)
    wage = np.nan_to_num(openings.wage_low + openings.wage_high)
    for row in range(len(programmes)):
        taught = int(programmes.occupation[row])
        if not taught:
            continue
        near = (openings.occupation // 100 == taught // 100) | (openings.skill_occupation // 100 == taught // 100)
        found = np.flatnonzero(near & (openings.vacancies > 0))
        home = openings.region[found] // 1_000_000 == int(programmes.region[row]) // 1_000_000
        best = found[np.lexsort((found, -wage[found]))]
        local = found[home][np.lexsort((found[home], -wage[found[home]]))][: most // 2]
        chosen = np.concatenate([local, best[~np.isin(best, local)]])[:most]
        out[row, : len(chosen)] = chosen
    return out


def programme_gains(
    people: People,
    programmes: Programmes,
    openings: Openings,
    shortlist: Pairs,
    *,
    chances: Chances,
    rules: Rules,
    model: Model,
    vectors: TextVectors,
    policy: RankingPolicy,
    today: date,
) -> Gains:
    """Gain of every pair of the shortlist, in its order.

    Parameters
    ----------
    shortlist
        Eligible pairs of people and programmes; its scores are not read.
    vectors
        Of the texts of ``people`` and ``openings``.
    """
    links = linked_openings(programmes, openings, most=policy.lists.openings_tried)
    gain, rise = np.zeros(len(shortlist), dtype=np.float32), np.zeros(len(shortlist), dtype=np.float32)
    unlocked = np.zeros(len(shortlist), dtype=np.int32)
    used = np.unique(links[links >= 0])
    if len(used):
        offers = openings.take(used)
        place = np.full(len(openings) + 1, -1, dtype=np.int32)
        place[used] = np.arange(len(used))
        for start in range(0, len(shortlist), _CHUNK):
            part = slice(start, start + _CHUNK)
            person, programme = shortlist.person[part], shortlist.target[part]
            trained = _trained(people.take(person), programmes, programme)
            tried = place[links[programme]]  # the last entry of place is -1, which -1 picks
            at, slot = np.nonzero(tried >= 0)
            target = tried[at, slot].astype(np.int64)
            with_level = rules.compile(trained, offers).eligible(at, target)
            at, slot, target = at[with_level], slot[with_level], target[with_level]
            untrained = rules.compile(people.take(person), offers).eligible(at, target)
            x, _ = pair_features(
                trained, offers, at, target, today=today,
                vectors=TextVectors(vectors.people[person], vectors.targets[used]),
            )  # fmt: skip
            ranked = model.rank_unchecked(x)
            shape = tried.shape
            chance, worth = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.float32)
            chance[at, slot], worth[at, slot] = ranked.probability, ranked.months * ranked.worth
            gain[part], rise[part] = _compare(chances, person, used[tried], chance, worth)
            unlocked[part] = np.bincount(at[~untrained], minlength=len(person))
    pairs = Pairs(shortlist.person, shortlist.target, gain, rise)
    return Gains(pairs, unlocked)


def _trained(people: People, programmes: Programmes, programme: Int32) -> People:
    """The people as if each had completed the programme beside it."""
    level, taught = programmes.skill_level[programme], programmes.occupation[programme]
    # A level in the occupation taught counts where it is higher than what is held, or held in nothing.
    better = (level > people.skill_level) | ((level >= 0) & (people.skill_occupation == 0))
    fresh = (level < 0) & (people.skill_occupation == 0)  # no level, but the trade is known
    return replace(
        people,
        skill_level=np.where(better, level, people.skill_level).astype(np.int8),
        skill_occupation=np.where(better | fresh, taught, people.skill_occupation).astype(np.int32),
    )


def _compare(
    chances: Chances, person: Int32, target: NDArray[np.integer], chance: Float32, worth: Float32
) -> tuple[Float32, Float32]:
    """Rise of the value and of the chance of each person's list when the programme's chances join it."""
    own_chance, own_worth = chances.probability[person], chances.worth[person]
    before = list_value(own_chance, own_worth)
    # An opening that stands in both lists counts once, as whichever is better.
    twice = (chances.target[person][:, :, None] == target[:, None, :]) & (chance[:, None, :] > 0)
    stays = own_chance >= (twice * chance[:, None, :]).max(axis=2, initial=0.0)
    joined = np.where(stays | ~twice.any(axis=2), own_chance, 0.0)
    added = np.where((twice & stays[:, :, None]).any(axis=1), 0.0, chance)
    after = list_value(np.hstack([joined, added]), np.hstack([own_worth, worth]))
    return (
        np.maximum(after[0] - before[0], 0.0).astype(np.float32),
        np.maximum(after[1] - before[1], 0.0).astype(np.float32),
    )


def list_value(
    chance: NDArray[np.floating], worth: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What chances tried in the order of their worth are worth together, and the chance that one succeeds.

    Parameters
    ----------
    chance, worth
        Of shape (n, k).
    """
    order = np.argsort(-worth, axis=1, kind="stable")
    p = np.take_along_axis(chance, order, axis=1).astype(np.float64)
    u = np.take_along_axis(worth, order, axis=1).astype(np.float64)
    # Chance that everything before has failed, and, last, that everything has.
    failed = np.hstack([np.ones((len(p), 1)), np.cumprod(1.0 - p, axis=1)])
    return (p * u * failed[:, :-1]).sum(axis=1), 1.0 - failed[:, -1]
