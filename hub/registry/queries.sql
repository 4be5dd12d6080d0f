-- name: fetch_lock
-- One publication at a time; held to the end of the transaction.
SELECT pg_advisory_xact_lock(7298031);

-- name: fetch_market_lock
-- One publication of the market at a time; held to the end of the transaction.
SELECT pg_advisory_xact_lock(7298032);

-- name: fetch_everybody
-- Everybody who has a record, and everybody in the register.
SELECT person_id FROM identity.membership WHERE valid_to IS NULL
UNION
SELECT person_id FROM registry.person
ORDER BY person_id;

-- name: fetch_feeds
-- Feeds that speak of people.
SELECT DISTINCT feed FROM intake.batch WHERE entity = 'person' ORDER BY feed;

-- name: fetch_refs
-- Household codes, certificates and companions that these people's records name.
SELECT DISTINCT r.values ->> 'household_code' AS household_code, r.values ->> 'certificate_number' AS certificate_number,
    (r.values ->> 'household_person_id')::bigint AS companion
FROM identity.membership m
JOIN intake.source_record r USING (source_record_id)
WHERE m.valid_to IS NULL AND m.person_id = ANY ($1::bigint[])
    AND r.values ?| ARRAY['household_code', 'certificate_number', 'household_person_id'];

-- name: fetch_company
-- People whose records name one of these household references ($1), or who are or were last in a household with one of
-- these people ($2) or in one of these codes ($3). OFFSET 0 keeps to the indexes, also where a table was filled just now
-- and nothing is known of its values.
SELECT m.person_id
FROM unnest($1::text[]) AS asked (ref)
CROSS JOIN LATERAL (SELECT n.source_record_id FROM identity.normal n WHERE n.household_ref = asked.ref OFFSET 0) n
CROSS JOIN LATERAL (
    SELECT person_id FROM identity.membership WHERE source_record_id = n.source_record_id AND valid_to IS NULL OFFSET 0
) m
UNION
SELECT other.person_id
FROM unnest($2::bigint[]) AS asked (person_id)
CROSS JOIN LATERAL (
    SELECT household_id FROM registry.household_member WHERE person_id = asked.person_id
    ORDER BY valid_to DESC NULLS FIRST, valid_from DESC, household_id DESC LIMIT 1
) h
CROSS JOIN LATERAL (SELECT person_id FROM registry.household_member WHERE household_id = h.household_id OFFSET 0) other
UNION
SELECT other.person_id
FROM unnest($3::text[]) AS asked (code)
CROSS JOIN LATERAL (SELECT household_id FROM registry.household WHERE household_code = asked.code OFFSET 0) h
CROSS JOIN LATERAL (
    SELECT person_id FROM registry.household_member WHERE household_id = h.household_id AND valid_to IS NULL OFFSET 0
) other;

-- name: fetch_living_keys
-- Where these keys lead: a key merged away to the one that lives.
WITH RECURSIVE chain (asked, person_id, redirects_to) AS (
    SELECT k.person_id, k.person_id, k.redirects_to FROM identity.person_key k WHERE k.person_id = ANY ($1::bigint[])
    UNION ALL
    SELECT c.asked, k.person_id, k.redirects_to
    FROM chain c JOIN identity.person_key k ON k.person_id = c.redirects_to
)
SELECT asked, person_id FROM chain WHERE redirects_to IS NULL ORDER BY asked;

-- name: fetch_sources
-- What every record says of these people, each person's newest record first.
SELECT m.person_id, r.source_record_id, r.feed, r.department, r.region_code, r.as_of, r.seen_on, r.gone_on, r.values,
    n.source_record_id IS NOT NULL AS normalised, n.name, n.citizen_number, n.phone, n.registered_region_code,
    n.living_region_code
FROM identity.membership m
JOIN intake.source_record r USING (source_record_id)
LEFT JOIN identity.normal n USING (source_record_id)
WHERE m.valid_to IS NULL AND r.entity = 'person' AND m.person_id = ANY ($1::bigint[])
ORDER BY m.person_id, r.as_of DESC, r.seen_on DESC, r.source_record_id DESC;

-- name: fetch_households_before
-- The household each of these people is in or, being in none, was in last.
SELECT DISTINCT ON (person_id) person_id, household_id
FROM registry.household_member
WHERE person_id = ANY ($1::bigint[])
ORDER BY person_id, valid_to DESC NULLS FIRST, valid_from DESC, household_id DESC;

-- name: fetch_household_codes
-- Households by code; the older where two have one code.
SELECT household_code, min(household_id) AS household_id
FROM registry.household
WHERE household_code = ANY ($1::text[])
GROUP BY household_code;

-- name: store_household_keys
-- Makes that many new households and returns their keys; publishing their first values makes them version 1.
INSERT INTO registry.household (version, updated_at) SELECT 0, $1 FROM generate_series(1, $2::integer) RETURNING household_id;

-- name: create_scopes
-- The people and households that this publication decides on.
CREATE TEMP TABLE scope_person (key bigint PRIMARY KEY) ON COMMIT DROP;

