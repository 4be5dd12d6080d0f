-- name: fetch_person_version
-- A person's version, held until the transaction ends.
SELECT version FROM registry.person WHERE person_id = $1 FOR UPDATE;

-- name: fetch_referral_person
-- Whose a referral is.
SELECT person_id FROM casework.referral WHERE referral_id = $1;

-- name: fetch_opening_public
-- Whether an opening is the public service's own, not a partner's.
SELECT partner_code IS NULL FROM market.opening WHERE opening_id = $1;

-- name: fetch_idempotency_key
-- What a key was used for before.
SELECT request_sha256, result FROM access.idempotency_key WHERE actor_id = $1 AND key = $2;

-- name: fetch_idempotency_lock
-- Holds off a second request with the same key until this transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended($1::bigint || ':' || $2::text, 7298051));

-- name: store_idempotency_key
-- Keeps what a key was used for.
INSERT INTO access.idempotency_key (actor_id, key, request_sha256, result, stored_at) VALUES ($1, $2, $3, $4, $5);

-- name: store_export_timeout
-- For this transaction, a minute a statement.
SELECT set_config('statement_timeout', '60000', true);

-- name: fetch_run
-- A finished matching run, where the actor may know of it.
SELECT region_code, finished_at FROM matching.run WHERE run_id = $1 AND state = 'done';
