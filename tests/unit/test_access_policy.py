"""Decisions against a slow evaluator that looks at one row and one field at a time."""

from __future__ import annotations

from datetime import date
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.access.actor import Actor
from hub.access.masks import MASKS
from hub.access.policy import Claims, decide
from hub.access.rows import ANCHORS, Scope, scope_sql
from hub.errors import Forbidden
from schema.catalog import ENTITIES
from schema.grants import CountRule, Grant, Grants, Rows, load_grants

DAY = date(2026, 6, 15)
PERSON = Actor(1, "person", "somebody", None, None, None, 7, ("own_affairs",))
STATION = Actor(2, "station", "a station", None, "530627001000", None, None, ("employment_service",))
FIELDS = ("name", "phone", "health", "bank_account")
ROWS: tuple[Rows, ...] = get_args(Rows)


@st.composite
def grant(draw: st.DrawFn, number: int) -> Grant:
    effect = draw(st.sampled_from(["allow", "allow", "deny"]))
    fields = draw(st.sets(st.sampled_from(FIELDS), min_size=1))
    whole = effect == "deny" and draw(st.integers(0, 5)) == 0
    names = frozenset(f"person.{name}" for name in (FIELDS if whole else fields))
    return Grant(
        id=f"g{number}",
        effect=effect,
        kinds=frozenset(draw(st.sampled_from([{"person"}, {"station"}, {"person", "station"}]))),
        departments=frozenset(),
        purposes=frozenset({"own_affairs"}),
        entities=frozenset({"person"}),
        rows=draw(st.sampled_from(ROWS)),
        fields=names,
        whole=whole,
        masked=frozenset(draw(st.sets(st.sampled_from(sorted(names))))),
        withheld=frozenset(draw(st.sets(st.sampled_from(sorted(names)), max_size=1))),
        minors=draw(st.booleans()),
        legal_basis="",
        catalogue="",
        effective_on=draw(st.sampled_from([None, date(2026, 1, 1), date(2027, 1, 1)])),
        expires_on=draw(st.sampled_from([None, date(2026, 6, 15), date(2026, 6, 14)])),
    )


@st.composite
def row(draw: st.DrawFn) -> tuple[frozenset[str], bool]:
    """A row as the scopes that hold it, and whether it is a child's."""
    held = {"all"}
    if draw(st.booleans()):
        held |= {"region"}
        held |= {"lives"} if draw(st.booleans()) else set()
    if draw(st.booleans()):
        held |= {"household"}
        held |= {"own"} if draw(st.booleans()) else set()
    held |= {"referred"} if draw(st.booleans()) else set()
    return frozenset(held), draw(st.booleans())


def holds(one: tuple[frozenset[str], bool], rows: str, minors: bool) -> bool:
    return rows in one[0] and (minors or not one[1])


def slow(grants: list[Grant], one: tuple[frozenset[str], bool], name: str | None) -> str:
    """What may be seen of a row (name None) or of a field of it, grant by grant."""
    ours = [g for g in grants if "person" in g.kinds and g.in_force(DAY) and holds(one, g.rows, g.minors)]
    denies = [g for g in ours if g.effect == "deny"]
    if any(g.whole for g in denies) or not any(g.effect == "allow" for g in ours):
        return "withheld"
    if name is None:
        return "open"
    if any(name in g.fields for g in denies):
        return "withheld"
    best = "withheld"
    for g in ours:
        if g.effect == "allow" and name in g.fields and name not in g.withheld:
            if name not in g.masked:
                return "open"
            if name in MASKS:
                best = "masked"
    return best


