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
