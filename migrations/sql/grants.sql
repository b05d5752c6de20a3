-- What the app's role needs beyond its tables: sequences, seat functions, attempts and jobs.

GRANT USAGE ON SCHEMA public TO jiangtu_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO jiangtu_app;

DO $$
DECLARE signature regprocedure;
BEGIN
    FOR signature IN SELECT p.oid::regprocedure FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND p.proname LIKE 'seat\_%'
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO jiangtu_app', signature);
    END LOOP;
END $$;

-- The counters of attempt limits (app/limits.py): hashed keys only.
CREATE TABLE attempts (
    key text PRIMARY KEY,
    count integer NOT NULL,
    expires_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON attempts TO jiangtu_app;

-- Jobs: the web inserts, the worker works. The insert trigger's NOTIFY makes commits wait for each other, so it
-- goes; the worker polls (docs/performance.md).
DROP TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1 ON procrastinate_jobs;
GRANT SELECT, INSERT, UPDATE, DELETE ON
    procrastinate_jobs, procrastinate_events, procrastinate_workers, procrastinate_periodic_defers TO jiangtu_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO jiangtu_app;
