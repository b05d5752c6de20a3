-- What the app's role may do with each table, and whose rows it sees: as declared by the models when this was written.

-- audit_entries: SHARED
REVOKE ALL ON audit_entries FROM jiangtu_app;
GRANT select, insert ON audit_entries TO jiangtu_app;
ALTER TABLE audit_entries ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_entries FORCE ROW LEVEL SECURITY;
CREATE POLICY scope_write ON audit_entries FOR ALL USING (actor_id = (select nullif(current_setting('app.actor_id', true), '')::bigint) or tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::bigint)) WITH CHECK (actor_id = (select nullif(current_setting('app.actor_id', true), '')::bigint) or tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::bigint));
CREATE POLICY scope_read ON audit_entries FOR SELECT USING (region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[]));
-- course_documents: GLOBAL
REVOKE ALL ON course_documents FROM jiangtu_app;
GRANT select, insert, update, delete ON course_documents TO jiangtu_app;
-- course_index: GLOBAL
REVOKE ALL ON course_index FROM jiangtu_app;
GRANT select, insert, update ON course_index TO jiangtu_app;
-- demo_marker: GLOBAL
REVOKE ALL ON demo_marker FROM jiangtu_app;
GRANT select ON demo_marker TO jiangtu_app;
-- regions: GLOBAL
REVOKE ALL ON regions FROM jiangtu_app;
GRANT select ON regions TO jiangtu_app;
-- trades: GLOBAL
REVOKE ALL ON trades FROM jiangtu_app;
GRANT select ON trades TO jiangtu_app;
-- users: OWNED
REVOKE ALL ON users FROM jiangtu_app;
GRANT select, insert, update ON users TO jiangtu_app;
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
CREATE POLICY scope_write ON users FOR ALL USING (id = (select nullif(current_setting('app.actor_id', true), '')::bigint)) WITH CHECK (id = (select nullif(current_setting('app.actor_id', true), '')::bigint));
-- learner_profiles: OWNED
REVOKE ALL ON learner_profiles FROM jiangtu_app;
GRANT select, insert, update ON learner_profiles TO jiangtu_app;
ALTER TABLE learner_profiles ENABLE ROW LEVEL SECURITY;
ALTER TABLE learner_profiles FORCE ROW LEVEL SECURITY;
CREATE POLICY scope_write ON learner_profiles FOR ALL USING (user_id = (select nullif(current_setting('app.actor_id', true), '')::bigint)) WITH CHECK (user_id = (select nullif(current_setting('app.actor_id', true), '')::bigint));
CREATE POLICY scope_read ON learner_profiles FOR SELECT USING (region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[]));
-- logins: OWNED
REVOKE ALL ON logins FROM jiangtu_app;
GRANT select, insert, update, delete ON logins TO jiangtu_app;
ALTER TABLE logins ENABLE ROW LEVEL SECURITY;
ALTER TABLE logins FORCE ROW LEVEL SECURITY;
CREATE POLICY scope_write ON logins FOR ALL USING (user_id = (select nullif(current_setting('app.actor_id', true), '')::bigint)) WITH CHECK (user_id = (select nullif(current_setting('app.actor_id', true), '')::bigint));
CREATE POLICY scope_read ON logins FOR SELECT USING (value = (select nullif(current_setting('app.presented', true), '')));
-- notices: OWNED
REVOKE ALL ON notices FROM jiangtu_app;
GRANT select, insert, update ON notices TO jiangtu_app;
ALTER TABLE notices ENABLE ROW LEVEL SECURITY;
ALTER TABLE notices FORCE ROW LEVEL SECURITY;
CREATE POLICY scope_write ON notices FOR ALL USING (user_id = (select nullif(current_setting('app.actor_id', true), '')::bigint)) WITH CHECK (user_id = (select nullif(current_setting('app.actor_id', true), '')::bigint));
-- policy_parameters: GLOBAL
REVOKE ALL ON policy_parameters FROM jiangtu_app;
GRANT select ON policy_parameters TO jiangtu_app;
-- proofs: SHARED
REVOKE ALL ON proofs FROM jiangtu_app;
GRANT select, insert, update ON proofs TO jiangtu_app;
ALTER TABLE proofs ENABLE ROW LEVEL SECURITY;
ALTER TABLE proofs FORCE ROW LEVEL SECURITY;
CREATE POLICY scope_write ON proofs FOR ALL USING (learner_id = (select nullif(current_setting('app.actor_id', true), '')::bigint) or region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[])) WITH CHECK (learner_id = (select nullif(current_setting('app.actor_id', true), '')::bigint) or region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[]));
-- review_requests: SHARED
REVOKE ALL ON review_requests FROM jiangtu_app;
GRANT select, insert, update ON review_requests TO jiangtu_app;
ALTER TABLE review_requests ENABLE ROW LEVEL SECURITY;
ALTER TABLE review_requests FORCE ROW LEVEL SECURITY;
CREATE POLICY scope_write ON review_requests FOR ALL USING (learner_id = (select nullif(current_setting('app.actor_id', true), '')::bigint) or region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[])) WITH CHECK (learner_id = (select nullif(current_setting('app.actor_id', true), '')::bigint) or region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[]));
-- shortage_lists: PUBLISHED
REVOKE ALL ON shortage_lists FROM jiangtu_app;
GRANT select, insert, update, delete ON shortage_lists TO jiangtu_app;
ALTER TABLE shortage_lists ENABLE ROW LEVEL SECURITY;
ALTER TABLE shortage_lists FORCE ROW LEVEL SECURITY;
CREATE POLICY scope_write ON shortage_lists FOR ALL USING (region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[])) WITH CHECK (region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[]));
CREATE POLICY scope_read ON shortage_lists FOR SELECT USING (is_published);
-- subsidy_rules: GLOBAL
REVOKE ALL ON subsidy_rules FROM jiangtu_app;
GRANT select ON subsidy_rules TO jiangtu_app;
-- target_groups: GLOBAL
REVOKE ALL ON target_groups FROM jiangtu_app;
GRANT select ON target_groups TO jiangtu_app;
-- tenants: PUBLISHED
REVOKE ALL ON tenants FROM jiangtu_app;
GRANT select, insert, update ON tenants TO jiangtu_app;
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY scope_write ON tenants FOR ALL USING (id = (select nullif(current_setting('app.tenant_id', true), '')::bigint) or region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[])) WITH CHECK (id = (select nullif(current_setting('app.tenant_id', true), '')::bigint) or region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[]));
CREATE POLICY scope_read ON tenants FOR SELECT USING (is_verified);
-- courses: PUBLISHED
REVOKE ALL ON courses FROM jiangtu_app;
GRANT select, insert, update, delete ON courses TO jiangtu_app;
ALTER TABLE courses ENABLE ROW LEVEL SECURITY;
ALTER TABLE courses FORCE ROW LEVEL SECURITY;
CREATE POLICY scope_write ON courses FOR ALL USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::bigint)) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::bigint));
CREATE POLICY scope_read ON courses FOR SELECT USING (region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[]) or is_live);
-- designations: PUBLISHED
REVOKE ALL ON designations FROM jiangtu_app;
GRANT select, insert, update, delete ON designations TO jiangtu_app;
ALTER TABLE designations ENABLE ROW LEVEL SECURITY;
ALTER TABLE designations FORCE ROW LEVEL SECURITY;
CREATE POLICY scope_write ON designations FOR ALL USING (region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[])) WITH CHECK (region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[]));
CREATE POLICY scope_read ON designations FOR SELECT USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::bigint) or is_public);
-- invitations: OWNED
REVOKE ALL ON invitations FROM jiangtu_app;
GRANT select, insert, update, delete ON invitations TO jiangtu_app;
ALTER TABLE invitations ENABLE ROW LEVEL SECURITY;
ALTER TABLE invitations FORCE ROW LEVEL SECURITY;
CREATE POLICY scope_write ON invitations FOR ALL USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::bigint)) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::bigint));
CREATE POLICY scope_read ON invitations FOR SELECT USING (token_hash = (select nullif(current_setting('app.presented', true), '')));
-- memberships: SHARED
REVOKE ALL ON memberships FROM jiangtu_app;
GRANT select, insert, update, delete ON memberships TO jiangtu_app;
ALTER TABLE memberships ENABLE ROW LEVEL SECURITY;
ALTER TABLE memberships FORCE ROW LEVEL SECURITY;
CREATE POLICY scope_write ON memberships FOR ALL USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::bigint)) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::bigint));
CREATE POLICY scope_read ON memberships FOR SELECT USING (user_id = (select nullif(current_setting('app.actor_id', true), '')::bigint));
-- reset_tokens: OWNED
REVOKE ALL ON reset_tokens FROM jiangtu_app;
GRANT select, insert, update, delete ON reset_tokens TO jiangtu_app;
ALTER TABLE reset_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE reset_tokens FORCE ROW LEVEL SECURITY;
CREATE POLICY scope_write ON reset_tokens FOR ALL USING (user_id = (select nullif(current_setting('app.actor_id', true), '')::bigint) or issued_by_tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::bigint) or token_hash = (select nullif(current_setting('app.presented', true), ''))) WITH CHECK (user_id = (select nullif(current_setting('app.actor_id', true), '')::bigint) or issued_by_tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::bigint) or token_hash = (select nullif(current_setting('app.presented', true), '')));
-- shortage_list_entries: PUBLISHED
REVOKE ALL ON shortage_list_entries FROM jiangtu_app;
GRANT select, insert, update, delete ON shortage_list_entries TO jiangtu_app;
ALTER TABLE shortage_list_entries ENABLE ROW LEVEL SECURITY;
ALTER TABLE shortage_list_entries FORCE ROW LEVEL SECURITY;
CREATE POLICY scope_write ON shortage_list_entries FOR ALL USING (region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[])) WITH CHECK (region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[]));
CREATE POLICY scope_read ON shortage_list_entries FOR SELECT USING (is_published);
-- tenant_contacts: SHARED
REVOKE ALL ON tenant_contacts FROM jiangtu_app;
GRANT select, insert, update, delete ON tenant_contacts TO jiangtu_app;
ALTER TABLE tenant_contacts ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenant_contacts FORCE ROW LEVEL SECURITY;
CREATE POLICY scope_write ON tenant_contacts FOR ALL USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::bigint)) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::bigint));
CREATE POLICY scope_read ON tenant_contacts FOR SELECT USING (region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[]));
-- course_revisions: PUBLISHED
REVOKE ALL ON course_revisions FROM jiangtu_app;
GRANT select, insert, update, delete ON course_revisions TO jiangtu_app;
ALTER TABLE course_revisions ENABLE ROW LEVEL SECURITY;
ALTER TABLE course_revisions FORCE ROW LEVEL SECURITY;
CREATE POLICY scope_write ON course_revisions FOR ALL USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::bigint) or region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[])) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::bigint) or region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[]));
CREATE POLICY scope_read ON course_revisions FOR SELECT USING (is_live);
-- course_runs: PUBLISHED
REVOKE ALL ON course_runs FROM jiangtu_app;
GRANT select, insert, update, delete ON course_runs TO jiangtu_app;
ALTER TABLE course_runs ENABLE ROW LEVEL SECURITY;
ALTER TABLE course_runs FORCE ROW LEVEL SECURITY;
CREATE POLICY scope_write ON course_runs FOR ALL USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::bigint)) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::bigint));
CREATE POLICY scope_read ON course_runs FOR SELECT USING (region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[]) or is_public);
-- course_reviews: OWNED
REVOKE ALL ON course_reviews FROM jiangtu_app;
GRANT select, insert ON course_reviews TO jiangtu_app;
ALTER TABLE course_reviews ENABLE ROW LEVEL SECURITY;
ALTER TABLE course_reviews FORCE ROW LEVEL SECURITY;
CREATE POLICY scope_write ON course_reviews FOR ALL USING (region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[])) WITH CHECK (region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[]));
CREATE POLICY scope_read ON course_reviews FOR SELECT USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::bigint));
-- enrollments: SHARED
REVOKE ALL ON enrollments FROM jiangtu_app;
GRANT select, update (answer, rule_code, subsidy_fen, learner_pays_fen, papers, learner_region_id, learner_name, id_number_masked, phone, updated_at) ON enrollments TO jiangtu_app;
ALTER TABLE enrollments ENABLE ROW LEVEL SECURITY;
ALTER TABLE enrollments FORCE ROW LEVEL SECURITY;
CREATE POLICY scope_write ON enrollments FOR ALL USING (learner_id = (select nullif(current_setting('app.actor_id', true), '')::bigint) or tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::bigint) or region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[]) or learner_region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[])) WITH CHECK (learner_id = (select nullif(current_setting('app.actor_id', true), '')::bigint) or tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::bigint) or region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[]) or learner_region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[]));
-- run_seats: GLOBAL
REVOKE ALL ON run_seats FROM jiangtu_app;
GRANT select ON run_seats TO jiangtu_app;
-- run_sessions: PUBLISHED
REVOKE ALL ON run_sessions FROM jiangtu_app;
GRANT select, insert, update, delete ON run_sessions TO jiangtu_app;
ALTER TABLE run_sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE run_sessions FORCE ROW LEVEL SECURITY;
CREATE POLICY scope_write ON run_sessions FOR ALL USING (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::bigint)) WITH CHECK (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::bigint));
CREATE POLICY scope_read ON run_sessions FOR SELECT USING (region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[]) or is_public);
-- eligibility_decisions: SHARED
REVOKE ALL ON eligibility_decisions FROM jiangtu_app;
GRANT select, insert ON eligibility_decisions TO jiangtu_app;
ALTER TABLE eligibility_decisions ENABLE ROW LEVEL SECURITY;
ALTER TABLE eligibility_decisions FORCE ROW LEVEL SECURITY;
CREATE POLICY scope_write ON eligibility_decisions FOR ALL USING (learner_id = (select nullif(current_setting('app.actor_id', true), '')::bigint) or region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[])) WITH CHECK (learner_id = (select nullif(current_setting('app.actor_id', true), '')::bigint) or region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[]));
-- waitlist_entries: GLOBAL
REVOKE ALL ON waitlist_entries FROM jiangtu_app;
GRANT select ON waitlist_entries TO jiangtu_app;
