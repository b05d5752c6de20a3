"""Who applied where and what became of it: every state, with seats, places, decisions and notices."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from app.catalog.models import CourseForm
from app.enroll.models import EligibilityDecision, Enrollment, EnrollmentState, ProofState, WaitlistEntry
from app.pii import mask_id_number
from app.seed.block import Block, Learner, OpenRun
from app.seed.organisations import DEMO_COUNTY
from app.seed.verdicts import Judge, Judged

_REFUSALS = ("unreachable", "entry_requirement", "asked_to_leave", "duplicate")
_HOLDS_A_SEAT = (EnrollmentState.APPLIED, EnrollmentState.ADMITTED, EnrollmentState.OFFERED)
_NEEDS_A_FULL_RUN = (EnrollmentState.WAITING, EnrollmentState.OFFERED)
_OPENS = {
    CourseForm.EMPLOYMENT: frozenset({"employment"}),
    CourseForm.UPGRADE: frozenset({"upgrade", "apprentice"}),
    CourseForm.FOUNDER: frozenset({"founder"}),
}
_TOLD = {
    EnrollmentState.APPLIED: "enroll.applied",
    EnrollmentState.ADMITTED: "enroll.admitted",
    EnrollmentState.OFFERED: "enroll.offered",
    EnrollmentState.WAITING: "enroll.waitlisted",
    EnrollmentState.REFUSED: "enroll.refused",
    EnrollmentState.WITHDRAWN: "enroll.withdrawn",
    EnrollmentState.EXPIRED: "enroll.offer_expired",
    EnrollmentState.CANCELLED: "enroll.run_cancelled",
}
_AUDITED = {
    EnrollmentState.ADMITTED: "enrollment.admitted",
    EnrollmentState.OFFERED: "seat.offered",
    EnrollmentState.REFUSED: "enrollment.refused",
    EnrollmentState.WITHDRAWN: "enrollment.withdrawn",
    EnrollmentState.EXPIRED: "offer.expired",
    EnrollmentState.CANCELLED: "enrollment.cancelled",
}
_States = list[EnrollmentState]


def add_enrollments(block: Block, judge: Judge) -> Iterator[tuple[int, int, datetime]]:
    """Fill the block's runs; yields (enrollment, tenant, until) of each open offer, whose end is a job."""
    pools = {form: _Pool(block, opens) for form, opens in _OPENS.items()}
    demo = _demo_states(block)
    popular = 0
    for run in block.runs:
        states = _states(block, run)
        if run.phase == "upcoming" and run.cancel_code is None and len(states) >= run.capacity:
            popular += 1
            if popular % 4 == 1:
                _offer_the_last_seat(run, states)
        forced = demo.get(run.id)
        count = run.capacity + 2 if forced in _NEEDS_A_FULL_RUN else len(states)
        learners = pools[CourseForm(run.course.form)].take(run, count)
        if forced is not None:
            _seat_the_demo_learner(block.learners[0], forced, learners, states, run)
        yield from _fill(block, judge, run, learners, states)


