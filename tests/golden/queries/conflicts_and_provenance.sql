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
      (SELECT
        (SELECT j
          FROM
          (SELECT
            (SELECT row_to_json("#")
              FROM
              (SELECT g.c0 AS "nodes") "#") AS j
            FROM
            (SELECT coalesce(json_agg((SELECT row_to_json("#")
                    FROM
                    (SELECT t4.field AS "field", t4.value AS "value", t4.kept_value AS "keptValue", t4.reason AS "reason") "#")), '[]') AS c0
              FROM
              (SELECT t3.*
                FROM registry.conflict t3
                WHERE t3.entity IN ('person', 'wish') AND t3.entity_id = t1.person_id AND (CASE t3.entity WHEN 'household' THEN EXISTS
                  (SELECT
                    FROM registry.household t3_0
                    WHERE t3_0.household_id = t3.entity_id AND ((t3_0.living_region_code >= $2::text AND t3_0.living_region_code < $3::text) OR (t3_0.registered_region_code >= $2::text AND t3_0.registered_region_code < $3::text))) WHEN 'person' THEN EXISTS
                  (SELECT
                    FROM registry.person t3_0
                    WHERE t3_0.person_id = t3.entity_id AND (((t3_0.living_region_code >= $2::text AND t3_0.living_region_code < $3::text) OR (t3_0.registered_region_code >= $2::text AND t3_0.registered_region_code < $3::text)) AND (t3_0.born_on IS NULL OR t3_0.born_on <= $4::date))) WHEN 'wish' THEN EXISTS
                  (SELECT
                    FROM registry.person t3_0
                    WHERE t3_0.person_id = t3.entity_id AND (((t3_0.living_region_code >= $2::text AND t3_0.living_region_code < $3::text) OR (t3_0.registered_region_code >= $2::text AND t3_0.registered_region_code < $3::text)) AND (t3_0.born_on IS NULL OR t3_0.born_on <= $4::date))) ELSE false END) AND t3.field = ANY ($5::text[])
                ORDER BY t3.conflict_id ASC
                LIMIT $6::integer) t4) g) t2) AS "conflicts",
        (SELECT j
          FROM
          (SELECT
            (SELECT row_to_json("#")
              FROM
              (SELECT g.c0 AS "nodes") "#") AS j
            FROM
            (SELECT coalesce(json_agg((SELECT row_to_json("#")
                    FROM
                    (SELECT t7.field AS "field", t7.department AS "department", t7.as_of AS "asOf") "#")), '[]') AS c0
              FROM
              (SELECT t6.*
                FROM
                (SELECT v.person_id, s.key AS field, r.source_record_id, r.department, r.feed, b.file_name, r.line, r.as_of
                  FROM
                  (SELECT person_id, sources
                    FROM registry.person UNION ALL
                    SELECT person_id, sources
                    FROM registry.wish) v
                  CROSS JOIN LATERAL jsonb_each_text(v.sources) s JOIN intake.source_record r ON r.source_record_id = s.value::bigint JOIN intake.batch b USING (batch_id)) t6
                WHERE t6.person_id = t1.person_id AND t6.field = ANY ($7::text[])
                ORDER BY t6.field ASC
                LIMIT $8::integer) t7) g) t5) AS "provenance",
        (SELECT
          (SELECT row_to_json("#")
            FROM
            (SELECT
              (SELECT j
                FROM
                (SELECT
                  (SELECT row_to_json("#")
                    FROM
                    (SELECT
                      (SELECT CASE WHEN count(*) >= 5 THEN count(*) - count(*) % 5 END
                        FROM registry.conflict t10
                        WHERE t10.entity = 'household' AND t10.entity_id = t8.household_id AND (CASE t10.entity WHEN 'household' THEN EXISTS
                          (SELECT
                            FROM registry.household t10_0
                            WHERE t10_0.household_id = t10.entity_id AND ((t10_0.living_region_code >= $2::text AND t10_0.living_region_code < $3::text) OR (t10_0.registered_region_code >= $2::text AND t10_0.registered_region_code < $3::text))) WHEN 'person' THEN EXISTS
                          (SELECT
                            FROM registry.person t10_0
                            WHERE t10_0.person_id = t10.entity_id AND (((t10_0.living_region_code >= $2::text AND t10_0.living_region_code < $3::text) OR (t10_0.registered_region_code >= $2::text AND t10_0.registered_region_code < $3::text)) AND (t10_0.born_on IS NULL OR t10_0.born_on <= $4::date))) WHEN 'wish' THEN EXISTS
                          (SELECT
                            FROM registry.person t10_0
                            WHERE t10_0.person_id = t10.entity_id AND (((t10_0.living_region_code >= $2::text AND t10_0.living_region_code < $3::text) OR (t10_0.registered_region_code >= $2::text AND t10_0.registered_region_code < $3::text)) AND (t10_0.born_on IS NULL OR t10_0.born_on <= $4::date))) ELSE false END) AND t10.field = ANY ($9::text[]) AND (t10.field = $10::text)) AS "totalCount") "#") AS j) t9) AS "conflicts") "#")
          FROM registry.household t8
          WHERE t8.household_id = t1.household_id AND (((t8.living_region_code >= $2::text AND t8.living_region_code < $3::text) OR (t8.registered_region_code >= $2::text AND t8.registered_region_code < $3::text))) AND t8.gone_on IS NULL) AS "household") "#") AS j, t1.person_id::text AS ids
    FROM registry.person t1
    WHERE t1.person_id = $1::bigint AND ((((t1.living_region_code >= $2::text AND t1.living_region_code < $3::text) OR (t1.registered_region_code >= $2::text AND t1.registered_region_code < $3::text)) AND (t1.born_on IS NULL OR t1.born_on <= $4::date))) AND t1.gone_on IS NULL) x ON true) r0
