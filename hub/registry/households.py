"""Who lives with whom, and which household keeps which key. Pure.

Evidence, strongest first: a station's word that somebody lives with somebody; rural revitalization's household code;
civil affairs' certificates, which are brought together where they share their head or half of the smaller one's
members, and go to the coded household of their head, else of most of their members. Whoever is in none is a household
of one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from hub.registry.merge import merge_household
from hub.registry.records import Conflict, Member, Monitoring, Sources
from schema.authority import Authority
from schema.law import WorkLaw

_HEAD = "02"


@dataclass(frozen=True, slots=True)
class Group:
    """People of one household, by ascending key."""

    members: tuple[Member, ...]
    household_code: str | None

    @property
    def head(self) -> Member:
        """The head by relation; where none is named the oldest of those of known age; else the lowest key."""
        present = [member for member in self.members if member.gone_on is None] or list(self.members)
        named = [member for member in present if member.relation == _HEAD]
        return min(named or present, key=lambda member: (member.born_on or date.max, member.person_id))

    @property
    def is_listed(self) -> bool:
        """Whether anybody has said who lives here. Of people who are merely in nobody's list, nobody knows."""
        return any(
            member.household_code is not None
            or member.certificates
            or member.joins is not None
            or member.relation is not None
            for member in self.members
        )

    @property
    def order(self) -> tuple[str, int]:
        """A sorting key that does not depend on what was there before."""
        return self.household_code or "", self.members[0].person_id


def group_households(members: Iterable[Member]) -> list[Group]:
    """Put every person into exactly one household; in a fixed order."""
    people = {member.person_id: member for member in members}
    place: dict[int, str] = {}
    for person_id, member in people.items():
        if member.household_code is not None:
            place[person_id] = f"code {member.household_code}"
    for cluster in _certificate_clusters(people.values()):
        homes = Counter(place[person] for person in cluster if person in place)
        heads = [place[p] for p in cluster if p in place and people[p].relation == _HEAD]
        home = min(heads or homes, key=lambda name: (-homes[name], name), default=f"certificate {min(cluster)}")
        for person in cluster:
            place.setdefault(person, home)
    for person_id in people:
        place.setdefault(person_id, f"person {person_id}")
    _follow_joins(people, place)
    together: dict[str, list[Member]] = defaultdict(list)
    for person_id in sorted(people):
        together[place[person_id]].append(people[person_id])
    groups = [Group(tuple(group), _code_of(name)) for name, group in together.items()]
    return sorted(groups, key=lambda group: group.order)


def _code_of(place: str) -> str | None:
    kind, _, name = place.partition(" ")
    return name if kind == "code" else None


def _certificate_clusters(members: Iterable[Member]) -> list[list[int]]:
    """People whose certificates belong together; each person once, with their newest certificate's cluster."""
    holders: dict[str, set[int]] = defaultdict(set)
    heads: dict[int, list[str]] = defaultdict(list)
    several: list[tuple[str, ...]] = []
    newest: dict[int, str] = {}
    for member in members:
        for certificate in member.certificates:
            holders[certificate].add(member.person_id)
            if member.relation == _HEAD:
                heads[member.person_id].append(certificate)
        if member.certificates:
            newest[member.person_id] = member.certificates[0]
        if len(member.certificates) > 1:
            several.append(member.certificates)
    root = {certificate: certificate for certificate in holders}

    def find(certificate: str) -> str:
        while root[certificate] != certificate:
            certificate = root[certificate]
        return certificate

    def unite(one: str, other: str) -> None:
        low, high = sorted((find(one), find(other)))
        root[high] = low

    for headed in heads.values():
        for other in headed[1:]:
            unite(headed[0], other)
    for certificates in several:
        for position, one in enumerate(certificates):
            for other in certificates[position + 1 :]:
                shared = len(holders[one] & holders[other])
                if 2 * shared >= min(len(holders[one]), len(holders[other])):
                    unite(one, other)
    clusters: dict[str, list[int]] = defaultdict(list)
    for person_id in sorted(newest):
        clusters[find(newest[person_id])].append(person_id)
    return [clusters[name] for name in sorted(clusters)]


