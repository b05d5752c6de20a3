"""The bureau's side: papers to verify, referrals to record, review requests to answer."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from flask import Response, abort, flash, redirect, render_template, request, url_for

from app import clock, http, scope
from app.enroll import services, texts
from app.enroll.blueprint import bp
from app.enroll.models import ProofState
from app.enroll.rules import read_claim
from app.enroll.services import files, papers, reading
from app.enroll.services.profiles import masked_id
from app.enroll.services.reading import PAGE
from app.enroll.views import deciding, showing
from app.enroll.views.forms import AnswerForm, ReferralForm, ReturnForm, VerifyForm
from app.enroll.views.mine import page_number
from app.enroll.views.proofs import content_or_404, sent
from app.errors import DomainError, message
from app.i18n import gettext as _
from app.pii import mask_name
from app.security import access


def _regions() -> tuple[int, ...]:
    return scope.require().region_ids


def _pages(total: int) -> int:
    return max(1, -(-total // PAGE))


def _person(profile: Any) -> dict[str, str]:
    if profile is None:
        return {"name": _("尚未填写"), "id_number": ""}
    return {"name": mask_name(profile.name), "id_number": masked_id(profile)}


@bp.get("/desk/proofs")
@access.member("bureau", permission="enroll:proof:verify")
def proofs() -> str:
    """Whose papers wait to be verified in our regions."""
    asked = request.args.get("state", "pending")
    state = ProofState(asked) if asked in set(ProofState) else ProofState.PENDING
    page, today = page_number(), clock.today()
    found, total = reading.proofs_to_verify(region_ids=_regions(), state=state, page=page)
    rows = [
        {
            "proof": proof,
            "person": _person(profile),
            "groups": showing.group_names(sorted(read_claim(proof.claim)), today),
            "reasons": [texts.RETURNS[code] for code in proof.reason_codes if code in texts.RETURNS],
        }
        for proof, profile in found
    ]
    urls = {n: url_for("enroll.proofs", state=state.value, page=n) for n in range(1, _pages(total) + 1)}
    return render_template(
        "enroll/proofs.html", rows=rows, total=total, state=state, states=texts.PROOFS, page=page,
        pages=_pages(total), urls=urls,
    )  # fmt: skip


def _proof_page(
    proof_id: int, *, verify: VerifyForm | None = None, back: ReturnForm | None = None,
    identity: tuple[str, str] | None = None, status: int = 200,
) -> tuple[str, int]:  # fmt: skip
    row = reading.one_proof(proof_id=proof_id, region_ids=_regions())
    if row is None:
        abort(404)
    proof, profile = row
    today, claimed = clock.today(), sorted(read_claim(proof.claim))
    kept = files.files_of(proof_ids=[proof.id])[proof.id]
    if verify is None:
        # A single claimed group is filled in; among several the bureau chooses what the papers show.
        suggestion = papers.suggested_until(claimed, on=today)
        verify = VerifyForm(formdata=None, groups=claimed if len(claimed) == 1 else [], valid_until=suggestion)
    verify.seen.data = ",".join(str(file.id) for file in kept)
    _offer_groups(verify, claimed)
    return render_template(
        "enroll/proof.html",
        proof=proof,
        person=_person(profile),
        identity=identity,
        groups=showing.group_names(claimed, today),
        needed=showing.papers_needed(claimed, today),
        files=[showing.file_line(file, number) for number, file in enumerate(kept, start=1)],
        verify=verify,
        groups_claimed=bool(claimed),
        back=back or ReturnForm(formdata=None),
        state=texts.PROOFS[proof.state],
        tone=showing.proof_tone(proof.state),
        reasons=[texts.RETURNS[code] for code in proof.reason_codes if code in texts.RETURNS],
        applications=_applications(proof.learner_id),
    ), status


def _applications(learner_id: int) -> list[dict[str, Any]]:
    """The learner's applications with their decisions, and why each was made again."""
    found = reading.applications_of(learner_id=learner_id, region_ids=_regions())
    decided = reading.decisions_of(enrollment_ids=[enrollment.id for enrollment, _starts_on in found])
    return [
        {
            "title": enrollment.course_title,
            "state": texts.STATES[enrollment.state],
            "chain": deciding.chain(decided[enrollment.id]),
            "outlook": deciding.outlook(enrollment, decided[enrollment.id][0], starts_on),
            "renewal": deciding.renewal(enrollment, decided[enrollment.id][0], starts_on),
        }
        for enrollment, starts_on in found
        if decided[enrollment.id]
    ]


def _here_or_404(proof_id: int) -> None:
    if reading.one_proof(proof_id=proof_id, region_ids=_regions()) is None:
        abort(404)


def _offer_groups(form: VerifyForm, claimed: Collection[str]) -> None:
    """What was claimed as boxes, everything else in a list; referrals are recorded on their own page."""
    today = clock.today()
    form.groups.choices = [(code, showing.group_name(code, today)) for code in claimed]
    others = [
        (group.code, showing.group_name(group.code, today))
        for group in papers.groups_in_force(today)
        if group.code not in claimed and group.code not in papers.REFERRED
    ]
    form.other.choices = [("", _("请选择")), *others]


@bp.get("/desk/proofs/<int:proof_id>")
@access.member("bureau", permission="enroll:proof:verify")
def proof(proof_id: int) -> Any:
    """One learner's papers."""
    return _proof_page(proof_id)


@bp.get("/desk/proofs/<int:proof_id>/files/<int:file_id>")
@access.member("bureau", permission="enroll:proof:verify")
def proof_file(proof_id: int, file_id: int) -> Response:
    """What was handed in; the look is recorded."""
    _here_or_404(proof_id)
    file = files.find_file(proof_id=proof_id, file_id=file_id) or abort(404)
    return sent(file, content_or_404(file, is_look=True))


