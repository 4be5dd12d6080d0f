-- name: fetch_person_here
-- The living key of a person who is in the register and not gone; null otherwise.
WITH RECURSIVE chain (person_id, redirects_to) AS (
    SELECT k.person_id, k.redirects_to FROM identity.person_key k WHERE k.person_id = $1
    UNION ALL
    SELECT k.person_id, k.redirects_to FROM chain c JOIN identity.person_key k ON k.person_id = c.redirects_to
)
SELECT p.person_id FROM chain c JOIN registry.person p USING (person_id)
WHERE c.redirects_to IS NULL AND p.gone_on IS NULL;

-- name: fetch_opening_lock
-- An opening, held until the transaction ends.
SELECT opening_id, vacancies, filled, state, closes_on, region_code, occupation_code, title, employer_name,
    wage_low_yuan_per_month AS wage_yuan_per_month, version, partner_code
FROM market.opening WHERE opening_id = $1 FOR UPDATE;

-- name: fetch_programme_lock
-- A programme, held until the transaction ends. Nobody is put forward for a course that has begun.
SELECT programme_id, seats AS vacancies, taken AS filled, state, starts_on AS closes_on, region_code, occupation_code,
    name AS title, organiser AS employer_name, NULL::integer AS wage_yuan_per_month, version
FROM market.programme WHERE programme_id = $1 FOR UPDATE;

-- name: fetch_post_lock
-- A post, held until the transaction ends.
SELECT post_id, vacancies, filled, state, NULL::date AS closes_on, region_code, NULL::text AS occupation_code,
    name AS title, NULL::text AS employer_name, wage_yuan_per_month, version
FROM market.post WHERE post_id = $1 FOR UPDATE;

-- name: fetch_recommended
-- The target that a run recommended to a person at a 1-based place of the list.
SELECT target_ids[$4] FROM matching.recommendation WHERE run_id = $1 AND person_id = $2 AND kind = $3;

-- name: store_referral
-- A person put forward for a target.
INSERT INTO casework.referral (person_id, kind, opening_id, programme_id, post_id, state, run_id, rank, referred_by, shown_on,
    updated_at)
VALUES ($1, $2, $3, $4, $5, 'referred', $6, $7, $8, $9, $10) RETURNING referral_id;

-- name: fetch_referral_lock
-- A referral, held until the transaction ends.
SELECT * FROM casework.referral WHERE referral_id = $1 FOR UPDATE;

-- name: store_state
-- A referral's state after a step.
UPDATE casework.referral SET state = $2, version = version + 1, updated_at = $3 WHERE referral_id = $1;

-- name: store_transition
-- One step of a referral.
INSERT INTO casework.transition (referral_id, from_state, to_state, actor_id, reason, happened_at)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: store_contact
-- One attempt to reach a person.
INSERT INTO casework.contact (referral_id, channel, result, note, contacted_at, actor_id)
VALUES ($1, $2, $3, $4, $5, $6) RETURNING contact_id;

