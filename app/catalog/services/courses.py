"""A course's life: drafted, submitted, live, taken down, copied, archived (docs/decisions/0003)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from app import audit, clock, jobs, scope
from app.catalog import rules, texts
from app.catalog.models import Course, CourseRevision, CourseRun, RevisionState, RunSession, RunState
from app.db import db
from app.errors import DomainError
from app.policy import services as policy
from app.policy.models import Trade
from app.tenants.models import Tenant

__all__ = ["texts"]


class Saved(StrEnum):
    """What became of an edit."""

    DRAFTED = "drafted"
    APPLIED = "applied"
    UNCHANGED = "unchanged"


# --- Reading -----------------------------------------------------------------------------------------------


def own_course(*, course_id: int) -> Course | None:
    """The institution's course, or None: another's live course is public, but not for its desk."""
    return db.session.scalar(_own(course_id))


def own_revisions(*, course_id: int) -> list[CourseRevision]:
    """Every version of one of the institution's courses, newest first."""
    statement = sa.select(CourseRevision).where(
        CourseRevision.course_id == course_id, CourseRevision.tenant_id == scope.require().tenant_id
    )
    return list(db.session.scalars(statement.order_by(CourseRevision.number.desc())))


def working_of(revisions: list[CourseRevision]) -> CourseRevision | None:
    """The version being worked on."""
    return next((revision for revision in revisions if revision.state in rules.WORKING), None)


def approved_of(revisions: list[CourseRevision]) -> CourseRevision | None:
    """The version in force: live, or ready to go live again."""
    return next((revision for revision in revisions if revision.state is RevisionState.APPROVED), None)


def content_of(revision: CourseRevision) -> dict[str, Any]:
    """A version's content as plain values."""
    return {name: getattr(revision, name) for name in rules.CONTENT}


def is_designated(*, tenant_id: int, trade_id: int, level: int | None) -> bool:
    """Whether the institution may give subsidised training in the trade and level today."""
    trade_code = db.session.scalars(sa.select(Trade.code).where(Trade.id == trade_id)).one()
    return policy.is_designated(tenant_id=tenant_id, trade_code=trade_code, level=level, on=clock.today())


def is_verified(*, tenant_id: int) -> bool:
    """Whether the county bureau has accepted the organisation."""
    return bool(db.session.scalar(sa.select(Tenant.is_verified).where(Tenant.id == tenant_id)))


def open_runs(*, course_id: int) -> list[CourseRun]:
    """The course's runs that learners may join or are in."""
    statement = sa.select(CourseRun).where(
        CourseRun.course_id == course_id,
        CourseRun.tenant_id == scope.require().tenant_id,
        CourseRun.state == RunState.OPEN,
        CourseRun.ends_on >= clock.today(),
    )
    return list(db.session.scalars(statement.order_by(CourseRun.starts_on, CourseRun.id)))


# --- Writing -----------------------------------------------------------------------------------------------


def create_course(*, content: Mapping[str, Any]) -> Course:
    """Draft a course; raises DomainError as `rules.check_content`, or trade_unknown."""
    _check(content)
    open_scope = scope.require()
    tenant = db.session.scalars(sa.select(Tenant).where(Tenant.id == open_scope.tenant_id)).one()
    course = Course(tenant_id=tenant.id, tenant_name=tenant.name, region_id=tenant.region_id)
    db.session.add(course)
    db.session.flush()
    _add_revision(course, 1, content)
    audit.record("course.drafted", subject=("course", course.id), region_id=course.region_id)
    return course


def save_course(*, course_id: int, content: Mapping[str, Any]) -> Saved:
    """Keep an edit: on the draft, or as a new version that waits for review or is in force at once.

    Raises DomainError course_archived, course_in_review, subsidy_with_open_runs, trade_unknown, or as
    `rules.check_content`.
    """
    course = _locked(course_id)
    if course.is_archived:
        raise DomainError("course_archived")
    _check(content)
    revisions = own_revisions(course_id=course_id)
    working, approved = working_of(revisions), approved_of(revisions)
    if working is not None and working.state is RevisionState.SUBMITTED:
        raise DomainError("course_in_review")
    base = content_of(approved) if approved is not None else None
    if base is not None and base["is_subsidised"] != content["is_subsidised"] and open_runs(course_id=course_id):
        raise DomainError("subsidy_with_open_runs", field="is_subsidised")
    if base is not None and not rules.changed_fields(base, content):
        if working is not None:
            working.state = RevisionState.SUPERSEDED
        return Saved.UNCHANGED
    if working is None:
        working = _add_revision(course, revisions[0].number + 1 if revisions else 1, content)
    else:
        _fill(working, content)
    if base is None or rules.needs_review(base, content, rules.word_rules()):
        return Saved.DRAFTED
    put_in_force(working, old=approved, is_live=course.is_live)
    audit.record(
        "course.revised",
        subject=("course", course.id),
        region_id=course.region_id,
        data={"revision_id": working.id, "fields": list(rules.changed_fields(base, content))},
    )
    index(course.id)
    return Saved.APPLIED


