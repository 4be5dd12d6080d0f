"""Reasons and verdicts tell of no field that they do not name: each column of people is changed, to see what moves."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from hub.access.actor import Actor
from hub.access.policy import decide
from hub.api.verdicts import closed_fields
from matching.features import FEATURE_NAMES
from matching.features.pairs import pair_features
from matching.features.text import TextVectors
from matching.records import People
from schema.catalog import ENTITIES
from schema.ranking import load_ranking
from schema.reasons import REASONS, SHORTFALLS
from schema.ruleset import load_ruleset
from schema.told import COLUMN_FIELDS, REASON_FIELDS
from tests.markets import pairs_of, random_openings, random_people

DAY = date(2026, 6, 15)
N, M = 60, 20
ADMINISTRATOR = Actor(1, "administrator", "", None, "530000000000", None, None, ("administration",))
OFFICE = Actor(2, "department", "", "human_resources", "530627000000", None, None, ("employment_service",))
STATION = Actor(3, "station", "", None, "530627001000", None, None, ("employment_service",))
PERSON = Actor(4, "person", "", None, None, None, 1, ("own_affairs",))


def _matrix(people: People) -> Any:
    openings = random_openings(M, 2)
    vectors = TextVectors(np.ones((N, 3), dtype=np.float32), np.ones((M, 3), dtype=np.float32))
    return pair_features(people, openings, *pairs_of(N, M), vectors=vectors, today=DAY)[0]


@pytest.mark.parametrize("column", [item.name for item in fields(People) if item.name not in ("person_id", "text")])
def test_a_reason_names_every_field_that_moves_its_terms(column: str) -> None:
    people, other = random_people(N, 1), random_people(N, 7)
    before, after = _matrix(people), _matrix(replace(people, **{column: getattr(other, column)}))
    moved = {
        FEATURE_NAMES[at] for at in range(len(FEATURE_NAMES)) if not np.array_equal(before[:, at], after[:, at], True)
    }
    policy = load_ranking()
    for feature in moved:
        reason = policy.feature(feature).reason
        if reason != "person":  # one's own terms are the same for every offer, and are told to nobody
            assert set(COLUMN_FIELDS[column]) <= set(REASON_FIELDS[reason]), (column, feature, reason)


def test_the_fields_named_are_there_and_every_reason_is_known() -> None:
    for names in (*COLUMN_FIELDS.values(), *REASON_FIELDS.values()):
        for name in names:
            entity, _, field = name.partition(".")
            assert ENTITIES[entity].field(field) is not None, name
    assert {item.name for item in fields(People)} == set(COLUMN_FIELDS)
    assert set(REASON_FIELDS) == set(REASONS) - {"other"}
    assert not set(REASON_FIELDS) & set(SHORTFALLS)


@pytest.mark.parametrize("actor", [ADMINISTRATOR, OFFICE], ids=["administrator", "human resources"])
def test_whoever_may_not_see_health_is_told_no_rule_that_reads_it(actor: Actor) -> None:
    decisions = decide(actor, actor.purposes[0], today=DAY)
    assert decisions.field("person", "health").access == "withheld"
    reading = {rule.code for rule in load_ruleset().rules if "health" in rule.reads}
    assert reading
    for rule in load_ruleset().rules:
        assert ("person.health" in closed_fields(rule.code, decisions)) == (rule.code in reading)
    assert decisions.closed_to("recommendation", REASON_FIELDS["conditions"]) == ["person.health"]
    assert closed_fields("no such rule", decisions) == ["unknown.rule"]


@pytest.mark.parametrize("actor", [STATION, PERSON], ids=["station", "person"])
def test_a_station_and_the_person_are_told_all(actor: Actor) -> None:
    decisions = decide(actor, actor.purposes[0], today=DAY)
    for code, names in REASON_FIELDS.items():
        assert decisions.closed_to("recommendation", names) == [], code
    for rule in load_ruleset().rules:
        assert closed_fields(rule.code, decisions) == [], rule.code


def test_without_recommendations_nothing_is_told() -> None:
    partner = Actor(5, "partner", "", None, None, "SH01", None, ("labour_cooperation",))
    decisions = decide(partner, "labour_cooperation", today=DAY)
    assert decisions.closed_to("recommendation", ["person.name"]) == ["person.name"]
