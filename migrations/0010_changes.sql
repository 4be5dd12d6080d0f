-- Changes told to whoever waits for them: keys and places, nothing of what changed
-- depends: 0008_row_security

-- migrate: apply

-- One channel for all; a listener reads again what it may see. Equal messages of one transaction are told once.
CREATE FUNCTION market.tell_opening() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify(
        'yunqiao_changes',
        json_build_object('kind', 'opening', 'key', new.opening_id, 'region', new.region_code)::text
    );
    RETURN NULL;
END
$$;
CREATE TRIGGER told AFTER INSERT OR UPDATE ON market.opening FOR EACH ROW EXECUTE FUNCTION market.tell_opening();

CREATE FUNCTION matching.tell_run() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify(
        'yunqiao_changes',
        json_build_object('kind', 'run', 'key', new.run_id, 'region', new.region_code)::text
    );
    RETURN NULL;
END
$$;
CREATE TRIGGER told AFTER UPDATE OF state ON matching.run FOR EACH ROW
    WHEN (new.state = 'done' AND old.state <> 'done') EXECUTE FUNCTION matching.tell_run();

-- migrate: rollback
DROP TRIGGER told ON matching.run;
DROP FUNCTION matching.tell_run();
DROP TRIGGER told ON market.opening;
DROP FUNCTION market.tell_opening();
