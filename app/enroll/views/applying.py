"""Applying to a run."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, session, url_for
from flask_login import current_user

from app import clock
from app.enroll import services, texts
from app.enroll.blueprint import bp
from app.enroll.services import RunOffer
from app.enroll.views import showing
from app.enroll.views.forms import ProfileForm
from app.errors import DomainError
from app.i18n import gettext as _
from app.pii import mask_id_number
from app.policy import answers
from app.policy import services as policy
from app.security import access


def given_facts(course_id: int) -> dict[str, object]:
    """The visitor's answers as facts, with those given of this course."""
    return dict(answers.facts(policy.rulebook(), answers.load(session, course_id)))


def _offer_or_404(run_id: int) -> RunOffer:
    offer = services.find_run(run_id=run_id, user_id=current_user.id)
    if offer is None:
        abort(404)
    return offer


def _page(offer: RunOffer, form: ProfileForm, status: int = 200) -> tuple[str, int]:
    today, given = clock.today(), given_facts(offer.run.course_id)
    judged = services.judge_run(offer=offer, answers=given, on=today)
    card = showing.answer_card(
        judged,
        answers.load(session, offer.run.course_id),
        fee_fen=offer.revision.fee_fen,
        course_id=offer.run.course_id,
    )
    page: dict[str, Any] = {"offer": offer, "form": form, "judged": judged, "card": card}
    said = services.said_by(offer=offer, answers=given)
    page["certified"] = showing.certified_lines(offer.claims, said, today)
    page["review_url"] = url_for("enroll.request_review", course_id=offer.run.course_id)
    page["masked_id"] = mask_id_number(offer.profile.id_number) if offer.profile else None
    return render_template("enroll/apply.html", consent_version=texts.CONSENT_VERSION, **page), status


@bp.get("/runs/<int:run_id>/apply")
@access.signed_in
def apply(run_id: int) -> Any:
    """What this run is, what you pay and why, and what is still missing."""
    return _page(_offer_or_404(run_id), ProfileForm())


@bp.post("/runs/<int:run_id>/apply")
@access.signed_in
def apply_post(run_id: int) -> Any:
    """Take a seat or a place in the waitlist."""
    user_id = current_user.id
    offer = _offer_or_404(run_id)
    form = None
    if offer.profile is None:
        form = ProfileForm()
        if not form.validate_on_submit():
            return _page(offer, form, 422)
    try:
        applied = services.apply_to_run(
            offer=offer,
            user_id=user_id,
            answers=given_facts(offer.run.course_id),
            identity=form.identity() if form else None,
            consents=bool(form and form.consent.data),
        )
    except DomainError as error:
        form = form or ProfileForm()
        status = form.refuse(error)
        return _page(_offer_or_404(run_id), form, status)
    if applied.outcome == "existing":
        flash(_("你已经报过这个班，没有重复报名。"), "info")
    elif applied.outcome == "waiting":
        flash(_("名额已满，你已进入候补，现在是第 %(n)s 位。", n=applied.place), "warning")
    else:
        flash(_("报名成功，名额已为你保留。"), "success")
    return redirect(url_for("enroll.enrollment", enrollment_id=applied.enrollment_id), 303)