def _states(block: Block, run: OpenRun) -> _States:
    """What became of a run's applicants, in the order they applied."""
    rng, capacity = block.rng, run.capacity
    if run.cancel_code is not None:
        return [EnrollmentState.CANCELLED] * rng.randint(2, 6)
    ended = [EnrollmentState.WITHDRAWN] * (rng.random() < 0.3) + [EnrollmentState.REFUSED] * (rng.random() < 0.25)
    ended += [EnrollmentState.EXPIRED] * (rng.random() < 0.06)
    if run.phase == "past":
        return [*([EnrollmentState.ADMITTED] * round(capacity * rng.uniform(0.15, 0.45))), *ended]
    if run.phase == "running":
        return [*([EnrollmentState.ADMITTED] * round(capacity * rng.uniform(0.3, 0.7))), *ended]
    share = rng.random()
    if share < 0.14:
        held = [EnrollmentState.ADMITTED] * (capacity // 2)
        held += [EnrollmentState.APPLIED] * (capacity - len(held))
        return [*ended, *held, *([EnrollmentState.WAITING] * rng.randint(1, 6))]
    if share < 0.3:
        return []
    count = max(1, round(capacity * rng.uniform(0.08, 0.7)))
    admitted = round(count * rng.random())
    return [
        *([EnrollmentState.ADMITTED] * admitted),
        *([EnrollmentState.APPLIED] * (count - admitted)),
        *ended,
    ]


def _offer_the_last_seat(run: OpenRun, states: _States) -> None:
    if EnrollmentState.WAITING in states:
        states[states.index(EnrollmentState.WAITING) - 1] = EnrollmentState.OFFERED


class _Pool:
    """Learners for one form of course: mostly those it is for, with others among them, each in turn."""

    def __init__(self, block: Block, opens: frozenset[str]) -> None:
        learners = block.learners[1:]  # the first block's first learner is the demo learner, who is seated by hand
        meant = [learner for learner in learners if learner.opens & opens]
        others = [learner for learner in learners if not learner.opens & opens]
        meant += block.rng.sample(others, min(len(others), len(meant) // 12))
        block.rng.shuffle(meant)
        self._queue = meant
        self._next = 0

    def take(self, run: OpenRun, count: int) -> list[Learner]:
        """Learners whose other runs leave these days free; neighbours of the school first if there are any."""
        found: list[Learner] = []
        look = min(len(self._queue), count * 12)
        seen = [self._queue[(self._next + step) % len(self._queue)] for step in range(look)]
        if run.phase != "upcoming":
            # Whose papers still wait has not begun a class; who was refused for them did not come again.
            seen = [
                learner
                for learner in seen
                if learner.proof_state != ProofState.PENDING and not learner.was_refused
            ]
        for is_near in (True, False):
            for learner in seen:
                if len(found) >= count:
                    break
                if (learner.place is run.place) is is_near and learner.is_free(run.starts_on, run.ends_on):
                    found.append(learner)
        self._next = (self._next + max(count, 1)) % max(len(self._queue), 1)
        return found


def _demo_states(block: Block) -> dict[int, EnrollmentState]:
    """The runs of the demo institution the demo learner is in, and how."""
    if block.number:
        return {}
    wanted = (
        ("past", EnrollmentState.ADMITTED),
        ("past", EnrollmentState.WITHDRAWN),
        ("past", EnrollmentState.REFUSED),
        ("running", EnrollmentState.ADMITTED),
        ("upcoming", EnrollmentState.WAITING),
        ("upcoming", EnrollmentState.OFFERED),
    )
    own = [
        run
        for run in block.runs
        if run.course.school.place.code == DEMO_COUNTY and run.course.form == "employment"
    ]
    # The first two courses (焊工, 涂装工) keep their open seats for whoever tries the journey.
    first_two = list(dict.fromkeys(run.course.id for run in own))[:2]
    own = [run for run in own if run.cancel_code is None and run.course.id not in first_two]
    chosen: dict[int, EnrollmentState] = {}
    windows: list[OpenRun] = []
    for phase, state in wanted:
        for run in own:
            is_apart = all(run.ends_on < other.starts_on or other.ends_on < run.starts_on for other in windows)
            if run.phase == phase and run.id not in chosen and (is_apart or state is not EnrollmentState.ADMITTED):
                chosen[run.id] = state
                windows += [run] * (state is EnrollmentState.ADMITTED)
                break
    return chosen


def _seat_the_demo_learner(
    demo: Learner, state: EnrollmentState, learners: list[Learner], states: _States, run: OpenRun
) -> None:
    """Put the demo learner into the run in a state; for a place or an offer the run is full around them."""
    at = 0
    if state in _NEEDS_A_FULL_RUN:
        at = run.capacity - (state is EnrollmentState.OFFERED)
        states[:] = [EnrollmentState.ADMITTED] * at + [EnrollmentState.WAITING] * (len(learners) - at)
    states.insert(at, state)
    learners.insert(at, demo)


def _fill(
    block: Block, judge: Judge, run: OpenRun, learners: list[Learner], states: _States
) -> Iterator[tuple[int, int, datetime]]:
    reference = block.reference
    counters = run.seats_row
    last_day = min((run.starts_on - reference.today).days - 1, -1)
    moments = sorted(
        reference.some_time(block.rng, max(last_day - 18, -240), last_day) for _learner in range(len(learners))
    )
    for learner, state, at in zip(learners, states, moments, strict=False):
        is_held = state in _HOLDS_A_SEAT
        if is_held and counters["taken"] >= counters["capacity"]:
            state, is_held = EnrollmentState.WITHDRAWN, False
        papers_failed = learner.proof_state == ProofState.RETURNED and run.phase != "upcoming"
        if papers_failed and state is EnrollmentState.ADMITTED:
            state, is_held, learner.was_refused = EnrollmentState.REFUSED, False, True
        until = min(reference.at(1, 12), run.starts_at - timedelta(hours=2))
        judged = judge.judge(learner, run.course, at.date())
        enrollment_id = _add(block, run, learner, state, judged, at, until)
        if is_held:
            counters["taken"] += 1
            learner.windows.append((run.starts_on, run.ends_on))
        if state is EnrollmentState.WAITING:
            block.rows.add(
                WaitlistEntry, enrollment_id=enrollment_id, run_id=run.id, number=counters["next_number"]
            )
            counters["waiting"] += 1
            counters["next_number"] += 1
        if state is EnrollmentState.OFFERED:
            yield enrollment_id, run.course.school.id, until


def _add(
    block: Block,
    run: OpenRun,
    learner: Learner,
    state: EnrollmentState,
    judged: Judged,
    at: datetime,
    until: datetime,
) -> int:
    reference, course = block.reference, run.course
    decided_at = min(at + timedelta(days=2), reference.at(0, 8))
    if state is EnrollmentState.OFFERED:
        decided_at = reference.at(0, 8)
    by_school = state in (EnrollmentState.ADMITTED, EnrollmentState.REFUSED, EnrollmentState.CANCELLED)
    is_changed = state not in (EnrollmentState.APPLIED, EnrollmentState.WAITING)
    reasons: list[str] = []
    if state is EnrollmentState.REFUSED:
        was_papers = learner.proof_state == ProofState.RETURNED
        reasons = ["papers_not_verified" if was_papers else block.rng.choice(_REFUSALS)]
    elif state is EnrollmentState.CANCELLED and run.cancel_code:
        reasons = [run.cancel_code]
    enrollment_id = block.rows.add(
        Enrollment,
        run_id=run.id,
        course_id=course.id,
        tenant_id=course.school.id,
        region_id=run.place.id,
        learner_region_id=learner.place.id,
        learner_id=learner.id,
        learner_name=learner.name,
        id_number_masked=mask_id_number(learner.id_number),
        phone=learner.phone,
        course_title=course.title,
        state=state,
        busy=run.busy,
        answer=judged.answer,
        rule_code=judged.rule_code,
        subsidy_fen=judged.subsidy_fen,
        learner_pays_fen=judged.learner_pays_fen,
        papers=judged.papers,
        offer_expires_at=until if state is EnrollmentState.OFFERED else None,
        reason_codes=reasons,
        note=None,
        decided_by=course.school.manager_id if by_school else None,
        decided_at=decided_at if by_school else None,
        created_at=at,
        updated_at=decided_at if is_changed else at,
    )
    block.rows.add(
        EligibilityDecision,
        enrollment_id=enrollment_id,
        learner_id=learner.id,
        region_id=learner.place.id,
        supersedes_id=None,
        judged_on=at.date(),
        answer=judged.decided,
        rule_code=judged.rule_code,
        subsidy_fen=judged.subsidy_fen,
        grounds=judged.grounds,
        valid_until=judged.valid_until,
        created_at=at,
    )
    _record(block, run, learner, state, enrollment_id, at, decided_at, until)
    return enrollment_id


def _record(
    block: Block,
    run: OpenRun,
    learner: Learner,
    state: EnrollmentState,
    enrollment_id: int,
    at: datetime,
    decided_at: datetime,
    until: datetime,
) -> None:
    subject = ("enrollment", enrollment_id)
    tenant_id, region_id = run.course.school.id, run.place.id
    first = "enrollment.waitlisted" if state is EnrollmentState.WAITING else "enrollment.applied"
    block.log(
        first, at, subject=subject, actor_id=learner.id, tenant_id=tenant_id, region_id=region_id, run_id=run.id
    )
    if state in _AUDITED:
        actor_id = learner.id if state is EnrollmentState.WITHDRAWN else run.course.school.manager_id
        block.log(
            _AUDITED[state],
            decided_at,
            subject=subject,
            actor_id=actor_id,
            tenant_id=tenant_id,
            region_id=region_id,
            run_id=run.id,
        )
    if run.phase == "past" and learner is not block.learners[0]:
        return
    params: dict[str, object] = {"title": run.course.title}
    if state is EnrollmentState.ADMITTED:
        params["starts_on"] = run.starts_on.isoformat()
    elif state is EnrollmentState.OFFERED:
        params["until"] = f"{until + timedelta(hours=8):%Y-%m-%d %H:%M}"
    kind = _TOLD[state]
    is_read = block.rng.random() < 0.5
    block.tell(learner.id, kind, decided_at, dedupe=f"{kind}:{enrollment_id}:", is_read=is_read, **params)
