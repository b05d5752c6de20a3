-- A published version is never changed and never thrown away: it may only be ended, on a day that is still to come.
-- A draft is published as its author wrote it, by another person, from a day that is still to come. Rows without an
-- author came with the bundled documents: whoever owns the tables may correct those (`flask init`).

CREATE FUNCTION version_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    today date := (now() AT TIME ZONE 'Asia/Shanghai')::date;
    actor bigint := nullif(current_setting('app.actor_id', true), '')::bigint;
    owns boolean := pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'MEMBER');
    before jsonb;
    after jsonb;
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.is_published THEN
        IF owns AND OLD.authored_by IS NULL THEN
            RETURN coalesce(NEW, OLD);
        ELSIF TG_OP = 'DELETE' THEN
            RAISE 'a published version is never deleted' USING ERRCODE = 'restrict_violation';
        ELSIF to_jsonb(NEW) - 'valid_to' <> to_jsonb(OLD) - 'valid_to' THEN
            RAISE 'a published version is never changed' USING ERRCODE = 'restrict_violation';
        ELSIF NEW.valid_to IS DISTINCT FROM OLD.valid_to
            AND (NEW.valid_to IS NULL OR NEW.valid_to <= today OR NEW.valid_to > OLD.valid_to) THEN
            RAISE 'a published version ends on a day still to come' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' THEN
        RETURN OLD;
    ELSIF owns THEN
        RETURN NEW;
    ELSIF TG_OP = 'INSERT' THEN
        IF NEW.is_published OR NEW.authored_by IS DISTINCT FROM actor OR actor IS NULL THEN
            RAISE 'a version begins as the draft of its author' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    before := to_jsonb(OLD) - '{is_published,approved_by,published_at,effects,effects_at}'::text[];
    after := to_jsonb(NEW) - '{is_published,approved_by,published_at,effects,effects_at}'::text[];
    IF before <> after THEN
        RAISE 'a draft is not changed: it is thrown away and drafted anew' USING ERRCODE = 'restrict_violation';
    ELSIF NEW.is_published AND (NEW.approved_by IS DISTINCT FROM actor OR OLD.authored_by IS NULL) THEN
        RAISE 'a version is published by who approves it' USING ERRCODE = 'restrict_violation';
    ELSIF NEW.is_published AND NEW.valid_from <= today THEN
        RAISE 'a version begins on a day still to come' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION version_entry_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    actor bigint := nullif(current_setting('app.actor_id', true), '')::bigint;
    owns boolean := pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'MEMBER');
    list shortage_lists;
BEGIN
    SELECT * INTO list FROM shortage_lists WHERE id = CASE WHEN TG_OP = 'DELETE' THEN OLD.list_id ELSE NEW.list_id END;
    IF owns AND list.authored_by IS NULL THEN
        RETURN coalesce(NEW, OLD);
    ELSIF list.is_published THEN
        RAISE 'a published list is never changed' USING ERRCODE = 'restrict_violation';
    ELSIF TG_OP = 'INSERT' AND NOT owns AND (NEW.is_published OR list.authored_by IS DISTINCT FROM actor) THEN
        RAISE 'a list is drafted by its author' USING ERRCODE = 'restrict_violation';
    ELSIF TG_OP = 'UPDATE' AND NOT owns AND to_jsonb(NEW) - 'is_published' <> to_jsonb(OLD) - 'is_published' THEN
        RAISE 'a draft is not changed: it is thrown away and drafted anew' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;

CREATE TRIGGER version_guard BEFORE INSERT OR UPDATE OR DELETE ON shortage_lists
    FOR EACH ROW EXECUTE FUNCTION version_guard();
CREATE TRIGGER version_guard BEFORE INSERT OR UPDATE OR DELETE ON subsidy_rules
    FOR EACH ROW EXECUTE FUNCTION version_guard();
CREATE TRIGGER version_guard BEFORE INSERT OR UPDATE OR DELETE ON policy_parameters
    FOR EACH ROW EXECUTE FUNCTION version_guard();
CREATE TRIGGER version_entry_guard BEFORE INSERT OR UPDATE OR DELETE ON shortage_list_entries
    FOR EACH ROW EXECUTE FUNCTION version_entry_guard();