def submit_course(*, course_id: int, accepts_full_payment: bool) -> CourseRevision:
    """Ask the bureau to review the working version; asking twice is asking once.

    The institution accepts min(standard, fee, cap) as full payment (「免费」). Raises DomainError
    nothing_to_submit, full_payment_unaccepted or one of `rules.can_submit`.
    """
    course = _locked(course_id)
    working = working_of(own_revisions(course_id=course_id))
    if working is None:
        raise DomainError("nothing_to_submit")
    if working.state is RevisionState.SUBMITTED:
        return working
    problems = submission_problems(course=course, revision=working)
    if problems:
        raise DomainError(problems[0])
    if not accepts_full_payment:
        raise DomainError("full_payment_unaccepted", field="accepts")
    working.state = RevisionState.SUBMITTED
    working.submitted_at = clock.now()
    working.created_by = scope.require().actor_id
    audit.record(
        "course.submitted",
        subject=("course", course.id),
        region_id=course.region_id,
        data={"revision_id": working.id, "accepts_full_payment": True},
    )
    return working


def submission_problems(*, course: Course, revision: CourseRevision) -> list[str]:
    """Everything to fix before the version can be submitted, as error codes."""
    return rules.can_submit(
        is_archived=course.is_archived,
        is_subsidised=revision.is_subsidised,
        is_verified=is_verified(tenant_id=course.tenant_id),
        is_designated=is_designated(tenant_id=course.tenant_id, trade_id=revision.trade_id, level=revision.level),
    )


def withdraw_submission(*, course_id: int) -> None:
    """Take the submitted version back to edit it; raises DomainError review_decided if nothing is waiting."""
    course = _locked(course_id)
    working = _lock_working(course)
    if working is None or working.state is not RevisionState.SUBMITTED:
        raise DomainError("review_decided")
    working.state = RevisionState.DRAFT
    working.submitted_at = None
    audit.record("course.submission_withdrawn", subject=("course", course.id), region_id=course.region_id)


def publish_course(*, course_id: int) -> None:
    """Show the approved version to the public; publishing twice is publishing once.

    A course that is not subsidised needs no approval: its draft becomes the approved version. Raises DomainError
    with one of `rules.can_publish`.
    """
    course = _locked(course_id)
    if course.is_live:
        return
    revisions = own_revisions(course_id=course_id)
    working, approved = working_of(revisions), approved_of(revisions)
    chosen = working if working is not None and not working.is_subsidised else approved
    problems = rules.can_publish(
        is_archived=course.is_archived,
        is_verified=is_verified(tenant_id=course.tenant_id),
        is_approved=approved is not None,
        is_subsidised=chosen is None or chosen.is_subsidised,
        is_designated=chosen is None
        or is_designated(tenant_id=course.tenant_id, trade_id=chosen.trade_id, level=chosen.level),
    )
    if problems or chosen is None:
        raise DomainError(problems[0] if problems else "not_approved")
    put_in_force(chosen, old=approved, is_live=True)
    _show(course)
    audit.record(
        "course.published",
        subject=("course", course.id),
        region_id=course.region_id,
        data={"revision_id": chosen.id},
    )


def publish_approved(*, course_id: int) -> None:
    """After the bureau's approval put the version live, in the institution's own scope; safe to run again."""
    course = _locked(course_id)
    has_live = any(revision.is_live for revision in own_revisions(course_id=course_id))
    if course.is_live or course.is_archived or not has_live:
        return
    _show(course)
    audit.record("course.published", subject=("course", course.id), region_id=course.region_id)


def unpublish_course(*, course_id: int) -> None:
    """Take the course down; raises DomainError course_has_open_runs naming them."""
    course = _locked(course_id)
    if not course.is_live:
        return
    _hide(course)
    audit.record("course.unpublished", subject=("course", course.id), region_id=course.region_id)


