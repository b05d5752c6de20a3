-- What the app's role may do with the tables of 0005, and whose rows it sees: as declared by the models when this was written.

-- subsidy_rules: PUBLISHED
REVOKE ALL ON subsidy_rules FROM jiangtu_app;
GRANT select, insert, update, delete ON subsidy_rules TO jiangtu_app;
ALTER TABLE subsidy_rules ENABLE ROW LEVEL SECURITY;
ALTER TABLE subsidy_rules FORCE ROW LEVEL SECURITY;
CREATE POLICY scope_write ON subsidy_rules FOR ALL USING (region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[])) WITH CHECK (region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[]));
CREATE POLICY scope_read ON subsidy_rules FOR SELECT USING (is_published);
-- policy_parameters: PUBLISHED
REVOKE ALL ON policy_parameters FROM jiangtu_app;
GRANT select, insert, update, delete ON policy_parameters TO jiangtu_app;
ALTER TABLE policy_parameters ENABLE ROW LEVEL SECURITY;
ALTER TABLE policy_parameters FORCE ROW LEVEL SECURITY;
CREATE POLICY scope_write ON policy_parameters FOR ALL USING (region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[])) WITH CHECK (region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[]));
CREATE POLICY scope_read ON policy_parameters FOR SELECT USING (is_published);
