"""Applying to a run: one query for all it rests on, one call of `seat_take` for all it does."""

from __future__ import annotations

import base64
import functools
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.exc import DBAPIError

from app import clock
from app.catalog.models import Course, CourseForm, CourseRevision, CourseRun, RunSeats, RunState
from app.db import db
from app.enroll import rules
from app.enroll.models import Enrollment, LearnerProfile, PapersState, Proof, ProofState, RegisterRow
from app.enroll.services import certified, judging, profiles
from app.errors import DomainError
from app.pii import mask_id_number, vault
from app.policy import services as policy
from app.policy.models import Trade


@dataclass(frozen=True, slots=True)
class RunSeen:
    """What an applicant sees of a run."""

    id: int
    course_id: int
    tenant_id: int
    state: RunState
    starts_at: datetime
    starts_on: date
    ends_on: date
    place: str
    schedule: str


@dataclass(frozen=True, slots=True)
class RevisionSeen:
    """What an applicant sees of the course's live content."""

    title: str
    is_subsidised: bool
    level: int | None
    fee_fen: int
    form: CourseForm


@dataclass(frozen=True, slots=True)
class TradeSeen:
    """The trade's code and name."""

    code: str
    name: str
    variant: str

    @property
    def label(self) -> str:
        """The name people know: the variant if there is one."""
        return self.variant or self.name


@dataclass(frozen=True, slots=True)
class ProfileSeen:
    """The applicant's own profile; `facts` is JSON."""

    user_id: int
    name: str
    id_number: str
    phone: str
    region_id: int
    facts: str | None


@dataclass(frozen=True, slots=True)
class RunOffer:
    """A run as an applicant meets it: what it is, its seats, and what we know of the applicant."""

    run: RunSeen
    revision: RevisionSeen
    trade: TradeSeen
    institution: str
    capacity: int
    taken: int
    waiting: int
    profile: ProfileSeen | None
    claims: tuple[rules.Claim, ...]
    standing: policy.Standing

    @property
    def is_full(self) -> bool:
        """Whether the next applicant waits."""
        return self.taken >= self.capacity or self.waiting > 0

    @property
    def is_closed(self) -> bool:
        """Whether nobody can apply any more."""
        return self.run.state is not RunState.OPEN or self.run.starts_at <= clock.now()


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of an application: outcome is applied, waiting or existing; place counts from 1."""

    enrollment_id: int
    outcome: str
    place: int | None


@functools.cache
def _run_for_applicant() -> sa.Select[Any]:
    """The query of `find_run`, made once: run_id, user_id, on."""
    user_id: sa.BindParameter[int] = sa.bindparam("user_id")
    on = sa.bindparam("on", type_=sa.Date)
    claims = (
        sa.select(
            sa.func.jsonb_agg(
                sa.func.jsonb_build_array(
                    sa.func.encode(sa.type_coerce(Proof.claim, sa.LargeBinary), "base64"),
                    Proof.state,
                    Proof.valid_until,
                )
            )
        )
        .where(Proof.learner_id == user_id)
        .scalar_subquery()
    )
    registered = (
        sa.select(
            sa.func.jsonb_agg(
                aggregate_order_by(
                    sa.func.jsonb_build_array(
                        RegisterRow.register,
                        sa.func.encode(sa.type_coerce(RegisterRow.record, sa.LargeBinary), "base64"),
                        RegisterRow.valid_until,
                    ),
                    RegisterRow.import_id,
                )
            )
        )
        .where(
            RegisterRow.learner_id == user_id,
            sa.or_(RegisterRow.valid_until.is_(None), RegisterRow.valid_until >= on),
        )
        .scalar_subquery()
    )
    return (
        sa.select(
            *(getattr(CourseRun, each.name) for each in fields(RunSeen)),
            *(getattr(CourseRevision, each.name) for each in fields(RevisionSeen)),
            *(getattr(Trade, each.name) for each in fields(TradeSeen)),
            *(getattr(LearnerProfile, each.name) for each in fields(ProfileSeen)),
            Course.tenant_name,
            RunSeats.capacity,
            RunSeats.taken,
            RunSeats.waiting,
            claims,
            registered,
            policy.position_of(trade_code=Trade.code, on=on),
            policy.covers(tenant_id=CourseRun.tenant_id, trade_code=Trade.code, level=CourseRevision.level, on=on),
        )
        .join(CourseRevision, sa.and_(CourseRevision.course_id == CourseRun.course_id, CourseRevision.is_live))
        .join(Course, Course.id == CourseRun.course_id)
        .join(Trade, Trade.id == CourseRevision.trade_id)
        .join(RunSeats, RunSeats.run_id == CourseRun.id)
        .outerjoin(LearnerProfile, LearnerProfile.user_id == user_id)
        .where(CourseRun.id == sa.bindparam("run_id"), CourseRun.is_public)
    )


def find_run(*, run_id: int, user_id: int) -> RunOffer | None:
    """The public run as this applicant meets it today, in one query; None if there is no such run."""
    on = clock.today()
    row = db.session.execute(_run_for_applicant(), {"run_id": run_id, "user_id": user_id, "on": on}).one_or_none()
    if row is None:
        return None
    columns = iter(row)
    run = RunSeen(*islice(columns, len(fields(RunSeen))))
    revision = RevisionSeen(*islice(columns, len(fields(RevisionSeen))))
    trade = TradeSeen(*islice(columns, len(fields(TradeSeen))))
    user, *known = islice(columns, len(fields(ProfileSeen)))
    institution, capacity, taken, waiting, proofs, registered, position, is_designated = columns
    return RunOffer(
        run=run,
        revision=revision,
        trade=trade,
        institution=institution,
        capacity=capacity,
        taken=taken,
        waiting=waiting,
        profile=None if user is None else ProfileSeen(user, *known),
        claims=(
            *(_claim(*proof) for proof in proofs or ()),
            *(_registered_claim(*line, on=on) for line in registered or ()),
        ),
        standing=policy.Standing(position, bool(is_designated)),
    )


def _claim(sealed: str, state: str, valid_until: str | None) -> rules.Claim:
    text = vault().decrypt(base64.b64decode(sealed), "proof.claim")
    return rules.Claim(
        rules.read_claim(text), ProofState(state), date.fromisoformat(valid_until) if valid_until else None
    )


def _registered_claim(register: str, sealed: str, valid_until: str | None, *, on: date) -> rules.Claim:
    until = date.fromisoformat(valid_until) if valid_until else None
    return certified.unseal_claim(register=register, record=base64.b64decode(sealed), valid_until=until, on=on)


def said_by(*, offer: RunOffer, answers: Mapping[str, object]) -> Mapping[str, object]:
    """The applicant's own word: the answers given now, else those kept with the profile."""
    return answers or profiles.stored_facts(offer.profile.facts if offer.profile else None)


