-- name: fetch_region
-- Whether the region is known.
SELECT region_code FROM registry.region WHERE region_code = $1;

-- name: fetch_people
-- People living in [$1, $2): the willing, those with a past offer of an opening, and nobody else; or, when $3 is given,
-- that person alone. Somebody whose placement was recorded here is in work, whatever the departments still say.
SELECT
    p.person_id,
    coalesce(p.household_id, 0) AS household_id,
    p.registered_region_code::bigint AS registered_region,
    p.living_region_code::bigint AS living_region,
    p.born_on,
    p.retires_on,
    p.education,
    p.labour_ability,
    p.labour_skill,
    p.health,
    p.disability_level,
    p.nationality::smallint AS nationality,
    p.person_category,
    p.employment_form,
    w.scope,
    replace(w.occupation_code, '-', '')::integer AS wish_occupation,
    w.wage_yuan_per_month,
    w.cannot_leave_home,
    w.accepts_night_shift,
    w.occupation AS wish_text,
    h.low_income,
    h.monitored_kind IS NOT NULL AS monitored,
    h.in_work_count,
    h.zero_employment,
    p.willing IS TRUE AND p.gone_on IS NULL AND NOT EXISTS (
        SELECT FROM casework.referral AS r
        WHERE r.person_id = p.person_id AND r.kind IN ('opening', 'post') AND r.state = 'placed'
            AND r.source_record_id IS NULL
    ) AS willing
FROM registry.person AS p
LEFT JOIN registry.household AS h USING (household_id)
LEFT JOIN registry.wish AS w USING (person_id)
WHERE CASE
        WHEN $3::bigint IS NOT NULL THEN p.person_id = $3
        ELSE p.living_region_code >= $1 AND p.living_region_code < $2
            AND (p.willing AND p.gone_on IS NULL
                OR EXISTS (SELECT FROM casework.referral AS r WHERE r.person_id = p.person_id AND r.kind = 'opening'))
    END
ORDER BY p.person_id;

-- name: fetch_employment
-- What people living in [$1, $2), or the person $3, did for work, oldest first.
SELECT
    e.person_id,
    e.form,
    replace(e.occupation_code, '-', '')::integer AS occupation,
    e.months_this_year,
    coalesce(e.started_on, e.ended_on) AS began_on,
    e.ended_on
FROM registry.employment AS e
JOIN registry.person AS p USING (person_id)
WHERE CASE
        WHEN $3::bigint IS NOT NULL THEN p.person_id = $3
        ELSE p.living_region_code >= $1 AND p.living_region_code < $2
    END
ORDER BY e.person_id, coalesce(e.started_on, e.ended_on) NULLS LAST, e.employment_id;

-- name: fetch_certificates
-- Vocational certificates of people living in [$1, $2), or of the person $3, oldest first.
SELECT
    c.person_id,
    c.kind,
    c.skill_level,
    replace(c.occupation_code, '-', '')::integer AS occupation,
    c.occupation AS text,
    c.issued_on
FROM registry.certificate AS c
JOIN registry.person AS p USING (person_id)
WHERE CASE
        WHEN $3::bigint IS NOT NULL THEN p.person_id = $3
        ELSE p.living_region_code >= $1 AND p.living_region_code < $2
    END
ORDER BY c.person_id, c.issued_on NULLS FIRST, c.certificate_id;

-- name: fetch_trainings
-- What people living in [$1, $2), or the person $3, were trained in.
SELECT t.person_id, string_agg(t.occupation, ' ' ORDER BY t.training_id) AS text
FROM registry.training AS t
JOIN registry.person AS p USING (person_id)
WHERE CASE
        WHEN $3::bigint IS NOT NULL THEN p.person_id = $3
        ELSE p.living_region_code >= $1 AND p.living_region_code < $2
    END
GROUP BY t.person_id;

-- name: fetch_openings
-- Openings that are open on the day $1, those offered before to people living in [$2, $3), or the opening $4 alone.
SELECT
    o.opening_id AS target_id,
    o.region_code::bigint AS region,
    replace(o.occupation_code, '-', '')::integer AS occupation,
    o.wage_low_yuan_per_month AS wage_low,
    o.wage_high_yuan_per_month AS wage_high,
    greatest(o.vacancies - o.filled, 0) AS vacancies,
    o.vacancies AS posted,
    o.education_min,
    o.age_min,
    o.age_max,
    o.skill_level_min,
    replace(o.skill_occupation_code, '-', '')::integer AS skill_occupation,
    o.heavy_labour,
    o.night_shift,
    o.lodging,
    o.social_insurance,
    o.wage_kind = 'piece' AS piece_wage,
    o.channel,
    o.term_months,
    o.title || ' ' || o.duties AS text,
    o.state = 'open' AND (o.closes_on IS NULL OR o.closes_on >= $1) AS open
FROM market.opening AS o
WHERE CASE
        WHEN $4::bigint IS NOT NULL THEN o.opening_id = $4
        ELSE o.state = 'open' AND (o.closes_on IS NULL OR o.closes_on >= $1)
            OR EXISTS (
                SELECT FROM casework.referral AS r
                JOIN registry.person AS p USING (person_id)
                WHERE r.opening_id = o.opening_id AND p.living_region_code >= $2 AND p.living_region_code < $3
            )
    END
ORDER BY o.opening_id;

-- name: fetch_posts
-- Welfare posts in [$1, $2) that are open.
SELECT
    post_id AS target_id,
    region_code::bigint AS region,
    greatest(vacancies - filled, 0) AS vacancies,
    wage_yuan_per_month AS wage,
    heavy_labour,
    department = 'forestry' OR kind = 'forest_guard' AS forestry,
    term_months,
    name AS text
