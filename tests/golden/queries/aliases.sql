SELECT
(SELECT row_to_json("#")
  FROM
  (SELECT r0.j AS "young", r1.j AS "old") "#")::text AS data, string_to_array(concat_ws(',', r0.ids, r1.ids), ',')::bigint[] AS person_ids
FROM
(SELECT
  (SELECT row_to_json("#")
    FROM
    (SELECT
      (SELECT count(*)
        FROM registry.person t1
        WHERE ((((t1.living_region_code >= $1::text AND t1.living_region_code < $2::text) OR (t1.registered_region_code >= $1::text AND t1.registered_region_code < $2::text)))) AND t1.gone_on IS NULL AND (t1.nationality = ANY ($3::text[])) AND (t1.born_on > $4::date)) AS "totalCount", g.c0 AS "nodes") "#") AS j, g.ids
  FROM
  (SELECT coalesce(json_agg((SELECT row_to_json("#")
          FROM
          (SELECT t2.name AS "name") "#")), '[]') AS c0, string_agg(t2.person_id::text, ',') AS ids
    FROM
    (SELECT t1.*
      FROM registry.person t1
      WHERE ((((t1.living_region_code >= $1::text AND t1.living_region_code < $2::text) OR (t1.registered_region_code >= $1::text AND t1.registered_region_code < $2::text)))) AND t1.gone_on IS NULL AND (t1.nationality = ANY ($3::text[])) AND (t1.born_on > $4::date)
      ORDER BY t1.born_on DESC NULLS LAST, t1.person_id DESC
      LIMIT $5::integer) t2) g) r0
CROSS JOIN
(SELECT
  (SELECT row_to_json("#")
    FROM
    (SELECT g.c0 AS "nodes") "#") AS j, g.ids
  FROM
  (SELECT coalesce(json_agg((SELECT row_to_json("#")
          FROM
          (SELECT t5.name AS "name",
            (SELECT j
              FROM
              (SELECT
                (SELECT row_to_json("#")
                  FROM
                  (SELECT g.c0 AS "nodes") "#") AS j
                FROM
                (SELECT coalesce(json_agg((SELECT row_to_json("#")
                        FROM
                        (SELECT t8.score AS "score") "#")), '[]') AS c0
                  FROM
                  (SELECT t7.*
                    FROM
                    (SELECT r.run_id, r.person_id, r.kind, u.target_id, u.score, u.probability, u.rank::integer AS rank, r.reasons -> (u.rank - 1)::integer AS reasons, coalesce(r.allocated = u.rank - 1, false) AS allocated, (CASE r.kind WHEN 'opening' THEN 0 WHEN 'post' THEN 1000000 ELSE 2000000 END + u.rank)::integer AS place
                      FROM matching.recommendation r
                      CROSS JOIN LATERAL unnest(r.target_ids, r.scores, r.probabilities) WITH ORDINALITY AS u (target_id, score, probability, rank)) t7
                    WHERE t7.person_id = t5.person_id AND t7.run_id =
                    (SELECT max(x.run_id)
                      FROM matching.recommendation x JOIN matching.run y USING (run_id)
                      WHERE x.person_id = t5.person_id AND y.state = 'done') AND (t7.kind = $9::text)
                    ORDER BY t7.place ASC
                    LIMIT $10::integer) t8) g) t6) AS "posts",
            (SELECT j
              FROM
              (SELECT
                (SELECT row_to_json("#")
                  FROM
                  (SELECT g.c0 AS "nodes") "#") AS j
                FROM
                (SELECT coalesce(json_agg((SELECT row_to_json("#")
                        FROM
                        (SELECT t11.score AS "score") "#")), '[]') AS c0
                  FROM
                  (SELECT t10.*
                    FROM
                    (SELECT r.run_id, r.person_id, r.kind, u.target_id, u.score, u.probability, u.rank::integer AS rank, r.reasons -> (u.rank - 1)::integer AS reasons, coalesce(r.allocated = u.rank - 1, false) AS allocated, (CASE r.kind WHEN 'opening' THEN 0 WHEN 'post' THEN 1000000 ELSE 2000000 END + u.rank)::integer AS place
                      FROM matching.recommendation r
                      CROSS JOIN LATERAL unnest(r.target_ids, r.scores, r.probabilities) WITH ORDINALITY AS u (target_id, score, probability, rank)) t10
                    WHERE t10.person_id = t5.person_id AND t10.run_id =
                    (SELECT max(x.run_id)
                      FROM matching.recommendation x JOIN matching.run y USING (run_id)
                      WHERE x.person_id = t5.person_id AND y.state = 'done') AND (t10.kind = $11::text)
                    ORDER BY t10.place ASC
                    LIMIT $12::integer) t11) g) t9) AS "openings") "#")), '[]') AS c0, string_agg(t5.person_id::text, ',') AS ids
    FROM
    (SELECT t3.*
      FROM registry.person t3
      WHERE ((((t3.living_region_code >= $1::text AND t3.living_region_code < $2::text) OR (t3.registered_region_code >= $1::text AND t3.registered_region_code < $2::text)))) AND t3.gone_on IS NULL AND (t3.born_on <= $6::date)
      AND EXISTS
      (SELECT
        FROM registry.household t4
        WHERE t4.household_id = t3.household_id AND (((t4.living_region_code >= $1::text AND t4.living_region_code < $2::text) OR (t4.registered_region_code >= $1::text AND t4.registered_region_code < $2::text))) AND t4.gone_on IS NULL AND t4.zero_employment = $7::boolean)
      ORDER BY t3.person_id ASC
      LIMIT $8::integer) t5) g) r1
-- $1: claim region_low
-- $2: claim region_high
-- $3: literal ["01", "06"]
-- $4: variable young
-- $5: literal 5
-- $6: variable old
-- $7: literal true
-- $8: literal 10
-- $9: literal "post"
-- $10: literal 1
-- $11: literal "opening"
-- $12: literal 2
