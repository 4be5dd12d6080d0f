-- Sign-on: whom a provider's subjects speak for, tokens that were revoked, answers of a provider that were used up
-- depends: 0009_audit_chain

-- migrate: apply
CREATE TABLE access.identity_link (
    link_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    issuer      text NOT NULL,
    subject     text NOT NULL,                  -- as the provider says it; unique within the issuer alone
    actor_id    bigint NOT NULL REFERENCES access.actor,
    linked_at   timestamptz NOT NULL,
    unlinked_at timestamptz                     -- kept afterwards: who spoke for whom, and when
);
CREATE UNIQUE INDEX identity_link_live ON access.identity_link (issuer, subject) WHERE unlinked_at IS NULL;

CREATE TABLE access.revoked_token (
    issuer     text NOT NULL,
    token_id   text NOT NULL,                   -- jti
    revoked_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,            -- the token is refused without this row from then on
    PRIMARY KEY (issuer, token_id)
);

CREATE TABLE access.revoked_until (
    actor_id      bigint PRIMARY KEY REFERENCES access.actor,
    issued_before timestamptz NOT NULL          -- tokens issued until then are refused
);

CREATE TABLE access.used_state (
    state_sha256 bytea PRIMARY KEY,             -- of one sign-in with a provider: good for one answer
    expires_at   timestamptz NOT NULL
);

GRANT SELECT, INSERT ON access.identity_link, access.revoked_token, access.revoked_until, access.used_state
    TO yunqiao_app;
GRANT UPDATE (unlinked_at) ON access.identity_link TO yunqiao_app;
GRANT UPDATE (issued_before) ON access.revoked_until TO yunqiao_app;
GRANT DELETE ON access.revoked_token, access.used_state TO yunqiao_app;

-- migrate: rollback
DROP TABLE access.used_state, access.revoked_until, access.revoked_token, access.identity_link;
