"""Proofs: what a learner claims and the bureau's word on it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import sqlalchemy as sa

from app import audit, clock, notifications, scope
from app.db import db
from app.enroll import rules, texts
from app.enroll.models import LearnerProfile, Proof, ProofState
from app.enroll.services import deciding, files, profiles
from app.errors import DomainError
from app.policy import services as policy
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
    deciding.refresh(learner_id=proof.learner_id)
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
    proofs = db.session.scalars(sa.select(Proof).where(Proof.learner_id == user_id))
    claims = [deciding.as_claim(proof) for proof in proofs]
    if rules.is_claim_missing(groups=rules.read_claim(old.claim), claims=claims, on=clock.today()):
        new = Proof(learner_id=user_id, region_id=old.region_id, claim=old.claim, reason_codes=[])
        db.session.add(new)
        db.session.flush()
        files.hand_on(old=old, new=new)
    audit.record("proof.submitted", subject=("proof", old.id), region_id=old.region_id)
    db.session.flush()
    deciding.refresh(learner_id=user_id)
    return new