def _follow_joins(people: Mapping[int, Member], place: dict[int, str]) -> None:
    """A station's word moves the one who joins; chains are followed, a circle leaves everybody where they were."""
    target = {person: member.joins for person, member in people.items() if member.joins in people}
    moved: dict[int, str] = {}
    for person, companion in target.items():
        seen = {person}
        current = companion
        while current is not None and current in target and current not in seen:
            seen.add(current)
            current = target[current]
        if current is not None and current not in seen:
            moved[person] = place[current]
    place.update(moved)


def match_households(groups: Sequence[Group], before: Mapping[int, int], coded: Mapping[str, int]) -> list[int | None]:
    """The key each group keeps; None asks for a new one.

    A household's code decides first, then the number of members in common, then the older key. Each key goes once.

    Parameters
    ----------
    before
        Person → household they are in or, when in none, were in last.
    coded
        Household code → household.
    """
    claims: list[tuple[int, int, int, int]] = []
    for position, group in enumerate(groups):
        overlap = Counter(before[m.person_id] for m in group.members if m.person_id in before)
        by_code = coded.get(group.household_code) if group.household_code is not None else None
        if by_code is not None:
            overlap.setdefault(by_code, 0)
        claims.extend((-(key == by_code), -count, key, position) for key, count in overlap.items())
    keys: list[int | None] = [None] * len(groups)
    taken: set[int] = set()
    for _, _, key, position in sorted(claims):
        if keys[position] is None and key not in taken:
            keys[position] = key
            taken.add(key)
    return keys


@dataclass(frozen=True, slots=True)
class Household:
    """A household's row, its monitoring and its conflicts."""

    household_id: int
    values: dict[str, Any]
    sources: Sources
    monitoring: tuple[tuple[object, ...], ...]  # kind, risk_kind, identified_on, risk_eliminated, source_record_id
    conflicts: tuple[Conflict, ...]


def make_household(household_id: int, group: Group, authorities: Mapping[str, Authority], work: WorkLaw) -> Household:
    """What the register holds of a household, from what it holds of its members."""
    present = [member for member in group.members if member.gone_on is None]
    head = group.head
    # Whom a station moved here brings no word of the household they left.
    own = [m for m in group.members if m.household_code in (None, group.household_code)]
    words = [word for member in own for word in member.words]
    values, sources, conflicts = merge_household(household_id, words, authorities)
    values["household_code"] = group.household_code
    if group.household_code is None:
        sources.pop("household_code", None)
    willing = sum(member.willing is True for member in present)
    in_work = sum(member.in_work is True for member in present)
    monitoring: dict[tuple[str, date | None], Monitoring] = {}
    for member in own:
        for row in member.monitoring:
            known = monitoring.get((row.kind, row.identified_on))
            if known is None or known.source_record_id < row.source_record_id:
                monitoring[row.kind, row.identified_on] = row
    in_force = [row for row in monitoring.values() if row.in_force] if present else []
    latest = max(in_force, key=lambda row: (row.identified_on or date.min, row.source_record_id), default=None)
    benefit = next((member.benefit_source for member in present if member.benefit_source is not None), None)
    if latest is not None:
        sources["monitored_kind"] = latest.source_record_id
    if latest is not None or benefit is not None:
        sources["low_income"] = latest.source_record_id if latest is not None else benefit or 0
    values |= {
        "head_person_id": head.person_id,
        "registered_region_code": _first(group, head, "registered_region_code"),
        "living_region_code": _first(group, head, "living_region_code"),
        "members_count": len(present),
        "willing_count": willing,
        "in_work_count": in_work,
        "zero_employment": (group.is_listed or not work.only_listed_households)
        and willing >= work.willing_members_min
        and in_work <= work.in_work_members_max,
        "low_income": latest is not None or benefit is not None,
        "monitored_kind": None if latest is None else latest.kind,
        "gone_on": None if present else max(m.gone_on for m in group.members if m.gone_on is not None),
    }
    return Household(
        household_id,
        values,
        sources,
        tuple(
            (row.kind, row.risk_kind, row.identified_on, row.risk_eliminated, row.source_record_id)
            for row in monitoring.values()
        ),
        tuple(conflicts),
    )


def _first(group: Group, head: Member, field: str) -> str | None:
    """The head's region, else that of the first member who has one."""
    codes: list[str | None] = [getattr(member, field) for member in (head, *group.members)]
    return next((code for code in codes if code is not None), None)
