"""A rule set → rules that judge people and targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np

from matching.records import (
    KINDS,
    Bool,
    Evidence,
    Int8,
    Int32,
    Int64,
    Kind,
    Openings,
    People,
    Posts,
    RuleVerdict,
    Targets,
    Verdict,
)
from matching.rules.age_window import AgeWindow
from matching.rules.already_holds import AlreadyHolds
from matching.rules.base import Context, RuleKind
from matching.rules.channel_reach import ChannelReach
from matching.rules.education_min import EducationMin
from matching.rules.eligibility import Eligibility, Rows, classes_of
from matching.rules.geography import inside
from matching.rules.health_conditions import HealthConditions
from matching.rules.labour_ability import LabourAbility
from matching.rules.last_resort import LastResort
from matching.rules.leave_home import LeaveHome
from matching.rules.limits import PLAN_KINDS, Limits, compile_limits
from matching.rules.night_shift import NightShift
from matching.rules.one_post import OnePost
from matching.rules.post_term import PostTerm
from matching.rules.school_leaver import SchoolLeaver
from matching.rules.service_region import ServiceRegion
from matching.rules.skill_recognition import SkillRecognition
from matching.rules.target_group import TargetGroup
from matching.rules.weak_labour import WeakLabour
from matching.rules.wish_scope import WishScope
from matching.rules.working_age import WorkingAge
from matching.rules.young_worker import YoungWorker
from schema.ruleset import Rule, RuleSet

#: Every kind of rule that judges pairs, by name.
RULE_KINDS: Mapping[str, type[RuleKind]] = {
    kind.name: kind
    for kind in (
        WorkingAge, YoungWorker, AgeWindow, EducationMin, SkillRecognition, AlreadyHolds, SchoolLeaver, LabourAbility,
        HealthConditions, NightShift, LeaveHome, ChannelReach, WishScope, ServiceRegion, TargetGroup, WeakLabour,
        LastResort, OnePost, PostTerm,
    )
}  # fmt: skip
_WORDS: dict[int, Literal["fail", "pass", "ask"]] = {0: "fail", 1: "pass", 2: "ask"}
_UNKNOWN = {"fail": Verdict.FAIL, "pass": Verdict.PASS, "ask": Verdict.ASK}


@dataclass(frozen=True, slots=True)
class _Version:
    """One entry of the rule set, ready to judge: ``nearer`` holds the regions of versions that go before it."""

    rule: Rule
    kind: RuleKind
    nearer: tuple[str, ...]

    def binds(self, living_region: Int64) -> Bool:
        """Which people the version binds."""
        mine = inside(living_region, self.rule.region)
        for region in self.nearer:
            mine &= ~inside(living_region, region)
        return mine

    def said(self, verdicts: Int8) -> Int8:
        """Verdicts of the kind, with what is not known read as this entry says."""
        return np.where(verdicts == Verdict.ASK, _UNKNOWN[self.rule.unknown], verdicts).astype(np.int8)


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules in force on a day, ready to judge people against targets of any kind.

    What is computed once for people and targets is :meth:`compile`; whoever has many questions about the same people
    and targets asks its :class:`Eligibility` instead of these short-cuts.

    Attributes
    ----------
    rule_set
        Where they come from; its version and hash go on record with every run.
    limits
        What binds the plan as a whole and no single pair.
    """

    rule_set: RuleSet
    today: date
    limits: Limits
    versions: Mapping[Kind, tuple[tuple[_Version, ...], ...]]

    @property
    def version(self) -> str:
        """Version of the rule set."""
        return self.rule_set.version

    def codes(self, kind: Kind) -> tuple[str, ...]:
        """Codes of the rules that judge targets of a kind, in the order of the rule set."""
        return tuple(versions[0].rule.code for versions in self.versions.get(kind, ()))

    def compile(self, people: People, targets: Targets, *, evidence: Evidence | None = None) -> Eligibility:
        """Judge every class of people against every class of targets.

        Raises
        ------
        ValueError
            A column of the evidence has another length than the people.
        """
        context = self._context(people, evidence)
        groups = self.versions.get(kind_of(targets), ())
        n, m = len(people), len(targets)
        numbers, person_classes, target_classes, tables = [], [], [], []
        for number, versions in enumerate(groups):
            for version in versions:
                person_class, person_keys = classes_of(version.kind.person_key(people, context), n)
                target_class, target_keys = classes_of(version.kind.target_key(targets), m)
                grid = version.kind.decide(
                    tuple(column[:, None] for column in person_keys), tuple(column[None, :] for column in target_keys)
                )
                shape = (len(person_keys[0]), len(target_keys[0]))
                table = np.broadcast_to(version.said(grid), shape)
                if len(versions) > 1 or version.rule.region:
                    # One more class: people whom this version does not bind.
                    table = np.vstack([table, np.full((1, shape[1]), Verdict.PASS, dtype=np.int8)])
                    person_class = np.where(version.binds(people.living_region), person_class, shape[0]).astype(
                        np.int32
                    )
                numbers.append(number)
                person_classes.append(person_class)
                target_classes.append(target_class)
                tables.append(np.ascontiguousarray(table))
        return Eligibility(
            codes=tuple(versions[0].rule.code for versions in groups),
            rule_of=tuple(numbers),
            person_class=_stacked(person_classes, n),
            target_class=_stacked(target_classes, m),
            tables=tuple(tables),
        )

    def verdicts(
        self,
        people: People,
        targets: Targets,
        person_rows: Rows,
        target_rows: Rows,
        *,
        evidence: Evidence | None = None,
    ) -> Int8:
        """Verdict of each rule on each pair (0 fail, 1 pass, 2 ask), of shape (n_rules, n_pairs)."""
        return self.compile(people, targets, evidence=evidence).verdicts(person_rows, target_rows)

    def eligible(
        self,
        people: People,
        targets: Targets,
        person_rows: Rows,
        target_rows: Rows,
        *,
        evidence: Evidence | None = None,
    ) -> Bool:
        """Whether no rule fails, of shape (n_pairs,); what has to be asked counts as eligible meanwhile."""
        return self.compile(people, targets, evidence=evidence).eligible(person_rows, target_rows)

    def eligible_pairs(
        self, people: People, targets: Targets, person_rows: Rows, *, evidence: Evidence | None = None
    ) -> tuple[Int64, Int32]:
        """All eligible pairs of some people: ``indptr`` of shape (n_rows + 1,) and target rows, ascending."""
        return self.compile(people, targets, evidence=evidence).pairs(person_rows)

    def explain(
        self, people: People, targets: Targets, i: int, j: int, *, evidence: Evidence | None = None
    ) -> list[RuleVerdict]:
        """What each rule says of one pair, in the order of the rule set, with what it rests on."""
        one, other = people.take(np.array([i])), targets.take(np.array([j]))
        context = self._context(one, None if evidence is None else evidence.take(np.array([i])))
        out: list[RuleVerdict] = []
        for versions in self.versions.get(kind_of(targets), ()):
            version = next((v for v in versions if v.binds(one.living_region)[0]), None)
            if version is None:
                continue
            person = tuple(column[:1] for column in version.kind.person_key(one, context))
            target = tuple(column[:1] for column in version.kind.target_key(other))
            said = int(np.ravel(version.said(version.kind.decide(person, target)))[0])
            detail = version.kind.detail(tuple(int(c[0]) for c in person), tuple(int(c[0]) for c in target))
            out.append(RuleVerdict(version.rule.code, _WORDS[said], version.rule.legal_basis, detail))
        return out

    def _context(self, people: People, evidence: Evidence | None) -> Context:
        known = Evidence() if evidence is None else evidence
        column = known.no_local_option
        if column is not None and len(column) != len(people):
            raise ValueError(f"evidence about {len(column)} people, not {len(people)}")
        return Context(np.datetime64(self.today, "D"), known)