@given(st.lists(st.integers(), max_size=6).flatmap(lambda n: st.tuples(*(grant(i) for i in range(len(n))))), st.data())
@settings(max_examples=400, deadline=None)
def test_decisions_are_what_a_slow_evaluator_says(grants: tuple[Grant, ...], data: st.DataObject) -> None:
    decisions = decide(PERSON, "own_affairs", Grants("t", 14, {"own_affairs": ""}, grants), today=DAY)
    for _ in range(6):
        one = data.draw(row())

        def within(scopes: tuple[Scope, ...], one: tuple[frozenset[str], bool] = one) -> bool:
            return any(holds(one, scope.rows, scope.minors) for scope in scopes)

        seen = within(decisions.rows.get("person", ())) and not within(decisions.hidden.get("person", ()))
        assert seen == (slow(list(grants), one, None) == "open")
        for name in FIELDS if seen else ():
            found = decisions.field("person", name)
            expected = slow(list(grants), one, f"person.{name}")
            if found.access != "varies":
                assert found.access == expected
            elif within(found.denied):
                assert expected == "withheld"
            elif within(found.open):
                assert expected == "open"
            else:
                assert expected == ("masked" if within(found.masked) else "withheld")


@given(st.tuples(*(grant(i) for i in range(4))), grant(9))
@settings(max_examples=200, deadline=None)
def test_no_allow_opens_what_a_deny_closes(grants: tuple[Grant, ...], more: Grant) -> None:
    everything = frozenset(f"person.{name}" for name in FIELDS)
    deny = Grant(
        "no", "deny", frozenset({"person"}), frozenset(), frozenset({"own_affairs"}), frozenset({"person"}), "all",
        everything - {"person.name"}, False, frozenset(), frozenset(), True, "", "",
    )  # fmt: skip
    decisions = decide(PERSON, "own_affairs", Grants("t", 14, {"own_affairs": ""}, (*grants, deny, more)), today=DAY)
    assert {decisions.field("person", name).access for name in FIELDS[1:]} == {"withheld"}


def test_nothing_is_granted_by_default() -> None:
    decisions = decide(PERSON, "own_affairs", Grants("t", 14, {"own_affairs": ""}, ()), today=DAY)
    assert not any(decisions.sees(entity) for entity in ENTITIES)
    assert decisions.field("person", "name").reason == "not_granted"
    assert decisions.row_predicate("person", "t", str) == "false"


def test_a_purpose_must_be_ones_own_and_known() -> None:
    for purpose in ("social_assistance", "curiosity", ""):
        with pytest.raises(Forbidden, match="purpose_not_granted"):
            decide(STATION, purpose, today=DAY)


def test_an_expired_grant_counts_no_more_and_its_statements_are_not_found_again() -> None:
    before = decide(STATION, "employment_service", today=date(2030, 12, 31))
    after = decide(STATION, "employment_service", today=date(2031, 1, 1))
    assert before.sees("person")
    assert not after.sees("person")
    assert before.key != after.key


def test_who_asks_is_bound_and_never_text() -> None:
    other = Actor(3, "station", "another", None, "530102001000", None, None, ("employment_service",))
    assert decide(STATION, "employment_service", today=DAY) is decide(other, "employment_service", today=DAY)
    claims = Claims.of(STATION, today=DAY, closed_under_years=14)
    text, values = decide(STATION, "employment_service", today=DAY).row_fragment("person", "t", claims).render()
    assert "530627" not in text
    assert "530627001" in values
    assert "530627002" in values


@pytest.mark.parametrize(
    ("today", "latest"),
    [
        (date(2026, 6, 15), date(2012, 6, 15)),
        (date(2024, 2, 29), date(2010, 2, 28)),
        (date(2027, 3, 1), date(2013, 3, 1)),
    ],
)
def test_the_closed_age_ends_on_the_birthday(today: date, latest: date) -> None:
    assert Claims.of(STATION, today=today, closed_under_years=14).born_before == latest


def test_every_shipped_grant_means_something_for_each_of_its_entities() -> None:
    for one in load_grants().grants:
        for entity in one.entities:
            text = scope_sql(entity, Scope(one.rows, one.minors), "t", lambda name: f":{name}")
            assert text
            assert "{" not in text, (one.id, entity)
        assert one.masked <= one.fields, f"{one.id} masks what it does not grant"
        assert one.masked <= MASKS.keys(), f"{one.id} masks a field that has no mask"
        assert one.legal_basis
        assert one.catalogue
        if one.effect == "allow" and one.rows in ("region", "lives", "referred"):
            assert one.application, f"{one.id} shares people's data without an application number"
            assert one.expires_on is not None


