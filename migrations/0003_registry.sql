-- Registry: regions, people, households and what is known of them, each value with its source
-- depends: 0002_identity

-- migrate: apply
CREATE SCHEMA registry;

CREATE TABLE registry.region (
    region_code text COLLATE "C" PRIMARY KEY,   -- 12 digits
    name        text NOT NULL,
    full_name   text NOT NULL,                  -- 云南省昭通市镇雄县...
    level       text NOT NULL CHECK (level IN ('province', 'prefecture', 'county', 'township', 'village')),
    parent_code text COLLATE "C" REFERENCES registry.region,
    longitude   real,                           -- degrees; of the prefecture where nothing finer is known
    latitude    real
);
CREATE INDEX region_parent ON registry.region (parent_code);

CREATE TABLE registry.household (
    household_id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    household_code          text,               -- rural revitalization's 户编号, where known
    head_person_id          bigint,
    registered_region_code  text COLLATE "C" REFERENCES registry.region,
    living_region_code      text COLLATE "C" REFERENCES registry.region,
    household_kind          text,
    relocated               boolean,
    net_income_yuan_per_year_per_capita numeric(12, 2),
    members_count           integer NOT NULL DEFAULT 0,
    willing_count           integer NOT NULL DEFAULT 0,
    in_work_count           integer NOT NULL DEFAULT 0,
    zero_employment         boolean NOT NULL DEFAULT false,
    low_income              boolean NOT NULL DEFAULT false,  -- monitored or in receipt of a civil-affairs category
    monitored_kind          text,               -- of the monitoring in force, null when none
    sources                 jsonb NOT NULL DEFAULT '{}',     -- field -> source_record_id
    version                 integer NOT NULL DEFAULT 1,
    updated_at              timestamptz NOT NULL,
    gone_on                 date
);
CREATE INDEX household_registered ON registry.household (registered_region_code, household_id);
CREATE INDEX household_living ON registry.household (living_region_code, household_id);
CREATE INDEX household_head ON registry.household (head_person_id);
CREATE INDEX household_code ON registry.household (household_code);

CREATE TABLE registry.person (
    person_id               bigint PRIMARY KEY REFERENCES identity.person_key,
    household_id            bigint REFERENCES registry.household,
    relation                text,               -- GB/T 4761, to the head
    name                    text,
    sex                     text,               -- GB/T 2261.1
    born_on                 date,
    citizen_number          text COLLATE "C",
    phone                   text COLLATE "C",
    nationality             text,               -- GB/T 3304
    education               text,               -- GB/T 4658
    registered_region_code  text COLLATE "C" REFERENCES registry.region,
    living_region_code      text COLLATE "C" REFERENCES registry.region,
    registered_address      text,
    living_address          text,
    person_category         text,               -- exited | monitored | other
    school_state            text,
    health                  text,
    labour_ability          text,               -- full | partial | none
    labour_skill            text,               -- ordinary | skilled | weak | lost | none
    disability_kind         text,               -- GB/T 26341
    disability_level        text,
    disability_certificate  text COLLATE "C",
    bank_account            text COLLATE "C",
    retires_on              date,               -- derived; schema/rules/retirement.toml
    employment_status       text,               -- employed | unemployed | unwilling
    employment_form         text,
    in_work                 boolean,            -- derived; schema/rules/work.toml
    willing                 boolean,            -- derived: of working age, able, wishing to work and not in work; null = to ask
    skill_level             text,               -- highest vocational skill level held, 5 (lowest) to 1
    sources                 jsonb NOT NULL DEFAULT '{}',   -- field -> source_record_id
    version                 integer NOT NULL DEFAULT 1,
    updated_at              timestamptz NOT NULL,
    gone_on                 date
);
CREATE INDEX person_registered ON registry.person (registered_region_code, person_id);
CREATE INDEX person_living ON registry.person (living_region_code, person_id);
CREATE INDEX person_willing ON registry.person (living_region_code, person_id) WHERE willing;
CREATE INDEX person_household ON registry.person (household_id);
CREATE INDEX person_citizen_number ON registry.person (citizen_number);
CREATE INDEX person_name ON registry.person (name, person_id);

CREATE TABLE registry.household_member (
    household_id    bigint NOT NULL REFERENCES registry.household,
    person_id       bigint NOT NULL REFERENCES identity.person_key,
    relation        text,
    source_record_id bigint REFERENCES intake.source_record,
    valid_from      date NOT NULL,
    valid_to        date
);
CREATE UNIQUE INDEX household_member_current ON registry.household_member (person_id) WHERE valid_to IS NULL;
CREATE INDEX household_member_household ON registry.household_member (household_id);
CREATE INDEX household_member_person ON registry.household_member (person_id);  -- past households too

