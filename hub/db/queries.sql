-- name: fetch_migration_lock
-- Holds off another process that migrates the same database, until this session ends.
SELECT pg_advisory_lock(7298015);

-- name: fetch_roles
-- The roles of ours that are there.
SELECT rolname FROM pg_roles WHERE rolname IN ('yunqiao_app', 'yunqiao_hub', 'yunqiao_registrar');

-- name: fetch_registrar_known
-- Whether the hub may become the registrar.
SELECT pg_has_role('yunqiao_hub', 'yunqiao_registrar', 'MEMBER');

-- name: fetch_registrar
-- Makes a session of the hub the registrar until the transaction ends or it steps back; anybody else stays who they are.
SELECT set_config('role', 'yunqiao_registrar', true) WHERE current_user = 'yunqiao_hub';

-- name: fetch_hub
-- Makes the registrar the hub again.
SELECT set_config('role', 'none', true) WHERE current_user = 'yunqiao_registrar';

-- name: fetch_server_version
-- Number of the server, e.g. 150004.
SELECT current_setting('server_version_num')::integer;

-- name: store_regions
-- Adds divisions that are new and corrects those that changed; a division is never removed.
INSERT INTO registry.region (region_code, name, full_name, level, parent_code, longitude, latitude)
SELECT code, name, full_name, level, nullif(parent_code, ''), longitude, latitude
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::real[], $7::real[])
    AS r (code, name, full_name, level, parent_code, longitude, latitude)
ON CONFLICT (region_code) DO UPDATE
SET name = excluded.name, full_name = excluded.full_name, level = excluded.level, parent_code = excluded.parent_code,
    longitude = excluded.longitude, latitude = excluded.latitude
WHERE (region.name, region.full_name, region.level, region.parent_code, region.longitude, region.latitude)
    IS DISTINCT FROM
    (excluded.name, excluded.full_name, excluded.level, excluded.parent_code, excluded.longitude, excluded.latitude);

-- name: fetch_snapshot
-- Makes this transaction's snapshot joinable by a dump.
SELECT pg_export_snapshot();

-- name: fetch_table_count
-- How many tables of ours there are.
SELECT count(*) FROM pg_tables
WHERE schemaname IN ('intake', 'identity', 'registry', 'market', 'matching', 'access', 'audit', 'casework');

-- name: fetch_table_names
-- Our tables, each partitioned one as a whole, but for the one that is empty between batches.
SELECT n.nspname::text AS schemaname, c.relname::text AS tablename
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('intake', 'identity', 'registry', 'market', 'matching', 'access', 'audit', 'casework')
    AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'staged_row'
ORDER BY 1, 2;
