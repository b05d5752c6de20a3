-- What the app's role may do with the tables of 0003, and whose rows it sees: as declared by the models when this was written.

GRANT delete ON proofs TO jiangtu_app;
-- proof_files: SHARED
REVOKE ALL ON proof_files FROM jiangtu_app;
GRANT select, insert, update (proof_id), delete ON proof_files TO jiangtu_app;
ALTER TABLE proof_files ENABLE ROW LEVEL SECURITY;
ALTER TABLE proof_files FORCE ROW LEVEL SECURITY;
CREATE POLICY scope_write ON proof_files FOR ALL USING (learner_id = (select nullif(current_setting('app.actor_id', true), '')::bigint)) WITH CHECK (learner_id = (select nullif(current_setting('app.actor_id', true), '')::bigint));
CREATE POLICY scope_read ON proof_files FOR SELECT USING (region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[]));
-- register_imports: OWNED
REVOKE ALL ON register_imports FROM jiangtu_app;
GRANT select, insert, update, delete ON register_imports TO jiangtu_app;
ALTER TABLE register_imports ENABLE ROW LEVEL SECURITY;
ALTER TABLE register_imports FORCE ROW LEVEL SECURITY;
CREATE POLICY scope_write ON register_imports FOR ALL USING (region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[])) WITH CHECK (region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[]));
-- register_rows: OWNED
REVOKE ALL ON register_rows FROM jiangtu_app;
GRANT select, insert, update, delete ON register_rows TO jiangtu_app;
ALTER TABLE register_rows ENABLE ROW LEVEL SECURITY;
ALTER TABLE register_rows FORCE ROW LEVEL SECURITY;
CREATE POLICY scope_write ON register_rows FOR ALL USING (region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[])) WITH CHECK (region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[]));
CREATE POLICY scope_read ON register_rows FOR SELECT USING (learner_id = (select nullif(current_setting('app.actor_id', true), '')::bigint));
