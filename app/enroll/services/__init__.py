"""What can be done here: every write of this room."""

from __future__ import annotations

from app.enroll import texts as texts  # the codes raised below have their words there
from app.enroll.services.applying import Applied, RunOffer, apply_to_run, find_run, judge_run
from app.enroll.services.papers import record_referral, return_proof, reveal_identity, submit_again, verify_proof
from app.enroll.services.profiles import Identity, forget_facts, get_profile, save_profile
from app.enroll.services.reviews import answer_review, request_review
from app.enroll.services.seats import accept_offer, admit, refuse, withdraw

__all__ = [
    "Applied",
    "Identity",
    "RunOffer",
    "accept_offer",
    "admit",
    "answer_review",
    "apply_to_run",
    "find_run",
    "forget_facts",
    "get_profile",
    "judge_run",
    "record_referral",
    "refuse",
    "request_review",
    "return_proof",
    "reveal_identity",
    "save_profile",
    "submit_again",
    "verify_proof",
    "withdraw",
]