-- name: store_outcome
-- What came of a referral.
INSERT INTO casework.outcome (referral_id, result, reason, wage_yuan_per_month, started_on, ended_on, months_kept, recorded_at,
    actor_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING outcome_id;

-- name: fetch_placement
-- The placement of a referral, as last recorded.
SELECT started_on, wage_yuan_per_month FROM casework.outcome WHERE referral_id = $1 AND result = 'placed'
ORDER BY outcome_id DESC LIMIT 1;

-- name: store_opening_filled
-- Takes or frees a vacancy; an opening with none left is filled, one with some again open.
UPDATE market.opening SET filled = greatest(filled + $2::integer, 0), version = version + 1, updated_at = $3,
    state = CASE WHEN state = 'closed' THEN 'closed' WHEN filled + $2::integer >= vacancies THEN 'filled' ELSE 'open' END
WHERE opening_id = $1;

-- name: store_programme_taken
-- Takes or frees a seat.
UPDATE market.programme SET taken = greatest(taken + $2::integer, 0), version = version + 1, updated_at = $3
WHERE programme_id = $1;

-- name: store_post_filled
-- Takes or frees a place.
UPDATE market.post SET filled = greatest(filled + $2::integer, 0), version = version + 1, updated_at = $3
WHERE post_id = $1;

-- name: store_opening
-- A new opening posted through the hub.
INSERT INTO market.opening (reference, partner_code, employer_name, employer_code, title, occupation_code, duties, region_code,
    channel, wage_low_yuan_per_month, wage_high_yuan_per_month, wage_kind, vacancies, education_min, age_min, age_max,
    skill_level_min, skill_occupation_code, heavy_labour, night_shift, lodging, social_insurance, term_months, posted_on,
    closes_on, state, posted_by, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
    'open', $26, $27)
RETURNING opening_id;

-- name: store_opening_change
-- An opening as it shall be now.
UPDATE market.opening SET employer_name = $2, title = $3, occupation_code = $4, duties = $5, region_code = $6, channel = $7,
    wage_low_yuan_per_month = $8, wage_high_yuan_per_month = $9, wage_kind = $10, vacancies = $11, education_min = $12,
    age_min = $13, age_max = $14, skill_level_min = $15, skill_occupation_code = $16, heavy_labour = $17, night_shift = $18,
    lodging = $19, social_insurance = $20, term_months = $21, closes_on = $22, state = $23, employer_code = $24,
    version = version + 1, updated_at = $25
WHERE opening_id = $1;

-- name: store_opening_closed
-- Closes an opening.
UPDATE market.opening SET state = 'closed', version = version + 1, updated_at = $2 WHERE opening_id = $1;

-- name: fetch_region_known
-- Whether a division is in the list.
SELECT EXISTS (SELECT FROM registry.region WHERE region_code = $1);

-- name: fetch_wish_version
-- The version of a person's wishes; null where there are none. Whoever asks holds the register's lock.
SELECT version FROM registry.wish WHERE person_id = $1;

-- name: fetch_history_lock
-- One publication of the history at a time; held to the end of the transaction.
SELECT pg_advisory_xact_lock(7298041);

-- name: fetch_subjects
-- Whom the rows of the referral feed speak of, each spelling once.
SELECT DISTINCT coalesce(r.values ->> 'citizen_number', '') AS number, coalesce(r.values ->> 'name', '') AS name
FROM intake.source_record r
WHERE r.entity = 'referral' AND r.gone_on IS NULL;

-- name: create_subjects
-- Spellings of people, and what identity reads in them.
CREATE TEMP TABLE subject (
    subject_no integer, number_text text, name_text text, number text COLLATE "C", number_raw text COLLATE "C", name text,
    pinyin text, person_id bigint
) ON COMMIT DROP;

-- name: store_subjects_by_number
-- A valid number decides where it is one person's alone and the name agrees, at least in sound; where it is shared, the
-- name decides between them.
WITH candidates AS (
    SELECT DISTINCT s.subject_no, m.person_id, s.name IS NULL OR n.name = s.name AS same_name,
        s.name IS NULL OR n.name = s.name OR n.pinyin = s.pinyin AS same_sound
    FROM pg_temp.subject s
    JOIN identity.normal n ON n.citizen_number = s.number
    JOIN identity.membership m ON m.source_record_id = n.source_record_id AND m.valid_to IS NULL
), judged AS (
    SELECT subject_no, count(DISTINCT person_id) AS people, min(person_id) AS anyone,
        count(DISTINCT person_id) FILTER (WHERE same_name) AS named,
        min(person_id) FILTER (WHERE same_name) AS named_one, bool_or(same_sound) AS sounds
    FROM candidates GROUP BY subject_no
)
UPDATE pg_temp.subject s SET person_id = CASE WHEN j.named = 1 THEN j.named_one ELSE j.anyone END
FROM judged j
WHERE j.subject_no = s.subject_no AND (j.named = 1 OR (j.people = 1 AND j.sounds));

-- name: store_subjects_by_name
-- Where the number is broken here or there: somebody of that very name whose number agrees in region and birth, if there
-- is only one. Two numbers that are both right are two people's.
WITH judged AS (
    SELECT s.subject_no, min(m.person_id) AS person_id
    FROM pg_temp.subject s
    JOIN identity.normal n ON n.name = s.name AND left(n.number_raw, 14) = left(s.number_raw, 14)
    JOIN identity.membership m ON m.source_record_id = n.source_record_id AND m.valid_to IS NULL
    WHERE s.person_id IS NULL AND length(s.number_raw) >= 14 AND (s.number IS NULL OR n.citizen_number IS NULL)
    GROUP BY s.subject_no
    HAVING count(DISTINCT m.person_id) = 1
)
UPDATE pg_temp.subject s SET person_id = j.person_id FROM judged j WHERE j.subject_no = s.subject_no;

-- name: store_subjects_without_number
-- Whoever is nobody so far may be the one person of that name, where only one is known and no number of theirs is.
WITH judged AS (
    SELECT s.subject_no, min(m.person_id) AS person_id
    FROM pg_temp.subject s
    JOIN identity.normal n ON n.name = s.name
    JOIN identity.membership m ON m.source_record_id = n.source_record_id AND m.valid_to IS NULL
    WHERE s.person_id IS NULL AND length(s.name) >= 3
    GROUP BY s.subject_no
    HAVING count(DISTINCT m.person_id) = 1 AND bool_and(n.number_raw IS NULL)
)
UPDATE pg_temp.subject s SET person_id = j.person_id FROM judged j WHERE j.subject_no = s.subject_no;

-- name: create_offers
-- Rows of the referral feed in force, with the person and the target they mean.
CREATE TEMP TABLE offer ON COMMIT DROP AS
SELECT r.source_record_id, r.feed, r.region_code, r.record_key, s.person_id, r.values ->> 'kind' AS kind,
    o.opening_id, p.programme_id, w.post_id, coalesce(o.opening_id, p.programme_id, w.post_id) AS target_id,
    coalesce(r.values ->> 'state', 'shown') AS state, r.values ->> 'result' AS result, r.values ->> 'reason' AS reason,
    (r.values ->> 'rank')::integer AS rank, (r.values ->> 'shown_on')::date AS shown_on,
    (r.values ->> 'wage_yuan_per_month')::numeric::integer AS wage_yuan_per_month,
    (r.values ->> 'started_on')::date AS started_on, (r.values ->> 'ended_on')::date AS ended_on,
    (r.values ->> 'months_kept')::numeric::integer AS months_kept,
    coalesce(r.values ->> 'contacted_on', r.values ->> 'shown_on')::date AS told_on,
    NULL::bigint AS referral_id, false AS is_new, false AS is_doubled
FROM intake.source_record r
LEFT JOIN pg_temp.subject s ON s.number_text = coalesce(r.values ->> 'citizen_number', '')
    AND s.name_text = coalesce(r.values ->> 'name', '')
LEFT JOIN market.opening o ON r.values ->> 'kind' = 'opening' AND o.reference = r.values ->> 'reference'
LEFT JOIN market.programme p ON r.values ->> 'kind' = 'programme' AND p.reference = r.values ->> 'reference'
LEFT JOIN market.post w ON r.values ->> 'kind' = 'post' AND w.reference = r.values ->> 'reference'
WHERE r.entity = 'referral' AND r.gone_on IS NULL;

-- name: store_known_offers
-- The referral that each row was made into.
UPDATE pg_temp.offer f SET referral_id = c.referral_id
FROM casework.referral c WHERE c.source_record_id = f.source_record_id;

-- name: store_continued_offers
-- A row that replaces one of the same key goes on with the referral that was made of that one.
UPDATE pg_temp.offer f SET referral_id = k.referral_id
FROM (
    SELECT DISTINCT ON (old.feed, old.region_code, old.record_key)
        old.feed, old.region_code, old.record_key, c.referral_id
    FROM casework.referral c
    JOIN intake.source_record old USING (source_record_id)
    WHERE old.gone_on IS NOT NULL
    ORDER BY old.feed, old.region_code, old.record_key, c.referral_id DESC
) k
WHERE f.referral_id IS NULL AND f.feed = k.feed AND f.region_code = k.region_code AND f.record_key = k.record_key;

-- name: store_new_offers
-- Rows to be made into referrals: person and target are known. Of several that are live for one person and one target,
-- here or already in casework, only one can be.
UPDATE pg_temp.offer f SET is_new = NOT d.is_doubled, is_doubled = d.is_doubled
FROM (
    SELECT source_record_id, state IN ('referred', 'contacted', 'accepted') AND (
        row_number() OVER (
            PARTITION BY person_id, kind, target_id, state IN ('referred', 'contacted', 'accepted')
            ORDER BY shown_on DESC, source_record_id DESC
        ) > 1
        OR EXISTS (
            SELECT FROM casework.referral c
            WHERE c.person_id = n.person_id AND c.kind = n.kind
                AND coalesce(c.opening_id, c.programme_id, c.post_id) = n.target_id
                AND c.state IN ('referred', 'contacted', 'accepted')
        )
    ) AS is_doubled
    FROM pg_temp.offer n
    WHERE referral_id IS NULL AND person_id IS NOT NULL AND target_id IS NOT NULL
) d
WHERE d.source_record_id = f.source_record_id;

-- name: store_referrals
-- New referrals.
INSERT INTO casework.referral (person_id, kind, opening_id, programme_id, post_id, state, rank, source_record_id, shown_on,
    updated_at)
SELECT person_id, kind, opening_id, programme_id, post_id, state, rank, source_record_id, shown_on, $1
FROM pg_temp.offer WHERE is_new
ORDER BY person_id, shown_on, source_record_id;

-- name: store_first_transitions
-- The first step of each, on the day the book says.
INSERT INTO casework.transition (referral_id, from_state, to_state, reason, happened_at)
SELECT c.referral_id, NULL, f.state, f.reason, f.told_on::timestamp AT TIME ZONE 'Asia/Shanghai'
FROM pg_temp.offer f JOIN casework.referral c USING (source_record_id)
WHERE f.is_new ORDER BY c.referral_id;

-- name: store_new_states
-- Referrals of which the book says something else than it said last; what was done here meanwhile gives way to nothing
-- but news.
WITH told AS (
    SELECT DISTINCT ON (t.referral_id) t.referral_id, t.to_state
    FROM casework.transition t
    JOIN pg_temp.offer f ON f.referral_id = t.referral_id AND NOT f.is_new
    WHERE t.actor_id IS NULL
    ORDER BY t.referral_id, t.transition_id DESC
), news AS (
    SELECT DISTINCT ON (c.referral_id) c.referral_id, c.state AS from_state, f.state AS to_state, f.reason, f.told_on
    FROM pg_temp.offer f
    JOIN casework.referral c USING (referral_id)
    JOIN told ON told.referral_id = c.referral_id
    WHERE f.state <> told.to_state AND f.state <> c.state
        AND NOT (f.state IN ('referred', 'contacted', 'accepted') AND EXISTS (
            SELECT FROM casework.referral o
            WHERE o.referral_id <> c.referral_id AND o.person_id = c.person_id AND o.kind = c.kind
                AND coalesce(o.opening_id, o.programme_id, o.post_id) = coalesce(c.opening_id, c.programme_id, c.post_id)
                AND o.state IN ('referred', 'contacted', 'accepted')
        ))
    ORDER BY c.referral_id, f.source_record_id DESC
), changed AS (
    UPDATE casework.referral c SET state = n.to_state, version = c.version + 1, updated_at = $1
    FROM news n WHERE c.referral_id = n.referral_id
    RETURNING c.referral_id
)
INSERT INTO casework.transition (referral_id, from_state, to_state, reason, happened_at)
SELECT n.referral_id, n.from_state, n.to_state, n.reason, $1 FROM news n JOIN changed USING (referral_id);

-- name: store_outcomes
-- What came of them, once a row of the book.
INSERT INTO casework.outcome (referral_id, result, reason, wage_yuan_per_month, started_on, ended_on, months_kept, recorded_at,
    source_record_id)
SELECT coalesce(f.referral_id, c.referral_id), f.result, f.reason, f.wage_yuan_per_month, f.started_on, f.ended_on,
    f.months_kept, f.told_on::timestamp AT TIME ZONE 'Asia/Shanghai', f.source_record_id
FROM pg_temp.offer f
LEFT JOIN casework.referral c ON c.source_record_id = f.source_record_id
WHERE f.result IS NOT NULL AND (f.is_new OR f.referral_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM casework.outcome o WHERE o.referral_id = f.referral_id AND o.source_record_id = f.source_record_id
))
ORDER BY 1;

