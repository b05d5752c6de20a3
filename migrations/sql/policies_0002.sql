-- What the app's role may do with the tables of 0002, and whose rows it sees: as declared by the models then.

-- course_documents: GLOBAL
REVOKE ALL ON course_documents FROM jiangtu_app;
GRANT select, insert, update, delete ON course_documents TO jiangtu_app;
-- document_changes: GLOBAL
REVOKE ALL ON document_changes FROM jiangtu_app;
GRANT select, insert, update, delete ON document_changes TO jiangtu_app;
-- index_builds: GLOBAL
REVOKE ALL ON index_builds FROM jiangtu_app;
GRANT select, insert, update, delete ON index_builds TO jiangtu_app;
-- suggestables: GLOBAL
REVOKE ALL ON suggestables FROM jiangtu_app;
GRANT select, insert, update, delete ON suggestables TO jiangtu_app;
-- synonyms: PUBLISHED
REVOKE ALL ON synonyms FROM jiangtu_app;
GRANT select, insert, update ON synonyms TO jiangtu_app;
ALTER TABLE synonyms ENABLE ROW LEVEL SECURITY;
ALTER TABLE synonyms FORCE ROW LEVEL SECURITY;
CREATE POLICY scope_write ON synonyms FOR ALL USING (region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[])) WITH CHECK (region_id = any((select string_to_array(nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[]));
CREATE POLICY scope_read ON synonyms FOR SELECT USING (is_active);
-- search_log: GLOBAL
REVOKE ALL ON search_log FROM jiangtu_app;
GRANT select, insert, update, delete ON search_log TO jiangtu_app;
-- saved_searches: OWNED
REVOKE ALL ON saved_searches FROM jiangtu_app;
GRANT select, insert, update, delete ON saved_searches TO jiangtu_app;
ALTER TABLE saved_searches ENABLE ROW LEVEL SECURITY;
ALTER TABLE saved_searches FORCE ROW LEVEL SECURITY;
CREATE POLICY scope_write ON saved_searches FOR ALL USING (user_id = (select nullif(current_setting('app.actor_id', true), '')::bigint)) WITH CHECK (user_id = (select nullif(current_setting('app.actor_id', true), '')::bigint));

GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO jiangtu_app;
