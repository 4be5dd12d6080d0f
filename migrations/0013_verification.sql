-- Verification: how many identities each department asked about on a day, and how many of them nobody has
-- depends: 0011_sign_on

-- migrate: apply
CREATE TABLE access.verified (
    actor_id    bigint NOT NULL REFERENCES access.actor,
    day         date NOT NULL,
    asked       integer NOT NULL,
    missed      integer NOT NULL,               -- numbers that nobody within the grant's rows has
    PRIMARY KEY (actor_id, day)
);
GRANT SELECT, INSERT, UPDATE ON access.verified TO yunqiao_app, yunqiao_hub;

-- The second barrier: an actor counts against its own day alone; other actors are read to explain their access only.
ALTER TABLE access.verified ENABLE ROW LEVEL SECURITY;
CREATE POLICY stages ON access.verified TO yunqiao_app USING (true) WITH CHECK (true);
CREATE POLICY counted ON access.verified TO yunqiao_hub
USING (actor_id = (SELECT nullif(current_setting('yunqiao.actor', true), '')::bigint))
WITH CHECK (actor_id = (SELECT nullif(current_setting('yunqiao.actor', true), '')::bigint));

ALTER TABLE access.actor ENABLE ROW LEVEL SECURITY;
CREATE POLICY stages ON access.actor TO yunqiao_app USING (true) WITH CHECK (true);
CREATE POLICY explained ON access.actor FOR SELECT TO yunqiao_hub
USING ((SELECT current_setting('yunqiao.mutation', true)) = 'explainAccess');
GRANT SELECT ON access.actor TO yunqiao_hub;

-- migrate: rollback
REVOKE SELECT ON access.actor FROM yunqiao_hub;
DROP POLICY explained ON access.actor;
DROP POLICY stages ON access.actor;
ALTER TABLE access.actor DISABLE ROW LEVEL SECURITY;
DROP TABLE access.verified;
