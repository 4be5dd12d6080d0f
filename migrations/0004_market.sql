-- Market: openings, training programmes and public-welfare posts
-- depends: 0003_registry

-- migrate: apply
CREATE SCHEMA market;

CREATE TABLE market.opening (
    opening_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reference       text NOT NULL UNIQUE,       -- the poster's own number
    partner_code    text COLLATE "C",           -- the labour-cooperation partner who posted it
    employer_name   text NOT NULL,
    employer_code   text COLLATE "C",           -- 统一社会信用代码
    title           text NOT NULL,
    occupation_code text NOT NULL,
    duties          text NOT NULL DEFAULT '',
    region_code     text COLLATE "C" NOT NULL REFERENCES registry.region,
    channel         text NOT NULL CHECK (channel IN ('local', 'province', 'shanghai', 'guangdong')),
    wage_low_yuan_per_month  integer NOT NULL,
    wage_high_yuan_per_month integer NOT NULL,
    wage_kind       text NOT NULL CHECK (wage_kind IN ('monthly', 'piece')),
    vacancies       integer NOT NULL CHECK (vacancies >= 0),
    filled          integer NOT NULL DEFAULT 0,
    education_min   text,                       -- GB/T 4658
    age_min         integer,
    age_max         integer,
    skill_level_min text,                       -- 5 to 1
    skill_occupation_code text,                 -- the occupation the skill level is in; null = any
    heavy_labour    boolean NOT NULL DEFAULT false,
    night_shift     boolean NOT NULL DEFAULT false,
    lodging         boolean NOT NULL DEFAULT false,
    social_insurance boolean NOT NULL DEFAULT false,
    term_months     integer,
    posted_on       date NOT NULL,
    closes_on       date,
    state           text NOT NULL CHECK (state IN ('open', 'closed', 'filled')),
    posted_by       bigint,                     -- actor
    source_record_id bigint REFERENCES intake.source_record,
    version         integer NOT NULL DEFAULT 1,
    updated_at      timestamptz NOT NULL,
    CHECK (wage_low_yuan_per_month <= wage_high_yuan_per_month)
);
CREATE INDEX opening_region ON market.opening (region_code, opening_id);
CREATE INDEX opening_open ON market.opening (opening_id) WHERE state = 'open';
CREATE INDEX opening_partner ON market.opening (partner_code, opening_id);

CREATE TABLE market.programme (
    programme_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reference       text NOT NULL UNIQUE,
    name            text NOT NULL,
    organiser       text NOT NULL,
    occupation_code text NOT NULL,
    mode            text NOT NULL,              -- with_post | incubation | master | course
    certificate_kind text NOT NULL,             -- completion | special_ability | skill_level
    skill_level     text,                       -- level awarded
    education_min   text,
    age_min         integer,
    age_max         integer,
    days            integer NOT NULL,
    seats           integer NOT NULL,
    taken           integer NOT NULL DEFAULT 0,
    starts_on       date NOT NULL,
    region_code     text COLLATE "C" NOT NULL REFERENCES registry.region,
    allowance_yuan_per_day integer,
    state           text NOT NULL CHECK (state IN ('open', 'closed')),
    source_record_id bigint REFERENCES intake.source_record,
    version         integer NOT NULL DEFAULT 1,
    updated_at      timestamptz NOT NULL
);
CREATE INDEX programme_region ON market.programme (region_code, programme_id);

CREATE TABLE market.post (
    post_id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reference       text NOT NULL UNIQUE,
    name            text NOT NULL,
    kind            text NOT NULL,              -- cleaning | forest_guard | road | water | care | canteen | security | other
    department      text NOT NULL,              -- who pays: human_resources | forestry | transport ...
    region_code     text COLLATE "C" NOT NULL REFERENCES registry.region,  -- township or village it serves
    vacancies       integer NOT NULL,
    filled          integer NOT NULL DEFAULT 0,
    wage_yuan_per_month integer NOT NULL,
    term_months     integer NOT NULL,
    heavy_labour    boolean NOT NULL DEFAULT false,
    starts_on       date NOT NULL,
    state           text NOT NULL CHECK (state IN ('open', 'closed')),
    source_record_id bigint REFERENCES intake.source_record,
    version         integer NOT NULL DEFAULT 1,
    updated_at      timestamptz NOT NULL
);
CREATE INDEX post_region ON market.post (region_code, post_id);

GRANT USAGE ON SCHEMA market TO yunqiao_app;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA market TO yunqiao_app;

-- migrate: rollback
DROP SCHEMA market CASCADE;
