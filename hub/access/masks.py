"""Masks: enough of a value to recognise it by, not enough to use it."""

from __future__ import annotations

#: Characters shown at the head and at the tail, and the least that must stay hidden between them, by ``entity.field``.
#: A disability certificate is the citizen number with the disability's kind and level after it: its tail stays hidden.
MASKS: dict[str, tuple[int, int, int]] = {
    "person.name": (1, 0, 1),
    "person.citizen_number": (3, 4, 8),
    "person.disability_certificate": (3, 0, 8),
    "person.phone": (3, 4, 4),
    "person.bank_account": (0, 4, 4),
    "benefit.certificate_number": (9, 0, 4),
}


def mask_sql(name: str, value: str) -> str:
    """SQL of the masked form of ``entity.field`` over the SQL ``value``; no field without a mask of its own.

    A value too short to hide anything in is hidden whole, so that a landline of seven digits does not shine through the
    mask made for a mobile number.
    """
    head, tail, hidden = MASKS[name]
    length = f"char_length({value})"
    shown = f"left({value}, {head}) || repeat('*', {length} - {head + tail}) || right({value}, {tail})"
    return f"(CASE WHEN {length} < {head + tail + hidden} THEN repeat('*', {length}) ELSE {shown} END)"


def mask_text(name: str, value: str | None) -> str | None:
    """The same mask over a value in hand."""
    if value is None:
        return None
    head, tail, hidden = MASKS[name]
    if len(value) < head + tail + hidden:
        return "*" * len(value)
    return value[:head] + "*" * (len(value) - head - tail) + value[len(value) - tail :]
