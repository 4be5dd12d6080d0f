-- Access: actors, local accounts, idempotency keys and the audit log
-- depends: 0003_registry

-- migrate: apply
CREATE SCHEMA access;

CREATE TABLE access.actor (
    actor_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text NOT NULL CHECK (kind IN ('department', 'station', 'partner', 'county', 'person', 'administrator')),
    name        text NOT NULL,
    department  text,                           -- kind department: its code
    region_code text COLLATE "C" REFERENCES registry.region,  -- scope; null only for partner and person
    partner_code text COLLATE "C",              -- kind partner
    person_id   bigint REFERENCES identity.person_key,        -- kind person
    purposes    text[] NOT NULL,                -- the purposes it may state
    created_at  timestamptz NOT NULL,
    revoked_at  timestamptz,
    CHECK (kind <> 'department' OR department IS NOT NULL),
    CHECK (kind <> 'partner' OR partner_code IS NOT NULL),
    CHECK (kind <> 'person' OR person_id IS NOT NULL),
    CHECK (kind IN ('partner', 'person') OR region_code IS NOT NULL)
);

CREATE TABLE access.account (
    username      text PRIMARY KEY,
    actor_id      bigint NOT NULL REFERENCES access.actor,
    password_hash text NOT NULL,                -- argon2id
    failed_count  integer NOT NULL DEFAULT 0,
    locked_until  timestamptz,
    created_at    timestamptz NOT NULL
);

CREATE TABLE access.idempotency_key (
    actor_id    bigint NOT NULL REFERENCES access.actor,
    key         text NOT NULL,
    request_sha256 bytea NOT NULL,              -- the same key with another request is a Conflict
    result      jsonb NOT NULL,                 -- {entity, id}: what the mutation returned is compiled again from it
    stored_at   timestamptz NOT NULL,
    PRIMARY KEY (actor_id, key)
);

CREATE SCHEMA audit;

CREATE TABLE audit.entry (
    entry_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    happened_at timestamptz NOT NULL,
    request_id  uuid NOT NULL,
    actor_id    bigint,
    actor_kind  text NOT NULL,
    purpose     text NOT NULL,
    action      text NOT NULL,                  -- query | mutation | match | explain | ingest | resolve | sign_in | token ...
    operation_name text,
    operation_sha256 bytea,
    person_ids  bigint[] NOT NULL DEFAULT '{}', -- whose data the answer held
    fields      text[] NOT NULL DEFAULT '{}',   -- entity.field read or written
    allowed     boolean NOT NULL,
    reason      text NOT NULL DEFAULT '',
    detail      jsonb NOT NULL DEFAULT '{}',
    duration_ms real
);
CREATE INDEX entry_happened ON audit.entry (happened_at);
CREATE INDEX entry_actor ON audit.entry (actor_id, entry_id);

GRANT USAGE ON SCHEMA access, audit TO yunqiao_app;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA access, audit TO yunqiao_app;
GRANT UPDATE (revoked_at, purposes) ON access.actor TO yunqiao_app;
GRANT UPDATE (failed_count, locked_until, password_hash) ON access.account TO yunqiao_app;

-- migrate: rollback
DROP SCHEMA audit CASCADE;
DROP SCHEMA access CASCADE;
