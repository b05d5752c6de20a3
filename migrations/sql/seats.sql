-- Seats are taken, freed and offered only by these functions: short, one lock (the run's counter row), taken
-- before anything is decided. They run as the owner, under the caller's scope: row-level security is forced, so
-- a caller without the right scope changes nothing. See docs/seats.md.

CREATE FUNCTION seat_take(
    p_run_id bigint, p_learner_id bigint, p_actor_id bigint, p_learner_region_id bigint,
    p_learner_name bytea, p_id_number_masked text, p_phone bytea,
    p_answer text, p_rule_code text, p_subsidy_fen bigint, p_learner_pays_fen bigint, p_papers text,
    p_judged_on date, p_valid_until date, p_grounds bytea, p_scope jsonb,
    OUT enrollment_id bigint, OUT outcome text, OUT place integer
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    seats run_seats%ROWTYPE;
    run course_runs%ROWTYPE;
    found enrollments%ROWTYPE;
    new_state text;
BEGIN
    SELECT * INTO run FROM course_runs r
        WHERE r.id = p_run_id AND r.is_public AND r.state = 'open' AND r.starts_at > now();
    IF NOT FOUND THEN outcome := 'closed'; RETURN; END IF;

    SELECT * INTO seats FROM run_seats s WHERE s.run_id = p_run_id FOR NO KEY UPDATE;
    SELECT * INTO found FROM enrollments e
        WHERE e.run_id = p_run_id AND e.learner_id = p_learner_id
          AND e.state IN ('applied', 'admitted', 'offered', 'waiting');
    IF FOUND THEN
        enrollment_id := found.id; outcome := 'existing'; RETURN;
    END IF;

    new_state := CASE WHEN seats.taken < seats.capacity AND seats.waiting = 0 THEN 'applied' ELSE 'waiting' END;
    INSERT INTO enrollments (
        run_id, course_id, tenant_id, region_id, learner_region_id, learner_id, learner_name, id_number_masked, phone,
        state, busy, answer, rule_code, subsidy_fen, learner_pays_fen, papers
    ) VALUES (
        p_run_id, run.course_id, run.tenant_id, run.region_id, p_learner_region_id, p_learner_id, p_learner_name,
        p_id_number_masked, p_phone, new_state, run.session_times, p_answer, p_rule_code, p_subsidy_fen,
        p_learner_pays_fen, p_papers
    ) RETURNING id INTO enrollment_id;

    INSERT INTO eligibility_decisions (
        enrollment_id, learner_id, region_id, judged_on, answer, rule_code, subsidy_fen, grounds, valid_until
    ) VALUES (
        seat_take.enrollment_id, p_learner_id, p_learner_region_id, p_judged_on, p_answer, p_rule_code, p_subsidy_fen,
        p_grounds, p_valid_until
    );

    IF new_state = 'waiting' THEN
        INSERT INTO waitlist_entries (enrollment_id, run_id, number)
            VALUES (seat_take.enrollment_id, p_run_id, seats.next_number);
        place := seats.waiting + 1;
    END IF;

    INSERT INTO audit_entries (actor_id, tenant_id, region_id, tag, subject_kind, subject_id, data)
        VALUES (p_actor_id, NULL, run.region_id, 'enrollment.' || new_state, 'enrollment', seat_take.enrollment_id,
                jsonb_build_object('run_id', p_run_id, 'place', place));
    INSERT INTO procrastinate_jobs (queue_name, task_name, args)
        VALUES ('default', 'enroll.enrollment_made',
                jsonb_build_object('scope', p_scope, 'enrollment_id', seat_take.enrollment_id));

    UPDATE run_seats s SET
        taken = s.taken + (new_state = 'applied')::int,
        waiting = s.waiting + (new_state = 'waiting')::int,
        next_number = s.next_number + (new_state = 'waiting')::int
        WHERE s.run_id = p_run_id;
    outcome := new_state;
END $$;

-- End an enrollment (withdrawn, refused, expired, cancelled); gives back its seat or its place in the waitlist.
-- Returns the state it had, or null if it had already ended or is not in the caller's scope.
CREATE FUNCTION seat_free(
    p_enrollment_id bigint, p_state text, p_actor_id bigint, p_reason_codes text[], p_note text
) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    target enrollments%ROWTYPE;
    old_state text;
BEGIN
    SELECT * INTO target FROM enrollments e WHERE e.id = p_enrollment_id;
    IF NOT FOUND THEN RETURN NULL; END IF;
    PERFORM 1 FROM run_seats s WHERE s.run_id = target.run_id FOR NO KEY UPDATE;
    SELECT e.state INTO old_state FROM enrollments e WHERE e.id = p_enrollment_id;
    IF old_state NOT IN ('applied', 'admitted', 'offered', 'waiting') OR p_state NOT IN
        ('withdrawn', 'refused', 'expired', 'cancelled') THEN RETURN NULL; END IF;
    IF p_state = 'expired' AND old_state <> 'offered' THEN RETURN NULL; END IF;

    UPDATE enrollments e SET state = p_state, reason_codes = coalesce(p_reason_codes, '{}'), note = p_note,
        offer_expires_at = NULL, decided_by = p_actor_id, decided_at = now(), updated_at = now()
        WHERE e.id = p_enrollment_id;
    DELETE FROM waitlist_entries w WHERE w.enrollment_id = p_enrollment_id;
    UPDATE run_seats s SET
        taken = s.taken - (old_state <> 'waiting')::int,
        waiting = s.waiting - (old_state = 'waiting')::int
        WHERE s.run_id = target.run_id;
    RETURN old_state;
END $$;

-- Offer every free seat to the head of the waitlist; runs in the institution's scope.
CREATE FUNCTION seat_offer(p_run_id bigint, p_expires_at timestamptz)
RETURNS TABLE (enrollment_id bigint, learner_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    seats run_seats%ROWTYPE;
    head waitlist_entries%ROWTYPE;
BEGIN
    SELECT * INTO seats FROM run_seats s WHERE s.run_id = p_run_id FOR NO KEY UPDATE;
    PERFORM 1 FROM course_runs r WHERE r.id = p_run_id AND r.state = 'open' AND r.starts_at > now();
    IF NOT FOUND THEN RETURN; END IF;
    WHILE seats.taken < seats.capacity LOOP
        SELECT w.* INTO head FROM waitlist_entries w
            WHERE w.run_id = p_run_id ORDER BY w.number LIMIT 1;
        EXIT WHEN NOT FOUND;
        UPDATE enrollments e SET state = 'offered', offer_expires_at = p_expires_at, updated_at = now()
            WHERE e.id = head.enrollment_id AND e.state = 'waiting'
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

-- The learner accepts an offer in time; the seat was already held for them. Returns whether it was accepted.
CREATE FUNCTION seat_accept(p_enrollment_id bigint, p_actor_id bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE enrollments e SET state = 'applied', offer_expires_at = NULL, updated_at = now()
        WHERE e.id = p_enrollment_id AND e.state = 'offered' AND e.offer_expires_at > now();
    RETURN FOUND;
END $$;

-- Set a run's seats in the institution's scope; refuses (check_violation) if more seats are taken.
CREATE FUNCTION seat_resize(p_run_id bigint, p_capacity integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    seats run_seats%ROWTYPE;
BEGIN
    UPDATE course_runs r SET seats = p_capacity WHERE r.id = p_run_id
        AND r.tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint;
    IF NOT FOUND THEN RAISE EXCEPTION 'seat_resize needs the scope of the run''s institution'; END IF;
    SELECT * INTO seats FROM run_seats s WHERE s.run_id = p_run_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        INSERT INTO run_seats (run_id, capacity) VALUES (p_run_id, p_capacity);
        RETURN p_capacity;
    END IF;
    IF seats.taken > p_capacity THEN
        RAISE EXCEPTION 'seats_taken' USING ERRCODE = 'check_violation';
    END IF;
    UPDATE run_seats s SET capacity = p_capacity WHERE s.run_id = p_run_id;
    RETURN p_capacity;
END $$;
