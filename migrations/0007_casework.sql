-- Casework: referrals, contacts, transitions and outcomes, which the next training reads
-- depends: 0005_matching 0006_access

-- migrate: apply
CREATE SCHEMA casework;

CREATE TABLE casework.referral (
    referral_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id   bigint NOT NULL REFERENCES identity.person_key,
    kind        text NOT NULL CHECK (kind IN ('opening', 'programme', 'post')),
    opening_id  bigint REFERENCES market.opening,
    programme_id bigint REFERENCES market.programme,
    post_id     bigint REFERENCES market.post,
    state       text NOT NULL CHECK (state IN ('shown', 'referred', 'contacted', 'accepted', 'declined', 'placed', 'ended')),
    run_id      bigint REFERENCES matching.run,       -- the run whose recommendation it follows
    rank        integer,                              -- 1-based place in that list
    referred_by bigint REFERENCES access.actor,       -- null when it came by feed
    source_record_id bigint REFERENCES intake.source_record,  -- set when it came by feed
    shown_on    date NOT NULL,
    version     integer NOT NULL DEFAULT 1,
    updated_at  timestamptz NOT NULL,
    CHECK (num_nonnulls(opening_id, programme_id, post_id) = 1),
    CHECK ((kind = 'opening') = (opening_id IS NOT NULL)),
    CHECK ((kind = 'programme') = (programme_id IS NOT NULL)),
    CHECK (num_nonnulls(referred_by, source_record_id) >= 1)
);
CREATE UNIQUE INDEX referral_source ON casework.referral (source_record_id) WHERE source_record_id IS NOT NULL;
CREATE UNIQUE INDEX referral_live ON casework.referral (person_id, kind, coalesce(opening_id, programme_id, post_id))
    WHERE state IN ('referred', 'contacted', 'accepted');
CREATE INDEX referral_person ON casework.referral (person_id, referral_id);
CREATE INDEX referral_opening ON casework.referral (opening_id, referral_id);

-- Append-only.
CREATE TABLE casework.transition (
    transition_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    referral_id bigint NOT NULL REFERENCES casework.referral,
    from_state  text,
    to_state    text NOT NULL,
    actor_id    bigint,
    reason      text,
    happened_at timestamptz NOT NULL
);
CREATE INDEX transition_referral ON casework.transition (referral_id, transition_id);

CREATE TABLE casework.contact (
    contact_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    referral_id bigint NOT NULL REFERENCES casework.referral,
    channel     text NOT NULL,                  -- phone | visit | message | office
    result      text NOT NULL,                  -- reached | no_answer | wrong_number
    note        text NOT NULL DEFAULT '',
    contacted_at timestamptz NOT NULL,
    actor_id    bigint NOT NULL REFERENCES access.actor
);
CREATE INDEX contact_referral ON casework.contact (referral_id, contact_id);

CREATE TABLE casework.outcome (
    outcome_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    referral_id bigint NOT NULL REFERENCES casework.referral,
    result      text NOT NULL,                  -- placed | declined | not_hired | left | completed
    reason      text,                           -- wage | distance | conditions | family | health | skill | other
    wage_yuan_per_month integer,
    started_on  date,
    ended_on    date,
    months_kept integer,
    recorded_at timestamptz NOT NULL,
    actor_id    bigint,
    source_record_id bigint REFERENCES intake.source_record
);
CREATE INDEX outcome_referral ON casework.outcome (referral_id, outcome_id);

GRANT USAGE ON SCHEMA casework TO yunqiao_app;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA casework TO yunqiao_app;
GRANT UPDATE (state, version, updated_at, person_id) ON casework.referral TO yunqiao_app;

-- migrate: rollback
DROP SCHEMA casework CASCADE;
