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
      (SELECT t1.name AS "name", t1.citizen_number AS "citizenNumber", t1.bank_account AS "bankAccount", t14.j AS "household") "#") AS j, nullif(concat_ws(',', t1.person_id::text, t14.ids), '') AS ids
    FROM registry.person t1
    LEFT JOIN LATERAL
    (SELECT
      (SELECT row_to_json("#")
        FROM
        (SELECT coalesce('{"ordinary": "一般农户", "exited": "脱贫户", "monitored": "监测对象"}'::jsonb ->> t2.household_kind, t2.household_kind) AS "householdKindLabel", t2.zero_employment AS "zeroEmployment", t4.j AS "members", t7.j AS "benefits") "#") AS j, nullif(concat_ws(',',
          (SELECT string_agg(t3.person_id::text, ',')
            FROM sight.member t3
            WHERE t3.household_id = t2.household_id), t4.ids, t7.ids), '') AS ids
      FROM registry.household t2
      CROSS JOIN LATERAL
      (SELECT
        (SELECT row_to_json("#")
          FROM
          (SELECT g.c0 AS "nodes") "#") AS j, g.ids
        FROM
        (SELECT coalesce(json_agg((SELECT row_to_json("#")
                FROM
                (SELECT t6.name AS "name", coalesce('{"02": "户主", "10": "配偶", "20": "子", "30": "女", "28": "女婿", "38": "儿媳", "40": "孙子、孙女或外孙子、外孙女", "50": "父母", "60": "祖父母或外祖父母", "70": "兄弟姐妹", "99": "其他"}'::jsonb ->> t6.relation, t6.relation) AS "relationLabel") "#")), '[]') AS c0, string_agg(t6.person_id::text, ',') AS ids
          FROM
          (SELECT t5.*
            FROM registry.person t5
            WHERE t5.household_id = t2.household_id AND t5.gone_on IS NULL AND ((((t5.living_region_code >= $2::text AND t5.living_region_code < $3::text) OR (t5.registered_region_code >= $2::text AND t5.registered_region_code < $3::text))))
            ORDER BY t5.person_id ASC
            LIMIT $4::integer) t6) g) t4
      CROSS JOIN LATERAL
      (SELECT
        (SELECT row_to_json("#")
          FROM
          (SELECT g.c0 AS "nodes") "#") AS j, g.ids
        FROM
        (SELECT coalesce(json_agg((SELECT row_to_json("#")
                FROM
                (SELECT coalesce('{"extreme_poverty": "特困供养", "dibao": "低保", "dibao_edge": "低保边缘", "rigid_spending": "刚性支出困难", "temporary": "临时救助", "orphan": "孤儿", "unsupported_child": "事实无人抚养儿童"}'::jsonb ->> t9.kind, t9.kind) AS "kindLabel", t9.yuan_per_month AS "yuanPerMonth", t9.started_on AS "startedOn",
                  (SELECT j
                    FROM
                    (SELECT
                      (SELECT row_to_json("#")
                        FROM
                        (SELECT g.c0 AS "nodes") "#") AS j
                      FROM
                      (SELECT coalesce(json_agg((SELECT row_to_json("#")
                              FROM
                              (SELECT t12.month AS "month", t12.yuan_per_month AS "yuanPerMonth") "#")
                            ORDER BY t12._n DESC), '[]') AS c0
                        FROM
                        (SELECT t13.*, row_number() OVER () AS _n, count(*) OVER () AS _c
                          FROM
                          (SELECT t11.*
                            FROM registry.benefit_month t11
                            WHERE t11.benefit_id = t9.benefit_id AND (EXISTS
                              (SELECT
                                FROM registry.benefit t11_0
                                WHERE t11_0.benefit_id = t11.benefit_id
                                AND EXISTS
                                (SELECT
                                  FROM registry.person t11_0_1
                                  WHERE t11_0_1.person_id = t11_0.person_id AND t11_0_1.gone_on IS NULL AND (((t11_0_1.living_region_code >= $2::text AND t11_0_1.living_region_code < $3::text) OR (t11_0_1.registered_region_code >= $2::text AND t11_0_1.registered_region_code < $3::text))))))
                            ORDER BY t11.month DESC
                            LIMIT $6::integer) t13) t12) g) t10) AS "months") "#")), '[]') AS c0, string_agg(t9.person_id::text, ',') AS ids
          FROM
          (SELECT t8.*
            FROM registry.benefit t8
            WHERE t8.household_id = t2.household_id AND (EXISTS
              (SELECT
                FROM registry.person t8_0
                WHERE t8_0.person_id = t8.person_id AND t8_0.gone_on IS NULL AND (((t8_0.living_region_code >= $2::text AND t8_0.living_region_code < $3::text) OR (t8_0.registered_region_code >= $2::text AND t8_0.registered_region_code < $3::text)))))
            ORDER BY t8.started_on DESC NULLS LAST, t8.benefit_id DESC
            LIMIT $5::integer) t9) g) t7
      WHERE t2.household_id = t1.household_id AND (((t2.living_region_code >= $2::text AND t2.living_region_code < $3::text) OR (t2.registered_region_code >= $2::text AND t2.registered_region_code < $3::text))) AND t2.gone_on IS NULL OFFSET 0) t14 ON true
    WHERE t1.person_id = $1::bigint AND ((((t1.living_region_code >= $2::text AND t1.living_region_code < $3::text) OR (t1.registered_region_code >= $2::text AND t1.registered_region_code < $3::text)))) AND t1.gone_on IS NULL) x ON true) r0
-- $1: variable id
-- $2: claim region_low
-- $3: claim region_high
-- $4: variable members
-- $5: literal 5
-- $6: literal 3