CREATE TABLE registry.wish (
    person_id       bigint PRIMARY KEY REFERENCES identity.person_key,
    wishes_to_work  boolean,
    scope           text,                       -- county | province | outside
    occupation      text,                       -- as stated
    occupation_code text,                       -- classification of 2022, d-dd-dd-dd
    wage_yuan_per_month integer,
    cannot_leave_home boolean,
    cannot_leave_reason text,                   -- care | health | schooling | other
    accepts_night_shift boolean,
    sources         jsonb NOT NULL DEFAULT '{}',
    version         integer NOT NULL DEFAULT 1,
    updated_at      timestamptz NOT NULL
);

CREATE TABLE registry.employment (
    employment_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id       bigint NOT NULL REFERENCES identity.person_key,
    form            text,                       -- unit | flexible | own_business | welfare_post | farming
    employer_name   text,
    occupation      text,
    occupation_code text,
    work_place      text,
    work_region_code text COLLATE "C",
    export_mode     text,
    wage_yuan_per_month integer,
    months_this_year integer,
    started_on      date,
    ended_on        date,
    source_record_id bigint NOT NULL REFERENCES intake.source_record
);
CREATE INDEX employment_person ON registry.employment (person_id, employment_id);
CREATE UNIQUE INDEX employment_source ON registry.employment (source_record_id);

CREATE TABLE registry.training (
    training_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id       bigint NOT NULL REFERENCES identity.person_key,
    occupation      text NOT NULL,
    occupation_code text,
    ended_on        date,
    source_record_id bigint NOT NULL REFERENCES intake.source_record
);
CREATE INDEX training_person ON registry.training (person_id, training_id);
CREATE UNIQUE INDEX training_source ON registry.training (source_record_id);

CREATE TABLE registry.certificate (
    certificate_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id       bigint NOT NULL REFERENCES identity.person_key,
    kind            text NOT NULL,              -- completion | special_ability | skill_level
    occupation      text,
    occupation_code text,
    skill_level     text,
    issued_on       date,
    source_record_id bigint NOT NULL REFERENCES intake.source_record
);
CREATE INDEX certificate_person ON registry.certificate (person_id, certificate_id);
CREATE UNIQUE INDEX certificate_source ON registry.certificate (source_record_id);

CREATE TABLE registry.benefit (
    benefit_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    household_id    bigint REFERENCES registry.household,
    person_id       bigint NOT NULL REFERENCES identity.person_key,
    certificate_number text COLLATE "C" NOT NULL, -- 救助证号
    kind            text NOT NULL,
    class           text,                       -- A | B | C
    insured_persons integer,
    yuan_per_month  numeric(12, 2),
    hardship_cause  text,
    support_mode    text,
    started_on      date,
    state           text NOT NULL,              -- active | grace | stopped
    stop_reason     text,
    source_record_id bigint NOT NULL REFERENCES intake.source_record,
    UNIQUE (person_id, certificate_number)
);
CREATE INDEX benefit_household ON registry.benefit (household_id, benefit_id);

CREATE TABLE registry.benefit_month (
    benefit_id      bigint NOT NULL REFERENCES registry.benefit ON DELETE CASCADE,
    month           date NOT NULL,              -- first day
    yuan_per_month  numeric(12, 2),
    state           text NOT NULL,
    source_record_id bigint NOT NULL REFERENCES intake.source_record,
    PRIMARY KEY (benefit_id, month)
);

CREATE TABLE registry.monitoring (
    monitoring_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    household_id    bigint NOT NULL REFERENCES registry.household,
    kind            text NOT NULL,              -- unstable | edge | sudden
    risk_kind       text,
    identified_on   date,
    risk_eliminated boolean,
    source_record_id bigint NOT NULL REFERENCES intake.source_record,
    UNIQUE NULLS NOT DISTINCT (household_id, kind, identified_on)
);

-- The values that lost. The winner stands in the entity itself, its source in the entity's "sources".
CREATE TABLE registry.conflict (
    conflict_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entity          text NOT NULL CHECK (entity IN ('person', 'household', 'wish')),
    entity_id       bigint NOT NULL,
    field           text NOT NULL,
    value           text NOT NULL,
    kept_value      text,
    source_record_id bigint NOT NULL REFERENCES intake.source_record,
    kept_source_record_id bigint NOT NULL REFERENCES intake.source_record,
    reason          text NOT NULL               -- authority | newer
);
CREATE INDEX conflict_entity ON registry.conflict (entity, entity_id);
CREATE UNIQUE INDEX conflict_value ON registry.conflict (entity, entity_id, field, source_record_id);

GRANT USAGE ON SCHEMA registry TO yunqiao_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA registry TO yunqiao_app;
REVOKE INSERT, UPDATE, DELETE ON registry.region FROM yunqiao_app;

-- migrate: rollback
DROP SCHEMA registry CASCADE;
