"""Decisions made again: why, as of which day, and what that makes of an application.

A decision counts as of the day its class is filed: here, the day it begins. Until then it is made again whenever
what it rests on may have changed; from then on by that day's law, and only where the bureau says something new of
the papers. One supersedes another; none is ever edited.

What was proved while an application runs counts until that day, though papers run out or a register certifies it
no more: how long papers serve differs by group, and an institution would read the group off whose application fell
back. On that day what is proved then counts alone.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from app import audit, clock, notifications
from app.catalog.models import CourseForm, CourseRevision, CourseRun
from app.db import db
from app.enroll import rules
from app.enroll.models import ACTIVE, EligibilityDecision, Enrollment, LearnerProfile, PapersState, Proof
from app.enroll.rules import TOLD_BEFORE, Proved, Why
from app.enroll.services import certified, judging, profiles
from app.errors import DomainError
from app.policy import services as policy
from app.policy.models import Trade
from app.policy.verdict import Answer


@dataclass(frozen=True, slots=True)
class _Kept:
    """A course's terms and trade as an earlier decision kept them."""

    level: int | None
    fee_fen: int
    form: CourseForm
    code: str
    label: str
    is_subsidised: bool = True

    @classmethod
    def of(cls, offer: Mapping[str, Any]) -> _Kept:
        form = CourseForm(offer["form"])
        return cls(offer["level"], offer["fee_fen"], form, offer["trade_code"], offer["trade_name"])


@dataclass(frozen=True, slots=True)
class _Application:
    """A running application with its decision in force and what that is made of again."""

    enrollment: Enrollment
    decision: EligibilityDecision
    revision: CourseRevision | None
    trade: Trade | None
    starts_on: date | None
    grounds: Mapping[str, Any]

    def has_begun(self, today: date) -> bool:
        """Whether the class began on an earlier day."""
        return self.starts_on is not None and self.starts_on < today

    def is_ahead(self, today: date) -> bool:
        """Whether the class begins on a later day, as far as this scope sees it."""
        return self.starts_on is None or self.starts_on > today

    def day(self, today: date) -> date:
        """The day it is judged by: today, or the day the class began."""
        return self.starts_on if self.starts_on is not None and self.has_begun(today) else today

    def is_filed(self) -> bool:
        """Whether the decision in force is that of the first day."""
        return self.starts_on is not None and self.decision.judged_on >= self.starts_on

    def former(self, claims: Collection[rules.Claim]) -> Proved:
        """What was proved when the decision in force was made, or before; grounds have not always kept it."""
        kept = self.grounds.get("proved")
        return rules.proved(claims, self.decision.judged_on) if kept is None else Proved.of_json(kept)

    def proved(self, claims: Collection[rules.Claim], today: date) -> Proved:
        """What counts as proved: on the first day what is in force then, until then also what was before."""
        found = rules.proved(claims, self.day(today))
        return found.with_former(self.former(claims)) if self.is_ahead(today) else found


def as_claim(proof: Proof) -> rules.Claim:
    """A proof as the rules see it."""
    return rules.Claim(rules.read_claim(proof.claim), proof.state, proof.valid_until)


def _claims_of(learner_id: int, today: date) -> list[rules.Claim]:
    proofs = db.session.scalars(sa.select(Proof).where(Proof.learner_id == learner_id))
    return [*map(as_claim, proofs), *certified.claims_of(learner_id=learner_id, on=today)]


def _applications(*wanted: sa.ColumnElement[bool]) -> list[_Application]:
    rows: Sequence[Any] = db.session.execute(
        sa.select(Enrollment, EligibilityDecision, CourseRevision, Trade, CourseRun.starts_on)
        .join(EligibilityDecision, EligibilityDecision.enrollment_id == Enrollment.id)
        .outerjoin(
            CourseRevision, sa.and_(CourseRevision.course_id == Enrollment.course_id, CourseRevision.is_live)
        )
        .outerjoin(Trade, Trade.id == CourseRevision.trade_id)
        .outerjoin(CourseRun, CourseRun.id == Enrollment.run_id)
        .where(*wanted, Enrollment.state.in_(ACTIVE))
        .ext(distinct_on(Enrollment.id))
        .order_by(Enrollment.id, EligibilityDecision.id.desc())
    ).all()
    return [
        _Application(enrollment, decision, revision, trade, starts_on, json.loads(decision.grounds))
        for enrollment, decision, revision, trade, starts_on in rows
    ]


def _one_at_a_time(learner_id: int) -> None:
    """Wait for whoever judges this learner's applications, so that a decision is superseded once."""
    db.session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended("decisions", learner_id))))


