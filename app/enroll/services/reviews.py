"""申请人工复核: a person asks the bureau to look at a verdict, and gets an answer."""

from __future__ import annotations

import sqlalchemy as sa

from app import audit, clock, notifications, scope
from app.db import db
from app.enroll.models import ReviewRequest
from app.errors import DomainError
from app.tenants.models import Region, RegionKind


def request_review(*, user_id: int, course_id: int | None, region_id: int | None, message: str) -> ReviewRequest:
    """Ask the bureau of the learner's county about a course, or about all the person may learn.

    Raises DomainError message_empty or residence_missing.
    """
    if not message.strip():
        raise DomainError("message_empty", field="message")
    region = db.session.get(Region, region_id) if region_id else None
    if region is None or region.kind is RegionKind.CITY:
        raise DomainError("residence_missing", field="region_id")
    request = ReviewRequest(learner_id=user_id, region_id=region.id, course_id=course_id, message=message.strip())
    db.session.add(request)
    db.session.flush()
    audit.record("review.requested", subject=("review_request", request.id), region_id=region.id)
    return request


def answer_review(*, request_id: int, answer: str) -> None:
    """The bureau answers and the learner is told; raises DomainError answer_empty or review_answered."""
    if not answer.strip():
        raise DomainError("answer_empty", field="answer")
    request = db.session.scalar(sa.select(ReviewRequest).where(ReviewRequest.id == request_id).with_for_update())
    if request is None or request.answered_at is not None:
        raise DomainError("review_answered", field="answer")
    request.answer = answer.strip()
    request.answered_by, request.answered_at = scope.require().actor_id, clock.now()
    audit.record("review.answered", subject=("review_request", request.id), region_id=request.region_id)
    notifications.send(request.learner_id, "enroll.review_answered", dedupe=f"enroll.review_answered:{request.id}")
