-- Readiness: the program sees which migrations were applied
-- depends: 0013_verification

-- migrate: apply
GRANT SELECT ON public._pogo_migration TO yunqiao_app;

-- migrate: rollback
REVOKE SELECT ON public._pogo_migration FROM yunqiao_app;