-- name: create_chunk_scope
-- The people whose details are written next.
CREATE TEMP TABLE scope_chunk (key bigint) ON COMMIT DROP;

-- name: clear_chunk_scope
-- Makes room for the next people.
TRUNCATE pg_temp.scope_chunk;

-- name: create_household_scope
-- As create_scopes, for households.
CREATE TEMP TABLE scope_household (key bigint PRIMARY KEY) ON COMMIT DROP;

-- name: create_staged_members
-- Who lives where.
CREATE TEMP TABLE staged_household_member (
    household_id bigint NOT NULL, person_id bigint PRIMARY KEY, relation text, source_record_id bigint, valid_from date NOT NULL
) ON COMMIT DROP;

-- name: create_staged_months
-- Benefits month by month, by the benefit's natural key.
CREATE TEMP TABLE staged_benefit_month (
    person_id bigint NOT NULL, certificate_number text COLLATE "C" NOT NULL, month date NOT NULL,
    yuan_per_month numeric(12, 2), state text NOT NULL, source_record_id bigint NOT NULL
) ON COMMIT DROP;

-- name: drop_staging
-- Makes room for another publication in the same transaction.
DROP TABLE pg_temp.scope_person, pg_temp.scope_chunk, pg_temp.scope_household, pg_temp.staged_household_member,
    pg_temp.staged_benefit_month;

-- name: store_members_end
-- These people leave the household they were in.
UPDATE registry.household_member t SET valid_to = $1
FROM pg_temp.scope_person scope
WHERE t.person_id = scope.key AND t.valid_to IS NULL AND NOT EXISTS (
    SELECT FROM pg_temp.staged_household_member s WHERE s.person_id = t.person_id AND s.household_id = t.household_id
);

-- name: store_members_back
-- Whoever left today and is back the same day never left.
UPDATE registry.household_member t SET valid_to = NULL, relation = s.relation, source_record_id = s.source_record_id
FROM pg_temp.staged_household_member s
WHERE t.person_id = s.person_id AND t.household_id = s.household_id AND t.valid_to = $1
    AND NOT EXISTS (SELECT FROM registry.household_member c WHERE c.person_id = s.person_id AND c.valid_to IS NULL);

-- name: delete_empty_memberships
-- Memberships that began and ended on one day never were.
DELETE FROM registry.household_member t USING pg_temp.scope_person scope
WHERE t.person_id = scope.key AND t.valid_from = t.valid_to AND t.valid_to = $1;

-- name: store_members_changed
-- Their relation to the head, and the record that says so.
UPDATE registry.household_member t SET relation = s.relation, source_record_id = s.source_record_id
FROM pg_temp.staged_household_member s
WHERE t.person_id = s.person_id AND t.household_id = s.household_id AND t.valid_to IS NULL
    AND (t.relation, t.source_record_id) IS DISTINCT FROM (s.relation, s.source_record_id);

-- name: store_members
-- Whoever is in no household begins in this one: the first time on the day they were first known, later today.
INSERT INTO registry.household_member (household_id, person_id, relation, source_record_id, valid_from)
SELECT s.household_id, s.person_id, s.relation, s.source_record_id,
    CASE WHEN EXISTS (SELECT FROM registry.household_member b WHERE b.person_id = s.person_id) THEN $1 ELSE s.valid_from END
FROM pg_temp.staged_household_member s
WHERE NOT EXISTS (SELECT FROM registry.household_member c WHERE c.person_id = s.person_id AND c.valid_to IS NULL);

-- name: store_empty_households
-- Households in the scope that nobody lives in any more.
UPDATE registry.household h
SET gone_on = $1, members_count = 0, willing_count = 0, in_work_count = 0, zero_employment = false, low_income = false,
    monitored_kind = NULL, head_person_id = NULL, version = version + 1, updated_at = $2
FROM pg_temp.scope_household scope
WHERE h.household_id = scope.key
    AND NOT EXISTS (SELECT FROM pg_temp.staged_household_member s WHERE s.household_id = h.household_id)
    AND NOT EXISTS (
        SELECT FROM registry.household_member m WHERE m.household_id = h.household_id AND m.valid_to IS NULL
    )
    AND (h.gone_on IS NULL OR h.members_count > 0);

-- name: delete_months
-- Months that no record speaks of any more.
DELETE FROM registry.benefit_month t
USING registry.benefit b, pg_temp.scope_person scope
WHERE b.benefit_id = t.benefit_id AND b.person_id = scope.key AND NOT EXISTS (
    SELECT FROM pg_temp.staged_benefit_month s
    WHERE s.person_id = b.person_id AND s.certificate_number = b.certificate_number AND s.month = t.month
);

-- name: store_months_changed
-- Months of which the department says something else now.
UPDATE registry.benefit_month t
SET yuan_per_month = s.yuan_per_month, state = s.state, source_record_id = s.source_record_id
FROM pg_temp.staged_benefit_month s
JOIN registry.benefit b ON b.person_id = s.person_id AND b.certificate_number = s.certificate_number
WHERE t.benefit_id = b.benefit_id AND t.month = s.month
    AND (t.yuan_per_month, t.state, t.source_record_id) IS DISTINCT FROM (s.yuan_per_month, s.state, s.source_record_id);

