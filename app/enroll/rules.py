"""What may happen to an enrollment and to papers: pure, without a database or a clock."""

from __future__ import annotations

import calendar
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from app.enroll.models import EnrollmentState, PapersState, ProofState, RegisterKind

OFFER_LASTS = timedelta(hours=24)
OFFER_ENDS_BEFORE_START = timedelta(hours=2)
SHORTEST_OFFER = timedelta(minutes=30)
TOLD_BEFORE = timedelta(
    days=14
)  # so long before something runs out its owner is told and new papers are asked for


class Why(StrEnum):
    """Why a decision was made again."""

    PAPERS = "papers"
    REGISTER = "register"
    ANSWERS = "answers"
    LAPSED = "lapsed"
    LAW = "law"
    FILING = "filing"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Claim:
    """A proof as the rules see it: the groups it is about, and the bureau's word.

    A line of a state register is one that is verified already; `facts` are what else it certifies.
    """

    groups: frozenset[str]
    state: ProofState
    valid_until: date | None = None
    register: RegisterKind | None = None
    facts: tuple[tuple[str, object], ...] = ()

    def is_valid(self, on: date) -> bool:
        """Whether it is verified and in force on the day, which may be past."""
        if self.valid_until is None:
            return self.state is ProofState.VERIFIED
        return self.state in (ProofState.VERIFIED, ProofState.EXPIRED) and on <= self.valid_until


def read_claim(text: str) -> frozenset[str]:
    """The group codes of a proof's claim; empty means the person did not say."""
    return frozenset(code for code in text.split(",") if code)


def write_claim(groups: Iterable[str]) -> str:
    """A proof's claim as it is stored (encrypted)."""
    return ",".join(sorted(groups))


def verified_groups(claims: Iterable[Claim], on: date) -> frozenset[str]:
    """Every group the bureau has verified, in force on the day."""
    return frozenset(code for claim in claims if claim.is_valid(on) for code in claim.groups)


def certified_facts(claims: Iterable[Claim], on: date) -> dict[str, object]:
    """Every other fact a register certifies on the day; the later line wins."""
    return {key: value for claim in claims if claim.is_valid(on) for key, value in claim.facts}


@dataclass(frozen=True, slots=True)
class Proved:
    """What is proved of a person: groups, each until when (None: for good), and what registers certify beside."""

    groups: Mapping[str, date | None] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)

    def adds_to(self, former: Proved) -> bool:
        """Whether something is proved here that was not, or is for longer."""
        return any(
            code not in former.groups or _is_later(until, former.groups[code])
            for code, until in self.groups.items()
        ) or any(former.facts.get(key) != value for key, value in self.facts.items())

    def with_former(self, former: Proved) -> Proved:
        """This and what was proved before: what ran out since, or is certified no more, still counts."""
        groups = dict(former.groups)
        for code, until in self.groups.items():
            if code not in groups or _is_later(until, groups[code]):
                groups[code] = until
        return Proved(groups, {**former.facts, **self.facts})

    def as_claim(self) -> Claim:
        """The groups as a claim that is in force."""
        return Claim(frozenset(self.groups), ProofState.VERIFIED)

    def as_json(self) -> dict[str, object]:
        """As grounds keep it."""
        groups = {code: until.isoformat() if until else None for code, until in sorted(self.groups.items())}
        return {"groups": groups, "facts": dict(self.facts)}

    @classmethod
    def of_json(cls, kept: Mapping[str, Mapping[str, Any]]) -> Proved:
        """As grounds kept it; nothing if they did not."""
        groups = {
            code: date.fromisoformat(until) if until else None for code, until in kept.get("groups", {}).items()
        }
        return cls(groups, kept.get("facts", {}))


def _is_later(until: date | None, former: date | None) -> bool:
    return former is not None and (until is None or until > former)


def proved(claims: Collection[Claim], on: date) -> Proved:
    """What the bureau and the registers say of a person that is in force on the day."""
    found = Proved(facts=certified_facts(claims, on))
    for claim in claims:
        if claim.is_valid(on):
            found = Proved(dict.fromkeys(claim.groups, claim.valid_until)).with_former(found)
    return found


def _concerns(claim: Claim, groups: Collection[str]) -> bool:
    if claim.register is not None and not claim.groups:
        return False  # a register that names no group stands for no paper about one
    return not groups or not claim.groups or bool(claim.groups & set(groups))


def evaluate_papers(*, needed: bool, groups: Collection[str], claims: Collection[Claim], on: date) -> PapersState:
    """All an institution learns of the papers: `groups` are those any one of which is enough."""
    if not needed:
        return PapersState.NOT_NEEDED
    verified = verified_groups(claims, on)
    if verified & set(groups) if groups else verified:
        return PapersState.VERIFIED
    concerned = [claim for claim in claims if _concerns(claim, groups)]
    states = {claim.state for claim in concerned}
    is_back = ProofState.RETURNED in states and ProofState.PENDING not in states
    return PapersState.RETURNED if is_back else PapersState.PENDING


def is_claim_missing(*, groups: Collection[str], claims: Iterable[Claim], on: date) -> bool:
    """Whether the bureau still has to be asked: no proof of these groups waits or is in force."""
    return not any(
        claim.is_valid(on) or claim.state is ProofState.PENDING for claim in claims if _concerns(claim, groups)
    )


def why_due(
    *, judged_on: date, valid_until: date, starts_on: date | None, changed_on: date, today: date
) -> Why | None:
    """Why a decision is to be made again by itself, if it is: what its class was filed with stands.

    `changed_on` is the last day on which the law or the list changed.
    """
    if starts_on is not None and starts_on <= today:
        return Why.FILING if judged_on < starts_on else None
    if valid_until < today:
        return Why.LAPSED
    return Why.LAW if judged_on < changed_on <= today else None


def add_months(day: date, months: int) -> date:
    """The same day so many months later, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def offer_ends_at(now: datetime, starts_at: datetime) -> datetime | None:
    """Until when a freed seat is offered: 24 hours, ending two hours before the start; None if it is too late."""
    end = min(now + OFFER_LASTS, starts_at - OFFER_ENDS_BEFORE_START)
    return end if end - now >= SHORTEST_OFFER else None


def can_withdraw(state: EnrollmentState) -> bool:
    """Whether the learner still has something to give back."""
    return state in (
        EnrollmentState.APPLIED,
        EnrollmentState.ADMITTED,
        EnrollmentState.OFFERED,
        EnrollmentState.WAITING,
    )