def judge_run(*, offer: RunOffer, answers: Mapping[str, object], on: date) -> judging.Judgement:
    """The verdict for this applicant on a day; `answers` win over those kept with the profile."""
    said = said_by(offer=offer, answers=answers)
    proved = rules.proved(offer.claims, on)
    id_number = offer.profile.id_number if offer.profile else None
    facts = judging.gather_facts(answers=said, id_number=id_number, proved=proved, on=on)
    return judging.judge(
        facts=facts,
        said=said,
        revision=offer.revision,
        trade=offer.trade,
        tenant_id=offer.run.tenant_id,
        on=on,
        standing=offer.standing,
        proved=proved,
    )


_TAKE = sa.text(
    """
    SELECT enrollment_id, outcome, place FROM seat_take(
        :run_id, :learner_region_id, :learner_name, :id_number_masked, :phone, :answer, :rule_code,
        :subsidy_fen, :learner_pays_fen, :papers, :judged_on, :valid_until, :grounds, CAST(:claims AS bytea[]),
        :facts)
    """
)


def apply_to_run(
    *,
    offer: RunOffer,
    user_id: int,
    answers: Mapping[str, object],
    identity: profiles.Identity | None = None,
    consents: bool = False,
) -> Applied:
    """Apply: a held seat, a place in the waitlist, or the application that is there already.

    `identity` fills in a missing profile first. Raises DomainError profile_missing, run_closed, run_overlaps
    (title of the class in the way) and what `profiles.save_profile` raises.
    """
    on = clock.today()
    if offer.is_closed:
        raise DomainError("run_closed")
    profile = offer.profile
    if profile is None:
        if identity is None:
            raise DomainError("profile_missing")
        saved = profiles.save_profile(user_id=user_id, identity=identity, consents=consents)
        profile = ProfileSeen(**{each.name: getattr(saved, each.name) for each in fields(ProfileSeen)})
        offer = replace(offer, profile=profile)
    judged = judge_run(offer=offer, answers=answers, on=on)
    facts = profiles.facts_to_keep(kept=profile.facts, answers=answers)
    papers = rules.evaluate_papers(needed=judged.needs_papers, groups=judged.groups, claims=offer.claims, on=on)
    asks = papers not in (PapersState.NOT_NEEDED, PapersState.VERIFIED) and rules.is_claim_missing(
        groups=judged.groups, claims=offer.claims, on=on
    )
    seal = vault().encrypt
    db.session.flush()
    try:
        taken = db.session.execute(
            _TAKE,
            {
                "run_id": offer.run.id,
                "learner_region_id": profile.region_id,
                "learner_name": seal(profile.name, "enrollment.learner_name"),
                "id_number_masked": mask_id_number(profile.id_number),
                "phone": seal(profile.phone, "enrollment.phone"),
                "answer": judged.answer,
                "rule_code": judged.rule_code,
                "subsidy_fen": judged.subsidy_fen,
                "learner_pays_fen": judged.learner_pays_fen,
                "papers": (PapersState.PENDING if asks else papers).value,
                "judged_on": on,
                "valid_until": judging.serves_until(on=on),
                "grounds": seal(judged.grounds, "decision.grounds"),
                "facts": seal(facts, "learner.facts") if facts else None,
                "claims": [seal(rules.write_claim(judged.groups), "proof.claim")] if asks else [],
            },
        ).one()
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") == "23P01":  # the last referee: one learner in one place
            raise DomainError("run_overlaps", title="…") from error
        raise
    if taken.outcome == "closed":
        raise DomainError("run_closed")
    if taken.outcome == "overlap":
        raise DomainError("run_overlaps", title=_title(taken.enrollment_id))
    return Applied(taken.enrollment_id, taken.outcome, taken.place)


def _title(enrollment_id: int) -> str:
    return db.session.scalar(sa.select(Enrollment.course_title).where(Enrollment.id == enrollment_id)) or "…"
