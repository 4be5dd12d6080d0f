SELECT
(SELECT row_to_json("#")
  FROM
  (SELECT r0.j AS "person") "#")::text AS data, string_to_array(concat_ws(',', r0.ids), ',')::bigint[] AS person_ids
FROM
(SELECT x.j, x.ids
  FROM
  (SELECT 1) s
  LEFT JOIN LATERAL
  (SELECT
    (SELECT row_to_json("#")
      FROM
      (SELECT t1.name AS "name", coalesce('{"1": "male", "2": "female"}'::jsonb ->> t1.sex, t1.sex) AS "sexLabel",
        (SELECT
          (SELECT row_to_json("#")
            FROM
            (SELECT t2.level AS "level", t2.name AS "name",
              (SELECT
                (SELECT row_to_json("#")
                  FROM
                  (SELECT t3.name AS "name") "#")
                FROM registry.region t3
                WHERE t3.region_code = t2.parent_code AND (true)) AS "parent") "#")
          FROM registry.region t2
          WHERE t2.region_code = t1.living_region_code AND (true)) AS "livingRegion",
        (SELECT j
          FROM
          (SELECT
            (SELECT row_to_json("#")
              FROM
              (SELECT g.c0 AS "nodes") "#") AS j
            FROM
            (SELECT coalesce(json_agg((SELECT row_to_json("#")
                    FROM
                    (SELECT t6.employer_name AS "employerName") "#")), '[]') AS c0
              FROM
              (SELECT t5.*
                FROM registry.employment t5
                WHERE t5.person_id = t1.person_id
                ORDER BY t5.employment_id ASC
                LIMIT $2::integer) t6) g) t4) AS "employments") "#") AS j, t1.person_id::text AS ids
    FROM registry.person t1
    WHERE t1.person_id = $1::bigint AND (((t1.living_region_code >= $3::text AND t1.living_region_code < $4::text) AND (t1.born_on IS NULL OR t1.born_on <= $5::date))) AND t1.gone_on IS NULL) x ON true) r0
-- $1: variable id
-- $2: literal 2
-- $3: claim region_low
-- $4: claim region_high
-- $5: claim born_before