@bp.get("/desk/proofs/<int:proof_id>/files/<int:file_id>/page")
@access.member("bureau", permission="enroll:proof:verify")
def proof_file_page(proof_id: int, file_id: int) -> str:
    """A photo with the ones before and after it; a PDF to open."""
    _here_or_404(proof_id)
    kept = files.files_of(proof_ids=[proof_id])[proof_id]
    place = next((index for index, file in enumerate(kept) if file.id == file_id), None)
    if place is None:
        abort(404)
    lines = [showing.file_line(file, number) for number, file in enumerate(kept, start=1)]
    return render_template("enroll/proof_file.html", proof_id=proof_id, files=lines, place=place)


@bp.post("/desk/proofs/<int:proof_id>/reveal")
@access.member("bureau", permission="enroll:proof:verify")
def reveal(proof_id: int) -> Any:
    """Show the full name and number once; the look is recorded."""
    identity = services.reveal_identity(proof_id=proof_id)
    if identity is None:
        abort(404)
    return _proof_page(proof_id, identity=identity)


@bp.post("/desk/proofs/<int:proof_id>/verify")
@access.member("bureau", permission="enroll:proof:verify")
def verify(proof_id: int) -> Any:
    """Confirm the groups the papers show."""
    row = reading.one_proof(proof_id=proof_id, region_ids=_regions())
    if row is None:
        abort(404)
    form = VerifyForm()
    _offer_groups(form, sorted(read_claim(row[0].claim)))
    if not form.validate_on_submit():
        return _proof_page(proof_id, verify=form, status=422)
    return _decided(
        lambda: services.verify_proof(
            proof_id=proof_id, groups=form.chosen(), valid_until=form.valid_until.data, seen=form.files_seen()
        ),
        lambda error: _proof_page(proof_id, verify=form, status=form.refuse(error)),
        _("已核验，这位学员的所有报名都已更新。"),
    )


@bp.post("/desk/proofs/<int:proof_id>/return")
@access.member("bureau", permission="enroll:proof:verify")
def return_proof(proof_id: int) -> Any:
    """Send the papers back with reasons."""
    _here_or_404(proof_id)
    form = ReturnForm()
    if not form.validate_on_submit():
        return _proof_page(proof_id, back=form, status=422)
    return _decided(
        lambda: services.return_proof(
            proof_id=proof_id, reason_codes=form.reason_codes.data or [], note=form.note.data
        ),
        lambda error: _proof_page(proof_id, back=form, status=form.refuse(error)),
        _("已退回，并告知学员。"),
    )


def _decided(act: Any, refused: Any, done: str) -> Any:
    try:
        act()
    except DomainError as error:
        if error.field:
            return refused(error)
        http.roll_back()
        flash(message(error), "warning")
        return redirect(url_for("enroll.proofs"), 303)
    flash(done, "success")
    return redirect(url_for("enroll.proofs"), 303)


@bp.route("/desk/referrals", methods=["GET", "POST"])
@access.member("bureau", permission="enroll:proof:verify")
def referrals() -> Any:
    """Record that a learner was referred; the groups no one is ever asked about."""
    today = clock.today()
    form = ReferralForm()
    form.group.choices = [(code, showing.group_name(code, today)) for code in papers.REFERRED]
    status = 200
    if form.is_submitted():
        status = 422
        if form.validate():
            try:
                services.record_referral(
                    learner=form.learner.data or "", group=form.group.data or "", valid_until=form.valid_until.data
                )
                flash(_("已记录。学员以后的报名都会按已核验处理，培训机构看不到人员类别。"), "success")
                return redirect(url_for("enroll.referrals"), 303)
            except DomainError as error:
                status = form.refuse(error)
    return render_template("enroll/referrals.html", form=form), status


@bp.get("/desk/review-requests")
@access.member("bureau", permission="enroll:proof:verify")
def review_requests() -> str:
    """What people asked us to look at again."""
    open_only = request.args.get("state") != "answered"
    page = page_number()
    found, total = reading.reviews_of(region_ids=_regions(), open_only=open_only, page=page)
    rows = [
        {"request": asked, "person": _person(profile), "title": showing.course_title(asked.course_id)}
        for asked, profile in found
    ]
    pages = _pages(total)
    urls = {
        n: url_for("enroll.review_requests", state="open" if open_only else "answered", page=n)
        for n in range(1, pages + 1)
    }
    return render_template(
        "enroll/reviews.html", rows=rows, total=total, open_only=open_only, page=page, pages=pages, urls=urls
    )


def _review_page(request_id: int, form: AnswerForm, status: int = 200) -> tuple[str, int]:
    asked = reading.one_review(request_id=request_id, region_ids=_regions())
    if asked is None:
        abort(404)
    title = showing.course_title(asked.course_id)
    return render_template("enroll/review.html", asked=asked, title=title, form=form), status


@bp.get("/desk/review-requests/<int:request_id>")
@access.member("bureau", permission="enroll:proof:verify")
def review_request(request_id: int) -> Any:
    """One request."""
    return _review_page(request_id, AnswerForm())


@bp.post("/desk/review-requests/<int:request_id>")
@access.member("bureau", permission="enroll:proof:verify")
def answer_review(request_id: int) -> Any:
    """Answer it."""
    form = AnswerForm()
    if not form.validate_on_submit():
        return _review_page(request_id, form, 422)
    if reading.one_review(request_id=request_id, region_ids=_regions()) is None:
        abort(404)
    try:
        services.answer_review(request_id=request_id, answer=form.answer.data or "")
    except DomainError as error:
        return _review_page(request_id, form, form.refuse(error))
    flash(_("已答复，并告知学员。"), "success")
    return redirect(url_for("enroll.review_requests"), 303)
