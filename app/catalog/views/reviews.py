"""The bureau's desk: courses that wait for review, and the decision on each."""

from __future__ import annotations

from flask import abort, flash, redirect, url_for

from app import clock
from app.catalog import rules
from app.catalog.blueprint import bp
from app.catalog.forms import ReviewForm
from app.catalog.models import CourseRevision, RevisionState
from app.catalog.services import courses, listing, reviews
from app.catalog.views.desk import Page, page_number, render
from app.catalog.views.versions import compare
from app.errors import DomainError
from app.i18n import gettext as _
from app.i18n import lazy_gettext as _l
from app.security import access
from app.tenants.desk import Todo, register_item, register_todo

register_item(
    kind="bureau",
    label=_l("课程审核"),
    endpoint="catalog.reviews",
    permission="catalog:course:review",
    order=20,
    count=reviews.count_waiting,
)


def _todos() -> list[Todo]:
    waiting = reviews.count_waiting()
    if not waiting:
        return []
    days = reviews.longest_wait_days()
    label = _l("%(n)s 门课程等待审核，最久的等了 %(days)s 天", n=waiting, days=days)
    return [Todo(label, url_for("catalog.reviews"), waiting, "stop" if days >= 5 else "wait")]


register_todo("bureau", _todos)


@bp.get("/desk/course-reviews", endpoint="reviews")
@access.member("bureau", permission="catalog:course:review")
def reviews_() -> Page:
    """What waits, longest first."""
    total = reviews.count_waiting()
    return render(
        "reviews.html",
        rows=reviews.waiting_reviews(page=page_number()),
        total=total,
        page=page_number(),
        pages=-(-total // reviews.PAGE_SIZE),
        now=clock.now(),
    )


@bp.route("/desk/course-reviews/<int:revision_id>", methods=["GET", "POST"])
@access.member("bureau", permission="catalog:course:review")
def review(revision_id: int) -> Page:
    """One submitted version beside what is live: read, then approve or return."""
    revision = reviews.review_subject(revision_id=revision_id)
    if revision is None:
        abort(404)
    form = ReviewForm()
    status = 200
    if form.validate_on_submit():
        note = form.note.data or None
        try:
            if form.decision.data == "approve":
                reviews.approve_course(revision_id=revision_id, note=note)
            else:
                reviews.return_course(revision_id=revision_id, reason_codes=form.reasons.data or [], note=note)
        except DomainError as error:
            status = form.refuse(error)
        else:
            is_approved = form.decision.data == "approve"
            flash(_("已通过，课程上架。") if is_approved else _("已退回，已通知机构。"), "success")
            return redirect(url_for("catalog.reviews"), 303)
    elif form.is_submitted():
        status = 422
    return _review_page(revision, form), status


def _review_page(revision: CourseRevision, form: ReviewForm) -> str:
    live = reviews.live_version(revision=revision)
    return render(
        "review.html",
        form=form,
        revision=revision,
        is_waiting=revision.state is RevisionState.SUBMITTED,
        tenant=reviews.institution_of(revision=revision),
        live=live,
        lines=compare(live, revision),
        trade=listing.trade_of(revision.trade_id),
        is_designated=courses.is_designated(
            tenant_id=revision.tenant_id, trade_id=revision.trade_id, level=revision.level
        ),
        designation=reviews.designation_of(revision=revision),
        flags=rules.find_flags(courses.content_of(revision), rules.word_rules()),
        decisions=reviews.earlier_reviews(course_id=revision.course_id),
    )
