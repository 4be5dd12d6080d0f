"""Access rules once more, row by row in Python: what the compiler's predicates and masks are held against.

Written from the words of ``schema/access.toml``, not from the SQL: a row is seen where some allow speaks of it and no
deny takes it away whole; a field of a row is as open as the most open allow that speaks of the row; a deny that speaks
of row and field withholds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from hub.access.actor import Actor
from hub.access.masks import MASKS
from schema.grants import Grant, Grants
from schema.regions import prefix_of

Row = Mapping[str, Any]
Tables = Mapping[str, list[dict[str, Any]]]
_ADULT_OF = 14


@dataclass
class Rights:
    """What one actor may see for one purpose."""

    grants: Grants
    actor: Actor
    purpose: str
    today: date
    tables: Tables

    def __post_init__(self) -> None:
        self._index: dict[str, dict[int, Row]] = {
            name: {row[f"{name}_id"]: row for row in self.tables[name]}
            for name in ("person", "household", "referral", "opening", "benefit")
        }
        self.mine = [
            grant
            for grant in self.grants.grants
            if self.actor.kind in grant.kinds
            and self.purpose in grant.purposes
            and (not grant.departments or self.actor.department in grant.departments)
            and grant.in_force(self.today)
        ]

    def sees(self, entity: str, row: Row) -> bool:
        """Whether a row is there for the actor."""
        allowed = any(g.effect == "allow" and entity in g.entities and self._speaks(g, entity, row) for g in self.mine)
        taken = any(
            g.effect == "deny" and g.whole and entity in g.entities and self._speaks(g, entity, row) for g in self.mine
        )
        return allowed and not taken

    def access(self, entity: str, name: str, row: Row) -> Literal["open", "masked", "withheld"]:
        """How a field of a row is shown."""
        key = f"{entity}.{name}"
        speaking = [grant for grant in self.mine if entity in grant.entities and self._speaks(grant, entity, row)]
        if any(grant.effect == "deny" and key in grant.fields for grant in speaking):
            return "withheld"
        offers = [g for g in speaking if g.effect == "allow" and key in g.fields and key not in g.withheld]
        if any(key not in grant.masked for grant in offers):
            return "open"
        return "masked" if offers and key in MASKS else "withheld"

    def _speaks(self, grant: Grant, entity: str, row: Row) -> bool:
        return self._inside(grant.rows, grant.minors, entity, row)

    def _inside(self, rows: str, minors: bool, entity: str, row: Row) -> bool:
        if entity == "region":
            return rows == "all"
        if entity == "person":
            return (minors or self._grown(row)) and self._person(rows, row)
        if entity == "household":
            return rows == "all" or self._household(rows, row)
        if entity in ("opening", "programme", "post"):
            place = rows in ("region", "lives") and self._in_region(row["region_code"])
            own = rows == "own" and entity == "opening" and self._is(row["partner_code"], self.actor.partner_code)
            return rows == "all" or place or own
        if entity == "referral":
            opening = self._index["opening"].get(row["opening_id"] or 0)
            posted = opening is not None and self._is(opening["partner_code"], self.actor.partner_code)
            return self._of_person(rows, minors, row["person_id"]) or (rows == "own" and posted)
        if entity in ("contact", "outcome"):
            return self._inside(rows, minors, "referral", self._index["referral"][row["referral_id"]])
        if entity == "benefit_month":
            return self._inside(rows, minors, "benefit", self._index["benefit"][row["benefit_id"]])
        if entity == "monitoring":
            return self._inside(rows, minors, "household", self._index["household"][row["household_id"]])
        if entity == "conflict" and row["entity"] == "household":
            household = self._index["household"].get(row["entity_id"])
            return household is not None and self._inside(rows, minors, "household", household)
        return self._of_person(rows, minors, row["entity_id" if entity == "conflict" else "person_id"])

    def _of_person(self, rows: str, minors: bool, person_id: int) -> bool:
        person = self._index["person"].get(person_id)
        if person is None or person["gone_on"] is not None:
            return False
        return self._inside(rows, minors, "person", person)

    def _person(self, rows: str, row: Row) -> bool:
        if rows == "referred":
            return any(
                referral["person_id"] == row["person_id"]
                and referral["state"] != "shown"
                and referral["opening_id"] is not None
                and self._is(self._index["opening"][referral["opening_id"]]["partner_code"], self.actor.partner_code)
                for referral in self.tables["referral"]
            )
        if rows == "household":
            return row["person_id"] == self.actor.person_id or self._is(row["household_id"], self._home())
        if rows == "own":
            return bool(row["person_id"] == self.actor.person_id)
        return rows == "all" or self._place(rows, row)

    def _household(self, rows: str, row: Row) -> bool:
        return self._is(row["household_id"], self._home()) if rows == "own" else self._place(rows, row)

    def _home(self) -> Any:
        me = self._index["person"].get(self.actor.person_id or 0)
        return me["household_id"] if me is not None else None

    def _place(self, rows: str, row: Row) -> bool:
        lives = rows in ("region", "lives") and self._in_region(row["living_region_code"])
        return lives or (rows == "region" and self._in_region(row["registered_region_code"]))

    def _in_region(self, code: str | None) -> bool:
        ours = self.actor.region_code
        return code is not None and ours is not None and code.startswith(prefix_of(ours))

    def _grown(self, row: Row) -> bool:
        if row["born_on"] is None:
            return True
        born = date.fromisoformat(row["born_on"])
        age = self.today.year - born.year - ((self.today.month, self.today.day) < (born.month, born.day))
        return age >= _ADULT_OF

    @staticmethod
    def _is(one: Any, other: Any) -> bool:
        return one is not None and one == other


def mask(name: str, value: str) -> str:
    """The masked form of a value of ``entity.field``."""
    head, tail, hidden = MASKS[name]
    if len(value) < head + tail + hidden:
        return "*" * len(value)
    return value[:head] + "*" * (len(value) - head - tail) + (value[-tail:] if tail else "")
