-- name: fetch_link
-- The actor that a provider's subject speaks for.
SELECT actor_id FROM access.identity_link WHERE issuer = $1 AND subject = $2 AND unlinked_at IS NULL;

-- name: fetch_scope_closed
-- Whether all actors of exactly this kind and scope were revoked; not where there never was one.
SELECT bool_and(revoked_at IS NOT NULL) FROM access.actor
WHERE kind = $1 AND (department, region_code, partner_code) IS NOT DISTINCT FROM ($2::text, $3::text, $4::text)
    AND person_id IS NULL;

-- name: fetch_links
-- All links in force.
SELECT l.link_id, l.issuer, l.subject, l.actor_id, a.kind, a.name, a.revoked_at IS NOT NULL AS closed, l.linked_at
FROM access.identity_link l JOIN access.actor a USING (actor_id)
WHERE l.unlinked_at IS NULL ORDER BY l.link_id;

-- name: store_link
-- From now on a subject speaks for an actor.
INSERT INTO access.identity_link (issuer, subject, actor_id, linked_at) VALUES ($1, $2, $3, $4) RETURNING link_id;

-- name: store_unlinking
-- From now on a subject speaks for nobody.
UPDATE access.identity_link SET unlinked_at = $3 WHERE issuer = $1 AND subject = $2 AND unlinked_at IS NULL
RETURNING actor_id;

-- name: fetch_token_revoked
-- Whether a token, or all tokens of its actor issued so early, were revoked.
SELECT EXISTS (SELECT FROM access.revoked_token WHERE issuer = $1 AND token_id = $2)
    OR EXISTS (SELECT FROM access.revoked_until WHERE actor_id = $3 AND issued_before >= $4);

-- name: store_token_revocation
-- Refuse one token until it expires; revocations that no longer matter go.
WITH gone AS (DELETE FROM access.revoked_token WHERE expires_at < $3)
INSERT INTO access.revoked_token (issuer, token_id, revoked_at, expires_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (issuer, token_id) DO NOTHING;

-- name: store_tokens_revocation
-- Refuse all tokens of an actor issued until now.
INSERT INTO access.revoked_until (actor_id, issued_before) VALUES ($1, $2)
ON CONFLICT (actor_id) DO UPDATE SET issued_before = greatest(access.revoked_until.issued_before, excluded.issued_before);

-- name: store_used_state
-- Use a state up: a row comes back the first time only. States too old to be taken go.
WITH gone AS (DELETE FROM access.used_state WHERE expires_at < $2)
INSERT INTO access.used_state (state_sha256, expires_at) VALUES ($1, $3)
ON CONFLICT (state_sha256) DO NOTHING RETURNING true;
