"""This room's jobs; each is idempotent and runs in the scope it carries."""

from __future__ import annotations

from collections.abc import Sequence

from app import jobs
from app.enroll.services import papers, seats


@jobs.task("enroll.enrollment_made")
def enrollment_made(*, enrollment_id: int) -> None:
    """Tell the learner what their application became (learner's scope; enqueued by `seat_take`)."""
    seats.announce(enrollment_id=enrollment_id)


@jobs.task("enroll.offer_seats")
def offer_seats(*, run_id: int) -> None:
    """Offer free seats to the head of the waitlist (institution's scope)."""
    seats.offer_seats(run_id=run_id)


@jobs.task("enroll.expire_offer")
def expire_offer(*, enrollment_id: int) -> None:
    """Take back an offer whose time is over (institution's scope; scheduled at its end)."""
    seats.expire_offer(enrollment_id=enrollment_id)


@jobs.task("enroll.run_cancelled")
def run_cancelled(*, run_id: int, reason_code: str | None = None) -> None:
    """End the applications to a cancelled run and tell every learner (institution's scope)."""
    seats.close_run(run_id=run_id, reason_code=reason_code)


@jobs.task("enroll.run_changed")
def run_changed(*, run_id: int, changes: Sequence[str] = (), reason_code: str | None = None) -> None:
    """Carry a run's new times to its learners and tell every one (institution's scope)."""
    seats.retime_run(run_id=run_id, changes=changes)


@jobs.task("enroll.proofs_changed")
def proofs_changed(*, learner_id: int) -> None:
    """Bring a learner's applications up to date with their proofs (learner's or bureau's scope)."""
    papers.refresh(learner_id=learner_id)
