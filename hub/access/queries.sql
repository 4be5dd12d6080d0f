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

-- name: store_claims
-- Claims of the session: names $1, values $2.
SELECT count(set_config(name, value, false)) FROM unnest($1::text[], $2::text[]) AS c (name, value);

-- name: store_audit
-- Entries of the audit log as the next segment of its chain.
SELECT audit.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15);

-- name: store_audit_months
-- Tables for the months from one day's to another's.
SELECT audit.ensure_months($1, $2);

-- name: store_audit_index
-- Brings the index of persons up to date.
SELECT audit.tidy();

-- name: fetch_audit_head
-- Where the chain ends; nothing before the first entry.
SELECT segment_id, entry_id, sealed_at, sha256 FROM audit.head;

-- name: fetch_audit_start
-- The first segment sealed at or after a moment; the first of all without one.
SELECT min(segment_id) FROM audit.segment WHERE $1::timestamptz IS NULL OR sealed_at >= $1;

-- name: fetch_audit_segment
-- One segment.
SELECT segment_id, first_entry_id, last_entry_id, sealed_at, previous_sha256, entry_sha256s, sha256
FROM audit.segment WHERE segment_id = $1;

-- name: fetch_audit_segments
-- Segments in their order, from one on or all.
SELECT segment_id, first_entry_id, last_entry_id, sealed_at, previous_sha256, entry_sha256s, sha256
FROM audit.segment WHERE $1::bigint IS NULL OR segment_id >= $1 ORDER BY segment_id;

-- name: fetch_audit_entries
-- Entries in the order of their numbers, from one on or all, with what their hashes are made of.
SELECT entry_id, happened_at, request_id, actor_id, actor_kind, purpose, action, operation_name, operation_sha256,
    person_ids, fields, refused, allowed, reason, detail::text AS detail_text, duration_ms
FROM audit.entry WHERE $1::bigint IS NULL OR entry_id >= $1 ORDER BY entry_id;

-- name: fetch_audit_pruned
-- The last entry that tells of dropped months, and when its segment was sealed.
SELECT e.entry_id, e.detail, s.sealed_at
FROM audit.entry e JOIN audit.segment s ON e.entry_id BETWEEN s.first_entry_id AND s.last_entry_id
WHERE e.action = 'audit_prune' ORDER BY e.entry_id DESC LIMIT 1;

-- name: fetch_audit_tables
-- The months that have a table.
SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'audit.entry'::regclass ORDER BY 1;

-- name: fetch_audit_aside
-- Months before a day that have entries and no table.
SELECT DISTINCT date_trunc('month', happened_at AT TIME ZONE 'Asia/Shanghai')::date AS month
FROM audit.entry WHERE tableoid = 'audit.entry_other'::regclass AND happened_at < $1::date ORDER BY 1;

-- name: fetch_audit_sealed
-- When an entry's segment was sealed.
SELECT sealed_at FROM audit.segment WHERE last_entry_id >= $1 ORDER BY segment_id LIMIT 1;

-- name: fetch_audit_lock
-- Makes writers wait until this transaction ends. Work of the owner.
LOCK TABLE audit.head IN EXCLUSIVE MODE;

-- name: fetch_ledger
-- Entries about a person, newest first, older than one.
SELECT * FROM sight.ledger($1, $2, $3, $4);
