-- name: fetch_lock
-- One resolve at a time; held to the end of the transaction.
SELECT pg_advisory_xact_lock(7298021);

-- name: fetch_new_records
-- Records of people that have no normal form yet, with the fields that linkage compares.
SELECT r.source_record_id, r.feed, r.region_code, r.values ->> 'name' AS name,
    r.values ->> 'citizen_number' AS citizen_number, r.values ->> 'phone' AS phone, r.values ->> 'sex' AS sex,
    r.values ->> 'born_on' AS born_on, r.values ->> 'nationality' AS nationality,
    r.values ->> 'registered_address' AS registered_address, r.values ->> 'living_address' AS living_address,
    r.values ->> 'registered_region_code' AS registered_region_code,
    r.values ->> 'living_region_code' AS living_region_code, r.values ->> 'household_code' AS household_code,
    r.values ->> 'certificate_number' AS certificate_number, r.values ->> 'relation' AS relation
FROM intake.source_record r
WHERE r.entity = 'person' AND NOT EXISTS (SELECT FROM identity.normal n WHERE n.source_record_id = r.source_record_id)
ORDER BY r.source_record_id;

-- name: fetch_block_mates
-- Records already known that share a block with one of these keys, unless the block is too large to tell people apart.
WITH wanted AS (SELECT DISTINCT kind, key FROM unnest($1::smallint[], $2::text[]) AS w (kind, key)),
mates AS (
    SELECT b.source_record_id, count(*) OVER (PARTITION BY b.kind, b.key) AS size
    FROM wanted w JOIN identity.block b ON b.kind = w.kind AND b.key = w.key
)
SELECT DISTINCT n.*, r.feed
FROM mates m
JOIN identity.normal n USING (source_record_id)
JOIN intake.source_record r USING (source_record_id)
WHERE m.size <= $3
ORDER BY n.source_record_id;

-- name: fetch_common_names
-- Which of these names more than so many records bear. Counted in the blocks by name and birthday, which an index finds.
SELECT name FROM unnest($1::text[]) AS w (name)
WHERE (
    SELECT count(*) FROM (
        SELECT FROM identity.block b
        WHERE b.kind = 2 AND b.key >= w.name || '|' AND b.key < w.name || '}' LIMIT $2::integer + 1
    ) x
) > $2::integer;

-- name: fetch_anchors
-- Of these records, those a station entered, each with the oldest other record that was the person's when it came.
-- A merge since then does not matter: if it is undone, the entry goes back with the person it was made for.
SELECT s.source_record_id, (
    SELECT min(m.source_record_id) FROM identity.membership m
    WHERE m.person_id = entered.person_id AND m.source_record_id <> s.source_record_id
        AND m.valid_from <= entered.valid_from AND coalesce(m.valid_to, 'infinity') > entered.valid_from
) AS anchor
FROM intake.source_record s
CROSS JOIN LATERAL (
    SELECT m.person_id, m.valid_from FROM identity.membership m
    WHERE m.person_id = (s.values ->> 'person_id')::bigint AND m.source_record_id = s.source_record_id
    ORDER BY m.valid_from LIMIT 1
) entered
WHERE s.source_record_id = ANY ($1::bigint[]) AND s.feed = 'station';

-- name: fetch_members_and_neighbours
-- One step outwards from these records: those of the same people, and those linked by evidence or by a clerk.
WITH known AS (SELECT unnest($1::bigint[]) AS record)
SELECT DISTINCT other FROM (
    SELECT m2.source_record_id AS other
    FROM known k
    JOIN identity.membership m1 ON m1.source_record_id = k.record AND m1.valid_to IS NULL
    JOIN identity.membership m2 ON m2.person_id = m1.person_id AND m2.valid_to IS NULL
    UNION ALL
    SELECT e.record_b FROM known k JOIN identity.edge e ON e.record_a = k.record WHERE e.score >= $2
    UNION ALL
    SELECT e.record_a FROM known k JOIN identity.edge e ON e.record_b = k.record WHERE e.score >= $2
    UNION ALL
    SELECT c.record_b FROM known k JOIN identity.clerk_link c ON c.record_a = k.record WHERE c.withdrawn_at IS NULL
    UNION ALL
    SELECT c.record_a FROM known k JOIN identity.clerk_link c ON c.record_b = k.record WHERE c.withdrawn_at IS NULL
) x WHERE other <> ALL ($1::bigint[]);