def archive_course(*, course_id: int) -> None:
    """Put the course away for good; raises DomainError course_has_open_runs naming them."""
    course = _locked(course_id)
    if course.is_archived:
        return
    _hide(course)
    working = _lock_working(course)
    if working is not None and working.state is RevisionState.SUBMITTED:
        working.state = RevisionState.DRAFT
        working.submitted_at = None
    course.is_archived = True
    audit.record("course.archived", subject=("course", course.id), region_id=course.region_id)


def copy_course(*, course_id: int, suffix: str) -> Course:
    """Draft a new course with the newest content of this one; `suffix` marks the title."""
    newest = own_revisions(course_id=course_id)[0]
    content = content_of(newest)
    content["title"] = f"{content['title'][: 120 - len(suffix)]}{suffix}"
    return create_course(content=content)


# --- Parts -------------------------------------------------------------------------------------------------


def put_in_force(revision: CourseRevision, *, old: CourseRevision | None, is_live: bool) -> None:
    """Make `revision` the approved version in the place of `old`, and live or not."""
    if old is not None and old is not revision:
        old.state = RevisionState.SUPERSEDED
        old.is_live = False
        db.session.flush()  # one live version at a time: the old one goes first
    revision.state = RevisionState.APPROVED
    revision.is_live = is_live
    db.session.flush()


def index(course_id: int) -> None:
    """Bring the public's search up to date after this transaction."""
    jobs.enqueue("catalog.index_course", scope=scope.VISITOR, course_id=course_id, once=f"index:{course_id}")


def _own(course_id: int) -> sa.Select[Course]:
    return sa.select(Course).where(Course.id == course_id, Course.tenant_id == scope.require().tenant_id)


def _locked(course_id: int) -> Course:
    return db.session.scalars(_own(course_id).with_for_update().execution_options(populate_existing=True)).one()


def _lock_working(course: Course) -> CourseRevision | None:
    # The bureau decides on this row without the course's lock, so it is read again under its own.
    statement = sa.select(CourseRevision).where(
        CourseRevision.course_id == course.id,
        CourseRevision.tenant_id == course.tenant_id,
        CourseRevision.state.in_(rules.WORKING),
    )
    return db.session.scalar(statement.with_for_update().execution_options(populate_existing=True))


def _check(content: Mapping[str, Any]) -> None:
    rules.check_content(content)
    if db.session.scalar(sa.select(Trade.id).where(Trade.id == content["trade_id"])) is None:
        raise DomainError("trade_unknown", field="trade_id")


def _add_revision(course: Course, number: int, content: Mapping[str, Any]) -> CourseRevision:
    revision = CourseRevision(
        course_id=course.id,
        tenant_id=course.tenant_id,
        region_id=course.region_id,
        number=number,
        state=RevisionState.DRAFT,
        is_live=False,
        reason_codes=[],
        created_by=scope.require().actor_id,
    )
    _fill(revision, content)
    db.session.add(revision)
    db.session.flush()
    return revision


def _fill(revision: CourseRevision, content: Mapping[str, Any]) -> None:
    for name in rules.CONTENT:
        setattr(revision, name, content[name])


def _show(course: Course) -> None:
    course.is_live = True
    _set_public(course, True)
    index(course.id)


def _hide(course: Course) -> None:
    blocking = open_runs(course_id=course.id)
    if blocking:
        raise DomainError(
            "course_has_open_runs", runs="、".join(f"{run.starts_on:%Y-%m-%d} {run.place}" for run in blocking)
        )
    for revision in own_revisions(course_id=course.id):
        revision.is_live = False
    course.is_live = False
    _set_public(course, False)
    index(course.id)


def _set_public(course: Course, is_public: bool) -> None:
    """Runs that were ever open, and their sessions, are seen exactly while the course is."""
    db.session.flush()
    shown = sa.select(CourseRun.id).where(
        CourseRun.course_id == course.id,
        CourseRun.tenant_id == course.tenant_id,
        CourseRun.state != RunState.DRAFT,
    )
    for model, key in ((CourseRun, CourseRun.id), (RunSession, RunSession.run_id)):
        db.session.execute(
            sa.update(model)
            .where(key.in_(shown))
            .values(is_public=is_public)
            .execution_options(synchronize_session=False)
        )
