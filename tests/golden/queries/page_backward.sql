SELECT
(SELECT row_to_json("#")
  FROM
  (SELECT r0.j AS "households") "#")::text AS data, string_to_array(concat_ws(',', r0.ids), ',')::bigint[] AS person_ids
FROM
(SELECT
  (SELECT row_to_json("#")
    FROM
    (SELECT g.c0 AS "edges",
      (SELECT row_to_json("#")
        FROM
        (SELECT g.c1 AS "hasPreviousPage", true AS "hasNextPage", g.c2 AS "startCursor", g.c3 AS "endCursor") "#") AS "pageInfo") "#") AS j, g.ids
  FROM
  (SELECT coalesce(json_agg((SELECT row_to_json("#")
          FROM
          (SELECT translate(encode(convert_to(json_build_array('household.key', NULL, t2.household_id)::text, 'UTF8'), 'base64'), E'\n', '') AS "cursor",
            (SELECT row_to_json("#")
              FROM
              (SELECT 'Household:' || t2.household_id AS "id", coalesce('{"unstable": "脱贫不稳定户", "edge": "边缘易致贫户", "sudden": "突发严重困难户"}'::jsonb ->> t2.monitored_kind, t2.monitored_kind) AS "monitoredKindLabel",
                (SELECT j
                  FROM
                  (SELECT
                    (SELECT row_to_json("#")
                      FROM
                      (SELECT g.c0 AS "nodes") "#") AS j
                    FROM
                    (SELECT coalesce(json_agg((SELECT row_to_json("#")
                            FROM
                            (SELECT t6.risk_kind AS "riskKind") "#")), '[]') AS c0
                      FROM
                      (SELECT t5.*
                        FROM registry.monitoring t5
                        WHERE t5.household_id = t2.household_id
                        ORDER BY t5.monitoring_id ASC
                        LIMIT $5::integer) t6) g) t4) AS "monitorings") "#") AS "node") "#")
        ORDER BY t2._n DESC) FILTER (WHERE t2._n <= $4::integer), '[]') AS c0, count(*) > $4::integer AS c1, max(translate(encode(convert_to(json_build_array('household.key', NULL, t2.household_id)::text, 'UTF8'), 'base64'), E'\n', '')) FILTER (WHERE t2._n = least(t2._c, $4::integer) AND t2._n <= $4::integer) AS c2, max(translate(encode(convert_to(json_build_array('household.key', NULL, t2.household_id)::text, 'UTF8'), 'base64'), E'\n', '')) FILTER (WHERE t2._n = 1 AND t2._n <= $4::integer) AS c3, string_agg((SELECT string_agg(t3.person_id::text, ',')
        FROM sight.member t3
        WHERE t3.household_id = t2.household_id), ',') FILTER (WHERE t2._n <= $4::integer) AS ids
    FROM
    (SELECT t7.*, row_number() OVER () AS _n, count(*) OVER () AS _c
      FROM
      (SELECT t1.*
        FROM registry.household t1
        WHERE (((t1.living_region_code >= $1::text AND t1.living_region_code < $2::text) OR (t1.registered_region_code >= $1::text AND t1.registered_region_code < $2::text))) AND t1.gone_on IS NULL AND (t1.zero_employment = $3::boolean) AND t1.household_id < $6::bigint
        ORDER BY t1.household_id DESC
        LIMIT $4::integer + 1) t7) t2) g) r0
-- $1: claim region_low
-- $2: claim region_high
-- $3: literal true
-- $4: literal 10
-- $5: literal 1
-- $6: variable before