-- name: fetch_edges
-- Evidence about these records; what links them is among them, doubts may be about others too.
SELECT record_a, record_b, score, levels FROM identity.edge
WHERE record_a = ANY ($1::bigint[]) OR record_b = ANY ($1::bigint[])
ORDER BY record_a, record_b;

-- name: fetch_clerk_links
-- Clerks' decisions in force among these records.
SELECT kind, record_a, record_b FROM identity.clerk_link
WHERE withdrawn_at IS NULL AND record_a = ANY ($1::bigint[]) AND record_b = ANY ($1::bigint[]);

-- name: fetch_memberships
-- Whose these records are now.
SELECT source_record_id, person_id FROM identity.membership
WHERE valid_to IS NULL AND source_record_id = ANY ($1::bigint[]);

-- name: fetch_members
-- The records of these people now, following redirections of retired keys.
WITH RECURSIVE chain (asked, person_id, redirects_to) AS (
    SELECT k.person_id, k.person_id, k.redirects_to FROM identity.person_key k WHERE k.person_id = ANY ($1::bigint[])
    UNION ALL
    SELECT c.asked, k.person_id, k.redirects_to
    FROM chain c JOIN identity.person_key k ON k.person_id = c.redirects_to
)
SELECT c.asked, c.person_id, m.source_record_id
FROM chain c LEFT JOIN identity.membership m ON m.person_id = c.person_id AND m.valid_to IS NULL
WHERE c.redirects_to IS NULL
ORDER BY c.asked, m.source_record_id;

-- name: fetch_normals
-- Valid numbers of these records.
SELECT source_record_id, citizen_number FROM identity.normal WHERE source_record_id = ANY ($1::bigint[]);

-- name: fetch_stakes
-- What is at stake with these records: benefits, and children (born after the day given).
SELECT r.source_record_id,
    (r.values ? 'benefit_kind')::integer * 2 + coalesce((n.born_on > $2::date)::integer, 0) AS stake
FROM intake.source_record r JOIN identity.normal n USING (source_record_id)
WHERE r.source_record_id = ANY ($1::bigint[]);

-- name: store_person_keys
-- Makes that many new keys.
INSERT INTO identity.person_key (created_at) SELECT $1 FROM generate_series(1, $2::integer) RETURNING person_id;

-- name: store_redirect
-- A key merged away points to the one that lives on; null takes it back.
UPDATE identity.person_key k SET redirects_to = r.target
FROM unnest($1::bigint[], $2::bigint[]) AS r (person_id, target) WHERE k.person_id = r.person_id;

-- name: store_event
-- A merge, split or undo, with every move.
INSERT INTO identity.event (kind, moves, cause, actor_id, undoes, happened_at)
VALUES ($1, $2, $3, $4, $5, $6) RETURNING event_id;

-- name: fetch_event
-- One event, and whether it was undone.
SELECT e.kind, e.moves, EXISTS (SELECT FROM identity.event u WHERE u.undoes = e.event_id) AS undone
FROM identity.event e WHERE e.event_id = $1;

-- name: store_membership_end
-- These records leave the people they were of.
UPDATE identity.membership SET valid_to = $2 WHERE valid_to IS NULL AND source_record_id = ANY ($1::bigint[]);

-- name: store_clerk_link
-- A clerk's decision.
INSERT INTO identity.clerk_link (kind, record_a, record_b, reason, actor_id, decided_at)
VALUES ($1, $2, $3, $4, $5, $6) RETURNING clerk_link_id;

