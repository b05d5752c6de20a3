"""The photos and documents of a proof: kept encrypted, seen by the learner and the bureau, gone with the proof."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import timedelta

import sqlalchemy as sa

from app import audit, clock, jobs, storage
from app.db import db
from app.enroll import rules
from app.enroll.models import ACTIVE, Enrollment, Proof, ProofFile, ProofState, RegisterImport
from app.errors import DomainError
from app.uploads import Upload

MOST_FILES = 5
ORPHAN_AFTER = timedelta(days=1)


def files_of(*, proof_ids: Collection[int]) -> dict[int, list[ProofFile]]:
    """The files of some proofs, oldest first."""
    found: dict[int, list[ProofFile]] = {proof_id: [] for proof_id in proof_ids}
    query = sa.select(ProofFile).where(ProofFile.proof_id.in_(proof_ids)).order_by(ProofFile.id)
    for file in db.session.scalars(query):
        found[file.proof_id].append(file)
    return found


def find_file(*, proof_id: int, file_id: int) -> ProofFile | None:
    """One file of a proof, for whoever may see the proof."""
    return db.session.scalar(sa.select(ProofFile).where(ProofFile.id == file_id, ProofFile.proof_id == proof_id))


def content_of(*, file: ProofFile) -> bytes:
    """What was handed in; raises FileNotFoundError or VaultError if the disk no longer has it."""
    content = storage.get(file.name)
    if hashlib.sha256(content).digest() != file.sha256:
        raise FileNotFoundError(file.name)
    return content


def look_at(*, file: ProofFile) -> bytes:
    """A bureau's look at a file, which is recorded."""
    subject = ("proof", file.proof_id)
    audit.record("proof.file_opened", subject=subject, region_id=file.region_id, data={"file": file.id})
    return content_of(file=file)


def own_proof(*, proof_id: int, user_id: int, for_update: bool = False) -> Proof | None:
    """The learner's own proof, locked if its files are to change."""
    query = sa.select(Proof).where(Proof.id == proof_id, Proof.learner_id == user_id)
    return db.session.scalar(query.with_for_update() if for_update else query)


def _open_proof(proof_id: int, user_id: int) -> Proof:
    proof = own_proof(proof_id=proof_id, user_id=user_id, for_update=True)
    if proof is None or proof.state is not ProofState.PENDING:
        raise DomainError("proof_decided")
    return proof


def add_files(*, proof_id: int, user_id: int, uploads: Sequence[Upload]) -> int:
    """Add files to a proof that waits; how many are new (the same one twice is kept once).

    Raises DomainError proof_decided, files_missing or files_too_many.
    """
    proof = _open_proof(proof_id, user_id)
    if not uploads:
        raise DomainError("files_missing", field="files")
    known = {file.sha256 for file in files_of(proof_ids=[proof.id])[proof.id]}
    new = {hashlib.sha256(upload.content).digest(): upload for upload in uploads}
    new = {digest: upload for digest, upload in new.items() if digest not in known}
    if len(known) + len(new) > MOST_FILES:
        raise DomainError("files_too_many", field="files", most=MOST_FILES, left=MOST_FILES - len(known))
    for digest, upload in new.items():
        db.session.add(
            ProofFile(
                proof_id=proof.id,
                learner_id=proof.learner_id,
                region_id=proof.region_id,
                name=storage.put(upload.content),
                kind=upload.kind,
                size=len(upload.content),
                sha256=digest,
                created_at=clock.now(),
            )
        )
    subject = ("proof", proof.id)
    audit.record("proof.files_added", subject=subject, region_id=proof.region_id, data={"files": len(new)})
    db.session.flush()
    return len(new)


def remove_file(*, proof_id: int, file_id: int, user_id: int) -> None:
    """Take a file back while the proof waits; raises DomainError proof_decided."""
    _open_proof(proof_id, user_id)
    file = find_file(proof_id=proof_id, file_id=file_id)
    if file is not None:
        db.session.delete(file)
        _forget([file.name])


def remove_proof(*, proof_id: int, user_id: int) -> None:
    """Delete a proof that is not in force, with its files.

    Raises DomainError proof_decided for one that is, proof_needed while an application rests on it.
    """
    proof = own_proof(proof_id=proof_id, user_id=user_id, for_update=True)
    if proof is None or proof.state is ProofState.VERIFIED:
        raise DomainError("proof_decided")
    others = db.session.scalars(sa.select(Proof).where(Proof.learner_id == user_id, Proof.id != proof.id))
    claims = [rules.Claim(rules.read_claim(each.claim), each.state, each.valid_until) for each in others]
    applies = sa.exists().where(Enrollment.learner_id == user_id, Enrollment.state.in_(ACTIVE))
    if db.session.scalar(sa.select(applies)) and rules.is_claim_missing(
        groups=rules.read_claim(proof.claim), claims=claims, on=clock.today()
    ):
        raise DomainError("proof_needed")
    names = [file.name for file in files_of(proof_ids=[proof.id])[proof.id]]
    audit.record("proof.removed", subject=("proof", proof.id), region_id=proof.region_id)
    db.session.delete(proof)
    _forget(names)


def hand_on(*, old: Proof, new: Proof) -> None:
    """Let a proof that is submitted again keep the files it had."""
    db.session.execute(sa.update(ProofFile).where(ProofFile.proof_id == old.id).values(proof_id=new.id))


def _forget(names: Sequence[str]) -> None:
    if names:
        jobs.enqueue("enroll.forget_files", names=list(names))


def sweep() -> None:
    """Remove stored files that no row names any more; in the scope of every region."""
    known = {*db.session.scalars(sa.select(ProofFile.name)), *db.session.scalars(sa.select(RegisterImport.file))}
    for name in storage.older_than(clock.now() - ORPHAN_AFTER):
        if name not in known:
            storage.remove(name)