def refresh(*, learner_id: int, why: Why = Why.PAPERS) -> None:
    """Bring every running application of a learner up to date; in the learner's or the bureau's scope.

    A new decision supersedes one whose time has come, and because of `why` one made before something new was
    proved; once the class has begun, one that comes out differently. Lapsing changes nothing but the decision.
    """
    today = clock.today()
    _one_at_a_time(learner_id)
    claims = _claims_of(learner_id, today)
    changed_on = policy.changed_on(today)
    for each in _applications(Enrollment.learner_id == learner_id):
        decision = each.decision
        judged = _judge(each, claims, today)
        if judged is not None:
            due = rules.why_due(
                judged_on=decision.judged_on,
                valid_until=decision.valid_until,
                starts_on=each.starts_on,
                changed_on=changed_on,
                today=today,
            )
            if each.is_ahead(today):
                is_new = rules.proved(claims, today).adds_to(each.former(claims))
            else:
                is_new = judged.answer != decision.answer or judged.terms != _terms(each.enrollment)
            is_told = is_new or due not in (None, Why.LAPSED)
            if due or is_new:
                _supersede(each, judged, due or why, each.day(today), is_told=is_told)
            judged = judged if is_told or not each.is_ahead(today) else None
        _update_papers(each, judged, claims, today)
        _ask_for_new_papers(each, today)


def ending(*, learner_id: int, today: date, before: date) -> list[tuple[Enrollment, EligibilityDecision]]:
    """The learner's applications, each with its decision, that lapse up to a day and before their class begins."""
    return [
        (each.enrollment, each.decision)
        for each in _applications(Enrollment.learner_id == learner_id)
        if each.decision.answer != Answer.NO
        and today <= each.decision.valid_until <= before
        and each.starts_on is not None
        and each.decision.valid_until < each.starts_on
    ]


def judge_by_answers(*, enrollment_id: int, user_id: int, answers: Mapping[str, object]) -> bool:
    """Judge an application by what the learner says today; False if that is what stands already.

    Asks the bureau for papers where the answers need others. Raises DomainError answers_missing or class_begun.
    """
    today = clock.today()
    if not answers:
        raise DomainError("answers_missing")
    _one_at_a_time(user_id)
    found = _applications(Enrollment.id == enrollment_id, Enrollment.learner_id == user_id)
    if not found or found[0].starts_on is None or found[0].starts_on <= today:
        raise DomainError("class_begun")
    application, claims = found[0], _claims_of(user_id, today)
    said = json.loads(json.dumps(judging.plain_answers(answers)))  # as grounds keep it
    judged = _judge(application, claims, today, said=said)
    decision = application.decision
    if judged is None or (said == application.grounds.get("said") and decision.judged_on == today):
        return False
    _supersede(application, judged, Why.ANSWERS, today)
    profile = _keep_answers(user_id, answers)
    papers = rules.evaluate_papers(needed=judged.needs_papers, groups=judged.groups, claims=claims, on=today)
    if papers in (PapersState.PENDING, PapersState.RETURNED) and rules.is_claim_missing(
        groups=judged.groups, claims=claims, on=today
    ):
        _ask(user_id, profile.region_id if profile else decision.region_id, judged.groups)
        claims = _claims_of(user_id, today)
    _update_papers(application, judged, claims, today)
    return True


def _ask(learner_id: int, region_id: int, groups: Collection[str]) -> Proof:
    """Put papers of the groups among those that wait for the bureau."""
    proof = Proof(learner_id=learner_id, region_id=region_id, claim=rules.write_claim(groups), reason_codes=[])
    db.session.add(proof)
    db.session.flush()
    return proof


def must_renew(*, enrollment: Enrollment, groups: Collection[str], starts_on: date | None) -> bool:
    """Whether what was verified for an application will have run out when its class begins."""
    if enrollment.papers is not PapersState.VERIFIED or enrollment.state not in ACTIVE:
        return False
    if starts_on is None or starts_on <= clock.today():
        return False
    claims = _claims_of(enrollment.learner_id, starts_on)
    papers = rules.evaluate_papers(needed=True, groups=groups, claims=claims, on=starts_on)
    return papers is not PapersState.VERIFIED


def _ask_for_new_papers(each: _Application, today: date) -> None:
    """Have the bureau see papers again that soon run out, or did, before the class begins; the learner is told."""
    enrollment, groups = each.enrollment, tuple(each.grounds["groups"])
    if each.starts_on is None or not must_renew(enrollment=enrollment, groups=groups, starts_on=each.starts_on):
        return
    on = min(today + TOLD_BEFORE, each.starts_on)
    claims = _claims_of(enrollment.learner_id, on)
    papers = rules.evaluate_papers(needed=True, groups=groups, claims=claims, on=on)
    if papers is not PapersState.PENDING or not rules.is_claim_missing(groups=groups, claims=claims, on=on):
        return
    proof = _ask(enrollment.learner_id, enrollment.learner_region_id, groups)
    notifications.send(
        enrollment.learner_id,
        "enroll.papers_due",
        dedupe=f"enroll.papers_due:{proof.id}",
        title=enrollment.course_title,
        starts_on=each.starts_on.isoformat(),
    )


