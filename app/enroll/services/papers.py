"""Proofs: what a learner claims, the bureau's word on it, and what that does to every application."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from app import audit, clock, notifications, scope
from app.catalog.models import CourseRevision
from app.db import db
from app.enroll import rules, texts
from app.enroll.models import (
    ACTIVE,
    EligibilityDecision,
    Enrollment,
    LearnerProfile,
    PapersState,
    Proof,
    ProofState,
)
from app.enroll.services import certified, files, judging, profiles
from app.errors import DomainError
from app.policy import services as policy
from app.policy.models import Trade
from app.policy.rulebook import TargetGroup, in_force
from app.tenants.identifiers import IdentifierError, check_id_number
from app.tenants.logins import key_of
from app.tenants.models import Login, Tenant

REFERRED = ("COMMUNITY_CORRECTION", "REENTRY_SUPPORT", "COMPULSORY_DETOX")


def groups_in_force(on: date) -> tuple[TargetGroup, ...]:
    """Every target group that opens something on the day."""
    return tuple(group for group in in_force(policy.rulebook().groups, on) if group.opens)


def suggested_until(groups: Collection[str], *, on: date) -> date | None:
    """Until when papers of these groups usually serve (the shortest of them); None: for good."""
    book = policy.rulebook()
    codes = {paper for code in groups for paper in papers_of(code, on=on)}
    months = [paper.months for paper in book.papers if paper.code in codes and paper.months]
    return rules.add_months(on, min(months)) if months else None


def papers_of(code: str, *, on: date) -> tuple[str, ...]:
    """The codes of the papers any one of which proves a group."""
    group = policy.rulebook().group(code, on)
    return group.papers if group else ()


def as_claim(proof: Proof) -> rules.Claim:
    """A proof as the rules see it."""
    return rules.Claim(rules.read_claim(proof.claim), proof.state, proof.valid_until)


# --- The bureau ---------------------------------------------------------------------------------------------


def _pending(proof_id: int) -> Proof:
    proof = db.session.scalar(sa.select(Proof).where(Proof.id == proof_id).with_for_update())
    if proof is None or proof.state is not ProofState.PENDING:
        raise DomainError("proof_decided")
    return proof


def _decide(proof: Proof, state: ProofState) -> None:
    proof.state = state
    proof.decided_by = scope.require().actor_id
    proof.decided_at = clock.now()
    audit.record(f"proof.{state.value}", subject=("proof", proof.id), region_id=proof.region_id)


def verify_proof(
    *, proof_id: int, groups: Collection[str], valid_until: date | None, seen: Collection[int] = ()
) -> None:
    """The bureau confirms the groups it has seen papers for; this serves every later application.

    `seen` are the files that lay before it. Raises DomainError proof_decided, files_changed, group_unknown or
    valid_until_past.
    """
    today = clock.today()
    proof = _pending(proof_id)
    if {file.id for file in files.files_of(proof_ids=[proof.id])[proof.id]} != set(seen):
        raise DomainError("files_changed", field="valid_until")
    _check_groups(groups, valid_until, today)
    proof.claim, proof.valid_until = rules.write_claim(groups), valid_until
    proof.reason_codes, proof.note = [], None
    _decide(proof, ProofState.VERIFIED)
    _after(proof, "enroll.proof_verified")


def _check_groups(groups: Collection[str], valid_until: date | None, today: date) -> None:
    known = {group.code for group in groups_in_force(today)}
    if not groups or not set(groups) <= known:
        raise DomainError("group_unknown", field="other")
    if valid_until is not None and valid_until <= today:
        raise DomainError("valid_until_past", field="valid_until")


def return_proof(*, proof_id: int, reason_codes: Collection[str], note: str | None) -> None:
    """The bureau sends a proof back with coded reasons; raises DomainError proof_decided or reason_missing."""
    proof = _pending(proof_id)
    if not reason_codes or not set(reason_codes) <= texts.RETURNS.keys():
        raise DomainError("reason_missing", field="reason_codes")
    proof.reason_codes, proof.note = list(reason_codes), note or None
    _decide(proof, ProofState.RETURNED)
    _after(proof, "enroll.proof_returned")


def _after(proof: Proof, kind: str) -> None:
    db.session.flush()
    refresh(learner_id=proof.learner_id)
    notifications.send(proof.learner_id, kind, dedupe=f"{kind}:{proof.id}")


def reveal_identity(*, proof_id: int) -> tuple[str, str] | None:
    """The learner's name and full ID number, for comparing with the card; every look is recorded."""
    row = db.session.execute(
        sa.select(Proof, LearnerProfile)
        .join(LearnerProfile, LearnerProfile.user_id == Proof.learner_id)
        .where(Proof.id == proof_id)
    ).one_or_none()
    if row is None:
        return None
    proof, profile = row
    audit.record("identity.revealed", subject=("proof", proof.id), region_id=proof.region_id)
    return profile.name, profile.id_number


def record_referral(*, learner: str, group: str, valid_until: date | None) -> Proof:
    """Record a referral for a learner named by a login or an ID number, verified at once.

    Raises DomainError learner_unknown, group_unknown or valid_until_past.
    """
    today = clock.today()
    if group not in REFERRED:
        raise DomainError("group_unknown", field="group")
    _check_groups([group], valid_until, today)
    profile = _find_by_id_number(learner, today)
    user_id = profile.user_id if profile else _find_by_login(learner)
    if user_id is None:
        raise DomainError("learner_unknown", field="learner")
    profile = profile or profiles.get_profile(user_id=user_id)
    tenant = db.session.scalar(sa.select(Tenant).where(Tenant.id == scope.require().tenant_id))
    assert tenant is not None
    proof = Proof(
        learner_id=user_id,
        region_id=profile.region_id if profile else tenant.region_id,
        claim=group,
        is_referral=True,
        valid_until=valid_until,
        reason_codes=[],
        created_at=clock.now(),
    )
    db.session.add(proof)
    db.session.flush()
    _decide(proof, ProofState.VERIFIED)
    _after(proof, "enroll.proof_verified")
    return proof


