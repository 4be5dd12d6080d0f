SELECT
(SELECT row_to_json("#")
  FROM
  (SELECT r0.j AS "nodes") "#")::text AS data, string_to_array(concat_ws(',', r0.ids), ',')::bigint[] AS person_ids
FROM
(SELECT coalesce(json_agg(coalesce(t2.j, t4.j, t7.j, t9.j, t11.j, t13.j, t15.j)
      ORDER BY u.n), '[]') AS j, string_agg(nullif(concat_ws(',', t2.ids, t4.ids, t7.ids, t9.ids, t11.ids, t13.ids, t15.ids), ''), ',') AS ids
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS u (kind, key, n)
  LEFT JOIN LATERAL
  (SELECT
    (SELECT row_to_json("#")
      FROM
      (SELECT 'Region:' || t1.region_code AS "id") "#") AS j, NULL AS ids
    FROM registry.region t1
    WHERE t1.region_code = (CASE WHEN u.kind = 'Region' THEN u.key END)::text AND (true)) t2 ON u.kind = 'Region'
  LEFT JOIN LATERAL
  (SELECT
    (SELECT row_to_json("#")
      FROM
      (SELECT 'Person:' || t3.person_id AS "id", t3.name AS "name",
        (SELECT
          (SELECT row_to_json("#")
            FROM
            (SELECT t5.occupation AS "occupation") "#")
          FROM registry.wish t5
          WHERE t5.person_id = t3.person_id) AS "wish") "#") AS j, t3.person_id::text AS ids
    FROM registry.person t3
    WHERE t3.person_id = (CASE WHEN u.kind = 'Person' THEN u.key END)::bigint AND (((t3.living_region_code >= $3::text AND t3.living_region_code < $4::text) AND (t3.born_on IS NULL OR t3.born_on <= $5::date))) AND t3.gone_on IS NULL) t4 ON u.kind = 'Person'
  LEFT JOIN LATERAL
  (SELECT
    (SELECT row_to_json("#")
      FROM
      (SELECT 'Household:' || t6.household_id AS "id") "#") AS j, NULL AS ids
    FROM registry.household t6
    WHERE t6.household_id = (CASE WHEN u.kind = 'Household' THEN u.key END)::bigint AND ((t6.living_region_code >= $3::text AND t6.living_region_code < $4::text)) AND t6.gone_on IS NULL) t7 ON u.kind = 'Household'
  LEFT JOIN LATERAL
  (SELECT
    (SELECT row_to_json("#")
      FROM
      (SELECT 'Opening:' || t8.opening_id AS "id", t8.title AS "title") "#") AS j, NULL AS ids
    FROM market.opening t8
    WHERE t8.opening_id = (CASE WHEN u.kind = 'Opening' THEN u.key END)::bigint AND (true)) t9 ON u.kind = 'Opening'
  LEFT JOIN LATERAL
  (SELECT
    (SELECT row_to_json("#")
      FROM
      (SELECT 'Programme:' || t10.programme_id AS "id") "#") AS j, NULL AS ids
    FROM market.programme t10
    WHERE t10.programme_id = (CASE WHEN u.kind = 'Programme' THEN u.key END)::bigint AND (true)) t11 ON u.kind = 'Programme'
  LEFT JOIN LATERAL
  (SELECT
    (SELECT row_to_json("#")
      FROM
      (SELECT 'Post:' || t12.post_id AS "id", t12.name AS "name", t12.wage_yuan_per_month AS "wageYuanPerMonth") "#") AS j, NULL AS ids
    FROM market.post t12
    WHERE t12.post_id = (CASE WHEN u.kind = 'Post' THEN u.key END)::bigint AND (true)) t13 ON u.kind = 'Post'
  LEFT JOIN LATERAL
  (SELECT
    (SELECT row_to_json("#")
      FROM
      (SELECT 'Referral:' || t14.referral_id AS "id") "#") AS j, t14.person_id::text AS ids
    FROM casework.referral t14
    WHERE t14.referral_id = (CASE WHEN u.kind = 'Referral' THEN u.key END)::bigint AND (EXISTS
      (SELECT
        FROM registry.person t14_0
        WHERE t14_0.person_id = t14.person_id AND t14_0.gone_on IS NULL AND ((t14_0.living_region_code >= $3::text AND t14_0.living_region_code < $4::text) AND (t14_0.born_on IS NULL OR t14_0.born_on <= $5::date))))) t15 ON u.kind = 'Referral') r0
-- $1: variable ids
-- $2: variable ids
-- $3: claim region_low
-- $4: claim region_high
-- $5: claim born_before
