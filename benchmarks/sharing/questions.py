"""The four questions, as each server's schema asks them, with variables drawn from one seed.

Each asks for the same rows and the same columns of both.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Question:
    """A question in the words of the hub and of the peer, with the variables of each in the same order."""

    name: str
    hub: str
    peer: str
    hub_variables: Sequence[Mapping[str, Any]]
    peer_variables: Sequence[Mapping[str, Any]]


_PERSON_HUB = """query Person($id: ID!) { person(id: $id) {
  id name sex bornOn nationality education livingRegionCode registeredRegionCode employmentStatus inWork willing
  household { id householdKind membersCount zeroEmployment relocated members(first: 10) { nodes {
    id name sex bornOn relation employments(first: 3) { nodes { employerName occupation startedOn
      wageYuanPerMonth } } } } } } }"""
_PERSON_PEER = """query Person($id: BigInt!) { personByPersonId(personId: $id) {
  personId name sex bornOn nationality education livingRegionCode registeredRegionCode employmentStatus inWork willing
  householdByHouseholdId { householdId householdKind membersCount zeroEmployment relocated
  peopleByHouseholdId(first: 10) { nodes { personId name sex bornOn relation employmentsByPersonId(first: 3) { nodes {
    employerName occupation startedOn wageYuanPerMonth } } } } } } }"""
_HOUSEHOLDS_HUB = """query Households { households(first: 50) { nodes {
  id householdKind membersCount zeroEmployment livingRegionCode relocated members(first: 10) { nodes {
    id name sex bornOn education employmentStatus inWork } } } } }"""
_HOUSEHOLDS_PEER = """query Households { allHouseholds(first: 50) { nodes {
  householdId householdKind membersCount zeroEmployment livingRegionCode relocated
  peopleByHouseholdId(first: 10) { nodes { personId name sex bornOn education employmentStatus inWork } } } } }"""
_PAGE = """name sex bornOn nationality education livingRegionCode registeredRegionCode employmentStatus inWork willing
  personCategory"""
_PAGE_HUB = f"query Page {{ persons(first: 500) {{ nodes {{ id {_PAGE} }} }} }}"
_PAGE_PEER = f"query Page {{ allPeople(first: 500) {{ nodes {{ personId {_PAGE} }} }} }}"
_SEARCH = "name bornOn education livingRegionCode employmentStatus phone"
_SEARCH_HUB = f"""query Search($region: String!) {{ persons(first: 20, filter: {{livingRegion: $region, willing: true,
  sex: "2"}}) {{ nodes {{ id {_SEARCH} }} }} }}"""
_SEARCH_PEER = f"""query Search($low: String!, $high: String!) {{ allPeople(first: 20, filter: {{livingRegionCode:
  {{greaterThanOrEqualTo: $low, lessThan: $high}}, willing: {{equalTo: true}}, sex: {{equalTo: "2"}}}}) {{ nodes {{
  personId {_SEARCH} }} }} }}"""


def draw_questions(*, persons: Sequence[int], counties: Sequence[str], seed: int = 42) -> list[Question]:
    """The questions about these people and counties."""
    drawn = random.Random(seed)  # noqa: S311 - which person is asked for is no secret
    people = [drawn.choice(persons) for _ in range(2000)]
    places = [drawn.choice(counties) for _ in range(200)]
    return [
        Question(
            "person",
            _PERSON_HUB,
            _PERSON_PEER,
            [{"id": f"Person:{key}"} for key in people],
            [{"id": str(key)} for key in people],
        ),
        Question("households", _HOUSEHOLDS_HUB, _HOUSEHOLDS_PEER, [{}], [{}]),
        Question("page", _PAGE_HUB, _PAGE_PEER, [{}], [{}]),
        Question(
            "search",
            _SEARCH_HUB,
            _SEARCH_PEER,
            [{"region": code} for code in places],
            [{"low": code[:6], "high": f"{int(code[:6]) + 1:06d}"} for code in places],
        ),
    ]


def write_requests(
    document: str, variables: Sequence[Mapping[str, Any]], *, port: int, headers: Mapping[str, str]
) -> list[bytes]:
    """HTTP/1.1 requests, ready to be sent."""
    written = []
    for values in variables:
        body = json.dumps({"query": document, "variables": values}).encode()
        head = {
            "host": f"127.0.0.1:{port}",
            "content-type": "application/json",
            "accept": "application/json",
            "content-length": str(len(body)),
            **headers,
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        written.append(f"POST /graphql HTTP/1.1\r\n{lines}\r\n".encode() + body)
    return written
