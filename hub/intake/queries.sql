-- name: fetch_batch
-- The batch of one file, whatever became of it.
SELECT batch_id, state, mode, layout_sha256, rows_read, rows_rejected
FROM intake.batch
WHERE feed = $1 AND region_code = $2 AND file_sha256 = $3 AND as_of = $4;

-- name: store_batch
-- Note a file as received; one that was refused, or broken off by a crash, is received again under its own key.
INSERT INTO intake.batch AS b (
    feed, region_code, file_sha256, as_of, entity, department, layout_sha256, file_name, size_bytes, mode, state,
    headings, received_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'received', $11, $12)
ON CONFLICT (feed, region_code, file_sha256, as_of) DO UPDATE
SET entity = excluded.entity, department = excluded.department, layout_sha256 = excluded.layout_sha256,
    file_name = excluded.file_name, mode = excluded.mode, state = 'received', headings = excluded.headings,
    refusal = NULL, received_at = excluded.received_at, finished_at = NULL
WHERE b.state <> 'landed';

-- name: plan_by_hash
-- Staging has no statistics and a first landing finds none of the records either: the planner takes thousands of rows for
-- one and loops over them. A hash join is never far from the best here.
SELECT set_config('enable_nestloop', 'off', true), set_config('jit', 'off', true);

-- name: lock_feed
-- Only one file of a feed and region lands at a time; held until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('intake:' || $1::text || ':' || $2::text, 0));

-- name: fetch_newest_full
-- The day of the newest full file that landed.
SELECT max(as_of) FROM intake.batch
WHERE feed = $1 AND region_code = $2 AND state = 'landed' AND mode = 'full';

-- name: lock_batch
-- What the batch is by now, seen from inside the lock.
SELECT batch_id, state, mode, layout_sha256, rows_read, rows_rejected FROM intake.batch WHERE batch_id = $1 FOR UPDATE;

-- name: clear_batch
-- Rows of an earlier landing of the same file under an older layout are said anew.
DELETE FROM intake.rejection WHERE batch_id = $1;

-- name: drop_repeated
-- A row that says the same as one above, word for word, is one row.
DELETE FROM intake.staged_row s
USING (
    SELECT row_hash, min(line) AS line FROM intake.staged_row WHERE batch_id = $1 GROUP BY row_hash HAVING count(*) > 1
) first
WHERE s.batch_id = $1 AND s.row_hash = first.row_hash AND s.line > first.line;

-- name: store_stale
-- A delta may not undo what a later file says: such rows become rejections.
INSERT INTO intake.rejection (batch_id, line, field, heading, code, reason, raw)
SELECT s.batch_id, s.line, NULL, NULL, 'row_stale', $5, s.raw
FROM intake.staged_row s
WHERE s.batch_id = $1
    AND EXISTS (
        SELECT FROM intake.source_record r
        WHERE r.feed = $2 AND r.region_code = $3 AND r.gone_on IS NULL AND r.record_key = s.record_key
            AND r.seen_on > $4 AND r.row_hash <> s.row_hash
    )
    AND NOT EXISTS (
        SELECT FROM intake.source_record r
        WHERE r.feed = $2 AND r.region_code = $3 AND r.gone_on IS NULL AND r.row_hash = s.row_hash
    );

-- name: drop_stale
-- What store_stale rejected is not landed.
DELETE FROM intake.staged_row s
USING intake.rejection j
WHERE s.batch_id = $1 AND j.batch_id = $1 AND j.code = 'row_stale' AND j.line = s.line;

-- name: mark_seen
-- Known word for word: seen again.
UPDATE intake.source_record r
SET seen_on = greatest(r.seen_on, $4)
FROM intake.staged_row s
WHERE s.batch_id = $1 AND r.feed = $2 AND r.region_code = $3 AND r.gone_on IS NULL AND r.row_hash = s.row_hash;

-- name: mark_absent
-- A full file no longer holds it. A row that is in the file but could not be read is not absent: what was known of it stays.
UPDATE intake.source_record r
SET gone_on = $4
WHERE r.feed = $2 AND r.region_code = $3 AND r.gone_on IS NULL
    AND NOT EXISTS (SELECT FROM intake.staged_row s WHERE s.batch_id = $1 AND s.row_hash = r.row_hash)
    AND NOT EXISTS (
        SELECT FROM unnest($5::text[]) AS rejected (record_key)
        WHERE rejected.record_key = r.record_key
            AND NOT EXISTS (
                SELECT FROM intake.staged_row s WHERE s.batch_id = $1 AND s.record_key = rejected.record_key
            )
    );

-- name: mark_replaced
-- A delta says something else of the same thing.
UPDATE intake.source_record r
SET gone_on = $4
WHERE r.feed = $2 AND r.region_code = $3 AND r.gone_on IS NULL
    AND EXISTS (SELECT FROM intake.staged_row s WHERE s.batch_id = $1 AND s.record_key = r.record_key)
    AND NOT EXISTS (SELECT FROM intake.staged_row s WHERE s.batch_id = $1 AND s.row_hash = r.row_hash);

-- name: store_records
-- What was not known becomes a source record.
INSERT INTO intake.source_record (
    batch_id, line, feed, entity, department, region_code, record_key, row_hash, values, raw, as_of, seen_on
)
SELECT s.batch_id, s.line, $2, $4, $5, $3, s.record_key, s.row_hash, s.values, s.raw, $6, $6
FROM intake.staged_row s
WHERE s.batch_id = $1
    AND NOT EXISTS (
        SELECT FROM intake.source_record r
        WHERE r.feed = $2 AND r.region_code = $3 AND r.gone_on IS NULL AND r.row_hash = s.row_hash
    );

-- name: clear_staged
-- Staging is empty between landings.
DELETE FROM intake.staged_row WHERE batch_id = $1;

-- name: finish_batch
-- The file has landed.
UPDATE intake.batch
SET state = 'landed', mode = $2, layout_sha256 = $3, headings = $4, rows_read = $5, rows_new = $6, rows_unchanged = $7,
    rows_gone = $8, rows_rejected = $9, refusal = NULL, finished_at = $10
WHERE batch_id = $1;

-- name: refuse_batch
-- Nothing of the file was taken; what landed of it earlier stays landed.
UPDATE intake.batch SET state = 'refused', refusal = $2, finished_at = $3 WHERE batch_id = $1 AND state <> 'landed';

-- name: fetch_rejected_batch
-- The headings that rejected rows are given back under.
SELECT file_name, headings FROM intake.batch WHERE batch_id = $1;

-- name: fetch_rejections
-- What is wrong with a batch's rows, in the file's order.
SELECT line, field, heading, code, reason, raw FROM intake.rejection WHERE batch_id = $1 ORDER BY line, rejection_id;
