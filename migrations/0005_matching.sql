-- Matching: rule sets, models, runs side by side, recommendations, allocations, shortfalls
-- depends: 0004_market

-- migrate: apply
CREATE SCHEMA matching;

CREATE TABLE matching.rule_set (
    rule_set_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version     text NOT NULL,
    sha256      bytea NOT NULL UNIQUE,
    body        jsonb NOT NULL,
    stored_at   timestamptz NOT NULL
);

CREATE TABLE matching.model (
    model_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version     text NOT NULL UNIQUE,
    data_sha256 bytea NOT NULL,
    artifact    bytea NOT NULL,
    card        jsonb NOT NULL,         -- features, metrics, rows, dates
    trained_at  timestamptz NOT NULL
);

CREATE TABLE matching.run (
    run_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    region_code text COLLATE "C" NOT NULL REFERENCES registry.region,
    actor_id    bigint NOT NULL,
    purpose     text NOT NULL,
    rule_set_id bigint NOT NULL REFERENCES matching.rule_set,
    model_id    bigint NOT NULL REFERENCES matching.model,
    state       text NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    report      jsonb NOT NULL DEFAULT '{}',
    started_at  timestamptz NOT NULL,
    finished_at timestamptz
);
CREATE INDEX run_region ON matching.run (region_code, run_id DESC);

-- One row a person and kind of target; the arrays run side by side, best first.
CREATE TABLE matching.recommendation (
    run_id      bigint NOT NULL REFERENCES matching.run ON DELETE CASCADE,
    person_id   bigint NOT NULL REFERENCES identity.person_key,
    kind        text NOT NULL CHECK (kind IN ('opening', 'programme', 'post')),
    target_ids  bigint[] NOT NULL,
    scores      real[] NOT NULL,        -- expected surplus, the order of the list
    probabilities real[] NOT NULL,      -- calibrated chance that an offer ends in a placement (programme: gain)
    reasons     jsonb NOT NULL,         -- [[{code, sign, value, ...}, ...], ...], one list a target
    allocated   integer,                -- 0-based index of the allotted target, null when none
    PRIMARY KEY (run_id, kind, person_id)
);
CREATE INDEX recommendation_person ON matching.recommendation (person_id, run_id);

CREATE TABLE matching.allocation (
    run_id      bigint NOT NULL REFERENCES matching.run ON DELETE CASCADE,
    person_id   bigint NOT NULL REFERENCES identity.person_key,
    household_id bigint,
    kind        text NOT NULL CHECK (kind IN ('opening', 'programme', 'post')),
    target_id   bigint NOT NULL,
    first_job   boolean NOT NULL,       -- it is the job that ends a household's zero employment
    PRIMARY KEY (run_id, person_id, kind)
);
CREATE INDEX allocation_target ON matching.allocation (run_id, kind, target_id);

-- Whoever got nothing, and why.
CREATE TABLE matching.shortfall (
    run_id      bigint NOT NULL REFERENCES matching.run ON DELETE CASCADE,
    person_id   bigint NOT NULL REFERENCES identity.person_key,
    household_id bigint,
    stage       text NOT NULL CHECK (stage IN ('eligibility', 'allocation')),
    code        text NOT NULL,          -- the binding rule, or no_vacancy
    detail      jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (run_id, person_id)
);

GRANT USAGE ON SCHEMA matching TO yunqiao_app;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA matching TO yunqiao_app;
GRANT UPDATE ON matching.run TO yunqiao_app;

-- migrate: rollback
DROP SCHEMA matching CASCADE;