FROM market.post
WHERE state = 'open' AND region_code >= $1 AND region_code < $2
ORDER BY post_id;

-- name: fetch_programmes
-- Training programmes that are open and have not begun on the day $1.
SELECT
    programme_id AS target_id,
    region_code::bigint AS region,
    replace(occupation_code, '-', '')::integer AS occupation,
    greatest(seats - taken, 0) AS seats,
    education_min,
    age_min,
    age_max,
    skill_level,
    certificate_kind,
    days,
    starts_on,
    name AS text
FROM market.programme
WHERE state = 'open' AND starts_on >= $1
ORDER BY programme_id;

-- name: fetch_offers
-- Past offers of openings to people living in [$1, $2), with what came of them. Whoever was shown an offer and neither
-- took it nor is still being talked to has refused it once $3 has passed; an offer in talks is left out. Months count
-- when the job is over, or has lasted since $4 or longer; $5 is today.
SELECT
    r.person_id,
    r.opening_id,
    r.shown_on,
    r.state = 'placed' OR coalesce(o.placed, false) AS placed,
    o.months_kept
FROM casework.referral AS r
JOIN registry.person AS p USING (person_id)
LEFT JOIN LATERAL (
    SELECT
        bool_or(t.result IN ('placed', 'left')) AS placed,
        bool_or(t.result IN ('declined', 'not_hired')) AS refused,
        coalesce(
            max(t.months_kept)::real,
            (max(t.ended_on) - min(t.started_on)) / 30.4,
            CASE WHEN min(t.started_on) <= $4 THEN ($5::date - min(t.started_on)) / 30.4 END
        ) AS months_kept
    FROM casework.outcome AS t
    WHERE t.referral_id = r.referral_id
) AS o ON true
WHERE r.kind = 'opening' AND p.living_region_code >= $1 AND p.living_region_code < $2
    AND (r.state IN ('declined', 'placed') OR o.placed OR o.refused OR r.state = 'shown' AND r.shown_on <= $3)
ORDER BY r.shown_on, r.referral_id;

-- name: fetch_accepted
-- Offers that people living in [$1, $2) have accepted and not yet taken up: the plan keeps them.
SELECT r.person_id, r.kind, coalesce(r.opening_id, r.programme_id, r.post_id) AS target_id
FROM casework.referral AS r
JOIN registry.person AS p USING (person_id)
WHERE r.state = 'accepted' AND p.living_region_code >= $1 AND p.living_region_code < $2
ORDER BY r.referral_id;

-- name: fetch_posts_held
-- Welfare posts that members of households in [$1, $2) hold already.
SELECT p.household_id, count(DISTINCT p.person_id) AS held
FROM registry.person AS p
WHERE p.household_id IS NOT NULL AND p.gone_on IS NULL
    AND p.living_region_code >= $1 AND p.living_region_code < $2
    AND (p.employment_form = 'welfare_post' OR EXISTS (
        SELECT FROM registry.employment AS e
        WHERE e.person_id = p.person_id AND e.form = 'welfare_post' AND (e.ended_on IS NULL OR e.ended_on > $3)
    ))
GROUP BY p.household_id;

-- name: store_rule_set
-- Keeps a rule set once, by its hash.
INSERT INTO matching.rule_set (version, sha256, body, stored_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (sha256) DO NOTHING;

-- name: fetch_rule_set
-- Key of the rule set with this hash.
SELECT rule_set_id FROM matching.rule_set WHERE sha256 = $1;

-- name: store_model
-- Keeps a model once, by its version: the same data, policy and seed give the same model.
INSERT INTO matching.model (version, data_sha256, artifact, card, trained_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (version) DO NOTHING;

-- name: fetch_model_key
-- Key of the model with this version.
SELECT model_id FROM matching.model WHERE version = $1;

-- name: fetch_latest_model
-- The model of the last finished run over one of the regions $1.
SELECT m.model_id, m.artifact
FROM matching.run AS r
JOIN matching.model AS m USING (model_id)
WHERE r.state = 'done' AND r.region_code = ANY ($1::text[])
ORDER BY r.run_id DESC
LIMIT 1;

-- name: store_run
-- Begins a run.
INSERT INTO matching.run (region_code, actor_id, purpose, rule_set_id, model_id, state, started_at)
VALUES ($1, $2, $3, $4, $5, 'running', $6)
RETURNING run_id;

-- name: store_run_end
-- Ends a run, done or failed, with what it has to report.
UPDATE matching.run SET state = $2, report = $3, finished_at = $4 WHERE run_id = $1;

-- name: fetch_recommended
-- The latest recommendation of the opening $2 to the person $1, if there is one: its run and its place in the list.
SELECT r.run_id, r.started_at, array_position(c.target_ids, $2) AS rank, c.scores, c.probabilities, c.allocated
FROM matching.recommendation AS c
JOIN matching.run AS r USING (run_id)
WHERE c.person_id = $1 AND c.kind = 'opening' AND r.state = 'done' AND $2 = ANY (c.target_ids)
ORDER BY r.run_id DESC
LIMIT 1;

-- name: create_staged_recommendation
-- Room for recommendations on their way in: what is closed row by row takes no COPY.
CREATE TEMP TABLE staged_recommendation (LIKE matching.recommendation) ON COMMIT DROP;

-- name: store_recommendations
-- The staged recommendations.
INSERT INTO matching.recommendation SELECT * FROM pg_temp.staged_recommendation;

-- name: drop_staged_recommendation
-- Makes room for the next.
DROP TABLE pg_temp.staged_recommendation;
