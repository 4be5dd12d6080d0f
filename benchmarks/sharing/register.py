"""A register of a province's size, written straight into its tables.

Intake would take a quarter of an hour for the same rows, and it is not what is measured. The rows have the shape that
publication gives them; values are drawn by the database with a fixed seed. No number or name is anybody's: citizen
numbers begin with 00, phones with 100. Nobody is under fourteen: the hub would not show them, and the
servers would answer with other rows.
"""

from __future__ import annotations

import asyncpg

#: A household has one to six persons, 3.5 in the mean.
_STEPS: tuple[tuple[str, str], ...] = (
    (
        "places",
        """CREATE TEMP TABLE place AS SELECT row_number() OVER (ORDER BY region_code) - 1 AS n, region_code
           FROM registry.region WHERE level = 'township' AND region_code LIKE '53%'""",
    ),
    (
        "sources",
        """INSERT INTO intake.batch (feed, entity, department, region_code, layout_sha256, file_sha256, file_name,
               size_bytes, mode, as_of, state, received_at)
           VALUES ('bench', 'person', 'human_resources', '530000000000', '', '', 'bench', 0, 'full', '2026-06-01',
               'landed', now())""",
    ),
    (
        "households",
        """INSERT INTO registry.household (household_code, registered_region_code, living_region_code, household_kind,
               relocated, net_income_yuan_per_year_per_capita, members_count, willing_count, in_work_count,
               zero_employment, low_income, monitored_kind, updated_at)
            SELECT 'B' || h, p.region_code, p.region_code,
               (ARRAY['general', 'exited_poverty', 'monitored'])[1 + h % 3], h % 9 = 0, 6000 + random() * 20000,
               (1 + h % 6), h % 3, h % 2, h % 29 = 0, h % 11 = 0,
               CASE WHEN h % 13 = 0 THEN (ARRAY['unstable', 'edge', 'sudden'])[1 + h % 3] END, now()
            FROM generate_series(1, $1::integer) h JOIN place p ON p.n = h % (SELECT count(*) FROM place)""",
    ),
    (
        "members",
        """CREATE TEMP TABLE member AS
            SELECT row_number() OVER (ORDER BY h, m) AS person_id, h AS household_id, m
            FROM generate_series(1, $1::integer) h, generate_series(1, (1 + h % 6)) m""",
    ),
    ("keys", "INSERT INTO identity.person_key (created_at) SELECT now() FROM member"),
    (
        "records",
        """INSERT INTO intake.source_record (batch_id, line, feed, entity, department, region_code, record_key,
               row_hash, values, raw, as_of, seen_on)
           SELECT 1, person_id, 'bench', 'person', 'human_resources', '530000000000', person_id::text,
               int8send(person_id), '{}', '{}', '2026-06-01', '2026-06-01' FROM member""",
    ),
    (
        "persons",
        """INSERT INTO registry.person (person_id, household_id, relation, name, sex, born_on, phone,
               nationality, education, registered_region_code, living_region_code, registered_address, living_address,
               person_category, health, labour_ability, labour_skill, employment_status, employment_form, in_work,
               willing, skill_level, retires_on, sources, updated_at)
           SELECT m.person_id, m.household_id, CASE WHEN m.m = 1 THEN '02' ELSE '20' END,
               substr('王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗', 1 + (random() * 19)::int, 1)
                   || substr('云桥山河春秋志明秀英国强', 1 + (random() * 11)::int, 2),
               (1 + person_id % 2)::text, date '1941-01-01' + (random() * 26000)::int,
               '100' || lpad((person_id % 100000000)::text, 8, '0'),
               lpad((1 + (random() * 20)::int)::text, 2, '0'), (ARRAY['10', '20', '61', '70', '81'])[1 + person_id % 5],
               h.registered_region_code, h.living_region_code, '云南省某县某镇' || m.household_id || '号', NULL,
               'other', '1', (ARRAY['full', 'full', 'partial', 'none'])[1 + person_id % 4], 'ordinary',
               (ARRAY['employed', 'unemployed', 'unwilling'])[1 + person_id % 3], NULL, person_id % 3 = 0,
               person_id % 3 = 1, NULL, date '2040-01-01', jsonb_build_object('name', person_id, 'sex', person_id),
               now()
           FROM member m JOIN registry.household h USING (household_id) ORDER BY m.person_id""",
    ),
    (
        "heads",
        """UPDATE registry.household h SET head_person_id = m.person_id FROM member m
           WHERE m.household_id = h.household_id AND m.m = 1""",
    ),
    (
        "memberships",
        """INSERT INTO registry.household_member (household_id, person_id, relation, valid_from)
           SELECT household_id, person_id, CASE WHEN m = 1 THEN '02' ELSE '20' END, '2020-01-01' FROM member""",
    ),
    (
        "employments",
        """INSERT INTO registry.employment (person_id, form, employer_name, occupation, work_place, wage_yuan_per_month,
               months_this_year, started_on, source_record_id)
           SELECT m.person_id, 'unit', '云桥示例企业' || m.person_id % 997, '缝纫工', '昆明',
               2500 + (m.person_id % 4000)::int, 6, date '2025-01-01' + (m.person_id % 400)::int, r.source_record_id
           FROM member m JOIN intake.source_record r ON r.line = m.person_id AND r.feed = 'bench'
           WHERE m.person_id % 3 <> 2""",
    ),
    (
        "wishes",
        """INSERT INTO registry.wish (person_id, wishes_to_work, scope, wage_yuan_per_month, updated_at)
           SELECT person_id, true, 'province', 3500, now() FROM member WHERE person_id % 3 = 1""",
    ),
)


async def load_register(owner: asyncpg.Connection, *, households: int, step: object = None) -> tuple[int, int]:
    """Fill an empty, migrated database; returns households and persons.

    Parameters
    ----------
    step
        Called with the name of each step as it begins.
    """
    async with owner.transaction():
        await owner.execute("SELECT setseed(0.42)")
        for name, text in _STEPS:
            if callable(step):
                step(name)
            await owner.execute(text, *([households] if "$1" in text else []))
    await owner.execute("VACUUM (ANALYZE)")
    counts = await owner.fetchrow(
        "SELECT (SELECT count(*) FROM registry.household), (SELECT count(*) FROM registry.person)"
    )
    return counts[0], counts[1]
