"""申请人工复核: a person asks the bureau to look at a verdict."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user

from app.catalog.models import CourseRevision
from app.db import db
from app.enroll import services
from app.enroll.blueprint import bp
from app.enroll.views.forms import ReviewForm
from app.errors import DomainError
from app.security import access


@bp.route("/courses/<int:course_id>/review-requests/new", methods=["GET", "POST"])
@access.signed_in
def request_review(course_id: int) -> Any:
    """Ask for a person to look at what the page said."""
    live = sa.select(CourseRevision.title).where(CourseRevision.course_id == course_id, CourseRevision.is_live)
    title = db.session.scalar(live)
    if title is None:
        abort(404)
    user_id = current_user.id
    known = services.get_profile(user_id=user_id)
    form = ReviewForm(region_id=known.region_id if known else None)
    status = 200
    if form.is_submitted():
        status = 422
        if form.validate():
            try:
                services.request_review(
                    user_id=user_id,
                    course_id=course_id,
                    region_id=form.region_id.data,
                    message=form.message.data or "",
                )
                flash(_("已提交。人社局答复后会通知你，也会显示在「我的培训」里。"), "success")
                return redirect(url_for("enroll.mine"), 303)
            except DomainError as error:
                status = form.refuse(error)
    return render_template("enroll/request_review.html", form=form, title=title, course_id=course_id), status
