"""Source records put down by hand, as intake and identity would leave them: what publication starts from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import uuid4

import asyncpg

from hub.access.actor import Actor
from hub.clock import ZONE, FixedClock
from hub.identity.normalise import normalise
from hub.identity.numbers import check_digit

COUNTY, VILLAGE, TOWNSHIP = "530627000000", "530627102214", "530627102000"
OTHER_VILLAGE = "530627102215"
CLOCK = FixedClock(datetime(2026, 6, 15, 9, 0, tzinfo=ZONE))

_NORMALISED = (
    "name",
    "citizen_number",
    "phone",
    "sex",
    "born_on",
    "nationality",
    "registered_address",
    "living_address",
    "registered_region_code",
    "living_region_code",
    "household_code",
    "certificate_number",
    "relation",
)


def citizen_number(born_on: date, sequence: int) -> str:
    """A valid number that is nobody's: its region part was never assigned. An odd sequence is a man's."""
    body = f"000627{born_on:%Y%m%d}{sequence:03d}"
    return body + check_digit(body)


@dataclass(slots=True)
class World:
    """Puts down records and persons. ``pool`` is the program's own role."""

    pool: asyncpg.Pool
    _count: int = field(default=0)

    async def person(self) -> int:
        """A new key."""
        key: int = await self.pool.fetchval(
            "INSERT INTO identity.person_key (created_at) VALUES ($1) RETURNING person_id", CLOCK.now()
        )
        return key

    async def record(
        self,
        department: str,
        values: dict[str, Any],
        *,
        person_id: int | None = None,
        entity: str = "person",
        as_of: date = date(2026, 6, 1),
        seen_on: date | None = None,
        gone_on: date | None = None,
        region_code: str = COUNTY,
        feed: str | None = None,
        key: str | None = None,
        normalised: bool = True,
    ) -> int:
        """A source record, with its normal form and its person where it speaks of one."""
        self._count += 1
        feed = feed or (department if entity == "person" else f"{entity}s")
        digest = hashlib.sha256(uuid4().bytes).digest()
        async with self.pool.acquire() as connection, connection.transaction():
            batch = await connection.fetchval(
                """
                INSERT INTO intake.batch (feed, entity, department, region_code, layout_sha256, file_sha256, file_name,
                    size_bytes, mode, as_of, state, received_at)
                VALUES ($1, $2, $3, $4, '', $5, $6, 1, 'full', $7, 'landed', $8) RETURNING batch_id
                """,
                feed,
                entity,
                department,
                region_code,
                digest,
                f"{feed}.csv",
                as_of,
                CLOCK.now(),
            )
            row_hash = hashlib.sha256(json.dumps([self._count, values], default=str).encode()).digest()
            record: int = await connection.fetchval(
                """
                INSERT INTO intake.source_record (batch_id, line, feed, entity, department, region_code, record_key,
                    row_hash, values, raw, as_of, seen_on, gone_on)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '{}', $10, $11, $12) RETURNING source_record_id
                """,
                batch,
                self._count,
                feed,
                entity,
                department,
                region_code,
                key or str(self._count),
                row_hash,
                values,
                as_of,
                seen_on or as_of,
                gone_on,
            )
            if entity == "person" and normalised:
                await self._normalise(connection, record, feed, region_code, values)
            if person_id is not None:
                await connection.execute(
                    "INSERT INTO identity.membership (source_record_id, person_id, valid_from) VALUES ($1, $2, $3)",
                    record,
                    person_id,
                    CLOCK.now(),
                )
        return record

    async def _normalise(
        self, connection: asyncpg.Connection, record: int, feed: str, region_code: str, values: dict[str, Any]
    ) -> None:
        cells = {name: values.get(name) for name in _NORMALISED}
        seen = normalise({**cells, "source_record_id": record, "feed": feed, "region_code": region_code})
        await connection.copy_records_to_table(
            "normal", schema_name="identity", records=[tuple(getattr(seen, name) for name in seen.__slots__)]
        )

    async def retire(self, record: int, on: date) -> None:
        """The feed no longer holds the row."""
        await self.pool.execute("UPDATE intake.source_record SET gone_on = $2 WHERE source_record_id = $1", record, on)

    async def merge(self, older: int, newer: int) -> list[tuple[int, int]]:
        """Bring two people together as identity does; returns the moves, for :meth:`undo`."""
        rows = await self.pool.fetch(
            "UPDATE identity.membership SET valid_to = $2 WHERE person_id = $1 AND valid_to IS NULL "
            "RETURNING source_record_id",
            newer,
            CLOCK.now(),
        )
        await self._give([row[0] for row in rows], older)
        await self._redirect(newer, older)
        return [(row[0], newer) for row in rows]

    async def undo(self, moves: Iterable[tuple[int, int]]) -> None:
        """Put the records back where they were."""
        for record, person in moves:
            await self.pool.execute(
                "UPDATE identity.membership SET valid_to = $2 WHERE source_record_id = $1 AND valid_to IS NULL",
                record,
                CLOCK.now(),
            )
            await self._give([record], person)
            await self._redirect(person, None)

    async def _give(self, records: list[int], person: int) -> None:
        await self.pool.executemany(
            "INSERT INTO identity.membership (source_record_id, person_id, valid_from) VALUES ($1, $2, $3)",
            [(record, person, CLOCK.now()) for record in records],
        )

    async def _redirect(self, person: int, target: int | None) -> None:
        await self.pool.execute("UPDATE identity.person_key SET redirects_to = $2 WHERE person_id = $1", person, target)

    async def station(self, *, kind: str = "station", partner_code: str | None = None) -> Actor:
        """Somebody at a station, with an account key of their own."""
        region = None if kind == "partner" else COUNTY
        key = await self.pool.fetchval(
            "INSERT INTO access.actor (kind, name, region_code, partner_code, purposes, created_at) "
            "VALUES ($1, 'somebody', $2, $3, '{employment}', $4) RETURNING actor_id",
            kind,
            region,
            partner_code,
            CLOCK.now(),
        )
        return Actor(key, kind, "somebody", None, region, partner_code, None, ("employment",))  # type: ignore[arg-type]  # a literal given as text

    async def opening(self, *, vacancies: int = 1, reference: str = "O-1", **values: Any) -> int:
        """An open opening in the county."""
        columns: dict[str, Any] = {
            "reference": reference,
            "employer_name": "某服饰有限公司",
            "title": "缝纫工",
            "occupation_code": "6-05-01-03",
            "region_code": TOWNSHIP,
            "channel": "local",
            "wage_low_yuan_per_month": 3000,
            "wage_high_yuan_per_month": 4000,
            "wage_kind": "monthly",
            "vacancies": vacancies,
            "posted_on": date(2026, 6, 1),
            "state": "open",
            "updated_at": CLOCK.now(),
            **values,
        }
        names = ", ".join(columns)
        places = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
        key: int = await self.pool.fetchval(
            f"INSERT INTO market.opening ({names}) VALUES ({places}) RETURNING opening_id",  # noqa: S608  # names are ours
            *columns.values(),
        )
        return key

    async def register(self) -> dict[str, Any]:
        """Everything that publication writes, but for keys and moments that a fresh register chooses anew."""
        return {
            "person": await self._rows(
                "SELECT p.*, h.head_person_id AS lives_with FROM registry.person p JOIN registry.household h "
                "USING (household_id) ORDER BY person_id",
                "household_id",
                "version",
                "updated_at",
            ),
            "household": await self._rows(
                "SELECT h.*, (SELECT array_agg(m.person_id ORDER BY m.person_id) FROM registry.household_member m "
                "WHERE m.household_id = h.household_id AND m.valid_to IS NULL) AS people FROM registry.household h "
                "WHERE h.members_count > 0 OR h.head_person_id IS NOT NULL ORDER BY head_person_id",
                "household_id",
                "version",
                "updated_at",
            ),
            "wish": await self._rows("SELECT * FROM registry.wish ORDER BY person_id", "version", "updated_at"),
            "employment": await self._rows("SELECT * FROM registry.employment", "employment_id"),
            "training": await self._rows("SELECT * FROM registry.training", "training_id"),
            "certificate": await self._rows("SELECT * FROM registry.certificate", "certificate_id"),
            "benefit": await self._rows(
                "SELECT b.*, (SELECT array_agg((m.month, m.yuan_per_month, m.state, m.source_record_id)::text "
                "ORDER BY month) FROM registry.benefit_month m WHERE m.benefit_id = b.benefit_id) AS months "
                "FROM registry.benefit b",
                "benefit_id",
                "household_id",
            ),
            "monitoring": await self._rows(
                "SELECT m.*, h.head_person_id FROM registry.monitoring m "
                "JOIN registry.household h USING (household_id)",
                "monitoring_id",
                "household_id",
            ),
            "conflict": await self._rows(
                "SELECT c.*, h.head_person_id FROM registry.conflict c LEFT JOIN registry.household h "
                "ON c.entity = 'household' AND c.entity_id = h.household_id",
                "conflict_id",
                where_household="entity_id",
            ),
        }

    async def _rows(self, query: str, *without: str, where_household: str | None = None) -> list[str]:
        rows = []
        for row in await self.pool.fetch(query):
            kept = {name: value for name, value in row.items() if name not in without}
            if where_household is not None and kept["entity"] == "household":
                kept.pop(where_household)
            rows.append(json.dumps(kept, default=str, sort_keys=True, ensure_ascii=False))
        return sorted(rows)
