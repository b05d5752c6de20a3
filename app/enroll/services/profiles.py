"""A learner's identity: given once, with notice and consent, encrypted, unique by its ID number."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.exc import IntegrityError

from app import audit, clock, jobs
from app.db import db
from app.enroll import texts
from app.enroll.models import ACTIVE, EligibilityDecision, Enrollment, LearnerProfile, Proof
from app.enroll.rules import Why
from app.enroll.services import judging
from app.errors import DomainError
from app.pii import mask_id_number, vault
from app.tenants.identifiers import IdentifierError, check_id_number, check_mobile
from app.tenants.models import Region, RegionKind
from app.tenants.regions import everywhere

ID_NUMBER = "learner.id_number"
LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Identity:
    """What a learner fills in, as typed."""

    name: str
    id_number: str
    phone: str
    region_id: int | None


def get_profile(*, user_id: int) -> LearnerProfile | None:
    """The learner's profile, if they have one."""
    return db.session.scalar(sa.select(LearnerProfile).where(LearnerProfile.user_id == user_id))


def id_number_index(id_number: str) -> bytes:
    """The blind index under which an ID number is found."""
    return vault().blind_index(id_number, ID_NUMBER)


def is_own_number(*, user_id: int, text: str) -> bool:
    """Whether this is a person's ID number, as somebody typed it; true of whoever never gave one."""
    profile = get_profile(user_id=user_id)
    if profile is None:
        return True
    try:
        return id_number_index(check_id_number(text, clock.today()).text) == profile.id_number_index
    except IdentifierError:
        return False


def save_profile(*, user_id: int, identity: Identity, consents: bool) -> LearnerProfile:
    """Create or change the learner's own profile.

    Raises DomainError name_empty, name_too_long, residence_missing, consent_missing, id_number_* and mobile_* of
    `tenants.identifiers`, id_number_taken, or identity_fixed once an application or a proof rests on it.
    """
    name = " ".join(identity.name.split())
    if not name:
        raise DomainError("name_empty", field="name")
    if len(name) > LONGEST_NAME:
        raise DomainError("name_too_long", field="name", maximum=LONGEST_NAME)
    id_number = _checked("id_number", lambda: check_id_number(identity.id_number, clock.today()).text)
    phone = _checked("phone", lambda: check_mobile(identity.phone))
    region = db.session.get(Region, identity.region_id) if identity.region_id else None
    if region is None or region.kind is RegionKind.CITY:
        raise DomainError("residence_missing", field="region_id")
    profile = get_profile(user_id=user_id)
    if profile is None:
        if not consents:
            raise DomainError("consent_missing", field="consent")
        profile = LearnerProfile(user_id=user_id, consent_version=texts.CONSENT_VERSION)
        db.session.add(profile)
    else:
        _change(profile, name=name, id_number=id_number, region_id=region.id, phone=phone)
    profile.name, profile.id_number, profile.phone, profile.region_id = name, id_number, phone, region.id
    profile.id_number_index = id_number_index(id_number)
    _write_once(profile)
    audit.record("profile.saved", subject=("learner", user_id), region_id=region.id)
    jobs.enqueue("enroll.match_learner", scope=everywhere(), learner_id=user_id)
    return profile


def _checked(field: str, check: Any) -> str:
    try:
        return str(check())
    except IdentifierError as error:
        raise DomainError(error.code, field=field, **error.params) from error


def _write_once(profile: LearnerProfile) -> None:
    try:
        with db.session.begin_nested():
            db.session.flush()
    except IntegrityError as error:
        diagnosis = getattr(error.orig, "diag", None)
        if getattr(diagnosis, "constraint_name", "") == "uq_learner_profiles_id_number_index":
            raise DomainError("id_number_taken", field="id_number") from None
        raise


def _change(profile: LearnerProfile, *, name: str, id_number: str, region_id: int, phone: str) -> None:
    """Carry a change of contact or residence to what is still running; the identity itself may be fixed."""
    mine = Enrollment.learner_id == profile.user_id
    if (name, id_number) != (profile.name, profile.id_number):
        rests = sa.or_(sa.exists().where(mine), sa.exists().where(Proof.learner_id == profile.user_id))
        if db.session.scalar(sa.select(rests)):
            raise DomainError("identity_fixed", field="name" if name != profile.name else "id_number")
    if region_id != profile.region_id:
        db.session.execute(sa.update(Proof).where(Proof.learner_id == profile.user_id).values(region_id=region_id))
        _hand_over_decisions(profile.user_id, region_id)
    running = sa.update(Enrollment).where(mine, Enrollment.state.in_(ACTIVE))
    db.session.execute(running.values(phone=phone, learner_region_id=region_id, updated_at=clock.now()))


def _hand_over_decisions(user_id: int, region_id: int) -> None:
    """Let the new county's bureau read the decisions in force: a copy that supersedes, as none is ever edited."""
    latest = (
        sa.select(EligibilityDecision)
        .join(Enrollment, Enrollment.id == EligibilityDecision.enrollment_id)
        .where(EligibilityDecision.learner_id == user_id, Enrollment.state.in_(ACTIVE))
        .ext(distinct_on(EligibilityDecision.enrollment_id))
        .order_by(EligibilityDecision.enrollment_id, EligibilityDecision.id.desc())
    )
    for decision in db.session.scalars(latest).all():
        copied = ("enrollment_id", "learner_id", "judged_on", "answer", "rule_code", "subsidy_fen")
        values = {name: getattr(decision, name) for name in (*copied, "valid_until")}
        values["grounds"] = judging.with_why(grounds=decision.grounds, why=Why.MOVED)
        db.session.add(EligibilityDecision(region_id=region_id, supersedes_id=decision.id, **values))


def stored_facts(kept: str | None) -> dict[str, object]:
    """The answers the learner gave with an earlier application."""
    facts: dict[str, object] = json.loads(kept) if kept else {}
    return facts


def facts_to_keep(*, kept: str | None, answers: Mapping[str, object]) -> str | None:
    """The answers to keep for the next application, as JSON; None if there are none or they are kept already."""
    facts = judging.plain_answers(answers)
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True)
    return text if facts and text != kept else None


def forget_facts(*, user_id: int) -> None:
    """Delete the answers the learner gave; decisions already made keep their grounds."""
    profile = get_profile(user_id=user_id)
    if profile is not None:
        profile.facts = None
        audit.record("profile.facts_forgotten", subject=("learner", user_id), region_id=profile.region_id)


def masked_id(profile: LearnerProfile) -> str:
    """The ID number as lists show it."""
    return mask_id_number(profile.id_number)