-- name: store_persons_of_feed
-- Referrals of the book follow the person that the book means, after merges and after merges undone.
UPDATE casework.referral c SET person_id = f.person_id
FROM pg_temp.offer f
WHERE f.referral_id = c.referral_id AND NOT f.is_new AND f.person_id IS NOT NULL AND c.person_id <> f.person_id
    AND NOT EXISTS (
        SELECT FROM casework.referral o
        WHERE o.person_id = f.person_id AND o.kind = c.kind
            AND coalesce(o.opening_id, o.programme_id, o.post_id) = coalesce(c.opening_id, c.programme_id, c.post_id)
            AND o.state IN ('referred', 'contacted', 'accepted') AND c.state IN ('referred', 'contacted', 'accepted')
    );

-- name: store_persons_of_station
-- Referrals made here follow a person whose key was merged away.
UPDATE casework.referral c SET person_id = k.redirects_to
FROM identity.person_key k
WHERE k.person_id = c.person_id AND k.redirects_to IS NOT NULL AND c.source_record_id IS NULL
    AND NOT EXISTS (
        SELECT FROM casework.referral o
        WHERE o.person_id = k.redirects_to AND o.kind = c.kind
            AND coalesce(o.opening_id, o.programme_id, o.post_id) = coalesce(c.opening_id, c.programme_id, c.post_id)
            AND o.state IN ('referred', 'contacted', 'accepted') AND c.state IN ('referred', 'contacted', 'accepted')
    );

-- name: fetch_history_counts
-- What became of the rows in force.
SELECT count(*) AS rows, count(*) FILTER (WHERE referral_id IS NULL AND person_id IS NULL) AS unknown_people,
    count(*) FILTER (WHERE referral_id IS NULL AND person_id IS NOT NULL AND target_id IS NULL) AS unknown_targets,
    count(*) FILTER (WHERE is_doubled) AS doubled
FROM pg_temp.offer;

-- name: fetch_history_issues
-- The first rows that no referral was made of, and why.
SELECT source_record_id, CASE
    WHEN person_id IS NULL THEN 'person_unknown' WHEN target_id IS NULL THEN 'target_unknown' ELSE 'already_referred'
END AS code
FROM pg_temp.offer
WHERE referral_id IS NULL AND NOT is_new
ORDER BY source_record_id LIMIT $1;

-- name: drop_history_staging
-- Makes room for another publication in the same transaction.
DROP TABLE pg_temp.offer, pg_temp.subject;
