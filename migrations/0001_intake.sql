-- Intake: batches, staging, the append-only source records and the rejections
-- depends:

-- migrate: apply
CREATE SCHEMA intake;

CREATE TABLE intake.batch (
    batch_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    feed            text NOT NULL,              -- name of the layout, e.g. human_resources
    entity          text NOT NULL,              -- person | opening | programme | post | referral
    department      text NOT NULL,
    region_code     text COLLATE "C" NOT NULL,  -- the sender's region: a full feed is full for this region only
    layout_sha256   bytea NOT NULL,
    file_sha256     bytea NOT NULL,
    file_name       text NOT NULL,
    size_bytes      bigint NOT NULL,
    mode            text NOT NULL CHECK (mode IN ('full', 'delta')),
    as_of           date NOT NULL,              -- the day the file speaks of
    state           text NOT NULL CHECK (state IN ('received', 'landed', 'refused')),
    headings        text[] NOT NULL DEFAULT '{}',
    rows_read       integer NOT NULL DEFAULT 0,
    rows_new        integer NOT NULL DEFAULT 0,
    rows_unchanged  integer NOT NULL DEFAULT 0,
    rows_gone       integer NOT NULL DEFAULT 0,
    rows_rejected   integer NOT NULL DEFAULT 0,
    refusal         jsonb,                      -- {code, detail, hint, where}
    received_at     timestamptz NOT NULL,
    finished_at     timestamptz,
    UNIQUE (feed, region_code, file_sha256, as_of)
);

-- Filled by COPY inside the landing transaction and emptied by it: a crash leaves nothing, so it needs no log.
CREATE UNLOGGED TABLE intake.staged_row (
    batch_id    bigint NOT NULL,
    line        integer NOT NULL,
    record_key  text NOT NULL,
    row_hash    bytea NOT NULL,
    values      jsonb NOT NULL,
    raw         text[] NOT NULL
);

CREATE TABLE intake.source_record (
    source_record_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_id    bigint NOT NULL REFERENCES intake.batch,
    line        integer NOT NULL,               -- 1-based line (or worksheet row) in the file as it came
    feed        text NOT NULL,
    entity      text NOT NULL,
    department  text NOT NULL,
    region_code text COLLATE "C" NOT NULL,
    record_key  text NOT NULL,                  -- the sender's own key of the thing spoken of
    row_hash    bytea NOT NULL,                 -- sha256 of the canonical values
    values      jsonb NOT NULL,                 -- canonical field -> canonical value; absent means the cell was empty
    raw         text[] NOT NULL,                -- the cells as they came, in the order of batch.headings
    as_of       date NOT NULL,                  -- first seen in a file of this day
    seen_on     date NOT NULL,                  -- last seen in a file of this day
    gone_on     date                            -- first day on which a full feed no longer held it, or a newer row replaced it
);
CREATE UNIQUE INDEX source_record_current ON intake.source_record (feed, region_code, row_hash) WHERE gone_on IS NULL;
CREATE INDEX source_record_key ON intake.source_record (feed, region_code, record_key) WHERE gone_on IS NULL;
CREATE INDEX source_record_batch ON intake.source_record (batch_id);

CREATE TABLE intake.rejection (
    rejection_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_id    bigint NOT NULL REFERENCES intake.batch,
    line        integer NOT NULL,
    field       text,                           -- canonical field; null when the row as a whole could not be read
    heading     text,                           -- the heading as it stands in the file
    code        text NOT NULL,                  -- stable reason code, e.g. date_unreadable
    reason      text NOT NULL,                  -- one sentence, Chinese, without the value
    raw         text[] NOT NULL
);
CREATE INDEX rejection_batch ON intake.rejection (batch_id, line);

GRANT USAGE ON SCHEMA intake TO yunqiao_app;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA intake TO yunqiao_app;
GRANT UPDATE ON intake.batch TO yunqiao_app;
GRANT UPDATE (seen_on, gone_on) ON intake.source_record TO yunqiao_app;
GRANT DELETE ON intake.staged_row, intake.rejection TO yunqiao_app;

-- migrate: rollback
DROP SCHEMA intake CASCADE;
