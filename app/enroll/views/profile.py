"""A learner's identity, and everything we hold about them."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from flask import flash, redirect, render_template, session, url_for
from flask_login import current_user

from app import clock, i18n
from app.db import db
from app.enroll import services, texts
from app.enroll.blueprint import bp
from app.enroll.rules import read_claim
from app.enroll.services import certified, reading
from app.enroll.services.profiles import masked_id, stored_facts
from app.enroll.views import showing
from app.enroll.views.forms import ProfileForm
from app.errors import DomainError
from app.i18n import gettext as _
from app.policy import answers
from app.policy import services as policy
from app.security import access
from app.tenants.models import Region


def _form(**kwargs: Any) -> ProfileForm:
    return ProfileForm(**kwargs)


@bp.route("/me/profile", methods=["GET", "POST"])
@access.signed_in
def profile() -> Any:
    """Give or change name, ID number, phone and residence."""
    user_id = current_user.id
    known = services.get_profile(user_id=user_id)
    form = _form(obj=known)
    status = 200
    if form.is_submitted():
        if form.validate():
            try:
                services.save_profile(user_id=user_id, identity=form.identity(), consents=bool(form.consent.data))
                flash(_("已保存。"), "success")
                return redirect(url_for("enroll.profile"), 303)
            except DomainError as error:
                status = form.refuse(error)
                known = services.get_profile(user_id=user_id)
        else:
            status = 422
    page = {"form": form, "known": known, "consent_version": texts.CONSENT_VERSION}
    return render_template("enroll/profile.html", **page), status


@bp.get("/me/data")
@access.signed_in
def data() -> str:
    """Everything we hold about this person, in words."""
    user_id, today = current_user.id, clock.today()
    known = services.get_profile(user_id=user_id)
    region = db.session.scalar(sa.select(Region).where(Region.id == known.region_id)) if known else None
    stored = stored_facts(known.facts if known else None)
    enrollments = reading.my_enrollments(user_id=user_id)
    decisions = [(decision, json.loads(decision.grounds)) for decision in reading.my_decisions(user_id=user_id)]
    return render_template(
        "enroll/data.html",
        known=known,
        masked_id=masked_id(known) if known else None,
        region=i18n.pick(region.name, region.name_en) if region else None,
        facts=_facts_in_words(stored),
        certified=showing.certified_lines(certified.claims_of(learner_id=user_id, on=today), stored, today),
        review_url=url_for("enroll.request_review", course_id=enrollments[0].enrollment.course_id)
        if enrollments
        else None,
        decisions=decisions,
        answers=texts.ANSWERS,
        enrollments=enrollments,
        states=texts.STATES,
        proofs=[
            (proof, showing.group_names(sorted(read_claim(proof.claim)), today), texts.PROOFS[proof.state])
            for proof in reading.my_proofs(user_id=user_id)
        ],
    )


def _facts_in_words(facts: dict[str, object]) -> list[tuple[str, str]]:
    locale, book = i18n.code(), policy.rulebook()
    lines = []
    for question in book.questions:
        value = facts.get(question.fact)
        if value is None:
            continue
        kept = tuple(value) if isinstance(value, list) else value
        chosen = next((option for option in question.options if option.value == kept), None)
        lines.append((question.label.in_(locale), chosen.label.in_(locale) if chosen else str(value)))
    return lines


@bp.post("/me/data/forget-answers")
@access.signed_in
def forget_answers() -> Any:
    """Delete the answers kept with the profile and in this browser."""
    services.forget_facts(user_id=current_user.id)
    answers.clear(session)
    flash(_("已清除你的回答。已经作出的资格结论会保留它的依据。"), "success")
    return redirect(url_for("enroll.data"), 303)
