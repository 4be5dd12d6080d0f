-- Verification: how many identities each department asked about on a day, and how many of them nobody has
-- depends: 0007_casework

-- migrate: apply
CREATE TABLE access.verified (
    actor_id    bigint NOT NULL REFERENCES access.actor,
    day         date NOT NULL,
    asked       integer NOT NULL,
    missed      integer NOT NULL,               -- numbers that nobody within the grant's rows has
    PRIMARY KEY (actor_id, day)
);
GRANT SELECT, INSERT, UPDATE ON access.verified TO yunqiao_app;

-- migrate: rollback
DROP TABLE access.verified;