def compile_rules(rule_set: RuleSet, *, today: date, kind: Kind | None = None) -> Rules:
    """Rules in force on a day.

    Parameters
    ----------
    kind
        Only what judges this kind of target; all kinds when None.

    Raises
    ------
    ValueError
        An entry names a kind of rule that does not exist, targets that the kind cannot judge, or parameters that it
        does not take.
    """
    kinds = KINDS if kind is None else (kind,)
    known = {*RULE_KINDS, *PLAN_KINDS}
    odd = sorted({rule.kind for rule in rule_set.rules} - known)
    if odd:
        raise ValueError(f"no such kinds of rule: {odd}")
    return Rules(
        rule_set=rule_set,
        today=today,
        limits=compile_limits(rule_set.in_force(today)),
        versions={each: _versions(rule_set, today, each) for each in kinds},
    )


def _versions(rule_set: RuleSet, today: date, kind: Kind) -> tuple[tuple[_Version, ...], ...]:
    by_code: dict[str, list[Rule]] = {}
    for rule in rule_set.in_force(today, kind):
        if rule.kind in RULE_KINDS:
            if kind not in RULE_KINDS[rule.kind].judges:
                raise ValueError(f"rule {rule.code}: {rule.kind} cannot judge a {kind}")
            by_code.setdefault(rule.code, []).append(rule)
    return tuple(
        tuple(
            _Version(rule, _instance(rule), tuple(r.region for r in rules if _lies_inside(r.region, rule.region)))
            for rule in rules
        )
        for rules in by_code.values()
    )


def _lies_inside(region: str, other: str) -> bool:
    """Whether a version's region is smaller than, and inside, another's."""
    return region != other and bool(region) and bool(inside(np.array([int(region)]), other)[0])


def _instance(rule: Rule) -> RuleKind:
    arguments: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in rule.parameters.items()
    }
    try:
        return RULE_KINDS[rule.kind](**arguments)
    except (TypeError, ValueError) as error:
        raise ValueError(f"rule {rule.code}: {error}") from error


def _stacked(columns: list[Int32], length: int) -> Int32:
    return np.stack(columns) if columns else np.zeros((0, length), dtype=np.int32)


def kind_of(targets: Targets) -> Kind:
    """Which kind of target the columns hold."""
    if isinstance(targets, Openings):
        return "opening"
    return "post" if isinstance(targets, Posts) else "programme"
