"""What a learner has going: applications as paths, offers, notices."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import abort, flash, redirect, render_template, request, url_for
from flask_login import current_user

from app import clock, http, notifications
from app.catalog.texts import SESSION_KINDS
from app.db import db
from app.enroll import services, texts
from app.enroll.blueprint import bp
from app.enroll.models import ACTIVE, EnrollmentState, Proof, ProofState
from app.enroll.rules import can_withdraw, read_claim
from app.enroll.services import files, reading
from app.enroll.services.reading import PAGE, Mine
from app.enroll.views import deciding, showing
from app.enroll.views.applying import given_facts
from app.errors import DomainError, message
from app.i18n import gettext as _
from app.notifications import Notice
from app.security import access


def page_number() -> int:
    """The page asked for, 1 if it is none."""
    return max(1, min(request.args.get("page", 1, type=int), 10_000))


def _shown(mine: Mine) -> dict[str, Any]:
    enrollment = mine.enrollment
    return {
        "enrollment": enrollment,
        "run": mine.run,
        "institution": mine.institution,
        "state": texts.STATES[enrollment.state],
        "tone": showing.tone(enrollment.state),
        "pays": showing.pays_text(enrollment),
        "stations": showing.stations(enrollment, mine.run, mine.place),
        "why_changed": showing.change_note(enrollment, mine.run),
        "is_offer": enrollment.state is EnrollmentState.OFFERED,
        "until": enrollment.offer_expires_at,
        "can_withdraw": can_withdraw(enrollment.state),
    }


def _proofs() -> list[dict[str, Any]]:
    today = clock.today()
    proofs = reading.my_proofs(user_id=current_user.id)
    kept = files.files_of(proof_ids=[proof.id for proof in proofs])
    shown = []
    for proof in proofs:
        shown.append(
            {
                "proof": proof,
                "groups": showing.group_names(sorted(read_claim(proof.claim)), today),
                "state": texts.PROOFS[proof.state],
                "tone": showing.proof_tone(proof.state),
                "files": len(kept[proof.id]),
                "reasons": [texts.RETURNS[code] for code in proof.reason_codes if code in texts.RETURNS],
                "can_submit": proof.state in (ProofState.RETURNED, ProofState.EXPIRED),
            }
        )
    return shown


@bp.get("/me")
@access.signed_in
def mine() -> str:
    """Every application with what happens next and whose turn it is."""
    rows = reading.my_enrollments(user_id=current_user.id)
    running = [_shown(row) for row in rows if row.enrollment.state in ACTIVE]
    running.sort(key=lambda item: not item["is_offer"])  # what runs out comes first
    ended = [_shown(row) for row in rows if row.enrollment.state not in ACTIVE]
    asked = reading.my_reviews(user_id=current_user.id)
    reviews = [{"asked": each, "title": showing.course_title(each.course_id)} for each in asked]
    return render_template("enroll/mine.html", running=running, ended=ended, proofs=_proofs(), reviews=reviews)


def _one_or_404(enrollment_id: int) -> Mine:
    rows = reading.my_enrollments(user_id=current_user.id, enrollment_id=enrollment_id)
    if not rows:
        abort(404)
    return rows[0]


@bp.get("/me/enrollments/<int:enrollment_id>")
@access.signed_in
def enrollment(enrollment_id: int) -> str:
    """One application."""
    found = _one_or_404(enrollment_id)
    lessons = reading.lessons_of(run_id=found.enrollment.run_id)
    own, starts_on = found.enrollment, found.run.starts_on if found.run else None
    decisions = reading.decisions_of(enrollment_ids=[own.id])[own.id]
    return render_template(
        "enroll/enrollment.html",
        item=_shown(found),
        lessons=lessons,
        kinds=SESSION_KINDS,
        chain=deciding.chain(decisions),
        outlook=deciding.outlook(own, decisions[0], starts_on) if decisions else "",
        renewal=deciding.renewal(own, decisions[0], starts_on) if decisions else "",
        is_open=deciding.is_open(own, starts_on),
        has_answers=bool(given_facts(own.course_id)),
    )


@bp.post("/me/enrollments/<int:enrollment_id>/decisions")
@access.signed_in
def judge_again(enrollment_id: int) -> Any:
    """Judge the application by what the learner says now."""
    found = _one_or_404(enrollment_id)
    try:
        is_new = services.judge_by_answers(
            enrollment_id=enrollment_id, user_id=current_user.id, answers=given_facts(found.enrollment.course_id)
        )
    except DomainError as error:
        http.roll_back()
        flash(message(error), "warning")
        if error.code == "answers_missing":
            return redirect(url_for("eligibility.answers", course=found.enrollment.course_id), 303)
    else:
        flash(_("已按你现在的回答重新核定。") if is_new else _("回答没有变化，结论不变。"), "success")
    return redirect(url_for("enroll.enrollment", enrollment_id=enrollment_id), 303)


@bp.get("/me/enrollments/<int:enrollment_id>/withdraw")
@access.signed_in
def confirm_withdraw(enrollment_id: int) -> Any:
    """What giving up the seat means, before it is given up."""
    item = _shown(_one_or_404(enrollment_id))
    if not item["can_withdraw"]:
        return redirect(url_for("enroll.enrollment", enrollment_id=enrollment_id))
    return render_template("enroll/withdraw.html", item=item)


@bp.post("/me/enrollments/<int:enrollment_id>/withdraw")
@access.signed_in
def withdraw(enrollment_id: int) -> Any:
    """Give back the seat, the offer or the place."""
    _one_or_404(enrollment_id)
    try:
        services.withdraw(enrollment_id=enrollment_id)
        flash(_("已退出，名额已释放。"), "success")
    except DomainError as error:
        http.roll_back()
        flash(message(error), "warning")
    return redirect(url_for("enroll.enrollment", enrollment_id=enrollment_id), 303)


@bp.post("/me/enrollments/<int:enrollment_id>/accept-offer")
@access.signed_in
def accept_offer(enrollment_id: int) -> Any:
    """Take the offered seat."""
    _one_or_404(enrollment_id)
    try:
        services.accept_offer(enrollment_id=enrollment_id)
        flash(_("名额归你了，接下来由培训机构确认录取。"), "success")
    except DomainError as error:
        http.roll_back()
        flash(message(error), "error")
    return redirect(url_for("enroll.enrollment", enrollment_id=enrollment_id), 303)


@bp.post("/me/proofs/<int:proof_id>/submissions")
@access.signed_in
def submit_again(proof_id: int) -> Any:
    """Ask for returned papers to be looked at again."""
    if db.session.get(Proof, proof_id) is None:
        abort(404)
    try:
        new = services.submit_again(proof_id=proof_id, user_id=current_user.id)
    except DomainError as error:
        http.roll_back()
        flash(message(error), "warning")
        return redirect(url_for("enroll.mine"), 303)
    if new is None:
        flash(_("同样的材料已经在核验，或者还在有效期内，不用再交。"), "info")
        return redirect(url_for("enroll.mine"), 303)
    flash(_("已重新提交。请在这里换上补正的文件，或者带材料到人社局窗口。"), "success")
    return redirect(url_for("enroll.my_proof", proof_id=new.id), 303)


@bp.get("/me/notices")
@access.signed_in
def notices() -> str:
    """What we told this person."""
    page = page_number()
    rows, total = reading.my_notices(user_id=current_user.id, page=page)
    shown = [(*notifications.render(notice), notice) for notice in rows]
    pages = max(1, -(-total // PAGE))
    urls = {n: url_for("enroll.notices", page=n) for n in range(1, pages + 1)}
    return render_template("enroll/notices.html", notices=shown, page=page, pages=pages, urls=urls)


@bp.post("/me/notices/read")
@access.signed_in
def read_notices() -> Any:
    """Mark every notice as read."""
    unread = sa.update(Notice).where(Notice.user_id == current_user.id, Notice.read_at.is_(None))
    db.session.execute(unread.values(read_at=clock.now()))
    return redirect(url_for("enroll.notices"), 303)