def test_what_hangs_on_somebody_is_bound_wherever_its_anchor_is_wider() -> None:
    """A person sees the names of the household's people; their wishes and benefits must not come along."""
    decisions = decide(PERSON, "own_affairs", today=DAY)
    assert [str(scope) for scope in decisions.rows["person"]] == ["household"]
    for entity in ("wish", "employment", "training", "certificate", "benefit", "benefit_month", "provenance"):
        predicate = decisions.row_predicate(entity, "t", lambda name: f":{name}")
        assert ":person_id" in predicate, entity


@pytest.mark.parametrize("actor", [STATION, PERSON], ids=["station", "person"])
def test_dependent_rows_are_never_bound_by_less_than_their_grant(actor: Actor) -> None:
    decisions = decide(actor, actor.purposes[0], today=DAY)
    for entity, anchors in ANCHORS.items():
        if not decisions.sees(entity):
            continue
        if decisions.row_predicate(entity, "t", str) == "true":
            for anchor in anchors:
                for inner in decisions.rows.get(anchor, ()):
                    assert any(scope.covers(inner) for scope in decisions.rows[entity])


def test_a_conflict_tells_only_of_open_fields() -> None:
    names = decide(STATION, "employment_service", today=DAY).open_names("conflict")
    assert "education" in names
    assert not {"citizen_number", "bank_account", "net_income_yuan_per_year_per_capita"} & set(names)
    assert "phone" in decide(PERSON, "own_affairs", today=DAY).open_names("conflict")


def test_a_field_that_varies_is_withheld_where_nobody_says_of_which_row() -> None:
    phone: Any = decide(PERSON, "own_affairs", today=DAY).field("person", "phone")
    assert phone.access == "varies"
    assert phone.sql("person.phone", "t.phone") == "NULL"
    assert "t.person_id = :person_id" in phone.sql("person.phone", "t.phone", alias="t", claim=lambda name: f":{name}")


def test_every_way_to_what_hangs_on_somebody_is_known() -> None:
    """A new link to a dependent entity must be looked at: its rows may be bound by where it hangs alone."""
    for entity in ENTITIES.values():
        for link in entity.links:
            if link.target in ANCHORS:
                ways = {entity.name, *ANCHORS.get(entity.name, ())}
                assert ways & set(ANCHORS[link.target]), (entity.name, link.name)
    assert not [name for name in ANCHORS if ENTITIES[name].node], "what has a root field of its own hangs on nothing"
    assert set(ANCHORS) == {entity.name for entity in ENTITIES.values() if not entity.node}


def test_counts_are_exact_only_where_every_row_that_is_seen_is_counted_exactly() -> None:
    def entry(name: str, rows: Rows, *, exact: bool, minors: bool = True) -> Grant:
        return Grant(
            name, "allow", frozenset({"person"}), frozenset(), frozenset({"own_affairs"}), frozenset({"person"}), rows,
            frozenset({"person.name"}), False, frozenset(), frozenset(), minors, "", "", exact_counts=exact,
        )  # fmt: skip

    rule = CountRule(5, 5)
    wide, own = entry("wide", "region", exact=False), entry("own", "own", exact=True)
    for grants, expected in (
        ((own,), None),
        ((wide,), rule),
        ((wide, own), rule),
        ((entry("wide", "region", exact=True), entry("some", "lives", exact=False)), None),
        ((entry("grown", "region", exact=True, minors=False), wide), rule),
    ):
        known = Grants("t", 14, {"own_affairs": ""}, grants, counts=rule)
        assert decide(PERSON, "own_affairs", known, today=DAY).count_rule("person") == expected, grants