-- $1: variable id
-- $2: claim region_low
-- $3: claim region_high
-- $4: claim born_before
-- $5: literal ["accepts_night_shift", "born_on", "cannot_leave_home", "disability_kind", "disability_level", "education", "employment_form", "employment_status", "household_code", "household_kind", "in_work", "in_work_count", "labour_ability", "labour_skill", "living_address", "living_region_code", "low_income", "members_count", "monitored_kind", "name", "nationality", "occupation", "occupation_code", "person_category", "phone", "registered_address", "registered_region_code", "relation", "relocated", "retires_on", "school_state", "scope", "sex", "skill_level", "updated_at", "version", "wage_yuan_per_month", "willing", "willing_count", "wish_accepts_night_shift", "wish_cannot_leave_home", "wish_occupation", "wish_occupation_code", "wish_scope", "wish_updated_at", "wish_version", "wish_wage_yuan_per_month", "wish_wishes_to_work", "wishes_to_work", "zero_employment"]
-- $6: literal 20
-- $7: literal ["accepts_night_shift", "born_on", "cannot_leave_home", "disability_kind", "disability_level", "education", "employment_form", "employment_status", "household_code", "household_kind", "in_work", "in_work_count", "labour_ability", "labour_skill", "living_address", "living_region_code", "low_income", "members_count", "monitored_kind", "name", "nationality", "occupation", "occupation_code", "person_category", "phone", "registered_address", "registered_region_code", "relation", "relocated", "retires_on", "school_state", "scope", "sex", "skill_level", "updated_at", "version", "wage_yuan_per_month", "willing", "willing_count", "wish_accepts_night_shift", "wish_cannot_leave_home", "wish_occupation", "wish_occupation_code", "wish_scope", "wish_updated_at", "wish_version", "wish_wage_yuan_per_month", "wish_wishes_to_work", "wishes_to_work", "zero_employment"]
-- $8: literal 50
-- $9: literal ["accepts_night_shift", "born_on", "cannot_leave_home", "disability_kind", "disability_level", "education", "employment_form", "employment_status", "household_code", "household_kind", "in_work", "in_work_count", "labour_ability", "labour_skill", "living_address", "living_region_code", "low_income", "members_count", "monitored_kind", "name", "nationality", "occupation", "occupation_code", "person_category", "phone", "registered_address", "registered_region_code", "relation", "relocated", "retires_on", "school_state", "scope", "sex", "skill_level", "updated_at", "version", "wage_yuan_per_month", "willing", "willing_count", "wish_accepts_night_shift", "wish_cannot_leave_home", "wish_occupation", "wish_occupation_code", "wish_scope", "wish_updated_at", "wish_version", "wish_wage_yuan_per_month", "wish_wishes_to_work", "wishes_to_work", "zero_employment"]
-- $10: literal "household_kind"
-- masked: person.household.conflicts.totalCount (count_rounded:5)