def _find_by_id_number(text: str, on: date) -> LearnerProfile | None:
    try:
        number = check_id_number(text, on).text
    except IdentifierError:
        return None
    index = profiles.id_number_index(number)
    return db.session.scalar(sa.select(LearnerProfile).where(LearnerProfile.id_number_index == index))


def _find_by_login(text: str) -> int | None:
    value = key_of(text)
    if not value:
        return None
    scope.present(db.session(), value)
    return db.session.scalar(sa.select(Login.user_id).where(Login.value == value))


# --- The learner --------------------------------------------------------------------------------------------


def submit_again(*, proof_id: int, user_id: int) -> Proof | None:
    """The learner hands a returned or expired proof in again: a new one, which takes the files along.

    None if another proof of the same already waits or is in force. Raises DomainError proof_decided.
    """
    old = files.own_proof(proof_id=proof_id, user_id=user_id, for_update=True)
    if old is None or old.state not in (ProofState.RETURNED, ProofState.EXPIRED):
        raise DomainError("proof_decided")
    new = None
    claims = [as_claim(p) for p in db.session.scalars(sa.select(Proof).where(Proof.learner_id == user_id))]
    if rules.is_claim_missing(groups=rules.read_claim(old.claim), claims=claims, on=clock.today()):
        new = Proof(learner_id=user_id, region_id=old.region_id, claim=old.claim, reason_codes=[])
        db.session.add(new)
        db.session.flush()
        files.hand_on(old=old, new=new)
    audit.record("proof.submitted", subject=("proof", old.id), region_id=old.region_id)
    db.session.flush()
    refresh(learner_id=user_id)
    return new


# --- What a proof does to applications ----------------------------------------------------------------------


def refresh(*, learner_id: int) -> None:
    """Bring every running application of a learner up to date with their proofs.

    In the learner's or the bureau's scope. Where the verdict changes, a new decision supersedes the old one.
    """
    today = clock.today()
    proofs = db.session.scalars(sa.select(Proof).where(Proof.learner_id == learner_id)).all()
    claims = [*map(as_claim, proofs), *certified.claims_of(learner_id=learner_id, on=today)]
    rows: Sequence[Any] = db.session.execute(
        sa.select(Enrollment, EligibilityDecision, CourseRevision, Trade)
        .join(EligibilityDecision, EligibilityDecision.enrollment_id == Enrollment.id)
        .outerjoin(
            CourseRevision, sa.and_(CourseRevision.course_id == Enrollment.course_id, CourseRevision.is_live)
        )
        .outerjoin(Trade, Trade.id == CourseRevision.trade_id)
        .where(Enrollment.learner_id == learner_id, Enrollment.state.in_(ACTIVE))
        .ext(distinct_on(Enrollment.id))
        .order_by(Enrollment.id, EligibilityDecision.id.desc())
    ).all()
    for enrollment, decision, revision, trade in rows:
        grounds = json.loads(decision.grounds)
        groups = tuple(grounds["groups"])
        needed = enrollment.papers is not PapersState.NOT_NEEDED
        if revision is not None and revision.is_subsidised:
            said = grounds.get("said", grounds["facts"])
            judged = _judge_again(enrollment, decision, revision, trade, said, claims, today)
            groups, needed = judged.groups, judged.needs_papers
        papers = rules.evaluate_papers(needed=needed, groups=groups, claims=claims, on=today)
        if papers is not enrollment.papers:
            enrollment.papers, enrollment.updated_at = papers, clock.now()


def _judge_again(
    enrollment: Enrollment,
    decision: EligibilityDecision,
    revision: CourseRevision,
    trade: Trade,
    said: dict[str, object],
    claims: Collection[rules.Claim],
    today: date,
) -> judging.Judgement:
    profile = profiles.get_profile(user_id=enrollment.learner_id)
    gathered = judging.gather_facts(
        answers=said,
        id_number=profile.id_number if profile else None,
        verified=rules.verified_groups(claims, today),
        certified=rules.certified_facts(claims, today),
        on=today,
    )
    judged = judging.judge(
        facts=gathered, said=said, revision=revision, trade=trade, tenant_id=enrollment.tenant_id, on=today
    )
    terms = (enrollment.answer, enrollment.rule_code, enrollment.subsidy_fen, enrollment.learner_pays_fen)
    if judged.terms != terms:
        db.session.add(
            EligibilityDecision(
                enrollment_id=enrollment.id,
                learner_id=enrollment.learner_id,
                region_id=enrollment.learner_region_id,
                supersedes_id=decision.id,
                judged_on=today,
                answer=judged.answer,
                rule_code=judged.rule_code,
                subsidy_fen=judged.subsidy_fen,
                grounds=judged.grounds,
                valid_until=decision.valid_until,
            )
        )
        enrollment.answer, enrollment.rule_code = judged.answer, judged.rule_code
        enrollment.subsidy_fen, enrollment.learner_pays_fen = judged.subsidy_fen, judged.learner_pays_fen
        enrollment.updated_at = clock.now()
        audit.record("decision.superseded", subject=("enrollment", enrollment.id), region_id=enrollment.region_id)
        notifications.send(
            enrollment.learner_id,
            "enroll.verdict_changed",
            dedupe=f"enroll.verdict_changed:{enrollment.id}:{decision.id}",
            title=enrollment.course_title,
        )
    return judged
