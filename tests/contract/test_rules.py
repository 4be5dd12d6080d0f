"""What every kind of rule keeps to, whatever it judges."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import matching
from matching.records import Evidence, Openings, People, Posts, Programmes
from matching.rules import RULE_KINDS, Rules, compile_rules
from matching.rules.limits import PLAN_KINDS
from schema.ruleset import Rule, RuleSet, load_ruleset
from tests.markets import (
    pairs_of,
    random_openings,
    random_people,
    random_posts,
    random_programmes,
)

TODAY = date(2026, 6, 15)
N, M = 400, 60
#: Every entry of the shipped rule set that judges pairs, for each kind of target; those switched off included.
ENTRIES = [
    pytest.param((rule, kind), id=f"{rule.code}-{kind}")
    for rule in load_ruleset().rules
    if rule.kind not in PLAN_KINDS
    for kind in rule.targets
]


def targets_of(kind: str, seed: int = 0, *, unknown: float = 0.2) -> Any:
    make: dict[str, Any] = {"opening": random_openings, "post": random_posts}
    return random_programmes(M, seed) if kind == "programme" else make[kind](M, seed, unknown=unknown)


def evidence_of(n: int, seed: int = 0) -> Evidence:
    return Evidence(no_local_option=np.random.default_rng(seed).integers(-1, 2, n).astype(np.int8))


def only(rule: Rule, kind: str, **changes: Any) -> Rules:
    """Rules that hold one entry and nothing else."""
    one = replace(rule, active=True, targets=(kind,), **changes)
    return compile_rules(replace(load_ruleset(), rules=(one,)), today=TODAY)


def judge(rules: Rules, people: People, targets: Any, evidence: Evidence) -> Any:
    verdicts = rules.verdicts(people, targets, *pairs_of(len(people), len(targets)), evidence=evidence)
    assert verdicts.dtype == np.int8
    return verdicts.reshape(-1, len(people), len(targets))


@pytest.fixture(params=ENTRIES)
def entry(request: pytest.FixtureRequest) -> Iterator[tuple[Rule, str]]:
    return request.param  # type: ignore[no-any-return]  # what ENTRIES holds


def test_every_kind_is_in_the_rule_set():
    assert {rule.kind for rule in load_ruleset().rules} == set(RULE_KINDS) | PLAN_KINDS


def test_can_pass_and_can_fail_and_can_ask(entry):
    rule, kind = entry
    people = random_people(N)
    said = judge(only(rule, kind, unknown="ask"), people, targets_of(kind), evidence_of(N))
    assert set(np.unique(said).tolist()) == {0, 1, 2}


def test_an_unknown_field_means_what_the_rule_set_says(entry):
    rule, kind = entry
    people, targets, evidence = random_people(N), targets_of(kind), evidence_of(N)
    ask, let, bar = (judge(only(rule, kind, unknown=u), people, targets, evidence) for u in ("ask", "pass", "fail"))
    unclear = ask == 2
    assert unclear.any()
    assert (let[unclear] == 1).all()
    assert (bar[unclear] == 0).all()
    assert (let[~unclear] == ask[~unclear]).all()
    assert (bar[~unclear] == ask[~unclear]).all()


def test_nothing_is_certain_of_somebody_about_whom_nothing_is_known(entry):
    rule, kind = entry
    said = judge(only(rule, kind, unknown="ask"), random_people(50, unknown=1.0), targets_of(kind), Evidence())
    if rule.kind not in {"skill_recognition", "already_holds", "leave_home", "channel_reach", "service_region"}:
        # The others read regions and occupations, some of which the market knows whatever else is unknown.
        assert (said != 0).all()


def test_the_scalar_explanation_says_what_the_table_says(entry):
    rule, kind = entry
    people, targets, evidence = random_people(40, seed=5), targets_of(kind, 5), evidence_of(40, 5)
    rules = only(rule, kind)
    said = judge(rules, people, targets, evidence)[0]
    words = {"fail": 0, "pass": 1, "ask": 2}
    for i in range(40):
        for j in range(0, M, 7):
            [verdict] = rules.explain(people, targets, i, j, evidence=evidence)
            assert words[verdict.verdict] == said[i, j]
            assert verdict.rule == rule.code
            assert verdict.legal_basis == rule.legal_basis
            assert all(value is None or isinstance(value, str | int | float) for value in verdict.detail.values())


def test_verdicts_do_not_depend_on_who_else_is_judged(entry):
    rule, kind = entry
    people, targets, evidence = random_people(N), targets_of(kind), evidence_of(N)
    rules = only(rule, kind)
    all_said = judge(rules, people, targets, evidence)
    order, other = np.random.default_rng(1).permutation(N)[:150], np.random.default_rng(2).permutation(M)
    some_said = judge(rules, people.take(order), targets.take(other), evidence.take(order))
    assert (some_said == all_said[:, order][:, :, other]).all()


def test_the_eligible_are_those_whom_no_rule_fails(entry):
    rule, kind = entry
    people, targets, evidence = random_people(N), targets_of(kind), evidence_of(N)
    rules = only(rule, kind)
    said = judge(rules, people, targets, evidence)
    mine, theirs = pairs_of(N, M)
    expected = (said != 0).all(axis=0)
    assert (rules.eligible(people, targets, mine, theirs, evidence=evidence).reshape(N, M) == expected).all()
    indptr, rows = rules.eligible_pairs(people, targets, np.arange(N), evidence=evidence)
    assert (np.diff(indptr) == expected.sum(axis=1)).all()
    assert (rows == np.nonzero(expected)[1]).all()


class Spy:
    """Stands for columns and notes which of them are read."""

    def __init__(self, columns: Any) -> None:
        self.columns, self.read = columns, set()

    def __getattr__(self, name: str) -> Any:
        self.read.add(name)
        return getattr(self.columns, name)

    def __len__(self) -> int:
        return len(self.columns)


def test_reads_what_it_says_it_reads(entry):
    from matching.rules.base import Context

    rule, kind = entry
    parameters = {k: tuple(v) if isinstance(v, list) else v for k, v in rule.parameters.items()}
    instance = RULE_KINDS[rule.kind](**parameters)
    people, targets, evidence = Spy(random_people(5)), Spy(targets_of(kind)), Spy(evidence_of(5))
    instance.person_key(people, Context(np.datetime64(TODAY, "D"), evidence))  # type: ignore[arg-type]  # a spy
    instance.target_key(targets)  # type: ignore[arg-type]  # a spy
    there = {f.name for columns in (People, Openings, Posts, Programmes, Evidence) for f in fields(columns)}
    read = (people.read | targets.read | evidence.read) & there
    assert read <= set(rule.reads)
    assert "sex" not in there
    assert "nationality" not in read


def test_every_column_it_says_it_reads_is_read_for_some_target():
    from matching.rules.base import Context

    for rule in load_ruleset().rules:
        if rule.kind in PLAN_KINDS:
            continue
        parameters = {k: tuple(v) if isinstance(v, list) else v for k, v in rule.parameters.items()}
        instance = RULE_KINDS[rule.kind](**parameters)
        read: set[str] = set()
        for kind in rule.targets:
            people, targets, evidence = Spy(random_people(5)), Spy(targets_of(kind)), Spy(evidence_of(5))
            instance.person_key(people, Context(np.datetime64(TODAY, "D"), evidence))  # type: ignore[arg-type]  # a spy
            instance.target_key(targets)  # type: ignore[arg-type]  # a spy
            read |= people.read | targets.read | evidence.read
        assert set(rule.reads) <= read, rule.code


def test_no_people_and_no_targets(entry):
    rule, kind = entry
    rules, people, targets = only(rule, kind), random_people(N), targets_of(kind)
    nobody, nothing = people.take(np.arange(0)), targets.take(np.arange(0))
    for some, few in ((nobody, targets), (people, nothing), (nobody, nothing)):
        eligibility = rules.compile(some, few)
        assert eligibility.counts().tolist() == [0] * len(some)
        indptr, rows = eligibility.pairs(np.arange(len(some)))
        assert (len(indptr), len(rows)) == (len(some) + 1, 0)


def test_a_version_for_a_region_binds_those_who_live_there_and_nobody_else(entry):
    rule, kind = entry
    assert not rule.region  # the shipped rules bind everybody
    people, targets, evidence = random_people(N), targets_of(kind), evidence_of(N)
    said = judge(only(rule, kind), people, targets, evidence)[0]
    here = judge(only(rule, kind, region="530627000000"), people, targets, evidence)[0]
    inside = people.living_region // 1_000_000 == 530627
    assert (here[inside] == said[inside]).all()
    assert (here[~inside] == 1).all()
    # Beside the general one, the nearer version goes before it, also with another answer to what is unknown.
    both: RuleSet = replace(
        load_ruleset(),
        rules=tuple(
            replace(rule, active=True, targets=(kind,), **changes)
            for changes in ({"unknown": "ask"}, {"unknown": "fail", "region": "530627000000"})
        ),
    )
    mixed = judge(compile_rules(both, today=TODAY), people, targets, evidence)
    assert mixed.shape[0] == 1
    assert (mixed[0, ~inside] == judge(only(rule, kind, unknown="ask"), people, targets, evidence)[0, ~inside]).all()
    assert (mixed[0, inside] == judge(only(rule, kind, unknown="fail"), people, targets, evidence)[0, inside]).all()


def test_a_rule_is_applied_on_its_days_only(entry):
    rule, kind = entry
    entries = replace(load_ruleset(), rules=(replace(rule, active=True, in_force_to=date(2026, 6, 15)),))
    assert compile_rules(entries, today=date(2026, 6, 15)).codes(kind) == (rule.code,)
    assert compile_rules(entries, today=date(2026, 6, 16)).codes(kind) == ()


def test_no_code_of_matching_speaks_of_sex():
    # The register derives retires_on; with it held fixed nothing can change with the sex, for nothing knows of it.
    words = {"sex", "gender", "male", "female"}
    for path in Path(matching.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = {ast.Name: "id", ast.Attribute: "attr", ast.arg: "arg", ast.keyword: "arg"}.get(type(node))  # type: ignore[call-overload]  # other nodes have no name
            assert name is None or getattr(node, name) not in words, path
            assert not (isinstance(node, ast.Constant) and node.value in words), path
    columns = {f.name for kind in (People, Openings, Posts, Programmes, Evidence) for f in fields(kind)}
    assert not columns & words