-- name: store_clerk_link_withdrawal
-- Takes a decision back.
UPDATE identity.clerk_link SET withdrawn_at = $2 WHERE clerk_link_id = $1 AND withdrawn_at IS NULL
RETURNING record_a, record_b;

-- name: fetch_reviews_about
-- Reviews about these records that nobody decided.
SELECT review_id, kind, records FROM identity.review WHERE state = 'open' AND records && $1::bigint[];

-- name: delete_reviews
-- Reviews for which there is no evidence any more.
DELETE FROM identity.review WHERE review_id = ANY ($1::bigint[]);

-- name: fetch_review_counts
-- Open reviews, and records compared so far.
SELECT (SELECT count(*) FROM identity.review WHERE state = 'open') AS open,
    (SELECT count(*) FROM identity.normal) AS records;

-- name: store_run
-- What one resolve did.
INSERT INTO identity.run (model_version, started_at, finished_at, counts) VALUES ($1, $2, $3, $4);

-- name: fetch_open_reviews
-- Open cases, what is most at stake first.
SELECT review_id, kind, records, stake, score, state, opened_at FROM identity.review
WHERE state = 'open' ORDER BY stake DESC, review_id LIMIT $1;

-- name: fetch_review
-- One case.
SELECT review_id, kind, records, stake, score, state, opened_at FROM identity.review WHERE review_id = $1;

-- name: fetch_reviewed_records
-- What these records say and who they are taken for.
SELECT n.source_record_id, m.person_id, r.feed, n.name, n.sex, n.born_on, coalesce(n.citizen_number, n.number_raw) AS number,
    n.number_state, n.phone, n.registered_region_code, n.relation
FROM identity.normal n
JOIN intake.source_record r USING (source_record_id)
JOIN identity.membership m ON m.source_record_id = n.source_record_id AND m.valid_to IS NULL
WHERE n.source_record_id = ANY ($1::bigint[]) ORDER BY n.source_record_id;

-- name: store_review_decision
-- Decides an open case; null when it is not open.
UPDATE identity.review SET state = $2, decided_by = $3, decided_at = $4 WHERE review_id = $1 AND state = 'open'
RETURNING review_id;

-- name: fetch_person_events
-- Merges, splits and undos that moved records to or from a person.
SELECT e.event_id, e.kind, e.cause, jsonb_array_length(e.moves) AS records,
    EXISTS (SELECT FROM identity.event u WHERE u.undoes = e.event_id) AS undone, e.happened_at
FROM identity.event e
WHERE EXISTS (SELECT FROM jsonb_array_elements(e.moves) m WHERE $1::bigint IN ((m ->> 1)::bigint, (m ->> 2)::bigint))
ORDER BY e.event_id DESC;

-- name: fetch_current_members
-- The records of these people at present.
SELECT person_id, source_record_id FROM identity.membership
WHERE valid_to IS NULL AND person_id = ANY ($1::bigint[]) ORDER BY source_record_id;

-- name: store_clerk_links_withdrawn
-- Takes back every decision between the first records and the second.
UPDATE identity.clerk_link SET withdrawn_at = $3
WHERE withdrawn_at IS NULL AND ((record_a = ANY ($1::bigint[]) AND record_b = ANY ($2::bigint[]))
    OR (record_b = ANY ($1::bigint[]) AND record_a = ANY ($2::bigint[])));

-- name: fetch_person_decisions
-- Clerks' decisions about the records that a person has or had.
SELECT l.clerk_link_id, l.kind, l.record_a, l.record_b, l.reason, l.decided_at, l.withdrawn_at
FROM identity.clerk_link l
WHERE EXISTS (
    SELECT FROM identity.membership m
    WHERE m.person_id = $1 AND m.source_record_id IN (l.record_a, l.record_b)
)
ORDER BY l.clerk_link_id DESC;
