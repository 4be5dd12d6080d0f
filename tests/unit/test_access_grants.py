"""Grants are read strictly: a slip of the pen must not open or close anything quietly."""

from __future__ import annotations

import pytest

from schema.grants import parse_grants

GOOD = """
version = "t"
[minors]
closed_under_years = 14
[purposes]
employment_service = "就业服务"
[[grants]]
id = "one"
kinds = ["station"]
purposes = ["employment_service"]
entities = ["person"]
rows = "lives"
fields = ["name", "phone"]
masked = ["person.phone"]
legal_basis = "law"
catalogue = "entry"
expires_on = 2026-12-31
[[permits]]
id = "two"
kinds = ["station"]
purposes = ["employment_service"]
mutations = ["editWish"]
rows = "lives"
legal_basis = "law"
"""


def test_a_file_is_read_whole() -> None:
    grants = parse_grants(GOOD)
    assert grants.grants[0].fields == {"person.name", "person.phone"}
    assert not grants.grants[0].minors
    assert grants.permit("editWish", kind="station", purpose="employment_service") is grants.permits[0]
    assert grants.permit("editWish", kind="partner", purpose="employment_service") is None
    assert grants.permit("closeOpening", kind="station", purpose="employment_service") is None


def test_a_deny_speaks_of_children_unless_it_says_otherwise() -> None:
    text = GOOD.replace('rows = "lives"\nfields', 'effect = "deny"\nrows = "lives"\nfields')
    assert parse_grants(text).grants[0].minors


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('entities = ["person"]', 'entities = ["persons"]'),
        ('fields = ["name", "phone"]', 'fields = ["name", "phoen"]'),
        ('masked = ["person.phone"]', 'masked = ["phone"]'),
        ('purposes = ["employment_service"]\nentities', 'purposes = ["employment"]\nentities'),
        ('rows = "lives"\nfields', 'rows = "near"\nfields'),
        ("expires_on", "expires"),
        ('legal_basis = "law"\ncatalogue', "catalogue"),
        ('id = "two"', 'id = "one"'),
        ('mutations = ["editWish"]\nrows = "lives"', 'mutations = ["editWish"]\nrows = "near"'),
    ],
)
def test_what_is_not_there_is_refused(old: str, new: str) -> None:
    assert old in GOOD
    with pytest.raises(ValueError, match=r"grant|permit|person|ids"):
        parse_grants(GOOD.replace(old, new))
