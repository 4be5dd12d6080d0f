"""Masks: enough of a value to recognise it by, not enough to use it."""

from __future__ import annotations

#: SQL over the value ``{v}``, by ``entity.field``; any other masked text keeps its first character.
MASKS: dict[str, str] = {
    "person.citizen_number": "left({v}, 3) || repeat('*', 11) || right({v}, 4)",
    "person.disability_certificate": "left({v}, 3) || repeat('*', 13) || right({v}, 4)",
    "person.phone": "left({v}, 3) || '****' || right({v}, 4)",
    "person.bank_account": "'****' || right({v}, 4)",
    "benefit.certificate_number": "left({v}, 9) || '*******'",
    "person.name": "left({v}, 1) || '*'",
}
_ANY = "left({v}, 1) || '***'"


def mask_sql(name: str, value: str) -> str:
    """SQL of the masked form of ``entity.field`` over the SQL ``value``."""
    return "(" + MASKS.get(name, _ANY).format(v=value) + ")"
