-- name: store_actor
-- A new actor.
INSERT INTO access.actor (kind, name, department, region_code, partner_code, person_id, purposes, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING actor_id;

-- name: fetch_actor
-- An actor who has not been revoked.
SELECT actor_id, kind, name, department, region_code, partner_code, person_id, purposes FROM access.actor
WHERE actor_id = $1 AND revoked_at IS NULL;

-- name: fetch_actor_even_revoked
-- An actor, and whether it has been revoked.
SELECT actor_id, kind, name, department, region_code, partner_code, person_id, purposes, revoked_at IS NOT NULL AS revoked
FROM access.actor WHERE actor_id = $1;

-- name: fetch_actor_like
-- The first actor of exactly this kind and scope.
SELECT actor_id, kind, name, department, region_code, partner_code, person_id, purposes FROM access.actor
WHERE kind = $1 AND (department, region_code, partner_code, person_id) IS NOT DISTINCT FROM
    ($2::text, $3::text, $4::text, $5::bigint) AND revoked_at IS NULL
ORDER BY actor_id LIMIT 1;

-- name: store_revocation
-- From now on the actor's tokens are refused.
UPDATE access.actor SET revoked_at = $2 WHERE actor_id = $1 AND revoked_at IS NULL;

-- name: store_account
-- A local account.
INSERT INTO access.account (username, actor_id, password_hash, created_at) VALUES ($1, $2, $3, $4);

-- name: fetch_account
-- An account that is not resting, with this attempt counted against it beforehand: attempts made at once cannot all be
-- the first. After a rest the count begins anew. $2 is now, $3 when a rest would end, $4 how many failures bring it.
UPDATE access.account SET
    failed_count = CASE WHEN locked_until IS NULL THEN failed_count + 1 ELSE 1 END,
    locked_until = CASE WHEN (CASE WHEN locked_until IS NULL THEN failed_count + 1 ELSE 1 END) >= $4::integer
        THEN $3::timestamptz END
WHERE username = $1 AND (locked_until IS NULL OR locked_until <= $2::timestamptz)
RETURNING actor_id, password_hash;

-- name: fetch_account_known
-- Whether there is an account of that name.
SELECT EXISTS (SELECT FROM access.account WHERE username = $1);

-- name: store_account_success
-- A right password clears the count.
UPDATE access.account SET failed_count = 0, locked_until = NULL WHERE username = $1;

-- name: store_audit
-- Entries of the audit log, many at once.
INSERT INTO audit.entry (happened_at, request_id, actor_id, actor_kind, purpose, action, operation_name, operation_sha256,
    person_ids, fields, allowed, reason, detail, duration_ms)
SELECT e.happened_at, e.request_id, e.actor_id, e.actor_kind, e.purpose, e.action, e.operation_name, e.operation_sha256,
    ARRAY(SELECT jsonb_array_elements_text(e.person_ids::jsonb)::bigint),
    ARRAY(SELECT jsonb_array_elements_text(e.fields::jsonb)), e.allowed, e.reason, e.detail::jsonb, e.duration_ms
FROM unnest($1::timestamptz[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bytea[],
    $9::text[], $10::text[], $11::boolean[], $12::text[], $13::text[], $14::real[])
    AS e (happened_at, request_id, actor_id, actor_kind, purpose, action, operation_name, operation_sha256, person_ids, fields,
        allowed, reason, detail, duration_ms);
