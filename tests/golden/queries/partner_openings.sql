SELECT
(SELECT row_to_json("#")
  FROM
  (SELECT r0.j AS "openings") "#")::text AS data, string_to_array(concat_ws(',', r0.ids), ',')::bigint[] AS person_ids
FROM
(SELECT
  (SELECT row_to_json("#")
    FROM
    (SELECT g.c0 AS "nodes") "#") AS j, g.ids
  FROM
  (SELECT coalesce(json_agg((SELECT row_to_json("#")
          FROM
          (SELECT t2.reference AS "reference", t2.title AS "title", t3.j AS "referrals") "#")), '[]') AS c0, string_agg(t3.ids, ',') AS ids
    FROM
    (SELECT t1.*
      FROM market.opening t1
      WHERE (t1.partner_code = $1::text) AND (t1.state = $2::text)
      ORDER BY t1.posted_on DESC, t1.opening_id DESC
      LIMIT $3::integer) t2
    CROSS JOIN LATERAL
    (SELECT
      (SELECT row_to_json("#")
        FROM
        (SELECT
          (SELECT count(*)
            FROM casework.referral t4
            WHERE t4.opening_id = t2.opening_id AND ((EXISTS
                (SELECT
                  FROM registry.person t4_0
                  WHERE t4_0.person_id = t4.person_id AND t4_0.gone_on IS NULL AND (t4_0.person_id = $4::bigint AND (t4_0.born_on IS NULL OR t4_0.born_on <= $5::date))) OR EXISTS
                (SELECT
                  FROM market.opening o
                  WHERE o.opening_id = t4.opening_id AND o.partner_code = $1::text)))) AS "totalCount", g.c0 AS "nodes") "#") AS j, g.ids
      FROM
      (SELECT coalesce(json_agg((SELECT row_to_json("#")
              FROM
              (SELECT coalesce('{"shown": "已推荐未选", "referred": "已推介", "contacted": "已联系", "accepted": "愿意", "declined": "谢绝", "placed": "已上岗", "ended": "已结束"}'::jsonb ->> t5.state, t5.state) AS "stateLabel", t5.shown_on AS "shownOn",
                (SELECT
                  (SELECT row_to_json("#")
                    FROM
                    (SELECT t6.name AS "name", t6.phone AS "phone", NULL AS "citizenNumber") "#")
                  FROM registry.person t6
                  WHERE t6.person_id = t5.person_id AND t6.gone_on IS NULL AND ((EXISTS
                      (SELECT
                        FROM casework.referral f JOIN market.opening o USING (opening_id)
                        WHERE f.person_id = t6.person_id AND o.partner_code = $1::text AND f.state <> 'shown') AND (t6.born_on IS NULL OR t6.born_on <= $5::date)))) AS "person",
                (SELECT j
                  FROM
                  (SELECT
                    (SELECT row_to_json("#")
                      FROM
                      (SELECT g.c0 AS "nodes") "#") AS j
                    FROM
                    (SELECT coalesce(json_agg((SELECT row_to_json("#")
                            FROM
                            (SELECT coalesce('{"placed": "已上岗", "declined": "本人谢绝", "not_hired": "未录用", "completed": "培训完成", "left": "已离岗"}'::jsonb ->> t9.result, t9.result) AS "resultLabel") "#")), '[]') AS c0
                      FROM
                      (SELECT t8.*
                        FROM casework.outcome t8
                        WHERE t8.referral_id = t5.referral_id
                        ORDER BY t8.outcome_id ASC
                        LIMIT $7::integer) t9) g) t7) AS "outcomes") "#")), '[]') AS c0, string_agg(t5.person_id::text, ',') AS ids
        FROM
        (SELECT t4.*
          FROM casework.referral t4
          WHERE t4.opening_id = t2.opening_id AND ((EXISTS
              (SELECT
                FROM registry.person t4_0
                WHERE t4_0.person_id = t4.person_id AND t4_0.gone_on IS NULL AND (t4_0.person_id = $4::bigint AND (t4_0.born_on IS NULL OR t4_0.born_on <= $5::date))) OR EXISTS
              (SELECT
                FROM market.opening o
                WHERE o.opening_id = t4.opening_id AND o.partner_code = $1::text)))
          ORDER BY t4.shown_on DESC, t4.referral_id DESC
          LIMIT $6::integer) t5) g) t3) g) r0
-- $1: claim partner_code
-- $2: variable state
-- $3: variable first
-- $4: claim person_id
-- $5: claim born_before
-- $6: literal 50
-- $7: literal 1
-- withheld: openings.nodes.referrals.nodes.person.citizenNumber (not_granted)
