"""What can be done here: every write of this room."""

from __future__ import annotations

from app.enroll import texts as texts  # the codes raised below have their words there
from app.enroll.services.applying import Applied, RunOffer, apply_to_run, find_run, judge_run, said_by
from app.enroll.services.deciding import judge_by_answers
from app.enroll.services.files import add_files, remove_file, remove_proof
from app.enroll.services.papers import record_referral, return_proof, reveal_identity, submit_again, verify_proof
from app.enroll.services.profiles import Identity, forget_facts, get_profile, save_profile
from app.enroll.services.register_files import import_register
from app.enroll.services.registers import confirm_import, end_import
from app.enroll.services.reviews import answer_review, request_review
from app.enroll.services.seats import accept_offer, admit, refuse, withdraw

__all__ = [
    "Applied",
    "Identity",
    "RunOffer",
    "accept_offer",
    "add_files",
    "admit",
    "answer_review",
    "apply_to_run",
    "confirm_import",
    "end_import",
    "find_run",
    "forget_facts",
    "get_profile",
    "import_register",
    "judge_by_answers",
    "judge_run",
    "record_referral",
    "refuse",
    "remove_file",
    "remove_proof",
    "request_review",
    "return_proof",
    "reveal_identity",
    "said_by",
    "save_profile",
    "submit_again",
    "verify_proof",
    "withdraw",
]
