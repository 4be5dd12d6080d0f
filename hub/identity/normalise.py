"""From a source record's values to the normal form that linkage compares. Raw values stay where they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from hub.identity.names import normalise_name, normalise_phone, pinyin_of
from hub.identity.numbers import born_on_of, parse_citizen_number
from schema.addresses import region_of_address


@dataclass(frozen=True, slots=True)
class Normal:
    """One row of ``identity.normal``; the order of the fields is the order of the columns."""

    source_record_id: int
    name: str | None
    pinyin: str | None
    sex: str | None
    born_on: date | None
    citizen_number: str | None
    number_state: str
    number_raw: str | None
    phone: str | None
    nationality: str | None
    registered_region_code: str | None
    living_region_code: str | None
    household_ref: str | None
    relation: str | None


def normalise(row: Mapping[str, str | int | None]) -> Normal:
    """The normal form of one record.

    Parameters
    ----------
    row
        ``source_record_id``, ``feed``, ``region_code`` (the sender's) and the canonical fields as text.
    """
    number = parse_citizen_number(_text(row, "citizen_number"))
    name = normalise_name(_text(row, "name") or "") or None
    born = _text(row, "born_on")
    within = _text(row, "region_code") or ""
    registered = _region(row, "registered", within)
    living = _region(row, "living", within)
    household = _text(row, "household_code") or _text(row, "certificate_number")
    return Normal(
        source_record_id=int(row["source_record_id"] or 0),
        name=name,
        pinyin=pinyin_of(name) if name else None,
        sex=number.sex or _text(row, "sex"),
        born_on=number.born_on or (date.fromisoformat(born) if born else None) or born_on_of(number.raw),
        citizen_number=number.number,
        number_state=number.state,
        number_raw=number.raw,
        phone=normalise_phone(_text(row, "phone")),
        nationality=_text(row, "nationality"),
        registered_region_code=registered,
        living_region_code=living,
        household_ref=f"{row['feed']}:{household}" if household else None,
        relation=_text(row, "relation"),
    )


def _text(row: Mapping[str, str | int | None], key: str) -> str | None:
    value = row.get(key)
    return None if value is None else str(value)


def _region(row: Mapping[str, str | int | None], which: str, within: str) -> str | None:
    code = _text(row, f"{which}_region_code")
    if code:
        return code
    address = _text(row, f"{which}_address")
    return region_of_address(address, within) if address else None