def _keep_answers(user_id: int, answers: Mapping[str, object]) -> LearnerProfile | None:
    profile = profiles.get_profile(user_id=user_id)
    if profile is not None:
        profile.facts = profiles.facts_to_keep(kept=profile.facts, answers=answers) or profile.facts
    return profile


def _terms(enrollment: Enrollment) -> tuple[str, str | None, int, int | None]:
    return enrollment.answer, enrollment.rule_code, enrollment.subsidy_fen, enrollment.learner_pays_fen


def _judge(
    each: _Application,
    claims: Collection[rules.Claim],
    today: date,
    said: Mapping[str, object] | None = None,
) -> judging.Judgement | None:
    """The verdict as of the day that counts; None where the law is not asked: a course without subsidy."""
    day, grounds = each.day(today), each.grounds
    said = grounds.get("said", grounds["facts"]) if said is None else said
    proved = each.proved(claims, today)
    standing = None
    profile = profiles.get_profile(user_id=each.enrollment.learner_id)
    id_number = profile.id_number if profile else None
    if each.has_begun(today):
        if not grounds.get("offer"):
            return None
        revision: judging.Terms
        trade: policy.TradeName
        revision = trade = _Kept.of(grounds["offer"])
        if each.is_filed():
            # What a register certified then may be gone: the facts stand, and what was verified since is added.
            standing, proved = _standing(grounds["offer"]), proved.with_former(each.former(claims))
            facts = judging.with_verified(facts=grounds["facts"], verified=proved.groups)
        else:  # the night of the first day did not come: what was proved before it does not count by itself
            facts = judging.gather_facts(answers=said, id_number=id_number, proved=proved, on=day)
    else:
        if each.revision is None or each.trade is None or not each.revision.is_subsidised:
            return None
        revision, trade = each.revision, each.trade
        facts = judging.gather_facts(answers=said, id_number=id_number, proved=proved, on=day)
    return judging.judge(
        facts=facts,
        said=said,
        revision=revision,
        trade=trade,
        tenant_id=each.enrollment.tenant_id,
        on=day,
        standing=standing,
        proved=proved,
    )


def _standing(offer: Mapping[str, Any]) -> policy.Standing:
    """Where the course stood on the day of a decision: a designation may have ended or been suspended since."""
    entry = offer["list_entry"]
    return policy.Standing(int(entry) if entry else None, offer["designated"])


def _supersede(
    each: _Application, judged: judging.Judgement, why: Why, day: date, *, is_told: bool = True
) -> None:
    """Make a decision in place of the one in force; with `is_told` the institution sees what comes of it."""
    enrollment, decision = each.enrollment, each.decision
    is_changed = judged.answer != decision.answer or judged.terms != _terms(enrollment)
    db.session.add(
        EligibilityDecision(
            enrollment_id=enrollment.id,
            learner_id=enrollment.learner_id,
            region_id=enrollment.learner_region_id,
            supersedes_id=decision.id,
            judged_on=day,
            answer=judged.answer,
            rule_code=judged.rule_code,
            subsidy_fen=judged.subsidy_fen,
            grounds=judging.with_why(grounds=judged.grounds, why=why),
            valid_until=judging.serves_until(on=day),
        )
    )
    audit.record(
        "decision.superseded",
        subject=("enrollment", enrollment.id),
        region_id=enrollment.region_id,
    )
    if not is_changed:
        return
    if is_told and judged.terms != _terms(enrollment):
        enrollment.answer, enrollment.rule_code, enrollment.subsidy_fen, enrollment.learner_pays_fen = judged.terms
        enrollment.updated_at = clock.now()
    notifications.send(
        enrollment.learner_id,
        "enroll.verdict_changed",
        dedupe=f"enroll.verdict_changed:{enrollment.id}:{decision.id}",
        title=enrollment.course_title,
    )


def _update_papers(
    each: _Application, judged: judging.Judgement | None, claims: Collection[rules.Claim], today: date
) -> None:
    enrollment = each.enrollment
    if each.has_begun(today) and each.is_filed() and enrollment.papers is PapersState.VERIFIED:
        return  # what was verified when the class began has served
    papers = rules.evaluate_papers(
        needed=judged.needs_papers if judged else enrollment.papers is not PapersState.NOT_NEEDED,
        groups=judged.groups if judged else tuple(each.grounds["groups"]),
        claims=[*claims, each.proved(claims, today).as_claim()] if each.is_ahead(today) else claims,
        on=each.day(today),
    )
    if papers is not enrollment.papers:
        enrollment.papers, enrollment.updated_at = papers, clock.now()
