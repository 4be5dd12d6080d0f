SELECT
(SELECT row_to_json("#")
  FROM
  (SELECT r0.j AS "persons") "#")::text AS data, string_to_array(concat_ws(',', r0.ids), ',')::bigint[] AS person_ids
FROM
(SELECT
  (SELECT row_to_json("#")
    FROM
    (SELECT
      (SELECT count(*)
        FROM registry.person t1
        WHERE (((t1.living_region_code >= $1::text AND t1.living_region_code < $2::text) AND (t1.born_on IS NULL OR t1.born_on <= $3::date))) AND t1.gone_on IS NULL AND (t1.living_region_code >= $4::text AND t1.living_region_code < $5::text) AND (t1.willing = $6::boolean)) AS "totalCount",
      (SELECT row_to_json("#")
        FROM
        (SELECT g.c0 AS "hasNextPage", g.c1 AS "endCursor") "#") AS "pageInfo", g.c2 AS "nodes") "#") AS j, g.ids
  FROM
  (SELECT count(*) > $7::integer AS c0, max(translate(encode(convert_to(json_build_array('person.name', t2.name, t2.person_id)::text, 'UTF8'), 'base64'), E'\n', '')) FILTER (WHERE t2._n = least(t2._c, $7::integer) AND t2._n <= $7::integer) AS c1, coalesce(json_agg((SELECT row_to_json("#")
          FROM
          (SELECT 'Person:' || t2.person_id AS "id", t2.name AS "name", coalesce('{"90": "文盲或半文盲", "80": "小学", "70": "初中", "60": "高中", "40": "中专", "30": "大专", "20": "本科", "10": "研究生"}'::jsonb ->> t2.education, t2.education) AS "educationLabel",
            (SELECT
              (SELECT row_to_json("#")
                FROM
                (SELECT t3.scope AS "scope", t3.wage_yuan_per_month AS "wageYuanPerMonth") "#")
              FROM registry.wish t3
              WHERE t3.person_id = t2.person_id) AS "wish",
            (SELECT j
              FROM
              (SELECT
                (SELECT row_to_json("#")
                  FROM
                  (SELECT g.c0 AS "nodes") "#") AS j
                FROM
                (SELECT coalesce(json_agg((SELECT row_to_json("#")
                        FROM
                        (SELECT t6.rank AS "rank", t6.score AS "score", t6.allocated AS "allocated", (CASE t6.kind WHEN 'opening' THEN
                            (SELECT
                              (SELECT row_to_json("#")
                                FROM
                                (SELECT t7.title AS "title", t7.wage_high_yuan_per_month AS "wageHighYuanPerMonth",
                                  (SELECT
                                    (SELECT row_to_json("#")
                                      FROM
                                      (SELECT t8.name AS "name") "#")
                                    FROM registry.region t8
                                    WHERE t8.region_code = t7.region_code AND (true)) AS "region") "#")
                              FROM market.opening t7
                              WHERE t6.kind = 'opening' AND t7.opening_id = t6.target_id AND (true)) WHEN 'programme' THEN
                            (SELECT
                              (SELECT row_to_json("#")
                                FROM
                                (SELECT ) "#")
                              FROM market.programme t9
                              WHERE t6.kind = 'programme' AND t9.programme_id = t6.target_id AND (true)) WHEN 'post' THEN
                            (SELECT
                              (SELECT row_to_json("#")
                                FROM
                                (SELECT ) "#")
                              FROM market.post t10
                              WHERE t6.kind = 'post' AND t10.post_id = t6.target_id AND (true)) END) AS "target") "#")), '[]') AS c0
                  FROM
                  (SELECT t5.*
                    FROM
                    (SELECT r.run_id, r.person_id, r.kind, u.target_id, u.score, u.probability, u.rank::integer AS rank, r.reasons -> (u.rank - 1)::integer AS reasons, coalesce(r.allocated = u.rank - 1, false) AS allocated, (CASE r.kind WHEN 'opening' THEN 0 WHEN 'post' THEN 1000000 ELSE 2000000 END + u.rank)::integer AS place
                      FROM matching.recommendation r
                      CROSS JOIN LATERAL unnest(r.target_ids, r.scores, r.probabilities) WITH ORDINALITY AS u (target_id, score, probability, rank)) t5
                    WHERE t5.person_id = t2.person_id AND t5.run_id =
                    (SELECT max(x.run_id)
                      FROM matching.recommendation x JOIN matching.run y USING (run_id)
                      WHERE x.person_id = t2.person_id AND y.state = 'done') AND (t5.kind = $8::text)
                    ORDER BY t5.place ASC
                    LIMIT $9::integer) t6) g) t4) AS "recommendations") "#")) FILTER (WHERE t2._n <= $7::integer), '[]') AS c2, string_agg(t2.person_id::text, ',') FILTER (WHERE t2._n <= $7::integer) AS ids
    FROM
    (SELECT t11.*, row_number() OVER () AS _n, count(*) OVER () AS _c
      FROM
      (SELECT t1.*
        FROM registry.person t1
        WHERE (((t1.living_region_code >= $1::text AND t1.living_region_code < $2::text) AND (t1.born_on IS NULL OR t1.born_on <= $3::date))) AND t1.gone_on IS NULL AND (t1.living_region_code >= $4::text AND t1.living_region_code < $5::text) AND (t1.willing = $6::boolean)
        ORDER BY t1.name ASC, t1.person_id ASC
        LIMIT $7::integer + 1) t11) t2) g) r0
-- $1: claim region_low
-- $2: claim region_high
-- $3: claim born_before
-- $4: variable region
-- $5: variable region
-- $6: literal true
-- $7: variable first
-- $8: literal "opening"
-- $9: literal 3
