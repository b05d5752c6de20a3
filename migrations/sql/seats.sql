-- Seats are taken, freed and offered only by these functions (the app's role may not write an enrollment's state):
-- short transactions around one lock, the run's counter row, taken before anything is decided. They run as the
-- owner, under the caller's scope: row-level security is forced, and who acts is read from the scope, never passed.
--
-- Lock order, everywhere: the learner's advisory lock, the run's counter row, the enrollment. See docs/seats.md.

CREATE FUNCTION seat_actor() RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog AS
$$ SELECT nullif(current_setting('app.actor_id', true), '')::bigint $$;

CREATE FUNCTION seat_tenant() RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog AS
$$ SELECT nullif(current_setting('app.tenant_id', true), '')::bigint $$;

-- The person in scope applies: a seat if one is free and nobody waits, else a place in the waitlist.
-- outcome: applied | waiting (with place) | existing (their earlier application) | overlap (enrollment_id is the one
-- in the way) | closed.
CREATE FUNCTION seat_take(
    p_run_id bigint, p_learner_region_id bigint, p_learner_name bytea, p_id_number_masked text, p_phone bytea,
    p_answer text, p_rule_code text, p_subsidy_fen bigint, p_learner_pays_fen bigint, p_papers text,
    p_judged_on date, p_valid_until date, p_grounds bytea, p_claims bytea[], p_facts bytea DEFAULT NULL,
    OUT enrollment_id bigint, OUT outcome text, OUT place integer
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    learner bigint := seat_actor();
    seats run_seats%ROWTYPE;
    run course_runs%ROWTYPE;
    title text;
    new_state text;
BEGIN
    IF learner IS NULL THEN RAISE EXCEPTION 'seat_take needs a person in scope'; END IF;
    -- One learner applies to one run at a time: two overlapping runs would otherwise wait for each other.
    PERFORM pg_advisory_xact_lock(hashtextextended('seat_learner', learner));
    SELECT * INTO seats FROM run_seats s WHERE s.run_id = p_run_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN outcome := 'closed'; RETURN; END IF;

    -- Read only now: whoever cancels the run empties it under the same lock (seat_close).
    SELECT e.id INTO enrollment_id FROM enrollments e
        WHERE e.run_id = p_run_id AND e.learner_id = learner
          AND e.state IN ('applied', 'admitted', 'offered', 'waiting');
    IF FOUND THEN outcome := 'existing'; RETURN; END IF;
    SELECT v.title INTO title FROM course_runs r
        JOIN course_revisions v ON v.course_id = r.course_id AND v.is_live
        JOIN tenants t ON t.id = r.tenant_id AND t.is_verified
        WHERE r.id = p_run_id AND r.is_public AND r.state = 'open' AND r.starts_at > now();
    IF NOT FOUND THEN outcome := 'closed'; RETURN; END IF;
    SELECT r.* INTO run FROM course_runs r WHERE r.id = p_run_id;

    new_state := CASE WHEN seats.taken < seats.capacity AND seats.waiting = 0 THEN 'applied' ELSE 'waiting' END;
    IF new_state = 'applied' THEN
        SELECT e.id INTO enrollment_id FROM enrollments e
            WHERE e.learner_id = learner AND e.state IN ('applied', 'admitted') AND e.busy && run.session_times
            LIMIT 1;
        IF FOUND THEN outcome := 'overlap'; RETURN; END IF;
    END IF;

    INSERT INTO enrollments (
        run_id, course_id, tenant_id, region_id, learner_region_id, learner_id, learner_name, id_number_masked, phone,
        course_title, state, busy, answer, rule_code, subsidy_fen, learner_pays_fen, papers
    ) VALUES (
        p_run_id, run.course_id, run.tenant_id, run.region_id, p_learner_region_id, learner, p_learner_name,
        p_id_number_masked, p_phone, title, new_state, run.session_times, p_answer, p_rule_code, p_subsidy_fen,
        p_learner_pays_fen, p_papers
    ) RETURNING id INTO enrollment_id;

    INSERT INTO eligibility_decisions (
        enrollment_id, learner_id, region_id, judged_on, answer, rule_code, subsidy_fen, grounds, valid_until
    ) VALUES (
        seat_take.enrollment_id, learner, p_learner_region_id, p_judged_on, p_answer, p_rule_code, p_subsidy_fen,
        p_grounds, p_valid_until
    );
    IF p_facts IS NOT NULL THEN
        UPDATE learner_profiles l SET facts = p_facts WHERE l.user_id = learner;
    END IF;
    IF cardinality(p_claims) > 0 THEN
        INSERT INTO proofs (learner_id, region_id, claim, is_referral, state)
            SELECT learner, p_learner_region_id, claim, false, 'pending' FROM unnest(p_claims) AS claim;
    END IF;
    IF new_state = 'waiting' THEN
        INSERT INTO waitlist_entries (enrollment_id, run_id, number)
            VALUES (seat_take.enrollment_id, p_run_id, seats.next_number);
        place := seats.waiting + 1;
    END IF;

    INSERT INTO audit_entries (actor_id, tenant_id, region_id, tag, subject_kind, subject_id, data)
        VALUES (learner, run.tenant_id, run.region_id,
                CASE new_state WHEN 'waiting' THEN 'enrollment.waitlisted' ELSE 'enrollment.applied' END,
                'enrollment', seat_take.enrollment_id, jsonb_build_object('run_id', p_run_id, 'place', place));
    INSERT INTO procrastinate_jobs (queue_name, task_name, args)
        VALUES ('default', 'enroll.enrollment_made', jsonb_build_object(
            'scope', jsonb_build_object('actor_id', learner), 'enrollment_id', seat_take.enrollment_id));

    UPDATE run_seats s SET
        taken = s.taken + (new_state = 'applied')::int,
        waiting = s.waiting + (new_state = 'waiting')::int,
        next_number = s.next_number + (new_state = 'waiting')::int
        WHERE s.run_id = p_run_id;
    outcome := new_state;
END $$;

-- End an enrollment; gives back its seat or its place in the waitlist. The learner withdraws; the institution refuses
-- or cancels; an offer expires when its time is over. Returns the state it had, or null where there is nothing to
-- end or it is not the caller's to end.
CREATE FUNCTION seat_free(p_enrollment_id bigint, p_state text, p_reason_codes text[], p_note text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    target enrollments%ROWTYPE;
BEGIN
    SELECT * INTO target FROM enrollments e WHERE e.id = p_enrollment_id;
    IF NOT FOUND THEN RETURN NULL; END IF;
    PERFORM 1 FROM run_seats s WHERE s.run_id = target.run_id FOR NO KEY UPDATE;
    -- Again, now that nobody else can change it: an offer may have been accepted while we waited.
    SELECT * INTO target FROM enrollments e WHERE e.id = p_enrollment_id FOR NO KEY UPDATE;
    IF target.state NOT IN ('applied', 'admitted', 'offered', 'waiting') OR NOT (CASE p_state
        WHEN 'withdrawn' THEN target.learner_id IS NOT DISTINCT FROM seat_actor()
        WHEN 'refused' THEN target.tenant_id IS NOT DISTINCT FROM seat_tenant()
        WHEN 'cancelled' THEN target.tenant_id IS NOT DISTINCT FROM seat_tenant()
        WHEN 'expired' THEN target.state = 'offered' AND target.offer_expires_at <= now()
        ELSE false END)
    THEN RETURN NULL; END IF;

    UPDATE enrollments e SET state = p_state, reason_codes = coalesce(p_reason_codes, '{}'), note = p_note,
        offer_expires_at = NULL, decided_by = seat_actor(), decided_at = now(), updated_at = now()
        WHERE e.id = p_enrollment_id;
    DELETE FROM waitlist_entries w WHERE w.enrollment_id = p_enrollment_id;
    UPDATE run_seats s SET
        taken = s.taken - (target.state <> 'waiting')::int,
        waiting = s.waiting - (target.state = 'waiting')::int
        WHERE s.run_id = target.run_id;
    RETURN target.state;
END $$;

-- Offer every free seat to the head of the waitlist until p_expires_at; runs in the institution's scope.
CREATE FUNCTION seat_offer(p_run_id bigint, p_expires_at timestamptz)
RETURNS TABLE (enrollment_id bigint, learner_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    seats run_seats%ROWTYPE;
    head waitlist_entries%ROWTYPE;
BEGIN
    SELECT * INTO seats FROM run_seats s WHERE s.run_id = p_run_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN; END IF;
    PERFORM 1 FROM course_runs r WHERE r.id = p_run_id AND r.state = 'open'
        AND p_expires_at > now() AND p_expires_at <= r.starts_at;
    IF NOT FOUND THEN RETURN; END IF;
    WHILE seats.taken < seats.capacity LOOP
        SELECT w.* INTO head FROM waitlist_entries w
            WHERE w.run_id = p_run_id ORDER BY w.number LIMIT 1;
        EXIT WHEN NOT FOUND;
        UPDATE enrollments e SET state = 'offered', offer_expires_at = p_expires_at, updated_at = now()
            WHERE e.id = head.enrollment_id AND e.state = 'waiting' AND e.tenant_id = seat_tenant()
            RETURNING e.id, e.learner_id INTO enrollment_id, learner_id;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'seat_offer needs the scope of the run''s institution';
        END IF;
        DELETE FROM waitlist_entries w WHERE w.enrollment_id = head.enrollment_id;
        UPDATE run_seats s SET taken = s.taken + 1, waiting = s.waiting - 1 WHERE s.run_id = p_run_id;
        seats.taken := seats.taken + 1;
        RETURN NEXT;
    END LOOP;
END $$;

-- The learner accepts an offer in time; the seat was already held for them.
-- outcome: accepted | late | overlap (conflict_id is the enrollment in the way).
CREATE FUNCTION seat_accept(p_enrollment_id bigint, OUT outcome text, OUT conflict_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    target enrollments%ROWTYPE;
BEGIN
    outcome := 'late';
    PERFORM pg_advisory_xact_lock(hashtextextended('seat_learner', seat_actor()));
    SELECT * INTO target FROM enrollments e WHERE e.id = p_enrollment_id AND e.learner_id = seat_actor();
    IF NOT FOUND THEN RETURN; END IF;
    PERFORM 1 FROM run_seats s WHERE s.run_id = target.run_id FOR NO KEY UPDATE;
    SELECT e.id INTO conflict_id FROM enrollments e
        WHERE e.learner_id = seat_actor() AND e.id <> p_enrollment_id AND e.state IN ('applied', 'admitted')
          AND e.busy && target.busy
        LIMIT 1;
    IF FOUND THEN outcome := 'overlap'; RETURN; END IF;
    UPDATE enrollments e SET state = 'applied', offer_expires_at = NULL, updated_at = now()
        WHERE e.id = p_enrollment_id AND e.state = 'offered' AND e.offer_expires_at > now();
    IF FOUND THEN outcome := 'accepted'; END IF;
END $$;

-- The institution admits applicants who hold a seat; returns those it changed.
CREATE FUNCTION seat_admit(p_run_id bigint, p_enrollment_ids bigint[])
RETURNS TABLE (enrollment_id bigint, learner_id bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE enrollments e SET state = 'admitted', decided_by = seat_actor(), decided_at = now(), updated_at = now()
        WHERE e.run_id = p_run_id AND e.id = ANY (p_enrollment_ids) AND e.state = 'applied'
          AND e.tenant_id = seat_tenant()
        RETURNING e.id, e.learner_id
$$;

-- Empty a cancelled run in the institution's scope; returns whom it took a seat or a place from.
CREATE FUNCTION seat_close(p_run_id bigint, p_reason_code text)
RETURNS TABLE (enrollment_id bigint, learner_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM 1 FROM run_seats s WHERE s.run_id = p_run_id FOR NO KEY UPDATE;
    PERFORM 1 FROM course_runs r WHERE r.id = p_run_id AND r.state = 'cancelled' AND r.tenant_id = seat_tenant();
    IF NOT FOUND THEN RETURN; END IF;
    RETURN QUERY UPDATE enrollments e
        SET state = 'cancelled', reason_codes = CASE WHEN p_reason_code IS NULL THEN '{}' ELSE ARRAY[p_reason_code] END,
            offer_expires_at = NULL, decided_by = seat_actor(), decided_at = now(), updated_at = now()
        WHERE e.run_id = p_run_id AND e.state IN ('applied', 'admitted', 'offered', 'waiting')
        RETURNING e.id, e.learner_id;
    DELETE FROM waitlist_entries w WHERE w.run_id = p_run_id;
    UPDATE run_seats s SET taken = 0, waiting = 0 WHERE s.run_id = p_run_id;
END $$;

-- Give the run's learners its new session times, in the institution's scope. A learner whose other class is now in
-- the way keeps the old times and is returned with clashes = true, to be told.
CREATE FUNCTION seat_retime(p_run_id bigint)
RETURNS TABLE (enrollment_id bigint, learner_id bigint, clashes boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    times tstzmultirange;
BEGIN
    PERFORM 1 FROM run_seats s WHERE s.run_id = p_run_id FOR NO KEY UPDATE;
    SELECT r.session_times INTO times FROM course_runs r WHERE r.id = p_run_id AND r.tenant_id = seat_tenant();
    IF NOT FOUND THEN RETURN; END IF;
    FOR enrollment_id, learner_id IN
        SELECT e.id, e.learner_id FROM enrollments e
        WHERE e.run_id = p_run_id AND e.state IN ('applied', 'admitted', 'offered', 'waiting') ORDER BY e.id
    LOOP
        BEGIN
            UPDATE enrollments e SET busy = times, updated_at = now()
                WHERE e.id = seat_retime.enrollment_id AND e.busy <> times;
            clashes := false;
        EXCEPTION WHEN exclusion_violation THEN
            clashes := true;
        END;
        RETURN NEXT;
    END LOOP;
END $$;

-- Set a run's seats in the institution's scope; refuses (check_violation) if more seats are taken.
CREATE FUNCTION seat_resize(p_run_id bigint, p_capacity integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    seats run_seats%ROWTYPE;
BEGIN
    SELECT * INTO seats FROM run_seats s WHERE s.run_id = p_run_id FOR NO KEY UPDATE;
    UPDATE course_runs r SET seats = p_capacity WHERE r.id = p_run_id AND r.tenant_id = seat_tenant();
    IF NOT FOUND THEN RAISE EXCEPTION 'seat_resize needs the scope of the run''s institution'; END IF;
    INSERT INTO run_seats (run_id, capacity) VALUES (p_run_id, p_capacity) ON CONFLICT (run_id) DO NOTHING;
    IF seats.taken > p_capacity THEN
        RAISE EXCEPTION 'seats_taken' USING ERRCODE = 'check_violation';
    END IF;
    UPDATE run_seats s SET capacity = p_capacity WHERE s.run_id = p_run_id;
    RETURN p_capacity;
END $$;
