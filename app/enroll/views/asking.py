"""申请人工复核: a person asks the bureau to look at a verdict, of a course or of all they may learn."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import abort, flash, redirect, render_template, request, url_for
from flask_login import current_user

from app.catalog.models import CourseRevision
from app.db import db
from app.enroll import services
from app.enroll.blueprint import bp
from app.enroll.views.forms import ReviewForm
from app.errors import DomainError
from app.i18n import gettext as _
from app.security import access


@bp.get("/review-requests/new")
@access.anyone
def ask_review() -> Any:
    """The form for a review of all the person may learn."""
    return _form(None)


@bp.post("/review-requests/new")
@access.signed_in
def send_review_request() -> Any:
    """Ask for a person to look at what the conversation said."""
    return _send(None)


@bp.get("/courses/<int:course_id>/review-requests/new")
@access.anyone
def request_review(course_id: int) -> Any:
    """The form for a review of what a course's page said."""
    return _form(course_id)


@bp.post("/courses/<int:course_id>/review-requests/new")
@access.signed_in
def send_course_review_request(course_id: int) -> Any:
    """Ask for a person to look at what the page said."""
    return _send(course_id)


def _form(course_id: int | None) -> Any:
    """The form; whoever is not signed in reads why the bureau has to know whom to answer, and comes back here."""
    title = _title_or_404(course_id)
    if not current_user.is_authenticated:
        return render_template("enroll/review_sign_in.html", title=title, course_id=course_id, here=request.path)
    known = services.get_profile(user_id=current_user.id)
    return _page(ReviewForm(region_id=known.region_id if known else None), course_id, title)


def _send(course_id: int | None) -> Any:
    title, form, status = _title_or_404(course_id), ReviewForm(), 422
    if form.validate():
        try:
            services.request_review(
                user_id=current_user.id,
                course_id=course_id,
                region_id=form.region_id.data,
                message=form.message.data or "",
            )
            flash(_("已提交。人社局答复后会通知你，也会显示在「我的培训」里。"), "success")
            return redirect(url_for("enroll.mine"), 303)
        except DomainError as error:
            status = form.refuse(error)
    return _page(form, course_id, title, status)


def _page(form: ReviewForm, course_id: int | None, title: str | None, status: int = 200) -> tuple[str, int]:
    return render_template("enroll/request_review.html", form=form, title=title, course_id=course_id), status


def _title_or_404(course_id: int | None) -> str | None:
    if course_id is None:
        return None
    live = sa.select(CourseRevision.title).where(CourseRevision.course_id == course_id, CourseRevision.is_live)
    return db.session.scalar(live) or abort(404)