-- name: store_months
-- New months of the history.
INSERT INTO registry.benefit_month (benefit_id, month, yuan_per_month, state, source_record_id)
SELECT b.benefit_id, s.month, s.yuan_per_month, s.state, s.source_record_id
FROM pg_temp.staged_benefit_month s
JOIN registry.benefit b ON b.person_id = s.person_id AND b.certificate_number = s.certificate_number
WHERE NOT EXISTS (SELECT FROM registry.benefit_month t WHERE t.benefit_id = b.benefit_id AND t.month = s.month);

-- name: fetch_region_codes
-- All division codes.
SELECT region_code FROM registry.region;

-- name: fetch_target_records
-- What partners and departments sent of openings, programmes or posts, the latest word on each reference: a row in force
-- before one that is gone.
SELECT DISTINCT ON (r.values ->> 'reference') r.source_record_id, r.values, r.gone_on
FROM intake.source_record r WHERE r.entity = $1 AND r.values ->> 'reference' IS NOT NULL
ORDER BY r.values ->> 'reference', r.gone_on IS NOT NULL, r.as_of DESC, r.source_record_id DESC;

-- name: fetch_targets_known
-- Which record each target of one kind was last made from, whether it stands open, and how many were placed there by us.
SELECT t.reference, t.source_record_id, t.state, (
    SELECT count(*) FROM casework.referral c
    WHERE c.opening_id = t.opening_id AND c.state = 'placed' AND c.source_record_id IS NULL
) AS placed_here
FROM market.opening t WHERE $1 = 'opening'
UNION ALL
SELECT t.reference, t.source_record_id, t.state, (
    SELECT count(*) FROM casework.referral c
    WHERE c.programme_id = t.programme_id AND c.state = 'placed' AND c.source_record_id IS NULL
) FROM market.programme t WHERE $1 = 'programme'
UNION ALL
SELECT t.reference, t.source_record_id, t.state, (
    SELECT count(*) FROM casework.referral c
    WHERE c.post_id = t.post_id AND c.state = 'placed' AND c.source_record_id IS NULL
) FROM market.post t WHERE $1 = 'post';

-- name: store_station_batch
-- A station's entry arrives as a batch of one record.
INSERT INTO intake.batch (feed, entity, department, region_code, layout_sha256, file_sha256, file_name, size_bytes, mode,
    as_of, state, headings, rows_read, rows_new, received_at, finished_at)
VALUES ('station', 'person', 'station', $1, ''::bytea, $2, $3, $4, 'delta', $5, 'landed', $6, 1, 1, $7, $7)
RETURNING batch_id;

-- name: store_station_record
-- The record of a station's entry.
INSERT INTO intake.source_record (batch_id, line, feed, entity, department, region_code, record_key, row_hash, values, raw,
    as_of, seen_on)
VALUES ($1, 1, 'station', 'person', 'station', $2, $3, $4, $5, $6, $7, $7)
RETURNING source_record_id;

-- name: store_station_superseded
-- Entries of the station about a person that say nothing which the new one does not say anew.
UPDATE intake.source_record r SET gone_on = $3
FROM identity.membership m
WHERE m.source_record_id = r.source_record_id AND m.valid_to IS NULL AND m.person_id = $1 AND r.feed = 'station'
    AND r.gone_on IS NULL AND NOT EXISTS (
        SELECT FROM jsonb_object_keys(r.values) AS said (field) WHERE said.field <> ALL ($2::text[])
    );

-- name: store_person_key
-- A new person.
INSERT INTO identity.person_key (created_at) VALUES ($1) RETURNING person_id;

-- name: store_membership
-- The station says whose record it is.
INSERT INTO identity.membership (source_record_id, person_id, event_id, valid_from) VALUES ($1, $2, $3, $4);

-- name: store_creation
-- The event by which a station made a person.
INSERT INTO identity.event (kind, moves, cause, actor_id, happened_at)
VALUES ('create', $1, 'station', $2, $3) RETURNING event_id;

-- name: fetch_provenance
-- Every field of a person and of their wishes with the record it came from.
SELECT s.entity, s.field, r.source_record_id, r.department, r.feed, b.file_name, r.line, r.as_of, r.seen_on, r.gone_on
FROM (
    SELECT 'person' AS entity, e.key AS field, e.value::bigint AS source_record_id
    FROM registry.person p CROSS JOIN LATERAL jsonb_each_text(p.sources) e WHERE p.person_id = $1
    UNION ALL
    SELECT 'wish', e.key, e.value::bigint
    FROM registry.wish w CROSS JOIN LATERAL jsonb_each_text(w.sources) e WHERE w.person_id = $1
) s
JOIN intake.source_record r USING (source_record_id)
JOIN intake.batch b USING (batch_id)
ORDER BY s.entity, s.field;

-- name: fetch_person_version
-- Version of a person in the register; null when they are not.
SELECT version FROM registry.person WHERE person_id = $1;
