-- Identity: normal forms, blocks, evidence, person keys, reversible membership, review
-- depends: 0001_intake

-- migrate: apply
CREATE SCHEMA identity;

-- One row a source record of entity "person": what linkage compares. Raw values stay in intake.source_record.
CREATE TABLE identity.normal (
    source_record_id bigint PRIMARY KEY REFERENCES intake.source_record,
    name            text,           -- NFKC, simplified, middle dots dropped
    pinyin          text,           -- toneless, surname reading first
    sex             text,           -- GB/T 2261.1
    born_on         date,
    citizen_number  text COLLATE "C",  -- 18 characters, check digit right; null otherwise
    number_state    text NOT NULL CHECK (number_state IN ('valid', 'widened', 'mistyped', 'rounded', 'missing')),
    number_raw      text COLLATE "C",  -- cleaned but possibly wrong number, for comparison
    phone           text COLLATE "C",
    nationality     text,
    registered_region_code text COLLATE "C",
    living_region_code     text COLLATE "C",
    household_ref   text COLLATE "C",  -- feed-scoped household key, null when the feed has none
    relation        text               -- GB/T 4761 to the head of that household
);
CREATE INDEX normal_citizen_number ON identity.normal (citizen_number);
CREATE INDEX normal_household_ref ON identity.normal (household_ref);

CREATE TABLE identity.block (
    kind             smallint NOT NULL,
    key              text COLLATE "C" NOT NULL,
    source_record_id bigint NOT NULL REFERENCES identity.normal
);
CREATE INDEX block_key ON identity.block (kind, key);
CREATE INDEX block_record ON identity.block (source_record_id);

CREATE TABLE identity.run (
    run_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    model_version text NOT NULL,
    started_at    timestamptz NOT NULL,
    finished_at   timestamptz,
    counts        jsonb NOT NULL DEFAULT '{}'
);

-- Evidence. record_a < record_b.
CREATE TABLE identity.edge (
    record_a      bigint NOT NULL REFERENCES identity.normal,
    record_b      bigint NOT NULL REFERENCES identity.normal,
    model_version text NOT NULL,
    score         real NOT NULL,        -- log2 odds, prior included
    levels        smallint[] NOT NULL,  -- agreement level per comparison, in the order of the model file
    PRIMARY KEY (record_a, record_b),
    CHECK (record_a < record_b)
);
CREATE INDEX edge_b ON identity.edge (record_b);

CREATE TABLE identity.clerk_link (
    clerk_link_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind          text NOT NULL CHECK (kind IN ('must', 'cannot')),
    record_a      bigint NOT NULL REFERENCES intake.source_record,
    record_b      bigint NOT NULL REFERENCES intake.source_record,
    reason        text NOT NULL,
    actor_id      bigint,
    decided_at    timestamptz NOT NULL,
    withdrawn_at  timestamptz,
    CHECK (record_a < record_b)
);

CREATE TABLE identity.person_key (
    person_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    redirects_to  bigint REFERENCES identity.person_key,  -- set when merged away; the older key lives
    created_at    timestamptz NOT NULL
);

CREATE TABLE identity.event (
    event_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text NOT NULL CHECK (kind IN ('create', 'merge', 'split', 'undo')),
    moves       jsonb NOT NULL,         -- [[source_record_id, from_person_id | null, to_person_id], ...]
    cause       text NOT NULL,          -- run | clerk | station
    actor_id    bigint,
    undoes      bigint REFERENCES identity.event,
    happened_at timestamptz NOT NULL
);

CREATE TABLE identity.membership (
    source_record_id bigint NOT NULL REFERENCES intake.source_record,
    person_id        bigint NOT NULL REFERENCES identity.person_key,
    event_id         bigint REFERENCES identity.event,   -- null for the first, undisputed assignment of a run
    valid_from       timestamptz NOT NULL,
    valid_to         timestamptz
);
CREATE UNIQUE INDEX membership_current ON identity.membership (source_record_id) WHERE valid_to IS NULL;
CREATE INDEX membership_person ON identity.membership (person_id);

CREATE TABLE identity.review (
    review_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text NOT NULL CHECK (kind IN ('two_numbers', 'shared_number', 'grey')),
    records     bigint[] NOT NULL,
    stake       integer NOT NULL,       -- higher first: benefits, two numbers, a child
    score       real,
    state       text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'same', 'different')),
    decided_by  bigint,
    decided_at  timestamptz,
    opened_at   timestamptz NOT NULL
);
CREATE INDEX review_open ON identity.review (stake DESC, review_id) WHERE state = 'open';

GRANT USAGE ON SCHEMA identity TO yunqiao_app;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA identity TO yunqiao_app;
GRANT UPDATE ON identity.run, identity.clerk_link, identity.person_key, identity.membership, identity.review, identity.normal,
    identity.edge TO yunqiao_app;
GRANT DELETE ON identity.edge, identity.block, identity.review TO yunqiao_app;

-- migrate: rollback
DROP SCHEMA identity CASCADE;
