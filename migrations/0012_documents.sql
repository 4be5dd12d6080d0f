-- Trusted documents: what may be asked of an installation in production, by the hash of its text
-- depends: 0011_sign_on

-- migrate: apply

-- A document is never changed: another text is another hash. Withdrawn, it stays, so that the audit's hashes can be read.
CREATE TABLE access.document (
    sha256 bytea PRIMARY KEY CHECK (sha256 = sha256(convert_to(text, 'UTF8'))),
    name text NOT NULL CHECK (name <> ''),
    text text NOT NULL,
    registered_at timestamptz NOT NULL,
    withdrawn_at timestamptz
);
GRANT SELECT, INSERT, UPDATE (name, registered_at, withdrawn_at) ON access.document TO yunqiao_app;

-- migrate: rollback

DROP TABLE access.document;
