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
application = "A-1"
approval = "P-1"
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


AUTHORITY = {
    'catalogue = "entry"': "catalogue",
    'application = "A-1"': "application",
    'approval = "P-1"': "approval",
    'legal_basis = "law"\ncatalogue': "legal_basis",
    "expires_on = 2026-12-31": "expires_on",
}


@pytest.mark.parametrize("line", AUTHORITY)
@pytest.mark.parametrize("left", ["", "empty"])
def test_a_grant_without_its_authority_is_refused_in_one_line(line: str, left: str) -> None:
    name = AUTHORITY[line]
    if name == "legal_basis":
        new = "catalogue" if not left else 'legal_basis = ""\ncatalogue'
    else:
        new = f'{name} = ""' if left else ""
    assert GOOD.count(line) == 1
    with pytest.raises(ValueError, match=rf"grant one: missing \['{name}'\]") as caught:
        parse_grants(GOOD.replace(line, new))
    assert "\n" not in str(caught.value)


DENY = """
[[grants]]
id = "closing"
effect = "deny"
kinds = ["station"]
purposes = ["employment_service"]
entities = ["person"]
rows = "all"
fields = ["phone"]
legal_basis = "law"
catalogue = "entry"
application = "A-1"
approval = "P-1"
expires_on = 2026-12-31
"""


def test_a_deny_lasts_as_long_as_what_it_closes() -> None:
    assert [grant.effect for grant in parse_grants(GOOD + DENY).grants] == ["allow", "deny"]
    with pytest.raises(ValueError, match="grant closing denies and ends before one"):
        parse_grants(GOOD + DENY.replace("2026-12-31", "2026-12-30"))
    # What it does not speak of may last as long as it likes.
    parse_grants(GOOD + DENY.replace("2026-12-31", "2026-12-30").replace('"phone"', '"sex"'))


def test_no_grant_opens_what_tells_of_a_field_that_it_does_not() -> None:
    tells = '[tells]\n"person.name" = ["person.health"]\n[[permits]]'
    with pytest.raises(ValueError, match=r"grant one opens person\.name, which tells of"):
        parse_grants(GOOD.replace("[[permits]]", tells))
    assert parse_grants(GOOD.replace("[[permits]]", tells.replace("person.health", "person.name")))
    with_health = GOOD.replace('"name", "phone"]', '"name", "phone", "health"]')
    assert parse_grants(with_health.replace("[[permits]]", tells))


VERIFICATION = """
[[verifications]]
id = "asks"
departments = ["civil_affairs"]
purposes = ["employment_service"]
claims = ["identity"]
rows = "region"
legal_basis = "law"
catalogue = "entry"
application = "A-1"
approval = "P-1"
expires_on = 2026-12-31
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('approval = "P-1"', ""),
        ('approval = "P-1"', 'approval = ""'),
        ("expires_on = 2026-12-31", ""),
        ('claims = ["identity"]', 'claims = ["health"]'),
        ('rows = "region"', 'rows = "own"'),
        ('purposes = ["employment_service"]', 'purposes = ["curiosity"]'),
        ('id = "asks"', 'id = "asks"\nmasked = []'),
    ],
)
def test_a_verification_is_read_as_strictly(old: str, new: str) -> None:
    assert parse_grants(GOOD + VERIFICATION).verifications[0].reference == "A-1/P-1"
    with pytest.raises(ValueError, match="verification asks"):
        parse_grants(GOOD + VERIFICATION.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('entities = ["person"]', 'entities = ["persons"]'),
        ('fields = ["name", "phone"]', 'fields = ["name", "phoen"]'),
        ('masked = ["person.phone"]', 'masked = ["phone"]'),
        ('purposes = ["employment_service"]\nentities', 'purposes = ["employment"]\nentities'),
        ('rows = "lives"\nfields', 'rows = "near"\nfields'),
        ("expires_on", "expires"),
        ("expires_on = 2026-12-31", 'expires_on = "2026-12-31"'),
        ("[[permits]]", '[tells]\n"person.name" = ["person.helth"]\n[[permits]]'),
        ('legal_basis = "law"\ncatalogue', "catalogue"),
        ('id = "two"', 'id = "one"'),
        ('mutations = ["editWish"]\nrows = "lives"', 'mutations = ["editWish"]\nrows = "near"'),
    ],
)
def test_what_is_not_there_is_refused(old: str, new: str) -> None:
    assert old in GOOD
    with pytest.raises(ValueError, match=r"grant|permit|person|ids"):
        parse_grants(GOOD.replace(old, new))
