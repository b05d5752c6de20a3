-- An institution is told that nothing is paid for a person, never that the text names them without an amount: the
-- decision says 'eligible', the enrollment 'no'. Otherwise as seats.sql made it.
-- The person in scope applies: a seat if one is free and nobody waits, else a place in the waitlist.
-- outcome: applied | waiting (with place) | existing (their earlier application) | overlap (enrollment_id is the one
-- in the way) | closed.
CREATE OR REPLACE FUNCTION seat_take(
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
        p_id_number_masked, p_phone, title, new_state, run.session_times,
        CASE p_answer WHEN 'eligible' THEN 'no' ELSE p_answer END, p_rule_code, p_subsidy_fen,
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
