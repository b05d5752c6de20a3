"""What runs out by itself: proofs, two weeks after their owners were told."""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa

from app import audit, clock, notifications
from app.db import db
from app.enroll.models import Proof, ProofState
from app.enroll.services import papers

TOLD_BEFORE = timedelta(days=14)


def _ending(on: date) -> sa.ColumnElement[bool]:
    return sa.and_(Proof.state == ProofState.VERIFIED, Proof.valid_until <= on + TOLD_BEFORE)


def learners_concerned(*, on: date) -> list[int]:
    """Whose proofs have run out or soon will; in the scope of every region."""
    return list(db.session.scalars(sa.select(Proof.learner_id).where(_ending(on)).distinct()))


def expire_proofs(*, learner_id: int) -> None:
    """Expire what has run out and announce what will; in the learner's scope, as often as one likes."""
    today = clock.today()
    proofs = db.session.scalars(sa.select(Proof).where(Proof.learner_id == learner_id, _ending(today))).all()
    for proof in proofs:
        assert proof.valid_until is not None
        until = proof.valid_until.isoformat()
        if proof.valid_until >= today:
            notifications.send(
                learner_id, "enroll.proof_ends", dedupe=f"enroll.proof_ends:{proof.id}:{until}", until=until
            )
            continue
        proof.state = ProofState.EXPIRED
        audit.record("proof.expired", subject=("proof", proof.id), region_id=proof.region_id)
        notifications.send(
            learner_id, "enroll.proof_expired", dedupe=f"enroll.proof_expired:{proof.id}:{until}", until=until
        )
    db.session.flush()
    papers.refresh(learner_id=learner_id)
