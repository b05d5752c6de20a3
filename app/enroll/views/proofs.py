"""A learner's papers: photos and documents handed in, looked at, taken back."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, current_app, flash, redirect, render_template, url_for
from flask_login import current_user

from app import clock, http, uploads
from app.enroll import services, texts
from app.enroll.blueprint import bp
from app.enroll.models import Proof, ProofFile, ProofState
from app.enroll.rules import read_claim
from app.enroll.services import files
from app.enroll.views import showing
from app.enroll.views.forms import FilesForm
from app.errors import DomainError, message
from app.i18n import gettext as _
from app.limits import by_account, limiter
from app.pii import VaultError
from app.security import access

MOST_SENT = files.MOST_FILES * uploads.MOST_BYTES + 1024 * 1024  # and what the form needs around them


def sent(file: ProofFile, content: bytes) -> Response:
    """A file as a download that nothing stores, sniffs or runs; a page may still draw a photo from it."""
    response = Response(content, mimetype=file.kind.mimetype)
    name = f"{file.proof_id}-{file.id}.{file.kind.suffix}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "no-store"
    return response


def content_or_404(file: ProofFile, *, is_look: bool = False) -> bytes:
    """What the disk has of a file; a lost or altered one is logged by its id and not there."""
    try:
        return files.look_at(file=file) if is_look else files.content_of(file=file)
    except (FileNotFoundError, VaultError):
        current_app.logger.exception("proof file %s cannot be read", file.id)
        abort(404)


def _own_or_404(proof_id: int) -> Proof:
    return files.own_proof(proof_id=proof_id, user_id=current_user.id) or abort(404)


def _page(proof_id: int, form: FilesForm | None = None, status: int = 200) -> tuple[str, int]:
    proof, today = _own_or_404(proof_id), clock.today()
    claimed = sorted(read_claim(proof.claim))
    kept = files.files_of(proof_ids=[proof.id])[proof.id]
    is_open = proof.state is ProofState.PENDING
    page: dict[str, Any] = {
        "proof": proof,
        "groups": showing.group_names(claimed, today),
        "needed": showing.papers_needed(claimed, today),
        "state": texts.PROOFS[proof.state],
        "tone": showing.proof_tone(proof.state),
        "reasons": [texts.RETURNS[code] for code in proof.reason_codes if code in texts.RETURNS],
        "files": [showing.file_line(file, number) for number, file in enumerate(kept, start=1)],
        "is_open": is_open,
        "can_submit": proof.state in (ProofState.RETURNED, ProofState.EXPIRED),
        "left": files.MOST_FILES - len(kept) if is_open else 0,
        "most": files.MOST_FILES,
        "megabytes": uploads.MOST_BYTES // 1024**2,
        "accept": uploads.ACCEPT,
        "form": form or FilesForm(formdata=None),
    }
    return render_template("enroll/my_proof.html", **page), status


@bp.get("/me/proofs/<int:proof_id>")
@access.signed_in
def my_proof(proof_id: int) -> Any:
    """One of the learner's papers with its files."""
    return _page(proof_id)


def _too_heavy(proof_id: int) -> tuple[str, int]:
    form = FilesForm(formdata=None)
    refusal = DomainError("files_too_heavy", field="files", megabytes=uploads.MOST_BYTES // 1024**2)
    return _page(proof_id, form, form.refuse(refusal))


@bp.post("/me/proofs/<int:proof_id>/files")
@access.signed_in
@http.takes_files(most_bytes=MOST_SENT, refused=_too_heavy)
@limiter.limit("60 per hour", key_func=by_account)
def add_files(proof_id: int) -> Any:
    """Hand in photos or documents."""
    _own_or_404(proof_id)
    form = FilesForm()
    taken, refused = [], []
    for file in form.chosen():
        try:
            taken.append(uploads.read_upload(file.read(uploads.MOST_BYTES + 1)))
        except DomainError as error:
            name = (file.filename or "")[-40:]
            refused.append(_("「%(name)s」没有收：%(why)s", name=name, why=message(error)))
    try:
        if refused:
            form.files.errors = refused
            return _page(proof_id, form, 422)
        added = services.add_files(proof_id=proof_id, user_id=current_user.id, uploads=taken)
    except DomainError as error:
        return _page(proof_id, form, form.refuse(error))
    flash(_("已收到 %(n)s 个文件，等人社局核验。", n=added) if added else _("这些文件已经交过了。"), "success")
    return redirect(url_for("enroll.my_proof", proof_id=proof_id), 303)


@bp.get("/me/proofs/<int:proof_id>/files/<int:file_id>")
@access.signed_in
def my_file(proof_id: int, file_id: int) -> Response:
    """One's own file."""
    _own_or_404(proof_id)
    file = files.find_file(proof_id=proof_id, file_id=file_id) or abort(404)
    return sent(file, content_or_404(file))


@bp.post("/me/proofs/<int:proof_id>/files/<int:file_id>/removal")
@access.signed_in
def remove_file(proof_id: int, file_id: int) -> Any:
    """Take a file back."""
    _own_or_404(proof_id)
    if files.find_file(proof_id=proof_id, file_id=file_id) is None:
        abort(404)
    try:
        services.remove_file(proof_id=proof_id, file_id=file_id, user_id=current_user.id)
        flash(_("文件已删除。"), "success")
    except DomainError as error:
        http.roll_back()
        flash(message(error), "warning")
    return redirect(url_for("enroll.my_proof", proof_id=proof_id), 303)


@bp.post("/me/proofs/<int:proof_id>/removal")
@access.signed_in
def remove_proof(proof_id: int) -> Any:
    """Delete the papers with their files."""
    _own_or_404(proof_id)
    try:
        services.remove_proof(proof_id=proof_id, user_id=current_user.id)
    except DomainError as error:
        http.roll_back()
        flash(message(error), "warning")
        return redirect(url_for("enroll.my_proof", proof_id=proof_id), 303)
    flash(_("这份材料和其中的文件已删除。"), "success")
    return redirect(url_for("enroll.mine"), 303)
