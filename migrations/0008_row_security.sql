-- Row-level security: what the database itself lets be seen and changed for an actor
-- depends: 0007_casework

-- migrate: apply

-- Who works here. yunqiao_app: the stages, which see everything. yunqiao_hub: whatever is done for an actor, within the
-- claims of its session; without claims it sees nothing. yunqiao_registrar: what follows from an actor's entry by the
-- register's own rules (publication); a session of the hub becomes it for that step alone. Roles and memberships belong to
-- the server: hub.db.migrate makes them.
--
-- Claims are settings of the session, yunqiao.*, written down in hub/access/claims.py. Each is read in a sub-select of its
-- own, so that it is read once a statement and not once a row. yunqiao.<entity>_rows says of which rows a purpose speaks: one
-- word where that is enough, or words before and after a "!" (allowed, taken away), which sight.mixed() spells out.
CREATE SCHEMA sight;

-- Views with their owner's eyes: how things stand to whoever asks, whatever else the session may see. They give keys, and
-- no more than the claims speak of.
CREATE VIEW sight.home AS
SELECT p.household_id, p.gone_on IS NULL AS here
FROM registry.person p WHERE p.person_id = (SELECT nullif(current_setting('yunqiao.person', true), '')::bigint);

CREATE VIEW sight.partners_opening AS
SELECT o.opening_id FROM market.opening o
WHERE o.partner_code = (SELECT nullif(current_setting('yunqiao.partner', true), ''));

CREATE VIEW sight.referred AS
SELECT f.person_id FROM casework.referral f JOIN market.opening o USING (opening_id)
WHERE f.state <> 'shown' AND o.partner_code = (SELECT nullif(current_setting('yunqiao.partner', true), ''));

-- Of whom a change may be: the rows of its permit.
CREATE VIEW sight.within AS
SELECT p.person_id FROM registry.person p
WHERE p.gone_on IS NULL AND CASE (SELECT current_setting('yunqiao.within', true))
    WHEN 'lives' THEN starts_with(p.living_region_code, (SELECT nullif(current_setting('yunqiao.region', true), '')))
    WHEN 'region' THEN starts_with(p.living_region_code, (SELECT nullif(current_setting('yunqiao.region', true), '')))
        OR starts_with(p.registered_region_code, (SELECT nullif(current_setting('yunqiao.region', true), '')))
    WHEN 'own' THEN p.person_id = (SELECT nullif(current_setting('yunqiao.person', true), '')::bigint)
    WHEN 'all' THEN true
    ELSE false
END;

-- Who belongs to a household: keys for the audit, which counts also those whom the answer does not show.
CREATE VIEW sight.member AS
SELECT p.household_id, p.person_id FROM registry.person p
WHERE p.gone_on IS NULL
    AND (SELECT current_user <> 'yunqiao_hub' OR coalesce(current_setting('yunqiao.for', true), '') <> '');

-- Several grants with several scopes, row by row. Slow, exact, and rare: one scope without a deny never comes here.
CREATE FUNCTION sight.of_person(scope text, minors boolean, who bigint, must_be_here boolean) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' COST 5 AS $$
DECLARE
    region constant text := nullif(current_setting('yunqiao.region', true), '');
    me constant bigint := nullif(current_setting('yunqiao.person', true), '')::bigint;
    found registry.person;
BEGIN
    SELECT * INTO found FROM registry.person p WHERE p.person_id = who;
    IF found.person_id IS NULL OR (must_be_here AND found.gone_on IS NOT NULL)
        OR (NOT minors AND found.born_on IS NOT NULL
            AND (found.born_on <= nullif(current_setting('yunqiao.born_before', true), '')::date) IS NOT TRUE)
    THEN
        RETURN false;
    END IF;
    RETURN coalesce(CASE scope
        WHEN 'all' THEN true
        WHEN 'lives' THEN starts_with(found.living_region_code, region)
        WHEN 'region' THEN coalesce(starts_with(found.living_region_code, region), false)
            OR coalesce(starts_with(found.registered_region_code, region), false)
        WHEN 'own' THEN found.person_id = me
        WHEN 'household' THEN found.person_id = me OR found.household_id = (SELECT h.household_id FROM sight.home h)
        WHEN 'referred' THEN EXISTS (SELECT FROM sight.referred r WHERE r.person_id = who)
    END, false);
END $$;

