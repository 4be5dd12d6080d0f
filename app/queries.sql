-- name: fetch_demo_counts
-- Sizes of what the demo made.
SELECT
    (SELECT count(*) FROM registry.household WHERE gone_on IS NULL) AS households,
    (SELECT count(*) FROM registry.person WHERE gone_on IS NULL) AS persons,
    (SELECT count(*) FROM intake.source_record) AS source_records,
    (SELECT count(DISTINCT (batch_id, line)) FROM intake.rejection) AS rejections;

-- name: fetch_memberships
-- Which person each row of a department's file was taken for.
SELECT b.file_name, r.line, m.person_id
FROM identity.membership m
JOIN intake.source_record r USING (source_record_id)
JOIN intake.batch b USING (batch_id)
WHERE m.valid_to IS NULL AND r.feed <> 'station';

-- name: fetch_demo_scopes
-- Whose pages are worth a look: the township with most willing people of zero-employment households, the partner with
-- most open openings, and somebody of a zero-employment household for whom a place is set aside.
SELECT
    (SELECT rpad(left(p.living_region_code, 9), 12, '0')
        FROM registry.person p LEFT JOIN registry.household h USING (household_id)
        WHERE p.willing AND p.gone_on IS NULL AND p.living_region_code IS NOT NULL
        GROUP BY 1 ORDER BY count(*) FILTER (WHERE h.zero_employment) DESC, count(*) DESC, 1 LIMIT 1
    ) AS station_region_code,
    (SELECT partner_code FROM market.opening WHERE partner_code IS NOT NULL AND state = 'open'
        GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1) AS partner_code,
    (SELECT p.person_id FROM registry.person p JOIN registry.household h USING (household_id)
        LEFT JOIN matching.recommendation r ON r.person_id = p.person_id AND r.allocated IS NOT NULL
        WHERE p.willing AND p.gone_on IS NULL
        ORDER BY h.zero_employment DESC, (r.run_id IS NULL), p.person_id LIMIT 1) AS person_id;

-- name: fetch_readiness
-- Migrations that were applied, and whether the audit can be written here and now.
SELECT ARRAY(SELECT migration_id::text FROM public._pogo_migration) AS migrations,
    coalesce((SELECT has_function_privilege(f.oid, 'EXECUTE') FROM pg_proc f
        WHERE f.pronamespace = 'audit'::regnamespace AND f.proname = 'append'), false) AND NOT pg_is_in_recovery()
        AND current_setting('transaction_read_only') = 'off' AS audit_writable;

-- name: fetch_rejection_counts
-- Rejected rows and refused files by department.
SELECT department, coalesce(sum(rows_rejected), 0)::bigint AS rejected, count(*) FILTER (WHERE state = 'refused') AS refused
FROM intake.batch GROUP BY department;
