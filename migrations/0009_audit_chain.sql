-- Audit: entries partitioned by month, numbered without gaps and chained by hash in segments; written by one function
-- depends: 0008_row_security

-- migrate: apply
ALTER TABLE audit.entry RENAME TO entry_before;
ALTER TABLE audit.entry_before RENAME CONSTRAINT entry_pkey TO entry_before_pkey;
DROP INDEX audit.entry_happened, audit.entry_actor;

CREATE TABLE audit.entry (
    entry_id    bigint NOT NULL,                -- without gaps, in the order of the chain; given by audit.append
    happened_at timestamptz NOT NULL CHECK (isfinite(happened_at)),
    request_id  uuid NOT NULL,
    actor_id    bigint,
    actor_kind  text NOT NULL,
    purpose     text NOT NULL,
    action      text NOT NULL,                  -- query | mutation | match | explain | ingest | resolve | sign_in | token ...
    operation_name text,
    operation_sha256 bytea,
    person_ids  bigint[] NOT NULL DEFAULT '{}', -- whose data the answer held
    fields      text[] NOT NULL DEFAULT '{}',   -- entity.field read or written
    refused     text[] NOT NULL DEFAULT '{}',   -- entity.field asked for and not given, or not in full
    allowed     boolean NOT NULL,
    reason      text NOT NULL DEFAULT '',
    detail      jsonb NOT NULL DEFAULT '{}',
    duration_ms real,
    PRIMARY KEY (entry_id, happened_at)
) PARTITION BY RANGE (happened_at);
CREATE INDEX entry_actor ON audit.entry (actor_id, entry_id);
-- A person's ledger. New keys gather in a list that the server empties beside its work: no entry waits for the index.
CREATE INDEX entry_person ON audit.entry USING gin (person_ids) WITH (gin_pending_list_limit = 65536);
-- Runs of the matching service, which read everybody of a region; months that were dropped.
CREATE INDEX entry_run ON audit.entry ((detail ->> 'run_id')) WHERE action = 'match';
CREATE INDEX entry_prune ON audit.entry (entry_id) WHERE action = 'audit_prune';

-- Entries of a month that has no table of its own yet: late ones, early ones, those of a clock gone wrong.
CREATE TABLE audit.entry_other PARTITION OF audit.entry DEFAULT;

CREATE TABLE audit.segment (
    segment_id      bigint PRIMARY KEY,         -- without gaps
    first_entry_id  bigint NOT NULL,
    last_entry_id   bigint NOT NULL,
    sealed_at       timestamptz NOT NULL,       -- never before the segment before
    previous_sha256 bytea NOT NULL,             -- of the segment before; 32 zero bytes in the first
    entry_sha256s   bytea NOT NULL,             -- of its entries, 32 bytes each, in their order
    sha256          bytea NOT NULL,             -- audit.segment_sha256 of all of it
    CHECK (length(entry_sha256s) = 32 * (last_entry_id - first_entry_id + 1))
);

-- Where the chain ends. Its one row is what writers wait for; there is none before the first entry.
CREATE TABLE audit.head (
    only_one   boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    segment_id bigint NOT NULL,
    entry_id   bigint NOT NULL,
    sealed_at  timestamptz NOT NULL,
    sha256     bytea NOT NULL
) WITH (fillfactor = 10);

-- All of an entry but its number, as a JSON array of texts: what hub.access.chain computes again outside the database.
CREATE FUNCTION audit.entry_sha256(e audit.entry) RETURNS bytea LANGUAGE sql STABLE AS $$
SELECT sha256(convert_to(json_build_array(
    (extract(epoch FROM e.happened_at) * 1000000)::bigint::text, e.request_id::text, e.actor_id::text, e.actor_kind,
    e.purpose, e.action, e.operation_name, encode(e.operation_sha256, 'hex'), array_to_json(e.person_ids)::text,
    array_to_json(e.fields)::text, array_to_json(e.refused)::text, e.allowed::text, e.reason, e.detail::text,
    encode(float4send(e.duration_ms), 'hex'))::text, 'UTF8'))
$$;

