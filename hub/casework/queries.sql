-- name: fetch_person_place
-- Where a person lives, if they are in the register.
SELECT living_region_code, registered_region_code FROM registry.person WHERE person_id = $1 AND gone_on IS NULL;

-- name: fetch_opening_lock
-- An opening, held until the transaction ends.
SELECT * FROM market.opening WHERE opening_id = $1 FOR UPDATE;

-- name: fetch_programme_lock
-- A programme, held until the transaction ends.
SELECT programme_id, seats AS vacancies, taken AS filled, state, region_code FROM market.programme
WHERE programme_id = $1 FOR UPDATE;

-- name: fetch_post_lock
-- A post, held until the transaction ends.
SELECT post_id, vacancies, filled, state, region_code, name, wage_yuan_per_month FROM market.post
WHERE post_id = $1 FOR UPDATE;

-- name: store_referral
-- A person put forward for a target.
INSERT INTO casework.referral (person_id, kind, opening_id, programme_id, post_id, state, run_id, rank, referred_by, shown_on,
    updated_at)
VALUES ($1, $2, $3, $4, $5, 'referred', $6, $7, $8, $9, $10) RETURNING referral_id;

-- name: fetch_referral_lock
-- A referral, held until the transaction ends.
SELECT * FROM casework.referral WHERE referral_id = $1 FOR UPDATE;

-- name: store_state
-- A referral's new state.
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

-- name: store_opening_filled
-- Takes or frees a vacancy; an opening with none left is filled, one with some again open.
UPDATE market.opening SET filled = filled + $2, version = version + 1, updated_at = $3,
    state = CASE WHEN state = 'closed' THEN 'closed' WHEN filled + $2 >= vacancies THEN 'filled' ELSE 'open' END
WHERE opening_id = $1;

-- name: store_programme_taken
-- Takes or frees a seat.
UPDATE market.programme SET taken = taken + $2, version = version + 1, updated_at = $3 WHERE programme_id = $1;

-- name: store_post_filled
-- Takes or frees a place.
UPDATE market.post SET filled = filled + $2, version = version + 1, updated_at = $3 WHERE post_id = $1;

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
    lodging = $19, social_insurance = $20, term_months = $21, closes_on = $22, state = $23, version = version + 1,
    updated_at = $24
WHERE opening_id = $1;

-- name: fetch_region_known
-- Whether a division is in the list.
SELECT EXISTS (SELECT FROM registry.region WHERE region_code = $1);

-- name: fetch_wish_version
-- The version of a person's wishes, held until the transaction ends; 0 where there are none.
SELECT version FROM registry.wish WHERE person_id = $1 FOR UPDATE;

-- name: fetch_referral_rows
-- Rows of the referral feed that have no referral yet.
SELECT r.source_record_id, r.values FROM intake.source_record r
WHERE r.entity = 'referral' AND r.gone_on IS NULL
    AND NOT EXISTS (SELECT FROM casework.referral c WHERE c.source_record_id = r.source_record_id)
ORDER BY r.source_record_id;

-- name: fetch_numbers
-- Whose each valid number is, with the names it came with.
SELECT DISTINCT n.citizen_number, n.name, m.person_id
FROM identity.normal n JOIN identity.membership m USING (source_record_id)
WHERE m.valid_to IS NULL AND n.citizen_number IS NOT NULL;

-- name: fetch_targets_by_reference
-- Keys of targets by their poster's reference.
SELECT 'opening' AS kind, reference, opening_id AS target_id FROM market.opening
UNION ALL SELECT 'programme', reference, programme_id FROM market.programme
UNION ALL SELECT 'post', reference, post_id FROM market.post;

-- name: fetch_history_lock
-- One publication of the history at a time; held to the end of the transaction.
SELECT pg_advisory_xact_lock(7298041);

-- name: fetch_referrals_of_feed
-- Keys of the referrals that were made from these records.
SELECT source_record_id, referral_id FROM casework.referral WHERE source_record_id = ANY ($1::bigint[]);

-- name: store_moved_referrals
-- Referrals of a key that was merged away follow the person.
UPDATE casework.referral r SET person_id = k.redirects_to FROM identity.person_key k
WHERE k.person_id = r.person_id AND k.redirects_to IS NOT NULL;

-- name: store_opening_closed
-- Closes an opening.
UPDATE market.opening SET state = 'closed', version = version + 1, updated_at = $2 WHERE opening_id = $1;