CREATE FUNCTION sight.of_household(scope text, house bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' COST 5 AS $$
DECLARE
    region constant text := nullif(current_setting('yunqiao.region', true), '');
BEGIN
    RETURN EXISTS (
        SELECT FROM registry.household h
        WHERE h.household_id = house AND CASE scope
            WHEN 'all' THEN true
            WHEN 'lives' THEN starts_with(h.living_region_code, region)
            WHEN 'region' THEN starts_with(h.living_region_code, region) OR starts_with(h.registered_region_code, region)
            WHEN 'own' THEN h.household_id = (SELECT m.household_id FROM sight.home m)
        END
    );
END $$;

CREATE FUNCTION sight.of_referral(scope text, minors boolean, who bigint, opening bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' COST 5 AS $$
BEGIN
    RETURN (scope = 'all' AND minors)
        OR sight.of_person(scope, minors, who, true)
        OR (scope = 'own' AND EXISTS (SELECT FROM sight.partners_opening o WHERE o.opening_id = opening));
END $$;

-- Whether words speak of a row of an entity. What a row hangs on comes as who, house, opening, parent; a place as region.
CREATE FUNCTION sight.speaks(
    entity text, words text, who bigint, house bigint, opening bigint, parent bigint, region text, partner text
) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' COST 5 AS $$
DECLARE
    word text;
    scope text;
    minors boolean;
    held record;
    answer boolean;
BEGIN
    FOREACH word IN ARRAY string_to_array(btrim(words), ' ') LOOP
        minors := right(word, 1) = '+';
        scope := rtrim(word, '+');
        IF scope NOT IN ('all', 'region', 'lives', 'household', 'own', 'referred') THEN
            RAISE EXCEPTION 'a claim that nobody knows' USING ERRCODE = 'insufficient_privilege';
        END IF;
        CASE entity
            WHEN 'region' THEN
                answer := scope = 'all';
            WHEN 'person' THEN
                answer := sight.of_person(scope, minors, who, false);
            WHEN 'household', 'monitoring' THEN
                answer := sight.of_household(scope, house);
            WHEN 'opening', 'programme', 'post' THEN
                answer := scope = 'all'
                    OR (scope IN ('region', 'lives')
                        AND starts_with(region, nullif(current_setting('yunqiao.region', true), '')))
                    OR (scope = 'own' AND partner = nullif(current_setting('yunqiao.partner', true), ''));
            WHEN 'referral' THEN
                answer := sight.of_referral(scope, minors, who, opening);
            WHEN 'contact', 'outcome' THEN
                SELECT f.person_id, f.opening_id INTO held FROM casework.referral f WHERE f.referral_id = parent;
                answer := sight.of_referral(scope, minors, held.person_id, held.opening_id);
            WHEN 'conflict' THEN
                answer := (scope = 'all' AND minors)
                    OR CASE WHEN house IS NOT NULL THEN sight.of_household(scope, house)
                        ELSE sight.of_person(scope, minors, who, true) END;
            ELSE
                IF entity = 'benefit_month' THEN
                    SELECT b.person_id INTO held FROM registry.benefit b WHERE b.benefit_id = parent;
                    who := held.person_id;
                END IF;
                -- One's own is one's own, whether or not one is still in the register.
                answer := (scope = 'all' AND minors)
                    OR (scope = 'own' AND minors
                        AND who = nullif(current_setting('yunqiao.person', true), '')::bigint)
                    OR sight.of_person(scope, minors, who, true);
        END CASE;
        IF answer THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END $$;

CREATE FUNCTION sight.mixed(
    entity text, who bigint DEFAULT NULL, house bigint DEFAULT NULL, opening bigint DEFAULT NULL,
    parent bigint DEFAULT NULL, region text DEFAULT NULL, partner text DEFAULT NULL
) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' COST 5 AS $$
DECLARE
    claim constant text := current_setting('yunqiao.' || entity || '_rows', true);
BEGIN
    IF coalesce(claim, '') = '' THEN
        RETURN false;
    END IF;
    IF entity = 'person' AND claim IN ('all', 'own', 'household', 'referred') THEN
        -- One scope: whether children are among them the policy looks at itself.
        RETURN sight.of_person(claim, true, who, false);
    END IF;
    IF claim = 'everything' THEN
        RETURN true;
    END IF;
    IF claim = 'self' THEN
        RETURN who = nullif(current_setting('yunqiao.person', true), '')::bigint
            AND (entity <> 'referral' OR (SELECT h.here FROM sight.home h));
    END IF;
    RETURN sight.speaks(entity, split_part(claim, '!', 1), who, house, opening, parent, region, partner)
        AND NOT (
            strpos(claim, '!') > 0
            AND sight.speaks(entity, split_part(claim, '!', 2), who, house, opening, parent, region, partner)
        );
END $$;

-- Whether an opening is the actor's to change: a partner's own, or the public service's within the permit.
CREATE FUNCTION sight.may_post(partner text, place text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = '' AS $$
    SELECT coalesce(CASE current_setting('yunqiao.within', true)
        WHEN 'own' THEN partner = nullif(current_setting('yunqiao.partner', true), '')
        WHEN 'all' THEN partner IS NULL
        WHEN 'region' THEN partner IS NULL AND starts_with(place, nullif(current_setting('yunqiao.region', true), ''))
        WHEN 'lives' THEN partner IS NULL AND starts_with(place, nullif(current_setting('yunqiao.region', true), ''))
    END, false)
$$;

-- Whether a key stands for nobody in the register yet.
CREATE FUNCTION sight.is_new(who bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT who IS NOT NULL AND NOT EXISTS (SELECT FROM registry.person p WHERE p.person_id = who)
$$;

GRANT USAGE ON SCHEMA sight TO yunqiao_app, yunqiao_hub;
GRANT SELECT ON ALL TABLES IN SCHEMA sight TO yunqiao_hub;
GRANT SELECT ON sight.member TO yunqiao_app;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA sight FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sight.mixed, sight.may_post, sight.is_new TO yunqiao_hub;

-- Rights of the hub. Reading: what the catalogue's tables hold; of source records only who sent them, never what they say.
GRANT USAGE ON SCHEMA registry, market, matching, casework, intake, access, audit TO yunqiao_hub;
GRANT SELECT ON registry.region, registry.household, registry.person, registry.wish, registry.employment, registry.training,
    registry.certificate, registry.benefit, registry.benefit_month, registry.monitoring, registry.conflict TO yunqiao_hub;
GRANT SELECT ON market.opening, market.programme, market.post TO yunqiao_hub;
GRANT SELECT ON matching.recommendation TO yunqiao_hub;
GRANT SELECT (run_id, region_code, model_id, state, started_at, finished_at) ON matching.run TO yunqiao_hub;
GRANT SELECT (model_id, version, artifact) ON matching.model TO yunqiao_hub;
GRANT SELECT ON casework.referral, casework.contact, casework.outcome TO yunqiao_hub;
GRANT SELECT (source_record_id, batch_id, department, feed, line, as_of) ON intake.source_record TO yunqiao_hub;
GRANT SELECT (batch_id, file_name) ON intake.batch TO yunqiao_hub;
-- Writing: entries, casework, openings. A locked row needs the right to change a column; nothing of a person is changed.
GRANT INSERT ON intake.batch, intake.source_record TO yunqiao_hub;
GRANT UPDATE (version) ON registry.person TO yunqiao_hub;
GRANT INSERT ON market.opening, casework.referral, casework.transition, casework.contact, casework.outcome TO yunqiao_hub;
GRANT UPDATE (employer_name, employer_code, title, occupation_code, duties, region_code, channel, wage_low_yuan_per_month,
    wage_high_yuan_per_month, wage_kind, vacancies, filled, education_min, age_min, age_max, skill_level_min,
    skill_occupation_code, heavy_labour, night_shift, lodging, social_insurance, term_months, closes_on, state, version,
    updated_at) ON market.opening TO yunqiao_hub;
GRANT UPDATE (taken, version, updated_at) ON market.programme TO yunqiao_hub;
GRANT UPDATE (filled, version, updated_at) ON market.post TO yunqiao_hub;
GRANT UPDATE (state, version, updated_at) ON casework.referral TO yunqiao_hub;
GRANT SELECT, INSERT ON access.idempotency_key TO yunqiao_hub;
GRANT INSERT ON audit.entry TO yunqiao_hub;

-- Rights of the registrar: what publishing one person and their company reads and writes.
GRANT USAGE ON SCHEMA registry, intake, identity TO yunqiao_registrar;
GRANT SELECT ON intake.batch, intake.source_record, identity.membership, identity.normal, identity.person_key,
    registry.region TO yunqiao_registrar;
GRANT UPDATE (gone_on) ON intake.source_record TO yunqiao_registrar;
GRANT INSERT ON identity.person_key, identity.membership, identity.event TO yunqiao_registrar;
GRANT SELECT (event_id) ON identity.event TO yunqiao_registrar;
GRANT SELECT, INSERT, UPDATE, DELETE ON registry.household, registry.person, registry.household_member, registry.wish,
    registry.employment, registry.training, registry.certificate, registry.benefit, registry.benefit_month,
    registry.monitoring, registry.conflict TO yunqiao_registrar;

-- Every table that the hub reaches is closed; stages and registrar are let through.
ALTER TABLE registry.region ENABLE ROW LEVEL SECURITY;
ALTER TABLE registry.household ENABLE ROW LEVEL SECURITY;
ALTER TABLE registry.person ENABLE ROW LEVEL SECURITY;
ALTER TABLE registry.wish ENABLE ROW LEVEL SECURITY;
ALTER TABLE registry.employment ENABLE ROW LEVEL SECURITY;
ALTER TABLE registry.training ENABLE ROW LEVEL SECURITY;
ALTER TABLE registry.certificate ENABLE ROW LEVEL SECURITY;
ALTER TABLE registry.benefit ENABLE ROW LEVEL SECURITY;
ALTER TABLE registry.benefit_month ENABLE ROW LEVEL SECURITY;
ALTER TABLE registry.monitoring ENABLE ROW LEVEL SECURITY;
ALTER TABLE registry.conflict ENABLE ROW LEVEL SECURITY;
ALTER TABLE market.opening ENABLE ROW LEVEL SECURITY;
ALTER TABLE market.programme ENABLE ROW LEVEL SECURITY;
ALTER TABLE market.post ENABLE ROW LEVEL SECURITY;
ALTER TABLE matching.recommendation ENABLE ROW LEVEL SECURITY;
ALTER TABLE matching.run ENABLE ROW LEVEL SECURITY;
ALTER TABLE matching.model ENABLE ROW LEVEL SECURITY;
ALTER TABLE casework.referral ENABLE ROW LEVEL SECURITY;
ALTER TABLE casework.transition ENABLE ROW LEVEL SECURITY;
ALTER TABLE casework.contact ENABLE ROW LEVEL SECURITY;
ALTER TABLE casework.outcome ENABLE ROW LEVEL SECURITY;
ALTER TABLE intake.batch ENABLE ROW LEVEL SECURITY;
ALTER TABLE intake.source_record ENABLE ROW LEVEL SECURITY;
ALTER TABLE access.idempotency_key ENABLE ROW LEVEL SECURITY;

CREATE POLICY stages ON registry.region TO yunqiao_app, yunqiao_registrar USING (true) WITH CHECK (true);
CREATE POLICY stages ON registry.household TO yunqiao_app, yunqiao_registrar USING (true) WITH CHECK (true);
CREATE POLICY stages ON registry.person TO yunqiao_app, yunqiao_registrar USING (true) WITH CHECK (true);
CREATE POLICY stages ON registry.wish TO yunqiao_app, yunqiao_registrar USING (true) WITH CHECK (true);
CREATE POLICY stages ON registry.employment TO yunqiao_app, yunqiao_registrar USING (true) WITH CHECK (true);
CREATE POLICY stages ON registry.training TO yunqiao_app, yunqiao_registrar USING (true) WITH CHECK (true);
CREATE POLICY stages ON registry.certificate TO yunqiao_app, yunqiao_registrar USING (true) WITH CHECK (true);
CREATE POLICY stages ON registry.benefit TO yunqiao_app, yunqiao_registrar USING (true) WITH CHECK (true);
CREATE POLICY stages ON registry.benefit_month TO yunqiao_app, yunqiao_registrar USING (true) WITH CHECK (true);
CREATE POLICY stages ON registry.monitoring TO yunqiao_app, yunqiao_registrar USING (true) WITH CHECK (true);
CREATE POLICY stages ON registry.conflict TO yunqiao_app, yunqiao_registrar USING (true) WITH CHECK (true);
CREATE POLICY stages ON market.opening TO yunqiao_app USING (true) WITH CHECK (true);
CREATE POLICY stages ON market.programme TO yunqiao_app USING (true) WITH CHECK (true);
CREATE POLICY stages ON market.post TO yunqiao_app USING (true) WITH CHECK (true);
CREATE POLICY stages ON matching.recommendation TO yunqiao_app USING (true) WITH CHECK (true);
CREATE POLICY stages ON matching.run TO yunqiao_app USING (true) WITH CHECK (true);
CREATE POLICY stages ON matching.model TO yunqiao_app USING (true) WITH CHECK (true);
CREATE POLICY stages ON casework.referral TO yunqiao_app USING (true) WITH CHECK (true);
CREATE POLICY stages ON casework.transition TO yunqiao_app USING (true) WITH CHECK (true);
CREATE POLICY stages ON casework.contact TO yunqiao_app USING (true) WITH CHECK (true);
CREATE POLICY stages ON casework.outcome TO yunqiao_app USING (true) WITH CHECK (true);
CREATE POLICY stages ON intake.batch TO yunqiao_app, yunqiao_registrar USING (true) WITH CHECK (true);
CREATE POLICY stages ON intake.source_record TO yunqiao_app, yunqiao_registrar USING (true) WITH CHECK (true);
CREATE POLICY stages ON access.idempotency_key TO yunqiao_app USING (true) WITH CHECK (true);

-- What an actor sees. The common scopes stand in the policy; sight.mixed() is asked for all others. "nullif(…, false) IS NOT
-- NULL" means "is true", and lets the planner reckon with nearly all rows passing, as they do: what a query's own
-- predicate leaves is what may be seen, and the plan stays what it is without the policy.
CREATE POLICY seen ON registry.region FOR SELECT TO yunqiao_hub USING (
    nullif((SELECT current_setting('yunqiao.region_rows', true)) = 'all', false) IS NOT NULL
);

-- Prefixes are claimed only where the scope is "lives" or "region". A child is closed unless the claim's latest birthday is
-- infinity.
CREATE POLICY seen ON registry.person FOR SELECT TO yunqiao_hub USING (
    nullif(
        (starts_with(living_region_code, (SELECT nullif(current_setting('yunqiao.person_lives', true), '')))
            OR starts_with(registered_region_code, (SELECT nullif(current_setting('yunqiao.person_registered', true), '')))
            OR ((SELECT current_setting('yunqiao.person_rows', true)) NOT IN ('', 'lives', 'region')
                AND sight.mixed('person', who => person_id)))
        AND (born_on IS NULL OR born_on <= (SELECT nullif(current_setting('yunqiao.person_born', true), '')::date)),
        false
    ) IS NOT NULL
);

CREATE POLICY seen ON registry.household FOR SELECT TO yunqiao_hub USING (
    nullif(
        starts_with(living_region_code, (SELECT nullif(current_setting('yunqiao.household_lives', true), '')))
        OR starts_with(registered_region_code, (SELECT nullif(current_setting('yunqiao.household_registered', true), '')))
        OR ((SELECT current_setting('yunqiao.household_rows', true)) NOT IN ('', 'lives', 'region')
            AND sight.mixed('household', house => household_id)),
        false
    ) IS NOT NULL
);

-- What hangs on something: 'parent' is "as that is seen", by that one's own policy. OFFSET 0 keeps to one look-up a row.
CREATE POLICY seen ON registry.wish FOR SELECT TO yunqiao_hub USING (
    nullif(
        CASE (SELECT current_setting('yunqiao.wish_rows', true))
            WHEN 'parent' THEN EXISTS (
                SELECT FROM registry.person p WHERE p.person_id = wish.person_id AND p.gone_on IS NULL OFFSET 0
            )
            ELSE sight.mixed('wish', who => person_id)
        END,
        false
    ) IS NOT NULL
);

CREATE POLICY seen ON registry.employment FOR SELECT TO yunqiao_hub USING (
    nullif(
        CASE (SELECT current_setting('yunqiao.employment_rows', true))
            WHEN 'parent' THEN EXISTS (
                SELECT FROM registry.person p WHERE p.person_id = employment.person_id AND p.gone_on IS NULL OFFSET 0
            )
            ELSE sight.mixed('employment', who => person_id)
        END,
        false
    ) IS NOT NULL
);

CREATE POLICY seen ON registry.training FOR SELECT TO yunqiao_hub USING (
    nullif(
        CASE (SELECT current_setting('yunqiao.training_rows', true))
            WHEN 'parent' THEN EXISTS (
                SELECT FROM registry.person p WHERE p.person_id = training.person_id AND p.gone_on IS NULL OFFSET 0
            )
            ELSE sight.mixed('training', who => person_id)
        END,
        false
    ) IS NOT NULL
);

CREATE POLICY seen ON registry.certificate FOR SELECT TO yunqiao_hub USING (
    nullif(
        CASE (SELECT current_setting('yunqiao.certificate_rows', true))
            WHEN 'parent' THEN EXISTS (
                SELECT FROM registry.person p WHERE p.person_id = certificate.person_id AND p.gone_on IS NULL OFFSET 0
            )
            ELSE sight.mixed('certificate', who => person_id)
        END,
        false
    ) IS NOT NULL
);

CREATE POLICY seen ON registry.benefit FOR SELECT TO yunqiao_hub USING (
    nullif(
        CASE (SELECT current_setting('yunqiao.benefit_rows', true))
            WHEN 'parent' THEN EXISTS (
                SELECT FROM registry.person p WHERE p.person_id = benefit.person_id AND p.gone_on IS NULL OFFSET 0
            )
            ELSE sight.mixed('benefit', who => person_id)
        END,
        false
    ) IS NOT NULL
);

CREATE POLICY seen ON matching.recommendation FOR SELECT TO yunqiao_hub USING (
    nullif(
        CASE (SELECT current_setting('yunqiao.recommendation_rows', true))
            WHEN 'parent' THEN EXISTS (
                SELECT FROM registry.person p WHERE p.person_id = recommendation.person_id AND p.gone_on IS NULL OFFSET 0
            )
            ELSE sight.mixed('recommendation', who => person_id)
        END,
        false
    ) IS NOT NULL
);

CREATE POLICY seen ON registry.benefit_month FOR SELECT TO yunqiao_hub USING (
    nullif(
        CASE (SELECT current_setting('yunqiao.benefit_month_rows', true))
            WHEN 'parent' THEN EXISTS (
                SELECT FROM registry.benefit b WHERE b.benefit_id = benefit_month.benefit_id OFFSET 0
            )
            ELSE sight.mixed('benefit_month', parent => benefit_id)
        END,
        false
    ) IS NOT NULL
);

CREATE POLICY seen ON registry.monitoring FOR SELECT TO yunqiao_hub USING (
    nullif(
        CASE (SELECT current_setting('yunqiao.monitoring_rows', true))
            WHEN 'parent' THEN EXISTS (
                SELECT FROM registry.household h WHERE h.household_id = monitoring.household_id OFFSET 0
            )
            ELSE sight.mixed('monitoring', house => household_id)
        END,
        false
    ) IS NOT NULL
);

CREATE POLICY seen ON registry.conflict FOR SELECT TO yunqiao_hub USING (
    nullif(
        CASE (SELECT current_setting('yunqiao.conflict_rows', true))
            WHEN 'parent' THEN CASE entity
                WHEN 'household' THEN EXISTS (
                    SELECT FROM registry.household h WHERE h.household_id = entity_id OFFSET 0
                )
                ELSE EXISTS (SELECT FROM registry.person p WHERE p.person_id = entity_id AND p.gone_on IS NULL OFFSET 0)
            END
            ELSE sight.mixed('conflict', who => CASE WHEN entity <> 'household' THEN entity_id END,
                house => CASE WHEN entity = 'household' THEN entity_id END)
        END,
        false
    ) IS NOT NULL
);

CREATE POLICY seen ON market.opening FOR SELECT TO yunqiao_hub USING (
    nullif(
        CASE (SELECT current_setting('yunqiao.opening_rows', true))
            WHEN 'all' THEN true
            WHEN 'own' THEN partner_code = (SELECT nullif(current_setting('yunqiao.partner', true), ''))
            ELSE sight.mixed('opening', region => region_code, partner => partner_code)
        END,
        false
    ) IS NOT NULL
);

CREATE POLICY seen ON market.programme FOR SELECT TO yunqiao_hub USING (
    nullif(
        CASE (SELECT current_setting('yunqiao.programme_rows', true))
            WHEN 'all' THEN true
            ELSE sight.mixed('programme', region => region_code)
        END,
        false
    ) IS NOT NULL
);

CREATE POLICY seen ON market.post FOR SELECT TO yunqiao_hub USING (
    nullif(
        CASE (SELECT current_setting('yunqiao.post_rows', true))
            WHEN 'all' THEN true
            ELSE sight.mixed('post', region => region_code)
        END,
        false
    ) IS NOT NULL
);

-- A referral is the person's, and the business of the partner whose opening it leads to.
CREATE POLICY seen ON casework.referral FOR SELECT TO yunqiao_hub USING (
    nullif(
        CASE (SELECT current_setting('yunqiao.referral_rows', true))
            WHEN 'parent' THEN EXISTS (
                SELECT FROM registry.person p WHERE p.person_id = referral.person_id AND p.gone_on IS NULL OFFSET 0
            )
            WHEN 'partner' THEN EXISTS (
                SELECT FROM sight.partners_opening o WHERE o.opening_id = referral.opening_id OFFSET 0
            )
            ELSE sight.mixed('referral', who => person_id, opening => opening_id)
        END,
        false
    ) IS NOT NULL
);

CREATE POLICY seen ON casework.contact FOR SELECT TO yunqiao_hub USING (
    nullif(
        CASE (SELECT current_setting('yunqiao.contact_rows', true))
            WHEN 'parent' THEN EXISTS (
                SELECT FROM casework.referral f WHERE f.referral_id = contact.referral_id OFFSET 0
            )
            ELSE sight.mixed('contact', parent => referral_id)
        END,
        false
    ) IS NOT NULL
);

CREATE POLICY seen ON casework.outcome FOR SELECT TO yunqiao_hub USING (
    nullif(
        CASE (SELECT current_setting('yunqiao.outcome_rows', true))
            WHEN 'parent' THEN EXISTS (
                SELECT FROM casework.referral f WHERE f.referral_id = outcome.referral_id OFFSET 0
            )
            ELSE sight.mixed('outcome', parent => referral_id)
        END,
        false
    ) IS NOT NULL
);

-- Nothing personal stands in the columns that the hub may read of these.
CREATE POLICY seen ON matching.run FOR SELECT TO yunqiao_hub USING ((SELECT coalesce(current_setting('yunqiao.for', true), '') <> ''));
CREATE POLICY seen ON matching.model FOR SELECT TO yunqiao_hub USING ((SELECT coalesce(current_setting('yunqiao.for', true), '') <> ''));
CREATE POLICY seen ON intake.batch FOR SELECT TO yunqiao_hub USING ((SELECT coalesce(current_setting('yunqiao.for', true), '') <> ''));
CREATE POLICY seen ON intake.source_record FOR SELECT TO yunqiao_hub USING ((SELECT coalesce(current_setting('yunqiao.for', true), '') <> ''));

-- What an actor changes: by the mutation that runs, within the rows of its permit, and in nobody else's name.
CREATE POLICY made ON access.idempotency_key TO yunqiao_hub
USING (actor_id = (SELECT nullif(current_setting('yunqiao.actor', true), '')::bigint))
WITH CHECK (actor_id = (SELECT nullif(current_setting('yunqiao.actor', true), '')::bigint));

CREATE POLICY entered ON intake.batch FOR INSERT TO yunqiao_hub WITH CHECK (
    (SELECT current_setting('yunqiao.mutation', true)) IN ('editWish', 'addPerson', 'editEmployment', 'recordOutcome')
    AND feed = 'station' AND entity = 'person' AND department = 'station'
    -- Whoever has no region of their own enters for the province.
    AND coalesce(starts_with(region_code, (SELECT nullif(current_setting('yunqiao.region', true), ''))), region_code = '530000000000')
);

-- An entry speaks of somebody within the permit whom the actor sees, or of somebody new in the actor's region.
CREATE POLICY entered ON intake.source_record FOR INSERT TO yunqiao_hub WITH CHECK (
    feed = 'station' AND entity = 'person' AND department = 'station'
    AND coalesce(starts_with(region_code, (SELECT nullif(current_setting('yunqiao.region', true), ''))), region_code = '530000000000')
    AND CASE
        WHEN (SELECT current_setting('yunqiao.mutation', true)) IN ('editWish', 'editEmployment', 'recordOutcome')
            THEN EXISTS (SELECT FROM registry.person p WHERE p.person_id = (values ->> 'person_id')::bigint)
                AND (values ->> 'person_id')::bigint IN (SELECT w.person_id FROM sight.within w)
        WHEN (SELECT current_setting('yunqiao.mutation', true)) = 'addPerson'
            THEN (SELECT current_setting('yunqiao.within', true)) IN ('lives', 'region', 'all')
                AND sight.is_new((values ->> 'person_id')::bigint)
        ELSE false
    END
    AND (values ->> 'living_region_code' IS NULL
        OR coalesce(starts_with(values ->> 'living_region_code', (SELECT nullif(current_setting('yunqiao.region', true), ''))), false))
);

-- Held while it is looked at, never changed: the register's values are the registrar's to write.
CREATE POLICY held ON registry.person FOR UPDATE TO yunqiao_hub
USING ((SELECT current_setting('yunqiao.mutation', true)) IN ('editWish', 'editEmployment', 'referPerson'))
WITH CHECK (false);

CREATE POLICY posted ON market.opening FOR INSERT TO yunqiao_hub WITH CHECK (
    (SELECT current_setting('yunqiao.mutation', true)) = 'postOpening' AND posted_by = (SELECT nullif(current_setting('yunqiao.actor', true), '')::bigint) AND source_record_id IS NULL AND filled = 0
    AND sight.may_post(partner_code, region_code)
);

-- Its poster's to change; anybody's to hold who puts a person forward for it; and, as far as places go (see the trigger
-- below), theirs who record what came of a referral to it.
CREATE POLICY changed ON market.opening FOR UPDATE TO yunqiao_hub
USING (
    CASE (SELECT current_setting('yunqiao.mutation', true))
        WHEN 'referPerson' THEN true
        WHEN 'recordOutcome' THEN EXISTS (
            SELECT FROM casework.referral f JOIN sight.within w USING (person_id) WHERE f.opening_id = opening.opening_id
        )
        WHEN 'changeOpening' THEN sight.may_post(partner_code, region_code)
        WHEN 'closeOpening' THEN sight.may_post(partner_code, region_code)
        ELSE false
    END
)
WITH CHECK (
    CASE (SELECT current_setting('yunqiao.mutation', true))
        WHEN 'recordOutcome' THEN true
        WHEN 'changeOpening' THEN sight.may_post(partner_code, region_code)
        WHEN 'closeOpening' THEN sight.may_post(partner_code, region_code)
        ELSE false
    END
);

CREATE FUNCTION sight.keep_to_places() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    IF current_setting('yunqiao.mutation', true) IN ('changeOpening', 'closeOpening')
        OR to_jsonb(old) - '{filled,state,version,updated_at}'::text[]
            = to_jsonb(new) - '{filled,state,version,updated_at}'::text[]
    THEN
        RETURN new;
    END IF;
    RAISE EXCEPTION 'an outcome changes no more of an opening than its places' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER keep_to_places BEFORE UPDATE ON market.opening
FOR EACH ROW WHEN (current_user = 'yunqiao_hub') EXECUTE FUNCTION sight.keep_to_places();

CREATE POLICY filled ON market.programme FOR UPDATE TO yunqiao_hub
USING (
    CASE (SELECT current_setting('yunqiao.mutation', true))
        WHEN 'referPerson' THEN true
        WHEN 'recordOutcome' THEN EXISTS (
            SELECT FROM casework.referral f JOIN sight.within w USING (person_id)
            WHERE f.programme_id = programme.programme_id
        )
        ELSE false
    END
)
WITH CHECK ((SELECT current_setting('yunqiao.mutation', true)) = 'recordOutcome');

CREATE POLICY filled ON market.post FOR UPDATE TO yunqiao_hub
USING (
    CASE (SELECT current_setting('yunqiao.mutation', true))
        WHEN 'referPerson' THEN true
        WHEN 'recordOutcome' THEN EXISTS (
            SELECT FROM casework.referral f JOIN sight.within w USING (person_id) WHERE f.post_id = post.post_id
        )
        ELSE false
    END
)
WITH CHECK ((SELECT current_setting('yunqiao.mutation', true)) = 'recordOutcome');

-- Somebody seen and within the permit is put forward for something seen.
CREATE POLICY referred ON casework.referral FOR INSERT TO yunqiao_hub WITH CHECK (
    (SELECT current_setting('yunqiao.mutation', true)) = 'referPerson' AND referred_by = (SELECT nullif(current_setting('yunqiao.actor', true), '')::bigint) AND source_record_id IS NULL AND state = 'referred'
    AND EXISTS (SELECT FROM registry.person p WHERE p.person_id = referral.person_id)
    AND person_id IN (SELECT w.person_id FROM sight.within w)
    AND CASE kind
        WHEN 'opening' THEN EXISTS (SELECT FROM market.opening o WHERE o.opening_id = referral.opening_id)
        WHEN 'programme' THEN EXISTS (SELECT FROM market.programme o WHERE o.programme_id = referral.programme_id)
        ELSE EXISTS (SELECT FROM market.post o WHERE o.post_id = referral.post_id)
    END
);

CREATE POLICY moved ON casework.referral FOR UPDATE TO yunqiao_hub
USING (
    (SELECT current_setting('yunqiao.mutation', true)) IN ('recordContact', 'recordOutcome') AND person_id IN (SELECT w.person_id FROM sight.within w)
)
WITH CHECK (
    (SELECT current_setting('yunqiao.mutation', true)) IN ('recordContact', 'recordOutcome') AND person_id IN (SELECT w.person_id FROM sight.within w)
);

-- A step, a contact, an outcome: of a referral that the actor sees, about somebody within the permit.
CREATE POLICY noted ON casework.transition FOR INSERT TO yunqiao_hub WITH CHECK (
    (SELECT current_setting('yunqiao.mutation', true)) IN ('referPerson', 'recordContact', 'recordOutcome') AND actor_id = (SELECT nullif(current_setting('yunqiao.actor', true), '')::bigint)
    AND EXISTS (
        SELECT FROM casework.referral f JOIN sight.within w USING (person_id) WHERE f.referral_id = transition.referral_id
    )
);

CREATE POLICY noted ON casework.contact FOR INSERT TO yunqiao_hub WITH CHECK (
    (SELECT current_setting('yunqiao.mutation', true)) = 'recordContact' AND actor_id = (SELECT nullif(current_setting('yunqiao.actor', true), '')::bigint)
    AND EXISTS (
        SELECT FROM casework.referral f JOIN sight.within w USING (person_id) WHERE f.referral_id = contact.referral_id
    )
);

CREATE POLICY noted ON casework.outcome FOR INSERT TO yunqiao_hub WITH CHECK (
    (SELECT current_setting('yunqiao.mutation', true)) = 'recordOutcome' AND actor_id = (SELECT nullif(current_setting('yunqiao.actor', true), '')::bigint) AND source_record_id IS NULL
    AND EXISTS (
        SELECT FROM casework.referral f JOIN sight.within w USING (person_id) WHERE f.referral_id = outcome.referral_id
    )
);

-- migrate: rollback
DROP TRIGGER keep_to_places ON market.opening;
DROP POLICY stages ON registry.region;
DROP POLICY stages ON registry.household;
DROP POLICY stages ON registry.person;
DROP POLICY stages ON registry.wish;
DROP POLICY stages ON registry.employment;
DROP POLICY stages ON registry.training;
DROP POLICY stages ON registry.certificate;
DROP POLICY stages ON registry.benefit;
DROP POLICY stages ON registry.benefit_month;
DROP POLICY stages ON registry.monitoring;
DROP POLICY stages ON registry.conflict;
DROP POLICY stages ON market.opening;
DROP POLICY stages ON market.programme;
DROP POLICY stages ON market.post;
DROP POLICY stages ON matching.recommendation;
DROP POLICY stages ON matching.run;
DROP POLICY stages ON matching.model;
DROP POLICY stages ON casework.referral;
DROP POLICY stages ON casework.transition;
DROP POLICY stages ON casework.contact;
DROP POLICY stages ON casework.outcome;
DROP POLICY stages ON intake.batch;
DROP POLICY stages ON intake.source_record;
DROP POLICY stages ON access.idempotency_key;
DROP POLICY seen ON registry.region;
DROP POLICY seen ON registry.person;
DROP POLICY seen ON registry.household;
DROP POLICY seen ON registry.wish;
DROP POLICY seen ON registry.employment;
DROP POLICY seen ON registry.training;
DROP POLICY seen ON registry.certificate;
DROP POLICY seen ON registry.benefit;
DROP POLICY seen ON matching.recommendation;
DROP POLICY seen ON registry.benefit_month;
DROP POLICY seen ON registry.monitoring;
DROP POLICY seen ON registry.conflict;
DROP POLICY seen ON market.opening;
DROP POLICY seen ON market.programme;
DROP POLICY seen ON market.post;
DROP POLICY seen ON casework.referral;
DROP POLICY seen ON casework.contact;
DROP POLICY seen ON casework.outcome;
DROP POLICY seen ON matching.run;
DROP POLICY seen ON matching.model;
DROP POLICY seen ON intake.batch;
DROP POLICY seen ON intake.source_record;
DROP POLICY made ON access.idempotency_key;
DROP POLICY entered ON intake.batch;
DROP POLICY entered ON intake.source_record;
DROP POLICY held ON registry.person;
DROP POLICY posted ON market.opening;
DROP POLICY changed ON market.opening;
DROP POLICY filled ON market.programme;
DROP POLICY filled ON market.post;
DROP POLICY referred ON casework.referral;
DROP POLICY moved ON casework.referral;
DROP POLICY noted ON casework.transition;
DROP POLICY noted ON casework.contact;
DROP POLICY noted ON casework.outcome;
ALTER TABLE registry.region DISABLE ROW LEVEL SECURITY;
ALTER TABLE registry.household DISABLE ROW LEVEL SECURITY;
ALTER TABLE registry.person DISABLE ROW LEVEL SECURITY;
ALTER TABLE registry.wish DISABLE ROW LEVEL SECURITY;
ALTER TABLE registry.employment DISABLE ROW LEVEL SECURITY;
ALTER TABLE registry.training DISABLE ROW LEVEL SECURITY;
ALTER TABLE registry.certificate DISABLE ROW LEVEL SECURITY;
ALTER TABLE registry.benefit DISABLE ROW LEVEL SECURITY;
ALTER TABLE registry.benefit_month DISABLE ROW LEVEL SECURITY;
ALTER TABLE registry.monitoring DISABLE ROW LEVEL SECURITY;
ALTER TABLE registry.conflict DISABLE ROW LEVEL SECURITY;
ALTER TABLE market.opening DISABLE ROW LEVEL SECURITY;
ALTER TABLE market.programme DISABLE ROW LEVEL SECURITY;
ALTER TABLE market.post DISABLE ROW LEVEL SECURITY;
ALTER TABLE matching.recommendation DISABLE ROW LEVEL SECURITY;
ALTER TABLE matching.run DISABLE ROW LEVEL SECURITY;
ALTER TABLE matching.model DISABLE ROW LEVEL SECURITY;
ALTER TABLE casework.referral DISABLE ROW LEVEL SECURITY;
ALTER TABLE casework.transition DISABLE ROW LEVEL SECURITY;
ALTER TABLE casework.contact DISABLE ROW LEVEL SECURITY;
ALTER TABLE casework.outcome DISABLE ROW LEVEL SECURITY;
ALTER TABLE intake.batch DISABLE ROW LEVEL SECURITY;
ALTER TABLE intake.source_record DISABLE ROW LEVEL SECURITY;
ALTER TABLE access.idempotency_key DISABLE ROW LEVEL SECURITY;
DROP SCHEMA sight CASCADE;
REVOKE ALL ON ALL TABLES IN SCHEMA registry, market, matching, casework, intake, identity, access, audit
FROM yunqiao_hub, yunqiao_registrar;
REVOKE USAGE ON SCHEMA registry, market, matching, casework, intake, identity, access, audit
FROM yunqiao_hub, yunqiao_registrar;