-- The number of each entry is its place: the first one's number stands before the hashes.
CREATE FUNCTION audit.segment_sha256(
    previous_sha256 bytea, segment_id bigint, first_entry_id bigint, sealed_at timestamptz, entry_sha256s bytea
) RETURNS bytea LANGUAGE sql STABLE AS $$
SELECT sha256(previous_sha256 || int8send(segment_id) || int8send(first_entry_id)
    || int8send((extract(epoch FROM sealed_at) * 1000000)::bigint) || entry_sha256s)
$$;

-- Tables for the months from one day's to another's, each made once. What lies aside for a month moves into its table.
CREATE FUNCTION audit.ensure_months(from_on date, to_on date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' SET timezone = 'UTC' AS $$
DECLARE
    month date;
    name  text;
    low   timestamptz;
    high  timestamptz;
    made  integer := 0;
BEGIN
    IF to_on > from_on + 3660 THEN
        RAISE EXCEPTION 'more than ten years at once' USING ERRCODE = 'program_limit_exceeded';
    END IF;
    FOR month IN SELECT generate_series(date_trunc('month', from_on::timestamp), to_on::timestamp, '1 month')::date LOOP
        name := 'entry_' || to_char(month, 'YYYY_MM');
        CONTINUE WHEN to_regclass('audit.' || name) IS NOT NULL;
        -- Nobody may be on the way into entry_other with a row that is no longer its own. Who writes holds the head first,
        -- then a table; so do we, and do not keep writers waiting for somebody who reads for long.
        LOCK TABLE audit.head IN EXCLUSIVE MODE;
        PERFORM set_config('lock_timeout', '200ms', true);
        LOCK TABLE ONLY audit.entry IN SHARE UPDATE EXCLUSIVE MODE;
        LOCK TABLE audit.entry_other IN ACCESS EXCLUSIVE MODE;
        CONTINUE WHEN to_regclass('audit.' || name) IS NOT NULL; -- somebody made it while we waited
        low := month::timestamp AT TIME ZONE 'Asia/Shanghai';
        high := (month::timestamp + interval '1 month') AT TIME ZONE 'Asia/Shanghai';
        EXECUTE format('CREATE TABLE audit.%I (LIKE audit.entry INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
        EXECUTE format('WITH moved AS (DELETE FROM audit.entry_other WHERE happened_at >= %L AND happened_at < %L
            RETURNING *) INSERT INTO audit.%I SELECT * FROM moved', low, high, name);
        EXECUTE format('ALTER TABLE audit.entry ATTACH PARTITION audit.%I FOR VALUES FROM (%L) TO (%L)', name, low, high);
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;

-- The only way in: a batch of entries becomes the next segment. Writers wait for each other from here to their commit, so
-- that whoever writes an entry together with work appends last.
CREATE FUNCTION audit.append(
    happened_at timestamptz[], request_id uuid[], actor_id bigint[], actor_kind text[], purpose text[], action text[],
    operation_name text[], operation_sha256 bytea[], person_ids text[], fields text[], refused text[], allowed boolean[],
    reason text[], detail text[], duration_ms real[]
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    count   integer := cardinality($1);
    head    audit.head;
    hashes  bytea;
    sealed  timestamptz;
    digest  bytea;
BEGIN
    IF count NOT BETWEEN 1 AND 10000 THEN
        RAISE EXCEPTION 'a segment has 1 to 10000 entries' USING ERRCODE = 'program_limit_exceeded';
    END IF;
    -- An answer leaves when its entry is durable, whatever the server is set to.
    IF current_setting('synchronous_commit') = 'off' THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    SELECT * INTO head FROM audit.head FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO audit.head (segment_id, entry_id, sealed_at, sha256)
        VALUES (0, 0, '-infinity', decode(repeat('00', 32), 'hex')) ON CONFLICT DO NOTHING;
        SELECT * INTO head FROM audit.head FOR UPDATE;
    END IF;
    WITH stored AS (
        INSERT INTO audit.entry AS e (entry_id, happened_at, request_id, actor_id, actor_kind, purpose, action,
            operation_name, operation_sha256, person_ids, fields, refused, allowed, reason, detail, duration_ms)
        SELECT head.entry_id + g.place, g.happened_at, g.request_id, g.actor_id, g.actor_kind, g.purpose, g.action,
            g.operation_name, g.operation_sha256, ARRAY(SELECT json_array_elements_text(g.person_ids::json)::bigint),
            ARRAY(SELECT json_array_elements_text(g.fields::json)),
            ARRAY(SELECT json_array_elements_text(g.refused::json)), g.allowed, g.reason, g.detail::jsonb, g.duration_ms
        FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) WITH ORDINALITY
            AS g (happened_at, request_id, actor_id, actor_kind, purpose, action, operation_name, operation_sha256,
                person_ids, fields, refused, allowed, reason, detail, duration_ms, place)
        RETURNING e.entry_id, audit.entry_sha256(e) AS sha256
    )
    SELECT string_agg(s.sha256, ''::bytea ORDER BY s.entry_id) INTO hashes FROM stored s;
    sealed := greatest(clock_timestamp(), head.sealed_at);
    digest := audit.segment_sha256(head.sha256, head.segment_id + 1, head.entry_id + 1, sealed, hashes);
    INSERT INTO audit.segment (segment_id, first_entry_id, last_entry_id, sealed_at, previous_sha256, entry_sha256s, sha256)
    VALUES (head.segment_id + 1, head.entry_id + 1, head.entry_id + count, sealed, head.sha256, hashes, digest);
    UPDATE audit.head AS h
    SET segment_id = head.segment_id + 1, entry_id = head.entry_id + count, sealed_at = sealed, sha256 = digest;
    RETURN head.segment_id + 1;
END
$$;

-- Brings into the index of persons what gathered beside it.
CREATE FUNCTION audit.tidy() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT gin_clean_pending_list(indexrelid) FROM pg_index
WHERE indexrelid IN (SELECT relid FROM pg_partition_tree('audit.entry_person') WHERE isleaf)
$$;

-- Entries about a person, newest first, older than one: nothing but what the ledger tells, and of nobody whom the session's
-- claims do not speak of. A change is told once, by the entry of its own transaction, not again by that of its answer; a run
-- of the matching service by the lists it made.
CREATE FUNCTION sight.ledger(who bigint, before bigint, own boolean, most integer)
RETURNS TABLE (
    entry_id bigint, happened_at timestamptz, actor_kind text, purpose text, action text, operation_name text,
    fields text[], refused text[], allowed boolean, actor_name text, actor_department text, actor_person_id bigint
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF session_user = 'yunqiao_hub' AND who IS DISTINCT FROM nullif(current_setting('yunqiao.person', true), '')::bigint
        AND NOT sight.mixed('person', who => who)
    THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH found AS MATERIALIZED (
        SELECT e.entry_id, e.happened_at FROM audit.entry e
        WHERE (e.person_ids @> ARRAY[who]
                OR (e.action = 'match' AND e.detail ->> 'run_id' = ANY (ARRAY(
                    SELECT r.run_id::text FROM matching.recommendation r WHERE r.person_id = who
                    UNION SELECT s.run_id::text FROM matching.shortfall s WHERE s.person_id = who))))
            AND e.entry_id < before
            AND NOT (e.action = 'mutation' AND e.operation_sha256 IS NOT NULL AND e.allowed)
    )
    SELECT e.entry_id, e.happened_at, e.actor_kind, e.purpose, e.action, e.operation_name, e.fields, e.refused,
        e.allowed, a.name, a.department, a.person_id
    FROM found JOIN audit.entry e USING (entry_id, happened_at) LEFT JOIN access.actor a USING (actor_id)
    WHERE own OR a.person_id IS DISTINCT FROM who
    ORDER BY e.entry_id DESC LIMIT most;
END
$$;

-- What there is becomes the chain's first segments, in its old order.
DO $$
DECLARE
    month date;
    head  audit.head;
    part  record;
BEGIN
    FOR month IN SELECT DISTINCT (date_trunc('month', happened_at AT TIME ZONE 'Asia/Shanghai'))::date FROM audit.entry_before
    LOOP
        PERFORM audit.ensure_months(month, month);
    END LOOP;
    PERFORM audit.ensure_months(current_date, current_date + 90);
    INSERT INTO audit.entry (entry_id, happened_at, request_id, actor_id, actor_kind, purpose, action, operation_name,
        operation_sha256, person_ids, fields, allowed, reason, detail, duration_ms)
    SELECT row_number() OVER (ORDER BY entry_id), happened_at, request_id, actor_id, actor_kind, purpose, action,
        operation_name, operation_sha256, person_ids, fields, allowed, reason, detail, duration_ms
    FROM audit.entry_before;
    head := (true, 0, 0, '-infinity', decode(repeat('00', 32), 'hex'));
    FOR part IN
        SELECT (e.entry_id - 1) / 10000 AS part, min(e.entry_id) AS first_id, max(e.entry_id) AS last_id,
            least(max(e.happened_at), now()) AS sealed_at,
            string_agg(audit.entry_sha256(e), ''::bytea ORDER BY e.entry_id) AS hashes
        FROM audit.entry e GROUP BY 1 ORDER BY 1
    LOOP
        part.sealed_at := greatest(part.sealed_at, head.sealed_at);
        INSERT INTO audit.segment VALUES (head.segment_id + 1, part.first_id, part.last_id, part.sealed_at, head.sha256,
            part.hashes,
            audit.segment_sha256(head.sha256, head.segment_id + 1, part.first_id, part.sealed_at, part.hashes))
        RETURNING true, segment_id, last_entry_id, sealed_at, sha256 INTO head;
    END LOOP;
    IF head.segment_id > 0 THEN
        INSERT INTO audit.head SELECT (head).*;
    END IF;
    IF (SELECT count(*) FROM audit.entry) <> (SELECT count(*) FROM audit.entry_before) THEN
        RAISE EXCEPTION 'entries were lost';
    END IF;
END
$$;

DROP TABLE audit.entry_before;

REVOKE ALL ON FUNCTION audit.append, audit.ensure_months, audit.tidy, audit.entry_sha256, audit.segment_sha256 FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.append, audit.ensure_months, audit.tidy TO yunqiao_app;
-- What a change did is written in its own transaction.
GRANT EXECUTE ON FUNCTION audit.append TO yunqiao_hub;
REVOKE ALL ON FUNCTION sight.ledger FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sight.ledger TO yunqiao_app, yunqiao_hub;
GRANT SELECT ON audit.entry, audit.segment, audit.head TO yunqiao_app;

-- migrate: rollback
DROP FUNCTION sight.ledger;
DROP FUNCTION audit.tidy, audit.append, audit.ensure_months, audit.entry_sha256, audit.segment_sha256;
ALTER TABLE audit.entry RENAME TO entry_chained;
ALTER TABLE audit.entry_chained RENAME CONSTRAINT entry_pkey TO entry_chained_pkey;
DROP INDEX audit.entry_actor;
CREATE TABLE audit.entry (
    entry_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    happened_at timestamptz NOT NULL,
    request_id  uuid NOT NULL,
    actor_id    bigint,
    actor_kind  text NOT NULL,
    purpose     text NOT NULL,
    action      text NOT NULL,
    operation_name text,
    operation_sha256 bytea,
    person_ids  bigint[] NOT NULL DEFAULT '{}',
    fields      text[] NOT NULL DEFAULT '{}',
    allowed     boolean NOT NULL,
    reason      text NOT NULL DEFAULT '',
    detail      jsonb NOT NULL DEFAULT '{}',
    duration_ms real
);
INSERT INTO audit.entry (happened_at, request_id, actor_id, actor_kind, purpose, action, operation_name,
    operation_sha256, person_ids, fields, allowed, reason, detail, duration_ms)
SELECT happened_at, request_id, actor_id, actor_kind, purpose, action, operation_name, operation_sha256, person_ids,
    fields, allowed, reason, detail, duration_ms
FROM audit.entry_chained ORDER BY entry_id;
DROP TABLE audit.entry_chained, audit.segment, audit.head;
CREATE INDEX entry_happened ON audit.entry (happened_at);
CREATE INDEX entry_actor ON audit.entry (actor_id, entry_id);
GRANT SELECT, INSERT ON audit.entry TO yunqiao_app;
