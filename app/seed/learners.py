"""Learners with a profile, and what the bureau has seen of their papers."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

from app.enroll import rules
from app.enroll.models import LearnerProfile, Proof, ProofState, ReviewRequest
from app.enroll.texts import CONSENT_VERSION
from app.pii import vault
from app.policy.ages import age_on
from app.seed.block import Block, Learner
from app.seed.organisations import DEMO_COUNTY, add_user
from app.seed.reference import Place, weighted
from app.tenants.identifiers import make_id_number

LEARNERS = 2000

_SITUATIONS = (
    ("registered_unemployed", 25),
    ("rural_worker", 26),
    ("veteran", 5),
    ("hard_to_employ", 6),
    ("family_hardship", 5),
    ("capacity_cut", 4),
    ("farmer", 5),
    ("employee", 15),
    ("apprentice", 3),
    ("founder", 4),
    ("none_of_these", 2),
)
_PROOFS = (
    (ProofState.VERIFIED, 66),
    (ProofState.PENDING, 24),
    (ProofState.RETURNED, 10),
)
_RETURNS = ("unreadable", "not_matching", "out_of_date", "not_shown")
_REFERRED = ("COMMUNITY_CORRECTION", "REENTRY_SUPPORT", "COMPULSORY_DETOX")
_RESIDENCE = (("hukou", 70), ("living", 18), ("insured", 7), ("registered", 5))
_BIRTH_DAYS = 41 * 365


def add_learners(block: Block) -> None:
    """Two thousand people; in the first block the demo learner is the first of them."""
    reference = block.reference
    areas = [place for place in reference.counties if not place.is_zone]
    options: dict[str, Any] = {}
    question = reference.book.question("situations")
    for option in question.options if question else ():
        options[option.code] = option.value if option.value is not None else ()
    opens = {group.code: frozenset(group.opens) for group in reference.book.groups}
    for number in range(LEARNERS):
        serial = block.number * LEARNERS + number
        is_demo = serial == 0
        area = next(p for p in areas if p.code == DEMO_COUNTY) if is_demo else areas[serial % len(areas)]
        birth_on, id_number, sex = _identity(block, area, serial, len(areas))
        if is_demo:
            user_id, name = block.accounts["learner"], "示例学员"
            place, situation, state = area, "registered_unemployed", ProofState.VERIFIED
        else:
            name = f"{block.rng.choice(reference.words['surnames'])}示例{serial:04d}"
            user_id = add_user(block, f"learner-{serial:04d}", name, days_ago=block.rng.randint(240, 600))
            place = area if block.rng.random() < 0.9 else block.rng.choice(reference.counties)
            situation = _situation(block, age_on(birth_on, reference.today))
            state = weighted(block.rng, _PROOFS)
        groups = tuple(str(code) for code in options[situation])
        facts = _facts(block, situation, groups, is_demo=is_demo)
        learner = Learner(
            id=user_id,
            name=name,
            id_number=id_number,
            phone=f"1380000{serial % 10000:04d}",
            place=place,
            situations=groups,
            proof_state=None,
            opens=frozenset().union(*(opens[code] for code in groups)) if groups else frozenset(),
            facts=facts,
            birth_on=birth_on,
            sex=sex,
        )
        _add_profile(block, learner)
        if groups and block.rng.random() < 0.94:
            _add_proof(block, learner, state)
        if number % 97 == 50:
            _add_referral(block, learner, number)
        if number % 80 == 7:
            _add_review_request(block, learner, is_answered=number % 160 == 7)
        block.learners.append(learner)


def _identity(block: Block, area: Place, serial: int, areas: int) -> tuple[date, str, str]:
    """A birth date, an ID number nobody else here has, and the sex it states."""
    turn = serial // areas
    born = block.reference.today - timedelta(days=17 * 365 + turn * 7919 % _BIRTH_DAYS)
    is_male = (serial * 2654435761 >> 7) % 2 == 1
    number = make_id_number(area.code, born, 2 * (turn // _BIRTH_DAYS) + is_male)
    return born, number, "male" if is_male else "female"


def _situation(block: Block, age: int) -> str:
    if age < 20 and block.rng.random() < 0.7:
        return "school_leaver"
    if age < 24 and block.rng.random() < 0.4:
        return "final_year_student"
    return weighted(block.rng, _SITUATIONS)


def _facts(block: Block, situation: str, groups: tuple[str, ...], *, is_demo: bool) -> dict[str, object]:
    """The plain answers a learner gave, as the eligibility questions know them."""
    rng = block.rng
    facts: dict[str, object] = {"situations": list(groups), "residence": weighted(rng, _RESIDENCE)}
    if is_demo or rng.random() < 0.85:
        facts["same_trade_level_before"] = "no"
    if is_demo or rng.random() < 0.85:
        facts["used_this_year"] = 0 if is_demo or rng.random() < 0.85 else rng.choice((1, 2, 3))
    if situation == "employee":
        facts["insured_months"] = 12 if rng.random() < 0.8 else 0
    return facts


def _add_profile(block: Block, learner: Learner) -> None:
    block.rows.add(
        LearnerProfile,
        user_id=learner.id,
        region_id=learner.place.id,
        name=learner.name,
        id_number=learner.id_number,
        id_number_index=vault().blind_index(learner.id_number, "learner.id_number"),
        phone=learner.phone,
        facts=json.dumps(learner.facts, ensure_ascii=False, sort_keys=True),
        consent_version=CONSENT_VERSION,
        consented_at=block.reference.at(-230, 10),
    )


def _add_proof(block: Block, learner: Learner, state: ProofState) -> None:
    rng, reference = block.rng, block.reference
    is_decided = state is not ProofState.PENDING
    is_returned = state is ProofState.RETURNED
    created_at = reference.some_time(rng, -229, -222) if is_decided else reference.some_time(rng, -12, -1)
    decided_at = created_at + timedelta(days=2)
    bureau = block.bureaus[learner.place.id]
    learner.proof_state = state.value
    proof_id = block.rows.add(
        Proof,
        learner_id=learner.id,
        region_id=learner.place.id,
        claim=rules.write_claim(learner.situations),
        is_referral=False,
        state=state,
        reason_codes=[rng.choice(_RETURNS)] if is_returned else [],
        note="请带原件再来一次窗口，周一至周五都可以。" if is_returned and rng.random() < 0.5 else None,
        valid_until=reference.today + timedelta(days=rng.randint(60, 500))
        if state is ProofState.VERIFIED
        else None,
        decided_by=bureau.manager_id if is_decided else None,
        decided_at=decided_at if is_decided else None,
        created_at=created_at,
    )
    if is_decided:
        block.log(
            f"proof.{state.value}",
            decided_at,
            subject=("proof", proof_id),
            actor_id=bureau.manager_id,
            tenant_id=bureau.id,
            region_id=learner.place.id,
        )
        block.tell(
            learner.id,
            f"enroll.proof_{state.value}",
            decided_at,
            dedupe=f"enroll.proof_{state.value}:{proof_id}",
            is_read=True,
        )
    if state is ProofState.VERIFIED and learner.id % 40 == 0:
        _add_expired_proof(block, learner)


def _add_expired_proof(block: Block, learner: Learner) -> None:
    """The proof before the one that is in force: it served its time."""
    reference, bureau = block.reference, block.bureaus[learner.place.id]
    block.rows.add(
        Proof,
        learner_id=learner.id,
        region_id=learner.place.id,
        claim=rules.write_claim(learner.situations),
        is_referral=False,
        state=ProofState.EXPIRED,
        reason_codes=[],
        note=None,
        valid_until=reference.today - timedelta(days=230),
        decided_by=bureau.manager_id,
        decided_at=reference.at(-420, 10),
        created_at=reference.at(-421, 10),
    )


def _add_referral(block: Block, learner: Learner, number: int) -> None:
    """A referral of the bureau, for groups nobody is ever asked about."""
    reference = block.reference
    bureau = block.bureaus[learner.place.id]
    block.rows.add(
        Proof,
        learner_id=learner.id,
        region_id=learner.place.id,
        claim=rules.write_claim([_REFERRED[number % len(_REFERRED)]]),
        is_referral=True,
        state=ProofState.VERIFIED,
        reason_codes=[],
        note=None,
        valid_until=reference.today + timedelta(days=365),
        decided_by=bureau.manager_id,
        decided_at=reference.at(-40, 10),
        created_at=reference.at(-40, 10),
    )


def _add_review_request(block: Block, learner: Learner, *, is_answered: bool) -> None:
    """申请人工复核, answered or waiting."""
    reference = block.reference
    bureau = block.bureaus[learner.place.id]
    course = block.rng.choice(block.courses)
    created_at = reference.at(-20 if is_answered else -2, 14)
    request_id = block.rows.add(
        ReviewRequest,
        learner_id=learner.id,
        region_id=learner.place.id,
        course_id=course.id,
        message=f"「{course.title}」显示我不符合，但我已经办了失业登记，请核对。",
        answer="已核对登记信息，结论已更新，请在「我的培训」查看。" if is_answered else None,
        answered_by=bureau.manager_id if is_answered else None,
        answered_at=created_at + timedelta(days=1) if is_answered else None,
        created_at=created_at,
    )
    block.log(
        "review.requested",
        created_at,
        subject=("review_request", request_id),
        actor_id=learner.id,
        region_id=learner.place.id,
    )
