SELECT
(SELECT row_to_json("#")
  FROM
  (SELECT r0.j AS "node") "#")::text AS data, string_to_array(concat_ws(',', r0.ids), ',')::bigint[] AS person_ids
FROM
(SELECT x.j, x.ids
  FROM
  (SELECT 1) s
  LEFT JOIN LATERAL
  (SELECT
    (SELECT row_to_json("#")
      FROM
      (SELECT 'Household'::text AS "__typename", 'Household:' || t1.household_id AS "id", t1.household_kind AS "householdKind", t3.j AS "members") "#") AS j, nullif(concat_ws(',',
        (SELECT string_agg(t2.person_id::text, ',')
          FROM sight.member t2
          WHERE t2.household_id = t1.household_id), t3.ids), '') AS ids
    FROM registry.household t1
    CROSS JOIN LATERAL
    (SELECT
      (SELECT row_to_json("#")
        FROM
        (SELECT g.c0 AS "nodes") "#") AS j, g.ids
      FROM
      (SELECT coalesce(json_agg((SELECT row_to_json("#")
              FROM
              (SELECT 'Person:' || t5.person_id AS "id", t5.name AS "name") "#")), '[]') AS c0, string_agg(t5.person_id::text, ',') AS ids
        FROM
        (SELECT t4.*
          FROM registry.person t4
          WHERE t4.household_id = t1.household_id AND t4.gone_on IS NULL AND ((((t4.living_region_code >= $2::text AND t4.living_region_code < $3::text) OR (t4.registered_region_code >= $2::text AND t4.registered_region_code < $3::text))))
          ORDER BY t4.person_id ASC
          LIMIT $4::integer) t5) g) t3
    WHERE t1.household_id = $1::bigint AND (((t1.living_region_code >= $2::text AND t1.living_region_code < $3::text) OR (t1.registered_region_code >= $2::text AND t1.registered_region_code < $3::text))) AND t1.gone_on IS NULL) x ON true) r0
-- $1: variable id
-- $2: claim region_low
-- $3: claim region_high
-- $4: literal 5
