-- Trusted documents.

-- name: fetch_document
-- The text known by a hash, unless it was withdrawn.
SELECT text FROM access.document WHERE sha256 = $1 AND withdrawn_at IS NULL;

-- name: store_documents
-- Register: hashes $1, names $2, texts $3, now $4. What was withdrawn is there again.
INSERT INTO access.document (sha256, name, text, registered_at)
SELECT d.sha256, d.name, d.text, $4 FROM unnest($1::bytea[], $2::text[], $3::text[]) AS d (sha256, name, text)
ON CONFLICT (sha256) DO UPDATE SET name = EXCLUDED.name, registered_at = $4, withdrawn_at = NULL
    WHERE access.document.withdrawn_at IS NOT NULL OR access.document.name <> EXCLUDED.name
RETURNING sha256;

-- name: fetch_documents
-- All of them, newest first.
SELECT encode(sha256, 'hex') AS sha256, name, length(text) AS characters, registered_at, withdrawn_at
FROM access.document ORDER BY registered_at DESC, name, sha256;

-- name: store_withdrawal
-- Withdraw the one whose hash starts with $1 at $2.
UPDATE access.document SET withdrawn_at = $2 WHERE encode(sha256, 'hex') LIKE $1 || '%' AND withdrawn_at IS NULL
RETURNING encode(sha256, 'hex');
