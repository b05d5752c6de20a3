"""This room's jobs; each is idempotent and runs in the scope it carries."""

from __future__ import annotations

from collections.abc import Sequence

from app import clock, jobs, storage
from app.enroll.rules import Why
from app.enroll.services import deciding, expiry, files, register_files, registers, seats, simulating
from app.scope import Scope
from app.tenants.regions import everywhere


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
def proofs_changed(*, learner_id: int, why: str = Why.PAPERS) -> None:
    """Bring a learner's applications up to date with what is proved (learner's or bureau's scope)."""
    deciding.refresh(learner_id=learner_id, why=Why(why))


@jobs.task("enroll.forget_files")
def forget_files(*, names: Sequence[str]) -> None:
    """Remove stored files whose rows are gone."""
    for name in names:
        storage.remove(name)


@jobs.task("enroll.read_register")
def read_register(*, import_id: int) -> None:
    """Read a register's large file into a draft (bureau's scope)."""
    register_files.read_register(import_id=import_id)


@jobs.task("enroll.match_learner")
def match_learner(*, learner_id: int) -> None:
    """Find a learner's lines in the registers (scope of every region)."""
    registers.match_learner(learner_id=learner_id)


@jobs.task("enroll.simulate")
def simulate(*, table: str, id: int) -> None:
    """Count what a draft of the law would change in the applications (scope of the bureau that drafts it)."""
    simulating.simulate(table=table, version_id=id)


@jobs.nightly("enroll.night")
def night() -> None:
    """What runs out and what is counted anew, once a night, in the scope of every region."""
    for name in (
        "enroll.look_for_expired",
        "enroll.end_registers",
        "enroll.sweep_files",
        "enroll.simulate_drafts",
    ):
        jobs.enqueue(name, scope=everywhere(), once=name)


@jobs.task("enroll.look_for_expired")
def look_for_expired() -> None:
    """Give each learner whose proof or decision runs out a job in their own scope (scope of every region)."""
    for learner_id in expiry.learners_concerned(on=clock.today()):
        jobs.enqueue("enroll.run_out", scope=Scope(actor_id=learner_id), learner_id=learner_id)


@jobs.task("enroll.run_out")
def run_out(*, learner_id: int) -> None:
    """Expire a learner's proofs, make decisions again, and announce what will run out (learner's scope)."""
    expiry.run_out(learner_id=learner_id)


@jobs.task("enroll.simulate_drafts")
def simulate_drafts() -> None:
    """Have the effects of every draft of the law counted anew (scope of every region)."""
    for table, version_id in simulating.waiting():
        jobs.enqueue("enroll.simulate", table=table, id=version_id)


@jobs.task("enroll.end_registers")
def end_registers() -> None:
    """End what the registers no longer certify (scope of every region)."""
    registers.run_out(on=clock.today())


@jobs.task("enroll.sweep_files")
def sweep_files() -> None:
    """Remove stored files without a row (scope of every region)."""
    files.sweep()
