SELECT
(SELECT row_to_json("#")
  FROM
  (SELECT r0.j AS "persons") "#")::text AS data, string_to_array(concat_ws(',', r0.ids), ',')::bigint[] AS person_ids
FROM
(SELECT
  (SELECT row_to_json("#")
    FROM
    (SELECT g.c0 AS "nodes") "#") AS j, g.ids
  FROM
  (SELECT coalesce(json_agg((SELECT row_to_json("#")
          FROM
          (SELECT t2.name AS "name", (CASE WHEN ((t2.person_id = $1::bigint)) THEN t2.phone END) AS "phone", (CASE WHEN ((t2.person_id = $1::bigint)) THEN (CASE WHEN char_length(t2.citizen_number) < 15 THEN repeat('*', char_length(t2.citizen_number)) ELSE left(t2.citizen_number, 3) || repeat('*', char_length(t2.citizen_number) - 7) || right(t2.citizen_number, 4) END) END) AS "citizenNumber", t7.j AS "household") "#")), '[]') AS c0, string_agg(nullif(concat_ws(',', t2.person_id::text, t7.ids), ''), ',') AS ids
    FROM
    (SELECT t1.*
      FROM registry.person t1
      WHERE (((t1.person_id = $1::bigint OR t1.household_id =
            (SELECT o.household_id
              FROM registry.person o
              WHERE o.person_id = $1::bigint)))) AND t1.gone_on IS NULL
      ORDER BY t1.person_id ASC
      LIMIT $2::integer) t2
    LEFT JOIN LATERAL
    (SELECT
      (SELECT row_to_json("#")
        FROM
        (SELECT t4.j AS "members") "#") AS j, t4.ids AS ids
      FROM registry.household t3
      CROSS JOIN LATERAL
      (SELECT
        (SELECT row_to_json("#")
          FROM
          (SELECT g.c0 AS "nodes") "#") AS j, g.ids
        FROM
        (SELECT coalesce(json_agg((SELECT row_to_json("#")
                FROM
                (SELECT t6.name AS "name", (CASE WHEN ((t6.person_id = $1::bigint)) THEN t6.phone END) AS "phone", (CASE WHEN ((t6.person_id = $1::bigint)) THEN t6.born_on END) AS "bornOn") "#")), '[]') AS c0, string_agg(t6.person_id::text, ',') AS ids
          FROM
          (SELECT t5.*
            FROM registry.person t5
            WHERE t5.household_id = t3.household_id AND t5.gone_on IS NULL AND (((t5.person_id = $1::bigint OR t5.household_id =
                  (SELECT o.household_id
                    FROM registry.person o
                    WHERE o.person_id = $1::bigint))))
            ORDER BY t5.person_id ASC
            LIMIT $3::integer) t6) g) t4
      WHERE t3.household_id = t2.household_id AND (t3.household_id =
        (SELECT o.household_id
          FROM registry.person o
          WHERE o.person_id = $1::bigint)) AND t3.gone_on IS NULL OFFSET 0) t7 ON true) g) r0
-- $1: claim person_id
-- $2: literal 1
-- $3: literal 9
-- varies: persons.nodes.phone (by_row:oneself)
-- varies: persons.nodes.citizenNumber (by_row:oneself)
-- varies: persons.nodes.household.members.nodes.phone (by_row:oneself)
-- varies: persons.nodes.household.members.nodes.bornOn (by_row:oneself)
